"""The data behind 复核总表: figures, formulas and verdicts as one script file, from which the page recalculates."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.periods import period_words
from ..data.figures import Qualifier
from ..data.formulas import Formula
from ..reconcile import Reconciled

VARIABLE = "decisionbookReconciliation"


def recalculation_data(
    rows: Sequence[Reconciled],
    formulas: Sequence[Formula],
    qualifiers: Mapping[str, Qualifier],
    *,
    areas: Mapping[str, str],
    indicators: Mapping[str, str],
    chapters: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the page needs to show, filter and recalculate every figure; names are Chinese, by code."""
    known = {row.figure.figure_id for row in rows}
    return {
        "qualifiers": {name: _qualifier(q) for name, q in qualifiers.items()},
        "figures": [_figure(row, areas, indicators) for row in rows],
        "formulas": [
            {"figure": f.figure_id, "reading": f.reading, "expression": f.expression, "tree": f.tree, "inputs": dict(f.inputs)}
            for f in formulas
            if f.figure_id in known and all(i in known for _, i in f.inputs)
        ],
        "chapters": dict(chapters),
    }


def _qualifier(qualifier: Qualifier) -> dict[str, Any]:
    return {
        "name": qualifier.qualifier,
        "lower": qualifier.lower,
        "upper": qualifier.upper,
        "lowerClosed": qualifier.lower_closed,
        "upperClosed": qualifier.upper_closed,
        "tolerance": qualifier.tolerance,
    }


def _figure(row: Reconciled, areas: Mapping[str, str], indicators: Mapping[str, str]) -> dict[str, Any]:
    figure = row.figure
    answer = row.answer
    content: dict[str, Any] = {
        "id": figure.figure_id,
        "source": figure.source_id,
        "section": figure.section,
        "published": figure.published,
        "value": None if math.isnan(figure.obs_value) else figure.obs_value,
        "high": figure.obs_value_high,
        "unit": figure.unit_measure,
        "factor": figure.factor,
        "counted": figure.counted,
        "precision": figure.precision,
        "qualifier": figure.qualifier.qualifier,
        "indicator": indicators.get(figure.indicator, figure.indicator),
        "area": areas.get(figure.ref_area, figure.ref_area),
        # As the data write it, which the search finds, and in words.
        "period": figure.time_period,
        "when": period_words(figure.time_period) if figure.time_period else "",
        "chapter": figure.chapter,
        "verdict": row.verdict,
        "note": row.note,
    }
    if answer:
        content["finding"] = answer.finding
        content["result"] = answer.value
        content["bounds"] = [_end(answer.interval.low), _end(answer.interval.high)]
    if row.verdict == "contradicted":
        content |= {"cause": row.cause, "changes": row.changes_conclusion}
    return content


def _end(value: float) -> float | None:
    return None if math.isinf(value) else value


def recalculation_script(content: Mapping[str, Any]) -> str:
    """Return the data as a classic script: a page opened from file:// may load it, where fetch may not.

    The two separators that end a line in old JavaScript are escaped, and lone surrogates, which UTF-8 does not hold.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    text = "".join(f"\\u{ord(c):04x}" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)
    return f"window.{VARIABLE}={text};\n"
