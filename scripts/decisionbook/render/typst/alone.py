"""A chapter on its own: its pages with the edition's imprint, and the one page for a decision maker's desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docutils import nodes

from ..book_data import VERDICT_GLYPHS, VERDICT_WORDS
from ..chapter_head import period_words
from ..directives import STATUS_WORDS
from ..evidence_data import EFFECT_WORDS, recomputed
from .escape import content, optional, string
from .figures import svg_points
from .targets import Targets
from .writer import Writer, split_number

if TYPE_CHECKING:
    from .builder import TypstBuilder


def write_alone(builder: TypstBuilder, docname: str, doctree: nodes.document) -> None:
    """Write `chapters/<docname>.typ`: the same pages as in the book, links to other chapters as their text alone."""
    targets = Targets({docname: doctree})
    source = Writer(builder, docname, doctree, targets, 1).write()
    anchors = "".join(f"#anchor({string(label)});" for label in targets.missing(docname))
    lines = [
        '#import "/template.typ": *',
        f"#show: single.with({builder.edition.source()} + {_place(builder, docname)})",
        f"{source.rstrip()}\n{anchors}",
    ]
    builder.put(f"chapters/{docname}.typ", "\n".join(lines) + "\n")


def write_brief(builder: TypstBuilder, docname: str, doctree: nodes.document) -> None:
    """Write `briefs/<docname>.typ`: finding first, one chart, the verdicts, how far the data reach, where it is from."""
    book = builder.book
    if book is None:
        return
    declared, rows = book.chapters[docname], book.lookup(f"reconciliation:{docname}")
    findings = "".join(f"{item}, " for item in _findings(builder, docname, doctree))
    counts = "".join(
        f"({string(v)}, {string(VERDICT_WORDS[v])}, {sum(row['verdict'] == v for row in rows)}), " for v in VERDICT_GLYPHS
    )
    against = "".join(f"{content(_against(row))}, " for row in rows if row["verdict"] == "contradicted")
    titles = {source["source_id"]: source["title"] for source in book.content["sources"]}
    sources = "；".join(f"简报 {name}《{titles[name]}》" for name in declared["sources"]) or "官方统计"
    pairs = {
        "title": string(declared["title"]),
        "part": string(declared["part"]),
        "status": string(declared["status"]),
        "status-word": string(STATUS_WORDS[declared["status"]]),
        "until": string(f"数据截至 {period_words(declared['data_until'])}"),
        "status-note": optional(declared["status_note"] or None),
        "findings": f"({findings})",
        "chart": _chart(builder, docname, doctree, declared.get("brief_chart") or ""),
        "total": str(len(rows)),
        "counts": f"({counts})",
        "against": f"({against})",
        "sources": content(sources),
    }
    data = "(\n" + "".join(f"  {key}: {value},\n" for key, value in pairs.items()) + ")"
    edition = f"{builder.edition.source()} + {_place(builder, docname)}"
    lines = ['#import "/template.typ": *', '#import "/brief.typ": brief', f"#brief({edition}, {data})"]
    builder.put(f"briefs/{docname}.typ", "\n".join(lines) + "\n")


def _place(builder: TypstBuilder, docname: str) -> str:
    """Return what a page alone adds to the edition: its name in the book, and how to cite it."""
    title = builder.book.chapters[docname]["title"] if builder.book and docname in builder.book.chapters else ""
    cited = builder.edition.cite
    citation = f"“{title}”，载{cited}" if title and cited else cited
    return f"(docname: {string(docname)}, chapter: {string(title)}, citation: {optional(citation)})"


def _findings(builder: TypstBuilder, docname: str, doctree: nodes.document) -> list[str]:
    """Return the key findings as dictionaries: number with its marks, first paragraph, further ones, turning points."""
    writer = Writer(builder, docname, doctree, Targets({docname: doctree}), 1, plain_links=True)
    found = [d for d in doctree.findall(nodes.definition_list) if "key-findings" in d["classes"]]
    listed = []
    for item in (child for definitions in found for child in definitions.children):
        term = next((child for child in item.children if isinstance(child, nodes.term)), nodes.term())
        before, number, unit, marks = split_number(term)
        blocks = [block for child in item.children if isinstance(child, nodes.definition) for block in child.children]
        turning = [block for block in blocks if "flip" in block.get("classes", [])]
        rest = [block for block in blocks if block not in turning]
        shown = "".join(map(writer.mark, marks))
        # A turning point is set by the brief itself, as the text of its paragraph.
        flips = "".join(f"[{writer.inside(block)}], " for block in turning)
        listed.append(
            f"(before: {content(before)}, value: {content(number)}, unit: {content(unit)}, marks: [{shown}], "
            f"lead: {writer.boxed(rest[:1])}, more: {writer.boxed(rest[1:]) if rest[1:] else 'none'}, flips: ({flips}))"
        )
    return listed


def _chart(builder: TypstBuilder, docname: str, doctree: nodes.document, wanted: str) -> str:
    """Return the declared chart, or the first of the chapter, with caption and source; `none` when it has no chart."""
    figures = [f for f in doctree.findall(nodes.figure) if any(type(c).__name__ == "chart" for c in f.children)]
    figure = next((f for f in figures if wanted and wanted in (*f["ids"], *f["names"])), next(iter(figures), None))
    if figure is None:
        return "none"
    chart = next(child for child in figure.children if type(child).__name__ == "chart")
    writer = Writer(builder, docname, doctree, Targets({docname: doctree}), 1, plain_links=True)
    caption = next((child for child in figure.children if isinstance(child, nodes.caption)), None)
    legend = [part for child in figure.children if isinstance(child, nodes.legend) for part in child.children]
    number = builder.figure_number("figure", docname, figure)
    return (
        f"(path: {string(builder.write_picture(chart['svg']))}, alt: {string(chart.get('alt') or chart.get('name') or '')}, "
        f"width: {svg_points(chart['svg'])}pt, number: {optional(number)}, caption: {writer.titled(caption)}, "
        f"note: {writer.boxed(legend)})"
    )


def _against(row: Mapping[str, Any]) -> str:
    """Return a contradicted figure in one sentence: printed, recomputed, likely cause, effect on the conclusion."""
    printed = "".join(row["published"].split())
    said = [f"简报 {row['source_id']} 印{printed}，复算 {recomputed(row)}"]
    said += [row["cause"].rstrip("。")] if row["cause"] else []
    said += [EFFECT_WORDS.get(row["changes_conclusion"], "")]
    return "；".join(part for part in said if part) + "。"
