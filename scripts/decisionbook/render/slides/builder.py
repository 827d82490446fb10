"""The Sphinx builder `slides`: each chapter of the book as a presentation, from the doctrees of the book."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ..book_data import VERDICT_WORDS
from ..typst.builder import TypstBuilder, title_of
from ..word.layout import packed
from ..word.pictures import Picture
from .deck import Deck, Exhibit, Finding, presentation
from .native import native

#: The kind of chart that an alt text begins with; on a slide the statement is enough.
_KIND = re.compile(r"^[^，。：]{1,8}图：|^(?:矩阵|方格图|时间线|区间图|散点图)：")


class SlidesBuilder(TypstBuilder):
    """Writes `<chapter>.pptx` for every chapter; `typst_only` restricts it to one."""

    name = "slides"
    format = "slides"
    epilog = "The slides are in %(outdir)s."

    def write(self, build_docnames: Iterable[str] | None, updated_docnames: Sequence[str], method: str = "update") -> None:
        """Write the slides of every chapter, whatever changed."""
        self.out = Path(self.outdir)
        self.out.mkdir(parents=True, exist_ok=True)
        for part in self.outline():
            for chapter in part.chapters:
                if chapter.docname in self.part_names:
                    deck = self.deck(chapter.docname, self._doctree(chapter.docname))
                    (self.out / f"{chapter.docname}.pptx").write_bytes(packed(presentation(deck)))

    def deck(self, docname: str, doctree: nodes.document) -> Deck:
        """Return what the slides of a chapter say."""
        edition = self.edition
        meta = [n.astext() for n in doctree.findall(nodes.container) if "chapter-meta" in n["classes"]]
        status = [n.astext() for n in doctree.findall(nodes.container) if "timeliness" in n["classes"]]
        rows = [row for row in self.figures.values() if row["chapter"] == docname]
        counts = [(words, sum(row["verdict"] == verdict for row in rows)) for verdict, words in VERDICT_WORDS.items()]
        return Deck(
            title=title_of(doctree),
            part=self.part_names[docname],
            meta="\n".join(" ".join(text.split()) for text in [*meta[:1], *status[:1]]),
            edition="　".join(filter(None, (edition.title, edition.name, edition.mark))),
            running=f"{edition.running}　{title_of(doctree)}",
            findings=[_finding(item) for item in _key_findings(doctree)],
            exhibits=[self._exhibit(docname, figure) for figure in doctree.findall(nodes.figure) if _chart(figure) is not None],
            verdicts=[(words, count) for words, count in counts if count],
            citation=edition.citation or next((line for line in edition.imprint if line.startswith("引用")), ""),
            date=edition.date,
        )

    def _exhibit(self, docname: str, figure: nodes.Element) -> Exhibit:
        chart = _chart(figure)
        assert chart is not None
        caption = next((child.astext() for child in figure.children if isinstance(child, nodes.caption)), "")
        foot = "　".join(" ".join(c.astext().split()) for c in figure.children if isinstance(c, nodes.legend))
        number = self.figure_number("figure", docname, figure)
        picture = Picture.of_chart(chart)
        return Exhibit(
            statement=_KIND.sub("", picture.alt) or caption,
            caption="　".join(filter(None, (number, caption))),
            foot=foot,
            picture=picture,
            drawn=native(chart.get("spec") or {}, chart.get("data") or {}),
        )


def _key_findings(doctree: nodes.document) -> Iterable[nodes.Element]:
    for found in doctree.findall(nodes.definition_list):
        if "key-findings" in found["classes"]:
            yield from (child for child in found.children if isinstance(child, nodes.definition_list_item))


def _finding(item: nodes.Element) -> Finding:
    term = next((child.deepcopy() for child in item.children if isinstance(child, nodes.term)), nodes.term())
    meanings = [child for child in item.children if isinstance(child, nodes.definition)]
    paragraphs = [p.deepcopy() for meaning in meanings for p in meaning.findall(nodes.paragraph)]
    for node in (term, *paragraphs):
        # Verdict marks stand in the book; on a slide they would be signs without a key.
        for mark in [n for n in node.findall(nodes.inline) if "evidence" in n["classes"]]:
            mark.parent.remove(mark)
    flips = [_flat(p) for p in paragraphs if "flip" in p["classes"]]
    return Finding(_flat(term), " ".join(_flat(p) for p in paragraphs if "flip" not in p["classes"]), " ".join(flips))


def _flat(node: nodes.Element) -> str:
    return " ".join(node.astext().split())


def _chart(figure: nodes.Element) -> Any:
    return next((child for child in figure.children if type(child).__name__ == "chart"), None)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder; called by the extension of the book."""
    app.add_builder(SlidesBuilder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
