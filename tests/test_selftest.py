"""Planted errors, mechanical causes, and the two places where the arithmetic runs again: the page and the workbook."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from decisionbook.data.intervals import Interval
from decisionbook.data.package import Package
from decisionbook.data.published import load_figures, load_formulas, qualifiers, unit_factors
from decisionbook.project import Project
from decisionbook.reconcile import Reconciled, reconcile
from decisionbook.reconcile.causes import search_causes
from decisionbook.reconcile.selftest import self_test
from decisionbook.reconcile.workbook import write_csv_for_excel, write_workbook
from decisionbook.render.recalculation import recalculation_data, recalculation_script

from .conftest import ROOT, needs_node


@pytest.fixture(scope="module")
def rows() -> list[Reconciled]:
    package = Package(Project(ROOT))
    return reconcile(load_figures(package), load_formulas(package), {}, unit_factors(package), package.rows("corrections"))


def test_planted_errors_are_found_and_harmless_changes_are_not(project: Project) -> None:
    package = Package(project)
    rates = {r.kind: r for r in self_test(load_figures(package), load_formulas(package), trials=150, seed=2)}
    for kind in ("digit swap", "one digit", "factor of ten", "wrong base", "wrong sign", "swapped rows"):
        assert rates[kind].planted == 150
        assert rates[kind].rate > 0.5, kind
    assert rates["harmless"].found == 0, "a false alarm"
    assert rates["lone figure"].found == 0, "a lone figure has no partner that could tell"


def test_the_self_test_is_seeded(project: Project) -> None:
    package = Package(project)
    figures, formulas = load_figures(package), load_formulas(package)
    assert self_test(figures, formulas, trials=40, seed=5) == self_test(figures, formulas, trials=40, seed=5)


def test_transposed_digits_are_found_with_their_chance(rows: list[Reconciled], project: Project) -> None:
    package = Package(project)
    figures, formulas = load_figures(package), load_formulas(package)
    row = next(r for r in rows if r.figure.published == "约为4394万元")
    cause = search_causes(row, figures, formulas)[0]
    assert (cause.kind, cause.hits) == ("transposed digits", ("4934",))
    assert cause.tried == 5  # 4394 has six pairs of digits; exchanging the two fours changes nothing
    assert cause.chance == pytest.approx(5 / 9000)


def test_a_factor_of_ten_thousand_is_named(project: Project) -> None:
    package = Package(project)
    figures, formulas = load_figures(package), load_formulas(package)
    share = next(f for f in figures.values() if f.published == "0.92%" and f.source_id == "000")
    wrong = {**figures, share.figure_id: replace(share, obs_value=9200.0, precision=100.0)}
    row = next(r for r in reconcile(wrong, formulas, {}, {}) if r.figure.figure_id == share.figure_id)
    assert row.verdict == "contradicted"
    cause = next(c for c in search_causes(row, wrong, formulas) if c.kind == "factor 10^4")
    assert cause.chance == pytest.approx(cause.tried * 100 / 9000)


def test_a_slip_in_a_negative_print_is_found_as_in_a_positive_one(project: Project) -> None:
    package = Package(project)
    figures, formulas = load_figures(package), load_formulas(package)
    seen = []
    for sign in (1.0, -1.0):
        row = next(r for r in reconcile(figures, formulas, {}, {}) if r.figure.published == "约为4394万元")
        assert row.answer is not None
        figure = replace(row.figure, obs_value=sign * row.figure.obs_value)
        interval = row.answer.interval
        turned = Interval(-interval.high, -interval.low, interval.high_closed, interval.low_closed)
        answer = replace(row.answer, value=sign * row.answer.value, interval=interval if sign > 0 else turned)
        causes = search_causes(replace(row, figure=figure, answer=answer), figures, [])
        seen.append([(c.kind, c.tried, c.chance) for c in causes])
    assert seen[0] == seen[1]
    assert seen[0][0][0] == "transposed digits"


@needs_node
def test_the_page_computes_what_python_computes(project: Project, tmp_path: Path) -> None:
    """Every formula of the book, at the printed values and with every input moved by a fifth."""
    package = Package(project)
    figures, formulas = load_figures(package), load_formulas(package)
    for factor in (1.0, 1.2):
        moved = {
            i: replace(f, obs_value=f.obs_value * factor, finding="") if f.role != "result" else replace(f, finding="")
            for i, f in figures.items()
        }
        judged = reconcile(moved, formulas, {}, unit_factors(package))
        data = recalculation_data(judged, formulas, qualifiers(package), areas={}, indicators={}, chapters={})
        (tmp_path / "data.js").write_text(recalculation_script(data), encoding="utf-8")
        script = (
            "globalThis.window = globalThis; const fs = require('fs');\n"
            f"require({json.dumps(str(ROOT / 'book' / '_static' / 'engine.js'))}); eval(fs.readFileSync({json.dumps(str(tmp_path / 'data.js'))}, 'utf8'));\n"  # noqa: E501
            "const D = window.decisionbookReconciliation, E = window.DecisionBookEngine, F = {}, by = {}, bad = []; let n = 0;\n"
            "D.figures.forEach(f => F[f.id] = f); D.formulas.forEach(f => (by[f.figure] = by[f.figure] || []).push(f));\n"
            "const near = (a, b) => a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)));\n"  # noqa: E501
            "const end = v => Number.isFinite(v) ? v : null;\n"
            "for (const id in by) { if (F[id].result === undefined) continue; n += 1; const r = E.reconcile(F[id], by[id], F, D.qualifiers);\n"  # noqa: E501
            "  if (!r || r.verdict !== F[id].verdict || !near(r.answer.value, F[id].result) || !near(end(r.answer.interval.low), F[id].bounds[0])"  # noqa: E501
            " || !near(end(r.answer.interval.high), F[id].bounds[1])) bad.push([id, F[id].verdict, r && r.verdict]); }\n"
            "console.log(JSON.stringify([n, bad]));"
        )
        done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
        compared, differing = json.loads(done.stdout)
        assert compared > 80
        assert differing == []


@needs_node
def test_the_page_accepts_arithmetic_only() -> None:
    script = (
        "globalThis.window = globalThis;\n"
        f"require({json.dumps(str(ROOT / 'book' / '_static' / 'engine.js'))}); const E = window.DecisionBookEngine;\n"
        "const bad = [['call','constructor',['number',1]],['name','__proto__'],['eval',['number',1]],['call','toString',['number',1]]];\n"  # noqa: E501
        "console.log(JSON.stringify(bad.map(t => E.evaluate(t, {}))));"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [None] * 4


def test_the_workbook_is_live_safe_and_repeatable(rows: list[Reconciled], tmp_path: Path) -> None:
    hostile = replace(rows[0], note="=cmd|' /C calc'!A0", figure=replace(rows[0].figure, section="+1+1", published="@SUM(A1)"))
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook([hostile, *rows[1:]], tmp_path / name, compiled="2026-11-21", label="试")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    figures, review = book["印刷数字"], book["复核"]
    assert [figures.cell(2, c).data_type for c in (3, 4, 15)] == ["s", "s", "s"]
    answered = [r for r in rows if r.answer and r.answer.expression]
    assert review.max_row == len(answered) + 1
    for row in review.iter_rows(min_row=2):
        assert row[6].data_type == "f", "the result is a formula"
        assert row[9].data_type == "f", "the verdict is a formula"


def test_csv_for_excel_has_a_mark_and_no_formula(rows: list[Reconciled], tmp_path: Path) -> None:
    hostile = replace(rows[0], note="=1+1", cause="-2+3")
    write_csv_for_excel([hostile], tmp_path / "x.csv")
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"'=1+1" in content
    assert b"'-2+3" in content
