"""Files of an analyst as a whole: misnamed and missing columns, sheets, merged cells, other tables, other encodings."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from decisionbook.cli import main
from decisionbook.data import owndata, workbook_shape
from decisionbook.data.own_file import read_own
from decisionbook.data.owndata import FAULTS, OwnDataError, OwnTable, parse_requests, prepare
from decisionbook.data.package import Package
from decisionbook.editions.table_template import write_template
from decisionbook.errors import InputError, Problem
from decisionbook.project import Project

TABLE = "visitor_measures"
# A table of which the book has no row, and every column may be empty.
FREE = "housing_provinces"
FREE_HEADER = "ref_area,time_period,price,income,rent,coverage"
Cells = list[list[Any]]


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project, as_of="2024-09-30")


@pytest.fixture(scope="module")
def rows(package: Package) -> Cells:
    """The book's own table of measures, with its column names."""
    with package.path(TABLE).open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def workbook(path: Path, sheets: dict[str, Cells], *merged: str, on: str = "") -> Path:
    """Write a workbook; the ranges `merged` are those of its sheet `on`, or of its first one."""
    book = Workbook()
    book.remove(book.active)
    for title, cells in sheets.items():
        sheet = book.create_sheet(title)
        for row in cells:
            sheet.append(row)
    for text in merged:
        book[on or book.sheetnames[0]].merge_cells(text)
    book.save(path)
    return path


def csv_file(folder: Path, cells: Cells, encoding: str = "utf-8") -> Path:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(cells)
    path = folder / "my.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def own(package: Package, path: Path, word: str = f"{TABLE}=") -> OwnTable:
    (made,) = prepare(package, parse_requests([f"{word}{path}"]), path.parent / "out")
    return made


def refused(package: Package, path: Path, word: str = f"{TABLE}=") -> list[Problem]:
    with pytest.raises(OwnDataError) as caught:
        own(package, path, word)
    return caught.value.problems


def said(problems: list[Problem]) -> str:
    return "\n".join(str(problem) for problem in problems)


def renamed(rows: Cells, **heads: str) -> Cells:
    return [[heads.get(head, head) for head in rows[0]], *rows[1:]]


def without(rows: Cells, *names: str) -> Cells:
    kept = [index for index, head in enumerate(rows[0]) if head not in names]
    return [[row[index] for index in kept] for row in rows]


# ---- Columns ----------------------------------------------------------------------------------


def test_a_misnamed_column_is_one_fault_that_names_the_missing_one(package: Package, rows: Cells, tmp_path: Path) -> None:
    (problem,) = refused(package, csv_file(tmp_path, renamed(rows, effect="wrongcol")))
    assert (problem.row, problem.column) == (1, "wrongcol")
    assert problem.found == "an unknown column 'wrongcol', and no column effect"
    remedy = 'Rename it to "effect"; if it is something else, remove it and add the column effect (empty cells are fine).'
    assert problem.remedy == remedy
    (problem,) = refused(package, csv_file(tmp_path, renamed(rows, effect="effectt")))
    assert (problem.found, problem.remedy) == ("an unknown column 'effectt', and no column effect", 'Did you mean "effect"?')


def test_a_column_that_the_books_table_fills_may_be_empty_but_not_missing(package: Package, rows: Cells, tmp_path: Path) -> None:
    for word in (f"{TABLE}=", f"{TABLE}+="):
        (problem,) = refused(package, csv_file(tmp_path, without(rows, "effect", "place")), word)
        assert problem.found == "no column effect, place"
        assert problem.remedy == "Add what is missing; empty cells are fine."
    place = rows[0].index("effect")
    emptied = [rows[0], *([*row[:place], "", *row[place + 1 :]] for row in rows[1:])]
    assert own(package, csv_file(tmp_path, emptied)).rows == len(rows) - 1


def test_where_in_a_briefing_a_row_stands_may_be_left_out(package: Package, rows: Cells, tmp_path: Path) -> None:
    made = own(package, csv_file(tmp_path, without(rows, "section", "char_start", "char_end")))
    assert made.notes == ("no column section, char_start, char_end: left empty",)


def test_several_unknown_columns_are_told_which_ones_are_missing(package: Package, rows: Cells, tmp_path: Path) -> None:
    unknown, other, lacking = refused(package, csv_file(tmp_path, renamed(rows, effect="xx", place="yy")))
    for problem, name in ((unknown, "xx"), (other, "yy")):
        assert problem.found == f"an unknown column '{name}'"
        assert problem.remedy == "Rename it if it is one of those that are missing (effect, place); otherwise remove it."
    assert lacking.found == "no column effect, place"


def test_a_column_that_is_merely_too_much_is_to_be_removed(package: Package, rows: Cells, tmp_path: Path) -> None:
    (problem,) = refused(package, csv_file(tmp_path, [[*row, "x"] for row in rows]))
    assert (problem.found, problem.remedy) == ("an unknown column 'x'", "Remove the column.")
    # One that resembles a column that is there already is no other spelling of it.
    more = [[*rows[0], "effects"], *([*row, ""] for row in rows[1:])]
    assert refused(package, csv_file(tmp_path, more))[0].remedy == "Remove the column."


