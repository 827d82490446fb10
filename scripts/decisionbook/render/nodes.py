"""The chart node and how the web book shows it: a picture at once, made interactive later by charts.js.

Without script the reader has the picture, its alt text, the sliders' base values and the table behind it.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from .cells import column_texts, is_numeric
from .chart_svg import inline_svg
from .what_if import what_if_html

#: The script that charts.js loads from its own folder when the first chart comes near the screen.
BUNDLE_FILE = "vega-bundle.js"


class chart(nodes.General, nodes.Element):
    """A chart: attributes spec, svg, alt, unit, source, sliders, readouts, data and name. Sits in a figure."""


def setup(app: Sphinx) -> None:
    """Register the chart node for every builder, and the figure's tool row in HTML."""
    skip = (_skip, None)
    app.add_node(chart, html=(visit_chart, _depart_chart), latex=skip, text=skip, man=skip, texinfo=skip)
    app.add_node(nodes.figure, override=True, html=(visit_figure, depart_figure))
    # A page that stands alone shows its charts as pictures: the bundle takes a second to make.
    app.add_config_value("decisionbook_static_charts", False, "", bool)
    app.connect("build-finished", _write_script_bundle)


def _write_script_bundle(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html" and not app.config.decisionbook_static_charts:
        from .vega import write_bundle

        write_bundle(Path(app.outdir) / "_static" / BUNDLE_FILE)


def _skip(self: SphinxTranslator, node: nodes.Element) -> None:
    raise nodes.SkipNode


def visit_figure(self: HTML5Translator, node: nodes.figure) -> None:
    """Open a figure as Sphinx does, with a class of its own when it holds a chart."""
    if any(isinstance(child, chart) for child in node.children):
        node["classes"] = [*node["classes"], "db-figure"]
    HTML5Translator.visit_figure(self, node)


def depart_figure(self: HTML5Translator, node: nodes.figure) -> None:
    """Close a figure; a chart's tools and table stand below its caption, still inside the figure."""
    HTML5Translator.depart_figure(self, node)
    found = next((child for child in node.children if isinstance(child, chart)), None)
    if found is not None:
        closing = self.body.pop()
        self.body += [tools_html(found), closing]


def visit_chart(self: HTML5Translator, node: chart) -> None:
    """Write the picture, the specification for charts.js, and the sliders."""
    self.body.append(chart_html(node))


def _depart_chart(self: SphinxTranslator, node: chart) -> None:
    return None


def chart_html(node: chart) -> str:
    """Return the HTML of a chart: picture, specification as a data block, and what the reader may move."""
    name = node["name"]
    picture = (
        f'<div class="chart db-chart" id="chart-{_text(name)}" data-name="{_text(name)}">{_room(node)}'
        f'<div class="db-chart-static" role="img" aria-label="{_text(node["alt"])}">{inline_svg(node["svg"], name)}</div>'
        f'<script type="application/json" class="db-spec">{json_block(node["spec"])}</script></div>\n'
    )
    return picture + what_if_html(node.attributes)


def _room(node: chart) -> str:
    """Return what has the height of the chart on a phone from the start, so that nothing moves when it comes alive.

    An empty drawing, because a height needs no style attribute there.
    """
    layout = node["spec"].get("usermeta", {}).get("decisionbook", {}).get("layout", {})
    drawn = re.search(r'<svg[^>]*\sheight="([\d.]+)"', node["svg"])
    if drawn is None or "height" not in layout:
        return ""
    wide, narrow = layout["height"]
    return (
        f'<svg class="db-room" aria-hidden="true" focusable="false" width="1" height="{float(drawn[1]) + narrow - wide:g}"></svg>'
    )


def json_block(value: Any) -> str:
    """Return JSON that is safe inside a script element: nothing in it can end the element or start another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def tools_html(node: chart) -> str:
    """Return the row of downloads and the table behind the chart, open to readers without script."""
    name = _text(node["name"])
    buttons = "".join(
        f'<button type="button" class="awaits-script" data-action="{action}">{label}</button>'
        for action, label in (("csv", "数据 CSV"), ("svg", "图 SVG"), ("png", "幻灯片 PNG"))
    )
    table = data_table(node["data"], node["alt"])
    return (
        f'<div class="chart-tools" data-chart="{name}">{buttons}'
        f'<details class="chart-table"><summary>表格视图</summary>{table}</details></div>\n'
    )


def data_table(data: dict[str, Any], label: str) -> str:
    """Return an accessible table of the data behind a chart; numbers are aligned right, missing ones a dash."""
    columns, rows = data["columns"], data["rows"]
    cells = [[row[i] for row in rows] for i in range(len(columns))]
    numeric = [is_numeric(values) for values in cells]
    texts = [column_texts(values, unit=column.get("unit")) for values, column in zip(cells, columns, strict=True)]
    head = "".join(
        f'<th scope="col"{_right(numeric[i])}>{_text(column["title"])}{_unit(column.get("unit"))}</th>'
        for i, column in enumerate(columns)
    )
    body = "".join(
        "<tr>" + "".join(_cell(text, i, numeric[i]) for i, text in enumerate(row)) + "</tr>" for row in zip(*texts, strict=True)
    )
    return (
        f'<div class="db-scroll" tabindex="0" role="region" aria-label="{_text(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(text: str, column: int, numeric: bool) -> str:
    tag = "th" if column == 0 else "td"
    scope = ' scope="row"' if column == 0 else ""
    return f"<{tag}{scope}{_right(numeric)}>{_text(text)}</{tag}>"


def _right(numeric: bool) -> str:
    return ' class="right"' if numeric else ""


def _unit(unit: str | None) -> str:
    return f"（{_text(unit)}）" if unit and unit != "1" else ""


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
