"""The look of every chart: colours, type, axes, and how numbers and Chinese text are set.

Charts are drawn once at :data:`BASE_WIDTH` for print and for readers without script, and laid out again by
Vega at the width of the page when script runs. Their height is the same at every width of a page, and another
one, known beforehand, on a phone: the page keeps that room, so nothing jumps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

import altair as alt
import pandas as pd

from decisionbook.errors import DecisionBookError, did_you_mean, one_of

from .text import WIDE_WIDTH, heading

THEME_NAME = "decisionbook"
FONT = "Noto Sans SC"
#: Width in pixels of the static picture; about the measure of the text column.
BASE_WIDTH = WIDE_WIDTH
#: Name of the parameter that holds the width a chart is laid out for; the browser sets it from its container.
WIDTH_PARAM = "db_width"

#: Light-mode colours. The style sheet of the book maps exactly these values to its variables, so that one
#: picture serves light mode, dark mode and print; use no other colour in a chart.
TOKENS: dict[str, str] = {
    "paper": "#FBFAF6",
    "ink": "#1F2A33",
    "soft": "#5B666F",
    "line": "#E2DDD2",
    "accent": "#B23A2E",
    "second": "#1F6F78",
    "good": "#2F6B4F",
    "warn": "#9A6B00",
    "grey": "#808A92",
    "card": "#FFFFFF",
}
DARK_TOKENS: dict[str, str] = {
    "paper": "#14181C",
    "ink": "#E8E4DB",
    "soft": "#A3ABB1",
    "line": "#2E353B",
    "accent": "#E8806F",
    "second": "#6FB7BE",
    "good": "#7FBF9E",
    "warn": "#D9A93B",
    "grey": "#808A92",
    "card": "#1B2126",
}
#: Names that mean the region this book is about; drawn in the accent colour unless told otherwise.
HOME_NAMES = ("广西", "广西壮族自治区", "全区", "自治区")

SMALL = 12
TEXT = 13
VALUE = 14


class ChartError(DecisionBookError, ValueError):
    """A chart was asked for something its data cannot give."""


def theme_config() -> dict[str, Any]:
    """Return the Vega-Lite configuration shared by all charts."""
    axis: dict[str, Any] = {
        "domain": False,
        "ticks": False,
        "grid": False,
        "gridColor": TOKENS["line"],
        "gridWidth": 1,
        "domainColor": TOKENS["grey"],
        "labelColor": TOKENS["soft"],
        "labelFontSize": SMALL,
        "labelPadding": 8,
        "labelLimit": 400,
        "titleColor": TOKENS["soft"],
        "titleFontSize": SMALL,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "titleLimit": 600,
        "titleAnchor": "start",
    }
    return {
        "background": None,
        "font": FONT,
        "padding": {"left": 2, "right": 8, "top": 4, "bottom": 4},
        "view": {"stroke": None, "continuousWidth": BASE_WIDTH, "continuousHeight": 300},
        "axis": axis,
        "axisBand": {"labelColor": TOKENS["ink"], "labelFontSize": TEXT},
        "axisPoint": {"labelColor": TOKENS["ink"], "labelFontSize": TEXT},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": TOKENS["soft"],
            "fontSize": SMALL,
            "fontWeight": "normal",
            "offset": 10,
        },
        "header": {
            "labelColor": TOKENS["ink"],
            "labelFontSize": TEXT,
            "labelFontWeight": "normal",
            "labelAnchor": "start",
            "title": None,
        },
        "text": {"color": TOKENS["ink"], "fontSize": TEXT},
        "rule": {"color": TOKENS["grey"]},
        "line": {"color": TOKENS["grey"], "strokeWidth": 2.5, "strokeCap": "round"},
        "point": {"color": TOKENS["grey"], "filled": True, "size": 90},
        "bar": {"color": TOKENS["second"]},
    }


def enable_theme() -> None:
    """Make the look of the book the active Altair theme."""
    alt.theme.enable(THEME_NAME)


@alt.theme.register(THEME_NAME, enable=False)
def _theme() -> alt.theme.ThemeConfig:
    return {"config": theme_config()}  # type: ignore[typeddict-item]


def format_number(value: float | None, digits: int | None = None, unit: str = "") -> str:
    """Return a number as the book prints it: half-up rounding, thousands separated, missing as a dash.

    ``digits`` None keeps the digits of the value (at most 4). ``%`` and ``倍`` are set behind the number,
    other units belong in the axis title. 2.345 with 2 digits gives ``2.35``.
    """
    if value is None or not math.isfinite(float(value)):
        return "—"
    # repr, not float arithmetic: 2.345 must round up as it does on paper.
    exact = Decimal(repr(float(value)))
    if digits is None:
        # Rounded first: 0.1 + 0.2 has seventeen digits, and four of them are zeros.
        exponent = exact.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP).normalize().as_tuple().exponent
        digits = max(0, -int(exponent))
    rounded = exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)
    return f"{rounded:,f}".replace("-", "−") + (unit if unit in ("%", "倍") else "")


def tidy(data: pd.DataFrame, columns: Mapping[str, str | None]) -> pd.DataFrame:
    """Return a copy of ``data`` whose chosen columns carry the plain names that the builders encode.

    Plain names because Vega-Lite reads ``.``, ``[`` and ``:`` in a field name as syntax. Raises
    :class:`ChartError` for a column that is not there (with the closest name) and for an empty frame.
    """
    result: dict[str, Any] = {}
    for name, column in columns.items():
        if column is None:
            continue
        if column not in data.columns:
            have = [str(c) for c in data.columns]
            hint = did_you_mean(str(column), have)
            raise ChartError(f"the chart's data has no column {column!r}; it has {one_of(have)}. {hint}".strip())
        result[name] = data[column].to_numpy()
    frame = pd.DataFrame(result)
    if frame.empty:
        raise ChartError("the chart's data has no rows")
    return frame


def as_names(highlight: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the names to draw in the accent colour; None means the home region."""
    if highlight is None:
        return HOME_NAMES
    return (highlight,) if isinstance(highlight, str) else tuple(highlight)


def tones(names: Iterable[str], highlight: str | Iterable[str] | None, second: Iterable[str] = ()) -> list[str]:
    """Return one mark colour for each name: accent, second colour, or grey."""
    chosen, other = as_names(highlight), tuple(second)
    return [TOKENS["accent"] if n in chosen else TOKENS["second"] if n in other else TOKENS["grey"] for n in names]


def text_tones(colours: Iterable[str]) -> list[str]:
    """Return text colours for mark colours: grey is too pale to read, so its text is darker."""
    return [TOKENS["soft"] if colour == TOKENS["grey"] else colour for colour in colours]


def exact_domain(values: Iterable[float]) -> tuple[float, float]:
    """Return an axis from zero to the value farthest from it, for marks whose labels stand outside the axis."""
    finite = [float(v) for v in values if v is not None and math.isfinite(float(v))]
    if not finite:
        raise ChartError("no finite value to draw")
    low, high = min(0.0, *finite), max(0.0, *finite)
    return (low, high) if low < high else (0.0, 1.0)


def nice_domain(values: Iterable[float], *, zero: bool = True, room: float = 0.0) -> tuple[float, float]:
    """Return a plain lower and upper end for an axis; ``room`` widens the upper end by that share."""
    finite = [float(v) for v in values if v is not None and math.isfinite(float(v))]
    if not finite:
        raise ChartError("no finite value to draw")
    low, high = min(finite), max(finite)
    if zero:
        low, high = min(0.0, low), max(0.0, high)
    if low == high:
        low, high = low - 1, high + 1
    span = high - low
    high += span * room
    step = 10 ** math.floor(math.log10(span))
    for factor in (0.1, 0.2, 0.5, 1.0):
        if span / (step * factor) <= 12:
            step *= factor
            break
    places = max(0, 2 - math.floor(math.log10(step)))
    return round(math.floor(low / step + 1e-9) * step, places), round(math.ceil(high / step - 1e-9) * step, places)


def width_param() -> alt.Parameter:
    """Return the parameter that carries the layout width."""
    return alt.param(name=WIDTH_PARAM, value=BASE_WIDTH)


def stack(*layers: alt.Chart) -> alt.LayerChart:
    """Return the charts as layers of one; Altair's own function may also return a facet, these never do."""
    return cast(alt.LayerChart, alt.layer(*layers))


def finish(
    chart: alt.LayerChart,
    *,
    height: float | tuple[float, float],
    right: float | tuple[float, float] = 8,
    top: float = 4,
    title: str | None = None,
) -> alt.LayerChart:
    """Return the chart with its size, its padding and the title of its vertical axis set on top.

    ``height`` of the plot and ``right``, the room for labels beside it, are in pixels; a pair is the value for
    the page and for a phone, and the page's script sets the second where there is no room for the first.
    """
    high, low = height if isinstance(height, tuple) else (height, height)
    wide, narrow = right if isinstance(right, tuple) else (right, right)
    layout: dict[str, Any] = {"height": [round(high), round(low)], "right": [round(wide), round(narrow)]}
    fitted = chart.add_params(width_param()).properties(
        width=BASE_WIDTH,
        height=round(high),
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": round(wide), "top": top, "bottom": 4},
    )
    if title:
        fitted = fitted.properties(title=heading(title))
    return add_meta(fitted, layout=layout)


def add_meta(chart: alt.LayerChart, **meta: Any) -> alt.LayerChart:
    """Return the chart with more of what the book keeps beside a specification."""
    before = chart.usermeta if isinstance(chart.usermeta, dict) else {}
    return chart.properties(usermeta={"decisionbook": {**before.get("decisionbook", {}), **meta}})
