"""The chart node and how the web book shows it: a picture at once, made interactive later by charts.js.

Without script the reader has the picture, its alt text, the sliders' base values and the table behind it.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator
from sphinx.writers.html5 import HTML5Translator

from ..charts.theme import ChartError, format_number

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
        f'<div class="chart db-chart" id="chart-{_text(name)}" data-name="{_text(name)}">'
        f'<div class="db-chart-static" role="img" aria-label="{_text(node["alt"])}">{inline_svg(node["svg"], name)}</div>'
        f'<script type="application/json" class="db-spec">{json_block(node["spec"])}</script></div>\n'
    )
    return picture + what_if_html(node)


def json_block(value: Any) -> str:
    """Return JSON that is safe inside a script element: nothing in it can end the element or start another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


_ID = re.compile(r'(\bid="|url\(#|\bhref="#)([\w-]+)')
_ALLOWED = {"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "ellipse", "polygon", "polyline", "defs", "clipPath"}


_SPOKEN = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')


def inline_svg(svg: str, name: str) -> str:
    """Return the picture with ids that are unique on the page; raises ChartError for anything active in it.

    The picture is drawn from data that an analyst may replace, so only shapes and text are let through.
    """
    for element in ElementTree.fromstring(svg).iter():
        tag = str(element.tag).rpartition("}")[2]
        if tag not in _ALLOWED:
            raise ChartError(f"chart {name!r}: <{tag}> is not allowed in a chart; draw with plain marks")
        for attribute in element.attrib:
            plain = attribute.rpartition("}")[2].lower()
            if plain.startswith("on") or plain in ("href", "style"):
                raise ChartError(f"chart {name!r}: attribute {plain} is not allowed in a chart; drop href, url and style")
    svg = _ID.sub(lambda found: f"{found[1]}{name}-{found[2]}", svg)
    # The wrapper carries role and alt text; the picture itself must not be read out shape by shape.
    # The picture is one image with one text; what Vega says of each mark is heard nowhere and weighs a third of the file.
    svg = re.sub(r"<[^>]+>", lambda tag: _SPOKEN.sub("", tag[0]), svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def what_if_html(node: chart) -> str:
    """Return the sliders with label, value, base value and reset, and the readouts; empty without sliders."""
    sliders, readouts, name = node.get("sliders") or [], node.get("readouts") or [], node["name"]
    if not sliders and not readouts:
        return ""
    parts = [f'<div class="whatif" data-chart="{_text(name)}">']
    for slider in sliders:
        digits, unit = int(slider.get("digits") or 0), slider.get("unit") or ""
        base, key = shown(slider["base"], digits, unit), f"{name}-{slider['param']}"
        numbers = " ".join(f'{k}="{_text(slider[k])}"' for k in ("min", "max", "step"))
        parts.append(
            f'<div class="whatif-control"><label for="{_text(key)}">{_text(slider["label"])}</label> '
            f'<output class="whatif-value" for="{_text(key)}">{_text(base)}</output> '
            f'<span class="whatif-base">基准 {_text(base)}</span> '
            f'<button type="button" class="whatif-reset" disabled>复位</button>'
            f'<input type="range" id="{_text(key)}" data-param="{_text(slider["param"])}" {numbers} '
            f'value="{_text(slider["base"])}" data-base="{_text(slider["base"])}" data-digits="{digits}" '
            f'data-unit="{_text(unit)}" disabled></div>'
        )
    for readout in readouts:
        digits, unit = int(readout.get("digits") or 0), readout.get("unit") or ""
        value = shown(readout.get("value"), digits, unit)
        parts.append(
            f'<p class="whatif-readout">{_text(readout["label"])}　<strong><output aria-live="polite" '
            f'data-signal="{_text(readout["signal"])}" data-digits="{digits}" data-unit="{_text(unit)}">'
            f"{_text(value)}</output></strong></p>"
        )
    return "".join(parts) + "</div>\n"


def shown(value: float | str | None, digits: int, unit: str) -> str:
    """Return a number and its unit as a slider or readout prints them: 15% or 13.8 年; words as they are."""
    if isinstance(value, str):
        return value
    number = format_number(value, digits)
    if not unit or number == "—":
        return number
    return f"{number}{unit}" if unit in ("%", "倍") else f"{number} {unit}"


def tools_html(node: chart) -> str:
    """Return the row of downloads and the table behind the chart, open to readers without script."""
    name = _text(node["name"])
    buttons = "".join(
        f'<button type="button" data-action="{action}" hidden>{label}</button>'
        for action, label in (("csv", "数据 CSV"), ("svg", "图 SVG"), ("png", "图 PNG"))
    )
    table = data_table(node["data"], node["alt"])
    return (
        f'<div class="chart-tools" data-chart="{name}">{buttons}'
        f'<details class="chart-table"><summary>表格视图</summary>{table}</details></div>\n'
    )


def data_table(data: dict[str, Any], label: str) -> str:
    """Return an accessible table of the data behind a chart; numbers are aligned right, missing ones a dash."""
    columns, rows = data["columns"], data["rows"]
    numeric = [_is_numeric([row[i] for row in rows]) for i in range(len(columns))]
    head = "".join(
        f'<th scope="col"{_right(numeric[i])}>{_text(column["title"])}{_unit(column.get("unit"))}</th>'
        for i, column in enumerate(columns)
    )
    body = "".join("<tr>" + "".join(_cell(value, i, numeric[i]) for i, value in enumerate(row)) + "</tr>" for row in rows)
    return (
        f'<div class="db-scroll" tabindex="0" role="region" aria-label="{_text(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: Any, column: int, numeric: bool) -> str:
    if numeric:
        # A period or a code is a number without being a quantity: no thousands separators below 10000.
        text = format_number(value) if value is None or abs(value) >= 10000 else _trimmed(value)
    else:
        text = "—" if value is None else str(value)
    tag = "th" if column == 0 else "td"
    scope = ' scope="row"' if column == 0 else ""
    return f"<{tag}{scope}{_right(numeric)}>{_text(text)}</{tag}>"


def _trimmed(value: float) -> str:
    return format_number(value).replace(",", "")


def _is_numeric(values: list[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known)


def _right(numeric: bool) -> str:
    return ' class="right"' if numeric else ""


def _unit(unit: str | None) -> str:
    return f"（{_text(unit)}）" if unit and unit != "1" else ""


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
