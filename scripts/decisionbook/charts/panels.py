"""Small multiples and the dated list of events."""

from __future__ import annotations

import re
from collections.abc import Sequence

import altair as alt
import pandas as pd

from . import theme
from .axes import Names, axis_title
from .series import show_place
from .text import NARROW, add_lines, heading
from .theme import BASE_WIDTH, TOKENS, ChartError, finish, format_number, stack, tidy, width_param

#: Shape and colour of the levels of a timeline, in order.
LEVEL_MARKS = (("square", "ink", "■"), ("circle", "accent", "●"), ("triangle-up", "second", "▲"), ("diamond", "grey", "◆"))
_DATE = re.compile(r"(\d{4})(?:-(?:(\d{2})(?:-(\d{2}))?|S([12])|Q([1-4])))?")


def date_key(text: str) -> tuple[int, int, int]:
    """Return a sortable key of an SDMX date (year, half, quarter, month or day); a span counts from its start."""
    found = _DATE.match(text)
    if not found:
        raise ChartError(f"cannot read the date {text!r}; expected YYYY, YYYY-MM, YYYY-MM-DD, YYYY-S1 or YYYY-Q1")
    year, month, day, half, quarter = found.groups()
    start = int(month or 0) or (6 * int(half) - 5 if half else 3 * int(quarter) - 2 if quarter else 0)
    return int(year), start, int(day or 0)


def timeline(
    data: pd.DataFrame,
    *,
    date: str,
    event: str,
    level: str,
    levels: Sequence[str] | None = None,
    highlight: Names = (),
) -> alt.LayerChart:
    """Return events down a line by date, each marked by shape and colour for its level.

    Dates are SDMX texts and are printed as given, but for halves of years, whose codes nobody reads; events of one date
    keep the order of the frame.
    ``levels`` fixes the order of the at most four marks; ``highlight`` names events set in the accent colour.
    """
    frame = tidy(data, {"date": date, "event": event, "level": level})
    for column in frame:
        frame[column] = frame[column].astype(str)
    known = list(levels) if levels else list(dict.fromkeys(frame["level"]))
    unknown = sorted(set(frame["level"]) - set(known))
    if unknown or len(known) > len(LEVEL_MARKS):
        raise ChartError(f"a timeline has at most four levels; not among {known}: {unknown}")
    frame["order"] = [date_key(t) for t in frame["date"]]
    frame = frame.sort_values("order", kind="stable").drop(columns="order").reset_index(drop=True)
    chosen = theme.as_names(highlight)
    frame["colour"] = [TOKENS[LEVEL_MARKS[known.index(v)][1]] for v in frame["level"]]
    frame["shape"] = [LEVEL_MARKS[known.index(v)][0] for v in frame["level"]]
    frame["text_colour"] = [TOKENS["accent"] if e in chosen else TOKENS["ink"] for e in frame["event"]]
    words = add_lines(frame, "event", 38, 15)
    totals = {}
    for width in ("wide", "narrow"):
        heights = [17 * (text.count("\n") + 1) + 13 for text in frame[f"event_{width}"]]
        totals[width] = sum(heights)
        frame[width] = [(sum(heights[:i]) + 15) / sum(heights) for i in range(len(heights))]
    frame["date"] = [_half_in_words(t) for t in frame["date"].mask(frame["date"] == frame["date"].shift(), "")]
    line, text_at = 92, 110
    # Shares of the height, because the rows of a phone stand elsewhere than those of the page.
    down = alt.Y("at:Q", axis=None, scale=alt.Scale(domain=[0, 1], reverse=True, nice=False))
    base = alt.Chart(frame.drop(columns="event")).transform_calculate(at=f"{NARROW} ? datum.narrow : datum.wide").encode(y=down)
    colour = alt.Color("text_colour:N", scale=None)
    spine = alt.Chart(pd.DataFrame({"at": [0], "end": [1]})).mark_rule(color=TOKENS["line"], strokeWidth=2)
    mark = base.mark_point(size=90, opacity=1).encode(
        x=alt.value(line), color=alt.Color("colour:N", scale=None), shape=alt.Shape("shape:N", scale=None)
    )
    when = base.mark_text(align="right", fontSize=theme.SMALL, color=TOKENS["soft"])
    what = base.mark_text(align="left", fontSize=theme.TEXT, lineHeight=17, baseline="line-top", dy=-9, text=alt.ExprRef(words))
    layers = [
        spine.encode(x=alt.value(line), y=down, y2="end:Q"),
        mark,
        when.encode(x=alt.value(line - 14), text="date:N"),
        what.encode(x=alt.value(text_at), color=colour),
    ]
    key = "　".join(f"{LEVEL_MARKS[i][2]} {name}" for i, name in enumerate(known))
    return finish(stack(*layers), height=(totals["wide"], totals["narrow"]), title=key)


