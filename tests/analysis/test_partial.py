"""One-sided quantities and stocks between two dates."""

import math

import pytest

from decisionbook.analysis import partial
from decisionbook.analysis.intervals import Interval, Quantity
from decisionbook.analysis.missing import propagate_known

under_thousand = Quantity(1000.0, Interval(-math.inf, 1000.0, False, False), "万户")
over_three_thousand = Quantity(3000.0, Interval(3000.0, math.inf, False, False), "万户")


def test_not_yet_a_thousand_to_over_three_thousand_is_over_three_times():
    multiple = propagate_known(lambda a, b: a / b, over_three_thousand, partial.positive(under_thousand), unit="倍")
    assert multiple.low == pytest.approx(3.0)
    assert math.isinf(multiple.high)


def test_without_the_positive_bound_the_multiple_would_have_no_floor():
    bare = propagate_known(lambda a, b: a / b, over_three_thousand, under_thousand)
    assert bare.low <= 0


def test_positive_keeps_what_is_positive_and_refuses_what_cannot_be():
    assert partial.positive(over_three_thousand) is over_three_thousand
    assert partial.positive(None) is None
    with pytest.raises(ValueError, match="not a positive amount"):
        partial.positive(Quantity(-1.0, Interval(-2.0, 0.0)))


def test_a_stock_between_two_dates_lies_between_its_values():
    before = Quantity(11.36, Interval(11.355, 11.365), "亿户", ("a",))
    after = Quantity(16.98, Interval(16.975, 16.985), "亿户", ("b",))
    span = partial.between(before, after)
    assert (span.low, span.high, span.figures) == (11.355, 16.985, ("a", "b"))
    assert partial.between(before, None) is None
    with pytest.raises(ValueError, match="shrank"):
        partial.between(after, before)


def test_open_ends_are_not_quoted_and_tiny_ends_are_zero():
    assert partial.high_of(over_three_thousand) is None
    assert partial.low_of(partial.positive(under_thousand)) == 0.0
    assert partial.low_of(None) is None
    assert partial.end(2.5) == 2.5
