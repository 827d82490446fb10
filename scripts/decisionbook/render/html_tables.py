"""Tables in HTML: the caption stands above a frame in which a wide table scrolls, so that a phone can read both."""

from __future__ import annotations

import unicodedata

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

# Widths in half-width characters: a cell that is no longer is never broken, one that is longer gets room to be read.
SHORT, LONG = 16, 40
# From this many columns on, a table is set smaller.
DENSE = 6


def setup(app: Sphinx) -> None:
    """Replace the HTML visitors of tables; every other builder keeps its own."""
    app.add_node(nodes.table, override=True, html=(visit_table, depart_table))


def visit_table(self: SphinxTranslator, node: nodes.table) -> None:
    """Open the wrapper with ids and classes of the table, its caption, the frame, and the table itself."""
    assert isinstance(self, HTML5Translator)
    self.body.append(self.starttag(node, "div", CLASS="db-table"))
    label = ""
    if isinstance(node.children[0], nodes.title):
        caption_id = f"{node['ids'][0]}-caption" if node["ids"] else ""
        label = f' aria-labelledby="{caption_id}"' if caption_id else ""
        self.body.append(_caption(self, node, caption_id))
    self.body.append('<div class="db-scroll">\n')
    columns = _column_classes(node)
    # The wrapper carries the anchor: a link to the table must show its caption.
    node["ids"] = []
    node["classes"] = [*columns, *(["dense"] if node.next_node(nodes.tgroup)["cols"] >= DENSE else [])]
    start = len(self.body)
    HTML5Translator.visit_table(self, node)
    self.body[start] = self.body[start].replace("<table", f"<table{label}", 1)


def _caption(self: HTML5Translator, node: nodes.table, caption_id: str) -> str:
    """Return the caption as a paragraph, and take it out of the table."""
    start = len(self.body)
    title = node.children[0]
    title.walkabout(self)
    rendered = "".join(self.body[start:])
    del self.body[start:]
    node.remove(title)
    opening = f'<p class="db-table-caption" id="{caption_id}"' if caption_id else '<p class="db-table-caption"'
    return rendered.replace("<caption", opening, 1).replace("</caption>", "</p>", 1)


def _column_classes(table: nodes.table) -> list[str]:
    """Return `s3` for a third column that is short (a figure's id or a city does not break), `l4` for a long fourth.

    On the table and not on each cell, because a page may hold thousands of cells.
    """
    rows = [row.children for row in table.findall(nodes.row)]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return []  # merged cells: no column to speak of
    classes = []
    for number, cells in enumerate(zip(*rows, strict=True), 1):
        longest = max(_width(line) for cell in cells for line in cell.astext().split("\n"))
        if longest <= SHORT or longest > LONG:
            classes.append(f"{'s' if longest <= SHORT else 'l'}{number}")
    return classes


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def depart_table(self: SphinxTranslator, node: nodes.table) -> None:
    """Close what visit_table opened."""
    assert isinstance(self, HTML5Translator)
    HTML5Translator.depart_table(self, node)
    self.body.append("</div></div>\n")
