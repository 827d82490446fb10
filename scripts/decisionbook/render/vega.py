"""Charts on their way from a notebook's output to the book: one mime type, one node, one script bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer

from ..charts.bundle import CHART_MIME, SVG_MIME, VL_VERSION
from ..charts.theme import ChartError
from .nodes import chart

BOOK_CHART_MIME = "application/vnd.decisionbook.chart+json"
TABLE_MIME = "application/vnd.decisionbook.table+json"
#: The one global name of the script bundle.
BUNDLE_GLOBAL = "decisionbookVega"


def assemble_output(output: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook output as the book reads it; outputs that are not ours come back unchanged.

    A chart's specification and picture become one mime type, because Sphinx offers a renderer one type at a
    time; a table keeps only its data. Raises ChartError for a chart without picture or description.
    """
    result = dict(output)
    bundle = output.get("data")
    if not isinstance(bundle, Mapping):
        return result
    if TABLE_MIME in bundle:
        result["data"] = {TABLE_MIME: bundle[TABLE_MIME]}
    elif CHART_MIME in bundle and "decisionbook" in bundle[CHART_MIME].get("usermeta", {}):
        if SVG_MIME not in bundle:
            name = bundle[CHART_MIME]["usermeta"]["decisionbook"].get("name")
            raise ChartError(f"chart {name!r} has no picture; show it with nb.chart()")
        svg = bundle[SVG_MIME]
        result["data"] = {BOOK_CHART_MIME: {"spec": bundle[CHART_MIME], "svg": svg if isinstance(svg, str) else "".join(svg)}}
    return result


class ChartRenderer:
    """MyST-NB renderer of the chart mime type, for every builder."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [("*", BOOK_CHART_MIME, 1)]

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """Return the figure of a chart, or None for other types and inside a line."""
        if inline or data.mime_type != BOOK_CHART_MIME:
            return None
        return [chart_figure(data.content, renderer.renderer.document, data.line)]  # type: ignore[attr-defined]


def chart_figure(content: Mapping[str, Any], document: nodes.document, line: int | None = None) -> nodes.figure:
    """Return the figure of a chart with caption and legend, registered as a target of `{numref}`."""
    spec = content["spec"]
    meta = spec["usermeta"]["decisionbook"]
    # The node carries these; in the specification they would be sent to the reader twice.
    lean = {key: value for key, value in spec.items() if key != "usermeta"}
    lean["usermeta"] = {"decisionbook": {k: meta[k] for k in ("name", "data", "layout") if k in meta}}
    node = chart(
        spec=lean,
        svg=content["svg"],
        alt=meta["alt"],
        unit=meta.get("unit", ""),
        source=meta.get("source", ""),
        sliders=meta.get("sliders", []),
        readouts=meta.get("readouts", []),
        data=meta["data"],
        name=meta["name"],
    )
    figure = nodes.figure("", node)
    figure += nodes.caption(meta["caption"], meta["caption"])
    legend = "　".join(f"{head}：{text}" for head, text in (("单位", meta.get("unit")), ("来源", meta.get("source"))) if text)
    if legend:
        figure += nodes.legend("", nodes.paragraph(legend, legend))
    register(figure, meta["name"], document, line)
    return figure


def register(node: nodes.Element, name: str, document: nodes.document, line: int | None) -> None:
    """Give a figure or table its name and id, so that `{numref}` finds it from any page."""
    node["names"] = [nodes.fully_normalize_name(name)]
    node["ids"] = [nodes.make_id(name)]
    node.source, node.line = document.get("source"), line
    document.note_explicit_target(node, node)


def write_bundle(path: Path) -> None:
    """Write Vega, Vega-Lite and vega-embed as one classic script that adds one global name.

    A classic script because browsers load no modules from `file://`; a function around it because the bundle
    declares hundreds of names at top level.
    """
    import vl_convert

    # Read from the file itself: making the bundle takes a second, and a build without changes must not.
    version = vl_convert.__version__  # type: ignore[attr-defined]  # its stub file leaves it out
    head = f"/* Vega, Vega-Lite {VL_VERSION} and vega-embed, bundled by vl-convert {version} */\n"
    if path.is_file():
        with path.open(encoding="utf-8") as present:
            if present.readline() == head:
                return
    source = vl_convert.javascript_bundle(f"window.{BUNDLE_GLOBAL} = {{embed: vegaEmbed}};", VL_VERSION)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}(function () {{\n{source}\n}})();\n", encoding="utf-8", newline="\n")
