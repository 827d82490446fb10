"""Missing stays missing: formulas over inputs that nobody may have printed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from .intervals import Interval, Quantity, propagate

# An open end enters a formula as a very large number; a root of it is still without bound, and no print comes near.
_BEYOND_PRINT = 1e18


def propagate_known(
    function: Callable[..., float], *quantities: Quantity | None, unit: str = "", factor: float = 1.0
) -> Quantity | None:
    """Return `function` of the quantities with the bounds of the whole expression, None when one is missing.

    `factor` turns the result into `unit` (100 for a ratio shown in %). Raises as `intervals.propagate` does.
    """
    given = [q for q in quantities if q is not None]
    if len(given) < len(quantities):
        return None
    found = propagate(lambda *values: factor * function(*values), *given, unit=unit)
    low, high = found.low, found.high
    if low > -_BEYOND_PRINT and high < _BEYOND_PRINT:
        return found
    low, low_closed = (low, found.interval.low_closed) if low > -_BEYOND_PRINT else (-math.inf, False)
    high, high_closed = (high, found.interval.high_closed) if high < _BEYOND_PRINT else (math.inf, False)
    return replace(found, interval=Interval(low, high, low_closed, high_closed))


def ends(quantity: Quantity | None) -> tuple[float | None, float | None]:
    """Return the lower and upper bound in the quantity's unit; None for an end that is open or unknown."""
    if quantity is None:
        return None, None
    low, high = quantity.low, quantity.high
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def side_of(quantity: Quantity | None, other: Quantity | float | None, words: tuple[str, str, str]) -> str | None:
    """Return on which side of another a quantity lies, in the first word (below), second (above) or third (open).

    A side is taken when every value that the prints allow lies on it; None when one of the two is missing. Both in
    one unit.
    """
    if quantity is None or other is None:
        return None
    low, high = (other.low, other.high) if isinstance(other, Quantity) else (other, other)
    below, above, open_ = words
    return below if quantity.high < low else above if quantity.low > high else open_