def test_of_a_table_that_the_book_leaves_empty_a_misnamed_column_is_named_too(package: Package, tmp_path: Path) -> None:
    text = FREE_HEADER.replace("price", "xyz")
    (problem,) = refused(package, csv_file(tmp_path, [text.split(","), ["450000", "2021", 1, 1, 1, 35]]), f"{FREE}=")
    assert problem.found == "an unknown column 'xyz', and no column price"
    assert problem.remedy == 'Rename it to "price"; if it is something else, remove it.'


def test_a_missing_key_is_not_told_twice_when_it_is_misnamed(package: Package, tmp_path: Path) -> None:
    cells = [FREE_HEADER.replace("ref_area", "abc").split(","), ["450000", "2021", 1, 1, 1, 35]]
    (problem,) = refused(package, csv_file(tmp_path, cells), f"{FREE}=")
    assert problem.found == "an unknown column 'abc', and no column ref_area"
    assert problem.remedy.endswith("remove it and add the column ref_area.")


# ---- Files of another table -------------------------------------------------------------------


@pytest.mark.parametrize("table", ["procurement_records", "county_scenes"], ids=["no column", "some columns"])
def test_a_file_of_another_table_is_one_fault_that_names_it(package: Package, rows: Cells, tmp_path: Path, table: str) -> None:
    path = csv_file(tmp_path, rows)
    (problem,) = refused(package, path, f"{table}=")
    assert problem.remedy == f"It looks like the table {TABLE}: -d {TABLE}={path}"
    assert f"those of the table {table}" in problem.expected


def test_a_file_without_column_names_is_one_fault(package: Package, tmp_path: Path) -> None:
    (problem,) = refused(package, csv_file(tmp_path, [["450000", "2021", 1], ["440000", "2021", 2]]), f"{FREE}=")
    assert problem.remedy == f"Put column names in the first row; `decisionbook template {FREE}` writes an empty file."


@pytest.mark.parametrize("table", [TABLE, "index_cities", "observations", "areas"])
def test_no_table_of_the_book_looks_like_another(package: Package, tmp_path: Path, table: str) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(package.path(table).read_bytes())
    assert own(package, path, f"{table}=").rows > 0


# ---- Sheets -----------------------------------------------------------------------------------


def test_the_sheet_that_has_the_columns_is_read(package: Package, rows: Cells, tmp_path: Path) -> None:
    sheets = {"说明": [["本表说明"], ["来源"]], "数据": [["游客措施"], *rows]}
    made = own(package, workbook(tmp_path / "my.xlsx", sheets))
    assert made.rows == len(rows) - 1
    assert "sheet '数据' of 2" in str(made)


@pytest.mark.parametrize("named", [TABLE, "title"])
def test_a_sheet_named_like_the_table_goes_before_one_that_fits(
    package: Package, rows: Cells, tmp_path: Path, named: str
) -> None:
    title = package.resource(TABLE)["title"] if named == "title" else named
    made = own(package, workbook(tmp_path / "my.xlsx", {"全部": rows, title: rows[:3]}))
    assert made.rows == 2
    assert f"sheet {title!r} of 2" in str(made)


def test_two_sheets_that_fit_are_for_the_analyst_to_choose_from(package: Package, rows: Cells, tmp_path: Path) -> None:
    (problem,) = refused(package, workbook(tmp_path / "my.xlsx", {"草稿": rows, "说明": [["x"]], "终稿": rows[:3]}))
    assert problem.found == f"the columns of {TABLE} on the sheets 草稿, 终稿"
    assert problem.remedy == f"Name the sheet that is meant {TABLE}."


def test_where_no_sheet_fits_all_are_listed_and_the_one_that_was_read(package: Package, tmp_path: Path) -> None:
    problems = refused(package, workbook(tmp_path / "my.xlsx", {"说明": [["甲", "乙"]], "别的": [["丙", "丁"]]}))
    assert problems[0].found == "the sheets '说明', '别的', and read the first"
    assert problems[0].remedy == f"Name that sheet {TABLE}."


@pytest.mark.parametrize("table", [TABLE, "index_indicator_stats", "figures"])
@pytest.mark.parametrize("sheet", ["", "我的数据"], ids=["as written", "renamed"])
def test_a_filled_template_is_read_wherever_its_table_stands(package: Package, tmp_path: Path, table: str, sheet: str) -> None:
    path = write_template(package, table, tmp_path / "own.xlsx")
    book = load_workbook(path)
    filled = book[table[:31]]
    line = package.lines(table)[0]
    for column, field in enumerate(package.fields(table), start=1):
        filled.cell(2, column).value = line[field["name"]] or None
    filled.title = sheet or filled.title
    book.move_sheet(filled, len(book.sheetnames) - 1)
    book.save(path)
    if table == "figures":
        assert "refers to" in said(refused(package, path, f"{table}="))  # read, and found to have lost what others need
    else:
        assert own(package, path, f"{table}=").rows == 1


# ---- Merged cells -----------------------------------------------------------------------------


