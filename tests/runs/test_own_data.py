"""An analyst's own tables: every encoding and format, every fault at once, templates that explain themselves."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from decisionbook.cli import main
from decisionbook.data.declarations import load_chapter
from decisionbook.data.owndata import FAULTS, OwnDataError, is_read, parse_requests, prepare, settle
from decisionbook.data.package import Package
from decisionbook.data.sheets import as_text
from decisionbook.editions.table_template import write_template
from decisionbook.errors import InputError
from decisionbook.project import Project

TABLE = "housing_provinces"
HEADER = "ref_area,time_period,price,income,rent,coverage"
ROWS = "450000,2021,6500,38530,20.1,35\n440000,2021,15000,54854,,40\n"


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project, as_of="2024-09-30")


def prepared(
    package: Package, folder: Path, content: bytes, word: str = f"{TABLE}=", name: str = "my.csv"
) -> list[dict[str, str]]:
    """Return the rows that a run would read."""
    (folder / name).write_bytes(content)
    (table,) = prepare(package, parse_requests([f"{word}{folder / name}"]), folder / "out")
    assert not table.path.read_bytes().startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(table.path.read_text(encoding="utf-8").splitlines()))


def faults(package: Package, folder: Path, content: bytes, word: str = f"{TABLE}=", name: str = "my.csv") -> OwnDataError:
    (folder / name).write_bytes(content)
    with pytest.raises(OwnDataError) as caught:
        prepare(package, parse_requests([f"{word}{folder / name}"]), folder / "out")
    return caught.value


TITLES = "地区代码,时期,住房均价（元/平方米）,城镇居民人均可支配收入(元/年),月租金（元/平方米）,城镇居民住房公积金覆盖率（%）"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("header", [HEADER, TITLES], ids=["names", "titles"])
def test_encodings_and_titles_give_the_same_table(package: Package, tmp_path: Path, encoding: str, header: str) -> None:
    rows = prepared(package, tmp_path, f"{header}\r\n{ROWS}".encode(encoding))
    assert [list(r.values()) for r in rows] == [line.split(",") for line in ROWS.splitlines()]
    assert list(rows[0]) == HEADER.split(",")


def test_gbk_is_said(package: Package, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_bytes(f"{TITLES}\n{ROWS}".encode("gbk"))
    (table,) = prepare(package, parse_requests([f"{TABLE}={tmp_path / 'my.csv'}"]), tmp_path / "out")
    assert "GB18030" in str(table)
    assert "\n" not in str(table)


def test_order_blanks_and_missing_optional_columns(package: Package, tmp_path: Path) -> None:
    rows = prepared(package, tmp_path, "住房数据,,\n时期, 地区代码 ,price\n2021,450000,\u30006500 \n,,\n".encode())
    assert [{k: v for k, v in r.items() if v} for r in rows] == [{"ref_area": "450000", "time_period": "2021", "price": "6500"}]


@pytest.mark.parametrize(
    ("above", "named"),
    [("住房数据,,,,,", True), ("时期,,,,,", True), ("时期,地区代码,,,,", True), ("时期,地区代码,price,,,", False)],
    ids=["no name", "one name", "two names", "half of the names"],
)
def test_a_title_above_the_column_names_may_hold_some_of_them(package: Package, tmp_path: Path, above: str, named: bool) -> None:
    """A row is the one with the column names where it has more than twice as many as the first."""
    content = f"{above}\n{HEADER}\n{ROWS}".encode()
    if named:
        assert [r["price"] for r in prepared(package, tmp_path, content)] == ["6500", "15000"]
    else:
        assert {p.row for p in faults(package, tmp_path, content).problems} >= {2}


def test_every_fault_is_told_at_once_with_place_and_remedy(package: Package, tmp_path: Path) -> None:
    bad = f'{TITLES}\n450000,2021,"6,500",1,2,3\n45000,2021,1,1,abc,135\n450000,2021,,,,\n440000,2022年1月,1,2,3,4,5,=6\n'
    error = faults(package, tmp_path, bad.encode("gbk"))
    told = {(p.row, p.found, p.remedy) for p in error.problems}
    assert (2, "'6,500'", 'Did you mean "6500"?') in told
    assert {(p.row, p.column.split(" ")[-1]) for p in error.problems} >= {
        (2, "(price)"), (3, "(ref_area)"), (3, "(rent)"), (3, "(coverage)"), (4, "(time_period)"), (5, "(time_period)"), (5, ""),
    }  # fmt: skip
    assert any(p.row == 5 and p.remedy == 'Did you mean "2022-01"?' for p in error.problems)
    raw = (tmp_path / "out" / FAULTS).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(table) == len(error.problems) == 7
    assert not (tmp_path / "out" / "data").exists()
    assert "nothing was run" in str(error)


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_a_refused_command_leaves_what_an_earlier_one_made(project: Project, tmp_path: Path, command: str) -> None:
    out, bad, good = tmp_path / "out", tmp_path / "bad.csv", tmp_path / "good.csv"
    good.write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    bad.write_text(f"{HEADER}\n450000,2021,1_000,,,\n", encoding="utf-8")
    settle(prepare(Package(project), parse_requests([f"{TABLE}={good}"]), out), out)
    (out / "failures.csv").write_text("of the sweep before", encoding="utf-8")
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    base = ["--project", str(project.root), command, "housing_burden", "-o", str(out)]
    given = ["--grid", "rent=20"] if command == "sweep" else []
    assert main([*base, *given, "-d", f"{TABLE}={bad}"]) == 2
    assert (out / FAULTS).is_file()
    (out / FAULTS).unlink()
    for words in (["-p", "nothing=1"], ["-p", "city=nowhere"]):
        assert main([*base, *given, "-d", f"{TABLE}={good}", *words]) == 2
    if command == "sweep":
        (out / "runs.jsonl").write_text('{"id": "a", "chapter": "another"}\n', encoding="utf-8")
        assert main([*base, *given, "-d", f"{TABLE}={good}"]) == 2
        (out / "runs.jsonl").unlink()
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_folder_of_data_that_no_run_made_is_never_taken_for_one(package: Package, tmp_path: Path) -> None:
    """`-o .` in a project: its data folder is not what an earlier run has converted."""
    own = tmp_path / "data" / f"{TABLE}.csv"
    own.parent.mkdir()
    own.write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    with pytest.raises(InputError, match=r"that no run has made.*Name another folder with -o"):
        prepare(package, parse_requests([f"{TABLE}={own}"]), tmp_path)
    settle([], tmp_path)
    assert own.is_file()


def test_tables_of_a_run_give_way_to_those_of_the_next(package: Package, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    (table,) = settle(prepare(package, parse_requests([f"{TABLE}={tmp_path / 'my.csv'}"]), tmp_path / "out"), tmp_path / "out")
    assert table.path == tmp_path / "out" / "data" / f"{TABLE}.csv"
    assert table.path.is_file()
    settle([], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_failures_are_no_formulas(package: Package, tmp_path: Path) -> None:
    faults(package, tmp_path, f"{HEADER},=cmd|calc\n450000,2021,1,1,1,1,\n".encode())
    cells = [c for row in csv.reader((tmp_path / "out" / FAULTS).read_text("utf-8-sig").splitlines()) for c in row]
    assert "'=cmd|calc" in cells
    assert not any(c.startswith(("=", "+", "-", "@")) for c in cells)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty file"),
        (b"\xff\xff\xff,\x81", "byte 0x"),
        (f"{HEADER}\n".encode() + "广西,".encode() * 20 + b"\xb9\n", "byte 0xb9"),
        (f'{HEADER}\n"450000,2021\n'.encode(), "unexpected end of data"),
        (f"{HEADER}\n45\x000000,2021,1,1,1,1\n".encode(), "control character"),
        (f"{HEADER},price\n".encode(), "the column price a second time"),
        (b"ref_area,time_perod,price\n450000,2021,1\n", 'Did you mean "time_period"?'),
        (b"\xd0\xcf\x11\xe0old", "old or encrypted Excel"),
        (b"PK\x03\x04broken", "BadZipFile"),
        (b"PAR1broken", "a Parquet file"),
    ],
    ids=["empty", "binary", "damaged UTF-8", "open quote", "NUL", "twice", "misspelt", "xls", "zip", "parquet"],
)
def test_unreadable_files_are_explained(package: Package, tmp_path: Path, content: bytes, expected: str) -> None:
    assert expected in str(faults(package, tmp_path, content))


def test_a_missing_file_and_an_unknown_table_name_the_closest(package: Package, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r'Did you mean "prices\.csv"'):
        prepare(package, parse_requests([f"{TABLE}={tmp_path / 'price.csv'}"]), tmp_path / "out")
    with pytest.raises(InputError, match=f'Did you mean "{TABLE}"'):
        prepare(package, parse_requests([f"housing_province={tmp_path / 'prices.csv'}"]), tmp_path / "out")
    for words in (["x"], ["=y"], ["a=1", "a+=2"]):
        with pytest.raises(InputError):
            parse_requests(words)


def test_extending_keeps_what_is_known_by_the_date_and_refuses_its_keys(project: Project, tmp_path: Path) -> None:
    early = Package(project, as_of="2019-12-31")
    known = early.lines("observations")
    assert 0 < len(known) < len(Package(project).all_lines("observations"))
    names = [f["name"] for f in early.fields("observations")]
    new = {**known[0], "observation_id": "MY-1", "obs_value": "7"}
    text = ",".join(names) + "\n" + ",".join(new[n] for n in names) + "\n"
    rows = prepared(early, tmp_path, text.encode(), "observations+=")
    assert rows == [*known, new]
    error = faults(early, tmp_path, text.replace("MY-1", known[0]["observation_id"]).encode(), "observations+=")
    (problem,) = error.problems
    assert (problem.row, "a second time" in problem.found) == (2, True)


def test_a_replacement_may_not_lose_what_others_refer_to(package: Package, tmp_path: Path) -> None:
    header = "ref_area,name_zh,name_en,level,parent,code_system"
    error = faults(package, tmp_path, f"{header}\n450000,广西,,province,,\n".encode(), "areas=")
    assert any("figures.ref_area refers to" in p.expected and "100000" in p.found for p in error.problems)


def workbook(path: Path, rows: list[list[object]], sheet: str = TABLE) -> None:
    book = Workbook()
    book.active.title = "别的"
    book.active.append(["不相干"])
    target = book.create_sheet(sheet)
    for row in rows:
        target.append(row)
    book.save(path)


def test_a_workbook_gives_the_same_table(package: Package, tmp_path: Path) -> None:
    rows = [HEADER.split(","), [450000, datetime.datetime(2021, 3, 1), 6500.0, 38530, 20.1, 0.1 + 0.2]]
    workbook(tmp_path / "my.xlsx", rows)
    book = load_workbook(tmp_path / "my.xlsx")
    book[TABLE]["B2"].number_format = "yyyy-mm"
    book.save(tmp_path / "my.xlsx")
    (line,) = prepared(package, tmp_path, (tmp_path / "my.xlsx").read_bytes(), name="my.xlsx")
    assert list(line.values()) == ["450000", "2021-03", "6500", "38530", "20.1", "0.3"]


def test_formulas_without_values_and_errors_are_faults(package: Package, tmp_path: Path) -> None:
    workbook(tmp_path / "my.xlsx", [HEADER.split(","), ["450000", "2021", "=1+1", "#N/A", 1, 1]])
    error = faults(package, tmp_path, (tmp_path / "my.xlsx").read_bytes(), name="my.xlsx")
    assert [(p.row, p.column) for p in error.problems] == [(2, "C"), (2, "D")]


def test_parquet_gives_the_same_table(package: Package, tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (ref_area BIGINT, time_period DATE, price DOUBLE, rent DECIMAL(9, 3))")
        database.execute("INSERT INTO t VALUES (450000, '2021-03-01', 6500, 20.1), (440000, '2021-03-01', NULL, NULL)")
        database.execute(f"COPY t TO '{tmp_path / 'my.parquet'}' (FORMAT parquet)")
    rows = prepared(package, tmp_path, (tmp_path / "my.parquet").read_bytes(), name="my.parquet")
    assert list(rows[0].values()) == ["450000", "2021-03-01", "6500", "", "20.1", ""]
    assert len(rows) == 2


def test_cells_as_text() -> None:
    assert [as_text(v) for v in (None, True, 3.0, 1e20, float("nan"), -0.5)] == ["", "true", "3", "1e+20", "", "-0.5"]


def test_tables_that_a_chapter_reads(project: Project) -> None:
    housing, carbon = load_chapter(project, "housing_burden"), load_chapter(project, "carbon_market")
    assert is_read(project, housing, TABLE)
    assert is_read(project, carbon, "figures")
    assert not is_read(project, carbon, TABLE)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_every_template_is_its_own_empty_table(package: Package, tmp_path: Path, suffix: str) -> None:
    for table in ("observations", TABLE, "units", "figures"):
        path = write_template(package, table, tmp_path / f"{table}{suffix}")
        names = [f["name"] for f in package.fields(table)]
        if suffix == ".csv":
            assert path.read_bytes() == b"\xef\xbb\xbf" + ",".join(names).encode() + b"\r\n"
        (own,) = prepare(package, parse_requests([f"{table}+={path}"]), tmp_path / "out")
        assert own.rows == 0
    with pytest.raises(InputError, match="exists"):
        write_template(package, TABLE, tmp_path / f"{TABLE}{suffix}")


def test_a_workbook_template_explains_and_offers_values(package: Package, tmp_path: Path) -> None:
    path = write_template(package, "observations", tmp_path / "o.xlsx")
    book = load_workbook(path)
    notes = [[c.value for c in row] for row in book["说明"].iter_rows(min_row=6)]
    assert [row[0] for row in notes] == [f["name"] for f in package.fields("observations")]
    assert all(row[1] and row[2] for row in notes)
    lists = {str(v.sqref).split("2:")[0]: v for v in book["observations"].data_validations.dataValidation}
    heads = [f["name"] for f in package.fields("observations")]
    letter = chr(65 + heads.index("confidence"))
    assert lists[letter].type == "list"
    enum = next(f for f in package.fields("observations") if f["name"] == "confidence")["constraints"]["enum"]
    offered = [row[heads.index("confidence")].value for row in book["可选值"].iter_rows(min_row=2, max_row=1 + len(enum))]
    assert offered == enum
    assert path.read_bytes() == write_template(package, "observations", tmp_path / "again.xlsx").read_bytes()


def test_a_name_gets_its_code_and_a_pattern_is_told_in_words(package: Package, tmp_path: Path) -> None:
    row = {
        "observation_id": "O-9001", "indicator": "gdp", "ref_area": "南宁", "time_period": "2021年", "obs_value": "1",
        "unit_measure": "亿元", "obs_status": "A", "publisher": "统计局", "title": "公报", "published_by": "22/1/31",
        "confidence": "high", "vintage": "", "note": "",
    }  # fmt: skip
    content = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    error = faults(package, tmp_path, content, word="observations+=")
    told = {p.column: p for p in error.problems}
    assert told["ref_area"].remedy == 'Did you mean "450100" (南宁市)?'
    assert told["time_period"].expected.startswith("a period such as 2022, 2022-S1")
    assert told["published_by"].expected == "a date such as 2022-01-31"
    assert str(error).splitlines()[-1].startswith("3 faults; nothing was run.")


def test_an_empty_template_is_refused_before_anything_runs(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = str(tmp_path / "own.xlsx")
    assert main(["--project", str(project.root), "template", "visitor_measures", "-o", own]) == 0
    assert f"then: decisionbook run visitor_flow -d visitor_measures={own}" in capsys.readouterr().out
    words = ["run", "visitor_flow", "-d", f"visitor_measures={own}", "-o", str(tmp_path / "out")]
    assert main(["--project", str(project.root), *words]) == 2
    said = capsys.readouterr()
    assert "own.xlsx: found column names and no rows; expected rows of data. Fill it in." in said.err
    assert "running" not in said.out
