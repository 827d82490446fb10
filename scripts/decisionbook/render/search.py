"""The search index: the book's own text by section, in one script that a page loads on the first search.

Chinese has no spaces to split at, so nothing is split: search.js scans this text for what was typed. A scan of the whole
book takes a few milliseconds, and the text is smaller than any index of its words or character pairs would be.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import lxml.html

from .recalculation import VARIABLE as FIGURES_VARIABLE

VARIABLE = "decisionbookSearch"
INDEX = "_static/search-index.js"
FIGURES = "_static/reconciliation-data.js"
# The place where the script of the reconciliation page draws every figure; a figure is linked to as #figure-<id>.
FIGURES_ID = "db-reconciliation"

# Not text of the book: what only a script shows, and what repeats the text beside it (the table behind a chart).
_SKIPPED_TAGS = {"script", "style", "svg", "template", "noscript", "annotation", "annotation-xml", "button"}
_SKIPPED_CLASSES = {"chapter-meta", "headerlink", "hide", "chart-table", "chart-tools", "db-scroll-hint", "toctree-wrapper"}
# A verdict mark is kept only where its count follows: in a sentence ？ would look like punctuation.
_COUNTED = {"verdict-summary"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_INLINE = {
    "a", "abbr", "b", "bdi", "big", "cite", "code", "em", "i", "kbd", "label", "mark", "output", "q", "s", "samp", "small",
    "span", "strong", "sub", "sup", "time", "u", "var", "wbr", "br", "img", "input",
}  # fmt: skip
_MATH = re.compile(r"^(math|semantics|m[a-z]{1,10})$")
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")


@dataclass(frozen=True)
class IndexReport:
    """What the index holds; `text_bytes` is the text that can be found, `index_bytes` the script, both in UTF-8."""

    sections: int
    figures: int
    text_bytes: int
    index_bytes: int

    @property
    def ratio(self) -> float:
        """The size of the index over that of the text (a pure number)."""
        return self.index_bytes / self.text_bytes if self.text_bytes else 0.0

    def summary(self) -> str:
        """Return one line for the build log."""
        return f"{self.sections} sections, {self.figures} figures, {self.index_bytes / 1000:.0f} KB, {self.ratio:.2f} of the text"


@dataclass
class Section:
    """A stretch of a page under one heading; blocks of `text` are parted by line ends.

    `places` are captioned figures and tables as (start, end, id), in UTF-16 units of `text`, which JavaScript counts.
    """

    heading: str
    anchor: str
    text: str = ""
    places: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, raw: str) -> None:
        """Append text, its spaces folded and what nobody sees left out."""
        piece = _SPACES.sub(" ", _INVISIBLE.sub("", raw))
        if not self.text or self.text[-1] in " \n":
            piece = piece.lstrip(" \u3000")
        self.text += piece

    def end_block(self) -> None:
        """End a paragraph or a cell with one line end."""
        self.text = self.text.rstrip(" ")
        if self.text and not self.text.endswith("\n"):
            self.text += "\n"

    def units(self) -> int:
        """Return the length in UTF-16 units, which is how the page counts."""
        return len(self.text.encode("utf-16-le")) // 2


@dataclass
class Page:
    """A page of the book: address below the root, title, caption of its part, and its sections in reading order."""

    href: str
    title: str
    part: str
    sections: list[Section]
    has_figures: bool


class _Reader:
    """Collects the sections of an article; the first one carries the title of the page and no anchor."""

    def __init__(self, title: str) -> None:
        self.sections = [Section(title, "")]
        self.has_figures = False
        self._titled = False
        # Read as the name of their section, and not a second time as its text.
        self._headings: set[Any] = set()

    def read(self, element: Any) -> None:
        self._inside(element, self.sections[0])
        for section in self.sections:
            section.text = section.text.strip(" \n")

    def _element(self, element: Any, section: Section) -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in _SKIPPED_TAGS or "hidden" in element.attrib:
            return
        classes = _classes(element)
        if _SKIPPED_CLASSES & classes or ("evidence" in classes and not _is_counted(element)):
            return
        name = element.get("id") or ""
        if name == FIGURES_ID:
            self.has_figures = True
        elif tag == "br":
            section.add(" ")
        elif tag == "section" and (heading := _heading(element)) is not None:
            self._section(element, heading, name, section)
        elif tag == "tr" and name.startswith("term-") and (term := next(element.iter("strong"), None)) is not None:
            # A term of the glossary is looked up like a heading, and its row is where the reader wants to land.
            self._headings.add(term)
            self._open(Section(_text(term), name), element)
        elif tag in _INLINE or _MATH.match(tag):
            self._inside(element, section)
        else:
            section.end_block()
            start = section.units()
            self._lines(element, section) if tag == "pre" else self._inside(element, section)
            if name and (tag == "figure" or "db-table" in classes):
                section.places.append((start, section.units(), name))
            section.end_block()

    def _section(self, element: Any, heading: Any, name: str, parent: Section) -> None:
        self._headings.add(heading)
        if heading.tag == "h1" and not self._titled:
            self._titled = True
            self.sections[0].heading = _text(heading) or self.sections[0].heading
            self._inside(element, self.sections[0])
        else:
            parent.end_block()
            self._open(Section(_text(heading), name), element)

    def _open(self, section: Section, element: Any) -> None:
        self.sections.append(section)
        self._inside(element, section)

    def _inside(self, element: Any, section: Section) -> None:
        section.add(element.text or "")
        for child in element:
            if child not in self._headings:
                self._element(child, section)
            section.add(child.tail or "")

    def _lines(self, element: Any, section: Section) -> None:
        for line in element.text_content().splitlines():
            section.add(line)
            section.end_block()


def _classes(element: Any) -> set[str]:
    return set((element.get("class") or "").split())


def _is_counted(mark: Any) -> bool:
    return any(_COUNTED & _classes(ancestor) for ancestor in mark.iterancestors())


def _heading(element: Any) -> Any:
    return next((child for child in element if child.tag in _HEADINGS), None)


def _text(element: Any) -> str:
    """Return the words of a heading or cell without the link to it."""
    own = Section("", "")
    _Reader("")._inside(element, own)
    return own.text.replace("\n", " ").strip()


def read_page(source: bytes, href: str) -> Page | None:
    """Return the searchable text of a built page, None for a page without an article (a redirect, say)."""
    root = lxml.html.document_fromstring(source, parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=True))
    article = next(iter(root.xpath("//main[@id='main']//article")), None)
    if article is None:
        return None
    reader = _Reader((root.findtext(".//title") or href).strip())
    reader.read(article)
    part = next(iter(root.xpath("//main[@id='main']//*[@class='db-part']")), None)
    return Page(href, reader.sections[0].heading, "" if part is None else _text(part), reader.sections, reader.has_figures)


def page_order(html_dir: Path, names: Sequence[str]) -> list[str]:
    """Return the pages in the order of the navigation of the first page; what it does not list comes last, by name."""
    start = "index.html" if "index.html" in names else next(iter(names), "")
    listed = [start] if start else []
    if start:
        root = lxml.html.document_fromstring((html_dir / start).read_bytes(), parser=lxml.html.HTMLParser(encoding="utf-8"))
        for address in root.xpath("//nav[@id='db-nav']//a/@href"):
            path = re.split(r"[?#]", unquote(str(address)))[0]
            listed.append(posixpath.normpath(posixpath.join(posixpath.dirname(start), path)) if path else start)
    known = set(names)
    return list(dict.fromkeys([name for name in listed if name in known] + sorted(names)))


def synonym_groups(glossary: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return words that stand for each other: term, English term and synonyms of each row with more than one."""
    groups = []
    for row in glossary:
        words = [row.get("term_zh"), row.get("term_en"), *(row.get("synonyms") or "").split(";")]
        group = list(dict.fromkeys(word.strip() for word in words if word and len(word.strip()) > 1))
        if len(group) > 1:
            groups.append(group)
    return groups


