"""Reconciliation: every published figure against what follows from findings and formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..analysis.intervals import formula_bounds
from ..data.figures import Figure
from ..data.formulas import Formula, FormulaError, evaluate
from ..data.intervals import Interval, round_half_up
from ..data.text import formula_free, write_rows
from ..errors import InputError, Problem, did_you_mean

VERDICTS = ("reproduced", "within_rounding", "consistent", "contradicted", "input", "unverifiable")
# What a reader sees, on the page, on paper and in the workbook.
VERDICT_WORDS = {
    "reproduced": "一致",
    "within_rounding": "舍入内一致",
    "consistent": "成立",
    "contradicted": "不符",
    "input": "引用",
    "unverifiable": "缺数据",
}
COLUMNS = (
    "figure_id",
    "source_id",
    "published",
    "obs_value",
    "finding",
    "finding_value",
    "verdict",
    "changes_conclusion",
    "cause",
    "note",
)


@dataclass(frozen=True)
class Answer:
    """What follows for one figure: value and bounds in the figure's printed unit, and how it was found."""

    value: float
    interval: Interval
    finding: str = ""
    reading: str = ""
    expression: str = ""
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reconciled:
    """One row of the reconciliation."""

    figure: Figure
    verdict: str
    answer: Answer | None = None
    tried: tuple[tuple[str, str], ...] = ()
    changes_conclusion: str = ""
    cause: str = ""
    note: str = ""

    def as_row(self) -> dict[str, Any]:
        """Return the row of reconciliation.csv."""
        answer = self.answer
        return {
            "figure_id": self.figure.figure_id,
            "source_id": self.figure.source_id,
            "published": self.figure.published,
            "obs_value": "" if math.isnan(self.figure.obs_value) else f"{self.figure.obs_value:.12g}",
            "finding": (answer.finding or answer.expression) if answer else "",
            "finding_value": f"{answer.value:.12g}" if answer else "",
            "verdict": self.verdict,
            "changes_conclusion": self.changes_conclusion,
            "cause": self.cause,
            "note": self.note,
        }


def answer_by_formula(figure: Figure, formula: Formula, figures: Mapping[str, Figure]) -> Answer:
    """Return what a formula gives for a figure, in its printed unit; inputs enter in base units."""
    inputs = {name: figures[figure_id] for name, figure_id in formula.inputs}
    tree = formula.tree
    central = evaluate(tree, {name: f.base_value for name, f in inputs.items()})
    bounds = formula_bounds(tree, {name: f.base_interval for name, f in inputs.items()}, central)
    return Answer(
        central / figure.factor,
        bounds.scaled(1 / figure.factor),
        reading=formula.reading,
        expression=formula.expression,
        inputs=formula.inputs,
    )


def answer_by_finding(figure: Figure, finding: Mapping[str, Any], factors: Mapping[str, float]) -> Answer:
    """Return what a chapter's finding gives for a figure, in the figure's printed unit.

    Raises InputError for a finding whose unit is not in units.csv.
    """
    if finding["unit"] and finding["unit"] not in factors:
        found, near = f"the unit {finding['unit']!r}", did_you_mean(finding["unit"], factors)
        raise InputError(Problem(f"finding {figure.finding}", found, "a unit of units.csv", near))
    scale = factors[finding["unit"]] / figure.factor if finding["unit"] else 1 / figure.factor
    value = finding["value"] * scale
    low = -math.inf if finding["low"] is None else finding["low"] * scale
    high = math.inf if finding["high"] is None else finding["high"] * scale
    if finding["low"] is None and finding["high"] is None:
        low = high = value
    return Answer(value, Interval(low, high, True, True), finding=figure.finding)


def verdict_of(figure: Figure, answer: Answer) -> str:
    """Return the verdict of DESIGN.md for a figure and what follows for it."""
    printed = figure.interval
    meets = printed.meets(answer.interval)
    if figure.qualifier.is_vague:
        return "consistent" if meets else "contradicted"
    if figure.obs_value_high is None and math.isclose(
        round_half_up(answer.value, figure.precision), figure.obs_value, rel_tol=1e-9, abs_tol=1e-12
    ):
        return "reproduced"
    if figure.obs_value_high is not None and answer.value in printed:
        return "reproduced"
    if meets:
        return "within_rounding"
    coarse = figure.coarse_interval()
    return "within_rounding" if coarse is not None and coarse.meets(answer.interval) else "contradicted"


_BEST_FIRST = {"reproduced": 0, "consistent": 1, "within_rounding": 2, "contradicted": 3}


