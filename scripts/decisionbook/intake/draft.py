"""The draft of a document's figure rows: what the reader found, with its guesses, for an analyst to confirm."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..data.figures import Figure
from ..data.package import Package
from ..data.published import load_figures, qualifiers
from .candidates import Candidate, Quantity, candidates, quantities
from .context import Context
from .dictionary import Dictionary, Match, load_dictionary
from .documents import Document
from .exclude import Rule
from .printed import Excluded, Number
from .reader import area_names, project_rules, read_document
from .sections import Sections
from .tables import Table
from .units import with_composed

# A guess below this is offered beside the cell, not in it.
SURE_INDICATOR = 0.4
_TARGET = re.compile(r"力争|目标|到20[2-9]\d年(?!底?[，,]?(?:已|共))|达到?[^，。]{0,8}以上|不低于|规划|预计|将达|拟")
_STOCK = re.compile(r"截至|截止|累计|达到?|末|底|现有|已有|建成")


@dataclass
class Draft:
    """The reading of one document under one project."""

    source_id: str
    document: Document
    numbers: tuple[Number, ...]
    excluded: tuple[Excluded, ...]
    tables: list[Table]
    context: Context
    keys: list[str]
    quantities: list[Quantity]
    candidates: list[Candidate]
    matches: dict[str, list[Match]] = field(default_factory=dict)
    dictionary: Dictionary | None = None


def home_area(package: Package) -> str:
    """Return the province that most figures of the project are of: what 我区 and 全区 stand for."""
    provinces = {r["ref_area"] for r in package.rows("areas") if r["level"] == "province"}
    counted: dict[str, int] = {}
    for row in package.rows("figures"):
        if row["ref_area"] in provinces:
            counted[row["ref_area"]] = counted.get(row["ref_area"], 0) + 1
    return max(sorted(counted), key=lambda a: counted[a], default="100000")


def make_draft(
    package: Package,
    document: Document,
    source_id: str,
    *,
    published_on: str = "",
    without: str = "",
    rules: Sequence[Rule] | None = None,
    dictionary: Dictionary | None = None,
    formulas: bool = True,
) -> Draft:
    """Return the draft of a document.

    `without` leaves the rows of that source out of all that is known; `formulas` False looks for no candidate formulas.
    """
    text = document.text
    rules = project_rules(package) if rules is None else rules
    reading, tables = read_document(text, area_names(package), rules)
    areas = {r["ref_area"]: r["name_zh"] for r in package.rows("areas") if str(r["ref_area"]).isdigit() or r["ref_area"] == "EU"}
    context = Context(text, areas, home_area(package))
    keys = [f"{source_id}-{number:04}" for number in range(1, len(reading.numbers) + 1)]
    units = with_composed({r["unit_measure"]: r for r in package.rows("units")}, {n.unit for n in reading.numbers})
    found = quantities(reading.numbers, keys, context, units, qualifiers(package))
    dictionary = load_dictionary(package, without=without) if dictionary is None else dictionary
    matches = {
        key: dictionary.matches(words_of(context, tables, n), n.unit) for key, n in zip(keys, reading.numbers, strict=True)
    }
    meant = {key: frozenset(m.indicator for m in some) for key, some in matches.items()}
    made = candidates(found, context, earlier_figures(package, published_on, without), meant) if formulas else []
    return Draft(source_id, document, reading.numbers, reading.excluded, tables, context, keys, found, made, matches, dictionary)


def earlier_figures(package: Package, published_on: str, without: str) -> list[Figure]:
    """Return the figures of the sources that were out by a date (all, without one), but for the source itself."""
    dates = {r["source_id"]: r["published_on"] for r in package.rows("sources")}
    return [
        f
        for f in load_figures(package).values()
        if f.source_id != without and (not published_on or dates[f.source_id] <= published_on) and not math.isnan(f.obs_value)
    ]


def words_of(context: Context, tables: Sequence[Table], number: Number) -> str:
    """Return the words that a number answers to: its clause, or the heads of its row and column."""
    table = next((t for t in tables if t.start <= number.start < t.end), None)
    cell = table.at(number.start) if table else None
    if table and cell and cell.column_head:
        return f"{cell.row_head} {cell.column_head} {table.caption}"
    start, end = context.sentence(number.start)
    return context.text[max(start, number.start - 40) : min(end, number.end + 14)]


def figure_rows(draft: Draft) -> list[dict[str, Any]]:
    """Return the draft as rows of the sheet: the columns of figures.csv, and what helps to judge them."""
    sections = Sections(draft.document.text, draft.tables)
    answered = {c.key for c in draft.candidates}
    rows = []
    for key, number in zip(draft.keys, draft.numbers, strict=True):
        context = draft.context
        area, area_sure = context.area(number.start)
        sentence = context.text[slice(*context.sentence(number.start))]
        table = next((t for t in draft.tables if t.start <= number.start < t.end), None)
        cell = table.at(number.start) if table else None
        period, period_sure = context.period(number.start, stock=bool(_STOCK.search(sentence)))
        if cell:
            area, area_sure, period, period_sure = _by_heads(
                draft, cell.row_head, cell.column_head, area, area_sure, period, period_sure
            )
        matches = draft.matches.get(key, [])
        first = matches[0] if matches and matches[0].score >= SURE_INDICATOR else None
        known = draft.dictionary.rows[first.indicator] if first and draft.dictionary else {}
        role = "target" if _TARGET.search(sentence) and re.search(r"20[2-9]\d", sentence) and not _STOCK.search(sentence) else ""
        rows.append(
            {
                "figure_id": key,
                "excerpt": context.excerpt(number.start, number.end),
                "source_id": draft.source_id,
                "section": sections.at(number.start),
                "char_start": number.start,
                "char_end": number.end,
                "published": number.published,
                "obs_value": "" if math.isnan(number.value) else f"{number.value:.12g}",
                "obs_value_high": "" if number.high is None else f"{number.high:.12g}",
                "unit_measure": number.unit,
                "indicator": first.indicator if first else "",
                "ref_area": area,
                "time_period": period,
                "qualifier": number.qualifier,
                "precision": f"{number.precision:.12g}" if number.precision else "",
                "role": role or ("result" if key in answered else "input"),
                "guess_confidence": f"{number.confidence * (0.5 + 0.2 * area_sure + 0.15 * (period_sure + bool(first))):.2f}",
                "kind": number.kind,
                "indicator_zh": known.get("name_zh", ""),
                "indicator_en": known.get("name_en", ""),
                "indicator_kind": known.get("kind", ""),
                "other_indicators": "；".join(f"{m.indicator}（{m.name_zh}，{m.score:.2f}）" for m in matches if m is not first),
            }
        )
    return rows


def _by_heads(
    draft: Draft, row_head: str, column_head: str, area: str, area_sure: float, period: str, period_sure: float
) -> tuple[str, float, str, float]:
    """Return area and period of a cell as its heads name them, where they do."""
    areas = draft.context.codes
    named = [code for name, code in areas.items() if len(name) > 1 and (name in row_head or name in column_head)]
    years = re.findall(r"(?:19|20)\d\d", f"{column_head} {row_head}")
    if not named and re.match(r"\s*[合总共]\s*计", row_head):
        area, area_sure = draft.context.default_area, 0.6
    return (
        named[0] if named else area,
        0.9 if named else area_sure,
        years[0] if years else period,
        0.9 if years else period_sure,
    )
