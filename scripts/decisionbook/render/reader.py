"""What a reader may do with a page: cite it, take its files along, answer its editors."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from .book_data import BookData

NO_FEEDBACK = "none"
# What Sphinx puts where no author is configured.
_NO_AUTHOR = "Author name not set"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PLACES = re.compile(r"\{(\w*)\}")
# What the address of a tracker may name; each is quoted for its place in an address.
PLACES = ("page", "title", "edition")


# docutils names its nodes in lower case.
class page_files(nodes.General, nodes.Element):
    """The files of a chapter, in its head; which there are is known when the page is written."""


def setup(app: Sphinx) -> None:
    """Register the node, the option `decisionbook_feedback` and the variables that layout.html uses."""
    app.add_config_value("decisionbook_feedback", NO_FEEDBACK, "html", str)
    app.add_node(page_files, html=(visit_files, depart_files))
    app.connect("config-inited", check_feedback)
    app.connect("html-page-context", add_reader_context)


def check_feedback(app: Sphinx, config: Config) -> None:
    """Raise ConfigError unless `decisionbook_feedback` is none, a mail address or an https address (at config-inited)."""
    given = config.decisionbook_feedback
    if given == NO_FEEDBACK or _MAIL.fullmatch(given):
        return
    address = urlsplit(given)
    unknown = [name for name in _PLACES.findall(given) if name not in PLACES]
    if address.scheme == "https" and address.netloc and not unknown and not re.search(r"[\s\"'<>\\]", given):
        return
    raise ConfigError(
        f"book/_config.yml: decisionbook_feedback is {given!r}, expected none, a mail address or an https address "
        "(which may hold {page}, {title} and {edition})"
    )


def feedback_address(given: str, page: str, title: str, edition: str) -> str:
    """Return where the feedback link of a page leads, empty when there is none."""
    if given == NO_FEEDBACK:
        return ""
    if _MAIL.fullmatch(given):
        return f"mailto:{given}?subject={quote(f'{edition} {title}（{page}）', safe='')}"
    places = {"page": page, "title": title, "edition": edition}
    return _PLACES.sub(lambda found: quote(places[found[1]], safe=""), given)


def chapter_files(context: Mapping[str, Any], chapter: str) -> list[dict[str, str]]:
    """Return the files of a chapter that this build makes: `words`, `href` from the edition's root, and `kind`.

    `context` is the html_context: `chapter_pdfs` and `notebooks` say what the build makes.
    """
    files = []
    if context.get("chapter_pdfs"):
        files += [
            {"words": "本章 PDF", "href": f"pdf/{chapter}.pdf", "kind": "pdf"},
            {"words": "一页简报", "href": f"briefs/{chapter}.pdf", "kind": "brief"},
        ]
    if context.get("notebooks"):
        files.append({"words": "本章笔记本", "href": f"notebooks/{chapter}.ipynb", "kind": "notebook"})
    return files


def citations(author: str, book: str, edition: Mapping[str, Any], title: str = "") -> list[dict[str, str]]:
    """Return how a page (`title`) and the book are cited: GB/T 7714—2015 for electronic books, and plain words.

    The day and the address of an online reading are the reader's; the page's script adds them.
    """
    label = " ".join(filter(None, [edition.get("id", ""), edition.get("label", "")]))
    day = edition.get("compiled", "")
    dated = f"({day})" if day else ""
    whole = f"{book}：{label}"
    by = f"{author}. " if author else ""
    plain = (
        f"《{book}》{label}"
        + (f"，数据截至 {edition['as_of']}" if edition.get("as_of") else "")
        + (f"，编成于 {day}" if day else "")
    )
    listed = []
    if title:
        listed += [
            {"words": "本页（GB/T 7714）", "text": f"{by}{title}[M/OL]//{whole}. {dated}", "form": "gbt"},
            {"words": "本页（通用）", "text": f"“{title}”，{plain}。", "form": "plain"},
        ]
    listed.append({"words": "全书（GB/T 7714）", "text": f"{by}{whole}[M/OL]. {dated}", "form": "gbt"})
    if not title:
        listed.append({"words": "全书（通用）", "text": f"{plain}。", "form": "plain"})
    return listed


def add_reader_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Add `files`, `citations` and `feedback` to the variables of a page (at html-page-context)."""
    edition = context.get("edition") or {}
    title = re.sub(r"<[^>]*>", "", html.unescape(context.get("title") or ""))
    book = "·".join(filter(None, [context.get("book_title") or app.config.project, context.get("book_subtitle", "")]))
    landing = pagename == app.config.root_doc
    context["files"] = chapter_files(context, pagename) if is_chapter(app, pagename) else []
    context["chapter_name"] = pagename if is_chapter(app, pagename) else ""
    author = "" if app.config.author == _NO_AUTHOR else str(app.config.author)
    context["citations"] = citations(author, book, edition, "" if landing else title) if edition else []
    context["feedback"] = feedback_address(app.config.decisionbook_feedback, pagename, title, str(edition.get("id", "")))


def is_chapter(app: Sphinx, page: str) -> bool:
    """Return whether a page is a chapter, which has a notebook of its own."""
    loaded: BookData | None = getattr(app, "_decisionbook_data", None)
    return loaded is not None and page in loaded.chapters


def visit_files(self: SphinxTranslator, node: page_files) -> None:
    """Write the links to a chapter's PDFs; nothing when the build makes none."""
    assert isinstance(self, HTML5Translator)
    files = chapter_files(self.builder.config.html_context, node["chapter"])
    above = "../" * node["chapter"].count("/")
    links = [
        f'<a href="{above}{html.escape(f["href"])}" download>{html.escape(f["words"])}</a>'
        for f in files
        if f["kind"] != "notebook"
    ]
    if links:
        self.body.append(f'<p class="chapter-files">{"".join(links)}</p>\n')
    raise nodes.SkipNode


def depart_files(self: SphinxTranslator, node: page_files) -> None:
    """Nothing is left to close."""
