"""术语表: the words of the book, each row a place of its own that search leads to."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .book_data import quote
from .directives import Cell, build_table

#: What is set in this class, html_body marks as English for those who listen.
ENGLISH = "english"


class GlossaryTable(SphinxDirective):
    """`{glossary-table}`: every term with its English name, meaning, other names and origin.

    Each row has the id `term-<term_id>`, and the term itself is its only bold text: search reads both.
    """

    def run(self) -> list[nodes.Node]:
        terms = quote(self.env, "glossary")
        body: list[list[Cell]] = [
            [
                [nodes.strong("", term["term_zh"]), nodes.Text("　"), nodes.inline("", term["term_en"] or "", classes=[ENGLISH])],
                _meaning(term),
                _other_names(term["synonyms"]),
            ]
            for term in terms
        ]
        table = build_table(["术语", "释义", "又称"], body, caption="本书用语", name="tab-glossary", widths=(24, 52, 24))
        for row, term in zip(table[-1][-1], terms, strict=True):
            row["ids"] = [f"term-{term['term_id'].replace('_', '-')}"]
        self.set_source_info(table)
        self.state.document.note_explicit_target(table)
        return [table]


def _meaning(term: dict[str, str | None]) -> list[nodes.Node]:
    meaning: list[nodes.Node] = [nodes.Text(term["definition_zh"] or "")]
    if term["reference"]:
        meaning.append(nodes.inline("", f"　见：{term['reference']}", classes=["term-reference"]))
    return meaning


def _other_names(names: str | None) -> list[nodes.Node]:
    found: list[nodes.Node] = []
    for name in (name.strip() for name in (names or "").split(";")):
        if name:
            found += [nodes.Text("、")] if found else []
            found.append(nodes.inline("", name, classes=[ENGLISH]) if name.isascii() else nodes.Text(name))
    return found or [nodes.Text("—")]
