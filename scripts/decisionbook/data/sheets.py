"""An analyst's file as a grid of text: CSV in whatever encoding Excel saved it, XLSX, Parquet."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, counted
from .archives import DAMAGE, LARGEST_WORKBOOK, TooLarge, check_unpacked, damage
from .bulk import database, literal
from .text import TEXT_EXPECTED, no_file, text_fault

_BLANK = " \t\r\n\u3000\xa0\ufeff"
Rows = Iterator[tuple[int, list[str]]]
# What a format of Excel prints as it stands: [Red], "%", \%, and the fillers _) and *-.
_LITERAL = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|[\\_*].|am/pm|a/p", re.IGNORECASE | re.DOTALL)
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SHEET = re.compile(r"xl/worksheets/.*\.xml", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f[ >]")
# A sheet of Excel, WPS or LibreOffice has no more.
_MOST_ROWS = 1_048_576


@dataclass
class Grid:
    """The cells of a file as text, row by row; `numbers` are the rows' numbers as a spreadsheet shows them.

    Rows without any content are left out. `percent` are the columns in which Excel shows percentages: such a cell is `35%`.
    `notes` say in one line each what was decided while reading.
    """

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    percent: set[int] = field(default_factory=set)

    def add(self, number: int, cells: Sequence[str]) -> int:
        """Append a row, stripped of blanks around its cells, unless it is empty; return how many cells were stripped."""
        plain = [cell.strip(_BLANK) for cell in cells]
        if any(plain):
            self.rows.append(plain)
            self.numbers.append(number)
        return 0 if plain == cells else sum(cell != stripped for cell, stripped in zip(cells, plain, strict=True) if stripped)


def read_grid(path: Path, sheets: Sequence[str] = ()) -> Grid:
    """Return the cells of a file; what it is, its first bytes say. `sheets` name the sheet of a workbook to prefer.

    Raises InputError with every fault that keeps the file from being read.
    """
    if not path.is_file():
        raise InputError(no_file(path, "a CSV, XLSX or Parquet file"))
    raw = path.read_bytes()
    if raw.startswith(_OLD_EXCEL):
        remedy = "Open it in Excel or WPS and save it as .xlsx; a workbook with a password must be saved without one."
        raise InputError(Problem(str(path), "an old or encrypted Excel file", "a CSV, XLSX or Parquet file", remedy))
    grid = Grid()
    problems: list[Problem] = []
    reader = _workbook if raw.startswith(b"PK") else _parquet if raw.startswith(b"PAR1") else _csv
    stripped = 0
    for number, cells in reader(path, raw, sheets, grid, problems):
        stripped += grid.add(number, cells)
        if not text_fault("".join(cells)):
            continue  # nothing in the whole row: a million rows are not looked at cell by cell
        problems += [
            Problem(str(path), found, TEXT_EXPECTED, "Remove or shorten it.", number, letter(index))
            for index, cell in enumerate(cells)
            if (found := text_fault(cell))
        ]
    if not problems and not grid.rows:
        problems.append(Problem(str(path), "an empty file", "a row of column names and rows of data"))
    if problems:
        raise InputError(problems)
    if stripped:
        grid.notes.append(f"blanks around {counted(stripped, 'cell')} removed")
    return grid


def unplaced(path: Path, grid: Grid, start: int = 0) -> list[Problem]:
    """Return the cells that stand under no name: beyond the last name in the row at `start`, or in a column without one."""
    header = grid.rows[start]
    width = max((index for index, head in enumerate(header) if head), default=-1) + 1
    nameless = [index for index in range(width) if not header[index]]
    filled: set[int] = set()
    problems: list[Problem] = []
    for row, number in zip(grid.rows[start + 1 :], grid.numbers[start + 1 :], strict=True):
        if len(row) > width and (extra := [cell for cell in row[width:] if cell]):
            found = f"{counted(len(row), 'cell')} ({extra[0]!r} …)"
            remedy = "Put a cell that holds a comma in quotation marks, or give the column a name."
            problems.append(Problem(str(path), found, counted(width, "cell"), remedy, number))
        filled.update(index for index in nameless if index < len(row) and row[index])
    if filled:
        where, expected = ", ".join(map(letter, sorted(filled))), "a name for every column that is filled"
        problems.insert(0, Problem(str(path), "no name", expected, "Name it or remove it.", grid.numbers[start], where))
    return problems


def letter(index: int) -> str:
    """Return the letters by which a spreadsheet names a column: 0 gives A, 27 gives AB."""
    text, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


# ---- CSV --------------------------------------------------------------------------------------


def _csv(path: Path, raw: bytes, sheets: Sequence[str], grid: Grid, problems: list[Problem]) -> Rows:
    text = _decoded(path, raw, grid.notes, problems)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "," if "," in first else next((d for d in "\t;，" if d in first), ",")
    if delimiter != ",":
        grid.notes.append(f"columns separated by {delimiter!r}")
    number = 0
    try:
        # Strict: a quote that is never closed would swallow the rest of the file as one cell.
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1):
            yield number, cells
    except csv.Error as error:
        remedy = "Close every quotation mark; a quotation mark inside a cell is doubled."
        problems.append(Problem(str(path), str(error), "cells in CSV", remedy, number + 1))


def _decoded(path: Path, raw: bytes, notes: list[str], problems: list[Problem]) -> str:
    """Return the text of a file in UTF-8 or UTF-16, with or without byte-order mark, or GB18030 (which GBK is part of)."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        notes.append("read as UTF-16")
        return raw.decode("utf-16", "replace")
    if encoding := _unmarked_utf16(raw):
        notes.append("read as UTF-16, which the file does not say of itself")
        return raw.decode(encoding)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = error
    loose = raw.decode("utf-8-sig", "replace")
    bad = loose.count("\ufffd")
    # UTF-8 with a damaged place also decodes as GB18030, into nonsense: text of which most is UTF-8 is UTF-8.
    if sum(character > "\x7f" for character in loose) - bad <= bad:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            fault = error
        else:
            notes.append("read as GB18030 (GBK), the encoding of Chinese Excel")
            return text
    row = raw[: fault.start].count(b"\n") + 1
    found = f"byte 0x{raw[fault.start]:02x}, which is no character"
    problems.append(Problem(str(path), found, "text in UTF-8 or GBK", "Save the file as “CSV UTF-8”.", row))
    return ""


