"""The reconciliation as a workbook: calculated by an office program, its own verdicts are those of the book."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from decisionbook.data.figures import Figure, Qualifier
from decisionbook.data.formulas import Formula
from decisionbook.data.package import Package
from decisionbook.data.published import load_figures, load_formulas, unit_factors
from decisionbook.project import Project
from decisionbook.reconcile.verdicts import Reconciled, reconcile
from decisionbook.reconcile.workbook import write_workbook

EXACT = Qualifier("exact", "half_unit", "half_unit", True, False, None)
RANGE = Qualifier("range", "value", "value", True, True, None)


def figure(number: int, value: float, precision: float, high: float | None = None) -> Figure:
    qualifier = EXACT if high is None else RANGE
    place = ("000", "", "x", value, high, "%", 1.0, False, "indicator", "450000", "2021")
    return Figure(f"000-{number:04d}", *place, qualifier, precision, "result")


def edge_cases() -> list[Reconciled]:
    """Bounds that touch without meeting, thousands printed in full, a range that is met."""
    figures = [
        (figure(1, 0.92, 0.01), figure(2, 0.93, 0.01)),
        (figure(3, 31200, 1), figure(4, 31000, 1)),
        (figure(5, 15, 1), figure(6, 10, 1, high=20)),
        (figure(7, -3.2, 0.1), figure(8, -3.2, 0.1)),
        # An absolute value is nought between its corners.
        (figure(9, 0.5, 1), figure(10, 0.2, 0.1)),
    ]
    forms = {"000-0010": "abs(a-0.6)"}
    formulas = [
        Formula(answered.figure_id, "同数", forms.get(answered.figure_id, "a"), (("a", given.figure_id),))
        for given, answered in figures
    ]
    return reconcile({f.figure_id: f for pair in figures for f in pair}, formulas, {}, {"%": 1.0})


def calculated(rows: list[Reconciled], folder: Path) -> dict[str, tuple[str, str]]:
    """Return the live verdict and the book's for each row, as LibreOffice calculates the workbook."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: the workbook is not calculated")
    write_workbook(rows, folder / "review.xlsx", compiled="2026-11-21", label="试")
    home = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    line = [office, home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out")]
    subprocess.run([*line, str(folder / "review.xlsx")], check=True, capture_output=True, timeout=120)
    book = openpyxl.load_workbook(folder / "out" / "review.xlsx", data_only=True)
    return {row[0]: (row[9], row[10]) for row in book["复核"].iter_rows(min_row=2, values_only=True)}


def test_its_verdicts_are_the_books_at_touching_bounds_coarse_prints_and_ranges(tmp_path: Path, project: Project) -> None:
    package = Package(project)
    found = calculated([*edge_cases()], tmp_path)
    assert {live for live, _ in found.values()} == {"不符", "舍入内一致", "一致"}
    assert {key: pair for key, pair in found.items() if pair[0] != pair[1]} == {}
    rows = reconcile(load_figures(package), load_formulas(package), {}, unit_factors(package))
    found = calculated(rows, tmp_path)
    assert len(found) > 80
    assert {key: pair for key, pair in found.items() if pair[0] != pair[1]} == {}


def test_a_range_moves_with_its_own_upper_end(tmp_path: Path) -> None:
    write_workbook(edge_cases(), tmp_path / "review.xlsx", compiled="2026-11-21", label="试")
    sheet = openpyxl.load_workbook(tmp_path / "review.xlsx")["印刷数字"]
    (row,) = (row for row in sheet.iter_rows(min_row=2) if row[5].value == 20)
    assert row[8].value.startswith("=E")
    assert row[9].value.startswith("=F")
