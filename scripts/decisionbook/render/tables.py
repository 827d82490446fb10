"""Tables from a notebook's output: plain docutils tables, so that HTML and PDF show the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer

from .cells import column_texts
from .vega import TABLE_MIME, register


class TableRenderer:
    """MyST-NB renderer of the table mime type, for every builder."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [("*", TABLE_MIME, 1)]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Return the table and its note, or None for other types and inside a line."""
        if inline or data.mime_type != TABLE_MIME:
            return None
        return table_nodes(data.content, renderer.renderer.document, data.line)  # type: ignore[attr-defined]


def table_nodes(content: Mapping[str, Any], document: nodes.document, line: int | None = None) -> list[nodes.Element]:
    """Return a numbered docutils table with its caption, and a paragraph of note and source where given."""
    columns, rows = content["columns"], content["rows"]
    texts = [column_texts([row[i] for row in rows], c.get("digits"), c.get("unit")) for i, c in enumerate(columns)]
    table = nodes.table(classes=["colwidths-auto"])
    table += nodes.title(content["caption"], content["caption"])
    register(table, content["name"], document, line)
    group = nodes.tgroup(cols=len(columns))
    table += group
    for column, width in zip(columns, column_widths(columns, texts), strict=True):
        group += nodes.colspec(colname=column["key"], colwidth=width)
    sides = [["right"] if column.get("align") == "right" else [] for column in columns]
    head = nodes.row()
    for column, side in zip(columns, sides, strict=True):
        unit = column.get("unit")
        title = f"{column['title']}（{unit}）" if unit and unit != "1" else column["title"]
        head += _entry(title, side)
    group += nodes.thead("", head)
    body = nodes.tbody()
    group += body
    for cells in zip(*texts, strict=True):
        row = nodes.row()
        for side, text in zip(sides, cells, strict=True):
            row += _entry(text, side)
        body += row
    note = "　".join(f"{head}：{text}" for head, text in (("注", content.get("note")), ("来源", content.get("source"))) if text)
    return [table, nodes.paragraph(note, note, classes=["table-note"])] if note else [table]


def column_widths(columns: Sequence[Mapping[str, Any]], texts: Sequence[Sequence[str]]) -> list[int]:
    """Return relative widths by the longest text of each column, between 4 and 40 characters."""
    return [
        max(4, min(40, max(len(text) for text in (str(column["title"]), *cells))))
        for column, cells in zip(columns, texts, strict=True)
    ]


def _entry(text: str, classes: Sequence[str]) -> nodes.entry:
    return nodes.entry("", nodes.paragraph(text, text), classes=list(classes))