def _unmarked_utf16(raw: bytes) -> str:
    """Return the UTF-16 that a file without a byte-order mark is in, an empty text for another encoding.

    Digits, commas and line ends have a NUL as their one half, always the same; other files have next to none.
    """
    nuls, even = raw.count(0), raw[::2].count(0)
    if nuls < 4 or nuls * 20 < len(raw) or len(raw) % 2 or even not in (0, nuls):
        return ""
    encoding = "utf-16-be" if even else "utf-16-le"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return ""
    return encoding if "\n" in text and "\0" not in text else ""


# ---- XLSX -------------------------------------------------------------------------------------


def _workbook(path: Path, raw: bytes, sheets: Sequence[str], grid: Grid, problems: list[Problem]) -> Rows:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            check_unpacked(archive, archive.namelist(), LARGEST_WORKBOOK)
            formulas = any(_holds_formulas(archive, name) for name in archive.namelist() if _SHEET.fullmatch(name))
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        visible = [s for s in book.worksheets if s.sheet_state == "visible"] or book.worksheets
        chosen = next((s for s in visible if s.title in sheets), visible[0])
        if len(visible) > 1:
            grid.notes.append(f"sheet {chosen.title!r} of {len(visible)}")
        unsaved = _formulas(load_workbook(io.BytesIO(raw), read_only=True)[chosen.title]) if formulas else {}
        dated: set[str] = set()
        for number, row in _rows_of(chosen):
            for index, cell in enumerate(row):
                found = remedy = ""
                if cell.value is None and (number, index) in unsaved:
                    found, remedy = f"the formula {unsaved[number, index]} without a value", "Save the file once in Excel or WPS."
                elif getattr(cell, "data_type", "") == "e":
                    found, remedy = f"the error {cell.value}", "Correct the formula."
                elif isinstance(cell.value, datetime.datetime):
                    dated.add(letter(index))
                elif as_percent(cell.value, getattr(cell, "number_format", "")):
                    grid.percent.add(index)
                if found:
                    problems.append(Problem(str(path), found, "a value", remedy, number, letter(index)))
            yield number, [as_text(cell.value, getattr(cell, "number_format", "")) for cell in row]
        if dated:
            where = ", ".join(sorted(dated))
            grid.notes.append(f"Excel dates in column {where} written as shown: 2022-01-31, 2022-01 or 2022")
    except TooLarge as error:
        expected = f"a workbook of at most {LARGEST_WORKBOOK / 1e6:,.0f} MB"
        problems.append(Problem(str(path), str(error), expected, "Save the sheet that is needed as CSV or Parquet."))
    except DAMAGE as error:
        remedy = "Fetch it again, or open it in Excel or WPS and save it as a new workbook (.xlsx)."
        problems.append(Problem(str(path), damage(error), "an XLSX workbook", remedy))


