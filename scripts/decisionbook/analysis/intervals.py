"""Quantities with bounds, and how bounds pass through a formula as a whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..data.formulas import FormulaError, evaluate
from ..data.intervals import Interval, round_half_up

__all__ = ["Interval", "Quantity", "formula_bounds", "percent", "propagate", "round_half_up"]

# Stands for an unbounded end in a corner: large enough to be the limit of any ratio of printed numbers,
# small enough that sums and products of several stay finite. Results beyond FAR are unbounded again.
_ENDLESS = 1e40
_FAR = 1e30
MAX_CORNER_INPUTS = 14


@dataclass(frozen=True)
class Quantity:
    """A value with the bounds that its prints allow; `unit` names the unit of all three numbers.

    `figures` and `observations` are the ids of the printed figures and official values that it was computed from.
    """

    value: float
    interval: Interval
    unit: str = ""
    figures: tuple[str, ...] = ()
    observations: tuple[str, ...] = ()

    @classmethod
    def exact(cls, value: float, unit: str = "") -> Quantity:
        """Return a quantity that is one number: an analyst's parameter, say."""
        return cls(float(value), Interval.point(float(value)), unit)

    @property
    def low(self) -> float:
        return self.interval.low

    @property
    def high(self) -> float:
        return self.interval.high

    def scaled(self, factor: float, unit: str) -> Quantity:
        """Return the same quantity in another unit; `factor` is the old unit measured in the new."""
        return replace(self, value=self.value * factor, interval=self.interval.scaled(factor), unit=unit)


def propagate(function: Callable[..., float], *quantities: Quantity, unit: str = "") -> Quantity:
    """Return `function` of the quantities with the bounds of the whole expression.

    The bounds are the least and greatest value at the corners of all inputs together, so that an input that
    the formula uses twice is moved once. Exact where the function is monotone in each input, as the ratios,
    growth rates and root formulas of this book are. `quantities` are passed by position in their own units.
    Raises ValueError for more than MAX_CORNER_INPUTS inputs with bounds.
    """
    value = function(*(q.value for q in quantities))
    interval = _corner_bounds(function, [q.interval for q in quantities], value)
    figures = tuple(dict.fromkeys(f for q in quantities for f in q.figures))
    observations = tuple(dict.fromkeys(o for q in quantities for o in q.observations))
    return Quantity(float(value), interval, unit, figures, observations)


def formula_bounds(tree: list[object], intervals: Mapping[str, Interval], central: float) -> Interval:
    """Return the bounds of a parsed formula over the intervals of its inputs.

    A formula that uses each input once is bounded by interval arithmetic, which is exact then; any other at
    the corners of all inputs together (Moore, Kearfott & Cloud 2009, ch. 5-6).
    """
    used = list(_names(tree))
    if len(used) == len(set(used)):
        single = _interval_value(tree, intervals)
        if single is not None:
            return single
    names = list(dict.fromkeys(used))
    return _corner_bounds(
        lambda *values: evaluate(tree, dict(zip(names, values, strict=True))),
        [intervals[n] for n in names],
        central,
    )


def _corner_bounds(function: Callable[..., float], intervals: list[Interval], central: float) -> Interval:
    free = [i for i, interval in enumerate(intervals) if not interval.is_point]
    if len(free) > MAX_CORNER_INPUTS:
        raise ValueError(f"{len(free)} inputs with bounds are more than {MAX_CORNER_INPUTS}")
    ends: list[tuple[float, bool]] = [(central, not free)]
    for corner in itertools.product((0, 1), repeat=len(free)):
        values = [interval.low for interval in intervals]
        closed = True
        for index, side in zip(free, corner, strict=True):
            interval = intervals[index]
            end = interval.high if side else interval.low
            closed &= (interval.high_closed if side else interval.low_closed) and math.isfinite(end)
            values[index] = end if math.isfinite(end) else math.copysign(_ENDLESS, end)
        try:
            result = float(function(*values))
        except (FormulaError, ValueError, ZeroDivisionError, OverflowError):
            # A corner where the formula has no value (a zero divisor) leaves that side without a bound.
            return Interval(-math.inf, math.inf, False, False)
        if math.isnan(result):
            return Interval(-math.inf, math.inf, False, False)
        ends.append((result if abs(result) < _FAR else math.copysign(math.inf, result), closed))
    low, high = min(e[0] for e in ends), max(e[0] for e in ends)
    return Interval(low, high, any(c for v, c in ends if v == low), any(c for v, c in ends if v == high))


def _names(tree: list[object]) -> list[str]:
    if tree[0] == "name":
        return [str(tree[1])]
    return [n for part in tree[1:] if isinstance(part, list) for n in _names(part)]


def _interval_value(tree: list[object], intervals: Mapping[str, Interval]) -> Interval | None:
    """Return the interval of a tree of + - * / and negation, or None where another rule is needed."""
    head = tree[0]
    if head == "number":
        return Interval.point(float(tree[1]))  # type: ignore[arg-type]
    if head == "name":
        return intervals[str(tree[1])]
    if head == "neg":
        inner = _interval_value(tree[1], intervals)  # type: ignore[arg-type]
        return inner and Interval(-inner.high, -inner.low, inner.high_closed, inner.low_closed)
    if head not in ("+", "-", "*", "/"):
        return None
    left = _interval_value(tree[1], intervals)  # type: ignore[arg-type]
    right = _interval_value(tree[2], intervals)  # type: ignore[arg-type]
    if left is None or right is None:
        return None
    if head == "-":
        right = Interval(-right.high, -right.low, right.high_closed, right.low_closed)
    if head in ("+", "-"):
        return Interval(
            left.low + right.low,
            left.high + right.high,
            left.low_closed and right.low_closed,
            left.high_closed and right.high_closed,
        )
    if head == "/":
        if right.low <= 0 <= right.high:
            return None
        right = Interval(
            0.0 if math.isinf(right.high) else 1 / right.high,
            0.0 if math.isinf(right.low) else 1 / right.low,
            right.high_closed,
            right.low_closed,
        )
    products: list[tuple[float, bool]] = []
    for a, a_closed in ((left.low, left.low_closed), (left.high, left.high_closed)):
        for b, b_closed in ((right.low, right.low_closed), (right.high, right.high_closed)):
            # 0 times an unbounded end is 0 here: the unbounded end is never reached.
            products.append((0.0 if a == 0 or b == 0 else a * b, a_closed and b_closed))
    low, high = min(p for p, _ in products), max(p for p, _ in products)
    return Interval(low, high, any(c for p, c in products if p == low), any(c for p, c in products if p == high))


def percent(value: float) -> float:
    """Return a ratio in per cent: 0.0092 gives 0.92."""
    return value * 100
