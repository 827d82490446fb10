"""Directives of the book's own pages: the edition, its chapters, the marks, the sources, all verdicts at a glance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from .book_data import VERDICT_GLYPHS, VERDICT_WORDS, quote
from .catalogue import DataCatalogue
from .directives import Cell, build_table, chapter_link, printed_text, recomputed_text
from .evidence_data import is_repeat
from .findings import verdict_mark
from .glossary import GlossaryTable

VERDICT_MEANINGS = {
    "reproduced": "按印刷精度复算，结果与印刷相同",
    "within_rounding": "中值不同，但差别在舍入范围之内",
    "consistent": "印的是约、多、超一类的含糊数，界限成立",
    "contradicted": "区间完全错开；另注是否改变结论",
    "input": "原样引用的输入、目标或背景，无从复算",
    "unverifiable": "结论所需的输入没有印出",
}


class _PageTable(SphinxDirective):
    """A directive whose whole result is one numbered table."""

    name_of_table = ""
    caption = ""
    heads: Sequence[str] = ()
    widths: Sequence[int] = ()
    right: Sequence[int] = ()

    def body(self) -> Sequence[Sequence[Cell]]:
        raise TypeError(f"{type(self).__name__} does not say its rows")

    def run(self) -> list[nodes.Node]:
        table = build_table(
            self.heads, self.body(), caption=self.caption, name=self.name_of_table, widths=self.widths, right=self.right
        )
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [table]


class VerdictLegend(_PageTable):
    """`{verdict-legend}`: the marks and what they say."""

    name_of_table, caption = "tab-verdict-legend", "结论的记号"
    heads, widths = ("记号", "结论", "意思"), (10, 18, 72)

    def body(self) -> Sequence[Sequence[Cell]]:
        return [[verdict_mark(v, []), VERDICT_WORDS[v], VERDICT_MEANINGS[v]] for v in VERDICT_GLYPHS]


class QualifierTable(_PageTable):
    """`{qualifier-table}`: the closed table of vague words and the bounds they give."""

    name_of_table, caption = "tab-qualifiers", "含糊用词与界限"
    heads, widths = ("类别", "用词", "界限"), (16, 36, 48)

    def body(self) -> Sequence[Sequence[Cell]]:
        return [[r["name_zh"], r["words"] or "—", r["note"] or "—"] for r in quote(self.env, "qualifiers")]


class SourceTable(_PageTable):
    """`{source-table}`: the briefings that this edition knows."""

    name_of_table, caption = "tab-sources", "本版所用的来源"
    heads, widths = ("编号", "题名", "编印", "刊期", "日期"), (8, 32, 28, 20, 12)

    def body(self) -> Sequence[Sequence[Cell]]:
        return [
            [r["source_id"], r["title"], r["publisher"], r["series"] or "—", r["published_on"]]
            for r in quote(self.env, "sources")
        ]


class ReconciliationSummary(_PageTable):
    """`{reconciliation-summary}`: how many figures of each source have which verdict."""

    name_of_table, caption = "tab-verdicts-by-source", "各来源的结论"
    heads = ("来源", *(f"{VERDICT_GLYPHS[v]} {VERDICT_WORDS[v]}" for v in VERDICT_GLYPHS), "合计")
    widths, right = (16, 12, 12, 12, 12, 12, 12, 12), (1, 2, 3, 4, 5, 6, 7)

    def body(self) -> Sequence[Sequence[Cell]]:
        rows = quote(self.env, "reconciliation")
        sources = sorted({r["source_id"] for r in rows})
        body: list[list[Cell]] = []
        for source in [*sources, ""]:
            own = [r for r in rows if source in ("", r["source_id"])]
            counts = [sum(r["verdict"] == v for r in own) for v in VERDICT_GLYPHS]
            body.append([source or "合计", *(str(c) for c in counts), str(len(own))])
        return body


class ReconciliationAll(SphinxDirective):
    """`{reconciliation-all}`: every figure; on screen a page that filters and recalculates, on paper one long table."""

    def run(self) -> list[nodes.Node]:
        rows = quote(self.env, "reconciliation")
        chapters = quote(self.env, "chapters")
        wait = "这张表用脚本分页显示。不用脚本时，请下载 reconciliation.csv。"
        screen = nodes.container("", nodes.paragraph("", wait), ids=["db-reconciliation"], classes=["screen-only"])
        body: list[list[Cell]] = [
            [
                row["figure_id"],
                printed_text(row),
                row["section"],
                recomputed_text(row),
                [verdict_mark(row["verdict"], [row["figure_id"]]), nodes.Text(" " + VERDICT_WORDS[row["verdict"]])],
                chapters.get(row["chapter"], {}).get("title", "—"),
            ]
            for row in rows
        ]
        table = build_table(
            ["编号", "印刷", "出处", "复算", "结论", "章节"],
            body,
            caption="全部印刷数字",
            name="tab-all-figures",
            right=(3,),
            widths=(12, 20, 24, 16, 14, 14),
        )
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [
            addnodes.only("", screen, expr="html"),
            addnodes.only("", table, expr="typst"),
        ]


class ListOfExhibits(SphinxDirective):
    """`{list-of}` figures or tables: every one of the chapters, with number, caption and chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        listed = nodes.bullet_list(classes=["exhibits"])
        for exhibit in quote(self.env, "exhibits"):
            if exhibit["kind"] != self.arguments[0]:
                continue
            number = addnodes.pending_xref(
                "",
                nodes.literal("", exhibit["name"], classes=["xref"]),
                refdomain="std",
                reftype="numref",
                reftarget=exhibit["name"],
                refexplicit=False,
                refwarn=True,
                refdoc=self.env.docname,
            )
            line = nodes.paragraph("", "", number, nodes.Text(f"　{exhibit['caption']}（{exhibit['chapter']}）"))
            listed += nodes.list_item("", line)
        return [listed]


