"""The lines under a chapter's title: 时效, how far its data reach, its sources, its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ..data.periods import period_words
from .book_data import VERDICT_GLYPHS, book_data, quote
from .directives import STATUS_WORDS
from .findings import verdict_mark
from .reader import page_files


def _sources(ids: Sequence[str], linked: bool) -> list[nodes.Node]:
    """Return the numbers of the sources, each a link to the page that tells their titles."""
    if not ids:
        return [nodes.Text("官方统计")]
    plain = nodes.Text("、".join(ids))
    if not linked:
        return [plain]
    links: list[nodes.Node] = []
    for source in ids:
        target = {"refdomain": "std", "reftype": "doc", "reftarget": "/references", "refexplicit": True, "refwarn": True}
        links += [nodes.Text("、")] if links else []
        links.append(addnodes.pending_xref("", nodes.inline("", source), **target))
    # On paper a link brings its page number, too much for one line of facts.
    return [addnodes.only("", *links, expr="html"), addnodes.only("", plain, expr="not html")]


def insert_chapter_head(app: Sphinx, document: nodes.document) -> None:
    """Put the head under the title of every page that is a chapter (at doctree-read)."""
    env = app.env
    declared: dict[str, Any] | None = book_data(app).chapters.get(env.docname)
    section = document.next_node(nodes.section)
    if declared is None or section is None:
        return
    quote(env, f"chapter:{env.docname}")
    rows = quote(env, f"reconciliation:{env.docname}")
    line = nodes.paragraph("")
    status = declared["status"]
    line += nodes.inline(STATUS_WORDS[status], STATUS_WORDS[status], classes=["status-pill", status])
    # No-break spaces before the point: on a phone it ends a line and never begins one.
    line += nodes.Text(f"　数据截至 {period_words(declared['data_until'])}\u00a0\u00a0·　来源 ")
    line += _sources(declared["sources"], linked="references" in env.found_docs)
    counts = [(v, sum(r["verdict"] == v for r in rows)) for v in VERDICT_GLYPHS]
    if rows:
        line += nodes.Text(f"\u00a0\u00a0·　{len(rows)} 个数字复核：")
        for verdict, count in counts:
            if count:
                line += verdict_mark(verdict, [])
                line += nodes.Text(f" {count}　")
    files = addnodes.only("", page_files(chapter=env.docname), expr="html")
    head = [nodes.container("", line, files, classes=["chapter-meta"])]
    if declared["status_note"]:
        note = nodes.paragraph("", declared["status_note"])
        head.append(nodes.container("", note, classes=["timeliness", status]))
    section[1:1] = head
