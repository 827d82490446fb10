"""An analyst's own tables for one run: read, brought into the schema's order, validated with all faults at once."""

from __future__ import annotations

import itertools
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, counted, one_of
from ..project import Project
from .declarations import Chapter
from .own_file import read_own
from .package import Package
from .sheets import letter
from .text import number_in, write_for_excel, write_rows

FAULTS = "data-faults.csv"
_DATA, _STAGED, _OLD = "data", ".data.new", ".data.old"
# Stands in a folder of converted tables, so that no other folder of that name is ever taken for one and removed.
_MARK = ".made-by-decisionbook"
_COLUMNS = ("file", "row", "column", "found", "expected", "remedy")
# What is printed; the CSV of failures has them all.
SHOWN = 40
# A file that breaks the schema in every row is a file of another kind.
MOST = 2000
# Read for every chapter by the notebook module itself.
_ALWAYS_READ = frozenset({"areas", "figures", "indicators", "qualifiers", "sources", "units"})
_UNITS = re.compile(r"[,，_\s]|(?:%|％|元|万|亿|人|个|座|户)+$")
_PERCENT = re.compile(r"[（(][%％][）)]$")
_NO_PERCENT = "Excel shows it as a percentage: format the column as a plain number."
_DATE = re.compile(r"(\d{4})(?:\s*[./年-]\s*(\d{1,2})(?:\s*[./月-]\s*(\d{1,2}))?)?\s*[年月日]?")


@dataclass(frozen=True)
class Request:
    """A file that replaces a table of the Data Package in one run, or is appended to it (`extend`)."""

    table: str
    file: Path
    extend: bool = False


@dataclass(frozen=True)
class OwnTable:
    """A table as the run reads it: where it lies, how many rows are the analyst's, what is to be said about it."""

    request: Request
    path: Path
    rows: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        verb = "added to" if self.request.extend else "in the place of"
        notes = "".join(f"; {note}" for note in self.notes)
        return f"{self.request.file}: {counted(self.rows, 'row')} {verb} the table {self.request.table}{notes}"


class OwnDataError(InputError):
    """An analyst's files break the schema; the faults are in `problems` and in the CSV at `table`.

    They are all that there are, or else `more` says so: of a file that breaks the schema in every row, MOST are told.
    """

    def __init__(self, problems: Sequence[Problem], table: Path | None = None, more: str = "") -> None:
        super().__init__(problems)
        self.table = table
        self.more = more

    def __str__(self) -> str:
        lines = [str(p) for p in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"… and {len(self.problems) - SHOWN} more")
        count = f"{len(self.problems):,} fault{'' if len(self.problems) == 1 else 's'}"
        count = f"the first {count}; {self.more}" if self.more else count
        where = f" {'These' if self.more else 'All of them'} as a table: {self.table}" if self.table else ""
        lines.append(f"{count}; nothing was run.{where}")
        return "\n".join(lines)


def parse_requests(words: Iterable[str], extended: Iterable[str] = ()) -> list[Request]:
    """Return what the command line asks for: `table=file`, or, to append, `table+=file` or a word of `extended`.

    Raises InputError with every word that is neither, and for a table that is named twice.
    """
    requests: list[Request] = []
    problems: list[Problem] = []
    for option, word in [*(("-d", w) for w in words), *(("--extend", w) for w in extended)]:
        table, sign, file = word.partition("=")
        extend = option == "--extend" or table.endswith("+")
        table = table.removesuffix("+").strip()
        if not sign or not table or not file:
            problems.append(Problem(option, repr(word), "TABLE=FILE", "Name the table that the file stands for."))
        elif table in {r.table for r in requests}:
            problems.append(Problem(option, f"the table {table} a second time", "each table once", "Put both into one file."))
        else:
            requests.append(Request(table, Path(file), extend))
    if problems:
        raise InputError(problems)
    return requests


def prepare(package: Package, requests: Sequence[Request], folder: Path) -> list[OwnTable]:
    """Convert the requested files to clean CSV, validate them, and return them; `settle` puts them in place.

    `package` is the project's, with the run's date. Nothing that a run left in `folder` is touched. Raises OwnDataError
    with every fault in every file, after writing `folder`/data-faults.csv.
    """
    if not requests:
        return []
    if (folder / _DATA).exists() and not _is_ours(folder / _DATA):
        found = f"a folder {folder / _DATA} that no run has made"
        raise InputError(Problem("-o", found, "a folder for results alone", "Name another folder with -o."))
    _discard(folder)
    target = folder / _STAGED
    target.mkdir(parents=True)
    (target / _MARK).touch()
    problems: list[Problem] = []
    converted: list[_Converted] = []
    for request in requests:
        try:
            converted.append(_convert(package, request, target / f"{request.table}.csv"))
            problems += converted[-1].problems
        except InputError as error:
            problems += error.problems
    replaced = Package(package.project, {c.request.table: c.path for c in converted}, package.as_of)
    for table in converted:
        problems += table.faults(replaced)
        if not table.request.extend and not table.problems:
            problems += _lost(replaced, table)
    if problems:
        _discard(folder)
        write_faults(problems, folder / FAULTS)
        raise OwnDataError(problems, folder / FAULTS, max((table.more for table in converted), default=""))
    return [OwnTable(c.request, c.path, len(c.numbers), tuple(c.notes)) for c in converted]


