"""Evidence behind the numbers of a page: what is printed where, what was recomputed from what, and with which verdict.

Each page carries the evidence of its own numbers as one block of JSON, which evidence.js shows beside the number. Without
script a number and its mark lead to the row of the table that says the same.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from .book_data import BookData, book_data, quote
from .directives import interval_text, number
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
EFFECT_WORDS = {"yes": "改变结论", "no": "不改变结论"}
# Verdicts that the note of a figure helps to understand.
_NOTED = ("consistent", "contradicted", "unverifiable")
# A formula of more characters than this is shown with letters, which the list of inputs explains.
LONGEST_FORMULA = 64
SIGNS = {"*": " × ", "/": " ÷ ", "+": " + ", "-": " − ", "**": "^"}
_TOKEN = re.compile(r"\*\*|[-+*/()]|[A-Za-z_]\w*|[\d.]+(?:e[-+]?\d+)?|\S")


def setup(app: Sphinx) -> None:
    """Register how numbers and marks are written in HTML, the anchors of the tables' rows, and the data of each page."""
    app.add_node(finding_number, html=(visit_number, depart_number))
    app.add_node(evidence_mark, html=(visit_mark, depart_mark))
    app.connect("doctree-read", anchor_rows)
    app.connect("doctree-read", note_quotes)
    # Before the page's scripts are chosen by what its body holds.
    app.connect("html-page-context", add_page_data, priority=400)


# ---- What a page shows ------------------------------------------------------------------------


@dataclass
class Shown:
    """The findings and figures that a page explains; `cited` are figures that only appear as inputs of others."""

    findings: set[str] = field(default_factory=set)
    figures: set[str] = field(default_factory=set)
    cited: set[str] = field(default_factory=set)


def judged(book: BookData, mark: evidence_mark) -> list[str]:
    """Return the figures that a mark explains: those that this edition knows and judges as the mark says.

    A table of changes also shows the verdicts of another edition, for which this one holds no evidence.
    """
    known = (book.figures.get(figure_id) for figure_id in mark.get("figures", ()))
    return [row["figure_id"] for row in known if row is not None and row["verdict"] in mark["classes"]]


def explained(book: BookData, mark: evidence_mark) -> list[str]:
    """Return the figures whose evidence a mark opens: none in a figure's own row when that row already says it all."""
    figures = judged(book, mark)
    if figures and in_own_row(mark, figures[0]) and not _inputs(book, book.figures[figures[0]]):
        return []
    return figures


def shown_in(book: BookData, document: nodes.document) -> Shown:
    """Return what the numbers and marks of a document need to be explained."""
    shown = Shown()
    for value in document.findall(finding_number):
        if value["evidence"]:
            shown.findings.add(value["finding"])
    for mark in document.findall(evidence_mark):
        if not mark.get("key"):
            shown.figures.update(explained(book, mark))
    for name in shown.findings:
        finding = book.lookup(f"finding:{name}")
        shown.figures.update(row["figure_id"] for row in finding["answers"])
        shown.cited.update(_known(book, finding.get("figures", ())))
    for figure_id in shown.figures:
        shown.cited.update(_inputs(book, book.figures[figure_id]))
    shown.cited -= shown.figures
    return shown


def _known(book: BookData, ids: Iterable[str]) -> list[str]:
    return [figure_id for figure_id in ids if figure_id in book.figures]


def _inputs(book: BookData, row: Mapping[str, Any]) -> list[str]:
    """Return the figures that a figure was recomputed from, by its formula or by the finding that answers it."""
    if row.get("inputs"):
        return _known(book, row["inputs"].values())
    finding = book.content["findings"].get(row["finding"]) if row["finding"] else None
    return _known(book, finding.get("figures", ())) if finding else []


def note_quotes(app: Sphinx, document: nodes.document) -> None:
    """Note what the evidence of a page depends on, so that the page is read again when any of it changes."""
    shown = shown_in(book_data(app), document)
    env = app.env
    for figure_id in sorted(shown.figures | shown.cited):
        quote(env, f"figure:{figure_id}")
    for chapter in sorted({name.partition(".")[0] for name in shown.findings}):
        quote(env, f"chapter:{chapter}")
    if shown.figures or shown.cited:
        quote(env, "sources")


# ---- The data of a page -----------------------------------------------------------------------


def page_data(book: BookData, shown: Shown, page: str = "") -> dict[str, Any]:
    """Return the evidence of one page: `figures` by id, `findings` by key, `sources` and `chapters` by id with their titles.

    Every text is made here, so that the page only places it. What is empty is left out, and so is the chapter of what
    was computed on the page itself.
    """
    figures = {figure_id: figure_data(book, book.figures[figure_id], page) for figure_id in sorted(shown.figures)}
    figures |= {figure_id: _cited(book.figures[figure_id]) for figure_id in sorted(shown.cited)}
    findings = {key_on(page, name): finding_data(book, name, page) for name in sorted(shown.findings)}
    chapters = {f["chapter"] for f in [*figures.values(), *findings.values()] if f.get("chapter")}
    printed = {figure_id[:3] for figure_id in figures}
    return {
        "figures": dict(sorted(figures.items())),
        "findings": findings,
        "sources": {s["source_id"]: s["title"] for s in book.content["sources"] if s["source_id"] in printed},
        "chapters": {name: book.chapters[name]["title"] for name in sorted(chapters & set(book.chapters))},
    }


