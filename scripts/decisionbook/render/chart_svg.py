"""The picture of a chart as it stands in a page: nothing active in it, ids of its own, and half of Vega's bytes.

Charts are a third of a chapter's page. What is taken away is repetition: defaults, attributes that all children share,
rounded corners written out as curves, hundredths of a pixel.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..charts.theme import ChartError

_ALLOWED = {"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "ellipse", "polygon", "polyline", "defs", "clipPath"}
# One alt text stands for the picture; what Vega says of each mark is heard nowhere.
_SPOKEN = re.compile(r"aria-|role$")
_REFERENCE = re.compile(r"url\(#([\w-]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_POINT = re.compile(r"([ML])(-?[\d.]+),(-?[\d.]+)")
_STRAIGHT = re.compile(r"[MLZ\d.,\- ]*")
#: A rectangle with rounded corners, as Vega writes it: eight points on its outline, four curves between them.
_ROUNDED = re.compile(r"M([^A-Z]+)" + r"L([^A-Z]+)C([^A-Z]+)" * 3 + r"L([^A-Z]+)C([^A-Z]+)Z")
_PLACE = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")
#: Values that hold anyway, and names that a page does not need.
_DEFAULTS = {("text-anchor", "start"), ("fill-opacity", "1"), ("stroke-opacity", "1"), ("version", "1.1"), ("class", "marks")}
#: What a group hands down to its children; opacity is not among it.
_INHERITED = ("fill", "stroke", "stroke-width", "text-anchor", "fill-opacity", "stroke-opacity", "stroke-dasharray")


def inline_svg(svg: str, name: str) -> str:
    """Return the picture with ids that are unique on the page; raises ChartError for anything active in it.

    The picture is drawn from data that an analyst may replace, so only shapes and text are let through.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        _check(element, name)
        element.tag = element.tag.rpartition("}")[2]
        for key, value in list(element.attrib.items()):
            if _SPOKEN.match(key) or (key, value) in _DEFAULTS:
                del element.attrib[key]
            elif key == "id":
                element.set(key, f"{name}-{value}")
            elif "url(" in value:
                element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
    for element in root.iter():
        _shorten(element)
    _unwrap(root)
    _hoist(root)
    # The wrapper carries role and alt text; the picture itself must not be read out shape by shape.
    root.attrib = {"aria-hidden": "true", "focusable": "false", **root.attrib}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True).replace(" />", "/>")


def _check(element: Element, name: str) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag not in _ALLOWED:
        raise ChartError(f"chart {name!r}: <{tag}> is not allowed in a chart; draw with plain marks")
    for attribute in element.attrib:
        plain = attribute.rpartition("}")[2].lower()
        if plain.startswith("on") or plain in ("href", "style"):
            raise ChartError(f"chart {name!r}: attribute {plain} is not allowed in a chart; drop href, url and style")


def _shorten(element: Element) -> None:
    """Write an element's geometry with tenths of a pixel and in the fewest characters."""
    for key in ("d", "transform", "x", "y", "x2", "y2", "cx", "cy", "width", "height", "points"):
        if key in element.attrib:
            element.set(key, _NUMBER.sub(_tenth, element.attrib[key]))
    if element.tag == "path" and "d" in element.attrib:
        _shorten_path(element)
    if element.tag == "text" and not len(element):
        place = _PLACE.fullmatch(element.get("transform", ""))
        if place and not {"x", "y"} & set(element.attrib):
            del element.attrib["transform"]
            element.attrib = {"x": place[1], "y": place[2], **element.attrib}
    if element.get("transform") == "translate(0,0)":
        del element.attrib["transform"]


def _tenth(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _shorten_path(path: Element) -> None:
    corners = _ROUNDED.fullmatch(path.attrib["d"])
    if corners:
        points = [[float(n) for n in pair.split(",")] for group in corners.groups() for pair in _pairs(group)]
        x, y = (sorted(point[axis] for point in points) for axis in (0, 1))
        start = points[0]
        # The first point ends the corner at the upper left: its distance from the side is the radius.
        box = {"x": x[0], "y": y[0], "width": x[-1] - x[0], "height": y[-1] - y[0], "rx": start[0] - x[0]}
        rest = {key: value for key, value in path.attrib.items() if key != "d"}
        path.tag, path.attrib = "rect", {**{key: f"{value:.1f}".removesuffix(".0") for key, value in box.items()}, **rest}
        return
    at = ("", "")

    def step(found: re.Match[str]) -> str:
        nonlocal at
        command, x, y = found[1], found[2], found[3]
        before, at = at, (x, y)
        if command == "L" and x == before[0]:
            return f"V{y}"
        if command == "L" and y == before[1]:
            return f"H{x}"
        return f"{command}{x},{y}"

    if _STRAIGHT.fullmatch(path.attrib["d"]):
        path.set("d", _POINT.sub(step, path.attrib["d"]))


def _pairs(numbers: str) -> Iterable[str]:
    """Return the points of a path's command: `1,2,3,4` gives `1,2` and `3,4`."""
    values = numbers.split(",")
    return (f"{a},{b}" for a, b in zip(values[::2], values[1::2], strict=True))


def _unwrap(parent: Element) -> None:
    """Put the children of groups that say nothing in the place of the group, and drop empty groups."""
    children: list[Element] = []
    for child in parent:
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            children += list(child)
        elif child.tag != "g" or len(child):
            children.append(child)
    parent[:] = children


def _hoist(parent: Element) -> None:
    """Say once, on the group, what all of its children say; the root takes what most of its texts say."""
    for child in parent:
        _hoist(child)
    if parent.tag == "g" and len(parent) > 1:
        for key in _INHERITED:
            values = {child.get(key) for child in parent}
            if len(values) == 1 and None not in values:
                parent.set(key, str(values.pop()))
                for child in parent:
                    del child.attrib[key]
    elif parent.tag == "svg":
        texts = list(parent.iter("text"))
        for size, _ in Counter(text.attrib["font-size"] for text in texts if "font-size" in text.attrib).most_common(1):
            if all("font-size" in text.attrib for text in texts):
                parent.set("font-size", size)
                for text in texts:
                    if text.attrib["font-size"] == size:
                        del text.attrib["font-size"]
