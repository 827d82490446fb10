"""Which column of an analyst's file is which of a table: by name or title, and what is unknown, missing or of another table."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Problem, one_of
from .package import Package

HEADER_ROWS = 5
# Where in a briefing a row stands: an analyst's own rows stand in none.
_PLACES = frozenset({"section", "char_start", "char_end"})
_EMPTY = "empty cells are fine"
Field = Mapping[str, Any]


@dataclass
class Columns:
    """The field of each column of a file ("" for none), the heads by field as the file writes them, and the faults.

    Without heads the file's rows are not of this table at all. `absent` are the fields that the file lacks.
    """

    names: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def fields_named(row: Iterable[str], fields: Iterable[Field]) -> set[str]:
    """Return the fields that the cells of a row name."""
    known = _known_heads(fields)
    return {known[head] for cell in row if (head := _plain(cell)) in known}


def header_row(rows: Sequence[Sequence[str]], fields: Sequence[Field]) -> int:
    """Return the index of the row with the column names: the first, unless a later one near the top fits far better."""
    fit = [len(fields_named(row, fields)) for row in rows[:HEADER_ROWS]]
    best = max(range(len(fit)), key=lambda i: (fit[i], -i))
    return best if fit[best] > max(1, 2 * fit[0]) else 0


def required(package: Package, table: str) -> set[str]:
    """Return the fields of a table that the schema wants filled."""
    filled = {f["name"] for f in package.fields(table) if (f.get("constraints") or {}).get("required")}
    return filled | set(package.primary_key(table))


def columns_of(header: Sequence[str], number: int, file: str, table: str, package: Package) -> Columns:
    """Match the column names of a file, which stand in its row `number`, with the fields of a table."""
    fields = package.fields(table)
    known = _known_heads(fields)
    last = max((i for i, head in enumerate(header) if head), default=-1)
    found = Columns()
    unknown: list[str] = []
    for head in header[: last + 1]:
        name = known.get(_plain(head), "")
        if head and not name:
            unknown.append(head)
        elif head and name in found.heads:
            words = (f"the column {name} a second time", "each column once", "Remove one.")
            found.problems.append(Problem(file, *words, number, head))
            name = ""
        elif head:
            found.heads[name] = head
        found.names.append(name)
    if unknown:
        other, whole = _other_table(header, table, package)
        if other or not found.heads:
            remedy = f"Put column names in the first row; `decisionbook template {table}` writes an empty file."
            if other:
                remedy = f"It looks like the table {other}: -d {other}={file}"
            given, wanted = one_of([head for head in header if head], 8), one_of([f["name"] for f in fields], 30)
            astray = Problem(file, f"the columns {given}", f"those of the table {table}: {wanted}", remedy, number)
            if whole or not found.heads:
                return Columns(found.names, {}, [astray])
            found.problems.append(astray)
    found.absent = [f["name"] for f in fields if f["name"] not in found.heads]
    found.problems += _unknown_and_missing(unknown, found.absent, number, file, table, package)
    return found


def _plain(text: str) -> str:
    """Return a column name without what differs between keyboards: full width, capitals, blanks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def _known_heads(fields: Iterable[Field]) -> dict[str, str]:
    """Return field names by the heads that stand for them: the title or the name itself."""
    fields = list(fields)
    titles = {_plain(f["title"]): f["name"] for f in fields if f.get("title")}
    return titles | {_plain(f["name"]): f["name"] for f in fields}


def _other_table(header: Sequence[str], table: str, package: Package) -> tuple[str, bool]:
    """Return another table that has more of these columns, nothing for none, and whether it has them all."""
    fit = {name: len(fields_named(header, package.fields(name))) for name in package.tables}
    # Of tables that have as many of them, the one with the fewest columns besides.
    best = max(fit, key=lambda name: (fit[name], -len(package.fields(name))))
    given = len({_plain(head) for head in header if head})
    return (best, fit[best] == given) if fit[best] >= 2 and fit[best] > fit[table] else ("", False)


# ---- Unknown and missing ----------------------------------------------------------------------


def _unknown_and_missing(
    unknown: Sequence[str], absent: Sequence[str], number: int, file: str, table: str, package: Package
) -> list[Problem]:
    """Return the faults of unknown and of missing columns; of a column that is misnamed, one that says both.

    Missed are the columns that the schema wants, and those that the book's table fills: a chapter that found them empty
    would give another number without a word.
    """
    fields = {f["name"]: f for f in package.fields(table)}
    must = required(package, table)
    filled = {name for line in package.lines(table) for name, cell in line.items() if cell} - _PLACES
    missing = list(absent)
    near: dict[str, str] = {}
    for head in unknown:
        if name := _nearest(head, [fields[name] for name in missing]):
            near[head] = name
            missing.remove(name)
    missed = [name for name in missing if name in must or name in filled]
    # Which of them an unknown column may be that resembles none.
    open_for = missed or [name for name in missing if name not in _PLACES]
    others = [head for head in unknown if head not in near]
    problems = []
    for head in unknown:
        expected = one_of([f["name"] if head.isascii() else f.get("title") or f["name"] for f in fields.values()], 30)
        found = f"an unknown column {head!r}"
        if head in near:
            found += f", and no column {near[head]}"
            remedy = f'Did you mean "{_alike(head, fields[near[head]])}"?'
        elif len(others) == len(open_for) == 1:
            name = open_for[0]
            found += f", and no column {name}"
            add = f" and add the column {name}" + ("" if name in must else f" ({_EMPTY})") if name in missed else ""
            remedy = f'Rename it to "{name}"; if it is something else, remove it{add}.'
        elif open_for:
            remedy = f"Rename it if it is one of those that are missing ({one_of(open_for)}); otherwise remove it."
        else:
            remedy = "Remove the column."
        problems.append(Problem(file, found, expected, remedy, number, head))
    if len(others) == len(open_for) == 1:
        missed = []
    for name in (name for name in missed if name in must):
        title = f" ({fields[name]['title']})" if fields[name].get("title") else ""
        remedy = f"Add the column; `decisionbook template {table}` writes an empty file."
        problems.append(Problem(file, "no such column", f"a column {name}{title}", remedy, number, name))
    if lacking := ", ".join(name for name in missed if name not in must):
        expected, remedy = "the columns that the book's table fills", f"Add what is missing; {_EMPTY}."
        problems.append(Problem(file, f"no column {lacking}", expected, remedy, number, lacking))
    return problems


def _alike(head: str, named: Field) -> str:
    """Return the field's name or title, whichever is closer to a head."""
    names = [n for n in (named["name"], named.get("title", "")) if n]
    return max(names, key=lambda n: difflib.SequenceMatcher(None, head, n).ratio())


def _nearest(head: str, fields: Sequence[Field]) -> str:
    """Return the field whose name or title is close to a head, an empty text when none is."""
    names = {n: f["name"] for f in fields for n in (f["name"], f.get("title", "")) if n}
    close = difflib.get_close_matches(head, names, n=1, cutoff=0.5)
    return names[close[0]] if close else ""