class StatisticsTable(_PageTable):
    """`{statistics-table}`: the publications that the official statistics come from."""

    name_of_table, caption = "tab-statistics", "本版所用的官方统计"
    heads, widths, right = ("发布机构", "题名", "不晚于此日公布", "数值个数"), (28, 40, 18, 14), (3,)

    def body(self) -> Sequence[Sequence[Cell]]:
        return [[r["publisher"], r["title"], r["published_by"], f"{r['count']:,}"] for r in quote(self.env, "statistics")]


class SelfTest(_PageTable):
    """`{self-test}`: how many planted errors of each kind the reconciliation finds."""

    name_of_table, caption = "tab-self-test", "有意种入的错误与检出率"
    heads, widths, right = ("错误", "种入", "检出", "比例"), (46, 18, 18, 18), (1, 2, 3)

    def body(self) -> Sequence[Sequence[Cell]]:
        return [
            [r["words"], f"{r['planted']:,}", f"{r['found']:,}", f"{r['rate'] * 100:.1f}%"] for r in quote(self.env, "self_test")
        ]


class EditionSummary(SphinxDirective):
    """`{edition-summary}`: id, dates and what is new, as a definition list."""

    def run(self) -> list[nodes.Node]:
        edition = quote(self.env, "edition")
        rows = quote(self.env, "reconciliation")
        judged = [r for r in rows if r["verdict"] in ("reproduced", "within_rounding", "consistent", "contradicted")]
        repeated = sum(is_repeat(r) for r in judged)
        facts = [
            ("版本", edition["label"] + ("　送审稿" if edition.get("draft") else "")),
            ("期号", edition.get("issue_number", "")),
            ("范围", edition.get("audience", "")),
            ("分发", edition.get("distribution", "")),
            ("签署", "　".join(f"{s['role']} {s['name']}（{s['date']}）" for s in edition.get("signatures", []))),
            ("数据截至", edition["as_of"]),
            ("编制日期", edition["compiled"]),
            ("本版更新", edition["summary"]),
            ("印刷数字", f"登记 {len(rows)} 个，其中 {len(judged)} 个有印出的数可以核对"),
            ("怎样核对", f"{len(judged) - repeated} 个由别的数算出；{repeated} 个是同一个数在另一处重印，一致只说明前后没有矛盾"),
            ("不符", f"{sum(r['verdict'] == 'contradicted' for r in rows)} 个，见复核总表"),
        ]
        items = [
            nodes.definition_list_item("", nodes.term("", term), nodes.definition("", nodes.paragraph("", text)))
            for term, text in facts
            if text
        ]
        return [nodes.definition_list("", *items, classes=["edition-summary"])]


class ChapterList(SphinxDirective):
    """`{chapter-list}`: the chapters of this edition by part, with 时效 and the verdicts of each."""

    def run(self) -> list[nodes.Node]:
        chapters = quote(self.env, "chapters")
        rows = quote(self.env, "reconciliation")
        parts: dict[str, nodes.bullet_list] = {}
        for name in quote(self.env, "edition")["order"]:
            chapter = chapters[name]
            line = chapter_link(name, chapter)
            for verdict in VERDICT_GLYPHS:
                count = sum(r["verdict"] == verdict and r["chapter"] == name for r in rows)
                if count:
                    line += [nodes.Text("　"), verdict_mark(verdict, []), nodes.Text(f" {count}")]
            parts.setdefault(chapter["part"], nodes.bullet_list()).append(nodes.list_item("", line))
        result: list[nodes.Node] = []
        for part, listed in parts.items():
            result += [nodes.paragraph("", "", nodes.strong("", part), classes=["part-title"]), listed]
        rest = [row for row in rows if row["chapter"] not in quote(self.env, "edition")["order"]]
        result = [nodes.container("", *result, classes=["chapter-grid"])]
        if rest:
            # Or a reader who adds the chapters up misses some of the figures that the summary counts.
            ids = "、".join(row["figure_id"] for row in rest[:6]) + "等" * (len(rest) > 6)
            words = f"各章合计 {len(rows) - len(rest)} 个印刷数字；另有 {len(rest)} 个不属于任何一章（{ids}），见复核总表。"
            result.append(nodes.paragraph("", words, classes=["chapters-rest"]))
        return result


def download_link(name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()) -> Any:
    """`{download-link}`: a file that the build puts beside the pages; on paper only its name."""
    if not re.fullmatch(r"[\w.-]+", text):
        message = inliner.reporter.error(f"{text!r} is not a plain file name", line=lineno)
        return [inliner.problematic(rawtext, rawtext, message)], [message]
    link = nodes.reference("", text, refuri=text, internal=True, classes=["download"])
    return [addnodes.only("", link, expr="html"), addnodes.only("", nodes.literal(text, text), expr="typst")], []


DIRECTIVES = {
    "verdict-legend": VerdictLegend,
    "qualifier-table": QualifierTable,
    "source-table": SourceTable,
    "reconciliation-summary": ReconciliationSummary,
    "glossary-table": GlossaryTable,
    "list-of": ListOfExhibits,
    "statistics-table": StatisticsTable,
    "self-test": SelfTest,
    "data-catalogue": DataCatalogue,
    "reconciliation-all": ReconciliationAll,
    "edition-summary": EditionSummary,
    "chapter-list": ChapterList,
}
