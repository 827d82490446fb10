"""Charts over time and of two measures: lines with direct end labels, slopes, points, panels, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from . import theme
from .bars import Names, axis_title
from .theme import TOKENS, ChartError, finish, format_number, stack, text_tones, text_width, tidy, tones

#: A marked goal: horizontal place, value and name.
Target = tuple[object, float, str]


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places in pixels moved apart to at least ``gap``, as little as possible, within low and high."""
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    moved = list(places)
    # Relaxation, not one sweep: a sweep would push a whole cluster to one side of where it belongs.
    for _ in range(200):
        shifted = False
        for first, second in pairwise(order):
            lack = gap - (moved[second] - moved[first])
            if lack > 1e-6:
                moved[first] -= lack / 2
                moved[second] += lack / 2
                shifted = True
        for i in order:
            moved[i] = min(max(moved[i], low), high)
        if not shifted:
            break
    return moved


def horizontal(values: pd.Series, title: str, x_format: str) -> tuple[alt.X, Sequence[object], bool]:
    """Return the horizontal encoding, the values as it draws them, and whether they are continuous."""
    axis_options: dict[str, Any] = {
        "title": title or None,
        "grid": False,
        "domain": True,
        "labelOverlap": "parity",
        "labelFlush": True,
    }
    if pd.api.types.is_datetime64_any_dtype(values):
        axis = alt.Axis(format="%Y-%m" if x_format == "auto" else x_format, tickCount=6, **axis_options)
        return alt.X("x:T", axis=axis, scale=alt.Scale(nice=False)), list(values), True
    if pd.api.types.is_numeric_dtype(values):
        ticks = sorted(set(values.tolist()))
        chosen = ticks if len(ticks) <= 8 else alt.Undefined
        axis = alt.Axis(format="d" if x_format == "auto" else x_format, values=chosen, tickCount=6, **axis_options)
        return alt.X("x:Q", axis=axis, scale=alt.Scale(nice=False, zero=False)), list(values), True
    texts = [str(v) for v in values]
    options: dict[str, Any] = {**axis_options, "labelAngle": 0, "labelFlush": False, "labelFontSize": theme.SMALL}
    axis = alt.Axis(labelExpr=theme.wrap_expr("datum.label", 12, 6), **options)
    return alt.X("x:O", sort=list(dict.fromkeys(texts)), axis=axis, scale=alt.Scale(padding=0.15)), texts, False


