"""翻转点: the crossing that is found, the one that counts, and when there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from decisionbook.analysis.flips import flip_point, relative_change


@given(st.floats(0.1, 10), st.floats(-5, 5), st.floats(-9, 9))
def test_the_function_has_its_threshold_at_the_flip_point(slope: float, base: float, crossing: float) -> None:
    found = flip_point(lambda x: slope * x, slope * crossing, base, low=-10, high=10)
    assert found == pytest.approx(crossing, abs=1e-9)


@given(st.floats(0.1, 10), st.floats(1, 100), st.floats(-10, 10))
def test_beyond_the_limits_nothing_flips(slope: float, beyond: float, base: float) -> None:
    assert flip_point(lambda x: slope * x, slope * (10 + beyond), base, low=-10, high=10) is None


def test_an_input_that_stands_on_the_threshold_is_its_own_flip_point() -> None:
    assert flip_point(lambda x: x * x, 9.0, 3.0, low=-10, high=10) == 3.0


@pytest.mark.parametrize("end", [2.0, 8.0])
def test_a_crossing_at_a_limit_counts(end: float) -> None:
    assert flip_point(lambda x: x, end, 5.0, low=2.0, high=8.0) == pytest.approx(end)


def test_of_two_crossings_the_nearer_counts() -> None:
    assert flip_point(lambda x: x * x, 4.0, 1.0, low=-10, high=10) == pytest.approx(2.0)
    assert flip_point(lambda x: x * x, 4.0, -1.0, low=-10, high=10) == pytest.approx(-2.0)


def test_of_two_equally_near_the_lower_counts() -> None:
    assert flip_point(lambda x: x * x, 4.0, 0.0, low=-10, high=10) == pytest.approx(-2.0)


def test_a_crossing_outside_the_limits_is_none_wherever_the_input_stands() -> None:
    assert flip_point(lambda x: x, 7.0, 5.0, low=10.0, high=20.0) is None
    assert flip_point(lambda x: x, 15.0, 5.0, low=10.0, high=20.0) == pytest.approx(15.0)


def test_a_function_without_a_value_at_the_input_flips_nowhere() -> None:
    assert flip_point(lambda x: math.nan, 1.0, 5.0, low=0.0, high=10.0) is None


def test_a_function_that_does_not_move_flips_nowhere() -> None:
    assert flip_point(lambda x: 3.0, 4.0, 5.0, low=0.0, high=10.0) is None


@given(st.floats(0.01, 1e6), st.floats(-1e6, 1e6))
def test_the_move_applied_to_the_base_gives_the_flip_point(base: float, value: float) -> None:
    assume(abs(value) > 1e-3)
    move = relative_change(base, value)
    assert move is not None
    assert base * (1 + move) == pytest.approx(value, rel=1e-6, abs=base * 1e-9)


def test_nothing_that_flips_is_no_move() -> None:
    assert relative_change(5.0, None) is None


def test_a_base_of_nothing_has_no_relative_move() -> None:
    with pytest.raises(ZeroDivisionError):
        relative_change(0.0, 1.0)
