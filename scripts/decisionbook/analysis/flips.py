"""翻转点: by how much an input must move before a sentence is false, found on the formula itself."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq


def flip_point(function: Callable[[float], float], threshold: float, base: float, *, low: float, high: float) -> float | None:
    """Return the value of an input at which `function` crosses `threshold`, None when it does not within the limits.

    `base` is the input as it stands; the crossing nearest to it between `low` and `high` is sought on each side
    (Brent 1973). All in the units of the input and of the function's result.
    """

    def gap(value: float) -> float:
        return function(value) - threshold

    if gap(base) == 0:
        return base
    crossings = []
    for end in (low, high):
        if gap(base) * gap(end) <= 0:
            left, right = sorted((base, end))
            crossings.append(float(brentq(gap, left, right, xtol=1e-12, rtol=1e-14)))
    return min(crossings, key=lambda c: abs(c - base), default=None)


def relative_change(base: float, value: float | None) -> float | None:
    """Return value / base - 1 as a ratio: the smallest move that flips; None when nothing flips."""
    return None if value is None else value / base - 1
