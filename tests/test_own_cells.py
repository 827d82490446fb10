"""Cells of an analyst's file: what a spreadsheet shows is what a run reads, and what is no plain number is told."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from decisionbook.data.declarations import load_chapter
from decisionbook.data.owndata import OwnDataError, OwnTable, parse_requests, prepare
from decisionbook.data.package import Package
from decisionbook.data.sheets import as_text, read_grid
from decisionbook.data.text import number_in
from decisionbook.errors import InputError
from decisionbook.intake.documents import read_file
from decisionbook.project import Project
from decisionbook.runs.sweep import table_sets

TABLE = "housing_provinces"
HEADER = "ref_area,time_period,price,income,rent,coverage"
ROW: list[Any] = ["450000", "2021", 6500, 38530, 20.1, 35]


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project, as_of="2024-09-30")


def workbook(path: Path, rows: list[list[Any]], **formats: str) -> Path:
    """Write rows, whose cells have the number formats that are named by cell: B2="yyyy"."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cell, number_format in formats.items():
        book.active[cell].number_format = number_format
    book.save(path)
    return path


def own(package: Package, path: Path, table: str = TABLE) -> OwnTable:
    (made,) = prepare(package, parse_requests([f"{table}={path}"]), path.parent / "out")
    return made


def faults(package: Package, path: Path, table: str = TABLE) -> list[str]:
    """Return what is said of a file, each line without the file's name."""
    with pytest.raises(OwnDataError) as caught:
        own(package, path, table)
    return [str(problem).removeprefix(str(path)).lstrip(",: ") for problem in caught.value.problems]


def last_cells(made: OwnTable) -> list[str]:
    return [line.rsplit(",", 1)[1] for line in made.path.read_text(encoding="utf-8").splitlines()[1:]]


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "my.csv"
    path.write_bytes(text.encode(encoding))
    return path


# ---- Percentages and dates --------------------------------------------------------------------


def test_a_percentage_of_excel_is_what_it_shows(package: Package, tmp_path: Path) -> None:
    rows = [HEADER.split(","), [*ROW[:5], 0.285], ["440000", *ROW[1:5], 0.0048], ["430000", *ROW[1:5], 35]]
    path = workbook(tmp_path / "my.xlsx", rows, F2="0.0%", F3='0.00%;[Red]"-"0.00%', F4='0"%"')
    made = own(package, path)
    assert last_cells(made) == ["28.5", "0.48", "35"]
    assert "percentages of Excel in column F read in %: 35% as 35" in str(made)


@pytest.mark.parametrize(("unit", "held"), [("%", "35"), ("亿元", "35%")])
def test_a_percentage_counts_in_the_unit_of_its_row(package: Package, tmp_path: Path, unit: str, held: str) -> None:
    names = [f["name"] for f in package.fields("targets_2025")]
    line = package.lines("targets_2025")[0] | {"unit_measure": unit}
    rows = [names, [0.35 if name == "obs_value" else line[name] for name in names]]
    path = workbook(tmp_path / "my.xlsx", rows, **{f"{chr(65 + names.index('obs_value'))}2": "0%"})
    if held == "35":
        assert own(package, path, "targets_2025").notes[-1].endswith("35% as 35")
    else:
        told = "\n".join(faults(package, path, "targets_2025"))
        assert "found '35%'; expected a number. Excel shows it as a percentage" in told


def test_a_percentage_elsewhere_is_refused_and_a_typed_one_too(package: Package, tmp_path: Path) -> None:
    path = workbook(tmp_path / "my.xlsx", [HEADER.split(","), [*ROW[:4], 0.2, 35]], E2="0%")
    assert faults(package, path) == [
        "row 2, column rent: found '20%'; expected a number of at least 0. "
        "Excel shows it as a percentage: format the column as a plain number."
    ]
    (told,) = faults(package, csv_file(tmp_path, f"{HEADER}\n450000,2021,1,1,1,35%\n"))
    assert told.endswith("found '35%'; expected a number from 0 to 100. Did you mean \"35\"?")


def test_a_percentage_in_a_table_of_parameters_needs_the_unit(project: Project, package: Package, tmp_path: Path) -> None:
    chapter = load_chapter(project, "industry_revenue_share")
    assert chapter.parameters["growth"].unit == "%"
    path = workbook(tmp_path / "t.xlsx", [["growth"], [0.125], [7]], A2="0.0%")
    assert list(table_sets(chapter, package, path).values()) == [{"growth": 12.5}, {"growth": 7}]
    chapter = load_chapter(project, "carbon_market")
    with pytest.raises(InputError, match="row 2, column years: found '200%'; expected a number without %"):
        table_sets(chapter, package, workbook(tmp_path / "t.xlsx", [["years"], [2]], A2="0%"))


@pytest.mark.parametrize(
    ("number_format", "shown"),
    [
        ("yyyy", "2021"), ('yyyy"年"', "2021"), ("e", "2021"), ("[$-804]yyyy", "2021"), (r"yyyy\m", "2021"),
        ("yyyy-mm", "2021-03"), ('yyyy"年"m"月"', "2021-03"), ("mmm-yy", "2021-03"),
        ("yyyy-mm-dd", "2021-03-01"), ('yyyy"年"m"月"d"日"', "2021-03-01"), ("[$-804]aaaa", "2021-03-01"), ("", "2021-03-01"),
        ("mm:ss", "2021-03-01"), ("h:mm", "2021-03-01"),
    ],
)  # fmt: skip
def test_a_date_of_excel_is_as_long_as_it_shows(number_format: str, shown: str) -> None:
    assert as_text(datetime.datetime(2021, 3, 1), number_format) == shown