def test_merged_cells_are_named_with_sheet_rows_and_columns(package: Package, rows: Cells, tmp_path: Path) -> None:
    problems = refused(package, workbook(tmp_path / "my.xlsx", {"数据": rows}, "A2:A4", "C6:D6", "B1:B2"))
    merged = [problem for problem in problems if "merged" in problem.found]
    assert [(p.row, p.column, p.found) for p in merged] == [
        (1, "B", "merged cells on the sheet '数据', rows 1 to 2"),
        (2, "A", "merged cells on the sheet '数据', rows 2 to 4"),
        (6, "C–D", "merged cells on the sheet '数据', row 6"),
    ]
    assert merged[1].remedy == "Unmerge them and fill each row."


def test_a_merged_title_and_merged_cells_beside_the_table_are_nothing(package: Package, rows: Cells, tmp_path: Path) -> None:
    cells = [["游客措施"], [], *rows]
    path = workbook(tmp_path / "my.xlsx", {"说明": [["甲"]], TABLE: cells}, "A1:H1", "J3:K9", on=TABLE)
    book = load_workbook(path)
    book["说明"].merge_cells("A1:A9")
    book.save(path)
    assert own(package, path).rows == len(rows) - 1


def test_merged_cells_are_seen_where_two_pieces_of_a_sheet_meet(package: Package, rows: Cells, tmp_path: Path) -> None:
    padded = [*rows, *([["甲" * 4, "乙", "丙", "丁", "003", f"x{number}", "", ""] for number in range(6000)])]
    path = workbook(tmp_path / "my.xlsx", {TABLE: padded}, "A2:A4")
    sheet = workbook_shape.sheet_of(path, TABLE, package)
    assert sheet is not None
    assert list(workbook_shape._merges(path, sheet.part)) == [((1, 2), (1, 4))]


# ---- Encodings and cells without end ----------------------------------------------------------


def test_big5_is_refused_and_no_table_of_the_book_in_gbk_is(package: Package, tmp_path: Path) -> None:
    path, told = tmp_path / "my.csv", 0
    for name in package.tables:
        text = package.path(name).read_text(encoding="utf-8")
        path.write_bytes(text.encode("gb18030"))
        assert read_own(path, name, package).problems == []
        if text.isascii():
            continue  # a table without rows
        path.write_bytes(text.encode("big5", "ignore"))
        with pytest.raises(InputError, match=r"my\.csv, row \d+: found text in another encoding, perhaps Big5"):
            read_own(path, name, package)
        told += 1
    assert told > 30


@pytest.mark.parametrize(("limit", "found"), [(131_072, "a cell of more than 131,072"), (10**9, "a text of 180,0")])
@pytest.mark.parametrize("open_quote", [True, False])
def test_a_cell_without_end_names_both_causes_and_its_row(
    package: Package, tmp_path: Path, limit: int, found: str, open_quote: bool
) -> None:
    """The limit of the reader of CSV is the process's: a library that validates lifts it."""
    long, path = "430000,2021,1,1,1,35" * 9000, tmp_path / "my.csv"
    # The quotation mark of the third row is closed by that of a later one, or the cell is as long as that.
    third = f'"440000,2021,1\n{long}\n"' if open_quote else f'"{long}"'
    path.write_text(f"{FREE_HEADER}\n450000,2021,1,1,1,35\n{third},2021,1,1,1,1\n", encoding="utf-8")
    before = csv.field_size_limit(limit)
    try:
        (problem,) = refused(package, path, f"{FREE}=")
    finally:
        csv.field_size_limit(before)
    assert problem.row == 3
    assert problem.found.startswith(found)
    assert problem.expected == "cells of at most 32,767 characters"
    assert problem.remedy == "Close the quotation mark before it if one is left open; if it is not, shorten the cell."


# ---- Many faults ------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "more"), [(6, False), (7, True)])
def test_faults_beyond_the_most_are_said_to_be_there(
    project: Project, package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, more: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(owndata, "MOST", 6)
    cells = [FREE_HEADER.split(","), *([["450000", str(2000 + n), "x", 1, 1, 1] for n in range(count)])]
    path = csv_file(tmp_path, cells)
    assert len(refused(package, path, f"{FREE}=")) == 6
    words = ["run", "housing_burden", "-d", f"{FREE}={path}", "-o", str(tmp_path / "out")]
    assert main(["--project", str(project.root), *words]) == 2
    table = tmp_path / "out" / FAULTS
    last = f"the first 6 faults; there are more; nothing was run. These as a table: {table}"
    if not more:
        last = f"6 faults; nothing was run. All of them as a table: {table}"
    assert capsys.readouterr().err.splitlines()[-1].endswith(last)
    assert main(["--project", str(project.root), *words, "-p", "nothing=1"]) == 2
    assert ("there are more" in capsys.readouterr().err) is more


def test_breaches_of_a_missing_column_may_hide_others(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owndata, "MOST", 6)
    cells = [FREE_HEADER.split(",")[1:], *([[str(2000 + n), 1, 1, 1, 1] for n in range(9)])]
    with pytest.raises(OwnDataError, match="the first 1 fault; there may be more"):
        own(package, csv_file(tmp_path, cells), f"{FREE}=")
