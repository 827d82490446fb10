"""Trailing zeros: how far a round number may be from what it stands for."""

from __future__ import annotations

import math

import pytest

from decisionbook.analysis.intervals import Interval, Quantity
from decisionbook.analysis.precision import coarse


def printed(value: float, half: float) -> Quantity:
    return Quantity(value, Interval(value - half, value + half), "座", ("000-0001",))


@pytest.mark.parametrize(("value", "low", "high"), [(1800, 1750, 1850), (5000, 4500, 5500), (120, 115, 125)])
def test_trailing_zeros_widen_a_print_to_its_last_digit(value: float, low: float, high: float) -> None:
    wide = coarse(printed(value, 0.5))
    assert (wide.value, wide.low, wide.high) == (value, low, high)
    assert (wide.unit, wide.figures) == ("座", ("000-0001",))


@pytest.mark.parametrize("quantity", [printed(1801, 0.5), printed(18.5, 0.05), printed(1800, 50), printed(0, 0.5)])
def test_a_print_without_trailing_zeros_or_already_as_wide_stays(quantity: Quantity) -> None:
    assert coarse(quantity) is quantity


def test_an_open_end_is_never_closed() -> None:
    above = Quantity(1800.0, Interval(1800.0, math.inf, False, False))
    assert coarse(above) is above
