"""A workbook's sheets, before one of them is read: which of them is meant, and the cells in it that are merged."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, one_of
from .archives import DAMAGE, LARGEST_WORKBOOK, TooLarge, check_unpacked
from .own_columns import HEADER_ROWS, fields_named, required
from .package import Package
from .sheets import Grid, as_text, letter

_ZIP = b"PK"
_CELL = r"([A-Z]{1,3})([0-9]{1,7})"
_MERGED = re.compile(rb"<(?:\w{1,20}:)?mergeCell\s[^>]{0,200}?\bref=[\"']([A-Z0-9:]{4,23})[\"']")
_RANGE = re.compile(f"{_CELL}:{_CELL}")
# What is longer than any element of that kind, so that none is cut where two pieces of a sheet meet.
_OVERLAP = 300
# Of a sheet whose table begins lower than that nothing is told in advance.
_TOP = 200
_MOST = 200


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook: its title, its part of the archive, and the titles of all that are visible."""

    title: str
    part: str
    titles: tuple[str, ...]
    # Whether it is read because the table's name or columns say so, not because it is the first.
    fits: bool = True


def sheet_of(path: Path, table: str, package: Package) -> Sheet | None:
    """Return the sheet that is meant: named like the table, or the one that has its columns, or else the first.

    None for a file that is no workbook, or a damaged one: what is wrong with it, the reading tells. Raises InputError
    where several sheets have the columns.
    """
    try:
        raw = path.read_bytes()
        if not raw.startswith(_ZIP):
            return None
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            check_unpacked(archive, archive.namelist(), LARGEST_WORKBOOK)
        parts = _visible(raw)
        titles = tuple(parts)
        title = package.resource(table).get("title", "")
        # A sheet's title has at most 31 characters.
        fit = [t for t in titles if t in (table, title, table[:31], title[:31])][:1]
        if not fit:
            fit = list(titles) if len(titles) == 1 else _with_columns(raw, titles, table, package)
    except (TooLarge, *DAMAGE):
        return None
    if len(fit) > 1:
        found, expected = f"the columns of {table} on the sheets {one_of(fit)}", "one sheet that is the table"
        raise InputError(Problem(str(path), found, expected, f"Name the sheet that is meant {table}."))
    if not titles:
        return None
    chosen = fit[0] if fit else titles[0]
    return Sheet(chosen, parts[chosen], titles, bool(fit))


def _visible(raw: bytes) -> dict[str, str]:
    """Return the visible sheets of cells, all when none is visible, with their parts of the archive."""
    from openpyxl.reader.excel import ExcelReader

    reader: Any = ExcelReader(io.BytesIO(raw), read_only=True)
    reader.read_manifest()
    reader.read_workbook()
    sheets = [
        (sheet, relation.target)
        for sheet, relation in reader.parser.find_sheets()
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type
    ]
    shown = [(sheet, part) for sheet, part in sheets if sheet.state == "visible"] or sheets
    return {sheet.name: part for sheet, part in shown}


def _with_columns(raw: bytes, titles: Sequence[str], table: str, package: Package) -> list[str]:
    """Return the sheets that have the columns of a table near their top, in their order."""
    from openpyxl import load_workbook

    fields, must = package.fields(table), required(package, table)
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    fit: dict[str, set[str]] = {}
    for title in titles:
        sheet = book[title]
        sheet.reset_dimensions()
        rows = ([as_text(cell.value) for cell in row] for row in itertools.islice(sheet.iter_rows(), _TOP))
        top = itertools.islice((row for row in rows if any(row)), HEADER_ROWS)
        fit[title] = max((fields_named(row, fields) for row in top), key=len, default=set())
    best = max(fit.values(), key=len)
    if len(best) < min(2, len(fields)):
        return []
    # A sheet of lists for some of the columns, as a template has one, is not the table.
    return [title for title in titles if 2 * len(fit[title]) > len(best) and best & must <= fit[title]]


# ---- Merged cells -----------------------------------------------------------------------------


def merged_cells(path: Path, sheet: Sheet, grid: Grid, start: int) -> list[Problem]:
    """Return the merged cells from the column names (the row at `start`) down: all but one of their cells are empty.

    A merged title above the column names is none of them.
    """
    problems: list[Problem] = []
    width = max((index for index, head in enumerate(grid.rows[start]) if head), default=-1) + 1
    for (left, top), (right, bottom) in itertools.islice(_merges(path, sheet.part), 100 * _MOST):
        if bottom < grid.numbers[start] or top > grid.numbers[-1] or left > width or len(problems) == _MOST:
            continue
        columns = letter(left - 1) if left == right else f"{letter(left - 1)}–{letter(right - 1)}"
        rows = f"row {top}" if top == bottom else f"rows {top} to {bottom}"
        found = f"merged cells on the sheet {sheet.title!r}, {rows}"
        remedy = "Unmerge them and fill each row." if top < bottom else "Unmerge them and fill each cell."
        problems.append(Problem(str(path), found, "each cell by itself", remedy, top, columns))
    return sorted(problems, key=lambda p: (p.row or 0, p.column))


def _merges(path: Path, part: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the merged ranges of a sheet as (column, row) of both corners; it is looked through piece by piece."""
    before, seen = b"", set[bytes]()
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
            while piece := stream.read(1 << 20):
                piece = before + piece
                found = _MERGED.findall(piece) if b"mergeCell" in piece else []
                for text in found:
                    if text not in seen and (match := _RANGE.fullmatch(text.decode("ascii"))):
                        seen.add(text)
                        yield (_column(match[1]), int(match[2])), (_column(match[3]), int(match[4]))
                before = piece[-_OVERLAP:]
    except DAMAGE:
        return


def _column(letters: str) -> int:
    number = 0
    for character in letters:
        number = 26 * number + ord(character) - 64
    return number
