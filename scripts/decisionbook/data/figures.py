"""Published figures: one number as printed, with its place, and the interval that the print stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .intervals import Interval


@dataclass(frozen=True)
class Qualifier:
    """One row of the closed table of qualifiers: how each end of the interval follows from the print."""

    qualifier: str
    lower: str
    upper: str
    lower_closed: bool
    upper_closed: bool
    tolerance: float | None

    @property
    def is_vague(self) -> bool:
        return self.qualifier not in ("exact", "range")


@dataclass(frozen=True)
class Figure:
    """One published figure, in its printed unit, with the factor to the base unit of its dimension."""

    figure_id: str
    source_id: str
    section: str
    published: str
    obs_value: float
    obs_value_high: float | None
    unit_measure: str
    factor: float
    counted: bool
    indicator: str
    ref_area: str
    time_period: str
    qualifier: Qualifier
    precision: float
    role: str
    chapter: str = ""
    finding: str = ""
    note: str = ""

    @property
    def interval(self) -> Interval:
        """The values that the print may stand for, in the printed unit.

        Things counted one by one (218个, 50678座) are whole: their print is the number itself, not a rounding.
        """
        if self.counted and self.qualifier.qualifier == "exact" and float(self.obs_value).is_integer():
            return Interval.point(self.obs_value)
        return printed_interval(self.obs_value, self.obs_value_high, self.precision, self.qualifier)

    @property
    def base_value(self) -> float:
        """The central value in the base unit: the printed value, or the middle of a printed range."""
        high = self.obs_value if self.obs_value_high is None else self.obs_value_high
        return (self.obs_value + high) / 2 * self.factor

    @property
    def base_interval(self) -> Interval:
        return self.interval.scaled(self.factor)

    def coarse_interval(self) -> Interval | None:
        """The interval when trailing zeros are read as not significant (31000 as 31 thousand), or None."""
        unit = last_significant_unit(self.obs_value)
        if self.qualifier.qualifier != "exact" or unit <= self.precision or unit <= 1:
            return None
        return printed_interval(self.obs_value, self.obs_value_high, unit, self.qualifier)


def last_significant_unit(value: float) -> float:
    """Return one unit of the last non-zero digit: 5000 gives 1000, 11 gives 1, 2.1 gives 0.1."""
    if value == 0 or math.isnan(value):
        return 1.0
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return float(Decimal(1).scaleb(int(exponent)))


def decimals(value: float) -> int:
    """Return how many decimals a number has: 2.50 gives 1, 300 gives 0, 1e-7 gives 7."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def printed_decimals(text: str) -> int:
    """Return how many decimals a cell is printed with: 73.0 gives 1, 300 gives 0, 1e-7 gives 7."""
    return max(0, -int(Decimal(text.strip()).as_tuple().exponent))


def printed_interval(value: float, high: float | None, precision: float, qualifier: Qualifier) -> Interval:
    """Return what a printed number stands for, by the closed table of qualifiers.

    `value`, `high` and `precision` share the printed unit. Rules for an end: `half_unit` (half a unit of
    the last printed digit), `value`, `tolerance` (relative, the qualifier's own), `next_unit` (one unit of
    the last significant digit) and `unbounded`.
    """

    def end(rule: str, number: float, sign: int) -> float:
        if rule == "half_unit":
            # Decimal keeps 0.92 + 0.005 at 0.925, where binary addition gives 0.9250000000000000444.
            return float(Decimal(repr(number)) + sign * Decimal(repr(precision)) / 2)
        if rule == "value":
            return number
        if rule == "tolerance":
            return number + sign * abs(number) * float(qualifier.tolerance or 0.0)
        if rule == "next_unit":
            return number + sign * max(precision, last_significant_unit(number))
        return sign * math.inf

    if math.isnan(value):
        return Interval(-math.inf, math.inf, False, False)
    top = value if high is None else high
    return Interval(
        end(qualifier.lower, value, -1),
        end(qualifier.upper, top, 1),
        qualifier.lower_closed,
        qualifier.upper_closed,
    )


def qualifier_of(row: Mapping[str, object]) -> Qualifier:
    """Return a Qualifier from a row of data/qualifiers.csv."""
    tolerance = row["tolerance"]
    return Qualifier(
        str(row["qualifier"]),
        str(row["lower"]),
        str(row["upper"]),
        bool(row["lower_closed"]),
        bool(row["upper_closed"]),
        None if tolerance is None else float(str(tolerance)),
    )
