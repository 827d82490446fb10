"""The reconciliation as files for a reviewer: CSV with BOM, JSON, and an XLSX whose formulas are live."""

from __future__ import annotations

import io
import itertools
import json
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from ..data.figures import Figure
from ..data.formulas import parse
from ..data.intervals import Interval
from ..data.text import formula_free, write_for_excel
from .verdicts import COLUMNS, VERDICT_WORDS, Reconciled, as_json

# A spreadsheet has no infinity; this is larger than any print and smaller than what overflows.
ENDLESS = 1e40
_FUNCTIONS = {"abs": "ABS", "exp": "EXP", "log": "LN", "max": "MAX", "min": "MIN", "sqrt": "SQRT"}
# A corner for each choice of ends: thirty-two of the longest formula still fit a cell.
_MOST_LIVE = 5
_FIGURES, _REVIEW, _NOTES = "印刷数字", "复核", "说明"


def write_csv_for_excel(rows: Iterable[Reconciled], path: Path) -> None:
    """Write the reconciliation as a CSV that Excel opens."""
    write_for_excel(path, [COLUMNS, *(row.as_row().values() for row in rows)], formula_free)


def write_json(rows: Iterable[Reconciled], path: Path) -> None:
    """Write the reconciliation with bounds, readings and formulas as a JSON list."""
    text = json.dumps([as_json(r) for r in rows], ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", errors="replace")


def write_workbook(rows: Sequence[Reconciled], path: Path, *, compiled: str, label: str) -> None:
    """Write an XLSX in which a changed print changes every result and verdict that depends on it, and nearly all bounds.

    The bounds of a formula of more than _MOST_LIVE inputs that is no sum would fill a cell, and those of absolute values
    and powers do not lie at corners: they stand as they are.

    Sheets: the printed figures (value, unit factor, bounds), the review (formula over those cells, bounds, verdict) and
    notes. `compiled` (ISO date) stands for the clock, so that the same rows give the same bytes.
    """
    book = Workbook()
    figures, review, notes = book.active, book.create_sheet(_REVIEW), book.create_sheet(_NOTES)
    assert figures is not None
    figures.title = _FIGURES
    places = _write_figures(figures, rows)
    _write_review(review, [r for r in rows if r.answer and r.answer.expression], places)
    for line in (
        f"决策参考·可复算版　{label}",
        "“印刷数字”表中的数值可以改动；“复核”表的复算值、区间和结论随之更新。",
        "复算按基本单位进行：数值乘以系数后代入算式，结果再除以本数的系数。",
        "区间由印刷精度而来，不是置信区间；1E+40 表示没有界。",
        f"算式的输入多于 {_MOST_LIVE} 个又不只是加减的，或含绝对值、乘方的，复算上下界是本书算好的定值，改动输入时不变。",
    ):
        notes.append([line])
    notes.column_dimensions["A"].width = 90
    when = datetime.fromisoformat(compiled)
    book.properties.created = book.properties.modified = when
    book.properties.creator = "decisionbook"
    raw = io.BytesIO()
    book.save(raw)
    path.write_bytes(without_clock(raw.getvalue(), when))


def _write_figures(sheet: Worksheet, rows: Sequence[Reconciled]) -> dict[str, int]:
    heads = [
        "编号",
        "来源",
        "章节",
        "印刷",
        "数值",
        "上端",
        "单位",
        "系数",
        "下界",
        "上界",
        "基本单位值",
        "基本下界",
        "基本上界",
        "结论",
        "说明",
    ]
    _head(sheet, heads, (11, 7, 22, 16, 14, 10, 12, 12, 14, 14, 16, 16, 16, 10, 40))
    places = {}
    for number, row in enumerate(rows, start=2):
        figure = row.figure
        places[figure.figure_id] = number
        low, high = _shift(figure, number)
        values = [
            figure.figure_id,
            figure.source_id,
            figure.section,
            figure.published,
            None if figure.obs_value != figure.obs_value else figure.obs_value,
            figure.obs_value_high,
            figure.unit_measure,
            figure.factor,
            low,
            high,
            f'=IF(F{number}="",E{number},(E{number}+F{number})/2)*H{number}',
            f"=IF(ABS(I{number})>=1E+39,I{number},I{number}*H{number})",
            f"=IF(ABS(J{number})>=1E+39,J{number},J{number}*H{number})",
            VERDICT_WORDS[row.verdict],
            row.note,
        ]
        _put(sheet, number, values, live=(9, 10, 11, 12, 13))
    return places


def _shift(figure: Figure, row: int) -> tuple[str | float, str | float]:
    """Return the bounds as formulas that move with the printed value, so that a changed print keeps its precision."""
    interval, value, top = figure.interval, figure.obs_value, figure.obs_value_high

    def end(bound: float, column: str, base: float) -> str | float:
        if math.isinf(bound):
            return math.copysign(ENDLESS, bound)
        return f"={column}{row}+({float(f'{bound - base:.12g}'):.12g})"

    if math.isnan(value):
        return -ENDLESS, ENDLESS
    return end(interval.low, "E", value), end(interval.high, "E", value) if top is None else end(interval.high, "F", top)


def _write_review(sheet: Worksheet, rows: Sequence[Reconciled], places: Mapping[str, int]) -> None:
    heads = ["编号", "印刷", "单位", "读法", "算式", "输入", "复算值", "复算下界", "复算上界", "结论（活）", "结论（本书）"]
    _head(sheet, heads, (11, 16, 10, 22, 26, 40, 16, 16, 16, 12, 12))
    for number, row in enumerate(rows, start=2):
        answer, figure = row.answer, row.figure
        assert answer is not None
        own = places[figure.figure_id]
        tree = parse(answer.expression, tuple(n for n, _ in answer.inputs))
        cells = {
            n: (f"'{_FIGURES}'!$K${places[f]}", f"'{_FIGURES}'!$L${places[f]}", f"'{_FIGURES}'!$M${places[f]}")
            for n, f in answer.inputs
        }
        factor = f"'{_FIGURES}'!$H${own}"
        low, high = _bound_formulas(tree, cells) if _is_bounded(answer.interval) and not _may_turn(tree) else ("", "")
        values = [
            figure.figure_id,
            f"='{_FIGURES}'!D{own}",
            figure.unit_measure,
            answer.reading,
            answer.expression,
            "；".join(f"{n}={f}" for n, f in answer.inputs),
            f"=({_excel(tree, {n: c[0] for n, c in cells.items()})})/{factor}",
            f"=({low})/{factor}" if low else max(answer.interval.low, -ENDLESS),
            f"=({high})/{factor}" if high else min(answer.interval.high, ENDLESS),
            _verdict_formula(row, own, number),
            VERDICT_WORDS[row.verdict],
        ]
        _put(sheet, number, values, live=(2, 7, 8, 9, 10))


def _verdict_formula(row: Reconciled, own: int, number: int) -> str:
    figure, answer = row.figure, row.answer
    assert answer is not None
    low, high, printed = f"'{_FIGURES}'!$I${own}", f"'{_FIGURES}'!$J${own}", f"'{_FIGURES}'!$E${own}"
    meets = _meets(low, high, figure.interval, number, answer.interval)
    if figure.qualifier.is_vague:
        return f'=IF({meets},"成立","不符")'
    coarse = figure.coarse_interval()
    if coarse is not None:
        from_low, from_high = (f"({printed}+({end - figure.obs_value:.12g}))" for end in (coarse.low, coarse.high))
        meets = f"OR({meets},{_meets(from_low, from_high, coarse, number, answer.interval)})"
    if figure.obs_value_high is not None:
        below, above = "<=" if figure.interval.low_closed else "<", "<=" if figure.interval.high_closed else "<"
        same = f"AND({low}{below}G{number},G{number}{above}{high})"
    else:
        precision = figure.precision or 1.0
        rounded = f"ROUND(G{number}/{precision:.12g},0)*{precision:.12g}"
        same = f"ABS({rounded}-{printed})<=MAX(1E-9*ABS({printed}),1E-12)"
    return f'=IF({same},"一致",IF({meets},"舍入内一致","不符"))'


def _meets(low: str, high: str, printed: Interval, number: int, answer: Interval) -> str:
    """Return whether the print's bounds meet the answer's in columns H and I, by the rule of `Interval.meets`."""
    below = _reaches(high, f"H{number}", printed.high_closed and answer.low_closed)
    above = _reaches(f"I{number}", low, answer.high_closed and printed.low_closed)
    return f"AND({below},{above})"


def _reaches(high: str, low: str, closed: bool) -> str:
    return f"({high}-{low}){'>=-' if closed else '>'}1E-12*MAX(ABS({high}),ABS({low}))"


def _excel(tree: Any, names: Mapping[str, str]) -> str:
    """Return a formula tree as a spreadsheet expression over the cells that `names` gives."""
    head = tree[0]
    if head == "number":
        return f"{tree[1]:.15g}"
    if head == "name":
        return names[tree[1]]
    if head == "neg":
        return f"(-({_excel(tree[1], names)}))"
    if head == "call":
        return f"{_FUNCTIONS[tree[1]]}({','.join(_excel(t, names) for t in tree[2:])})"
    return f"({_excel(tree[1], names)}{'^' if head == '**' else head}{_excel(tree[2], names)})"


def _bound_formulas(tree: Any, cells: Mapping[str, tuple[str, str, str]]) -> tuple[str, str]:
    """Return expressions for the two bounds: sums end by end, anything else at the corners; empty when too many."""
    if _is_sum(tree):
        return _sum_bound(tree, cells, 1), _sum_bound(tree, cells, 2)
    names = sorted(cells)
    if len(names) > _MOST_LIVE:
        return "", ""
    corners = [
        _excel(tree, dict(zip(names, (cells[n][side] for n, side in zip(names, sides, strict=True)), strict=True)))
        for sides in itertools.product((1, 2), repeat=len(names))
    ]
    return f"MIN({','.join(corners)})", f"MAX({','.join(corners)})"


def _is_bounded(interval: Interval) -> bool:
    """Return whether a formula has any bound; one with a divisor that may be zero has none, whatever its corners give."""
    return math.isfinite(interval.low) or math.isfinite(interval.high)


def _may_turn(tree: Any) -> bool:
    """Return whether a part is an absolute value or a power: between its corners it may be less than at any of them."""
    own = tree[:2] == ["call", "abs"] or tree[0] == "**"
    return own or any(_may_turn(part) for part in tree[1:] if isinstance(part, list))


def _is_sum(tree: Any) -> bool:
    if tree[0] in ("name", "number"):
        return True
    return tree[0] in ("+", "-") and _is_sum(tree[1]) and _is_sum(tree[2])


def _sum_bound(tree: Any, cells: Mapping[str, tuple[str, str, str]], side: int) -> str:
    if tree[0] == "name":
        return cells[tree[1]][side]
    if tree[0] == "number":
        return f"{tree[1]:.15g}"
    other = side if tree[0] == "+" else 3 - side
    return f"({_sum_bound(tree[1], cells, side)}{tree[0]}{_sum_bound(tree[2], cells, other)})"


def _head(sheet: Worksheet, heads: Sequence[str], widths: Sequence[int]) -> None:
    sheet.append(list(heads))
    for index, width in enumerate(widths, start=1):
        cell = sheet.cell(1, index)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="EFEBE1")
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}1"


def _put(sheet: Worksheet, row: int, values: Sequence[Any], live: Sequence[int]) -> None:
    """Write one row; only the columns in `live` may hold formulas, all other text is text."""
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row, column)
        if isinstance(value, str):
            cell.value = _printable(value)
            if column not in live:
                cell.data_type = "s"
            cell.alignment = Alignment(vertical="top", wrap_text=column in (3, 15))
        else:
            cell.value = None if value is not None and value in (float("inf"), float("-inf")) else value


def _printable(text: str) -> str:
    """Drop what a workbook cannot hold: control characters and lone surrogates; at most what a cell takes."""
    kept = "".join(c for c in text if c in "\t\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF))
    return kept[:32000]


def without_clock(content: bytes, when: datetime) -> bytes:
    """Return the workbook's ZIP with every member dated `when`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _core_properties(data, when)
            new.writestr(zipfile.ZipInfo(name, (when.year, when.month, when.day, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _core_properties(data: bytes, when: datetime) -> bytes:
    """openpyxl writes the time of saving over the property that was set; put the edition's date back."""
    import re

    stamp = when.strftime("%Y-%m-%dT00:00:00Z").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)", rb"\g<1>" + stamp + rb"\g<2>", data)
