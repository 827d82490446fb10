"""Queues at a gate: Erlang's delay formula, Allen-Cunneen below capacity, a fluid queue above it."""

from __future__ import annotations

import math
from dataclasses import dataclass

SECONDS = 3600.0
MAX_GATES = 2000


@dataclass(frozen=True)
class GateWait:
    """What one gate setting gives: `regime` is `stationary` or `fluid`; waits in seconds, queue in people.

    `utilisation` is arrivals over capacity (ratio). Below capacity `longest_wait` is None (a stationary queue has
    no longest wait) and `queue` is the mean queue; above it both are those at the end of the peak.
    """

    regime: str
    utilisation: float
    mean_wait: float
    queue: float
    longest_wait: float | None


def erlang_b(load: float, gates: int) -> float:
    """Return the blocking probability of `gates` servers under an offered load in erlangs (0 to 1).

    By the recursion B(n) = a B(n-1) / (n + a B(n-1)), B(0) = 1 (Erlang 1917), which does not overflow.
    Raises ValueError for a negative load or fewer than one gate.
    """
    if load < 0 or gates < 1:
        raise ValueError(f"load {load} and {gates} gates: a load is not negative, and one gate at least")
    blocked = 1.0
    for n in range(1, gates + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, gates: int) -> float:
    """Return the probability that an arrival must wait in M/M/c (0 to 1); `load` in erlangs, below `gates`.

    C = B / (1 - rho (1 - B)) with rho = load / gates (Erlang 1917). Raises ValueError at or above capacity.
    """
    if load >= gates:
        raise ValueError(f"load {load} reaches {gates} gates: no stationary queue")
    blocked = erlang_b(load, gates)
    return blocked / (1 - load / gates * (1 - blocked))


def capacity(gates: int, service: float) -> float:
    """Return the people an hour that `gates` can pass when one check takes `service` seconds."""
    return gates * SECONDS / service


def stationary_wait(arrivals: float, service: float, gates: int, cv_arrival: float, cv_service: float) -> float:
    """Return the mean wait in seconds below capacity, by Allen and Cunneen's approximation of G/G/c.

    Wq = C(c, a) / (c / s - lambda) (ca^2 + cs^2) / 2 (Allen 1990, Probability, Statistics, and Queueing Theory);
    exact for M/M/c, and Pollaczek-Khinchine for M/G/1. `arrivals` an hour, `service` in seconds, `cv_*` pure numbers.
    Raises ValueError at or above capacity.
    """
    rate = arrivals / SECONDS
    load = rate * service
    waiting = erlang_c(load, gates)
    return waiting / (gates / service - rate) * (cv_arrival**2 + cv_service**2) / 2


def relaxation(arrivals: float, service: float, gates: int) -> float:
    """Return the hours a queue below capacity takes to settle: 1 / (c mu (1 - sqrt(rho))^2) (Odoni & Roth 1983).

    A peak shorter than this never shows the stationary wait. `arrivals` an hour, `service` in seconds.
    """
    load = arrivals * service / SECONDS / gates
    if load >= 1:
        return math.inf
    return service / gates / (1 - math.sqrt(load)) ** 2 / SECONDS


def fluid_queue(arrivals: float, passing: float, hours: float) -> float:
    """Return the people waiting at the end of a peak: (arrivals - passing) hours, never below 0 (Newell 1982)."""
    return max(0.0, (arrivals - passing) * hours)


def clearing_time(queue: float, passing: float, arrivals_after: float) -> float:
    """Return the hours until a queue is gone after the peak; infinite when arrivals do not fall below capacity."""
    if queue <= 0:
        return 0.0
    return queue / (passing - arrivals_after) if passing > arrivals_after else math.inf


def gate_wait(
    arrivals: float, service: float, gates: int, hours: float, cv_arrival: float = 1.0, cv_service: float = 1.0
) -> GateWait:
    """Return regime, utilisation, waits and queue of a peak of `hours` (see GateWait for the units).

    At or above capacity the queue is fluid: at the end of the peak it holds (arrivals - capacity) hours, the last
    arrival waits that over the capacity, the mean arrival half of it. Below, Allen-Cunneen.
    """
    passing = capacity(gates, service)
    used = arrivals / passing
    if used >= 1:
        queue = fluid_queue(arrivals, passing, hours)
        longest = queue / passing * SECONDS
        return GateWait("fluid", used, longest / 2, queue, longest)
    mean = stationary_wait(arrivals, service, gates, cv_arrival, cv_service)
    return GateWait("stationary", used, mean, arrivals / SECONDS * mean, None)


def gates_needed(arrivals: float, service: float, target: float, cv_arrival: float = 1.0, cv_service: float = 1.0) -> int:
    """Return the fewest gates whose stationary mean wait is at most `target` seconds.

    Raises ValueError when MAX_GATES do not suffice.
    """
    least = max(1, math.floor(arrivals * service / SECONDS) + 1)
    for gates in range(least, MAX_GATES + 1):
        if arrivals < capacity(gates, service) and (stationary_wait(arrivals, service, gates, cv_arrival, cv_service) <= target):
            return gates
    raise ValueError(f"more than {MAX_GATES} gates for {arrivals} an hour at {service} s")


def balancing_service(arrivals: float, gates: int) -> float:
    """Return the check time in seconds at which `gates` pass exactly `arrivals` an hour: above it the queue grows."""
    return gates * SECONDS / arrivals
