"""Charts over time and of two measures: lines with direct end labels, slopes, points, panels, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from . import theme
from .axes import MARGIN, TICK_LABELS, EndLabels, Names, axis_title, with_halo
from .text import NARROW, NARROW_WIDTH, heading, label_lines, text_width
from .theme import TOKENS, ChartError, finish, format_number, stack, text_tones, tidy, tones

#: A marked goal: horizontal place, value and name.
Target = tuple[object, float, str]


def horizontal(values: pd.Series, title: str, x_format: str) -> tuple[alt.X, list[Any], bool]:
    """Return the horizontal encoding, the values as it draws them, and whether they are continuous."""
    axis_options: dict[str, Any] = {
        "title": heading(title, 240) if title else None,
        "grid": False,
        "domain": True,
        **TICK_LABELS,
    }
    if pd.api.types.is_datetime64_any_dtype(values):
        axis = alt.Axis(format="%Y-%m" if x_format == "auto" else x_format, tickCount=6, **axis_options)
        return alt.X("x:T", axis=axis, scale=alt.Scale(nice=False)), list(values), True
    if pd.api.types.is_numeric_dtype(values):
        ticks = sorted(set(values.tolist()))
        chosen = ticks if len(ticks) <= 8 else alt.Undefined
        # Years stand without a comma. With "d" Vega sets ticks at whole numbers alone, and rounds those it is given.
        whole = all(float(t).is_integer() for t in ticks) or (len(ticks) > 8 and ticks[-1] - ticks[0] >= 3)
        shape = x_format if x_format != "auto" else "d" if whole else "~r"
        axis = alt.Axis(format=shape, values=chosen, tickCount=6, **axis_options)
        return alt.X("x:Q", axis=axis, scale=alt.Scale(nice=False, zero=False)), list(values), True
    texts = [str(v) for v in values]
    options: dict[str, Any] = {**axis_options, "labelAngle": 0, "labelOverlap": "parity", "labelFontSize": theme.SMALL}
    axis = alt.Axis(labelExpr=label_lines(texts, 10, 5), **options)
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
    places_in_order = list(dict.fromkeys(drawn_x))
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
    last["colour"] = text_tones(last["colour"])
    numbers = [format_number(v, digits, unit) if end_values else "" for v in last["y"]]
    per_pixel = (ends[1] - ends[0]) / height
    final = last["x"] == (frame["x"].max() if continuous else places_in_order[-1])
    outside = EndLabels(
        last["series"][final].tolist(),
        [n for n, is_last in zip(numbers, final, strict=True) if is_last],
        [(ends[1] - v) / per_pixel for v in last["y"][final]],
        height,
    )
    beside = last[final].assign(**outside.columns)
    text = alt.Chart(beside).mark_text(**EndLabels.placed())
    text = text.encode(x=alt.value(alt.ExprRef("width")) if continuous else position)
    layers.append(text.encode(y=alt.Y("y:Q", axis=axis, scale=scale), color=colour))
    # A line that ends before the others is named where it ends.
    inside = last[~final].assign(
        label=[f"{s} {n}".strip() for s, n, f in zip(last["series"], numbers, final, strict=True) if not f]
    )
    if len(inside):
        base = alt.Chart(inside).encode(x=position, y=alt.Y("y:Q", axis=axis, scale=scale), text="label:N")
        layers += with_halo(base, colour, align="left", dx=9, dy=2, baseline="top", fontSize=theme.TEXT)
    layers += _targets(targets, position, axis, scale)
    # Between texts the last place stands off the end of the plot, by less on a phone.
    return finish(stack(*layers), height=height, right=MARGIN if continuous else 20, title=axis_title(title, unit))


def _targets(targets: Sequence[Target], position: alt.X, axis: alt.Axis, scale: alt.Scale) -> list[alt.Chart]:
    if not targets:
        return []
    frame = pd.DataFrame([{"x": t[0], "y": t[1], "label": t[2]} for t in targets])
    base = alt.Chart(frame).encode(x=position, y=alt.Y("y:Q", axis=axis, scale=scale))
    point = base.mark_point(shape="diamond", size=130, fill=TOKENS["paper"], stroke=TOKENS["ink"], strokeWidth=1.6, opacity=1)
    frame["reach"] = [text_width(t, theme.SMALL) for t in frame["label"]]
    base = alt.Chart(frame).encode(x=position, y=alt.Y("y:Q", axis=axis, scale=scale))
    # To the left of its mark, unless the picture ends there.
    near = "scale('x', datum.x) < datum.reach + 12"
    text = with_halo(
        base.encode(text="label:N"), alt.Color(value=TOKENS["ink"]), fontSize=theme.SMALL,
        # A rising line leaves room above it to the left and below it to the right.
        dy=alt.ExprRef(f"{near} ? 14 : -12"),
        align=alt.ExprRef(f"{near} ? 'left' : 'right'"), dx=alt.ExprRef(f"{near} ? 8 : -10"),
    )  # fmt: skip
    return [point, *text]


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
    before, after = (frame[(frame["period"] == when) & frame["value"].notna()].copy() for when in periods)
    pixels = [[(ends[1] - v) / per_pixel for v in side["value"]] for side in (before, after)]
    numbers = [[format_number(v, digits, unit) for v in side["value"]] for side in (before, after)]
    starts = EndLabels([""] * len(before), numbers[0], pixels[0], height)
    stops = EndLabels(after["category"].tolist(), numbers[1], pixels[1], height)
    left = round(18 + max((text_width(t, theme.TEXT) for t in numbers[0]), default=40))
    x_axis = alt.Axis(title=None, orient="top", labelAngle=0, domain=False, labelFontSize=theme.TEXT, labelPadding=12)
    x = alt.X("period:O", sort=periods, axis=x_axis, scale=alt.Scale(type="point", padding=0, range=[left, alt.ExprRef("width")]))
    y = alt.Y("value:Q", axis=None, scale=scale)
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(frame).encode(x=x, y=y, color=colour)
    layers = [base.mark_line().encode(detail="category:N"), base.mark_point(size=90, opacity=1).encode(tooltip="tip:N")]
    for side, labels, turned in ((before, starts, {"align": "right", "dx": -12}), (after, stops, {"dx": 12})):
        side["colour"] = text_tones(side["colour"])
        text = alt.Chart(side.assign(**labels.columns)).mark_text(**{**EndLabels.placed(), **turned})
        layers.append(text.encode(x=x, y=y, color=colour))
    return finish(stack(*layers), height=height, right=MARGIN, title=axis_title(title, unit))


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
    axis_x = alt.Axis(title=heading(axis_title(x_title, x_unit), 240), grid=True, tickCount=5, domain=True, **TICK_LABELS)
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
    for field, width in (("wide", theme.BASE_WIDTH - 60), ("narrow", NARROW_WIDTH - 44)):
        across_pixels = [(v - ends_x[0]) / (ends_x[1] - ends_x[0]) * width for v in frame["x"]]
        up_pixels = [(ends_y[1] - v) / (ends_y[1] - ends_y[0]) * height for v in frame["y"]]
        first = [i for i, c in enumerate(frame["colour"]) if c != TOKENS["grey"]]
        reach = [text_width(t, theme.SMALL) for t in frame["label"]]
        frame[field] = place_labels(across_pixels, up_pixels, reach, width, height, first)
    base = alt.Chart(frame).encode(x=across, y=up)
    side = f"({NARROW} ? datum.narrow : datum.wide)"
    placed: dict[str, Any] = {
        "fontSize": theme.SMALL,
        "align": alt.ExprRef(f"{side} === 'right' ? 'left' : {side} === 'left' ? 'right' : 'center'"),
        "dx": alt.ExprRef(f"{side} === 'right' ? 10 : {side} === 'left' ? -10 : 0"),
        "dy": alt.ExprRef(f"{side} === 'above' ? -14 : {side} === 'below' ? 15 : 0"),
        "text": alt.ExprRef(f"{side} === '' ? '' : datum.label"),
    }
    text = with_halo(base, alt.Color("text_colour:N", scale=None), **placed)
    return finish(stack(*layers, *text), height=height, right=14, title=axis_title(y_title, y_unit))


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