def settle(own: Sequence[OwnTable], folder: Path) -> list[OwnTable]:
    """Put prepared tables in the place of those of an earlier run in `folder`, and return them where they lie then."""
    target, staged, old = folder / _DATA, folder / _STAGED, folder / _OLD
    shutil.rmtree(old, ignore_errors=True)
    if _is_ours(target):
        target.rename(old)
    if own:
        staged.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    (folder / FAULTS).unlink(missing_ok=True)
    return [replace(table, path=target / table.path.name) for table in own]


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Remove at the end what was prepared in `folder` and not settled."""
    try:
        yield
    finally:
        _discard(folder)


def _discard(folder: Path) -> None:
    shutil.rmtree(folder / _STAGED, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return (folder / _MARK).is_file()


def is_read(project: Project, chapter: Chapter, table: str) -> bool:
    """Return whether a chapter says that it reads a table, in its declaration or in its notebook."""
    return table in _ALWAYS_READ or declares(project, chapter, table)


def declares(project: Project, chapter: Chapter, table: str) -> bool:
    """Return whether a chapter itself names a table that it reads, or reads official statistics."""
    if table in chapter.tables:
        return True
    code = project.notebook(chapter.name).read_text(encoding="utf-8")
    by_module = table == "observations" and re.search(r"\bnb\.(find|value|observations)\(", code)
    return bool(by_module) or bool(re.search(rf"""tables\(\\?["']{re.escape(table)}\b""", code))


def write_faults(problems: Iterable[Problem], path: Path) -> None:
    """Write problems as a CSV that Excel opens."""
    rows = (problem.as_row() for problem in problems)
    write_for_excel(path, [_COLUMNS, *([row[name] for name in _COLUMNS] for row in rows)])


# ---- Conversion -------------------------------------------------------------------------------


@dataclass
class _Converted:
    """A file in the schema's order. `before` counts the package's own rows, which come first when a table is extended."""

    request: Request
    path: Path
    before: int
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    heads: Mapping[str, str]
    notes: list[str]
    problems: list[Problem]
    # By field, the columns in which Excel shows percentages.
    percent: frozenset[str] = frozenset()
    # What is to be said of faults beyond those that are told.
    more: str = ""

    def faults(self, package: Package) -> list[Problem]:
        """Return the breaches of the schema in the analyst's own words: file, row and column as in their file."""
        if not self.heads:
            return []  # a file of another table: none of its cells would be where it belongs
        fields = {f["name"]: f for f in package.fields(self.request.table)}
        found: list[Problem] = []
        breaches = package.validate([self.request.table], most=MOST + self.before + 1)
        for problem in breaches:
            index = None if problem.row is None else problem.row - 2 - self.before
            if index is not None and index < 0:
                continue  # a row of the package itself
            names = [name.strip() for name in problem.column.split(",") if name.strip()]
            if names and not any(name in self.heads for name in names):
                continue  # the missing column is one fault, not one a row
            changed = replace(
                problem,
                file=str(self.request.file),
                row=self.numbers[index] if index is not None and index < len(self.numbers) else None,
                column=", ".join(self._shown(name) for name in names),
            )
            one_cell = len(names) == 1 and names[0] in fields and index is not None and index < len(self.rows)
            better = self._better(index or 0, fields[names[0]]) if one_cell else ""
            found.append(replace(changed, remedy=better) if better else changed)
        if len(found) > MOST:
            self.more = "there are more"
        elif len(breaches) > MOST + self.before:
            self.more = "there may be more"  # some breaches were those of a missing column, one a row
        return found[:MOST]

    def _better(self, index: int, field: Mapping[str, Any]) -> str:
        """Return a remedy that knows how the cell came to be, an empty text where the validator's own says all."""
        cell = self.cell(index, field["name"])
        return _NO_PERCENT if field["name"] in self.percent and cell.endswith("%") else _suggestion(cell, field)

    def cell(self, index: int, name: str) -> str:
        """Return a cell of the analyst's row at `index`, an empty text where the file has none."""
        row, place = self.rows[index], self.columns.index(name) if name in self.columns else len(self.rows[index])
        return row[place] if place < len(row) else ""

    def _shown(self, name: str) -> str:
        head = self.heads.get(name, name)
        return name if head == name else f"{head} ({name})"