def figure_rows(script: str) -> list[list[str]]:
    """Return id, print, indicator, area, period and place of every figure in the script behind the reconciliation page.

    Raises ValueError when the script does not assign what the page reads.
    """
    head, _, content = script.partition("=")
    if head.strip() != f"window.{FIGURES_VARIABLE}":
        raise ValueError(f"{FIGURES} does not begin with window.{FIGURES_VARIABLE}=: build the book again")
    figures = json.loads(content.rstrip().rstrip(";"))["figures"]
    return [
        [
            figure["id"],
            re.sub(r"\s+", "", figure["published"]),
            figure["indicator"],
            figure["area"] or "",
            figure["period"] or "",
            f"{figure['source']} {figure['section']}".strip(),
        ]
        for figure in figures
    ]


def write_index(html_dir: Path, glossary: Iterable[Mapping[str, Any]]) -> IndexReport:
    """Write the search index of the finished pages in `html_dir` to `_static/search-index.js` and return its sizes.

    `glossary` are rows with `term_zh`, `term_en` and `synonyms` (separated by semicolons). The same pages and glossary
    give the same bytes, pages in the order of the navigation.
    """
    names = sorted(p.relative_to(html_dir).as_posix() for p in html_dir.rglob("*.html") if "_static" not in p.parts)
    read = (read_page((html_dir / name).read_bytes(), name) for name in page_order(html_dir, names))
    pages = [page for page in read if page is not None]
    sections: list[list[Any]] = []
    for number, page in enumerate(pages):
        for section in page.sections:
            entry: list[Any] = [number, section.heading, section.anchor, section.text]
            sections.append([*entry, section.places] if section.places else entry)
    place = next((page.href for page in pages if page.has_figures), "")
    rows = figure_rows((html_dir / FIGURES).read_text(encoding="utf-8")) if place and (html_dir / FIGURES).is_file() else []
    content = {
        "pages": [[page.href, page.title, page.part] for page in pages],
        "sections": sections,
        "figures": {"page": place, "rows": rows},
        "synonyms": synonym_groups(glossary),
    }
    script = _script(content).encode("utf-8")
    target = html_dir / INDEX
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(script)
    found = [text for _, heading, _, text, *_ in sections for text in (heading, text)]
    found += [text for row in rows for text in row]
    return IndexReport(len(sections), len(rows), sum(len(text.encode("utf-8")) for text in found), len(script))


def _script(content: Mapping[str, Any]) -> str:
    """Return the data as a classic script: a page opened from file:// may load it, where fetch may not."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # The two separators end a line in old JavaScript.
    return f"window.{VARIABLE}={text};\n".replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
