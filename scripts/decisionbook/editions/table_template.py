"""An empty file for one table, to be filled in Excel or WPS: field names as heads, and what each column may hold."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ..data.field_words import pattern_zh
from ..data.package import Package
from ..data.text import write_for_excel
from ..errors import InputError, Problem
from ..reconcile.workbook import without_clock

NOTES, LISTS = "说明", "可选值"
HEADS = ("列名", "标题", "类型", "必填", "规则", "例子", "说明")
TYPE_WORDS = {"string": "文字", "number": "数", "integer": "整数", "boolean": "true 或 false", "date": "日期"}
# The book's own workbooks are dated by their edition; a template belongs to none, and the clock has no place in it.
WHEN = datetime(2000, 1, 1)
# Rows that get a list or a limit; a column without end would make every program slow.
FILLED_ROWS = 5000
_SOFT, _HEAD = PatternFill("solid", fgColor="F7F4EC"), PatternFill("solid", fgColor="EFEBE1")


def write_template(package: Package, table: str, path: Path) -> Path:
    """Write an empty CSV (with byte-order mark, for Excel) or XLSX for a table and return its path.

    The first row of both holds the field names. The workbook explains every column on a second sheet and offers the
    values of columns that take only some. Raises InputError for another kind of file or one that is there already.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError(Problem("-o", str(path), "a name that ends with .csv or .xlsx"))
    if path.exists():
        raise InputError(Problem("-o", f"{path}, which exists", "a new file", "Choose another name; nothing is overwritten."))
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [field["name"] for field in package.fields(table)]
    if path.suffix.lower() == ".csv":
        write_for_excel(path, [names])
    else:
        path.write_bytes(_workbook(package, table))
    return path


def explained(package: Package, table: str) -> list[tuple[str, ...]]:
    """Return one row a column: name, title, type, whether it must be filled, rules, an example, notes."""
    key = package.primary_key(table)
    references = _references(package, table)
    first = next(iter(package.lines(table)), {})
    rows: list[tuple[str, ...]] = []
    for field in package.fields(table):
        limits = field.get("constraints") or {}
        rules = []
        if "enum" in limits:
            rules.append("取其一：" + "、".join(map(str, limits["enum"])))
        if "minimum" in limits:
            rules.append(f"不小于 {limits['minimum']}")
        if "maximum" in limits:
            rules.append(f"不大于 {limits['maximum']}")
        if "pattern" in limits:
            rules.append(pattern_zh(limits["pattern"]))
        if field["name"] in references:
            rules.append("须是表 {} 里 {} 列的值".format(*references[field["name"]]))
        if field["name"] in key:
            others = "、".join(name for name in key if name != field["name"])
            rules.append(f"与 {others} 合起来不得重复" if others else "主键，不得重复")
        rows.append(
            (
                field["name"],
                field.get("title", ""),
                str(TYPE_WORDS.get(field["type"], field["type"])),
                "是" if limits.get("required") or field["name"] in key else "",
                "；".join(rules),
                str(first.get(field["name"]) or _example(package, field, references)),
                str(field.get("description", "")),
            )
        )
    return rows


def _references(package: Package, table: str) -> dict[str, tuple[str, str]]:
    """Return, by field, the table and the field that its values must be found in."""
    keys = package.resource(table)["schema"].get("foreignKeys", [])
    return {
        here: (key["reference"]["resource"] or table, there)
        for key in keys
        for here, there in zip(key["fields"], key["reference"]["fields"], strict=True)
    }


def _example(package: Package, field: Mapping[str, Any], references: Mapping[str, tuple[str, str]]) -> str:
    limits = field.get("constraints") or {}
    if field["name"] in references:
        target, column = references[field["name"]]
        return next((line[column] for line in package.lines(target) if line.get(column)), "")
    if "enum" in limits:
        return str(limits["enum"][0])
    return "2022" if field["name"] == "time_period" else ""


def _workbook(package: Package, table: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = table[:31]
    fields = package.fields(table)
    for column, field in enumerate(fields, start=1):
        cell = sheet.cell(1, column, field["name"])
        cell.font, cell.fill = Font(bold=True), _HEAD
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = max(12, min(30, len(field["name"]) + 4))
        if field["type"] == "string":
            # As text, so that Excel leaves 000 and 2022-10 as they are typed.
            for row in range(2, 202):
                sheet.cell(row, column).number_format = "@"
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet(NOTES), package, table)
    _offer(book, sheet, package, table)
    book.properties.created = book.properties.modified = WHEN
    book.properties.creator = "decisionbook"
    raw = io.BytesIO()
    book.save(raw)
    return without_clock(raw.getvalue(), WHEN)


def _explain(sheet: Worksheet, package: Package, table: str) -> None:
    resource = package.resource(table)
    lines = [f"{resource.get('title', table)}（{table}）", resource.get("description", "")]
    lines.append(
        f"填好第一张表后：decisionbook run 章名 -d {table}=本文件；追加到原表用 -d {table}+=本文件。"
        "列的次序不限，列名也可写中文标题。"
    )
    for number, line in enumerate(lines, start=1):
        sheet.cell(number, 1, line).data_type = "s"
    sheet.cell(1, 1).font = Font(bold=True)
    for row, values in enumerate([HEADS, *explained(package, table)], start=5):
        for column, value in enumerate(values, start=1):
            cell = sheet.cell(row, column, value)
            cell.data_type = "s"
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if row == 5:
                cell.font, cell.fill = Font(bold=True), _HEAD
            elif column == 1:
                cell.fill = _SOFT
    for column, width in enumerate((20, 26, 14, 7, 48, 22, 40), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _offer(book: Workbook, sheet: Worksheet, package: Package, table: str) -> None:
    """Give the columns of the first sheet their lists and limits; the values stand on a sheet of their own."""
    lists: Worksheet | None = None
    references = _references(package, table)
    for column, field in enumerate(package.fields(table), start=1):
        limits = field.get("constraints") or {}
        values: Sequence[str] = [str(v) for v in limits.get("enum", ())]
        if not values and field["type"] == "boolean":
            values = ["true", "false"]
        if not values and field["name"] in references and references[field["name"]][0] != table:
            target, there = references[field["name"]]
            values = list(dict.fromkeys(line[there] for line in package.lines(target) if line.get(there)))
        rule = None
        if values:
            lists = lists or book.create_sheet(LISTS)
            for row, value in enumerate([field["name"], *values], start=1):
                lists.cell(row, column, value).data_type = "s"
            letter = get_column_letter(column)
            rule = DataValidation(type="list", formula1=f"'{LISTS}'!${letter}$2:${letter}${len(values) + 1}", allow_blank=True)
            rule.error = "请从列表里选一个值。"
        elif field["type"] in ("number", "integer") and ("minimum" in limits or "maximum" in limits):
            low, high = limits.get("minimum"), limits.get("maximum")
            operator = "lessThanOrEqual" if low is None else "greaterThanOrEqual" if high is None else "between"
            first, second = (low, high) if low is not None else (high, None)
            kind = "decimal" if field["type"] == "number" else "whole"
            rule = DataValidation(type=kind, operator=operator, formula1=str(first), allow_blank=True)
            rule.formula2 = None if second is None else str(second)
            rule.error = "；".join(f"{w} {v}" for w, v in (("不小于", low), ("不大于", high)) if v is not None) + "。"
        if rule is not None:
            rule.showErrorMessage = True
            rule.errorTitle = field.get("title") or field["name"]
            letter = get_column_letter(column)
            rule.add(f"{letter}2:{letter}{FILLED_ROWS}")
            sheet.add_data_validation(rule)
