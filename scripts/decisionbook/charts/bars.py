"""Charts that compare named things on one scale: dots, intervals, pairs, ranges and steps to a total.

Every builder takes a tidy frame and the names of its columns, one row a mark, in the order given, and
returns a layered Altair chart with direct labels. ``title`` names the value axis; its unit goes in brackets.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from . import theme
from .axes import (
    MARGIN,
    Names,
    Reference,
    axis_title,
    category_axis,
    label_margin,
    labels_for,
    reference_layers,
    row_heights,
    unique_names,
    value_axis,
    with_halo,
)
from .text import text_width
from .theme import TOKENS, finish, format_number, stack, text_tones, tidy, tones


def dot_plot(
    data: pd.DataFrame,
    *,
    category: str,
    value: str,
    title: str,
    unit: str = "",
    highlight: Names = None,
    reference: Reference | None = None,
    digits: int | None = None,
    label: str | None = None,
    descending: bool = False,
    domain: tuple[float, float] | None = None,
) -> alt.LayerChart:
    """Return a dot on a stem for each category, its value beside it, and an optional reference line.

    ``reference=(8.22, "全国")`` draws a dashed line; a value label that would cross it moves behind it.
    ``highlight`` names the categories in the accent colour (default: the home region). Rows without a
    value keep their place and show a dash. ``descending`` sorts by value, else the frame's order stands.
    """
    frame = tidy(data, {"category": category, "value": value, "given": label})
    if descending:
        frame = frame.sort_values("value", ascending=False, kind="stable", na_position="last")
    names = unique_names(frame)
    frame["label"] = labels_for(frame["value"], frame.get("given"), digits, unit)
    frame["colour"] = tones(names, highlight)
    frame["text_colour"] = text_tones(frame["colour"])
    frame["reach"] = [text_width(t, theme.VALUE) for t in frame["label"]]
    frame["at"] = frame["value"].fillna(0.0)
    frame["zero"] = 0.0
    extra = [reference[0]] if reference else []
    ends = domain or theme.exact_domain([*frame["value"], *extra])
    frame["tip"] = [f"{n}：{t}" for n, t in zip(names, frame["label"], strict=True)]
    base = alt.Chart(frame.drop(columns="given", errors="ignore")).encode(y=category_axis(names))
    x = value_axis("at", axis_title(title, unit), ends, unit=unit, names=names)
    drawn = base.transform_filter("isValid(datum.value)")
    stem = drawn.mark_rule(strokeWidth=2.5).encode(x=x, x2="zero:Q", color=alt.Color("colour:N", scale=None))
    dot = drawn.mark_point(size=150, opacity=1).encode(x=x, color=alt.Color("colour:N", scale=None), tooltip="tip:N")
    at = "scale('x', datum.at)"
    shift = "12"
    if reference:
        line = f"scale('x', {float(reference[0])!r})"
        crosses = f"{line} > {at} + 2 && {line} < {at} + 18 + datum.reach"
        shift = f"({crosses} ? {line} - {at} + 8 : 12)"
    negative = "datum.at < 0"
    text = base.mark_text(
        fontSize=theme.VALUE,
        align=alt.ExprRef(f"{negative} ? 'right' : 'left'"),
        dx=alt.ExprRef(f"{negative} ? -12 : {shift}"),
    ).encode(x=x, text="label:N", color=alt.Color("text_colour:N", scale=None))
    beside = [12 + reach for reach in frame["reach"]]
    shares = [(v - ends[0]) / (ends[1] - ends[0]) for v in frame["at"]]
    if reference:
        # A label that would cross the line stands behind it.
        at_line = (reference[0] - ends[0]) / (ends[1] - ends[0])
        beside += [8 + r for r, share in zip(frame["reach"], shares, strict=True) if share < at_line]
        shares += [at_line] * (len(beside) - len(shares))
    layers = [stem, *reference_layers(reference, digits, unit, MARGIN), dot, text]
    room = label_margin(shares, beside, names)
    return finish(stack(*layers), height=row_heights(names), right=room, top=24 if reference else 4)


def interval_plot(
    data: pd.DataFrame,
    *,
    category: str,
    low: str,
    high: str,
    title: str,
    value: str | None = None,
    unit: str = "",
    highlight: Names = None,
    reference: Reference | None = None,
    digits: int | None = None,
    label: str | None = None,
    domain: tuple[float, float] | None = None,
    zero: bool = False,
) -> alt.LayerChart:
    """Return a bar from ``low`` to ``high`` for each category, with an optional central point.

    A missing ``low`` or ``high`` is an open end (a one-sided bound such as 超 or 不足), drawn as an arrow to
    the edge. The label above the bar prints the value and its bounds unless ``label`` names a column.
    """
    frame = tidy(data, {"category": category, "low": low, "high": high, "value": value, "given": label})
    names = unique_names(frame)
    if "value" not in frame:
        frame["value"] = np.nan
    known = pd.concat([frame["low"], frame["high"], frame["value"]]).dropna().tolist()
    ends = domain or theme.nice_domain([*known, *([reference[0]] if reference else [])], zero=zero, room=0.06)
    frame["start"] = frame["low"].fillna(ends[0])
    frame["end"] = frame["high"].fillna(ends[1])
    frame["middle"] = frame["value"].fillna((frame["start"] + frame["end"]) / 2)
    frame["open_low"], frame["open_high"] = frame["low"].isna(), frame["high"].isna()
    if "given" in frame:
        frame["label"] = frame["given"].astype(str)
    else:
        frame["label"] = [
            interval_label(value, low, high, digits, unit)
            for value, low, high in zip(frame["value"], frame["low"], frame["high"], strict=True)
        ]
    frame["colour"] = tones(names, highlight)
    frame["text_colour"] = text_tones(frame["colour"])
    colour = alt.Color("colour:N", scale=None)
    x = value_axis("start", axis_title(title, unit), ends, inset=8, unit=unit, names=names)
    frame["tip"] = [f"{n}：{t}" for n, t in zip(names, frame["label"], strict=True)]
    frame["reach"] = [text_width(t, theme.TEXT) for t in frame["label"]]
    base = alt.Chart(frame.drop(columns="given", errors="ignore")).encode(y=category_axis(names))
    bar = base.mark_rule(strokeWidth=7, opacity=0.45, yOffset=9).encode(x=x, x2="end:Q", color=colour, tooltip="tip:N")
    arrows = [
        base.transform_filter(f"datum.open_{side}")
        .mark_point(shape=shape, size=130, opacity=1, yOffset=9)
        .encode(x=alt.X(f"{field}:Q"), color=colour)
        for side, field, shape in (("low", "start", "triangle-left"), ("high", "end", "triangle-right"))
    ]
    dot = (
        base.transform_filter("isValid(datum.value)")
        .mark_point(size=110, opacity=1, yOffset=9)
        .encode(x=alt.X("value:Q"), color=colour)
    )
    at = "scale('x', datum.middle)"
    # Centred over its bar, but never beyond the plot: the width of the text is known well enough.
    left = f"clamp({at} - datum.reach / 2, 0, max(0, width - datum.reach))"
    if reference:
        left = beside_line(left, at, f"scale('x', {float(reference[0])!r})")
    placed: dict[str, Any] = {
        "dy": -11, "fontSize": theme.TEXT, "align": "left", "dx": alt.ExprRef(f"{left} - {at}")
    }  # fmt: skip
    words = base.encode(x=alt.X("middle:Q"), text="label:N")
    # Where there is room on neither side of the line, the label interrupts it.
    text = with_halo(words, alt.Color("text_colour:N", scale=None), 10 if reference else 4, **placed)
    layers = [*reference_layers(reference, digits, unit, 14), bar, *arrows, dot, *text]
    return finish(stack(*layers), height=row_heights(names, 50), right=14, top=24 if reference else 4)


def beside_line(left: str, at: str, line: str) -> str:
    """Return the Vega expression of where a label begins that would cross a vertical line: beside it, on its mark's side.

    Where it would stand out of the plot there it goes to the other side, and stays where it is without room on either.
    """
    crosses = f"{line} > {left} - 5 && {line} < {left} + datum.reach + 5"
    after, before = f"{line} + 6 + datum.reach <= width + {MARGIN}", f"{line} - 6 - datum.reach >= 0"
    right, other = f"{line} + 6", f"{line} - 6 - datum.reach"
    chosen = f"({at} >= {line} ? ({after} ? {right} : {before} ? {other} : {left})"
    return f"({crosses} ? {chosen} : ({before} ? {other} : {after} ? {right} : {left})) : {left})"


def interval_label(value: float, low: float, high: float, digits: int | None, unit: str) -> str:
    """Return ``3.45%（3.42%—3.48%）``; an open end reads ``≥`` or ``<`` the bound, an exact value stands alone.

    Bounds closer together than a few units of the last digit get one digit more, or 8.22 would read 8.22—8.23. The value
    then gets it too, or 45.225 would read 45.2 beside 45.21—45.24; only a value that ends at ``digits``, as printed ones
    do, gains none.
    """
    first = "" if np.isnan(value) else format_number(value, digits, unit)
    if np.isnan(low) and np.isnan(high):
        return first or "无界"
    if np.isnan(high):
        bounds = f"≥{format_number(low, digits, unit)}"
    elif np.isnan(low):
        bounds = f"<{format_number(high, digits, unit)}"
    elif low == high:
        return first or format_number(low, digits, unit)
    else:
        finer = digits
        if digits is not None and high - low < 3 * 10.0**-digits:
            finer = digits + 1
        ends = [format_number(bound, finer, unit) for bound in (low, high)]
        if ends[0] == ends[1]:
            return first or ends[0]
        if first and digits is not None and not np.isclose(value, round(value, digits), rtol=0, atol=1e-9):
            first = format_number(value, finer, unit)
        bounds = "—".join(ends)
    return f"{first}（{bounds}）" if first else bounds


def dumbbell(
    data: pd.DataFrame,
    *,
    category: str,
    start: str,
    end: str,
    title: str,
    start_label: str,
    end_label: str,
    unit: str = "",
    highlight: Names = None,
    digits: int | None = None,
    domain: tuple[float, float] | None = None,
    zero: bool = False,
) -> alt.LayerChart:
    """Return two dots joined by a line for each category: a hollow one (``start``) and a full one (``end``).

    ``start_label`` and ``end_label`` say what they are, e.g. ``2021年`` and ``2025年目标``.
    """
    heads = (start_label, end_label)
    return _pair(data, category, start, end, title, unit, highlight, digits, domain, zero, heads=heads, dots=True)


def range_bar(
    data: pd.DataFrame,
    *,
    category: str,
    start: str,
    end: str,
    title: str,
    unit: str = "",
    highlight: Names = None,
    digits: int | None = None,
    domain: tuple[float, float] | None = None,
    zero: bool = False,
) -> alt.LayerChart:
    """Return a bar from ``start`` to ``end`` for each category, both ends labelled (scenarios, spans)."""
    return _pair(data, category, start, end, title, unit, highlight, digits, domain, zero, heads=None, dots=False)


def _pair(
    data: pd.DataFrame,
    category: str,
    start: str,
    end: str,
    title: str,
    unit: str,
    highlight: Names,
    digits: int | None,
    domain: tuple[float, float] | None,
    zero: bool,
    *,
    heads: tuple[str, str] | None,
    dots: bool,
) -> alt.LayerChart:
    frame = tidy(data, {"category": category, "start": start, "end": end})
    names = unique_names(frame)
    frame["colour"] = tones(names, highlight)
    frame["text_colour"] = text_tones(frame["colour"])
    for side in ("start", "end"):
        frame[f"{side}_text"] = [format_number(v, digits, unit) for v in frame[side]]
    ends = domain or theme.nice_domain([*frame["start"], *frame["end"]], zero=zero)
    texts = [*frame["start_text"], *frame["end_text"]]
    words = heads or ("", "")
    frame["tip"] = [
        f"{n}：{words[0]}{a} — {words[1]}{b}" for n, a, b in zip(names, frame["start_text"], frame["end_text"], strict=True)
    ]
    inset = max(text_width(t, theme.TEXT) for t in texts) + 16
    base = alt.Chart(frame).encode(y=category_axis(names))
    x = value_axis("start", axis_title(title, unit), ends, inset=round(inset), unit=unit, names=names)
    colour = alt.Color("colour:N", scale=None)
    bar = base.mark_rule(strokeWidth=3 if dots else 12, opacity=0.5 if dots else 0.6)
    layers: list[alt.Chart] = [bar.encode(x=x, x2="end:Q", color=colour, tooltip="tip:N")]
    if dots:
        hollow = base.mark_point(size=120, filled=True, fill=TOKENS["paper"], strokeWidth=2, opacity=1)
        layers.append(hollow.encode(x=x, stroke=colour, tooltip="tip:N"))
        layers.append(base.mark_point(size=130, opacity=1).encode(x=alt.X("end:Q"), color=colour, tooltip="tip:N"))
    else:
        # Caps, so that a span of no length is still seen.
        caps = base.mark_tick(thickness=2.5, size=18, orient="vertical", opacity=1).encode(color=colour)
        layers += [caps.encode(x=alt.X(f"{side}:Q")) for side in ("start", "end")]
    other = {"start": "end", "end": "start"}
    for side in ("start", "end"):
        left = f"datum.{side} < datum.{other[side]} || (datum.start === datum.end && '{side}' === 'start')"
        text = base.mark_text(
            fontSize=theme.TEXT,
            align=alt.ExprRef(f"{left} ? 'right' : 'left'"),
            dx=alt.ExprRef(f"{left} ? -11 : 11"),
        )
        text_colour = alt.Color("text_colour:N", scale=None)
        layers.append(text.encode(x=alt.X(f"{side}:Q"), text=f"{side}_text:N", color=text_colour))
    return finish(stack(*layers), height=row_heights(names), title=f"○ {heads[0]}　● {heads[1]}" if heads else None)


def waterfall(
    data: pd.DataFrame,
    *,
    category: str,
    value: str,
    title: str,
    total: str | None = None,
    unit: str = "",
    highlight: Names = (),
    digits: int | None = None,
) -> alt.LayerChart:
    """Return steps that add up: each row a change, rows where column ``total`` is true a level reached so far.

    The first row starts at zero. A total whose value differs from the sum of the steps is drawn as given,
    and the gap is left to be seen. Rises are drawn in the second colour, falls in the accent colour.
    """
    frame = tidy(data, {"category": category, "value": value, "total": total})
    names = unique_names(frame)
    frame["total"] = frame["total"].astype(bool) if "total" in frame else False
    level, starts, ends = 0.0, [], []
    for amount, is_total in zip(frame["value"].astype(float), frame["total"], strict=True):
        starts.append(0.0 if is_total else level)
        level = amount if is_total else level + amount
        ends.append(level)
    frame["start"], frame["end"] = starts, ends
    frame["next"] = [*names[1:], names[-1]]
    chosen = theme.as_names(highlight)
    frame["colour"] = [
        TOKENS["accent"] if n in chosen or (not t and v < 0) else TOKENS["grey"] if t else TOKENS["second"]
        for n, t, v in zip(names, frame["total"], frame["value"], strict=True)
    ]
    frame["text_colour"] = text_tones(frame["colour"])
    frame["label"] = [
        format_number(v, digits, unit) if t or v < 0 else f"+{format_number(v, digits, unit)}"
        for t, v in zip(frame["total"], frame["value"], strict=True)
    ]
    frame["top"] = frame[["start", "end"]].max(axis=1)
    frame["tip"] = [f"{n}：{t}" for n, t in zip(names, frame["label"], strict=True)]
    scale = theme.nice_domain([*starts, *ends])
    base = alt.Chart(frame).encode(y=category_axis(names))
    x = value_axis("start", axis_title(title, unit), scale, unit=unit, names=names)
    bar = base.mark_bar(height=alt.RelativeBandSize(0.56), opacity=0.85).encode(
        x=x, x2="end:Q", color=alt.Color("colour:N", scale=None), tooltip="tip:N"
    )
    joint = base.mark_rule(color=TOKENS["grey"], strokeWidth=1).encode(x=alt.X("end:Q"), y2="next:N")
    text = base.mark_text(align="left", dx=8, fontSize=theme.VALUE).encode(
        x=alt.X("top:Q"), text="label:N", color=alt.Color("text_colour:N", scale=None)
    )
    shares = [(v - scale[0]) / (scale[1] - scale[0]) for v in frame["top"]]
    room = label_margin(shares, [8 + text_width(t, theme.VALUE) for t in frame["label"]], names)
    return finish(stack(joint, bar, text), height=row_heights(names), right=room)
