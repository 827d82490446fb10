"""The inline half of the writer: text, marks, links, footnotes, mathematics."""

from __future__ import annotations

import re
from dataclasses import dataclass

from docutils import nodes

from ..evidence import in_own_row, row_id
from .base import BaseWriter
from .escape import breakable, inline, optional, string
from .latexmath import typst_math
from .notes import figure_note

_SAFE_ADDRESS = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)
_LAST_WORD = re.compile(r"[!-~]+$|.$|$", re.DOTALL)
VERDICTS = ("reproduced", "within_rounding", "consistent", "contradicted", "input", "unverifiable")


@dataclass
class InlineWriter(BaseWriter):
    """Inline nodes; each method returns markup without surrounding white space."""

    def on_Text(self, node: nodes.Text) -> str:
        text = str(node)
        if not self.is_marked(node) or self.is_unit(node):
            return inline(text)
        # The last character, or the last run of digits and Latin letters, stays with its mark.
        at = max(len(text.rstrip()) - len(_LAST_WORD.search(text.rstrip())[0]), 0)  # type: ignore[index]
        return f"{inline(text[:at])}#joined[{inline(text[at:])}"

    def on_emphasis(self, node: nodes.Element) -> str:
        return self.wrapped("emph", node)

    def on_strong(self, node: nodes.Element) -> str:
        return self.wrapped("strong", node)

    def on_subscript(self, node: nodes.Element) -> str:
        return self.wrapped("sub", node)

    def on_superscript(self, node: nodes.Element) -> str:
        return self.wrapped("super", node)

    on_literal_emphasis = on_title_reference = on_emphasis
    on_literal_strong = on_strong

    def wrapped(self, function: str, node: nodes.Element) -> str:
        """Return a call of `function` around the children, or nothing when they print nothing."""
        body = self.inside(node)
        return f"#{function}[{body}];" if body else ""

    def on_literal(self, node: nodes.Element) -> str:
        return f"#code[{breakable(node.astext())}];"

    on_kbd = on_literal

    def on_inline(self, node: nodes.Element) -> str:
        classes = node["classes"]
        if "evidence" in classes:
            if not self.marks_number(node):
                return self.mark(node)
            closing = "" if is_mark(following(node)) else "];"
            return self.mark(node, raised=True) + self.evidence_note(node, self.row_label(node)) + closing
        if "status-pill" in classes:
            status = next((c for c in classes if c in ("current", "pending", "historical")), "current")
            return f"#pill({string(status)})[{self.inside(node)}];"
        if "together" in classes:
            return f"#box[{self.inside(node)}];"
        opening = "#joined[" if self.opens_joint(node) else ""
        return self.anchored(node) + opening + self.inside(node)

    def opens_joint(self, number: nodes.Element) -> bool:
        """Return whether a mark follows a glued number, at once or behind its unit."""
        unit = following(number)
        return "finding" in number["classes"] and (self.is_marked(number) or (unit is not None and self.is_unit(unit)))

    def is_unit(self, node: nodes.Node) -> bool:
        """Return whether a text is only the unit between a glued number and its mark: 8.22%□."""
        before = following(node, -1)
        glued = isinstance(before, nodes.inline) and "finding" in before["classes"]
        return glued and isinstance(node, nodes.Text) and re.fullmatch(r"\S{1,3}", str(node)) is not None and self.is_marked(node)

    def is_marked(self, node: nodes.Node) -> bool:
        """Return whether a raised mark of a verdict follows a text or number."""
        mark = following(node)
        return is_mark(mark) and self.marks_number(mark)  # type: ignore[arg-type]

    def mark(self, node: nodes.Element, *, raised: bool = False) -> str:
        """Return the mark of a verdict, linked to the row that explains it."""
        verdict = next((c for c in node["classes"] if c in VERDICTS), "")
        text = node.astext().strip()
        shown = f"[{inline(text)}]" if text else "none"
        call = f"#evidence({string(verdict)}, raised: {str(raised).lower()}, {shown});"
        row = None if self.plain_links else self.row_label(node)
        return f"#link(label({string(row)}))[{call}];" if row else call

    def row_label(self, mark: nodes.Element) -> str | None:
        """Return the label of the row that explains what a mark judges; None in that row itself, or when it is not printed."""
        figures = mark.get("figures") or [""]
        if in_own_row(mark, figures[0]):
            return None
        return self.targets.anywhere(row_id(figures[0]))

    def evidence_note(self, mark: nodes.Element, row: str | None) -> str:
        """Return the footnote of a mark, once for each figure in a document; nothing where notes cannot stand."""
        figures = [self.builder.figures[name] for name in mark.get("figures") or [] if name in self.builder.figures]
        if not figures or self.plain_links or self.in_table or figures[0]["figure_id"] in self.noted:
            return ""
        self.noted.update(figure["figure_id"] for figure in figures)
        return f"#evidence-note({optional(row)})[{inline(figure_note(figures))}];"

    def marks_number(self, mark: nodes.Element) -> bool:
        """Return whether a verdict mark stands at a number of the prose: it is raised, or □ reads as a lost letter."""
        siblings = mark.parent.children if mark.parent is not None else []
        at = next((i for i, sibling in enumerate(siblings) if sibling is mark), 0)
        before = siblings[at - 1] if at else None
        if isinstance(before, nodes.inline):
            return "finding" in before["classes"] or ("evidence" in before["classes"] and self.marks_number(before))
        return isinstance(before, nodes.Text) and (before[-1:].isalnum() or before[-1:] in "%％‰℃）)") and not self.in_table

    def on_passthrough(self, node: nodes.Element) -> str:
        return self.inside(node)

    on_generated = on_pending_xref = on_download_reference = on_abbreviation = on_passthrough
    on_manpage = on_problematic = on_attribution = on_passthrough

    def on_acronym(self, node: nodes.Element) -> str:
        explanation = node.get("explanation", "")
        return self.inside(node) + (inline(f"（{explanation}）") if explanation else "")

    # ---- Links --------------------------------------------------------------------------------

    def on_reference(self, node: nodes.Element) -> str:
        body = self.inside(node)
        address = node.get("refuri", "")
        if not body:
            return ""
        if not address and node.get("refid"):
            address = f"%{self.docname}#{node['refid']}"
        if address.startswith("%"):
            docname, _, target = address[1:].partition("#")
            label = self.targets.label(docname, target)
            if label is None or self.plain_links:
                return body
            far = docname != self.docname and not self.in_table
            return f"#{'to-page' if far else 'to'}({string(label)})[{body}];"
        if _SAFE_ADDRESS.fullmatch(address):
            shown = node.astext()
            body = breakable(shown) if shown == address else body
            return f"#away({string(address)})[{body}];"
        return body

    on_number_reference = on_reference

    def on_target(self, node: nodes.Element) -> str:
        return self.anchored(node) + self.inside(node)

    def on_footnote_reference(self, node: nodes.Element) -> str:
        note = self.footnotes.get(node.get("refid", ""))
        if note is None:
            return ""
        name = f"{self.docname}#{note['ids'][0]}"
        body = "\n\n".join(self.render(child).strip() for child in note.children if not isinstance(child, nodes.label))
        if self.plain_links:
            # A caption or heading is printed again in the contents; a real footnote would be too.
            return "#super[（];" + body + "#super[）];"
        if name in self.footnotes_printed:
            return f"#footnote(label({string(name)}));"
        self.footnotes_printed.add(name)
        return f"#footnote[{body}]#label({string(name)});"

    def on_footnote(self, node: nodes.Element) -> str:
        return ""  # printed at the foot of the page of its first reference

    def on_citation_reference(self, node: nodes.Element) -> str:
        label = self.targets.label(self.docname, node.get("refid", ""))
        text = f"[{node.astext()}]"
        return f"#to({string(label)})[{inline(text)}];" if label and not self.plain_links else inline(text)

    def on_label(self, node: nodes.Element) -> str:
        return ""

    # ---- Mathematics --------------------------------------------------------------------------

    def on_math(self, node: nodes.Element) -> str:
        return self.equation(node, block=False)

    def on_math_block(self, node: nodes.Element) -> str:
        number = node.get("number")
        label = self.targets.of(self.docname, node)
        call = self.equation(node, block=True, number=None if number is None else f"({number})")
        return f"{call}{f'#label({string(label)});' if label else ''}\n\n"

    def equation(self, node: nodes.Element, *, block: bool, number: str | None = None) -> str:
        """Return an equation with its LaTeX source as the text for a screen reader."""
        source = node.astext()
        body = typst_math(source, lambda name: self.warn(node, f"LaTeX command \\{name} has no Typst form"))
        numbered = f", numbering: numbering-of({optional(number)})" if number else ""
        shown = f"$ {body} $" if block else f"${body}$"
        alt = string(" ".join(source.split()))
        return f"#math.equation(block: {str(block).lower()}, alt: {alt}{numbered}, {shown}.body);"

    # ---- Images and raw source ----------------------------------------------------------------

    def on_raw(self, node: nodes.Element) -> str:
        formats = node.get("format", "").split()
        if "typst" in formats:
            return node.astext()
        # MyST writes a hard line break as raw HTML, once for each format it knows.
        if "html" in formats and re.fullmatch(r"\s*<br\s*/?>\s*", node.astext()):
            return "#linebreak();"
        return ""


def following(node: nodes.Node, step: int = 1) -> nodes.Node | None:
    """Return the sibling after a node; `step` -1 for the one before."""
    siblings = node.parent.children if node.parent is not None else []
    at = next((i for i, sibling in enumerate(siblings) if sibling is node), len(siblings))
    return siblings[at + step] if 0 <= at + step < len(siblings) else None


def is_mark(node: nodes.Node | None) -> bool:
    """Return whether a node is the mark of a verdict."""
    return isinstance(node, nodes.inline) and "evidence" in node["classes"]
