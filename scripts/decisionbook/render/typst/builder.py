"""The Sphinx builder `typst`: the whole book, or one of its chapters, as Typst source.

Output, below the output folder: `book.typ` (start here), `template.typ` and `elements.typ` (the page design),
`docs/` (one file for each document, so that an error names it), `pictures/` (charts and images, named by their
content), `chapters/` and `briefs/` (each chapter on its own, and its one page for a desk).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.display import status_iterator

from ..book_data import BookData, book_data
from .alone import write_alone, write_brief
from .edition import Edition, read_edition
from .escape import content, printable, string
from .targets import Targets
from .writer import Writer

LOGGER = logging.getLogger(__name__)
DESIGN = ("template.typ", "elements.typ", "brief.typ")
MAIN = "book.typ"
FIRST_PAGE = "本版摘要"
#: What a cell may print when no renderer of the book claims its output, best first.
PRINTED_OUTPUTS = (
    ("image/svg+xml", 20), ("image/png", 30), ("image/jpeg", 40), ("text/markdown", 50), ("text/plain", 60),
)  # fmt: skip
_IMAGE_TYPES = ["image/svg+xml", "image/png", "image/jpeg", "image/gif"]


@dataclass
class Chapter:
    """A document with the heading level of its title."""

    docname: str
    level: int


@dataclass
class Part:
    """Chapters under one caption of the contents; an empty caption is no part, its chapters stand by themselves."""

    caption: str
    chapters: list[Chapter] = field(default_factory=list)


class TypstBuilder(Builder):
    """Writes the doctrees of the book as one Typst document; `typst_only` restricts it to one chapter."""

    name = "typst"
    format = "typst"
    epilog = "The Typst source is in %(outdir)s."
    allow_parallel = False
    versioning_method = "none"
    supported_image_types = _IMAGE_TYPES
    # Claimed so that Sphinx does not download pictures while it builds; the writer refuses them instead.
    supported_remote_images = True

    def get_outdated_docs(self) -> str:
        """Return that everything is written anew: one page number moves all later ones."""
        return "all documents"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the address that the writer reads back as a document of the book."""
        return f"%{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return the same address from everywhere: the book is one document."""
        return self.get_target_uri(to, typ)

    def prepare_writing(self, docnames: Set[str]) -> None:
        """Do nothing; `write` prepares what it needs."""

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Never called: documents are written together."""
        raise NotImplementedError

    # ---- Assembling ---------------------------------------------------------------------------

    def outline(self) -> list[Part]:
        """Return the parts of the book in reading order, from the toctrees of the root document downward."""
        only = self.config.typst_only
        if only:
            if only not in self.env.found_docs:
                raise ExtensionError(f"typst_only: the book has no document {only!r}")
            return [Part("", [Chapter(only, 1)])]
        root = self.config.root_doc
        seen = {root}
        parts = [Part("", [Chapter(root, 1)])]
        for toctree in self.env.get_doctree(root).findall(addnodes.toctree):
            caption = toctree.get("caption") or ""
            part = Part(caption)
            for docname in self._entries(toctree):
                part.chapters.extend(self._chapters(docname, 2 if caption else 1, seen))
            if part.chapters:
                parts.append(part)
        return parts

    def _chapters(self, docname: str, level: int, seen: set[str]) -> Iterator[Chapter]:
        if docname in seen:
            return
        seen.add(docname)
        yield Chapter(docname, level)
        for entry in self.env.toctree_includes.get(docname, []):
            if entry in self.env.found_docs:
                yield from self._chapters(entry, level + 1, seen)

    def _entries(self, toctree: addnodes.toctree) -> list[str]:
        return [ref for _, ref in toctree["entries"] if ref in self.env.found_docs]

    @cached_property
    def book(self) -> BookData | None:
        """The book's data, None in a book that has none."""
        given = getattr(self.config, "decisionbook_data", "")
        return book_data(self.app) if given and Path(given).is_file() else None

    @cached_property
    def figures(self) -> dict[str, dict[str, Any]]:
        """The reconciled figures by id."""
        return self.book.figures if self.book else {}

    @cached_property
    def part_names(self) -> dict[str, str]:
        """The part that each chapter belongs to, printed above its title."""
        return {name: chapter["part"] for name, chapter in self.book.chapters.items()} if self.book else {}

    def printed_title(self, docname: str, title: str) -> str:
        """Return the title of a document on paper: the first page does not repeat the title of the cover."""
        repeats = docname == self.config.root_doc and title == self.edition.title
        return FIRST_PAGE if repeats else title

    @cached_property
    def edition(self) -> Edition:
        """What cover, imprint and running heads say."""
        return read_edition(self.config.decisionbook_edition or {}, self.config.project)

    # ---- Numbers that HTML prints too ---------------------------------------------------------

    def section_number(self, docname: str, section: nodes.Element) -> str | None:
        """Return the number of a section as the contents of the web book give it, or None."""
        numbers = self.env.toc_secnumbers.get(docname, {})
        anchor = f"#{section['ids'][0]}" if section.get("ids") else ""
        if anchor not in numbers and isinstance(section.parent, nodes.document):
            anchor = ""
        number = numbers.get(anchor)
        return ".".join(map(str, number)) if number else None

    def figure_number(self, kind: str, docname: str, node: nodes.Element) -> str | None:
        """Return the printed number of a figure or table (图 2), the same as in the web book, or None."""
        numbers = self.env.toc_fignumbers.get(docname, {}).get(kind, {})
        number = next((numbers[name] for name in node.get("ids", []) if name in numbers), None)
        if not number:
            return None
        pattern = str(self.config.numfig_format.get(kind, "%s"))
        shown = ".".join(map(str, number))
        return pattern % shown if "%s" in pattern else pattern.format(number=shown, name="")

    # ---- Writing ------------------------------------------------------------------------------

    def write(self, build_docnames: Iterable[str] | None, updated_docnames: Sequence[str], method: str = "update") -> None:
        """Write the whole document, whatever changed."""
        self.out = Path(self.outdir)
        for folder in ("docs", "pictures", "chapters", "briefs"):
            shutil.rmtree(self.out / folder, ignore_errors=True)
            (self.out / folder).mkdir(parents=True)
        parts = self.outline()
        chapters = [chapter for part in parts for chapter in part.chapters]
        doctrees = {chapter.docname: self._doctree(chapter.docname) for chapter in chapters}
        targets = Targets(doctrees)
        names = [c.docname for c in chapters]
        sources: dict[str, str] = {}
        for chapter in status_iterator(
            chapters, "writing Typst... ", "darkgreen", len(names), self.app.verbosity, lambda c: c.docname
        ):
            writer = Writer(self, chapter.docname, doctrees[chapter.docname], targets, chapter.level)
            sources[chapter.docname] = writer.write()
            if chapter.docname in self.part_names:
                if not self.config.typst_only:
                    write_alone(self, chapter.docname, doctrees[chapter.docname])
                write_brief(self, chapter.docname, doctrees[chapter.docname])
        files = {name: f"docs/{index:03}-{_slug(name)}.typ" for index, name in enumerate(names, 1)}
        for name, source in sources.items():
            anchors = "".join(f"#anchor({string(label)});" for label in targets.missing(name))
            self.put(files[name], f'#import "/template.typ": *\n\n{source.rstrip()}\n{anchors}\n')
        for name in DESIGN:
            shutil.copyfile(Path(__file__).with_name(name), self.out / name)
        self.put(MAIN, self._main(parts, files, doctrees))

    def _doctree(self, docname: str) -> nodes.document:
        doctree = self.env.get_doctree(docname)
        self.env.resolve_references(doctree, docname, self)
        self.post_process_images(doctree)
        return doctree

    def _main(self, parts: list[Part], files: dict[str, str], doctrees: dict[str, nodes.document]) -> str:
        verdicts = "".join(f"{string(row['verdict'])}, " for row in self.figures.values())
        design = "single" if self.config.typst_only else "book"
        lines = [
            '#import "/template.typ": *',
            "",
            f"#let edition = {self.edition.source()}",
            f"#show: {design}.with(edition + (verdicts: ({verdicts})))",
            "",
        ]
        for index, part in enumerate(parts):
            if part.caption:
                inside = "".join(
                    f"({string(chapter.docname + '#')}, {content(title_of(doctrees[chapter.docname]))}), "
                    for chapter in part.chapters
                )
                lines.append(f"#part({string(f'part#{index}')}, {inside}{content(part.caption)})")
            lines += [f"#include {string('/' + files[chapter.docname])}" for chapter in part.chapters]
        return "\n".join(lines) + "\n"

    def put(self, name: str, source: str) -> None:
        """Write one file of the output."""
        (self.out / name).write_text(source, encoding="utf-8", newline="\n")

    # ---- Pictures -----------------------------------------------------------------------------

    def write_picture(self, svg: str) -> str:
        """Write a chart and return its path from the root of the Typst project."""
        return self._picture(printable(svg).encode("utf-8"), ".svg")

    def picture_path(self, image: nodes.Element) -> str | None:
        """Copy the file of an image and return its path from the root, or None when there is no such file."""
        uri = image.get("uri", "")
        source = Path(self.srcdir) / uri
        if uri not in self.images or not source.is_file():
            return None
        if source.suffix.lower() == ".svg":
            return self.write_picture(source.read_text(encoding="utf-8"))
        return self._picture(source.read_bytes(), source.suffix.lower())

    def _picture(self, data: bytes, suffix: str) -> str:
        name = f"pictures/{hashlib.sha256(data).hexdigest()[:20]}{suffix}"
        (self.out / name).write_bytes(data)
        return f"/{name}"

    def finish(self) -> None:
        """Do nothing: all files are written."""


def _slug(docname: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", docname).strip("-") or "document"


def title_of(doctree: nodes.document) -> str:
    """Return the title of a document, empty when it has none."""
    title = next(iter(doctree.findall(nodes.title)), None)
    return title.astext() if title is not None else ""


def _choose_mime_types(app: Sphinx, config: Config) -> None:
    """Tell MyST-NB which outputs of a cell can be printed; it knows no builder for paper.

    Renderers that name every builder (charts and tables of the book) come first by their own numbers.
    """
    if "nb_mime_priority_overrides" in config:
        given = list(config.nb_mime_priority_overrides)
        for paper in ("typst", "word", "slides"):
            named = {mime for builder, mime, _ in given if builder == paper}
            given += [(paper, mime, rank) for mime, rank in PRINTED_OUTPUTS if mime not in named]
        config.nb_mime_priority_overrides = given


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and its configuration; called by Sphinx or by another extension's `setup`."""
    app.add_builder(TypstBuilder)
    if "decisionbook_edition" not in app.config:
        app.add_config_value("decisionbook_edition", {}, "", dict)
    # No rebuild flag: the doctrees are the same whichever part of the book is printed.
    app.add_config_value("typst_only", "", "", str)
    app.connect("config-inited", _choose_mime_types, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
