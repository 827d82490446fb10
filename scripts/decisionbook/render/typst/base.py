"""What every part of the writer needs: its state, the dispatch by node type, and how pieces are joined."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util import logging

from .escape import is_wide, string

if TYPE_CHECKING:
    from .builder import TypstBuilder
    from .targets import Targets

LOGGER = logging.getLogger(__name__)


@dataclass
class BaseWriter:
    """The writer of one document. `level` is the heading level of its first section; `builder` gives numbers and files."""

    builder: TypstBuilder
    docname: str
    document: nodes.document
    targets: Targets
    level: int = 1
    depth: int = 0
    nested: int = 0
    in_table: bool = False
    plain_links: bool = False
    footnotes: dict[str, nodes.Element] = field(default_factory=dict)
    footnotes_printed: set[str] = field(default_factory=set)
    consumed: set[int] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)

    def write(self) -> str:
        """Return the Typst source of the document."""
        join_chinese_lines(self.document)
        for note in self.document.findall(nodes.footnote):
            self.footnotes.update(dict.fromkeys(note["ids"], note))
        return self.inside(self.document)

    # ---- Dispatch -----------------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the source of one node; a node without a method is reported and its children are printed."""
        if id(node) in self.consumed:
            return ""
        for kind in type(node).__mro__:
            if kind in (nodes.Node, nodes.Element, nodes.TextElement):
                break
            method = getattr(self, f"on_{kind.__name__}", None)
            if method is not None:
                return method(node)
        self.warn(node, f"node <{type(node).__name__}> has no printed form")
        return self.inside(node) if isinstance(node, nodes.Element) else ""

    def inside(self, node: nodes.Element) -> str:
        """Return the source of the children."""
        return "".join(self.render(child) for child in node.children)

    def boxed(self, node: nodes.Element | list[nodes.Node]) -> str:
        """Return a content block (code mode) of the children, which cannot leave the page they stand on."""
        self.nested += 1
        children = node if isinstance(node, list) else node.children
        # A single paragraph in a box is set tight: without a paragraph break it is only its text.
        body = "".join(self.render(child) for child in children).strip()
        self.nested -= 1
        return f"[{body}]"

    def titled(self, node: nodes.Element | None) -> str:
        """Return a content block of a heading or caption, whose notes and links are printed as text."""
        if node is None:
            return "none"
        before, self.plain_links = self.plain_links, True
        body = self.inside(node)
        self.plain_links = before
        return f"[{body}]"

    def anchored(self, node: nodes.Element) -> str:
        """Return an anchor for the ids of a node that has no label of its own."""
        label = self.targets.of(self.docname, node)
        return f"#anchor({string(label)});" if label else ""

    def warn(self, node: nodes.Node, message: str) -> None:
        """Report through Sphinx, where warnings are errors."""
        LOGGER.warning(message, location=node, type="typst", subtype=type(node).__name__)


def join_chinese_lines(document: nodes.Element) -> None:
    """Remove line breaks between Chinese characters: Chinese is written without spaces between words.

    A source wraps its lines; HTML and Typst would both read each break as a space in the middle of a sentence.
    """
    for block in document.findall(nodes.TextElement):
        if isinstance(block, nodes.Inline | nodes.FixedTextElement) or isinstance(block.parent, nodes.TextElement):
            continue
        texts = [t for t in block.findall(nodes.Text) if not isinstance(t.parent, nodes.literal | nodes.math | nodes.raw)]
        joined = "".join(str(text) for text in texts)
        if "\n" not in joined:
            continue
        dropped: set[int] = set()
        for match in re.finditer(r"[ \t]*\n[ \t]*", joined):
            before, after = joined[: match.start()][-1:], joined[match.end() :][:1]
            if before and after and is_wide(before) and is_wide(after):
                dropped.update(range(match.start(), match.end()))
        at = 0
        for text in texts:
            kept = "".join(c for i, c in enumerate(str(text), at) if i not in dropped)
            at += len(text)
            if len(kept) != len(text):
                text.parent.replace(text, nodes.Text(kept))
