"""Large tables: what the quick way accepts and reads is what the careful way does, and faults are told in the same words."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from decisionbook.data import bulk
from decisionbook.data.package import Package
from decisionbook.project import Project

TABLE = "procurement_records"
HEAD = ["year", "county", "project", "scene", "amount"]
GOOD = [["2023", "武鸣区", "一，“二”\n三", "智慧交通", "12.50"], ["2024", "=县", "x", "", ""], ["2022", "a,b", 'q"q', "", "0"]]
BAD = [
    ["2023.5", "县", "x", "", "1"], ["", "县", "x", "", "1"], ["1999", "县", "x", "", "1"], ["2101", "县", "x", "", "1"],
    ["2023", "", "x", "", "1"], ["2023", "县", "x", "", "12万"], ["2023", "县", "x", "", "-5"],
    ["2023", "县", "x", "", "1_000"], ["2_023", "县", "x", "", "1"], ["2023", "县", "x", "", "inf"],
    ["2023", "县", "x", "", "NaN"], ["2023", "县", "x", "", "1e9999"], ["２０２３", "县", "x", "", "１.5e3"],
]  # fmt: skip


@pytest.fixture
def every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LARGE", -1)


def package_with(project: Project, folder: Path, rows: list[list[str]], table: str = TABLE, head: list[str] = HEAD) -> Package:
    path = folder / f"{table}.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
    return Package(project, {table: path})


def both(package: Package, monkeypatch: pytest.MonkeyPatch, table: str = TABLE) -> tuple[list[str], list[str]]:
    """Return the faults as the careful way tells them, and as the quick way does."""
    careful = [str(p) for p in package.validate([table])]
    monkeypatch.setattr(bulk, "LARGE", -1)
    return careful, [str(p) for p in package.validate([table])]


def test_faults_keep_row_column_value_and_expectation(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for bad in BAD for row in (*GOOD, bad)]
    careful, quick = both(package_with(project, tmp_path, rows), monkeypatch)
    assert quick == careful
    # The last row is odd, but digits of full width are digits.
    assert len(quick) == len(BAD) - 1
    assert any("row 5, column year: found '2023.5'" in line for line in quick)
    assert any("column amount: found 'inf'; expected a number of at least 0. Write it in digits" in line for line in quick)


def test_a_fault_behind_many_odd_rows_is_found(project: Project, tmp_path: Path, every_table_is_large: None) -> None:
    odd = [["２０２３", "县", "x", "", "1"]] * 9
    package = package_with(project, tmp_path, [*odd, ["2023", "县", "x", "", "inf"]])
    assert len(package._suspects(TABLE, 4) or []) == 8
    assert [(p.row, p.column) for p in package.validate([TABLE], most=4)] == [(11, "amount")]


def test_a_table_without_a_fault_needs_no_validator(project: Project, tmp_path: Path, every_table_is_large: None) -> None:
    package = package_with(project, tmp_path, GOOD * 50)
    assert package._suspects(TABLE, 100) == []
    assert package.validate([TABLE]) == []


def test_keys_and_references_are_seen(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package(project)
    names = [f["name"] for f in package.fields("observations")]
    lines = [[line[name] for name in names] for line in package.all_lines("observations")[:40]]
    lines.append(lines[3])
    lines.append([*lines[5]])
    lines[-1][names.index("observation_id")] = "new"
    lines[-1][names.index("unit_measure")] = "万万元"
    careful, quick = both(package_with(project, tmp_path, lines, "observations", names), monkeypatch, "observations")
    assert quick == careful
    assert len(quick) == 2


def test_every_table_of_the_project_passes_the_quick_way_too(project: Project, every_table_is_large: None) -> None:
    assert Package(project).validate() == []


def test_a_frame_is_the_same_read_either_way(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    careful = package_with(project, tmp_path, GOOD * 3).frame(TABLE)
    monkeypatch.setattr(bulk, "LARGE", -1)
    quick = package_with(project, tmp_path, GOOD * 3).frame(TABLE)
    pd.testing.assert_frame_equal(quick, careful)
    assert quick["scene"].iloc[1] is None


def test_rows_of_unequal_length_are_left_to_the_validator(project: Project, tmp_path: Path, every_table_is_large: None) -> None:
    package = package_with(project, tmp_path, [*GOOD, ["2023", "县"]])
    assert package._suspects(TABLE, 100) is None
    assert package.validate([TABLE])