def reconcile(
    figures: Mapping[str, Figure],
    formulas: Iterable[Formula],
    findings: Mapping[str, Mapping[str, Any]],
    factors: Mapping[str, float],
    corrections: Iterable[Mapping[str, Any]] = (),
) -> list[Reconciled]:
    """Return one row for each figure, in the order of figure_id.

    `findings` are keyed `chapter.name`. Where several readings exist each is tried; the best verdict counts and
    all readings are kept in `tried`. A contradicted row takes cause and effect from the corrections register.
    """
    by_figure: dict[str, list[Formula]] = {}
    for formula in formulas:
        if all(f in figures for _, f in formula.inputs):
            by_figure.setdefault(formula.figure_id, []).append(formula)
    known_causes = {row["figure_id"]: row for row in corrections}
    rows = []
    for figure_id in sorted(figures):
        row = _reconcile_one(figures[figure_id], by_figure.get(figure_id, []), figures, findings, factors)
        cause = known_causes.get(figure_id)
        if cause and row.verdict == "contradicted":
            row = replace(row, changes_conclusion=cause["changes_conclusion"] or "", cause=cause["cause"] or "")
        rows.append(row)
    return rows


def _reconcile_one(
    figure: Figure,
    formulas: list[Formula],
    figures: Mapping[str, Figure],
    findings: Mapping[str, Mapping[str, Any]],
    factors: Mapping[str, float],
) -> Reconciled:
    answers: list[Answer] = []
    if figure.finding in findings and not isinstance(findings[figure.finding]["value"], str):
        answers.append(answer_by_finding(figure, findings[figure.finding], factors))
    faults = []
    for formula in formulas:
        try:
            answers.append(answer_by_formula(figure, formula, figures))
        except FormulaError as error:
            faults.append(f"{formula.reading}：{error}")
    if not answers:
        unverifiable = figure.role == "result"
        return Reconciled(figure, "unverifiable" if unverifiable else "input", note="；".join([figure.note, *faults]).strip("；"))
    judged = sorted(((verdict_of(figure, a), a) for a in answers), key=lambda v: _BEST_FIRST[v[0]])
    verdict, answer = judged[0]
    tried = tuple((a.reading or a.finding, v) for v, a in judged)
    note = figure.note
    if len(judged) > 1:
        note = "；".join(filter(None, [note, f"试过{len(judged)}种读法，取“{answer.reading}”"]))
    return Reconciled(figure, verdict, answer, tried, note=note)


def link_findings(
    rows: Iterable[Reconciled], findings: Mapping[str, Mapping[str, Any]], factors: Mapping[str, float]
) -> list[Reconciled]:
    """Name the finding that computes the same as a figure's formula: the same inputs, the same value.

    A figure has one answer; where that is a formula and a chapter's notebook computes it too, page and table say so.
    """
    by_inputs: dict[frozenset[str], list[str]] = {}
    for name, finding in findings.items():
        if not isinstance(finding["value"], str) and finding.get("figures"):
            by_inputs.setdefault(frozenset(finding["figures"]), []).append(name)
    linked = []
    for row in rows:
        answer = row.answer
        if answer and not answer.finding:
            for name in by_inputs.get(frozenset(f for _, f in answer.inputs), ()):
                finding = findings[name]
                scale = factors.get(finding["unit"], 1.0) / row.figure.factor
                if math.isclose(finding["value"] * scale, answer.value, rel_tol=1e-9):
                    row = replace(row, answer=replace(answer, finding=name))
                    break
        linked.append(row)
    return linked


def write_reconciliation(rows: Iterable[Reconciled], path: Path) -> None:
    """Write reconciliation.csv (UTF-8, LF), one row a figure; text that a spreadsheet would take for a formula gets a quote."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        write_rows(handle, [COLUMNS, *([formula_free(cell) for cell in row.as_row().values()] for row in rows)])


def count_verdicts(rows: Iterable[Reconciled]) -> dict[str, int]:
    """Return how many figures have each verdict, in the order of VERDICTS."""
    counts = dict.fromkeys(VERDICTS, 0)
    for row in rows:
        counts[row.verdict] += 1
    return counts


def as_json(row: Reconciled) -> dict[str, Any]:
    """Return a row with all that evidence views and recalculation need, as plain JSON values."""
    figure, answer = row.figure, row.answer
    content = row.as_row() | {
        "section": figure.section,
        "indicator": figure.indicator,
        "ref_area": figure.ref_area,
        "time_period": figure.time_period,
        "unit": figure.unit_measure,
        "qualifier": figure.qualifier.qualifier,
        "chapter": figure.chapter,
        "role": figure.role,
        "printed": _bounds(figure.interval),
    }
    if answer:
        content |= {"bounds": _bounds(answer.interval), "reading": answer.reading, "expression": answer.expression}
        content["inputs"] = dict(answer.inputs)
        content["tried"] = [list(t) for t in row.tried]
    return content


def _bounds(interval: Interval) -> dict[str, Any]:
    return {k: (None if isinstance(v, float) and math.isinf(v) else v) for k, v in asdict(interval).items()}