def key_on(page: str, name: str) -> str:
    """Return the key of a finding in the data of a page: findings of the page itself go by their short names."""
    return name.removeprefix(f"{page}.")


def _cited(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"published": _closed_up(row["published"]), "section": row["section"]}


def _closed_up(published: str) -> str:
    """Return a printed number without the line ends that the print has inside it."""
    return re.sub(r"\s*[\r\n]+\s*", "", published)


def figure_data(book: BookData, row: Mapping[str, Any], page: str = "") -> dict[str, Any]:
    """Return what is shown of a figure that a mark judges; values and bounds are in its printed unit."""
    inputs = _inputs(book, row)
    formula, lettered = formula_text(row.get("expression") or "", row.get("inputs") or {}, book)
    finding = row["finding"] if row["finding"] in book.content["findings"] else ""
    contradicted = row["verdict"] == "contradicted"
    content = {
        **_cited(row),
        "verdict": row["verdict"],
        "printed": _stands_for(row),
        "value": amount(float(row["finding_value"]), row["unit"]) if row["finding_value"] else "",
        "bounds": "" if _is_point(row.get("bounds")) else interval_text(row.get("bounds")),
        "formula": formula,
        "reading": row.get("reading") or "",
        "inputs": inputs,
        "letters": list(row["inputs"]) if lettered else [],
        "chapter": finding.partition(".")[0] if key_on(page, finding) == finding else "",
        "effect": EFFECT_WORDS.get(row["changes_conclusion"], row["changes_conclusion"]) if contradicted else "",
        "cause": row["cause"] if contradicted else "",
        "note": row["note"] if row["verdict"] in _NOTED else "",
    }
    return {key: value for key, value in content.items() if value}


def finding_data(book: BookData, name: str, page: str = "") -> dict[str, Any]:
    """Return what is shown of a finding: the figures that it answers, or, for a derived value, where it comes from."""
    finding = book.lookup(f"finding:{name}")
    if finding["answers"]:
        return {"answers": [row["figure_id"] for row in finding["answers"]]}
    bounds = {"low": finding["low"], "high": finding["high"], "low_closed": True, "high_closed": True}
    content = {
        "value": amount(finding["value"], finding["unit"]),
        "bounds": "" if _is_point(bounds) else interval_text(bounds),
        "inputs": _known(book, finding.get("figures", ())),
        "chapter": name.partition(".")[0] if key_on(page, name) == name else "",
    }
    return {key: value for key, value in content.items() if value}


def amount(value: float, unit: str) -> str:
    """Return a value with its unit at six significant digits: a pure number (unit 1) alone, 0.918601% without a space."""
    text = number(value, 6)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + ({"1": "", "%": "%"}.get(unit, f" {unit}") if unit else "")


def _is_point(bounds: Mapping[str, Any] | None) -> bool:
    return not bounds or (bounds["low"] == bounds["high"])


def _stands_for(row: Mapping[str, Any]) -> str:
    """Return the interval that a printed number stands for; nothing for a count, which stands for itself."""
    return "" if _is_point(row.get("printed")) else interval_text(row["printed"])


def formula_text(expression: str, inputs: Mapping[str, str], book: BookData) -> tuple[str, bool]:
    """Return a formula with × ÷ − and the printed inputs in it, and whether letters had to stay because it is long.

    An expression that is one input alone (a reprint is compared with its original) says no more than the input.
    """
    if not expression or expression in inputs:
        return "", False
    printed = {letter: _closed_up(book.figures[i]["published"]) for letter, i in inputs.items() if i in book.figures}
    text = "".join(_formula_parts(expression, printed))
    if len(text) <= LONGEST_FORMULA:
        return text, False
    return "".join(_formula_parts(expression, {})), True


def _formula_parts(expression: str, printed: Mapping[str, str]) -> Iterator[str]:
    before = ""
    for token in _TOKEN.findall(expression):
        if token in SIGNS:
            # A sign at the start or behind another belongs to its number.
            yield "−" if token == "-" and before in ("", "(", *SIGNS) else SIGNS[token]
        elif token in printed:
            text = printed[token]
            yield f"（{text}）" if re.search(r"[-+−*/×÷~～—]", text) else text
        else:
            yield token
        before = token


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


def visit_number(self: SphinxTranslator, node: finding_number) -> None:
    """Write a number; the script makes one without a mark a button, and lets the mark open the evidence of the others."""
    assert isinstance(self, HTML5Translator)
    if node["evidence"]:
        key = key_on(self.builder.current_docname, node["finding"])
        self.body.append(_tag("span", [*node["classes"], "num"], data_evidence=key))
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
    about = node.get("number") or "、".join(_closed_up(book.figures[i]["published"]) for i in figures)
    address = figure_address(app, page, figures[0], elsewhere=in_own_row(node, figures[0]))
    key = key_on(page, node["key"]) if node.get("key") else " ".join(figures)
    label = f"{about}，{words}：查看依据"
    self.body.append(_tag("a", node["classes"], href=address, data_evidence=key, aria_label=label))


def depart_mark(self: SphinxTranslator, node: evidence_mark) -> None:
    """Close what visit_mark opened."""
    self.body.append(f"</{node['tag']}>")
