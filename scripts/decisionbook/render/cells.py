"""How numbers stand in the columns of a table, the same on every page, on paper and behind a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..charts.theme import format_number

# Whole columns of such numbers, without a unit, are taken for periods.
_YEARS = range(1900, 2101)


def column_texts(values: Sequence[Any], digits: int | None = None, unit: str | None = None) -> list[str]:
    """Return a column's cells as printed: numbers with `digits` places (None: their own), missing as a dash.

    Thousands are separated as in the text, but never in a column of years.
    """
    separated = not are_periods(values, unit)
    return [_text(value, digits, separated) for value in values]


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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