def _half_in_words(date: str) -> str:
    return re.sub(r"^(\d{4})-S([12])$", lambda m: f"{m[1]} {'上' if m[2] == '1' else '下'}半年", date)


def small_multiples(
    data: pd.DataFrame,
    *,
    facet: str,
    x: str,
    y: str,
    title: str,
    x_title: str = "",
    unit: str = "",
    columns: int = 4,
    highlight: Names = None,
    zero: bool = True,
    panel_height: int = 110,
) -> alt.FacetChart:
    """Return one small panel a facet with its own line in front of all the others in grey.

    All panels share both axes. On a phone they stand in two columns.
    """
    frame = tidy(data, {"facet": facet, "x": x, "y": y})
    frame["facet"] = frame["facet"].astype(str)
    names = list(dict.fromkeys(frame["facet"]))
    chosen = theme.as_names(highlight)
    frame["colour"] = [TOKENS["accent"] if n in chosen else TOKENS["second"] for n in frame["facet"]]
    frame["tip"] = [
        f"{n}，{show_place(p)}：{format_number(v, None, unit)}"
        for n, p, v in zip(frame["facet"], frame["x"], frame["y"], strict=True)
    ]
    numeric = pd.api.types.is_numeric_dtype(frame["x"])
    if not numeric:
        frame["x"] = frame["x"].astype(str)
    places = list(dict.fromkeys(frame["x"]))
    ends = theme.nice_domain(frame["y"], zero=zero)
    shown = [min(places), max(places)] if numeric else [places[0], places[-1]]
    axis_x = alt.Axis(
        title=None, values=shown, format="d" if numeric else alt.Undefined, labelAngle=0, labelFlush=True, domain=True
    )
    position = alt.X(
        "x:Q" if numeric else "x:O", sort=alt.Undefined if numeric else places, axis=axis_x,
        scale=alt.Scale(nice=False, zero=False) if numeric else alt.Scale(padding=0.1),
    )  # fmt: skip
    up = alt.Y("y:Q", axis=alt.Axis(title=None, tickCount=3, grid=True), scale=alt.Scale(domain=list(ends), nice=False))
    ghosts = frame[["facet", "x", "y"]].rename(columns={"facet": "other"})
    behind = alt.Chart(ghosts).mark_line(color=TOKENS["grey"], strokeWidth=1, opacity=0.35)
    front = alt.Chart().encode(color=alt.Color("colour:N", scale=None))
    panel = alt.layer(
        behind.encode(x=position, y=up, detail="other:N"),
        front.mark_line(strokeWidth=2.5).encode(x=position, y=up),
        front.mark_point(size=36, opacity=1).encode(x=position, y=up, tooltip="tip:N"),
    )
    gap, inset = 18, 58
    columns = min(columns, len(names))
    width = (BASE_WIDTH - inset - gap * (columns - 1)) // columns
    chart = panel.properties(width=width, height=panel_height, data=frame).facet(
        facet=alt.Facet("facet:N", sort=names, header=alt.Header(title=None)), columns=columns, spacing=gap
    )
    # Each panel its own horizontal axis: a shared one stands far below the last panels of a short row.
    chart = chart.resolve_axis(x="independent")
    layout = {"kind": "facet", "columns": columns, "narrow_columns": min(2, columns), "gap": gap, "inset": inset}
    words = "，".join(t for t in (axis_title(title, unit), f"横轴为{x_title}" if x_title else "") if t)
    return chart.add_params(width_param()).properties(title=heading(words), usermeta={"decisionbook": {"layout": layout}})