def show_place(value: object) -> str:
    """Return a horizontal place as text: 2022, not 2022.0; dates without a time."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00")


def line_chart(
    data: pd.DataFrame,
    *,
    x: str,
    y: str,
    title: str,
    x_title: str = "",
    series: str | None = None,
    unit: str = "",
    digits: int | None = None,
    low: str | None = None,
    high: str | None = None,
    dashed: Iterable[str] = (),
    second: Iterable[str] = (),
    highlight: Names = None,
    targets: Sequence[Target] = (),
    x_format: str = "auto",
    zero: bool = True,
    domain: tuple[float, float] | None = None,
    height: int = 300,
    end_values: bool = True,
) -> alt.LayerChart:
    """Return one line a series with its name and last value at its end.

    ``x`` may be numbers, dates or text (kept in the order given). ``low`` and ``high`` name the columns of
    a band drawn round each line that has them. Series in ``dashed`` are scenarios. ``targets`` are goals,
    ``[(2025, 95, "2025年目标")]``, drawn as hollow diamonds. A missing value breaks the line.
    """
    frame = tidy(data, {"x": x, "y": y, "series": series, "low": low, "high": high})
    if "series" not in frame:
        frame["series"] = ""
    frame["series"] = frame["series"].astype(str)
    position, drawn_x, continuous = horizontal(frame["x"], x_title, x_format)
    frame["x"] = drawn_x
    names = list(dict.fromkeys(frame["series"]))
    frame["tip"] = [
        f"{n + '，' if n else ''}{show_place(p)}：{format_number(v, digits, unit)}"
        for n, p, v in zip(frame["series"], frame["x"], frame["y"], strict=True)
    ]
    colour_of = dict(zip(names, tones(names, highlight, second), strict=True))
    if names == [""]:
        colour_of[""] = TOKENS["accent"]
    frame["colour"] = [colour_of[n] for n in frame["series"]]
    spans = [frame[c] for c in ("low", "high") if c in frame]
    every = pd.concat([frame["y"], *spans, pd.Series([t[1] for t in targets], dtype=float)])
    ends = domain or theme.nice_domain(every, zero=zero)
    axis = alt.Axis(title=None, grid=True, tickCount=4, labelExpr="datum.label + '%'" if unit == "%" else alt.Undefined)
    scale = alt.Scale(domain=list(ends), nice=False)
    up = alt.Y("y:Q", axis=axis, scale=scale)
    colour = alt.Color("colour:N", scale=None)
    layers: list[alt.Chart] = []
    base = alt.Chart(frame).encode(x=position, color=colour, detail="series:N")
    if spans:
        band = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        layers.append(band.mark_area(opacity=0.16).encode(y=alt.Y("low:Q", axis=axis, scale=scale), y2="high:Q"))
    broken = set(dashed)
    # Grey lines first, so that the highlighted line is never crossed over.
    for name in sorted(names, key=lambda n: (colour_of[n] != TOKENS["grey"], names.index(n))):
        own = alt.Chart(frame[frame["series"] == name].drop(columns=["series"])).encode(x=position, y=up, color=colour)
        dash = [5, 4] if name in broken else alt.Undefined
        layers.append(own.mark_line(strokeDash=dash, strokeWidth=3 if colour_of[name] == TOKENS["accent"] else 2))
        if len(frame) <= 40 and name not in broken:
            layers.append(own.transform_filter("isValid(datum.y)").mark_point(size=46, opacity=1).encode(tooltip="tip:N"))
    last = frame[frame["y"].notna()].groupby("series", sort=False).tail(1).copy()
    last["label"] = [
        f"{n} {format_number(v, digits, unit)}".strip() if end_values else n
        for n, v in zip(last["series"], last["y"], strict=True)
    ]
    per_pixel = (ends[1] - ends[0]) / height
    pixels = spread([(ends[1] - v) / per_pixel for v in last["y"]], 18, 6, height - 6)
    last["label_y"] = [ends[1] - p * per_pixel for p in pixels]
    last["colour"] = text_tones(last["colour"])
    right = 16 + max(text_width(t, theme.TEXT) for t in last["label"])
    mark = alt.Chart(last).mark_text(align="left", dx=10, fontSize=theme.TEXT)
    mark = mark.encode(x=alt.value(alt.ExprRef("width")) if continuous else position)
    layers.append(mark.encode(y=alt.Y("label_y:Q", axis=axis, scale=scale), text="label:N", color=colour))
    layers += _targets(targets, position, axis, scale)
    return finish(stack(*layers), height=height, right=right, title=axis_title(title, unit))


def _targets(targets: Sequence[Target], position: alt.X, axis: alt.Axis, scale: alt.Scale) -> list[alt.Chart]:
    if not targets:
        return []
    frame = pd.DataFrame([{"x": t[0], "y": t[1], "label": t[2]} for t in targets])
    base = alt.Chart(frame).encode(x=position, y=alt.Y("y:Q", axis=axis, scale=scale))
    point = base.mark_point(shape="diamond", size=130, fill=TOKENS["paper"], stroke=TOKENS["ink"], strokeWidth=1.6, opacity=1)
    text = base.mark_text(align="right", dx=-10, dy=-12, color=TOKENS["ink"], fontSize=theme.SMALL).encode(text="label:N")
    return [point, text]


def slope_chart(
    data: pd.DataFrame,
    *,
    category: str,
    period: str,
    value: str,
    title: str,
    unit: str = "",
    digits: int | None = None,
    highlight: Names = None,
    height: int = 320,
    zero: bool = False,
) -> alt.LayerChart:
    """Return a line from the first to the second period for each category, named and valued at both ends.

    Raises :class:`ChartError` unless there are exactly two periods.
    """
    frame = tidy(data, {"category": category, "period": period, "value": value})
    frame["category"], frame["period"] = frame["category"].astype(str), frame["period"].astype(str)
    periods = list(dict.fromkeys(frame["period"]))
    if len(periods) != 2:
        raise ChartError(f"a slope chart joins exactly two periods, found {len(periods)}: {'、'.join(periods)}")
    names = list(dict.fromkeys(frame["category"]))
    colour_of = dict(zip(names, tones(names, highlight), strict=True))
    frame["colour"] = [colour_of[n] for n in frame["category"]]
    frame["tip"] = [
        f"{c}，{p}：{format_number(v, digits, unit)}"
        for c, p, v in zip(frame["category"], frame["period"], frame["value"], strict=True)
    ]
    ends = theme.nice_domain(frame["value"], zero=zero)
    scale, per_pixel = alt.Scale(domain=list(ends), nice=False), (ends[1] - ends[0]) / height
    labelled = []
    for place, when in enumerate(periods):
        side = frame[(frame["period"] == when) & frame["value"].notna()].copy()
        pixels = spread([(ends[1] - v) / per_pixel for v in side["value"]], 18, 4, height - 4)
        side["label_y"] = [ends[1] - p * per_pixel for p in pixels]
        number = [format_number(v, digits, unit) for v in side["value"]]
        side["label"] = number if place == 0 else [f"{v} {n}" for v, n in zip(number, side["category"], strict=True)]
        side["colour"] = text_tones(side["colour"])
        labelled.append(side)
    right = 18 + max((text_width(t, theme.TEXT) for t in labelled[1]["label"]), default=60)
    left = round(18 + max((text_width(t, theme.TEXT) for t in labelled[0]["label"]), default=40))
    x_axis = alt.Axis(title=None, orient="top", labelAngle=0, domain=False, labelFontSize=theme.TEXT, labelPadding=12)
    x = alt.X("period:O", sort=periods, axis=x_axis, scale=alt.Scale(type="point", padding=0, range=[left, alt.ExprRef("width")]))
    y = alt.Y("value:Q", axis=None, scale=scale)
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(frame).encode(x=x, y=y, color=colour)
    layers = [base.mark_line().encode(detail="category:N"), base.mark_point(size=90, opacity=1).encode(tooltip="tip:N")]
    for place, side in enumerate(labelled):
        text = alt.Chart(side).mark_text(align="left" if place else "right", dx=12 if place else -12, fontSize=theme.TEXT)
        layers.append(text.encode(x=x, y=alt.Y("label_y:Q", axis=None, scale=scale), text="label:N", color=colour))
    return finish(stack(*layers), height=height, right=right, title=axis_title(title, unit))


def scatter(
    data: pd.DataFrame,
    *,
    x: str,
    y: str,
    label: str,
    x_title: str,
    y_title: str,
    x_unit: str = "",
    y_unit: str = "",
    highlight: Names = None,
    diagonal: bool = False,
    zero: bool = True,
    height: int = 340,
) -> alt.LayerChart:
    """Return a named point for each row; ``diagonal`` draws the line where both measures are equal."""
    frame = tidy(data, {"x": x, "y": y, "label": label}).dropna(subset=["x", "y"])
    frame["label"] = frame["label"].astype(str)
    frame["colour"] = tones(frame["label"], highlight)
    frame["text_colour"] = text_tones(frame["colour"])
    frame["tip"] = [
        f"{n}：{x_title} {format_number(a)}{x_unit}，{y_title} {format_number(b)}{y_unit}"
        for n, a, b in zip(frame["label"], frame["x"], frame["y"], strict=True)
    ]
    ends_x, ends_y = theme.nice_domain(frame["x"], zero=zero), theme.nice_domain(frame["y"], zero=zero)
    if diagonal:
        ends_x = ends_y = (min(ends_x[0], ends_y[0]), max(ends_x[1], ends_y[1]))
    axis_x = alt.Axis(title=axis_title(x_title, x_unit), grid=True, tickCount=5, domain=True)
    axis_y = alt.Axis(title=None, grid=True, tickCount=5)
    across = alt.X("x:Q", axis=axis_x, scale=alt.Scale(domain=list(ends_x), nice=False))
    up = alt.Y("y:Q", axis=axis_y, scale=alt.Scale(domain=list(ends_y), nice=False))
    base = alt.Chart(frame).encode(x=across, y=up)
    layers: list[alt.Chart] = []
    if diagonal:
        line = pd.DataFrame({"x": list(ends_x), "y": list(ends_x)})
        layers.append(alt.Chart(line).mark_line(strokeDash=[4, 3], strokeWidth=1, color=TOKENS["grey"]).encode(x=across, y=up))
    point = base.mark_point(size=110, opacity=0.9)
    layers.append(point.encode(color=alt.Color("colour:N", scale=None), tooltip="tip:N"))
    for field, width in (("wide", theme.BASE_WIDTH - 60), ("narrow", 280)):
        across_pixels = [(v - ends_x[0]) / (ends_x[1] - ends_x[0]) * width for v in frame["x"]]
        up_pixels = [(ends_y[1] - v) / (ends_y[1] - ends_y[0]) * height for v in frame["y"]]
        first = [i for i, c in enumerate(frame["colour"]) if c != TOKENS["grey"]]
        reach = [text_width(t, theme.SMALL) for t in frame["label"]]
        frame[field] = place_labels(across_pixels, up_pixels, reach, width, height, first)
    base = alt.Chart(frame).encode(x=across, y=up)
    side = f"({theme.NARROW} ? datum.narrow : datum.wide)"
    placed: dict[str, Any] = {
        "fontSize": theme.SMALL,
        "align": alt.ExprRef(f"{side} === 'right' ? 'left' : {side} === 'left' ? 'right' : 'center'"),
        "dx": alt.ExprRef(f"{side} === 'right' ? 10 : {side} === 'left' ? -10 : 0"),
        "dy": alt.ExprRef(f"{side} === 'above' ? -14 : {side} === 'below' ? 15 : 0"),
        "text": alt.ExprRef(f"{side} === '' ? '' : datum.label"),
    }
    halo = base.mark_text(stroke=TOKENS["paper"], strokeWidth=4, color=TOKENS["paper"], **placed)
    text = base.mark_text(**placed).encode(color=alt.Color("text_colour:N", scale=None))
    return finish(stack(*layers, halo, text), height=height, right=14, title=axis_title(y_title, y_unit))


def place_labels(
    across: Sequence[float], up: Sequence[float], reach: Sequence[float], width: float, height: float, first: Sequence[int]
) -> list[str]:
    """Return for each point where its label stands free: right, left, above, below, or nowhere (empty).

    Pixels from the top left corner; ``reach`` is the width of the labels. Points in ``first`` choose first; a
    label without room is left out and can be read from the tooltip and the table.
    """
    dots = [(x - 6, y - 6, x + 6, y + 6) for x, y in zip(across, up, strict=True)]
    taken: list[tuple[float, float, float, float]] = []
    chosen = [""] * len(dots)
    order = [*first, *(i for i in range(len(dots)) if i not in set(first))]
    for i in order:
        x, y, w = across[i], up[i], reach[i]
        boxes = {
            "right": (x + 8, y - 8, x + 12 + w, y + 8),
            "left": (x - 12 - w, y - 8, x - 8, y + 8),
            "above": (x - w / 2, y - 23, x + w / 2, y - 7),
            "below": (x - w / 2, y + 7, x + w / 2, y + 23),
        }
        for side, box in boxes.items():
            inside = box[0] >= 0 and box[2] <= width + 8 and box[1] >= -8 and box[3] <= height + 2
            others = [*taken, *(d for j, d in enumerate(dots) if j != i)]
            if inside and not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others):
                chosen[i] = side
                taken.append(box)
                break
    return chosen
