"""Tables: how wide each column is, how small the text, and whether the page is turned.

The plan is made from the text alone, before Typst runs, so that it is the same on every machine and can be tested.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from docutils import nodes

from .escape import is_wide, width_in_ems

#: Text width of a page in points: A4 less its margins, upright and turned.
PORTRAIT_WIDTH, LANDSCAPE_WIDTH = 453.5, 728.5
PORTRAIT_SIZES = (9.0, 8.5, 8.0, 7.5)
LANDSCAPE_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5)
#: Width of the white space on both sides of a cell, in ems of the table's text.
CELL_PADDING = 1.2
#: How finely the room of a table is shared out, and the power mean that stands for the tallest cell of a row.
STEPS, TALLEST = 80, 6
#: Added to the estimated width of a text, so that a heading of two characters is not broken by a rounding.
SLACK = 0.3
#: A row of more lines than this (on average) is hard to read across: turn the page instead.
MOST_LINES = 3.5
#: A table of at most this many rows is transposed rather than put on a turned page of its own.
MOST_TRANSPOSED = 4
#: Tables lower than this (points) are kept on one page.
KEEP_TOGETHER = 210.0


@dataclass
class Cell:
    """One entry of a table on its grid."""

    entry: nodes.entry
    column: int
    columns: int = 1
    rows: int = 1


@dataclass
class Grid:
    """The cells of a docutils table: head rows, body rows, and the number of columns."""

    columns: int
    head: list[list[Cell]] = field(default_factory=list)
    body: list[list[Cell]] = field(default_factory=list)

    @property
    def spans_rows(self) -> bool:
        """Whether any cell is more than one row high."""
        return any(cell.rows > 1 for row in self.head + self.body for cell in row)


@dataclass(frozen=True)
class Plan:
    """Relative column widths, text size in points, page turned or not, kept on one page or not."""

    widths: tuple[float, ...]
    size: float
    landscape: bool
    long: bool


def read_grid(table: nodes.table) -> Grid:
    """Return the cells of a table with the columns they stand in (spans counted)."""
    group = next(iter(table.findall(nodes.tgroup)))
    grid = Grid(columns=len(list(group.findall(nodes.colspec))) or int(group.get("cols", 1)))
    for part, rows in ((nodes.thead, grid.head), (nodes.tbody, grid.body)):
        for section in group.children:
            if isinstance(section, part):
                rows.extend(_rows(section, grid.columns))
    return grid


def _rows(section: nodes.Element, columns: int) -> Iterator[list[Cell]]:
    taken = [0] * columns  # rows that a cell above still reaches down, for each column
    for row in section.findall(nodes.row):
        cells: list[Cell] = []
        column = 0
        for entry in row.findall(nodes.entry):
            while column < columns and taken[column]:
                column += 1
            cell = Cell(entry, column, entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1)
            cells.append(cell)
            for at in range(column, min(column + cell.columns, columns)):
                taken[at] = cell.rows
            column += cell.columns
        # A row that stops short is filled up: Typst would draw the next row's cells into the gap.
        for at in range(column, columns):
            if not taken[at]:
                cells.append(Cell(nodes.entry(), at))
                taken[at] = 1
        taken = [max(0, rows - 1) for rows in taken]
        yield cells


def transposed(grid: Grid) -> Grid:
    """Return a table with its rows as columns: what a page is too narrow for stands upright as pairs of name and value."""
    rows = [*grid.head, *grid.body]
    turned = [[Cell(row[at].entry, column) for column, row in enumerate(rows)] for at in range(grid.columns)]
    return Grid(columns=len(rows), head=turned[:1], body=turned[1:])


def can_transpose(grid: Grid) -> bool:
    """Return whether a table has one head row, few body rows and no spans, so that it reads as well the other way round."""
    cells = [cell for row in grid.head + grid.body for cell in row]
    plain = all(cell.rows == cell.columns == 1 for cell in cells)
    return plain and len(grid.head) == 1 and 1 <= len(grid.body) <= MOST_TRANSPOSED < grid.columns


def lines_of(entry: nodes.Element) -> list[str]:
    """Return the paragraphs of a cell as text."""
    blocks = [node.astext() for node in entry.findall(nodes.TextElement) if isinstance(node.parent, nodes.Body | nodes.Part)]
    return [" ".join(text.split()) for text in blocks or [entry.astext()]]


_AMOUNT = re.compile(r"[+−≈≥≤<>]?\s?\d[\d,.]*(?:\s?[–~]\s?[\d,.]+)?\s?[\u4e00-\u9fff%‰/]{0,6}")
#: Ems of the longest amount that is never broken.
LONGEST_AMOUNT = 10.0


def is_amount(text: str) -> bool:
    """Return whether a cell is a short number with its unit, which a line must not part: 1,484 亿元."""
    return _AMOUNT.fullmatch(text.strip()) is not None and width_in_ems(text) <= LONGEST_AMOUNT


def longest_word(text: str) -> float:
    """Return the width in ems of the longest run that a line cannot break in."""
    if is_amount(text):
        return width_in_ems(text)
    runs = re.split(r"\s+|(?<=[_./\-:=&?、，。；])", text)
    widest = 0.0
    for run in runs:
        word = 0.0
        for character in run:
            if is_wide(character):
                widest, word = max(widest, word, 1.0), 0.0
            else:
                word += 0.56
        widest = max(widest, word)
    return widest


def _measures(grid: Grid) -> tuple[list[float], list[float], list[list[tuple[int, float]]]]:
    natural, least = [1.0] * grid.columns, [2.0] * grid.columns
    rows: list[list[tuple[int, float]]] = []
    for row in grid.head + grid.body:
        measured = []
        for cell in row:
            texts = lines_of(cell.entry)
            widest = max((width_in_ems(text) for text in texts), default=0.0)
            if cell.columns == 1 and cell.column < grid.columns:
                natural[cell.column] = max(natural[cell.column], widest + SLACK)
                least[cell.column] = max(least[cell.column], max(map(longest_word, texts), default=0.0))
                measured.append((cell.column, sum(map(width_in_ems, texts))))
        rows.append(measured)
    return natural, least, rows


def share(natural: list[float], least: list[float], room: float, rows: list[list[tuple[int, float]]]) -> list[float]:
    """Return column widths in ems that fill `room` and make the table low; `rows` are the texts, `(column, ems)` each.

    When every text fits on one line, what is left over is spread. Otherwise each column gets its longest word, and
    the rest goes in small steps to the column whose widening shortens the rows most.
    """
    total = sum(natural)
    if total <= room:
        return [n + (room - total) * (n + 2) / (total + 2 * len(natural)) for n in natural]
    base = [max(low, min(n, 4.0)) for n, low in zip(natural, least, strict=True)]
    if sum(base) >= room:
        return [b * room / sum(base) for b in base]
    widths, step = np.array(base), (room - sum(base)) / STEPS
    texts = np.zeros((len(rows), len(base)))
    for at, row in enumerate(rows):
        for column, text in row:
            texts[at, column] = text + SLACK

    def lines(at: np.ndarray) -> np.ndarray:
        return np.maximum(texts / at, 1.0) ** TALLEST

    now = lines(widths)
    for _ in range(STEPS):
        wider = lines(widths + step)
        heights = now.sum(axis=1, keepdims=True)
        gain = (heights ** (1 / TALLEST) - (heights - now + wider) ** (1 / TALLEST)).sum(axis=0)
        # Rounded, so that a difference in the last bit of two machines decides nothing.
        column = int(np.argmax(np.round(gain, 9)))
        widths[column] += step
        now[:, column] = wider[:, column]
    return [float(width) for width in widths]


def _row_lines(rows: list[list[tuple[int, float]]], widths: list[float]) -> list[int]:
    return [max((math.ceil(1.08 * text / widths[column]) for column, text in row), default=1) or 1 for row in rows]


def plan(grid: Grid, *, may_turn: bool = True) -> Plan:
    """Return how to set a table: the largest text that breaks no word, upright before turned.

    `may_turn` is False where the table stands in something that cannot leave its page (a box, a list).
    """
    natural, least, rows = _measures(grid)
    padding = CELL_PADDING * grid.columns
    best: tuple[float, Plan] | None = None
    upright = [(PORTRAIT_WIDTH, size, False) for size in PORTRAIT_SIZES]
    turned = [(LANDSCAPE_WIDTH, size, True) for size in LANDSCAPE_SIZES] if may_turn else []
    # A table that needs no second line anywhere at a slightly smaller size reads best that way.
    whole = next((s for _, s, _ in upright if sum(natural) <= PORTRAIT_WIDTH / s - padding), None)
    if whole is not None:
        upright = [(PORTRAIT_WIDTH, whole, False)]
    tight = [(PORTRAIT_WIDTH, size, False) for size in (7.0, 6.5)]
    for width, size, landscape in upright + (turned or tight):
        room = width / size - padding
        if room <= 0:
            continue
        widths = share(natural, least, room, rows)
        lines = _row_lines(rows, widths)
        height = sum(size * (1.35 * n + 1.1) for n in lines)
        found = Plan(
            tuple(round(w + CELL_PADDING, 2) for w in widths), size, landscape,
            landscape or height > KEEP_TOGETHER,
        )  # fmt: skip
        broken = sum(max(0.0, low - w) for low, w in zip(least, widths, strict=True))
        # Narrow tables of few columns read well however tall their rows are.
        crowded = grid.columns > 4 and sum(lines) / max(1, len(lines)) > MOST_LINES
        if broken < 0.01 and not crowded:
            return found
        cost = broken * 10 + (sum(lines) / max(1, len(lines))) + (2 if landscape else 0)
        if best is None or cost < best[0]:
            best = (cost, found)
    if best is None:
        return Plan((1.0,) * grid.columns, TIGHTEST, may_turn, True)
    return best[1]


TIGHTEST = 6.5
