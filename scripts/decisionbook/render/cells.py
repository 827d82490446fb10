"""How numbers stand in the columns of a table, the same on every page, on paper and behind a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..charts.theme import format_number

# Whole columns of such numbers, without a unit, are taken for periods.
_YEARS = range(1900, 2101)
# More decimals than these no briefing prints in a table.
_OWN = 2


def column_texts(values: Sequence[Any], digits: int | None = None, unit: str | None = None) -> list[str]:
    """Return a column's cells as printed: numbers with `digits` places, missing as a dash.

    Thousands are separated as in the text, but never in a column of years. Without `digits` a number that has at most
    two decimals keeps them, as print does; others, which were computed, get four significant digits, the column alike.
    """
    separated = not are_periods(values, unit)
    if digits is None and (computed := [v for v in values if _is_computed(v)]):
        places = _places(computed)
        return [_text(v, places if _is_computed(v) else None, separated) for v in values]
    return [_text(value, digits, separated) for value in values]


def _places(computed: Sequence[float]) -> int:
    """Return the decimals that show four digits of the largest number, and two of the smallest."""
    sizes = [math.floor(math.log10(abs(v))) for v in computed if v]
    finest = max(len(format(v, ".6f").rstrip("0").partition(".")[2]) for v in computed)
    return min(finest, max(0, 3 - max(sizes), 1 - min(sizes)))


def is_numeric(values: Sequence[Any]) -> bool:
    """Return whether a column holds numbers, and nothing else but what is missing."""
    known = [v for v in values if v is not None]
    return bool(known) and all(_is_number(v) for v in known)


def are_periods(values: Sequence[Any], unit: str | None = None) -> bool:
    """Return whether a column's numbers can only be years."""
    numbers = [v for v in values if _is_number(v)]
    return bool(numbers) and (unit or "年") == "年" and all(_YEARS[0] <= v <= _YEARS[-1] for v in numbers)


def _text(value: Any, digits: int | None, separated: bool) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        text = format_number(value, digits)
        return text if separated else text.replace(",", "")
    return str(value)


def _is_computed(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value) and round(value, _OWN) != value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
