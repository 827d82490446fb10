"""The reader put together: numbers of running text, of tables and of lists, with the rules that a project keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..data.package import Package
from .enumerations import areas_as_numbers
from .exclude import Rule, built_in
from .printed import Number, Reading
from .tables import Table, find_tables
from .tokens import read_numbers


def area_names(package: Package) -> list[str]:
    """Return the names of areas that stand for one place each, as the register has them."""
    return [str(r["name_zh"]) for r in package.rows("areas") if str(r["ref_area"]).isdigit()]


def project_rules(package: Package, *, register: bool = True) -> tuple[Rule, ...]:
    """Return the reader's rules, and with `register` those of data/exclusions.csv that hold for every source."""
    rules = built_in(area_names(package))
    if not register:
        return rules
    kept = [Rule(r["pattern"], r["reason"], r["note"] or r["rule_id"]) for r in package.rows("exclusions") if r["scope"] == "*"]
    return (*rules, *kept)


def read_document(text: str, names: Sequence[str], rules: Sequence[Rule] | None = None) -> tuple[Reading, list[Table]]:
    """Return what a text prints, with the units of table heads and with lists of names as counts, and its tables."""
    reading = read_numbers(text, built_in(names) if rules is None else rules)
    tables = find_tables(text)
    numbers = [_in_table(n, tables) for n in reading.numbers]
    # A cell that holds nothing but names is a cell of names; a sentence in a cell may well count them.
    cells = [(c.start, c.end) for t in tables for row in t.cells for c in row if len(c.text) < 40]
    taken = [(n.start, n.end) for n in numbers] + cells
    listed = areas_as_numbers(text, names, taken)
    spans = [(n.start, n.end) for n in listed]
    excluded = tuple(e for e in reading.excluded if not any(s < e.end and t > e.start for s, t in spans))
    return Reading(tuple(sorted([*numbers, *listed], key=lambda n: (n.start, n.end))), excluded), tables


def _in_table(number: Number, tables: Sequence[Table]) -> Number:
    table = next((t for t in tables if t.start <= number.start < t.end), None)
    cell = table.at(number.core[0]) if table else None
    if cell is None or number.unit not in ("1", "个") or not re.fullmatch(r"[\s\d.,，．０-９-]+", cell.text):
        return number
    if cell.unit:
        return replace(number, unit=cell.unit, kind="table", confidence=0.9)
    return replace(number, kind="table")
