"""Evidence behind the numbers of a page: what is printed where, what was recomputed from what, and with which verdict.

Each page carries the evidence of its own numbers as one block of JSON, which evidence.js shows beside the number. Without
script a number and its mark lead to the row of the table that says the same.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from .book_data import BookData, book_data, quote
from .evidence_data import Shown, closed_up, figure_inputs, key_on, known_figures, page_data
from .findings import evidence_mark, finding_number

# The page that shows every figure; its script opens the row that an address names.
ALL_FIGURES = "reconciliation"
DATA_ID = "db-evidence"
VERDICT_SENTENCES = {
    "reproduced": "复算一致",
    "within_rounding": "舍入范围内一致",
    "consistent": "印刷为约数，界限成立",
    "contradicted": "复算不符",
    "input": "直接引用",
    "unverifiable": "缺少数据，无法复算",
}


def setup(app: Sphinx) -> None:
    """Register how numbers and marks are written in HTML, the anchors of the tables' rows, and the data of each page."""
    app.add_node(finding_number, html=(visit_number, depart_number))
    app.add_node(evidence_mark, html=(visit_mark, depart_mark))
    app.connect("doctree-read", anchor_rows)
    app.connect("doctree-read", note_quotes)
    # Before the page's scripts are chosen by what its body holds.
    app.connect("html-page-context", add_page_data, priority=400)


# ---- What a page shows ------------------------------------------------------------------------


def judged(book: BookData, mark: evidence_mark) -> list[str]:
    """Return the figures that a mark explains: those that this edition knows and judges as the mark says.

    A table of changes also shows the verdicts of another edition, for which this one holds no evidence.
    """
    known = (book.figures.get(figure_id) for figure_id in mark.get("figures", ()))
    return [row["figure_id"] for row in known if row is not None and row["verdict"] in mark["classes"]]


def explained(book: BookData, mark: evidence_mark) -> list[str]:
    """Return the figures whose evidence a mark opens: none in a figure's own row when that row already says it all."""
    figures = judged(book, mark)
    if figures and in_own_row(mark, figures[0]) and not figure_inputs(book, book.figures[figures[0]]):
        return []
    return figures


def shown_in(book: BookData, document: nodes.document) -> Shown:
    """Return what the numbers and marks of a document need to be explained."""
    shown = Shown()
    for value in document.findall(finding_number):
        if value["evidence"]:
            shown.findings.add(value["finding"])
            decimals = len(value.astext().partition(".")[2])
            shown.decimals[value["finding"]] = max(decimals, shown.decimals.get(value["finding"], 0))
    for mark in document.findall(evidence_mark):
        if not mark.get("key"):
            shown.figures.update(explained(book, mark))
    for name in shown.findings:
        finding = book.lookup(f"finding:{name}")
        shown.figures.update(row["figure_id"] for row in finding["answers"])
        shown.cited.update(known_figures(book, finding.get("figures", ())))
    for figure_id in shown.figures:
        shown.cited.update(figure_inputs(book, book.figures[figure_id]))
    shown.cited -= shown.figures
    return shown


def note_quotes(app: Sphinx, document: nodes.document) -> None:
    """Note what the evidence of a page depends on, so that the page is read again when any of it changes.

    The first place of a number on the page is marked: it is the one that links lead to.
    """
    named: set[str] = set()
    for value in document.findall(finding_number):
        value["first"] = value["finding"] not in named
        named.add(value["finding"])
    shown = shown_in(book_data(app), document)
    env = app.env
    for figure_id in sorted(shown.figures | shown.cited):
        quote(env, f"figure:{figure_id}")
    for chapter in sorted({name.partition(".")[0] for name in shown.findings}):
        quote(env, f"chapter:{chapter}")
    if shown.figures or shown.cited:
        quote(env, "sources")
    if shown.findings:
        quote(env, "observations")


# ---- The data block ---------------------------------------------------------------------------


def data_script(content: Mapping[str, Any]) -> str:
    """Return a data block that no text in it can leave: < > & are escaped, and what UTF-8 or old scripts do not take."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    escaped = re.sub("[<>&\u2028\u2029\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return f'<script type="application/json" class="evidence-data" id="{DATA_ID}">{escaped}</script>\n'


def add_page_data(app: Sphinx, pagename: str, template: str, context: dict[str, Any], document: nodes.document | None) -> None:
    """Put the data block of a page behind its body (at html-page-context)."""
    if document is None:
        return
    book = book_data(app)
    shown = shown_in(book, document)
    if not shown.findings and not shown.figures:
        return
    content = page_data(book, shown, pagename)
    content["chapters"] = {
        name: [title, app.builder.get_relative_uri(pagename, name)]
        for name, title in content["chapters"].items()
        if name in app.env.found_docs
    }
    if ALL_FIGURES in app.env.found_docs:
        content["table"] = app.builder.get_relative_uri(pagename, ALL_FIGURES)
    context["body"] = context.get("body", "") + data_script(content)


# ---- Anchors and links ------------------------------------------------------------------------


def row_id(figure_id: str) -> str:
    """Return the id of a figure's row in the table of its chapter."""
    return f"row-{figure_id}"