def _holds_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    """Return whether a sheet has formulas; it is looked through piece by piece, a large one is never held whole."""
    before = b""
    with archive.open(name) as part:
        while piece := part.read(1 << 20):
            piece = before + piece
            if _FORMULA.search(piece):
                return True
            before = piece[-32:]
    return False


def _rows_of(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a sheet with their numbers, all that there are: the size that a sheet says it has may be another's."""
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > _MOST_ROWS:
            raise ValueError(f"a row beyond {_MOST_ROWS:,}, which no spreadsheet has")
        yield number, row


def _formulas(sheet: Any) -> dict[tuple[int, int], str]:
    """Return the formulas of a sheet by row number and index of the column."""
    return {
        (number, index): str(cell.value)[:40]
        for number, row in _rows_of(sheet)
        for index, cell in enumerate(row)
        if getattr(cell, "data_type", "") == "f"
    }


# ---- Parquet ----------------------------------------------------------------------------------


def _parquet(path: Path, raw: bytes, sheets: Sequence[str], grid: Grid, problems: list[Problem]) -> Rows:
    import duckdb

    try:
        with database() as cells:
            found = cells.execute("SELECT * FROM read_parquet(?)", [literal(path)])
            names = [column[0] for column in found.description or []]
            rows = found.fetchall()
    except duckdb.Error as error:
        problems.append(Problem(str(path), str(error).splitlines()[0], "a Parquet file"))
        return
    yield 1, [str(name) for name in names]
    for number, row in enumerate(rows, start=2):
        yield number, [as_text(value) for value in row]


# ---- Cells ------------------------------------------------------------------------------------


def as_text(value: Any, number_format: str = "") -> str:
    """Return a typed cell as the text that a CSV of ours holds: no trailing .0, dates as ISO, truth as true and false.

    `number_format` is Excel's: a date of which no day is shown is a month or a year, and 0.35 that shows as 35% is `35%`.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if percent := as_percent(value, number_format):
        return percent
    if isinstance(value, float):
        if not math.isfinite(value):
            return "" if math.isnan(value) else str(value)
        # A spreadsheet keeps 15 digits; what follows is binary noise.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, decimal.Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime.datetime):
        if number_format and (pattern := _precision(number_format)):
            return f"{value:{pattern}}"
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def as_percent(value: Any, number_format: str) -> str:
    """Return a number that Excel shows as a percentage as that, `35%` for 0.35; an empty text for any other cell."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _shows_percent(number_format):
        return ""
    # Decimal, of the 15 digits that a spreadsheet keeps: 0.285 times 100 is 28.499999999999996 in binary.
    return f"{(decimal.Decimal(f'{value:.15g}') * 100).normalize():f}%" if math.isfinite(value) else ""


@lru_cache(maxsize=256)
def _shows_percent(number_format: str) -> bool:
    return "%" in _LITERAL.sub("", number_format)


@lru_cache(maxsize=256)
def _precision(number_format: str) -> str:
    """Return how a date is written of which this format shows no day, for strftime; an empty text where it shows one."""
    shown = _LITERAL.sub("", number_format).lower()
    if "d" in shown or "aaa" in shown:  # aaa is the day of the week in Chinese Excel
        return ""
    if "h" in shown or "s" in shown:
        return ""
    return "%Y-%m" if "m" in shown else "%Y"
