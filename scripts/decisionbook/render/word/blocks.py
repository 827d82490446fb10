"""Block nodes to the body of a Word document: headings, paragraphs, lists, figures, tables."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from docx.oxml.ns import qn
from docx.shared import Pt
from sphinx.util import logging

from ..typst.base import join_chinese_lines
from ..typst.figures import slider_note
from ..typst.tables import Cell, Grid, plan, read_grid
from . import layout
from .parts import element, paragraph_property, text_run
from .pictures import Picture
from .runs import InlineWriter, Look
from .workbook import ChartData

LOGGER = logging.getLogger(__name__)
_SKIPPED = (
    "comment", "index", "toctree", "substitution_definition", "system_message", "meta", "docinfo", "highlightlang", "colspec",
    "tabular_col_spec", "start_of_file", "HideCodeCellNode", "ThebeSourceNode", "pending", "decoration", "footnote", "raw",
    "transition", "target",
)  # fmt: skip
_THROUGH = ("compound", "glossary", "acks", "topic", "sidebar", "legend", "only", "list_item", "definition", "generated")
_STATUS = {"current": "现行", "pending": "待更新", "historical": "历史"}


@dataclass
class Writer(InlineWriter):
    """Writes one document of the book into the body; `level` is the heading level of its title."""

    level: int = 1
    depth: int = 0
    charts: list[ChartData] = field(default_factory=list)

    def write(self, doctree: nodes.document) -> None:
        """Append a document of the book."""
        join_chinese_lines(doctree)
        for note in doctree.findall(nodes.footnote):
            self.notes.update(dict.fromkeys(note["ids"], note))
        self.blocks(doctree)

    # ---- Dispatch -----------------------------------------------------------------------------

    def blocks(self, node: nodes.Element) -> None:
        """Append the children of a node."""
        for child in node.children:
            self.block(child)

    def block(self, node: nodes.Node) -> None:
        """Append one block; a node without a printed form is reported, where warnings are errors."""
        for kind in type(node).__mro__:
            name = kind.__name__
            if method := getattr(self, f"on_{name}", None):
                method(node)
                return
            if name in _SKIPPED:
                return
            if name in _THROUGH:
                self.blocks(node)  # type: ignore[arg-type]
                return
            if name in ("TextElement", "Element", "Node"):
                break
        if isinstance(node, nodes.Inline | nodes.Text):
            self.paragraph(layout.BODY, [node])
            return
        LOGGER.warning("node <%s> has no form in Word", type(node).__name__, location=node, type="word")

    def paragraph(self, style: str, children: list[nodes.Node], ids: list[str] | None = None, look: Look | None = None) -> Any:
        """Append a paragraph and return its XML element."""
        paragraph = self.document.add_paragraph(style=style)._p
        paragraph.extend(self.bookmarks.place(self.docname, ids or []))
        self.fill(paragraph, children, look)
        return paragraph

    # ---- Sections and text --------------------------------------------------------------------

    def on_section(self, node: nodes.Element) -> None:
        title = next((child for child in node.children if isinstance(child, nodes.title)), None)
        if title is not None:
            shown: list[nodes.Node] = list(title.children)
            if not self.depth and (renamed := self.builder.printed_title(self.docname, title.astext())) != title.astext():
                shown = [nodes.Text(renamed)]
            level = min(4, self.level + self.depth)
            ids = [*node["ids"], *([""] if not self.depth else [])]
            paragraph = self.paragraph(f"Heading {level}", shown, ids)
            if level == 1:
                paragraph_property(paragraph.get_or_add_pPr(), "pageBreakBefore")
        self.depth += 1
        for child in node.children:
            if child is not title:
                self.block(child)
        self.depth -= 1

    def on_title(self, node: nodes.Element) -> None:
        self.paragraph(layout.BODY, list(node.children), look=Look(bold=True))

    on_rubric = on_subtitle = on_title

    def on_paragraph(self, node: nodes.Element) -> None:
        classes = node["classes"]
        style = layout.FLIP if "flip" in classes else layout.NOTE if "table-note" in classes else layout.BODY
        bold = "part-title" in classes
        if node.astext().strip():
            self.paragraph(style, list(node.children), node["ids"], Look(bold=bold))

    on_compact_paragraph = on_centered = on_attribution = on_paragraph

    def on_block_quote(self, node: nodes.Element) -> None:
        self.blocks(node)

    def on_line_block(self, node: nodes.Element) -> None:
        for line in node.findall(nodes.line):
            self.paragraph(layout.BODY, list(line.children))

    def on_literal_block(self, node: nodes.Element) -> None:
        self.document.add_paragraph(style=layout.CODE)._p.append(text_run(node.astext()))

    on_doctest_block = on_literal_block

    def on_container(self, node: nodes.Element) -> None:
        classes = set(node["classes"])
        if "cell_input" in classes or node.get("nb_element") == "cell_code_source" or "screen-only" in classes:
            return
        if "timeliness" in classes:
            status = next((words for name, words in _STATUS.items() if name in classes), "")
            for child in node.findall(nodes.paragraph):
                paragraph = self.paragraph(layout.FLIP, [nodes.strong("", f"时效：{status}　"), *child.children])
                paragraph_property(paragraph.get_or_add_pPr(), "shd", val="clear", color="auto", fill="F4F1E9")
            return
        if "chapter-meta" in classes:
            for child in node.children:
                self.paragraph(layout.NOTE, list(child.children) if isinstance(child, nodes.paragraph) else [child])
            return
        self.blocks(node)

    def on_Admonition(self, node: nodes.Element) -> None:
        self.blocks(node)

    on_admonition = on_note = on_warning = on_tip = on_important = on_seealso = on_Admonition

    # ---- Lists --------------------------------------------------------------------------------

    def on_bullet_list(self, node: nodes.Element) -> None:
        self._items(node, "List Bullet")

    def on_enumerated_list(self, node: nodes.Element) -> None:
        self._items(node, "List Number")

    def _items(self, node: nodes.Element, style: str) -> None:
        for number, item in enumerate((c for c in node.children if isinstance(c, nodes.list_item)), int(node.get("start", 1))):
            for index, child in enumerate(item.children):
                if index or not isinstance(child, nodes.paragraph):
                    self.block(child)
                elif style == "List Number":
                    # Written out: Word would go on counting from the list before.
                    self.paragraph(layout.BODY, [nodes.Text(f"{number}. "), *child.children])
                else:
                    self.paragraph(style, list(child.children))

    def on_definition_list(self, node: nodes.Element) -> None:
        for item in node.children:
            terms = [child for child in item.children if isinstance(child, nodes.term)]
            for term in terms:
                self.paragraph(layout.BODY, list(term.children), term["ids"], Look(bold=True))
            for meaning in (child for child in item.children if isinstance(child, nodes.definition)):
                self.blocks(meaning)

    def on_field_list(self, node: nodes.Element) -> None:
        for item in node.children:
            if isinstance(item, nodes.field) and len(item.children) == 2:
                name, body = item.children
                self.paragraph(layout.BODY, [nodes.strong("", f"{name.astext()}　"), nodes.Text(body.astext())])

    # ---- Figures ------------------------------------------------------------------------------

    def on_figure(self, node: nodes.Element) -> None:
        caption = next((child for child in node.children if isinstance(child, nodes.caption)), None)
        number = self.builder.figure_number("figure", self.docname, node)
        for child in node.children:
            if not isinstance(child, nodes.caption | nodes.legend):
                self.block(child)
        words = list(caption.children) if caption is not None else []
        self.paragraph(layout.CAPTION, [nodes.Text(f"{number}　" if number else ""), *words], node["ids"])
        chart = next((child for child in node.children if type(child).__name__ == "chart"), None)
        notes = [part for child in node.children if isinstance(child, nodes.legend) for part in child.findall(nodes.paragraph)]
        for note in notes:
            self.paragraph(layout.NOTE, list(note.children))
        if chart is not None and chart.get("sliders"):
            self.paragraph(layout.NOTE, [nodes.Text(slider_note(chart["sliders"], chart.get("readouts") or []))])
        if chart is not None:
            self.charts.append(ChartData.of(chart, f"{number or ''}　{caption.astext() if caption is not None else ''}".strip()))

    def on_chart(self, node: nodes.Element) -> None:
        self._picture(Picture.of_chart(node))

    def on_image(self, node: nodes.Element) -> None:
        path = self.builder.picture_path(node)
        if path is None or path.endswith(".gif"):
            message = "image %r has no form in Word: PNG, JPEG and SVG have"
            LOGGER.warning(message, node.get("uri", ""), location=node, type="word")
            return
        self._picture(Picture.of_file(self.builder.out / path.lstrip("/"), node.get("alt", "")))

    def _picture(self, picture: Picture) -> None:
        paragraph = self.document.add_paragraph(style=layout.CAPTION)
        width = min(layout.TYPE_WIDTH, Pt(picture.points))
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.data), width=width)
        shape._inline.docPr.set("descr", picture.alt)
        shape._inline.docPr.set("name", picture.name)

    # ---- Tables -------------------------------------------------------------------------------

    def on_table(self, node: nodes.Element) -> None:
        caption = next((child for child in node.children if isinstance(child, nodes.title)), None)
        if caption is not None:
            number = self.builder.figure_number("table", self.docname, node)
            shown: list[nodes.Node] = [nodes.Text(f"{number}　" if number else ""), *caption.children]
            self.paragraph(layout.CAPTION, shown, node["ids"])
        before, self.in_table = self.in_table, True
        self.document.element.body.insert_element_before(self.table(read_grid(node)), "w:sectPr")
        self.in_table = before
        # Two tables that touch become one.
        gap = self.document.add_paragraph(style=layout.NOTE)
        gap.paragraph_format.line_spacing = Pt(8)

    def table(self, grid: Grid) -> Any:
        """Return a table with three rules, its head repeated on every page."""
        planned = plan(grid, may_turn=False)
        total = round(layout.TYPE_WIDTH.pt * 20)
        widths = [round(total * share / sum(planned.widths)) for share in planned.widths]
        made, properties = element("tbl"), element("tblPr")
        properties.append(element("tblW", w=total, type="dxa"))
        borders = element("tblBorders")
        for side in ("top", "bottom"):
            borders.append(element(side, val="single", sz=12, space=0, color="1F2A33"))
        borders.append(element("insideH", val="single", sz=2, space=0, color="D8D2C4"))
        properties.extend([borders, element("tblLayout", type="fixed")])
        columns = element("tblGrid")
        columns.extend(element("gridCol", w=width) for width in widths)
        made.extend([properties, columns])
        open_cells: dict[int, Cell] = {}
        rows = [(row, True) for row in grid.head] + [(row, False) for row in grid.body]
        for index, (cells, head) in enumerate(rows):
            last_head = head and (index + 1 == len(rows) or not rows[index + 1][1])
            made.append(self._row(cells, widths, min(planned.size + 1, 10.5), open_cells, head=head, ruled=last_head))
        return made

    def _row(
        self, cells: list[Cell], widths: list[int], size: float, open_cells: dict[int, Cell], *, head: bool, ruled: bool
    ) -> Any:
        row, own = element("tr"), element("trPr")
        own.append(element("cantSplit"))
        if head:
            own.append(element("tblHeader"))
        row.append(own)
        starts = {cell.column: cell for cell in cells}
        column = 0
        while column < len(widths):
            cell, above = starts.get(column), open_cells.get(column)
            span = (cell or above or Cell(nodes.entry(), column)).columns
            made, properties = element("tc"), element("tcPr")
            properties.append(element("tcW", w=sum(widths[column : column + span]), type="dxa"))
            if span > 1:
                properties.append(element("gridSpan", val=span))
            if cell is not None and cell.rows > 1:
                properties.append(element("vMerge", val="restart"))
                open_cells[column] = Cell(cell.entry, column, span, cell.rows)
            elif cell is None and above is not None:
                properties.append(element("vMerge"))
            if ruled:
                borders = element("tcBorders")
                borders.append(element("bottom", val="single", sz=6, space=0, color="1F2A33"))
                properties.append(borders)
            made.append(properties)
            made.extend(self._cell(cell.entry if cell is not None else nodes.entry(), size, bold=head))
            row.append(made)
            if column in open_cells:
                left = open_cells[column]
                left.rows -= 1
                if left.rows <= 0:
                    del open_cells[column]
            column += span
        return row

    def _cell(self, entry: nodes.Element, size: float, *, bold: bool) -> list[Any]:
        own = [child for child in entry.children if isinstance(child, nodes.TextElement)]
        blocks = own or list(entry.findall(nodes.paragraph))
        made = []
        for block in blocks or [nodes.paragraph()]:
            paragraph, properties = element("p"), element("pPr")
            properties.append(element("pStyle", val=self.document.styles[layout.TABLE_TEXT].style_id))
            if "right" in entry.get("classes", []):
                properties.append(element("jc", val="right"))
            paragraph.append(properties)
            paragraph.extend(self.bookmarks.place(self.docname, [*entry.get("ids", []), *block.get("ids", [])]))
            self.fill(paragraph, list(block.children), Look(bold=bold))
            for run in paragraph.iter(qn("w:r")):
                self._size(run, size)
            made.append(paragraph)
        return made

    def _size(self, run: Any, size: float) -> None:
        properties = run.find(qn("w:rPr"))
        if properties is None:
            properties = element("rPr")
            run.insert(0, properties)
        half_points = element("sz", val=round(size * 2))
        after = properties.find(qn("w:vertAlign"))
        if after is not None:
            after.addprevious(half_points)
        else:
            properties.append(half_points)