def test_a_year_of_excel_is_a_year_in_the_run(package: Package, tmp_path: Path) -> None:
    rows = [HEADER.split(","), [ROW[0], datetime.datetime(2021, 1, 1), *ROW[2:]]]
    made = own(package, workbook(tmp_path / "my.xlsx", rows, B2='yyyy"年"'))
    assert "\n450000,2021,6500," in made.path.read_text(encoding="utf-8")
    assert "Excel dates in column B written as shown" in str(made)


# ---- Numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["12", "-0.5", "+5", ".5", "5.", "1e3", "1.5E-3", "６５．５", " 7 "])
def test_a_number_in_digits_is_one(text: str) -> None:
    assert number_in(text) is not None


@pytest.mark.parametrize("text", ["", "inf", "-Infinity", "nan", "1e400", "1_0", "1,0", "0x10", "٢٤٠", "10²", "1 0", "9" * 400])
def test_what_is_not_in_plain_digits_is_none(text: str) -> None:
    assert number_in(text) is None


@pytest.mark.parametrize("text", ["inf", "1e400", "1_000", "nan", "-inf"])
def test_a_cell_that_nothing_can_count_with_is_a_fault(package: Package, tmp_path: Path, text: str) -> None:
    (told,) = faults(package, csv_file(tmp_path, f"{HEADER}\n450000,2021,{text},1,1,1\n"))
    assert told.startswith(f"row 2, column price: found '{text}'; expected a number of at least 0.")
    if "_" in text:
        assert told.endswith('Did you mean "1000"?')


def test_no_cell_of_a_parquet_file_hides_that_it_is_infinite() -> None:
    assert [as_text(value) for value in (float("inf"), float("-inf"), float("nan"))] == ["inf", "-inf", ""]


def test_a_year_with_its_word_gets_the_year_as_a_suggestion(package: Package, tmp_path: Path) -> None:
    (told,) = faults(package, csv_file(tmp_path, f"{HEADER}\n450000,2021年,1,1,1,35\n"))
    assert told.endswith('Did you mean "2021"?')


# ---- Columns ----------------------------------------------------------------------------------


def test_empty_columns_around_a_table_are_nothing(package: Package, tmp_path: Path) -> None:
    made = own(package, csv_file(tmp_path, f",,{HEADER},,\n,,450000,2021,1,1,1,35,,\n,,,,,,,,,\n"))
    assert last_cells(made) == ["35"]


def test_filled_columns_without_a_name_are_told_once_by_their_letters(package: Package, tmp_path: Path) -> None:
    text = f",{HEADER.replace(',price', ',,price')}\n,450000,2021,x,1,1,1,35\n,440000,2021,y,1,1,1,35\n"
    (told,) = faults(package, csv_file(tmp_path, text))
    assert told.startswith("row 1, column D: found no name; expected a name for every column that is filled.")


def test_cells_beyond_the_names_of_a_table_of_parameters_are_told(project: Project, package: Package, tmp_path: Path) -> None:
    chapter = load_chapter(project, "carbon_market")
    path = csv_file(tmp_path, "years,trading_days,,\n1,240\n2,1,000\n3,240,,7\n")
    with pytest.raises(InputError) as caught:
        table_sets(chapter, package, path)
    assert [(p.row, p.found, p.expected) for p in caught.value.problems] == [
        (3, "3 cells ('000' …)", "2 cells"), (4, "4 cells ('7' …)", "2 cells"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read(package: Package, tmp_path: Path, encoding: str) -> None:
    made = own(package, csv_file(tmp_path, f"住房\r\n{HEADER}\r\n450000,2021,6500,38530,20.1,35\r\n", encoding))
    assert last_cells(made) == ["35"]
    assert "read as UTF-16, which the file does not say of itself" in str(made)


# ---- Keys, rows, files ------------------------------------------------------------------------


def test_a_key_of_two_columns_is_shown_whole(package: Package, tmp_path: Path) -> None:
    line = "450000,2021,1,1,1,35\n"
    (told,) = faults(package, csv_file(tmp_path, f"{HEADER}\n{line}{line}"))
    assert told == (
        "row 3, column ref_area, time_period: found '450000, 2021' a second time; expected a key (ref_area, time_period) that "
        "no other row has. Correct it, or keep one of the two rows."
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: line[:17], "found 3 cells; expected 13 cells. Fill it up"),
        (lambda line: f"{line},x,y", "found 15 cells; expected 13 cells. Put a cell"),
        (lambda line: "", "found an empty row; expected a row of data. Remove it."),
    ],
    ids=["cut", "long", "empty"],
)
def test_a_row_of_another_length_is_one_fault(project: Project, tmp_path: Path, change: Any, words: str) -> None:
    lines = Package(project).path("observations").read_text(encoding="utf-8").splitlines()
    lines[4] = change("O-0004,gdp,100000,2022,1,亿元,A,,统计局,公报,2023-01-31,high,")
    (tmp_path / "o.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    problems = Package(project, {"observations": tmp_path / "o.csv"}).validate(["observations"])
    shapes = [str(p) for p in problems if "cell" in p.found or "empty" in p.found]
    assert len(shapes) == 1, problems
    assert f"row 5: {words}" in shapes[0]
    assert not any("None" in p.found or p.expected == "Missing Cell" for p in problems)


def test_a_folder_in_the_place_of_a_file_is_called_one(package: Package, tmp_path: Path) -> None:
    for read in (read_grid, read_file):
        with pytest.raises(InputError, match=rf"{tmp_path}: found a folder; expected a .*Name the file in it"):
            read(tmp_path)
