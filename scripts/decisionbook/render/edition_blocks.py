"""Content that depends on the edition: blocks for some chapters only, and the page of what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from .book_data import VERDICT_WORDS, quote
from .directives import Cell, build_table, folded, number
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
        result += self._sentences(changes["sentences"])
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
            ("变动的数", _moved_count(changes["moved"])),
            ("改变的句子", f"{len(changes['sentences'])} 句" if changes["sentences"] else "没有"),
            ("复核判定变动", f"{len(changes['verdicts'])} 个" if changes["verdicts"] else "没有"),
            ("沿用章节里的数", _counts(findings, "个")),
            ("沿用章节里的图表", _counts(displays, "张")),
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
        # A number that no sentence quotes has only a name in the program: nothing a reader would recognise. One that the
        # chapter prints as before has not moved for him, and one that now means another year stands among the sentences.
        same = [e for e in moved if not e["reworded"]]
        shown = [e for e in same if e["words"] and _printed(e, "old") != _printed(e, "new")][:MOST]
        body: list[list[Cell]] = [
            [
                entry["title"],
                [*_key(entry), nodes.Text(entry["words"])],
                _together(_printed(entry, "old")),
                _together(_printed(entry, "new")),
                *map(_together, _difference(entry)),
                _causes(entry),
            ]
            for entry in shown
        ]
        heads = ["章节", "数", "原", "现", "差", "变动", "原因"]
        table = self._table(heads, body, "变动的数", "tab-moved-findings", (2, 3, 4, 5), (14, 30, 12, 12, 10, 9, 13))
        rest = len(same) - len(shown)
        more = (
            [nodes.paragraph("", f"另有 {rest} 个变动较小、印出来不变或正文没有引用的数，见下载的 changes.json。")]
            if rest
            else []
        )
        link, _ = download_link("download-link", "", "changes.json", self.lineno, self.state.inliner)
        return [*([table] if shown else []), *more, nodes.paragraph("", "下载：", *link)]

    def _sentences(self, sentences: Sequence[Mapping[str, Any]]) -> list[nodes.Node]:
        """Return the sentences that read differently, old beside new: those of 要点, and folded those of the text."""
        result: list[nodes.Node] = []
        for key, caption, name in (
            (True, "要点里改变的句子", "tab-changed-key-sentences"),
            (False, "正文里改变的句子", "tab-changed-sentences"),
        ):
            own = [entry for entry in sentences if entry["key"] == key]
            if not own:
                continue
            body: list[list[Cell]] = [[e["title"], *parted(e["old"], e["new"]), _causes(e)] for e in own]
            table = self._table(["章节", "旧", "新", "原因"], body, caption, name, (), (14, 36, 36, 14))
            result += [table] if key else folded(table, f"{caption}，共 {len(own)} 句")
        if result:
            words = "下面的句子换了年份、规则或用词：前后两个数说的不一定是同一件事，所以并列旧句和新句，不算差。"
            result.insert(0, nodes.paragraph("", words))
        return result

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
                ["编号", "印刷", "章节", "原", "现"], body, "变动的复核判定", "tab-changed-verdicts", (), (14, 28, 22, 18, 18)
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
        table["classes"].append("stacked")
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return table


def _printed(entry: Mapping[str, Any], key: str) -> str:
    """Return the old or new value with its unit, in the format in which the chapter prints it."""
    return _with_unit(_shown(entry, key), entry["old_unit" if key == "old" else "unit"])


def _shown(entry: Mapping[str, Any], key: str) -> str:
    value, unit = entry[key], entry["old_unit" if key == "old" else "unit"]
    year = unit == "年" and not entry["form"]
    return str(int(value)) if year else format_finding(value, entry["form"]) if entry["form"] else number(value)


def _with_unit(text: str, unit: str) -> str:
    return f"{text}%" if unit == "%" else f"{text} {unit}".strip()


def _difference(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the difference of the two numbers as they are printed, with its unit, and its share of the first."""
    if entry["difference"] is None:
        return "—", "—"
    old, new = (Decimal(re.sub(r"[^\d.eE+\-]", "", _shown(entry, key).replace("−", "-"))) for key in ("old", "new"))
    unit = entry["unit"]
    text = _with_unit(f"{new - old:+,f}".replace("-", "−"), "个百分点" if unit == "%" else unit)
    # A share of a share confuses, and a later year is not a larger one.
    plain = unit in ("%", "个百分点") or (unit == "年" and new >= 1900) or not old
    return text, "—" if plain else f"{(new - old) / abs(old):+.1%}".replace("-", "−")


def _moved_count(moved: Sequence[Mapping[str, Any]]) -> str:
    reworded = sum(entry["reworded"] for entry in moved)
    if not moved:
        return "没有"
    return f"{len(moved)} 个" + (f"，其中 {reworded} 个所在的句子换了年份、规则或用词" if reworded else "")


def _key(entry: Mapping[str, Any]) -> list[nodes.Node]:
    return [nodes.strong("", "要点　")] if entry["key"] else []


def _together(text: str) -> list[nodes.Node]:
    return [nodes.inline("", text, classes=["together"])]


def _causes(entry: Mapping[str, Any]) -> str:
    return "、".join(CAUSE_WORDS[c] for c in entry["causes"])


_PIECE = re.compile(r"[\d.,]*\d|[A-Za-z]+|.", re.DOTALL)


def parted(old: str, new: str) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Return two sentences with what differs between them set strong."""
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    cells: tuple[list[nodes.Node], list[nodes.Node]] = ([], [])
    for kind, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for cell, text in ((cells[0], "".join(before[low:high])), (cells[1], "".join(after[start:end]))):
            if text:
                cell.append(nodes.Text(text) if kind == "equal" else nodes.strong("", text))
    return cells


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
