"""What breaks a table's schema, in words that say what to do: the validator's findings, and the numbers that it lets pass."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Problem, counted, did_you_mean, one_of
from .field_words import expected
from .text import number_in

if TYPE_CHECKING:
    from .package import Package

Row = Mapping[str, Any]
# One of these is told a row, and of the cells that the row lacks nothing more.
_SHAPES = ("missing-cell", "extra-cell", "blank-row")


def problems_of(
    package: Package, name: str, path: Path, errors: Sequence[Row], rows: Sequence[int] | None, most: int
) -> list[Problem]:
    """Return the faults of a table in the order of its rows, at most `most`; `errors` are frictionless's, as dictionaries.

    `path` is the file that was validated. Where it holds only some rows of the table, `rows` are their numbers.
    """
    cut = {error["rowNumber"] for error in errors if error["type"] in _SHAPES}
    problems: list[Problem] = []
    for error in errors:
        if error.get("rowNumber") in cut:
            shape = _shape(package, name, error) if error["type"] in _SHAPES else None
            if shape is not None and shape not in problems:
                problems.append(shape)
            if _lacks(error):
                continue
        problems.append(_problem(package, name, error))
    told = {(p.row, p.column) for p in problems}
    problems += [p for p in _uncountable(package, name, path, most) if (p.row, p.column) not in told]
    problems = sorted(problems, key=lambda p: p.row or 0)[:most]
    return problems if rows is None else [_in_table(problem, rows) for problem in problems]


def _in_table(problem: Problem, rows: Sequence[int]) -> Problem:
    return replace(problem, row=rows[problem.row - 2]) if problem.row is not None and problem.row > 1 else problem


def _lacks(error: Row) -> bool:
    """Return whether an error of a row that is cut off or too long follows from that alone."""
    if error["type"] in _SHAPES or not error["cells"]:
        return True
    return (error.get("fieldNumber") or 0) > len(error["cells"])


def _shape(package: Package, name: str, error: Row) -> Problem:
    shown, row = package.project.shown(package.path(name)), error["rowNumber"]
    if error["type"] == "blank-row":
        return Problem(shown, "an empty row", "a row of data", "Remove it.", row)
    wanted, given = len(package.fields(name)), len(error["cells"])
    less = "Fill it up: an empty cell keeps its comma."
    remedy = less if given < wanted else "Put a cell that holds a comma in quotation marks, or remove what is too much."
    return Problem(shown, counted(given, "cell"), counted(wanted, "cell"), remedy, row)


def _uncountable(package: Package, name: str, path: Path, most: int) -> Iterator[Problem]:
    """Yield cells that the validator takes for numbers and that are none here: inf, nan, 1e400, 1_000; at most `most`."""
    numbers = {f["name"]: f for f in package.fields(name) if f["type"] in ("number", "integer")}
    shown, found = package.project.shown(package.path(name)), 0
    with path.open(encoding="utf-8", newline="") as handle:
        lines = csv.reader(handle)
        places = [(index, numbers[head]) for index, head in enumerate(next(lines, [])) if head in numbers]
        for row, cells in enumerate(lines, start=2):
            for index, field in places:
                cell = cells[index] if index < len(cells) else ""
                if cell and number_in(cell) is None and found < most:
                    found += 1
                    remedy = "Write it in digits; leave the cell empty where there is no value."
                    yield Problem(shown, repr(cell), expected(field), remedy, row, field["name"])


def _problem(package: Package, name: str, error: Row) -> Problem:
    shown = package.project.shown(package.path(name))
    row, column, cell = error.get("rowNumber"), error.get("fieldName", ""), error.get("cell", "")
    if error["type"] == "foreign-key":
        column = ", ".join(error["fieldNames"])
        cell = ", ".join(str(c) for c in error["fieldCells"])
        target, keys = error["referenceName"] or name, error["referenceFieldNames"]
        known = sorted({str(r[keys[0]]) for r in package.rows(target)})
        remedy = did_you_mean(cell, known) or _code_of(package, cell, target, keys[0]) or f"Add it to {target}.csv first."
        return Problem(shown, repr(cell), f"a value of {target}.{keys[0]}", remedy, row, column)
    if error["type"] == "type-error":
        field = next(f for f in package.fields(name) if f["name"] == column)
        return Problem(shown, repr(cell), expected(field), "Correct the cell.", row, column)
    if error["type"] == "constraint-error":
        field = next(f for f in package.fields(name) if f["name"] == column)
        limits = field.get("constraints", {})
        if "enum" in limits and cell not in limits["enum"]:
            near = did_you_mean(str(cell), limits["enum"])
            return Problem(shown, repr(cell), f"one of {one_of(limits['enum'])}", near, row, column)
        if limits.get("required") and cell in ("", None):
            return Problem(shown, "an empty cell", expected(field), "This column must be filled.", row, column)
        return Problem(shown, repr(cell), expected(field), "Correct the cell.", row, column)
    if error["type"] in ("primary-key", "unique-error"):
        return _twice(package, name, error)
    return Problem(shown, error.get("note") or error["message"], error["title"], "Correct the row.", row, column)


def _twice(package: Package, name: str, error: Row) -> Problem:
    """Return the problem of a key that an earlier row has; all its parts are shown."""
    shown, row = package.project.shown(package.path(name)), error.get("rowNumber")
    key = [error["fieldName"]] if error.get("fieldName") else package.primary_key(name)
    by_name = dict(zip((f["name"] for f in package.fields(name)), error.get("cells", []), strict=False))
    value = error.get("cell") or ", ".join(by_name.get(part, "") for part in key)
    numbered = len(key) == 1 and key[0].endswith("_id")
    remedy = "Number the row anew or remove it." if numbered else "Correct it, or keep one of the two rows."
    expected_key = "a key that no other row has" if len(key) == 1 else f"a key ({', '.join(key)}) that no other row has"
    if not value.strip(", "):
        return Problem(shown, "an empty key", expected_key, "Fill it in, or remove the row.", row, ", ".join(key))
    return Problem(shown, f"{value!r} a second time", expected_key, remedy, row, ", ".join(key))


def _code_of(package: Package, cell: str, target: str, key: str) -> str:
    """Return a remedy for a name that stands where its code is wanted: 南宁市 for 450100."""
    codes = {str(r["name_zh"]): str(r[key]) for r in package.rows(target) if r.get("name_zh") and r["name_zh"] != r[key]}
    near = difflib.get_close_matches(str(cell), codes, n=1, cutoff=0.5)
    return f'Did you mean "{codes[near[0]]}" ({near[0]})?' if near else ""
