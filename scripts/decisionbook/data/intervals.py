"""What a printed number stands for: a set of values between two bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Interval:
    """Values from `low` to `high`; a bound belongs to the set only if it is closed.

    A printed 0.92 is [0.915, 0.925): half-open, because half-up rounding takes 0.925 to 0.93.
    These are bounds, never confidence intervals.
    """

    low: float
    high: float
    low_closed: bool = True
    high_closed: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(f"not an interval: {self.low} to {self.high}")

    @classmethod
    def point(cls, value: float) -> Interval:
        """Return the interval that holds one value."""
        return cls(value, value, True, True)

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.low_closed else value > self.low
        below = value <= self.high if self.high_closed else value < self.high
        return above and below

    def meets(self, other: Interval, slack: float = 1e-12) -> bool:
        """Return whether the two sets share a value.

        `slack` is relative: a bound that only binary rounding separates is taken as equal, but a shared
        end that is open on one side stays outside.
        """
        return _reaches(self, other, slack) and _reaches(other, self, slack)

    def scaled(self, factor: float) -> Interval:
        """Return the interval multiplied by a positive factor (a change of unit)."""
        if factor <= 0:
            raise ValueError(f"a unit factor is positive, not {factor}")
        return Interval(self.low * factor, self.high * factor, self.low_closed, self.high_closed)

    @property
    def is_point(self) -> bool:
        return self.low == self.high


def _reaches(one: Interval, other: Interval, slack: float) -> bool:
    """Return whether the upper end of one interval lies at or above the lower end of the other, and belongs to both."""
    high, low = one.high, other.low
    if math.isfinite(high) and math.isfinite(low) and abs(high - low) <= slack * max(abs(high), abs(low), 1e-300):
        return one.high_closed and other.low_closed
    return high > low


def round_half_up(value: float, precision: float) -> float:
    """Return `value` rounded half-up to a multiple of `precision`: 2.345 with 0.01 gives 2.35.

    Works on the shortest decimal text of the float, so that 0.285 is not taken for 0.28499999. A value that is not
    finite, or no precision, leaves the value as it is.
    """
    if not math.isfinite(value) or not precision:
        return value
    unit = Decimal(repr(precision))
    exact = Decimal(repr(float(f"{value:.12g}")))
    return float((exact / unit).to_integral_value(rounding=ROUND_HALF_UP) * unit)
