"""Tables in a text: runs of lines whose cells stand between tabs, with the heads that a number in them answers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .grammar import UNIT, UNITS

_UNIT_NOTE = re.compile(r"[（(]\s*(?:单位\s*[::：]\s*)?([^（）()\d]{1,10})\s*[）)]")
_UNIT_LINE = re.compile(r"单位\s*[::：]\s*([^\s）)，。；\d]{1,10})")
_SCALED = re.compile(rf"(?:[十百千]?[万亿]|万亿)?(?:{UNIT})|[万亿]|%|‰")


@dataclass(frozen=True)
class Cell:
    """One cell of a table: where its text stands, and what it is a cell of."""

    start: int
    end: int
    text: str
    row: int
    column: int
    row_head: str
    column_head: str
    unit: str


@dataclass(frozen=True)
class Table:
    """One table: its place in the text, its caption and its cells, row by row."""

    start: int
    end: int
    caption: str
    cells: tuple[tuple[Cell, ...], ...]

    def at(self, place: int) -> Cell | None:
        """Return the cell that holds a place of the text."""
        return next((c for row in self.cells for c in row if c.start <= place < max(c.end, c.start + 1)), None)


def find_tables(text: str) -> list[Table]:
    """Return the tables of a text: at least two lines on end with at least one tab each."""
    tables, block = [], []
    for start, line in _lines(text):
        if "\t" in line.strip("\r\n "):
            block.append((start, line))
            continue
        if len(block) > 1:
            tables.append(_table(text, block))
        block = []
    if len(block) > 1:
        tables.append(_table(text, block))
    return tables


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, line.rstrip("\r\n")
        start += len(line)


def _table(text: str, block: list[tuple[int, str]]) -> Table:
    start, end = block[0][0], block[-1][0] + len(block[-1][1])
    near = text[max(0, start - 160) : start] + "\n" + text[end : end + 120]
    caption = next((line.strip() for line in near.splitlines() if re.match(r"\s*表\s*\d*", line)), "")
    general = _UNIT_LINE.search(near)
    rows = [_cells(start, line) for start, line in block]
    heads = [cell for _, _, cell in rows[0]]
    # A head is a row without a value of its own; a table may as well begin with its first row.
    headed = not any(re.fullmatch(r"[\d.,%％-]+", h) and not re.fullmatch(r"(?:19|20)\d\d", h) for h in heads)
    made, above = [], ""
    for number, row in enumerate(rows):
        first = row[0][2] if row else ""
        # An empty first cell continues the merged cell above it.
        above = first or above
        names = [c for _, _, c in row if c and not re.fullmatch(r"[\d.,%\s-]+", c)]
        row_head = " ".join(dict.fromkeys([above, *names])) if number or not headed else ""
        cells = []
        for column, (left, right, content) in enumerate(row):
            head = heads[column] if headed and column < len(heads) and number else ""
            unit = unit_in(head) or (unit_in(row_head) if head else "") or (general[1] if general else "")
            cells.append(Cell(left, right, content, number, column, row_head, head, unit))
        made.append(tuple(cells))
    return Table(start, end, caption, tuple(made))


def _cells(start: int, line: str) -> list[tuple[int, int, str]]:
    found, place = [], start
    for part in line.split("\t"):
        found.append((place, place + len(part), part.strip()))
        place += len(part) + 1
    return found


def unit_in(head: str) -> str:
    """Return the unit that a head names in brackets: 主营业务收入(万元) gives 万元; nothing where it names none."""
    for match in _UNIT_NOTE.finditer(head):
        word = match[1].strip().replace("％", "%")
        if _SCALED.fullmatch(word) or word in UNITS:
            return word
    return "%" if head.endswith(("%", "％")) else ""
