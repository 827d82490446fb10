"""The data behind the charts of a document as one workbook, a sheet a chart."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...data.text import safe_cell
from .parts import printable_xml


@dataclass(frozen=True)
class ChartData:
    """One chart: numbered title, unit, source, and its table (`columns` with name, title, unit; `rows`)."""

    title: str
    unit: str
    source: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, chart: Any, title: str) -> ChartData:
        """Return the data behind a chart node."""
        return cls(title, chart.get("unit", ""), chart.get("source", ""), chart.get("data") or {})


def write_workbook(charts: Sequence[ChartData], path: Path, date: datetime.date | None) -> None:
    """Write the workbook; text that looks like a formula stays text, and the same data give the same bytes."""
    import io

    from openpyxl import Workbook
    from openpyxl.styles import Font

    from ...reconcile.workbook import without_clock

    book = Workbook()
    front = book.active
    assert front is not None
    front.title = "目录"
    front.append(["图", "单位", "来源", "表"])
    for number, chart in enumerate(charts, 1):
        name = _sheet_name(chart.title, number)
        front.append([_cell(cell) for cell in (chart.title, chart.unit, chart.source, name)])
        sheet = book.create_sheet(name)
        columns = chart.data.get("columns", [])
        heads = [c.get("title") or c["name"] for c in columns]
        units = [f"（{c['unit']}）" if c.get("unit") else "" for c in columns]
        sheet.append([_cell(f"{head}{unit}") for head, unit in zip(heads, units, strict=True)])
        for row in chart.data.get("rows", []):
            sheet.append([_cell(cell) for cell in row])
        sheet.freeze_panes = "A2"
    for sheet in book.worksheets:
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for letter in "ABCDEFGH":
            sheet.column_dimensions[letter].width = 22
    when = datetime.datetime.combine(date or datetime.date(2000, 1, 1), datetime.time())
    book.properties.created = book.properties.modified = when
    made = io.BytesIO()
    book.save(made)
    path.write_bytes(without_clock(made.getvalue(), when))


def _cell(value: Any) -> Any:
    return safe_cell(printable_xml(value)) if isinstance(value, str) else value


def _sheet_name(title: str, number: int) -> str:
    # Excel allows 31 characters, and not these; the number keeps names apart.
    plain = re.sub(r"[][:*?/\\']", "", printable_xml(title))
    return f"{number} {plain}"[:31].strip()
