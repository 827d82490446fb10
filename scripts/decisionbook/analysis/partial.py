"""Quantities bounded on one side only, or known only between two dates."""

from __future__ import annotations

import math
from dataclasses import replace

from .intervals import Interval, Quantity

# A count or amount may be as small as one likes but not negative. Zero itself would leave a ratio without a
# value, so the lower end of "not yet N" is the smallest number whose reciprocal intervals.py treats as endless.
_LEAST = 1e-35


def positive(quantity: Quantity | None) -> Quantity | None:
    """Return the quantity with its lower bound raised to just above zero: a count cannot be negative.

    Printed 不足 leaves the lower end open; None stays None. Raises ValueError for a quantity that is not positive.
    """
    if quantity is None or quantity.low > 0:
        return quantity
    if quantity.high <= 0 or quantity.value <= 0:
        raise ValueError(f"{quantity.value} {quantity.unit} is not a positive amount")
    kept = quantity.interval
    return replace(quantity, interval=Interval(_LEAST, kept.high, False, kept.high_closed))


def between(before: Quantity | None, after: Quantity | None) -> Quantity | None:
    """Return what a stock can have been between two dates if it did not shrink; None when one is missing.

    `before` and `after` share a unit. The middle value is no estimate: only the two ends may be quoted.
    Raises ValueError when the later value is below the earlier.
    """
    if before is None or after is None:
        return None
    if after.high < before.low:
        raise ValueError(f"the stock shrank from {before.value} to {after.value} {after.unit}")
    span = Interval(before.low, after.high, before.interval.low_closed, after.interval.high_closed)
    figures, observations = (*before.figures, *after.figures), (*before.observations, *after.observations)
    return Quantity((before.value + after.value) / 2, span, after.unit, figures, observations)


def end(value: float | None) -> float | None:
    """Return a bound as a number that can be quoted, None when it is open; ends of no size are 0."""
    if value is None or not math.isfinite(value):
        return None
    return 0.0 if abs(value) < 1e-20 else value


def low_of(quantity: Quantity | None) -> float | None:
    """Return the lower bound of a quantity in its unit, None when it is missing or open."""
    return None if quantity is None else end(quantity.low)


def high_of(quantity: Quantity | None) -> float | None:
    """Return the upper bound of a quantity in its unit, None when it is missing or open."""
    return None if quantity is None else end(quantity.high)
