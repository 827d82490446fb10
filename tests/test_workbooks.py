"""Workbooks and Parquet files of an analyst: read to their last row, and told what is wrong where they cannot be read."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from openpyxl import Workbook

from decisionbook.cli import main
from decisionbook.data import archives, sheets
from decisionbook.data.bulk import suspects
from decisionbook.data.sheets import read_grid
from decisionbook.errors import InputError, Problem
from decisionbook.intake.documents import read_file
from decisionbook.project import Project

SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: int = 14) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for number in range(rows):
        book.active.append([f"name{number}", number * 1.5, "文字", "x"])
    book.save(out)
    return out.getvalue()


def altered(raw: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return an archive whose parts are changed; None leaves a part out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def in_sheet(pattern: bytes, by: bytes) -> bytes:
    def change(name: str, content: bytes) -> bytes:
        found = re.sub(pattern, by, content) if name == SHEET else content
        assert name != SHEET or found != content
        return found

    return altered(workbook(), change)


# ---- Rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [b"A1", b"A1:H4", b"A1:B2", b"A1:XFD1048576"])
def test_a_sheet_is_read_to_its_end_whatever_size_it_says(tmp_path: Path, size: bytes) -> None:
    path = tmp_path / "my.xlsx"
    path.write_bytes(in_sheet(b'<dimension ref="[^"]*"', b'<dimension ref="' + size + b'"'))
    grid = read_grid(path)
    assert (len(grid.rows), {len(row) for row in grid.rows}, grid.numbers[-1]) == (14, {4}, 14)


@pytest.mark.parametrize("prefix", [b"", b"x:"])
def test_a_formula_beyond_the_size_that_a_sheet_says_is_seen(tmp_path: Path, prefix: bytes) -> None:
    path = tmp_path / "my.xlsx"
    formula = b'<c r="B14"><f>A1</f></c>'
    raw = in_sheet(b'<c r="B14".*?</c>', formula)

    def change(name: str, content: bytes) -> bytes:
        if name != SHEET:
            return content
        content = re.sub(b'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', content)
        if prefix:
            content = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1" + prefix, content).replace(b"xmlns=", b"xmlns:x=", 1)
        return content

    path.write_bytes(altered(raw, change))
    with pytest.raises(InputError, match="row 14, column B: found the formula =A1 without a value"):
        read_grid(path)


def test_a_formula_is_seen_where_two_pieces_of_a_sheet_meet(tmp_path: Path) -> None:
    for shift in range(12):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("a.xml", b"x" * ((1 << 20) - shift) + b"<x12345:f >")
        with zipfile.ZipFile(made) as archive:
            assert sheets._holds_formulas(archive, "a.xml")


def test_a_row_beyond_what_a_spreadsheet_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_MOST_ROWS", 13)
    path = tmp_path / "my.xlsx"
    path.write_bytes(workbook())
    with pytest.raises(InputError, match="a row beyond 13"):
        read_grid(path)


# ---- Damage -----------------------------------------------------------------------------------


def test_no_damage_to_a_workbook_is_a_traceback(tmp_path: Path) -> None:
    """Bytes anywhere, parts cut, dropped, emptied or replaced: read, or refused with a remedy."""
    path, raw, seeded = tmp_path / "my.xlsx", workbook(), random.Random(3)
    damaged: list[bytes] = []
    for _ in range(150):
        content = bytearray(raw)
        for _ in range(seeded.randint(1, 6)):
            content[seeded.randrange(len(content))] = seeded.randrange(256)
        damaged.append(bytes(content))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
    for part in names:
        for harm in (lambda c: c[: len(c) // 2], lambda c: None, lambda c: b"<a>&nbsp;</a>", lambda c: b"", lambda c: b"<a/>"):
            damaged.append(altered(raw, lambda name, content, part=part, harm=harm: harm(content) if name == part else content))
    told: list[Problem] = []
    for content in damaged:
        path.write_bytes(content)
        try:
            read_grid(path)
        except InputError as error:
            told += error.problems
    assert len(told) > 50
    assert [p for p in told if not p.remedy and p.found != "an empty file"] == []


@pytest.mark.parametrize("command", ["run", "sweep", "intake"])
def test_a_damaged_workbook_ends_a_command_with_the_file_and_a_remedy(
    project: Project, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.xlsx"
    path.write_bytes(altered(workbook(), lambda name, content: content[: len(content) // 2] if name == SHEET else content))
    words = {
        "run": ["run", "housing_burden", "-d", f"housing_provinces={path}", "-o", str(tmp_path / "out")],
        "sweep": ["sweep", "housing_burden", "--table", str(path), "-o", str(tmp_path / "out")],
        "intake": ["intake", "--apply", str(path)],
    }[command]
    assert main(["--project", str(project.root), *words]) == 2
    said = capsys.readouterr().err
    assert f"{path}: found a damaged file (" in said
    assert "save it as a new workbook (.xlsx)" in said


@pytest.mark.parametrize(("name", "limit"), [("my.xlsx", "LARGEST_WORKBOOK"), ("my.docx", "LARGEST_DOCUMENT")])
def test_a_small_file_that_unpacks_beyond_measure_is_refused_unread(tmp_path: Path, name: str, limit: str) -> None:
    path, most = tmp_path / name, getattr(archives, limit)
    part = SHEET if name == "my.xlsx" else "word/document.xml"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, b"<a/>")
    raw = path.read_bytes()
    # The size of a part in the directory, where the program that unpacks it looks.
    place = raw.index(b"PK\x01\x02") + 24
    path.write_bytes(raw[:place] + (most + 1).to_bytes(4, "little") + raw[place + 4 :])
    with pytest.raises(InputError, match=rf"{most // 10**6:,} MB when unpacked; expected a \w+ of at most {most // 10**6:,} MB"):
        (read_grid if name == "my.xlsx" else read_file)(path)


# ---- Names of files ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["d[1]", "a*", "q?", "z]", "[!a]"])
def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path
    for stem, value in ((name, 1), ("d1", 2), ("ab", 2), ("qx", 2), ("z", 2), ("b", 2)):
        duckdb.sql(f"SELECT {value} AS x").write_parquet(str(folder / "t"))
        (folder / "t").rename(folder / f"{stem}.parquet")
        (folder / f"{stem}.csv").write_text("x\n" if value == 2 else "x\n\n", encoding="utf-8")
    assert read_grid(folder / f"{name}.parquet").rows == [["x"], ["1"]]
    field = {"name": "x", "type": "string", "constraints": {"required": True}}
    assert suspects(folder / f"{name}.csv", [field], [], {}, 5) == [2]