def _convert(package: Package, request: Request, path: Path) -> _Converted:
    fields = package.fields(request.table)
    own = read_own(request.file, request.table, package)
    grid, start, columns = own.grid, own.start, own.columns.names
    notes = list(grid.notes)
    if start:
        notes.append(f"column names in row {grid.numbers[start]}")
    if own.columns.absent and not own.problems:
        notes.append(f"no column {', '.join(own.columns.absent)}: left empty")
    body, numbers = grid.rows[start + 1 :], grid.numbers[start + 1 :]
    percent = {columns[index]: index for index in grid.percent if index < len(columns) and columns[index]}
    if said := [letter(percent[f["name"]]) for f in fields if f["name"] in percent and _as_points(body, columns, f)]:
        notes.append(f"percentages of Excel in column {', '.join(said)} read in %: 35% as 35")
    before = package.lines(request.table) if request.extend else []
    with path.open("w", encoding="utf-8", newline="") as handle:
        names = [f["name"] for f in fields]
        kept = ([row.get(name, "") for name in names] for row in before)
        write_rows(handle, itertools.chain([names], kept, _in_order(body, columns, names)))
    heads, problems = own.columns.heads, own.problems
    return _Converted(request, path, len(before), columns, body, numbers, heads, notes, problems, frozenset(percent))


def _as_points(body: Iterable[list[str]], columns: Sequence[str], field: Mapping[str, Any]) -> int:
    """Write 35% as 35 where a column, or a row by its unit, counts in per cent; return how many cells were written.

    Elsewhere the cell stays what it is, for the validator to refuse: 35% may stand for 0.35 or for 35.
    """
    in_percent = bool(_PERCENT.search(field.get("title", "")))
    if field["type"] != "number" or not (in_percent or "unit_measure" in columns):
        return 0
    place, written = columns.index(field["name"]), 0
    unit = None if in_percent else columns.index("unit_measure")
    for row in body:
        if len(row) > place and row[place].endswith("%") and (unit is None or "%" in row[unit : unit + 1]):
            row[place] = row[place].removesuffix("%")
            written += 1
    return written


def _in_order(body: Iterable[list[str]], columns: Sequence[str], names: Sequence[str]) -> Iterator[list[str]]:
    """Yield rows with their cells in the schema's order, empty where the file has no such column."""
    nothing = len(columns)
    places = [columns.index(name) if name in columns else nothing for name in names]
    for row in body:
        # Short rows lack their last cells.
        filled = [*row[:nothing], *[""] * (nothing + 1 - min(nothing, len(row)))]
        yield [filled[place] for place in places]


# ---- Faults -----------------------------------------------------------------------------------


def _suggestion(cell: str, field: Mapping[str, Any]) -> str:
    """Return `Did you mean "1234.5"?` for a number or date that is written in another way, else an empty string."""
    text = unicodedata.normalize("NFKC", cell)
    if field["type"] in ("number", "integer"):
        plain = _UNITS.sub("", text)
        number = number_in(plain)
        if number is None:
            return ""
        return f'Did you mean "{plain}"?' if plain != cell and (field["type"] == "number" or number.is_integer()) else ""
    if field["type"] == "boolean":
        word = {"是": "true", "有": "true", "y": "true", "yes": "true", "否": "false", "无": "false", "n": "false", "no": "false"}
        return f'Did you mean "{word[text.casefold()]}"?' if text.casefold() in word else ""
    pattern = (field.get("constraints") or {}).get("pattern", "")
    if (match := _DATE.fullmatch(text)) and pattern:
        plain = "-".join([match[1], *(f"{int(part):02}" for part in match.groups()[1:] if part)])
        return f'Did you mean "{plain}"?' if plain != cell and re.fullmatch(pattern, plain) else ""
    return ""


def _lost(package: Package, table: _Converted) -> list[Problem]:
    """Return what other tables refer to and a replacement no longer has."""
    problems = []
    for resource in package.descriptor["resources"]:
        for key in resource["schema"].get("foreignKeys", []):
            if key["reference"]["resource"] != table.request.table:
                continue
            (here,), (there,) = key["fields"], key["reference"]["fields"]
            kept = {table.cell(index, there) for index in range(len(table.rows))}
            lost = sorted({line[here] for line in package.lines(resource["name"]) if line.get(here)} - kept)
            if lost:
                found = f"no row with {there} {one_of(lost, 6)}"
                remedy = f"Keep the rows that are needed, or append yours with -d {table.request.table}+={table.request.file}."
                expected = f"the rows that {resource['name']}.{here} refers to"
                problems.append(Problem(str(table.request.file), found, expected, remedy, column=there))
    return problems
