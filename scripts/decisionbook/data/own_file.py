"""An analyst's file as the cells of one table: the sheet that is meant, its merged cells, text that was decoded wrongly."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError, Problem
from .own_columns import Columns, columns_of, header_row
from .package import Package
from .sheets import Grid, read_grid, unplaced
from .text import LONGEST
from .workbook_shape import merged_cells, sheet_of

# Of text in GB18030 the characters that no font has are next to none; of Big5 that is read as such, a sixth and more.
_HARDLY = 0.1
_SAMPLE = 5000
_NO_CSV = (b"PK\x03\x04", b"PAR1")


@dataclass
class OwnFile:
    """The rows of a file, that of the column names being at `start`, and which column is which; with all faults so far."""

    grid: Grid
    start: int
    columns: Columns
    problems: list[Problem] = field(default_factory=list)


def read_own(path: Path, table: str, package: Package) -> OwnFile:
    """Read a file for a table. Raises InputError with every fault that keeps it from being read."""
    sheet = sheet_of(path, table, package)
    try:
        grid = read_grid(path, (sheet.title,) if sheet else ())
    except InputError as error:
        in_csv = path.is_file() and path.read_bytes()[:4] not in _NO_CSV
        raise InputError([_plainly(problem, in_csv) for problem in error.problems]) from error
    if problem := _wrongly_decoded(path, grid):
        raise InputError(problem)
    start = header_row(grid.rows, package.fields(table))
    columns = columns_of(grid.rows[start], grid.numbers[start], str(path), table, package)
    problems = list(columns.problems)
    if sheet:
        if problems and not sheet.fits:
            listed = ", ".join(repr(title) for title in sheet.titles)
            found = f"the sheets {listed}, and read the first"
            problems.insert(0, Problem(str(path), found, f"a sheet with the columns of {table}", f"Name that sheet {table}."))
        problems += merged_cells(path, sheet, grid, start)
    if columns.heads:
        problems += unplaced(path, grid, start)
    return OwnFile(grid, start, columns, problems)


def _plainly(problem: Problem, in_csv: bool) -> Problem:
    """Return what is said of a cell without end in words that name both of its causes in CSV."""
    limited = problem.found.startswith("field larger than field limit")
    if not limited and not (in_csv and problem.found.startswith("a text of ")):
        return problem
    found = "a cell of more than 131,072 characters" if limited else problem.found
    remedy = "Close the quotation mark before it if one is left open; if it is not, shorten the cell."
    return replace(problem, found=found, expected=f"cells of at most {LONGEST:,} characters", remedy=remedy)


def _wrongly_decoded(path: Path, grid: Grid) -> Problem | None:
    """Return the fault of text that was read as GB18030 and is not: a tenth of it characters that no font has."""
    if not any("GB18030" in note for note in grid.notes):
        return None
    count = strange = 0
    row, sample = None, ""
    for number, cells in itertools.islice(zip(grid.numbers, grid.rows, strict=True), _SAMPLE):
        text = "".join(cells)
        if text.isascii():
            continue
        here = sum("\ue000" <= character <= "\uf8ff" for character in text)
        count, strange = count + sum(character > "\x7f" for character in text), strange + here
        if here and row is None:
            row, sample = number, next(cell for cell in cells if any("\ue000" <= character <= "\uf8ff" for character in cell))
    if strange <= _HARDLY * count:
        return None
    guess = sample.encode("gb18030").decode("big5", "replace")[:20]
    found = "text in another encoding" + (f", perhaps Big5 ({guess!r})" if "\ufffd" not in guess else "")
    return Problem(str(path), found, "text in UTF-8 or GBK", "Save the file as “CSV UTF-8”.", row)
