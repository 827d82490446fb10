"""The sheet between draft and data: an XLSX with lists to choose from, or CSV files side by side; written and read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..data.package import Package
from ..data.sheets import read_grid
from ..data.text import formula_free, is_formula, write_for_excel
from ..errors import InputError, Problem, did_you_mean
from ..reconcile.workbook import without_clock

GRIDS = ("figures", "formulas", "excluded", "source")
CONFIRM = ("是", "否")
_BEFORE = ("confirm", "excerpt")
_AFTER = ("guess_confidence", "reason", "kind", "indicator_zh", "indicator_en", "indicator_kind", "other_indicators")
HEADS = {
    "formulas": ("confirm", "figure_id", "reading", "expression", "inputs", "guess_confidence", "shown"),
    "excluded": ("char_start", "char_end", "text", "reason", "rule", "excerpt"),
    "source": ("source_id", "title", "publisher", "series", "published_on", "date_precision", "file", "sha256", "note"),
}
_WIDTHS = {"confirm": 9, "excerpt": 60, "published": 16, "indicator": 30, "other_indicators": 60, "shown": 60, "inputs": 30,
           "note": 24,
           "rule": 18, "reading": 18, "title": 40, "publisher": 30, "series": 30, "sha256": 20, "file": 26}  # fmt: skip
_LISTS = {"unit_measure": "units", "qualifier": "qualifiers", "ref_area": "areas", "indicator": "indicators"}
_WHEN = datetime(2000, 1, 1)


@dataclass
class Sheet:
    """The grids of a sheet as dictionaries of text, with the row numbers that a spreadsheet shows."""

    path: Path
    grids: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    def shown(self, grid: str) -> str:
        """Return how a grid is named in a message."""
        return f"{self.path}, sheet {grid}" if self.path.suffix.lower() == ".xlsx" else str(grid_path(self.path, grid))


def figure_columns(package: Package) -> list[str]:
    """Return the columns of data/figures.csv."""
    return [f["name"] for f in package.fields("figures")]


def heads(package: Package, grid: str) -> list[str]:
    """Return the columns of a grid."""
    if grid != "figures":
        return list(HEADS[grid])
    return [*_BEFORE, *figure_columns(package), *_AFTER]


def grid_path(path: Path, grid: str) -> Path:
    """Return the file of a grid beside a CSV sheet: intake-005.csv has intake-005.formulas.csv."""
    return path if grid == "figures" else path.with_suffix(f".{grid}.csv")


def write_sheet(package: Package, path: Path, grids: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write the grids as .xlsx (one file) or .csv (one file a grid); the same grids give the same bytes."""
    if path.suffix.lower() == ".csv":
        for grid in GRIDS:
            names = heads(package, grid)
            rows = ([row.get(name, "") for name in names] for row in grids[grid])
            write_for_excel(grid_path(path, grid), [names, *rows], formula_free)
        return
    path.write_bytes(_workbook(package, grids))


def _workbook(package: Package, grids: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    fills = {name: PatternFill("solid", fgColor=colour) for name, colour in (("head", "E8EDF2"), ("ask", "FFF4D6"))}
    for grid in GRIDS:
        page = book.active if grid == GRIDS[0] else book.create_sheet()
        assert page is not None
        page.title = grid
        columns = heads(package, grid)
        for number, name in enumerate(columns, start=1):
            cell = page.cell(1, number, name)
            cell.font, cell.fill = Font(bold=True), fills["head"]
            page.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 13)
        for index, row in enumerate(grids[grid], start=2):
            for number, name in enumerate(columns, start=1):
                cell = page.cell(index, number)
                cell.value = _plain(str(row.get(name, "")))
                # Text is text: what a source prints is never taken for a formula.
                cell.data_type = "s"
                cell.alignment = Alignment(vertical="top", wrap_text=name in ("excerpt", "other_indicators", "shown"))
                if name == "confirm":
                    cell.fill = fills["ask"]
        page.freeze_panes = page["C2"] if grid == "figures" else page["A2"]
    _choices(book, package, len(grids["figures"]) + 1, len(grids["formulas"]) + 1)
    out = io.BytesIO()
    book.save(out)
    return without_clock(out.getvalue(), _WHEN)


def _plain(text: str) -> str:
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text)


def _choices(book: Any, package: Package, figures: int, formulas: int) -> None:
    """Put lists behind the cells: 是 or 否, units, qualifiers, areas, indicators, roles, reasons."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    from ..data.coverage import REASONS

    lists = book.create_sheet("lists")
    lists.sheet_state = "hidden"
    roles = next(f for f in package.fields("figures") if f["name"] == "role")["constraints"]["enum"]
    offered: dict[str, Iterable[str]] = {"confirm": CONFIRM, "role": roles, "reason": REASONS}
    offered |= {column: [str(r[column]) for r in package.rows(table)] for column, table in _LISTS.items()}
    ranges = {}
    for number, (name, values) in enumerate(offered.items(), start=1):
        values = list(values)
        for row, value in enumerate([name, *values], start=1):
            cell = lists.cell(row, number)
            cell.value, cell.data_type = value, "s"
        letter = get_column_letter(number)
        ranges[name] = f"lists!${letter}$2:${letter}${len(values) + 1}"
    for grid, last in (("figures", figures), ("formulas", formulas)):
        for number, name in enumerate(heads(package, grid), start=1):
            if name in ranges:
                rule = DataValidation("list", formula1=ranges[name], allow_blank=True)
                # A new indicator is typed in with its names; everything else is chosen.
                rule.showErrorMessage = name != "indicator"
                rule.error, rule.errorTitle = "请从列表中选择。", "不在列表中"
                letter = get_column_letter(number)
                rule.add(f"{letter}2:{letter}{max(last, 2)}")
                book[grid].add_data_validation(rule)


def read_sheet(package: Package, path: Path) -> Sheet:
    """Return a confirmed sheet; InputError for a missing file, sheet or column, with the closest match."""
    sheet = Sheet(path)
    problems: list[Problem] = []
    for grid in GRIDS:
        file = path if path.suffix.lower() == ".xlsx" else grid_path(path, grid)
        if grid == "excluded" and not file.is_file():
            sheet.grids[grid], sheet.numbers[grid] = [], []
            continue
        found = read_grid(file, (grid,))
        head, wanted = found.rows[0], heads(package, grid)
        if path.suffix.lower() == ".xlsx" and grid in ("formulas", "excluded") and "confirm" in head and "char_start" in head:
            found.rows, found.numbers = [wanted], [1]  # a sheet without that page: the first page was read in its place
            head = wanted
        must = [c for c in wanted if c not in _AFTER and c not in ("excerpt", "shown", "guess_confidence")]
        for missing in (c for c in must if c not in head):
            near = did_you_mean(missing, [h for h in head if h not in wanted])
            problems.append(
                Problem(sheet.shown(grid), "no such column", f"the column {missing}", near or "Add the column.", 1, missing)
            )
        sheet.grids[grid] = [
            {name: _unquoted(cell) for name, cell in zip(head, [*row, *[""] * len(head)], strict=False)} for row in found.rows[1:]
        ]
        sheet.numbers[grid] = found.numbers[1:]
    if problems:
        raise InputError(problems)
    return sheet


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and is_formula(cell[1:]) else cell
