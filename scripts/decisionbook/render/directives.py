"""Directives that fill a page from the book's data: reconciliation, parameters, recommendations, catalogue."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from docutils import nodes
from sphinx import addnodes
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from ..analysis.registers import LATER_WORDS
from ..data.declarations import PERIODS
from .book_data import VERDICT_GLYPHS, VERDICT_WORDS, quote
from .findings import verdict_mark

Cell: TypeAlias = str | nodes.Node | Sequence[nodes.Node]

READING_ORDER = ("contradicted", "within_rounding", "reproduced", "consistent", "unverifiable", "input")
STATUS_WORDS = {"current": "现行", "pending": "待更新", "historical": "历史"}


def build_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    caption: str,
    name: str,
    right: Sequence[int] = (),
    widths: Sequence[int] = (),
) -> nodes.table:
    """Return a numbered table node; `right` lists the columns that are aligned right, `widths` their relative widths."""
    table = nodes.table("", nodes.title(caption, caption), ids=[name], names=[name], classes=["book-table"])
    group = nodes.tgroup("", cols=len(heads))
    for width in widths or [1] * len(heads):
        group += nodes.colspec("", colwidth=width)
    group += nodes.thead("", _row(heads, right))
    group += nodes.tbody("", *(_row(row, right) for row in rows))
    table += group
    return table


def _row(cells: Sequence[Cell], right: Sequence[int]) -> nodes.row:
    row = nodes.row()
    for index, cell in enumerate(cells):
        content = [nodes.Text(cell)] if isinstance(cell, str) else [cell] if isinstance(cell, nodes.Node) else list(cell)
        entry = nodes.entry("", nodes.paragraph("", "", *content))
        if index in right:
            entry["classes"].append("right")
        row += entry
    return row


def chapter_link(name: str, chapter: dict[str, Any], before: Sequence[nodes.Node] = ()) -> nodes.paragraph:
    """Return a line with the title of a chapter, which leads to it, and its 时效."""
    title = nodes.inline("", chapter["title"])
    target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{name}", "refexplicit": True, "refwarn": True}
    status = nodes.inline("", STATUS_WORDS[chapter["status"]], classes=["status-pill", chapter["status"]])
    return nodes.paragraph("", "", *before, addnodes.pending_xref("", title, **target), nodes.Text("　"), status)


def number(value: float | None, digits: int = 4) -> str:
    """Return a number at `digits` significant digits, with a typographic minus; None and infinity as a dash."""
    if value is None or not math.isfinite(value):
        return "—"
    if value == int(value) and abs(value) < 1e12:
        text = f"{int(value):,}"
    else:
        # Noughts that the value does not have would claim a precision; 0.7 is not 0.7000.
        own = len(f"{value:.8f}".rstrip("0").partition(".")[2])
        decimals = min(own, max(0, digits - 1 - math.floor(math.log10(abs(value)))))
        text = f"{value:,.{decimals}f}"
    return text.replace("-", "−")


def interval_text(bounds: dict[str, Any] | None) -> str:
    """Return bounds in words of mathematics: closed and open ends, one-sided bounds as ≥ > ≤ <."""
    if not bounds or (bounds["low"] is None and bounds["high"] is None):
        return "—"
    low, high = bounds["low"], bounds["high"]
    if high is None:
        return f"{'≥' if bounds['low_closed'] else '>'}{number(low)}"
    if low is None:
        return f"{'≤' if bounds['high_closed'] else '<'}{number(high)}"
    if low == high:
        return number(low)
    # As few decimals as keep the ends: what rounding takes is small against the width of the interval and against each end.
    small = {end: min((high - low) / 50, abs(end) / 1000) for end in (low, high)}
    decimals = next((d for d in range(9) if all(abs(round(end, d) - end) <= small[end] for end in small)), 9)
    return f"{low:,.{decimals}f}–{high:,.{decimals}f}".replace("-", "−")


def printed_text(row: dict[str, Any]) -> str:
    """Return a figure as printed, without the spaces and line ends that layout put beside Chinese characters."""
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", row["published"])


def recomputed_text(row: dict[str, Any]) -> str:
    """Return what was recomputed with its unit as Chinese print sets it: 0.9186%, 425 亿元, a ratio alone; a dash for none."""
    if not row["finding_value"]:
        return "—"
    text, unit = number(_float(row["finding_value"])), row["unit"]
    return text + {"": "", "1": "", "%": "%"}.get(unit, f" {unit}")


def _parameter_value(parameter: dict[str, Any]) -> str:
    value = parameter["value"]
    return ("是" if value else "否") if isinstance(value, bool) else f"{value}{parameter['unit']}"


def place_text(row: dict[str, Any]) -> str:
    """Return where a figure is printed: source and section."""
    return f"{row['source_id']}　{row['section']}"


class ReconciliationDirective(SphinxDirective):
    """`{reconciliation}`: the published figures of this chapter with what was recomputed and the verdicts."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0] if self.arguments else self.env.docname
        rows = quote(self.env, f"reconciliation:{chapter}")
        if not rows:
            return [nodes.paragraph("", "本版没有属于本章的印刷数字。")]
        # What a reader must see comes first; what is only quoted comes last.
        rows = sorted(rows, key=lambda r: (READING_ORDER.index(r["verdict"]), r["figure_id"]))
        counted = [(v, sum(r["verdict"] == v for r in rows)) for v in VERDICT_GLYPHS]
        summary = nodes.paragraph("", f"本章共登记 {len(rows)} 个印刷数字：", classes=["verdict-summary"])
        for verdict, count in counted:
            if count:
                counted_as = nodes.Text(f" {VERDICT_WORDS[verdict]} {count}")
                summary += nodes.inline("", "", verdict_mark(verdict, []), counted_as, classes=["together"])
                summary += nodes.Text("　")
        body = [
            [
                nodes.strong(printed_text(row), printed_text(row)),
                place_text(row),
                recomputed_text(row),
                interval_text(row.get("bounds")),
                [verdict_mark(row["verdict"], [row["figure_id"]]), nodes.Text(" " + VERDICT_WORDS[row["verdict"]])],
                _remark(row),
            ]
            for row in rows
        ]
        table = build_table(
            ["印刷", "出处", "复算", "复算区间", "结论", "说明"],
            body,
            caption=f"{_title(self.env, chapter)}：印刷数字复核",
            name=f"tab-{chapter.replace('_', '-')}-reconciliation",
            right=(2, 3),
            widths=(14, 20, 14, 18, 12, 22),
        )
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [summary, table]


