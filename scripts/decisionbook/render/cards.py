"""Cards of the summary page: a key finding, a small chart of the numbers behind it, the way to its chapter."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from .book_data import quote
from .directives import chapter_link
from .findings import format_finding

KINDS = ("bars", "line", "range", "share")


@dataclass(frozen=True)
class Value:
    """One number of a small chart, and how it is written."""

    label: str
    value: float
    text: str


# docutils names its nodes in lower case.
class spark(nodes.General, nodes.Element):
    """A small chart: `kind`, and `values`, of which the first is the one that the card is about."""


def setup(app: Sphinx) -> None:
    """Register the directive and how a small chart is written."""
    app.add_node(spark, html=(visit_spark, depart_spark))
    app.add_directive("key-card", KeyCard)


class KeyCard(SphinxDirective):
    """`:::{key-card} chapter`: a key finding of a chapter as a card; nothing in an edition without the chapter.

    `:tables:` names tables without whose rows there is no card: a public edition leaves restricted rows out.

    `:spark:` is the kind of its chart and `:values:` what it shows, `label=finding:format`, parted by semicolons:
    `bars` compares amounts from zero; `line` joins a series; `range` draws the first two as the ends of a span and the
    others as ticks on a scale from zero; `share` draws the first as a part of one hundred, the others as ticks.
    """

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "spark": lambda given: directives.choice(given, KINDS),
        "values": directives.unchanged_required,
        "tables": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        chapter = quote(self.env, "chapters").get(name)
        filled = quote(self.env, "filled_tables") or []
        if chapter is None or not all(table in filled for table in self.options.get("tables", "").split()):
            return []
        card = nodes.container(classes=["key-card"])
        card += self.parse_content_to_nodes()
        if "spark" in self.options:
            card += addnodes.only("", spark(kind=self.options["spark"], values=self._values(name)), expr="html")
        link = chapter_link(name, chapter, [nodes.Text("详见")])
        link["classes"].append("card-link")
        card += link
        self.set_source_info(card)
        return [card]

    def _values(self, chapter: str) -> list[Value]:
        values = []
        for entry in self.options.get("values", "").split(";"):
            label, _, rest = entry.strip().partition("=")
            name, _, spec = rest.partition(":")
            finding = quote(self.env, f"finding:{chapter}.{name}")
            if not label or finding is None:
                raise self.error(
                    f"key-card {chapter}: {entry.strip()!r} is not `label=finding:format` with a finding of the chapter"
                )
            if isinstance(finding["value"], str):
                continue  # missing in this edition
            unit = "" if finding["unit"] == "1" else finding["unit"]
            space = "" if unit in ("", "%", "倍") else " "
            text = bound_sign(finding) + format_finding(finding["value"], spec) + space + unit
            values.append(Value(label, float(finding["value"]), text))
        return values


def bound_sign(finding: Mapping[str, Any]) -> str:
    """Return the sign before a value that has one bound alone: what is printed as 不到 5% is no 5%."""
    low, high = finding.get("low"), finding.get("high")
    return "" if (low is None) == (high is None) else "<" if low is None else "≥"


def visit_spark(self: SphinxTranslator, node: spark) -> None:
    """Write the chart as one picture with its numbers for a name; colours are the sheet's."""
    assert isinstance(self, HTML5Translator)
    values: list[Value] = node["values"]
    if values:
        self.body.append(spark_html(node["kind"], values))
    raise nodes.SkipNode


def depart_spark(self: SphinxTranslator, node: spark) -> None:
    """Nothing is left to close."""


def spark_html(kind: str, values: Sequence[Value]) -> str:
    """Return a small chart; widths are shares of one hundred, so that it is as wide as its card."""
    said = "，".join(f"{v.label} {v.text}" for v in values)
    body = (
        _line(values)
        if kind == "line" and len(values) > 1
        else _span(kind, values)
        if kind in ("range", "share")
        else _bars(values)
    )
    return f'<div class="spark spark-{kind}" role="img" aria-label="{html.escape(said)}">{body}</div>\n'


def _bars(values: Sequence[Value]) -> str:
    most = max(abs(v.value) for v in values) or 1.0
    return "".join(
        f'<div class="spark-row{" is-first" if number == 0 else ""}" aria-hidden="true"><span>{html.escape(v.label)}</span>'
        f"{_svg(_rect('spark-fill', 0, abs(v.value) / most * 100))}<b>{html.escape(v.text)}</b></div>"
        for number, v in enumerate(values)
    )


def _span(kind: str, values: Sequence[Value]) -> str:
    top = 100.0 if kind == "share" else max(abs(v.value) for v in values) * 1.08 or 1.0
    inside = 1 if kind == "share" else 2
    ends = [0.0, values[0].value] if kind == "share" else sorted(v.value for v in values[:2])
    start, stop = (max(0.0, min(100.0, end / top * 100)) for end in (ends[0], ends[-1]))
    ticks = "".join(_rect("spark-tick", min(99.0, v.value / top * 100), 1.0) for v in values[inside:])
    drawn = _svg(_rect("spark-track", 0, 100), _rect("spark-fill", start, max(1.0, stop - start)), ticks)
    first = ' class="is-first"'
    words = "".join(
        f"<span{first if n < inside else ''}>{html.escape(v.label)} <b>{html.escape(v.text)}</b></span>"
        for n, v in enumerate(values)
    )
    return f'<div class="spark-span" aria-hidden="true">{drawn}<p>{words}</p></div>'


def _line(values: Sequence[Value]) -> str:
    low, high = min(v.value for v in values), max(v.value for v in values)
    width = (high - low) or 1.0
    points = [(6 + n * 148 / (len(values) - 1), 34 - (v.value - low) / width * 26) for n, v in enumerate(values)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ends = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in (points[0], points[-1]))
    words = "".join(f"<span>{html.escape(v.label)} <b>{html.escape(v.text)}</b></span>" for v in (values[0], values[-1]))
    return (
        f'<div class="spark-slope" aria-hidden="true"><svg viewBox="0 0 160 42" width="160" height="42" focusable="false">'
        f'<polyline points="{path}"/>{ends}</svg><p>{words}</p></div>'
    )


def _svg(*parts: str) -> str:
    return f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" focusable="false">{"".join(parts)}</svg>'


def _rect(name: str, x: float, width: float) -> str:
    return f'<rect class="{name}" x="{x:.2f}" y="0" width="{width:.2f}" height="10"/>'
