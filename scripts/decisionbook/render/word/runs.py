"""Inline nodes to runs of a Word paragraph."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

from ..typst.notes import figure_note
from .parts import Bookmarks, Footnotes, element, external_link, field_run, internal_link, text_run

if TYPE_CHECKING:
    from ..typst.builder import TypstBuilder

_SAFE_ADDRESS = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)
VERDICT_COLOURS = {
    "reproduced": "2F6B4F", "within_rounding": "9A6B00", "consistent": "1F6F78", "contradicted": "B23A2E", "input": "5B666F",
    "unverifiable": "5B666F",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How a run looks: what its surroundings have asked for."""

    bold: bool = False
    italic: bool = False
    raised: str = ""
    code: bool = False
    colour: str = ""

    def properties(self) -> list[Any]:
        """Return the run properties in the order that the schema wants."""
        made = []
        if self.code:
            made.append(element("rFonts", ascii="Consolas", hAnsi="Consolas", eastAsia="仿宋"))
        if self.bold:
            made.append(element("b"))
        if self.italic:
            made.append(element("i"))
        if self.colour:
            made.append(element("color", val=self.colour))
        if self.raised:
            made.append(element("vertAlign", val=self.raised))
        return made


@dataclass
class InlineWriter:
    """Writes the inline nodes of one document of the book; state that all documents share is handed in."""

    builder: TypstBuilder
    document: Any
    docname: str
    bookmarks: Bookmarks
    footnotes: Footnotes
    noted: set[str] = field(default_factory=set)
    notes: dict[str, nodes.Element] = field(default_factory=dict)
    in_table: bool = False

    def fill(self, paragraph: Any, children: list[nodes.Node], look: Look | None = None) -> None:
        """Append the runs of inline nodes to a paragraph (its XML element)."""
        for child in children:
            paragraph.extend(self.pieces(child, look or Look()))

    def pieces(self, node: nodes.Node, look: Look) -> list[Any]:
        """Return the runs and links of one inline node."""
        if isinstance(node, nodes.Text):
            return [text_run(str(node), *look.properties())] if str(node) else []
        if not isinstance(node, nodes.Element):
            return []
        changed = self._changed(node, look)
        if changed is not None:
            return self._inside(node, changed)
        if isinstance(node, nodes.inline):
            return self._inline(node, look)
        if isinstance(node, nodes.reference | addnodes.number_reference):
            return self._reference(node, look)
        if isinstance(node, nodes.footnote_reference):
            note = self.notes.get(node.get("refid", ""))
            body = "".join(c.astext() for c in note.children if not isinstance(c, nodes.label)) if note is not None else ""
            return [self.footnotes.reference(body)] if body else []
        if isinstance(node, nodes.raw):
            hard_break = "html" in node.get("format", "").split() and re.fullmatch(r"\s*<br\s*/?>\s*", node.astext())
            return [text_run("\n")] if hard_break else []
        if isinstance(node, nodes.image | nodes.comment | nodes.substitution_definition):
            return []
        return [*self.bookmarks.place(self.docname, node.get("ids", [])), *self._inside(node, look)]

    def _changed(self, node: nodes.Element, look: Look) -> Look | None:
        if isinstance(node, nodes.strong):
            return replace(look, bold=True)
        if isinstance(node, nodes.emphasis | nodes.title_reference):
            return replace(look, italic=True)
        if isinstance(node, nodes.subscript):
            return replace(look, raised="subscript")
        if isinstance(node, nodes.superscript):
            return replace(look, raised="superscript")
        return replace(look, code=True) if isinstance(node, nodes.literal) else None

    def _inside(self, node: nodes.Element, look: Look) -> list[Any]:
        return [piece for child in node.children for piece in self.pieces(child, look)]

    def _inline(self, node: nodes.Element, look: Look) -> list[Any]:
        if "evidence" not in node["classes"]:
            return [*self.bookmarks.place(self.docname, node.get("ids", [])), *self._inside(node, look)]
        verdict = next((c for c in node["classes"] if c in VERDICT_COLOURS), "")
        shown = self._inside(node, replace(look, colour=VERDICT_COLOURS.get(verdict, "")))
        figures = [self.builder.figures[name] for name in node.get("figures") or [] if name in self.builder.figures]
        if figures and not self.in_table and figures[0]["figure_id"] not in self.noted:
            self.noted.update(figure["figure_id"] for figure in figures)
            shown.append(self.footnotes.reference(figure_note(figures)))
        return shown

    def _reference(self, node: nodes.Element, look: Look) -> list[Any]:
        shown = self._inside(node, look)
        address = node.get("refuri", "")
        if not address and node.get("refid"):
            address = f"%{self.docname}#{node['refid']}"
        if address.startswith("%"):
            docname, _, target = address[1:].partition("#")
            anchor = self.bookmarks.name(docname, target)
            if anchor is None:
                return shown
            pages = []
            if docname != self.docname and not self.in_table:
                pages = [text_run("（第 "), field_run(f"PAGEREF {anchor} \\h", "…"), text_run(" 页）")]
            return [internal_link(anchor, shown), *pages]
        return [external_link(self.document, address, shown)] if _SAFE_ADDRESS.fullmatch(address) and shown else shown