def _title(env: BuildEnvironment, chapter: str) -> str:
    declared = quote(env, f"chapter:{chapter}")
    return declared["title"] if declared else chapter


def _float(text: str) -> float | None:
    return float(text) if text else None


def _remark(row: dict[str, Any]) -> str:
    parts = [row["cause"], row["note"]]
    if row["verdict"] == "contradicted" and row["changes_conclusion"]:
        parts.insert(0, {"yes": "改变结论", "no": "不改变结论"}.get(row["changes_conclusion"], row["changes_conclusion"]))
    return "；".join(filter(None, parts))


def allowed_words(allowed: str) -> str:
    """Return what a parameter may be in a reader's words: 0.001– gives 不小于 0.001, areas.csv gives 地区名称."""
    words = []
    for part in allowed.split("; "):
        limits = re.fullmatch(r"(-?[\d.e+]*)–(-?[\d.e+]*)", part)
        if part == "areas.csv":
            part = "地区的名称"
        elif part == PERIODS:
            part = "时期，如 2022、2022-S1、2022-Q1、2022-10"
        elif limits:
            low, high = (_limit(text) for text in limits.groups())
            part = f"{low} 至 {high}" if low and high else f"不小于 {low}" if low else f"不大于 {high}"
        words.append(part)
    return "；".join(words)


def _limit(text: str) -> str:
    # A year has no separator.
    whole = text.removeprefix("-")
    shown = f"{int(whole):,}" if whole.isdecimal() and len(whole) > 4 else whole
    return f"−{shown}" if whole != text else shown.replace("-", "−")


def folded(content: nodes.Element, summary: str) -> list[nodes.Node]:
    """Return content that a page on screen opens on request; on paper it stands as it is."""
    opening = f'<details class="db-fold"><summary>{html.escape(summary)}</summary>'
    return [
        addnodes.only("", nodes.raw("", opening, format="html"), expr="html"),
        content,
        addnodes.only("", nodes.raw("", "</details>", format="html"), expr="html"),
    ]


class ParametersDirective(SphinxDirective):
    """`{parameters}`: what an analyst may vary in this chapter, with the values of this edition."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0] if self.arguments else self.env.docname
        declared = quote(self.env, f"chapter:{chapter}")
        body = [
            [
                nodes.literal(p["name"], p["name"]),
                p["meaning"],
                p["missing"] if p["value"] is None else _parameter_value(p),
                allowed_words(p["allowed"]),
            ]
            for p in declared["parameters"]
        ]
        table = build_table(
            ["参数", "含义", "本次取值" if declared.get("rerun") else "本版取值", "可取"],
            body,
            caption=f"{_title(self.env, chapter)}：可以改动的参数",
            name=f"tab-{chapter.replace('_', '-')}-parameters",
            widths=(22, 34, 18, 26),
        )
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return folded(table, f"可以改动的参数，共 {len(body)} 个") if body else [table]


#: Characters of a printed number that one line of the register of advice holds.
_ONE_LINE = 8


class RecommendationsDirective(SphinxDirective):
    """`{recommendations}`: what the briefings advise here, on which figures it rests, what later sources show."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        chapter = self.arguments[0] if self.arguments else self.env.docname
        rows = quote(self.env, f"recommendations:{chapter}")
        if not rows:
            return [nodes.paragraph("", "来源没有就本章提出建议。")]
        body = []
        for row in rows:
            marks: list[nodes.Node] = []
            for figure in row["figures"]:
                number = [nodes.Text(f"{figure['published']} "), verdict_mark(figure["verdict"], [figure["figure_id"]])]
                # 12 项 stays in one line with its mark; a list of cities does not fit into one.
                kept = ["together"] if len(figure["published"]) <= _ONE_LINE else []
                marks += [nodes.inline("", "", *number, classes=kept), nodes.Text("　")]
            del marks[-1:]
            later = LATER_WORDS[row["later_status"] or "none"]
            note = f"：{row['later_note']}" if row["later_note"] else ""
            body.append(
                [row["recommendation_id"], row["recommendation"], row["addressee"] or "—", marks or "—", f"{later}{note}"]
            )
        table = build_table(
            ["编号", "建议", "对象", "依据的数字", "后续"],
            body,
            caption=f"{_title(self.env, chapter)}：建议台账",
            name=f"tab-{chapter.replace('_', '-')}-recommendations",
            widths=(12, 38, 14, 20, 16),
        )
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [table]
