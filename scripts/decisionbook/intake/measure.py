"""How well does the reader read? The sources of the book against the rows that people made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.coverage import read_sources
from ..data.package import Package
from ..data.published import load_formulas
from .documents import Document
from .draft import Draft, make_draft, words_of
from .exclude import built_in
from .printed import Number
from .reader import area_names

# Rows drafted with at least this are counted apart: what an analyst sees first.
SURE = 0.5
FIELDS = ("span", "value", "unit", "qualifier", "precision", "area", "period")


@dataclass
class Score:
    """Counts for one source: `found` of `figures` places, of those how many fields agree; `drafted` rows in all."""

    source_id: str
    figures: int = 0
    found: int = 0
    drafted: int = 0
    drafted_right: int = 0
    sure: int = 0
    sure_right: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    indicator_known: int = 0
    indicator_first: int = 0
    indicator_among: int = 0
    formulas: int = 0
    formulas_found: int = 0
    candidates: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Add the counts of another source."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        for name in FIELDS:
            self.fields[name] = self.fields.get(name, 0) + other.fields.get(name, 0)
        self.missed += other.missed


def measure(package: Package, folder: Path) -> list[Score]:
    """Return the scores by source, the sum of all last.

    Each source is read without its own rows: neither the dictionary nor the earlier figures hold them, and of the rules
    of exclusion only those of the program are used, since data/exclusions.csv was written from these sources.
    """
    texts = read_sources(package, folder)
    rules = built_in(area_names(package))
    scores = []
    for source in package.rows("sources"):
        source_id = source["source_id"]
        document = Document(Path(source["file"]), texts[source_id], "txt")
        draft = make_draft(package, document, source_id, published_on=source["published_on"], without=source_id, rules=rules)
        scores.append(_score(package, draft, source_id))
    total = Score("all")
    for score in scores:
        total.add(score)
    return [*scores, total]


def _score(package: Package, draft: Draft, source_id: str) -> Score:
    rows = [r for r in package.rows("figures") if r["source_id"] == source_id]
    score = Score(source_id, figures=len(rows), drafted=len(draft.numbers), fields=dict.fromkeys(FIELDS, 0))
    score.sure = sum(n.confidence >= SURE for n in draft.numbers)
    by_key: dict[str, str] = {}
    right: set[str] = set()
    for row in rows:
        hits = [
            (k, n)
            for k, n in zip(draft.keys, draft.numbers, strict=True)
            if n.core[0] < row["char_end"] and n.core[1] > row["char_start"]
        ]
        if not hits:
            score.missed.append(f"{row['figure_id']} {row['published']!r}")
            continue
        right |= {k for k, _ in hits}
        key, number = hits[0]
        by_key.setdefault(key, row["figure_id"])
        score.found += 1
        for name, same in _compared(draft, number, row).items():
            score.fields[name] += same
        dictionary = draft.dictionary
        if dictionary is not None and row["indicator"] in dictionary:
            score.indicator_known += 1
            offered = [m.indicator for m in dictionary.matches(words_of(draft.context, draft.tables, number), number.unit)]
            score.indicator_first += offered[:1] == [row["indicator"]]
            score.indicator_among += row["indicator"] in offered
    score.drafted_right = len(right)
    score.sure_right = sum(k in right for k, n in zip(draft.keys, draft.numbers, strict=True) if n.confidence >= SURE)
    mine = {(by_key.get(c.key, c.key), frozenset(by_key.get(k, k) for _, k in c.inputs)) for c in draft.candidates}
    gold = {
        (f.figure_id, frozenset(i for _, i in f.inputs))
        for f in load_formulas(package)
        if f.figure_id.startswith(f"{source_id}-")
    }
    score.formulas, score.candidates, score.formulas_found = len(gold), len(mine), len(gold & mine)
    return score


def _compared(draft: Draft, number: Number, row: dict[str, Any]) -> dict[str, bool]:
    value = math.nan if row["obs_value"] is None else row["obs_value"]
    return {
        "span": (number.start, number.end) == (row["char_start"], row["char_end"]),
        "value": math.isnan(value) if math.isnan(number.value) else math.isclose(value, number.value, rel_tol=1e-6, abs_tol=1e-12)
        and (row["obs_value_high"] is None or number.high is not None),
        "unit": number.unit == row["unit_measure"],
        "qualifier": number.qualifier == row["qualifier"],
        "precision": row["precision"] is None or math.isclose(number.precision, row["precision"], rel_tol=1e-9),
        "area": draft.context.area(number.start)[0] == row["ref_area"],
        "period": draft.context.period(number.start, stock=True)[0] == (row["time_period"] or ""),
    }  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part / whole:7.1%}" if whole else "      –"


def print_scores(scores: Iterable[Score], say: Callable[[str], None]) -> None:
    """Print the table of scores, the missed places, and what the numbers do and do not show."""
    scores = list(scores)
    say("Read without each source's own rows; places found of the figures on record, fields of the places found.")
    say("source figures   place    span   value    unit  qualif. precis.    area  period  indicator: first  of three")
    for s in scores:
        cells = [_share(s.fields[name], s.found) for name in FIELDS]
        cells += [f"{_share(s.indicator_first, s.indicator_known):>17}", f"{_share(s.indicator_among, s.indicator_known):>9}"]
        say(f"{s.source_id:6} {s.figures:7} {_share(s.found, s.figures)} {' '.join(cells)}")
    say("\nsource drafted   right  precision   sure   right  precision | formulas  found   recall  candidates  precision")
    for s in scores:
        say(
            f"{s.source_id:6} {s.drafted:7} {s.drafted_right:7}    {_share(s.drafted_right, s.drafted)} "
            f"{s.sure:6} {s.sure_right:7}    "
            f"{_share(s.sure_right, s.sure)} | {s.formulas:8} {s.formulas_found:6}  {_share(s.formulas_found, s.formulas)} "
            f"{s.candidates:11}    {_share(s.formulas_found, s.candidates)}"
        )
    say(f"\nplaces missed ({len(scores[-1].missed)}): {', '.join(scores[-1].missed) or 'none'}")
    say("The reader's rules were written with these sources in sight; on a text of another kind expect less.")
