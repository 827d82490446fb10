"""Units that the table of units does not have, but that its own rows compose: 万亿元 from 元."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .grammar import SCALES

_WORDS = {"万": "ten thousand", "亿": "hundred million", "万亿": "trillion"}


def composed_unit(unit: str, units: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """Return the row of a unit that is 万, 亿 or 万亿 times a unit of the table; None where it is none."""
    for scale in ("万亿", "万", "亿"):
        base = units.get(unit.removeprefix(scale)) if unit.startswith(scale) else None
        if base is not None and base["dimension"] not in ("ratio", "rank"):
            factor = float(base["factor"]) * SCALES[scale]
            return {
                "unit_measure": unit,
                "name_zh": unit,
                "name_en": f"{_WORDS[scale]} {base['name_en']}",
                "dimension": str(base["dimension"]),
                "factor": f"{factor:.12g}" if factor < 1e15 else f"{factor:.0f}",
            }
    return None


def with_composed(units: Mapping[str, Mapping[str, Any]], needed: set[str]) -> dict[str, Mapping[str, Any]]:
    """Return the table with the units that are needed and can be composed."""
    made = {u: row for u in sorted(needed - set(units)) if (row := composed_unit(u, units)) is not None}
    return {**units, **made}
