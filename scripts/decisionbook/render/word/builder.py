"""The Sphinx builder `word`: the whole book, or one of its chapters, as one Word document and a workbook of its charts' data.

Output: `book.docx` and `charts.xlsx`. The order of the chapters, the numbers of figures and tables and the text of the
notes are those of the PDF, which is why the builder of the PDF is its base.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt
from sphinx.application import Sphinx

from ..typst.builder import TypstBuilder, title_of
from . import layout
from .blocks import Writer
from .parts import Bookmarks, Footnotes, field_run, internal_link, text_run
from .workbook import ChartData, write_workbook

DOCUMENT, WORKBOOK = "book.docx", "charts.xlsx"


class WordBuilder(TypstBuilder):
    """Writes the doctrees of the book as one Word document."""

    name = "word"
    format = "word"
    epilog = "The document is in %(outdir)s."

    def write(self, build_docnames: Iterable[str] | None, updated_docnames: Sequence[str], method: str = "update") -> None:
        """Write the document and the workbook, whatever changed."""
        self.out = Path(self.outdir)
        (self.out / "pictures").mkdir(parents=True, exist_ok=True)
        charts: list[ChartData] = []
        parts = self.outline()
        doctrees = {c.docname: self._doctree(c.docname) for part in parts for c in part.chapters}
        document = layout.new_document(self.edition.running)
        bookmarks = Bookmarks()
        for docname, doctree in doctrees.items():
            chapter = next(iter(doctree.findall(nodes.section)), None)
            for element in doctree.findall(nodes.Element):
                ids = [*([""] if element is chapter else []), *element.get("ids", [])]
                if ids:
                    bookmarks.register(docname, ids)
        footnotes = Footnotes(document.styles[layout.FOOTNOTE].style_id)
        if not self.config.typst_only:
            entries = [(p.caption, c.docname, title_of(doctrees[c.docname])) for p in parts for c in p.chapters]
            self._front(document, bookmarks, entries)
        for part in parts:
            for chapter in part.chapters:
                # A part has no page of its own: its chapters begin at the first level too.
                writer = Writer(self, document, chapter.docname, bookmarks, footnotes, level=1, charts=charts)
                writer.write(doctrees[chapter.docname])
        footnotes.attach(document)
        edition = self.edition
        layout.describe(document, f"{edition.title} {edition.name}".strip(), edition.author, edition.keywords, edition.date)
        (self.out / DOCUMENT).write_bytes(layout.packed(document))
        write_workbook(charts, self.out / WORKBOOK, edition.date)

    def _front(self, document: Any, bookmarks: Bookmarks, entries: Sequence[tuple[str, str, str]]) -> None:
        """Write cover, imprint and contents."""
        edition = self.edition
        for text, style, before in (
            (edition.title, "Title", 120), (edition.subtitle or "", "Subtitle", 12),
            ("　".join(filter(None, (edition.name, edition.mark))), "Subtitle", 24),
        ):  # fmt: skip
            if text:
                document.add_paragraph(text, style=style).paragraph_format.space_before = Pt(before)
        for index, (name, value) in enumerate(edition.facts):
            paragraph = document.add_paragraph(f"{name}　{value}", style=layout.CONTENTS)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.space_before = Pt(200 if not index else 0)
        statement = document.add_paragraph(edition.statement, style=layout.NOTE)
        statement.paragraph_format.space_before = Pt(24)
        for index, line in enumerate(filter(None, (*edition.imprint, edition.citation))):
            document.add_paragraph(line, style=layout.NOTE).paragraph_format.page_break_before = not index
        head = document.add_paragraph("目　录", style="Title")
        head.paragraph_format.page_break_before = True
        last = ""
        for caption, docname, title in entries:
            if caption and caption != last:
                document.add_paragraph(caption, style=layout.CONTENTS).runs[0].bold = True
            last = caption
            anchor = bookmarks.name(docname, "")
            paragraph = document.add_paragraph(style=layout.CONTENTS)
            paragraph.paragraph_format.tab_stops.add_tab_stop(layout.TYPE_WIDTH, *layout.DOTS)
            shown = [text_run(self.printed_title(docname, title)), text_run("")]
            shown[1].append(shown[1].makeelement(shown[1].tag.replace("}r", "}tab")))
            if anchor:
                paragraph._p.append(internal_link(anchor, [*shown, field_run(f"PAGEREF {anchor} \\h", "…")]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder; called by the extension of the book."""
    app.add_builder(WordBuilder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
