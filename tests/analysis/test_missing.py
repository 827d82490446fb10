"""Formulas over inputs that may be missing, and comparisons that know what rounding hides."""

import math

import pytest

from decisionbook.analysis.intervals import Interval, Quantity
from decisionbook.analysis.missing import ends, propagate_known, side_of

WORDS = ("below", "above", "open")


def printed(value: float, precision: float) -> Quantity:
    return Quantity(value, Interval(value - precision / 2, value + precision / 2))


def test_one_missing_input_leaves_the_result_missing():
    assert propagate_known(lambda a, b: a + b, Quantity.exact(1), None) is None


def test_the_factor_scales_value_and_bounds_together():
    found = propagate_known(lambda a, b: a / b, printed(7, 1), printed(21.6, 0.1), unit="%", factor=100)
    assert found is not None
    assert found.unit == "%"
    assert found.value == pytest.approx(32.407407)
    assert (found.low, found.high) == pytest.approx((6.5 / 21.65 * 100, 7.5 / 21.55 * 100))


def test_a_root_of_an_open_end_stays_open():
    goal = Quantity(3.5, Interval(3.5, math.inf, True, False))
    found = propagate_known(lambda a, b: (b / a) ** (1 / 1.5) - 1, printed(2.4, 0.1), goal, factor=100)
    assert found is not None
    assert math.isinf(found.high)
    assert not found.interval.high_closed
    assert found.low == pytest.approx(100 * ((3.5 / 2.45) ** (1 / 1.5) - 1))


def test_ends_are_none_where_nothing_bounds():
    assert ends(None) == (None, None)
    assert ends(Quantity(3.5, Interval(3.5, math.inf, True, False))) == (3.5, None)


def test_sides_are_named_only_when_every_printed_value_agrees():
    assert side_of(printed(38.08, 0.01), printed(41.76, 0.01), WORDS) == "below"
    assert side_of(printed(38.08, 0.01), printed(36.52, 0.01), WORDS) == "above"
    assert side_of(printed(2.4, 0.1), printed(2.398, 0.1), WORDS) == "open"
    assert side_of(printed(32.4, 0.1), 25.0, WORDS) == "above"
    assert side_of(None, 25.0, WORDS) is None
