"""数据目录: every table of the Data Package with its dictionary, its rows and its download, from the descriptor."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from .book_data import quote
from .directives import build_table

TYPE_WORDS = {"string": "文字", "number": "数", "integer": "整数", "boolean": "是否", "date": "日期"}


class DataCatalogue(SphinxDirective):
    """`{data-catalogue}`: one section a table: what it holds, how many rows, its fields, where to get it."""

    def run(self) -> list[nodes.Node]:
        sections: list[nodes.Node] = []
        for table in quote(self.env, "catalogue"):
            identifier = f"table-{table['name'].replace('_', '-')}"
            section = nodes.section(
                "", nodes.title("", f"{table['title']}　{table['name']}"), ids=[identifier], names=[identifier]
            )
            if table["description"]:
                section += nodes.paragraph("", table["description"])
            section += self._facts(table)
            dictionary = build_table(
                ["字段", "含义", "类型", "约束"],
                [
                    [nodes.literal(f["name"], f["name"]), f["title"], TYPE_WORDS.get(f["type"], f["type"]), _limits(f)]
                    for f in table["fields"]
                ],
                caption=f"{table['title']}：字段",
                name=f"tab-dictionary-{table['name'].replace('_', '-')}",
                widths=(24, 26, 10, 40),
            )
            self.set_source_info(dictionary)
            self.state.document.note_explicit_target(dictionary)
            section += dictionary
            sections.append(section)
        return sections

    def _facts(self, table: dict[str, Any]) -> nodes.paragraph:
        rows = f"{table['rows']} 行" if table["rows"] else "空表模板，由分析者填写"
        line = nodes.paragraph("", f"{rows}。主键：{'、'.join(table['key']) or '无'}。")
        path = f"data/{table['path']}"
        link = nodes.reference("", f"下载 {table['path']}", refuri=path, internal=True, classes=["download"])
        line += [addnodes.only("", link, expr="html"), addnodes.only("", nodes.literal(path, path), expr="typst")]
        return line


def _limits(field: dict[str, Any]) -> str:
    limits = field["constraints"]
    words = []
    if limits.get("required"):
        words.append("必填")
    if "enum" in limits:
        words.append("取值 " + "、".join(map(str, limits["enum"])))
    if "minimum" in limits:
        words.append(f"不小于 {limits['minimum']:g}")
    if "maximum" in limits:
        words.append(f"不大于 {limits['maximum']:g}")
    if "reference" in field:
        words.append(f"见 {field['reference']}")
    return "；".join(words) or "—"