def anchor_rows(app: Sphinx, document: nodes.document) -> None:
    """Give each row of a chapter's 复核 table the id that marks link to, on screen and on paper."""
    for table in document.findall(nodes.table):
        if not any(re.fullmatch(r"tab-.*-reconciliation", name) for name in table["ids"]):
            continue
        for row in table.findall(nodes.row):
            mark = next((m for m in row.findall(evidence_mark) if m["figures"]), None)
            first = row.next_node(nodes.paragraph)
            if mark is not None and first is not None:
                first["ids"].append(row_id(mark["figures"][0]))


def in_own_row(mark: nodes.Element, figure_id: str) -> bool:
    """Return whether a mark stands in the row that it would link to."""
    above = mark.parent
    while above is not None and not isinstance(above, nodes.row):
        above = above.parent
    return above is not None and any(row_id(figure_id) in p["ids"] for p in above.findall(nodes.paragraph))


def _chapter_table(env: BuildEnvironment, chapter: str) -> tuple[str, str] | None:
    """Return page and id of a chapter's 复核 table, None when this edition has none."""
    name = f"tab-{chapter.replace('_', '-')}-reconciliation"
    found = env.get_domain("std").anonlabels.get(name)  # type: ignore[attr-defined]
    return (found[0], found[1]) if found else None


def _address(app: Sphinx, page: str, target: str, anchor: str) -> str:
    return ("" if target == page else app.builder.get_relative_uri(page, target)) + f"#{anchor}"


def figure_address(app: Sphinx, page: str, figure_id: str, *, elsewhere: bool = False) -> str:
    """Return where a figure is explained without script: its row in its chapter, or (`elsewhere`) among all figures."""
    table = _chapter_table(app.env, book_data(app).figures[figure_id]["chapter"])
    if table is not None and not elsewhere:
        return _address(app, page, table[0], row_id(figure_id))
    if ALL_FIGURES in app.env.found_docs:
        return _address(app, page, ALL_FIGURES, f"figure-{figure_id}")
    return "#main"


# ---- HTML -------------------------------------------------------------------------------------


def _tag(name: str, classes: Iterable[str], **attributes: str) -> str:
    # The class comes first: what joins a mark to its number looks for it there.
    pairs = {"class": " ".join(classes), **{key.replace("_", "-"): value for key, value in attributes.items()}}
    return f"<{name} " + " ".join(f'{key}="{html.escape(value)}"' for key, value in pairs.items()) + ">"


def number_id(key: str) -> str:
    """Return the id of a number on a page: num-share, or num-other-share for the number of another chapter."""
    return "num-" + re.sub(r"[^0-9A-Za-z]+", "-", key)


def visit_number(self: SphinxTranslator, node: finding_number) -> None:
    """Write a number; the script makes one without a mark a button, and lets the mark open the evidence of the others."""
    assert isinstance(self, HTML5Translator)
    if node["evidence"]:
        key = key_on(self.builder.current_docname, node["finding"])
        named = {"id": number_id(key)} if node.get("first") else {}
        self.body.append(_tag("span", [*node["classes"], "num"], **named, data_evidence=key))
    else:
        self.body.append(_tag("span", node["classes"]))


def depart_number(self: SphinxTranslator, node: finding_number) -> None:
    """Close what visit_number opened."""
    self.body.append("</span>")


def visit_mark(self: SphinxTranslator, node: evidence_mark) -> None:
    """Write a mark: a link that the script makes a button where there is evidence, else a picture with a name."""
    assert isinstance(self, HTML5Translator)
    app, page = self.builder.app, self.builder.current_docname
    book = book_data(app)
    words = next((text for verdict, text in VERDICT_SENTENCES.items() if verdict in node["classes"]), node.astext())
    figures = explained(book, node)
    node["tag"] = "a" if figures else "span"
    if not figures:
        self.body.append(_tag("span", node["classes"], role="img", aria_label=words))
        return
    about = node.get("number") or "、".join(closed_up(book.figures[i]["published"]) for i in figures)
    address = figure_address(app, page, figures[0], elsewhere=in_own_row(node, figures[0]))
    key = key_on(page, node["key"]) if node.get("key") else " ".join(figures)
    label = f"{about}，{words}：查看依据"
    self.body.append(_tag("a", node["classes"], href=address, data_evidence=key, aria_label=label))


def depart_mark(self: SphinxTranslator, node: evidence_mark) -> None:
    """Close what visit_mark opened."""
    self.body.append(f"</{node['tag']}>")
