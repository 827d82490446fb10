"""Docutils and Sphinx nodes to Typst source: block nodes and the dispatch; one writer for each document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docutils import nodes
from sphinx.locale import admonitionlabels

from .escape import content, inline, optional, string
from .figures import FigureWriter
from .inline import InlineWriter

#: The term of a key finding: a word before the number, the number (perhaps a range), its unit.
_NUMBER = re.compile(r"\s*([^\d+\-−≈≥≤><]*)([≈≥≤><]?\s*[+\-−]?\d[\d,.]*(?:\s*[–~至]\s*[+\-−]?\d[\d,.]*)?)\s*(.*)", re.DOTALL)
#: An abstract of no more characters is kept on one page.
WHOLE_ABSTRACT = 2500
#: As many paragraphs that follow a picture are set before it.
MOST_BEFORE = 2


@dataclass
class Writer(InlineWriter, FigureWriter):
    """Writes one document: the inline and figure halves, and the block nodes here."""

    # ---- Sections -----------------------------------------------------------------------------

    def on_document(self, node: nodes.document) -> str:
        return self.inside(node)

    def on_section(self, node: nodes.Element) -> str:
        rest = [child for child in node.children if not isinstance(child, nodes.title)]
        if rest and all(isinstance(child, nodes.bullet_list) and "exhibits" in child["classes"] for child in rest):
            return ""  # on paper the lists of figures and tables stand before the text
        title = next((child for child in node.children if isinstance(child, nodes.title)), None)
        number = self.builder.section_number(self.docname, node)
        name = title.astext() if title is not None else self.docname
        if not self.depth and (renamed := self.builder.printed_title(self.docname, name)) != name:
            name, title = renamed, nodes.title("", renamed)
        label = self.targets.of(self.docname, node) if self.depth else f"{self.docname}#"
        if not self.depth and not self.targets.print(label or ""):
            label = self.targets.of(self.docname, node)  # a second top-level section of one document
        target = string(label or f"{self.docname}#:{id_of(node)}")
        if self.depth:
            call = f"section({self.level + self.depth}, {self.depth}, {optional(number)}, {target})"
        else:
            part = self.builder.part_names.get(self.docname)
            call = f"chapter({self.level}, {optional(number)}, {target}, {string(name)}, {optional(part)})"
        start = f"#{call}{self.titled(title) if title is not None else content(name)}\n\n"
        self.depth += 1
        written = [(child, self.render(child)) for child in node.children if not isinstance(child, nodes.title)]
        body = "".join(behind_text(written))
        self.depth -= 1
        if body.startswith("#sideways["):
            # A heading goes with the table that turns the page, instead of staying on a page of its own.
            return f"#sideways[\n{start}{body.removeprefix('#sideways[')}"
        if name.strip().lower() == "english abstract":
            whole = str(sum(len(child.astext()) for child in rest) <= WHOLE_ABSTRACT).lower()
            return f"{start}#english(whole: {whole})[\n{body}]\n\n"
        return start + body

    def on_title(self, node: nodes.Element) -> str:
        return f"#rubric[{self.inside(node)}]\n\n"

    on_subtitle = on_title

    def on_rubric(self, node: nodes.Element) -> str:
        return f"#rubric[{self.anchored(node)}{self.inside(node)}]\n\n"

    # ---- Paragraphs and plain blocks ----------------------------------------------------------

    def on_paragraph(self, node: nodes.Element) -> str:
        body = self.anchored(node) + self.inside(node)
        if not body:
            return ""
        if "flip" in node["classes"]:
            return f"#flip[{body}]\n\n"
        if "part-title" in node["classes"]:
            return f"#rubric[{inline(node.astext())}]\n\n"
        if "table-note" in node["classes"]:
            return f"#table-note[{body}]\n\n"
        return f"{body}\n\n"

    def on_compact_paragraph(self, node: nodes.Element) -> str:
        return self.on_paragraph(node)

    on_centered = on_paragraph

    def on_compound(self, node: nodes.Element) -> str:
        return self.anchored(node) + self.inside(node)

    on_glossary = on_acks = on_compound

    def on_transition(self, node: nodes.Element) -> str:
        # MyST parts footnotes from the text by a rule; here they stand at the foot of their pages.
        return "" if "footnotes" in node["classes"] else "#transition()\n\n"

    def on_block_quote(self, node: nodes.Element) -> str:
        said = [child for child in node.children if not isinstance(child, nodes.attribution)]
        by = next((child for child in node.children if isinstance(child, nodes.attribution)), None)
        return f"#quoted({self.boxed(said)}, {'none' if by is None else f'[{self.inside(by)}]'})\n\n"

    def on_line_block(self, node: nodes.Element) -> str:
        return f"#lines[{self.line_block(node)}]\n\n"

    def line_block(self, node: nodes.Element, indent: int = 0) -> str:
        """Return the lines of a line block, nested ones indented."""
        parts = []
        for child in node.children:
            if isinstance(child, nodes.line_block):
                parts.append(self.line_block(child, indent + 1))
            else:
                parts.append(f"#h({indent * 2}em);" * bool(indent) + self.inside(child))
        return "#linebreak();".join(parts)

    def on_literal_block(self, node: nodes.Element) -> str:
        return f"{self.anchored(node)}#code-block({string(node.astext())})\n\n"

    on_doctest_block = on_literal_block

    # ---- Lists --------------------------------------------------------------------------------

    def on_bullet_list(self, node: nodes.Element) -> str:
        return f"#list({self.items(node)})\n\n"

    def on_enumerated_list(self, node: nodes.Element) -> str:
        style = {"arabic": "1", "loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}
        pattern = node.get("prefix", "") + style.get(node.get("enumtype", ""), "1") + (node.get("suffix") or ".")
        return f"#enum(start: {int(node.get('start', 1))}, numbering: {string(pattern)}, {self.items(node)})\n\n"

    def items(self, node: nodes.Element) -> str:
        """Return the items of a list as arguments."""
        return ", ".join(self.boxed(child) for child in node.children if isinstance(child, nodes.list_item))

    def on_definition_list(self, node: nodes.Element) -> str:
        if "key-findings" in node["classes"]:
            return self.findings([node])
        items = [self.definition(child) for child in node.children if isinstance(child, nodes.definition_list_item)]
        name = "fields" if "edition-summary" in node["classes"] else "definitions"
        return f"#{name}({', '.join(items)},)\n\n" if items else ""

    def findings(self, lists: list[nodes.definition_list]) -> str:
        """Return key findings under one another, as one block."""
        items = [self.finding(child) for each in lists for child in each.children]
        return f"#findings({', '.join(items)},)\n\n" if items else ""

    def definition(self, item: nodes.Element) -> str:
        """Return a term with its definition."""
        terms = [child for child in item.children if isinstance(child, nodes.term | nodes.classifier)]
        meaning = [child for child in item.children if isinstance(child, nodes.definition)]
        term = inline("　").join(self.anchored(each) + self.inside(each) for each in terms)
        return f"([{term}], {self.boxed([part for each in meaning for part in each.children])})"

    def finding(self, item: nodes.Element) -> str:
        """Return a key finding: word before the number, number, unit, verdict marks, sentences."""
        term = next((child for child in item.children if isinstance(child, nodes.term)), nodes.term())
        before, number, unit, found = split_number(term)
        meaning = [child for child in item.children if isinstance(child, nodes.definition)]
        marks = "".join(map(self.mark, found))
        notes = "".join(self.evidence_note(mark, self.row_label(mark)) for mark in found)
        shown = f"{content(before)}, {content(number)}, {content(unit)}, [{marks}], [{notes}]"
        body = self.boxed([part for each in meaning for part in [*each.children, *self.pointers(item)]])
        return f"({shown}, [{self.anchored(term)}] + {body})"

    def pointers(self, item: nodes.Element) -> list[nodes.Node]:
        """Return the line of a card that says where its finding is explained; it is printed in the finding."""
        card = item.parent.parent
        if card is None or "key-card" not in card["classes"]:
            return []
        found = [child for child in card.children if isinstance(child, nodes.paragraph) and "card-link" in child["classes"]]
        for line in found:
            line["classes"].append("flip")
        return list(found)

    def on_field_list(self, node: nodes.Element) -> str:
        pairs = [
            f"([{self.inside(item.children[0])}], {self.boxed(item.children[1])})"
            for item in node.children
            if isinstance(item, nodes.field) and len(item.children) == 2
        ]
        return f"#fields({', '.join(pairs)},)\n\n" if pairs else ""

    # ---- Boxes --------------------------------------------------------------------------------

    def on_container(self, node: nodes.Element) -> str:
        classes = set(node["classes"])
        if "cell_input" in classes or node.get("nb_element") == "cell_code_source":
            return ""  # code is read on the web page and run in the notebook
        if "key-points" in classes:
            return self.findings([d for d in node.findall(nodes.definition_list) if "key-findings" in d["classes"]])
        if "timeliness" in classes:
            status = next((c for c in ("current", "pending", "historical") if c in classes), "current")
            return f"#banner({string(status)}){self.boxed(node)}\n\n"
        if "chapter-meta" in classes:
            return f"#meta{self.boxed(node)}\n\n"
        if "literal-block-wrapper" in classes:
            caption = next(iter(node.findall(nodes.caption)), None)
            code = [child for child in node.children if child is not caption]
            shown = f"#rubric{self.titled(caption)}\n\n" if caption is not None else ""
            return self.anchored(node) + shown + "".join(map(self.render, code))
        return self.anchored(node) + self.inside(node)

    def on_Admonition(self, node: nodes.Element) -> str:
        kind = type(node).__name__
        title = node.children[0] if node.children and isinstance(node.children[0], nodes.title) else None
        rest = [child for child in node.children if child is not title]
        if title is not None:
            heading = self.titled(title)
        else:
            heading = content(str(admonitionlabels.get(kind, ""))) if kind in admonitionlabels else "none"
        kind = next((c for c in node["classes"] if c in admonitionlabels), kind)
        return f"{self.anchored(node)}#note({string(kind)}, {heading}, {self.boxed(rest)})\n\n"

    on_topic = on_sidebar = on_seealso = on_todo_node = on_versionmodified = on_Admonition

    def on_citation(self, node: nodes.Element) -> str:
        label = self.targets.of(self.docname, node) or f"{self.docname}#:{id_of(node)}"
        key = next((child for child in node.children if isinstance(child, nodes.label)), None)
        rest = [child for child in node.children if child is not key]
        shown = inline(key.astext()) if key is not None else ""
        return f"#bibliography-item({string(label)}, [{shown}], {self.boxed(rest)})\n\n"

    # ---- Not printed --------------------------------------------------------------------------

    def on_nothing(self, node: nodes.Node) -> str:
        return ""

    on_comment = on_index = on_toctree = on_substitution_definition = on_system_message = on_nothing
    on_meta = on_docinfo = on_highlightlang = on_tabular_col_spec = on_start_of_file = on_colspec = on_nothing
    on_HideCodeCellNode = on_ThebeSourceNode = on_pending = on_decoration = on_nothing

    def on_toctree_wrapper(self, node: nodes.Element) -> str:
        return ""


def behind_text(parts: Sequence[tuple[nodes.Node, str]]) -> Iterator[str]:
    """Return the parts of a section with each picture behind the first paragraphs that follow it.

    On screen they explain what stands above them. On paper a picture that does not fit is moved to the next page, and the
    paragraphs fill the room that it leaves.
    """
    waiting: list[str] = []
    passed = 0
    for node, text in parts:
        if text.startswith("#picture("):
            if passed:
                yield from waiting
                waiting, passed = [], 0
            waiting.append(text)
        elif waiting and isinstance(node, nodes.paragraph) and passed < MOST_BEFORE:
            passed += 1
            yield text
        elif waiting and not text.strip():
            yield text
        else:
            yield from waiting
            waiting, passed = [], 0
            yield text
    yield from waiting


def split_number(term: nodes.Element) -> tuple[str, str, str, list[nodes.inline]]:
    """Return the word before a key finding's number, the number, its unit, and its verdict marks."""
    marks = list(term.findall(lambda node: isinstance(node, nodes.inline) and "evidence" in node["classes"]))
    value = term.astext()
    for mark in marks:
        value = value.replace(mark.astext(), "", 1)
    value = " ".join(value.split())
    before, number, unit = match.groups() if (match := _NUMBER.fullmatch(value)) else ("", value, "")
    return before.strip(), number, unit, marks


def id_of(node: nodes.Element) -> str:
    """Return the first id of a node, or the line it was written on."""
    return node["ids"][0] if node.get("ids") else f"line-{node.line or 0}"
