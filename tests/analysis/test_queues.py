"""Queues at a gate: Erlang's formulas by hand, limits, and what the chapter's sliders answer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.analysis import queues

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "visitor_flow.ipynb"


def test_erlang_b_of_two_erlangs_on_two_gates_is_two_fifths():
    assert queues.erlang_b(2.0, 2) == pytest.approx(0.4)


def test_erlang_c_with_one_gate_is_the_load_and_with_two_at_one_erlang_a_third():
    assert queues.erlang_c(0.7, 1) == pytest.approx(0.7)
    assert queues.erlang_c(1.0, 2) == pytest.approx(1 / 3)


def test_erlang_c_agrees_with_its_series():
    load, gates = 7.5, 10
    top = load**gates / math.factorial(gates) * gates / (gates - load)
    series = top / (sum(load**k / math.factorial(k) for k in range(gates)) + top)
    assert queues.erlang_c(load, gates) == pytest.approx(series)


def test_one_gate_with_exponential_checks_is_the_mm1_queue():
    # 30 an hour at 60 s: rho 0.5, Wq = rho / (mu - lambda) = 60 s.
    assert queues.stationary_wait(30, 60, 1, 1, 1) == pytest.approx(60)


def test_constant_check_times_halve_the_wait():
    assert queues.stationary_wait(30, 60, 1, 1, 0) == pytest.approx(30)


def test_above_capacity_the_queue_is_fluid():
    # 5 gates at 15 s pass 1200; 1500 arrive for 2 hours: 600 wait, the last of them half an hour.
    wait = queues.gate_wait(1500, 15, 5, 2)
    assert (wait.regime, wait.queue, wait.longest_wait, wait.mean_wait) == ("fluid", 600, 1800, 900)
    assert queues.clearing_time(600, 1200, 600) == 1
    assert queues.clearing_time(600, 1200, 1200) == math.inf


def test_below_capacity_little_s_law_holds():
    wait = queues.gate_wait(900, 15, 5, 2, 1, 0.6)
    assert wait.regime == "stationary"
    assert wait.longest_wait is None
    assert wait.queue == pytest.approx(900 / 3600 * wait.mean_wait)


def test_the_balance_is_where_capacity_meets_arrivals():
    assert queues.capacity(5, queues.balancing_service(1500, 5)) == pytest.approx(1500)


@pytest.mark.parametrize(("load", "gates"), [(2.0, 2), (3.0, 2)])
def test_no_stationary_queue_at_or_above_capacity(load, gates):
    with pytest.raises(ValueError, match="no stationary queue"):
        queues.erlang_c(load, gates)
    assert queues.relaxation(3600, 2, 2) == math.inf


def test_a_negative_load_is_an_error():
    with pytest.raises(ValueError, match="not negative"):
        queues.erlang_b(-1, 2)


def test_too_many_gates_is_an_error():
    with pytest.raises(ValueError, match="more than"):
        queues.gates_needed(1e6, 600, 1)


@given(st.floats(1, 5000), st.floats(1, 60), st.floats(1, 600))
def test_the_fewest_gates_meet_the_target_and_one_fewer_does_not(arrivals, service, target):
    gates = queues.gates_needed(arrivals, service, target)
    assert queues.stationary_wait(arrivals, service, gates, 1, 1) <= target
    if gates > 1 and arrivals < queues.capacity(gates - 1, service):
        assert queues.stationary_wait(arrivals, service, gates - 1, 1, 1) > target


def test_the_sliders_of_the_chapter_answer_as_the_functions_do():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    bundles = [o["data"] for c in cells for o in c.get("outputs", []) if "application/vnd.vegalite.v6+json" in o.get("data", {})]
    metas = [b["application/vnd.vegalite.v6+json"]["usermeta"]["decisionbook"] for b in bundles]
    meta = next(m for m in metas if m["name"] == "fig-visitor-whatif")
    base = {s["param"]: s["base"] for s in meta["sliders"]}
    read = {r["signal"]: r["value"] for r in meta["readouts"]}
    assert read["balance"] == pytest.approx(queues.balancing_service(base["arrivals"], int(base["gates"])))
    staff = queues.gate_wait(base["arrivals"], 15, int(base["gates"]), base["hours"])
    assert read["staff_wait"] == pytest.approx((staff.longest_wait or 0) / 60)
