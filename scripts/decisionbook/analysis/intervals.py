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
_UNBOUNDED = Interval(-math.inf, math.inf, False, False)


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

    A formula that uses each input once is bounded by interval arithmetic, which is exact then; any other at the
    corners of all inputs together (Moore, Kearfott & Cloud 2009, ch. 5-6). Corners say nothing of what lies between
    them: where a divisor may be zero there are no bounds, and where a part turns back at zero, or the inputs are more
    than MAX_CORNER_INPUTS, the wider bounds of interval arithmetic stand.
    """
    return _formula_bounds(tree, intervals, central, {})


def _formula_bounds(
    tree: list[object], intervals: Mapping[str, Interval], central: float, known: dict[int, Interval]
) -> Interval:
    if _may_divide_by_zero(tree, intervals, known):
        return _UNBOUNDED
    used = list(_names(tree))
    names = list(dict.fromkeys(used))
    once = len(used) == len(names)
    many = sum(not intervals[n].is_point for n in names) > MAX_CORNER_INPUTS
    if once or many or _turns_at_zero(tree, intervals, known):
        enclosure = _interval_value(tree, intervals)
        if enclosure is not None:
            return enclosure
        if not once:
            return _UNBOUNDED
    return _corner_bounds(
        lambda *values: evaluate(tree, dict(zip(names, values, strict=True))),
        [intervals[n] for n in names],
        central,
    )


def _parts(tree: list[object]) -> list[list[object]]:
    return [part for part in tree[1:] if isinstance(part, list)]


def _over(tree: list[object], intervals: Mapping[str, Interval], known: dict[int, Interval]) -> Interval:
    """Return the bounds of a part, whose central value nobody needs; `known` are those of the parts asked for before."""
    if id(tree) not in known:
        middle = {name: _middle(interval) for name, interval in intervals.items()}
        try:
            known[id(tree)] = _formula_bounds(tree, intervals, evaluate(tree, middle), known)
        except FormulaError:
            known[id(tree)] = _UNBOUNDED
    return known[id(tree)]


def _middle(interval: Interval) -> float:
    if math.isfinite(interval.low) and math.isfinite(interval.high):
        return (interval.low + interval.high) / 2
    return next((end for end in (interval.low, interval.high) if math.isfinite(end)), 0.0)


def _may_divide_by_zero(tree: list[object], intervals: Mapping[str, Interval], known: dict[int, Interval]) -> bool:
    parts = _parts(tree)
    divisor = parts[1] if tree[0] == "/" else None
    if tree[0] == "**" and _over(parts[1], intervals, known).low < 0:
        divisor = parts[0]
    if divisor is not None:
        inner = _over(divisor, intervals, known)
        if inner.low <= 0 <= inner.high:
            return True
    return any(_may_divide_by_zero(part, intervals, known) for part in parts)


def _turns_at_zero(tree: list[object], intervals: Mapping[str, Interval], known: dict[int, Interval]) -> bool:
    """Return whether a part is the absolute value or an even power of what may have either sign."""
    parts = _parts(tree)
    if tree[:2] == ["call", "abs"] or (tree[0] == "**" and _is_even(_over(parts[1], intervals, known))):
        inner = _over(parts[0], intervals, known)
        if inner.low < 0 < inner.high:
            return True
    return any(_turns_at_zero(part, intervals, known) for part in parts)


def _is_even(exponent: Interval) -> bool:
    return exponent.is_point and exponent.low % 2 == 0


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
            return _UNBOUNDED
        if math.isnan(result):
            return _UNBOUNDED
        ends.append((result if abs(result) < _FAR else math.copysign(math.inf, result), closed))
    low, high = min(e[0] for e in ends), max(e[0] for e in ends)
    return Interval(low, high, any(c for v, c in ends if v == low), any(c for v, c in ends if v == high))


def _names(tree: list[object]) -> list[str]:
    if tree[0] == "name":
        return [str(tree[1])]
    return [n for part in tree[1:] if isinstance(part, list) for n in _names(part)]


def _interval_value(tree: list[object], intervals: Mapping[str, Interval]) -> Interval | None:
    """Return the interval of a tree by interval arithmetic, None where a part of it may have no value."""
    head = tree[0]
    if head == "number":
        return Interval.point(float(tree[1]))  # type: ignore[arg-type]
    if head == "name":
        return intervals[str(tree[1])]
    inner = [_interval_value(part, intervals) for part in _parts(tree)]
    known = [interval for interval in inner if interval is not None]
    if len(known) < len(inner):
        return None
    if head == "call":
        return _called(str(tree[1]), known)
    if head == "neg":
        return _negative(known[0])
    left, right = known
    if head == "**":
        return _power(left, right)
    if head == "-":
        right = _negative(right)
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
    # 0 times an unbounded end is 0 here: the unbounded end is never reached.
    return _hull(left, right, lambda a, b: 0.0 if a == 0 or b == 0 else a * b)


def _negative(inner: Interval) -> Interval:
    return Interval(-inner.high, -inner.low, inner.high_closed, inner.low_closed)


def _hull(left: Interval, right: Interval, function: Callable[[float, float], float]) -> Interval:
    """Return the least and greatest of a function, monotone in either argument, at the four pairs of ends."""
    ends = [
        (function(a, b), a_closed and b_closed)
        for a, a_closed in ((left.low, left.low_closed), (left.high, left.high_closed))
        for b, b_closed in ((right.low, right.low_closed), (right.high, right.high_closed))
    ]
    low, high = min(e for e, _ in ends), max(e for e, _ in ends)
    return Interval(low, high, any(c for e, c in ends if e == low), any(c for e, c in ends if e == high))


def _called(name: str, known: list[Interval]) -> Interval | None:
    first = known[0]
    if name == "abs":
        return _even(first, abs)
    if name in ("max", "min"):
        chosen = max if name == "max" else min
        low, high = chosen(i.low for i in known), chosen(i.high for i in known)
        lows, highs = [i.low_closed for i in known if i.low == low], [i.high_closed for i in known if i.high == high]
        # The greatest reaches its upper end when one reaches it, its lower end only when all that stand there do.
        return Interval(low, high, *((all(lows), any(highs)) if name == "max" else (any(lows), all(highs))))
    if (name == "log" and first.low <= 0) or (name == "sqrt" and first.low < 0):
        return None
    function = _FINITE[name]
    return Interval(function(first.low), function(first.high), first.low_closed, first.high_closed)


def _power(base: Interval, exponent: Interval) -> Interval | None:
    number = exponent.low if exponent.is_point else None
    if number is not None and number == int(number) and number > 0:
        if _is_even(exponent):
            return _even(base, lambda x: _raised(x, number))
        return Interval(_raised(base.low, number), _raised(base.high, number), base.low_closed, base.high_closed)
    return None if base.low <= 0 else _hull(base, exponent, _raised)


def _even(inner: Interval, function: Callable[[float], float]) -> Interval:
    """Return the bounds of a function that falls below zero and rises above."""
    ends = [(function(inner.low), inner.low_closed), (function(inner.high), inner.high_closed)]
    high = max(e for e, _ in ends)
    high_closed = any(c for e, c in ends if e == high)
    if inner.low < 0 < inner.high:
        return Interval(function(0.0), high, True, high_closed)
    low = min(e for e, _ in ends)
    return Interval(low, high, any(c for e, c in ends if e == low), high_closed)


def _raised(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.copysign(math.inf, base) if exponent % 2 else math.inf


def _exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


_FINITE: dict[str, Callable[[float], float]] = {"exp": _exponential, "log": math.log, "sqrt": math.sqrt}


def percent(value: float) -> float:
    """Return a ratio in per cent: 0.0092 gives 0.92."""
    return value * 100
