"""Content that depends on the edition: blocks for some chapters only, and the page of what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from .book_data import VERDICT_WORDS, quote
from .directives import Cell, build_table, number
from .findings import format_finding, verdict_mark
from .pages import download_link

CAUSE_WORDS = {
    "parameter": "参数变动",
    "source": "新来源",
    "statistics": "新统计",
    "data": "数据修订",
    "code": "程序变动",
    "date": "截止日期",
}
KIND_WORDS = {"chart": "图", "table": "表"}
# A page is read; the whole list is a download.
MOST = 60


class EditionHas(SphinxDirective):
    """`:::{edition-has} chapter other`: keep the content only in an edition that has all the named chapters or pages.

    `:tables: name` asks for tables with rows besides (a public edition leaves restricted rows out). With `:missing:` the
    content is kept where at least one of them is missing.
    """

    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"missing": directives.flag, "tables": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        # The list of chapters is a dependency of the page: another edition in the same folder reads the page anew.
        chapters = quote(self.env, "chapters")
        pages = self.arguments[0].split() if self.arguments else []
        filled = quote(self.env, "filled_tables") or []
        has_all = all(name in chapters or name in self.env.found_docs for name in pages)
        has_all = has_all and all(name in filled for name in self.options.get("tables", "").split())
        if has_all == ("missing" in self.options):
            return []
        return self.parse_content_to_nodes(allow_section_headings=True)


class EditionChanges(SphinxDirective):
    """`{edition-changes}`: what changed since the edition before, the numbers of 要点 first."""

    def run(self) -> list[nodes.Node]:
        changes = quote(self.env, "changes")
        if not changes or "from" not in changes:
            return [nodes.paragraph("", (changes or {}).get("reason", "没有可比较的前一版。"))]
        old = changes["from"]
        head = nodes.paragraph("", f"与{old['id']}版（数据截至{old['as_of']}）比较。")
        result: list[nodes.Node] = [head, self._overview(changes)]
        result += self._moved(changes["moved"])
        result += self._verdicts(changes["verdicts"])
        result += self._displays(changes["displays"])
        return result

    def _overview(self, changes: Mapping[str, Any]) -> nodes.definition_list:
        figures = changes["figures"]
        statistics, findings, displays = changes["statistics"], changes["findings"], changes["displays"]
        parameters = "；".join(
            f"{p['title']} {p['parameter']}：{_plain(p['old'])} → {_plain(p['new'])}" for p in changes["parameters"]
        )
        facts = [
            ("新增章节", "、".join(c["title"] for c in changes["chapters"]["added"])),
            ("撤下章节", "、".join(c["title"] for c in changes["chapters"]["withdrawn"])),
            ("新增来源", "、".join(f"{s['source_id']}《{s['title']}》" for s in changes["sources"]["added"])),
            ("修订的来源数据", "、".join(changes["sources"]["revised"])),
            ("官方统计", _counts(statistics, "条")),
            ("参数", parameters),
            ("登记的印刷数字", _figures(figures)),
            ("变动的数", f"{len(changes['moved'])} 个" if changes["moved"] else "没有"),
            ("结论变动", f"{len(changes['verdicts'])} 个" if changes["verdicts"] else "没有"),
            ("沿用章节里的数", _counts(findings, "个")),
            ("沿用章节里的图表", _counts(displays, "张")),
            ("措辞", f"{changes['texts']} 处由数生成的文字读来不同，不逐条列出" if changes["texts"] else ""),
        ]
        items = [
            nodes.definition_list_item("", nodes.term("", term), nodes.definition("", nodes.paragraph("", text)))
            for term, text in facts
            if text
        ]
        return nodes.definition_list("", *items, classes=["edition-summary"])

    def _moved(self, moved: Sequence[Mapping[str, Any]]) -> list[nodes.Node]:
        if not moved:
            return []
        body: list[list[Cell]] = []
        # A number that no sentence quotes has only a name in the program: nothing a reader would recognise. One that the
        # chapter prints as before has not moved for him.
        shown = [e for e in moved if e["words"] and _printed(e, "old") != _printed(e, "new")][:MOST]
        for entry in shown:
            words = entry["words"]
            first: list[nodes.Node] = [nodes.strong("", "要点　")] if entry["key"] else []
            relative = entry["relative"]
            body.append(
                [
                    entry["title"],
                    [*first, nodes.Text(words)],
                    _printed(entry, "old"),
                    _printed(entry, "new"),
                    _difference(entry),
                    # A later year is not a larger one.
                    "—" if relative is None or entry["unit"] == "年" else f"{relative:+.1%}".replace("-", "−"),
                    "、".join(CAUSE_WORDS[c] for c in entry["causes"]),
                ]
            )
        heads = ["章节", "数", "原", "现", "差", "变动", "原因"]
        table = self._table(heads, body, "变动的数", "tab-moved-findings", (2, 3, 4, 5), (14, 30, 12, 12, 10, 9, 13))
        rest = len(moved) - len(shown)
        more = (
            [nodes.paragraph("", f"另有 {rest} 个变动较小、印出来不变或正文没有引用的数，见下载的 changes.json。")]
            if rest
            else []
        )
        link, _ = download_link("download-link", "", "changes.json", self.lineno, self.state.inliner)
        return [*([table] if shown else []), *more, nodes.paragraph("", "下载：", *link)]

    def _verdicts(self, verdicts: Sequence[Mapping[str, str]]) -> list[nodes.Node]:
        if not verdicts:
            return []
        rows = {row["figure_id"]: row for row in quote(self.env, "reconciliation")}
        chapters = quote(self.env, "chapters")
        body: list[list[Cell]] = []
        for change in verdicts[:MOST]:
            row = rows[change["figure_id"]]
            chapter = chapters.get(row["chapter"], {}).get("title", "—")
            marks = [
                [verdict_mark(change[key], [change["figure_id"]]), nodes.Text(f" {VERDICT_WORDS[change[key]]}")]
                for key in ("old", "new")
            ]
            body.append([change["figure_id"], row["published"].replace("\n", ""), chapter, *marks])
        return [
            self._table(
                ["编号", "印刷", "章节", "原", "现"], body, "变动的结论", "tab-changed-verdicts", (), (14, 28, 22, 18, 18)
            )
        ]

    def _displays(self, displays: Mapping[str, Sequence[Mapping[str, str]]]) -> list[nodes.Node]:
        body: list[list[Cell]] = [
            [words, d["title"], KIND_WORDS[d["kind"]], d["caption"]]
            for kind, words in (("added", "新增"), ("withdrawn", "撤下"))
            for d in displays[kind]
        ]
        if not body:
            return []
        return [
            self._table(["", "章节", "", "题名"], body, "沿用章节里新增和撤下的图表", "tab-changed-displays", (), (10, 24, 8, 58))
        ]

    def _table(
        self,
        heads: Sequence[str],
        body: Sequence[Sequence[Cell]],
        caption: str,
        name: str,
        right: Sequence[int],
        widths: Sequence[int],
    ) -> nodes.table:
        table = build_table(heads, body, caption=caption, name=name, right=right, widths=widths)
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return table


def _printed(entry: Mapping[str, Any], key: str) -> str:
    """Return the old or new value with its unit, in the format in which the chapter prints it."""
    value, unit = entry[key], entry["old_unit" if key == "old" else "unit"]
    year = unit == "年" and not entry["form"]
    text = str(int(value)) if year else format_finding(value, entry["form"]) if entry["form"] else number(value)
    return f"{text} {unit}".strip()


def _difference(entry: Mapping[str, Any]) -> str:
    difference, form = entry["difference"], entry["form"].lstrip("+")
    if difference is None:
        return "—"
    return format_finding(difference, f"+{form}") if form.endswith("f") else number(difference)


def _plain(value: Any) -> str:
    return "由数据给出" if value is None else str(value)


def _counts(changed: Mapping[str, Sequence[Any]], unit: str) -> str:
    words = {"added": "新增", "revised": "修订", "withdrawn": "撤下"}
    return "，".join(f"{words[kind]} {len(entries)} {unit}" for kind, entries in changed.items() if entries)


def _figures(figures: Mapping[str, Any]) -> str:
    parts = [f"来源{source}新增 {count} 个" for source, count in figures["added"].items()]
    if figures["withdrawn"]:
        parts.append(f"撤下 {len(figures['withdrawn'])} 个：{'、'.join(figures['withdrawn'][:20])}")
    return "，".join(parts)
