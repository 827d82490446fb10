"""The half of the writer that sets charts, images and tables with their numbers, captions and notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docutils import nodes

from .base import BaseWriter
from .escape import inline, optional, string, width_in_ems
from .tables import CELL_PADDING, Cell, Grid, can_transpose, is_amount, lines_of, plan, read_grid, transposed

_SVG_WIDTH = re.compile(r"<svg\b[^>]*?\swidth=\"([0-9.]+)(?:px)?\"")
_SVG_BOX = re.compile(r"<svg\b[^>]*?\sviewBox=\"[-0-9.]+[ ,]+[-0-9.]+[ ,]+([0-9.]+)")
_POINTS = {"px": 0.75, "pt": 1.0, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0, "": 0.75}
#: A cell with more text than this may break over a page; below it a row stays whole.
WHOLE_CELL = 400


def svg_points(svg: str) -> float:
    """Return the natural width of an SVG in points (a CSS pixel is 0.75 pt), 480 when it states none."""
    found = _SVG_WIDTH.search(svg) or _SVG_BOX.search(svg)
    return round(float(found[1]) * 0.75, 2) if found else 480.0


@dataclass
class FigureWriter(BaseWriter):
    """Figures, charts, images, tables."""

    def on_figure(self, node: nodes.Element) -> str:
        caption = next((child for child in node.children if isinstance(child, nodes.caption)), None)
        legends = [child for child in node.children if isinstance(child, nodes.legend)]
        rest = [child for child in node.children if child is not caption and child not in legends]
        body = self.boxed(rest)
        notes = self.boxed([part for legend in legends for part in legend.children])
        chart = next((child for child in rest if type(child).__name__ == "chart"), None)
        if chart is not None and chart.get("sliders"):
            moved = inline(slider_note(chart["sliders"], chart.get("readouts") or []))
            notes = f"{notes[:-1]}{'#linebreak();' * (notes != '[]')}{moved}]"
        shown = f"legend{notes}" if notes != "[]" else "none"
        number = self.builder.figure_number("figure", self.docname, node)
        label = self.targets.of(self.docname, node)
        place = f"{optional(number)}, {optional(label)}, {self.titled(caption)}, {shown}"
        return f"#picture({place}, {body})\n\n"

    def on_caption(self, node: nodes.Element) -> str:
        return f"#rubric{self.titled(node)}\n\n"

    def on_legend(self, node: nodes.Element) -> str:
        return f"#legend{self.boxed(node)}\n\n"

    def on_chart(self, node: nodes.Element) -> str:
        svg = node.get("svg", "")
        if not svg:
            self.warn(node, f"chart {node.get('name', '')!r} has no SVG to print")
            return ""
        alt = node.get("alt") or ""
        if not alt.strip():
            self.warn(node, f"chart {node.get('name', '')!r} has no alt text; it must state what the chart shows")
            alt = node.get("name") or "chart"
        path = self.builder.write_picture(svg)
        return f"#drawing({string(path)}, {string(alt)}, {svg_points(svg)}pt)\n\n"

    def on_image(self, node: nodes.Element) -> str:
        path = self.builder.picture_path(node)
        if path is None:
            self.warn(
                node,
                f"image {node.get('uri', '')!r} cannot be printed: only local SVG, PNG, JPEG and GIF files can",
            )
            return ""
        alt = (node.get("alt") or "").strip()
        if not alt:
            self.warn(node, f"image {node.get('uri', '')!r} has no alt text")
            alt = path.rpartition("/")[2]
        if isinstance(node.parent, nodes.TextElement) and len(node.parent.children) > 1:
            return f"#box(image({string(path)}, alt: {string(alt)}, height: 1em));"
        return f"#image({string(path)}, alt: {string(alt)}{image_width(node.get('width'))});\n\n"

    # ---- Tables -------------------------------------------------------------------------------

    def on_table(self, node: nodes.Element) -> str:
        caption = next((child for child in node.children if isinstance(child, nodes.title)), None)
        grid = read_grid(node)
        layout = plan(grid, may_turn=self.nested == 0)
        if layout.landscape and can_transpose(grid):
            grid = transposed(grid)
            layout = plan(grid)
        notes = self.notes_after(node)
        before, self.in_table = self.in_table, True
        self.nested += 1
        number = self.builder.figure_number("table", self.docname, node) if caption is not None else None
        label = self.targets.of(self.docname, node)
        head = [self.cell(cell, head=True) for row in grid.head for cell in row]
        if head and number and label:
            first = len(grid.head[0]) - 1
            head[first] = f"{head[first][:-1]}#continued({string(number)}, {string(label)});]"
        cells = self.body_cells(grid, layout.widths)
        self.nested -= 1
        self.in_table = before
        columns = "(" + ", ".join(f"{width:g}fr" for width in layout.widths) + ",)"
        place = f"{optional(number)}, {optional(label)}"
        body = (
            f"data-table({columns}, {layout.size:g}pt, ({', '.join(head)}{',' * bool(head)}), (\n"
            + "".join(f"  {cell},\n" for cell in cells)
            + "))"
        )
        long = str(layout.long).lower()
        call = f"tabular({place}, {self.titled(caption)}, {long}, {notes}, {body})"
        return f"#sideways[\n#{call}\n]\n\n" if layout.landscape else f"#{call}\n\n"

    def notes_after(self, table: nodes.Element) -> str:
        """Return the notes that follow a table, which are printed with it and not again."""
        found: list[nodes.Node] = []
        siblings = table.parent.children if table.parent is not None else []
        for sibling in siblings[siblings.index(table) + 1 :] if table in siblings else []:
            if not (isinstance(sibling, nodes.paragraph) and "table-note" in sibling["classes"]):
                break
            self.consumed.add(id(sibling))
            found.append(sibling)
        return "[" + "#linebreak();".join(self.inside(note) for note in found) + "]" if found else "none"

    def body_cells(self, grid: Grid, widths: Sequence[float]) -> list[str]:
        """Return the cells of the body, rows parted by hairlines where no cell crosses them; `widths` are the columns' ems."""
        cells: list[str] = []
        ruled = not grid.spans_rows
        for index, row in enumerate(grid.body):
            if index and ruled:
                cells.append("row-line")
            cells.extend(self.cell(cell, head=False, room=widths[cell.column]) for cell in row)
        return cells

    def cell(self, cell: Cell, *, head: bool, room: float = 0.0) -> str:
        """Return one table cell with its span and alignment; an amount that its column has `room` for stays in one line."""
        parts: list[str] = []
        if cell.columns > 1:
            parts.append(f"colspan: {cell.columns}")
        if cell.rows > 1:
            parts.append(f"rowspan: {cell.rows}")
        side = next(
            (c for c in cell.entry["classes"] if c in ("right", "center", "text-right", "text-center")),
            "left",
        )
        side = side.removeprefix("text-")
        parts.append(f"align: {side} + {'bottom' if head else 'top'}")
        if not head:
            parts.append(f"breakable: {str(sum(map(len, lines_of(cell.entry))) > WHOLE_CELL).lower()}")
        before, self.plain_links = self.plain_links, self.plain_links or head
        body = self.boxed(cell.entry)
        self.plain_links = before
        text = cell.entry.astext()
        if is_amount(text) and width_in_ems(text) + CELL_PADDING <= room:
            body = f"[#box{body}]"
        return f"{'head-cell' if head else 'table.cell'}({', '.join(parts)}){body}"

    def on_tgroup(self, node: nodes.Element) -> str:
        return self.inside(node)


def image_width(width: str | None) -> str:
    """Return the `width` argument of an image, nothing when the source gives none that Typst can use."""
    found = re.fullmatch(r"\s*([0-9.]+)\s*(%|px|pt|mm|cm|in|)\s*", width or "")
    if not found:
        return ""
    if found[2] == "%":
        return f", width: {min(float(found[1]), 100.0):g}%"
    return f", width: {float(found[1]) * _POINTS[found[2]]:g}pt"


def slider_note(sliders: list[dict[str, Any]], readouts: list[dict[str, Any]]) -> str:
    """Return the line under a chart that tells what its web page can vary, and the values drawn here."""
    from ..what_if import shown

    values = "；".join(
        f"{s.get('label', s.get('param'))} {shown(s.get('base'), int(s.get('digits') or 0), s.get('unit') or '')}"
        for s in [*sliders, *({**r, "base": r.get("value")} for r in readouts)]
    )
    return f"本图按基准值绘制（{values}），网页版可以调节。"
