"""The parts that charts share: axes of names and values, reference lines, labels with room around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from . import theme
from .text import NARROW, NARROW_WIDTH, heading, label_lines, most_lines, picked, text_width, widest, wrap_text
from .theme import TOKENS, ChartError, format_number

#: A reference line: its value and its name, e.g. ``(8.22, "全国")``.
Reference = tuple[float, str]
Names = str | Iterable[str] | None

#: How the numbers below an axis stand: each under its tick, with some left out where they would touch. Vega's own way,
#: to push the outer ones inwards, sets them between ticks and against their neighbours.
TICK_LABELS: dict[str, Any] = {"labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 8}

#: Padding to the right of a picture.
MARGIN = 8

#: Ems of a category label in one line, at both widths.
WIDE, NARROW_EMS = 14, 7


def axis_title(title: str, unit: str = "") -> str:
    """Return an axis title with its unit in full-width brackets."""
    return f"{title}（{unit}）" if unit and unit != "1" and f"（{unit}" not in title else title


def name_axis(labels: Sequence[str], wide: float = WIDE, narrow: float = NARROW_EMS) -> alt.Axis:
    """Return a vertical axis of names that break to the width there is, each centred on its row."""
    lines = label_lines(labels, wide, narrow)
    # Vega sets the first line of a label on the row and lets the others hang below it.
    centred = alt.Undefined if lines == "datum.label" else alt.ExprRef(f"isArray({lines}) ? -8 * (length({lines}) - 1) : 0")
    return alt.Axis(title=None, labelExpr=lines, labelLineHeight=16, labelOffset=centred, labelPadding=12)


def category_axis(labels: Sequence[str]) -> alt.Y:
    """Return the vertical encoding of names, in the order given."""
    return alt.Y("category:N", sort=list(labels), axis=name_axis(labels), scale=alt.Scale(padding=0))


def row_heights(labels: Sequence[str], least: int = 36) -> tuple[float, float]:
    """Return the heights of all rows together, wide and on a phone, in which the longest label fits."""
    wide, narrow = (max(least, most_lines(labels, limit) * 16 + 14) for limit in (WIDE, NARROW_EMS))
    return wide * len(labels), narrow * len(labels)


def value_axis(
    field: str, title: str, domain: Sequence[float], *, names: Sequence[str], inset: float = 0, unit: str = ""
) -> alt.X:
    """Return the horizontal value axis with few ticks; ``inset`` keeps room for labels at both ends.

    ``names`` are the labels that stand to its left: they tell how much room its title has on a phone.
    """
    room = NARROW_WIDTH - widest(names, NARROW_EMS, theme.TEXT) - 24
    span: Any = [inset, alt.ExprRef(f"width - {inset}")] if inset else alt.Undefined
    percent = "datum.label + '%'" if unit == "%" else alt.Undefined
    ticks = alt.ExprRef("width < 240 ? 3 : 5")
    axis = alt.Axis(
        title=heading(title, room), grid=True, tickCount=ticks, labelExpr=percent, **TICK_LABELS,
    )  # fmt: skip
    return alt.X(f"{field}:Q", axis=axis, scale=alt.Scale(domain=list(domain), range=span, nice=False))


def unique_names(frame: pd.DataFrame) -> list[str]:
    """Return the category names as text; raises ChartError when one stands twice."""
    frame["category"] = frame["category"].astype(str)
    names: list[str] = frame["category"].tolist()
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ChartError(f"one row a category is expected, but these stand more than once: {'、'.join(twice)}")
    return names


def labels_for(values: Iterable[float], given: pd.Series | None, digits: int | None, unit: str) -> list[str]:
    """Return the direct labels: those given, else the numbers as the book prints them."""
    if given is not None:
        return [str(text) for text in given]
    return [format_number(v, digits, unit) for v in values]


def line_with_name(base: alt.Chart, field: str, name: str, room: float) -> list[alt.Chart]:
    """Return a dashed vertical line at a field with its name above, kept inside the picture.

    ``room`` is what the picture has to the right of the plot.
    """
    reach = text_width(name, theme.SMALL)
    at = alt.X(f"{field}:Q")
    place = f"scale('x', datum.{field})"
    rule = base.mark_rule(color=TOKENS["ink"], strokeDash=[4, 3], strokeWidth=1)
    text = base.mark_text(
        color=TOKENS["ink"], fontSize=theme.SMALL, baseline="middle", align="left",
        dx=alt.ExprRef(f"clamp({place} - {reach / 2:.0f}, 0, max(0, width + {room - 6:.0f} - {reach:.0f})) - {place}"),
    )  # fmt: skip
    return [
        rule.encode(x=at, y=alt.value(-3), y2=alt.value(alt.ExprRef("height"))),
        text.encode(x=at, y=alt.value(-12), text=alt.value(name)),
    ]


def reference_layers(reference: Reference | None, digits: int | None, unit: str, room: float) -> list[alt.Chart]:
    """Return a dashed vertical line with its name and value standing above the plot."""
    if reference is None:
        return []
    value, name = reference
    base = alt.Chart(pd.DataFrame({"reference": [value]}))
    return line_with_name(base, "reference", f"{name} {format_number(value, digits, unit)}", room)


def with_halo(base: alt.Chart, colour: alt.Color, halo: float = 4, **placed: Any) -> list[alt.Chart]:
    """Return a text and, behind it, its outline in the colour of the paper, ``halo`` pixels wide, which interrupts lines."""
    outline = base.mark_text(stroke=TOKENS["paper"], strokeWidth=halo, strokeJoin="round", color=TOKENS["paper"], **placed)
    return [outline, base.mark_text(**placed).encode(color=colour)]


def label_margin(shares: Sequence[float], reaches: Sequence[float], names: Sequence[str]) -> tuple[int, int]:
    """Return the padding, wide and on a phone, that labels to the right of their marks need beside what Vega sees.

    Vega makes room for what stands out of the plot while the plot is still as wide as the picture. Beside the names of
    the rows it is narrower, and a long label of a short bar may stand out that did not. ``shares`` say how far along
    the axis the labels begin, ``reaches`` are their widths in pixels with the gap before them.
    """

    def beyond(plot: float) -> float:
        return max((reach - (1 - share) * plot for share, reach in zip(shares, reaches, strict=True)), default=0.0)

    found = []
    for width, limit in ((theme.BASE_WIDTH, WIDE), (NARROW_WIDTH, NARROW_EMS)):
        beside, seen = widest(names, limit, theme.TEXT) + 14, max(beyond(width), 0.0)
        padding = MARGIN
        while padding < width:
            if padding + seen >= beyond(max(width - beside - padding - seen, 0.0)) + MARGIN / 2:
                break
            padding += 1
        found.append(padding)
    return found[0], found[1]


class EndLabels:
    """Labels at the right ends of lines: broken into lines and moved apart. Vega itself makes room for them.

    ``names`` and ``values`` are the two parts of each label, ``places`` where the lines end, in pixels.
    """

    WIDE_EMS, NARROW_EMS = 11.0, 6.5

    def __init__(self, names: Sequence[str], values: Sequence[str], places: Sequence[float], height: float) -> None:
        self.columns: dict[str, list[Any]] = {}
        for width, limit in (("wide", self.WIDE_EMS), ("narrow", self.NARROW_EMS)):
            texts = [self._lines(n, v, limit) for n, v in zip(names, values, strict=True)]
            sizes = [16.0 * len(lines) + 2 for lines in texts]
            moved = spread(places, sizes, 0, height)
            self.columns[f"label_{width}"] = ["\n".join(lines) for lines in texts]
            # Vega sets the first line on the place; the block is centred on it.
            self.columns[f"shift_{width}"] = [
                round(m - p - 8.0 * (len(t) - 1), 2) for m, p, t in zip(moved, places, texts, strict=True)
            ]

    @staticmethod
    def _lines(name: str, value: str, limit: float) -> list[str]:
        whole = f"{name} {value}".strip()
        if len(wrap_text(whole, limit)) == 1:
            return [whole]
        return [*wrap_text(name, limit), *([value] if value else [])]

    @staticmethod
    def placed() -> dict[str, Any]:
        """Return the mark's properties: lines and shift of the width there is."""
        return {
            "align": "left",
            "dx": 10,
            "dy": alt.ExprRef(f"{NARROW} ? datum.shift_narrow : datum.shift_wide"),
            "fontSize": theme.TEXT,
            "lineHeight": 16,
            "text": alt.ExprRef(picked("label")),
        }


def spread(places: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return the centres of labels of the given heights moved apart as little as possible, within low and high."""
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    moved = list(places)
    # Relaxation, not one sweep: a sweep would push a whole cluster to one side of where it belongs.
    for _ in range(400):
        shifted = False
        for first, second in pairwise(order):
            lack = (sizes[first] + sizes[second]) / 2 - (moved[second] - moved[first])
            if lack > 1e-6:
                moved[first] -= lack / 2
                moved[second] += lack / 2
                shifted = True
        for i in order:
            moved[i] = min(max(moved[i], low + sizes[i] / 2 - 9), high - sizes[i] / 2 + 9)
        if not shifted:
            break
    return moved
