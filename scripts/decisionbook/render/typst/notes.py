"""What the footnote of a number says: where it is printed, what was recomputed, the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..book_data import VERDICT_WORDS
from ..directives import interval_text
from ..evidence_data import EFFECT_WORDS, recomputed


def figure_note(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the note of the figures that one mark judges: the first in full, its reprints by their numbers."""
    row, bounds = rows[0], rows[0].get("bounds") or {}
    printed = "".join(row["published"].split())
    parts = [f"{row['source_id']}“{row['section']}”印{printed}"]
    if row["finding_value"]:
        between = f"（{interval_text(bounds)}）" if bounds and bounds["low"] != bounds["high"] else ""
        parts.append(f"复算 {recomputed(row)}{between}")
    elif row["verdict"] == "unverifiable" and row["note"]:
        # The first clause names what is missing; the rest stands in the table.
        parts.append(row["note"].split("；")[0].rstrip("。"))
    parts.append(VERDICT_WORDS[row["verdict"]] if row["finding_value"] or row["verdict"] == "input" else "")
    if row["verdict"] == "contradicted":
        parts.append(EFFECT_WORDS.get(row["changes_conclusion"], ""))
    if len(rows) > 1:
        parts.append("同文另见 " + "、".join(other["figure_id"] for other in rows[1:]))
    return "；".join(part for part in parts if part)
