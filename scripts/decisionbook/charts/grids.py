"""Charts on a grid: state matrices, tiles in the place of areas, stages of a chain. No colour stands alone."""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Sequence

import altair as alt
import pandas as pd

from . import theme
from .axes import Names, axis_title, name_axis
from .places import LAYOUTS, place_code
from .states import PRESENCE, State, resolve
from .text import NARROW, NARROW_WIDTH, WIDE_WIDTH, add_lines, most_lines, text_width, widest
from .theme import TOKENS, ChartError, finish, format_number, stack, tidy

#: Fill strengths of the classes of a value, from low to high; a strength above a half would swallow its text.
STRENGTHS = {2: (0.16, 1.0), 3: (0.14, 0.4, 1.0), 4: (0.12, 0.28, 0.48, 1.0), 5: (0.08, 0.2, 0.34, 0.5, 1.0)}


#: Ems of a row's name in one line, on the page and on a phone; and the size of text in cells.
ROW_EMS = (12, 6)
CELL_LINE = 15
CELL_SIZE = alt.ExprRef(f"{NARROW} ? {theme.SMALL} : {theme.TEXT}")


def legend_text(states: Sequence[State]) -> str:
    """Return the key of a discrete scale as one line of text, read before the grid."""
    return "　".join(f"{s.glyph} {s.label}" for s in states)


def cell_layers(base: alt.Chart, *, corner: int = 2) -> alt.Chart:
    """Return the rectangles of a grid; the frame carries ``fill``, ``strength``, ``edge`` and ``tip``."""
    return base.mark_rect(cornerRadius=corner, strokeWidth=1).encode(
        fill=alt.Fill("fill:N", scale=None),
        fillOpacity=alt.FillOpacity("strength:Q", scale=None),
        stroke=alt.Stroke("edge:N", scale=None),
        tooltip="tip:N",
    )


def dress(frame: pd.DataFrame, found: Sequence[State]) -> None:
    """Add to a frame the fill, strength, outline, text colour, glyph and label of each row's state."""
    frame["fill"] = [s.fill for s in found]
    frame["strength"] = [s.strength for s in found]
    frame["edge"] = [TOKENS["line"] if s.tone == "none" else s.fill for s in found]
    frame["text_colour"] = [s.text for s in found]
    frame["glyph"] = [s.glyph for s in found]
    frame["state_label"] = [s.label for s in found]


def heatmap(
    data: pd.DataFrame,
    *,
    row: str,
    column: str,
    state: str,
    states: Sequence[State] = PRESENCE,
    text: str | None = None,
    row_title: str = "",
    column_title: str = "",
    cell_height: int = 40,
) -> alt.LayerChart:
    """Return a matrix of discrete states, each cell with its glyph and its word (on a phone the glyph alone).

    ``text`` names a column of short cell texts shown instead of the state's word. Pairs without a row in
    the frame stay empty. Raises :class:`ChartError` for a state that is not on the scale.
    """
    frame = tidy(data, {"row": row, "column": column, "state": state, "text": text})
    frame["row"], frame["column"] = frame["row"].astype(str), frame["column"].astype(str)
    if frame.duplicated(["row", "column"]).any():
        pair = frame[frame.duplicated(["row", "column"])].iloc[0]
        raise ChartError(f"the matrix has two values for {pair['row']} × {pair['column']}")
    found = resolve(frame["state"], states)
    dress(frame, found)
    own = frame["text"].fillna("").astype(str).tolist() if "text" in frame else None
    words = own or [s.label for s in found]
    rows, columns = list(dict.fromkeys(frame["row"])), list(dict.fromkeys(frame["column"]))
    frame["tip"] = [f"{a} × {b}：{s.glyph} {w}" for a, b, s, w in zip(frame["row"], frame["column"], found, words, strict=True)]
    spans = {
        name: (width - 24 - widest(rows, limit, theme.TEXT)) / len(columns)
        for name, width, limit in (("wide", WIDE_WIDTH, ROW_EMS[0]), ("narrow", NARROW_WIDTH, ROW_EMS[1]))
    }
    for name, span in spans.items():
        frame[f"cell_{name}"] = cell_texts(found, words, own is not None, span)
    axis = name_axis(rows, *ROW_EMS)
    x = alt.X("column:N", sort=columns, axis=None, scale=alt.Scale(paddingInner=0.04, paddingOuter=0))
    y = alt.Y("row:N", sort=rows, axis=axis, scale=alt.Scale(paddingInner=0.08, paddingOuter=0))
    base = alt.Chart(frame.drop(columns=["state", "text", "glyph", "state_label"], errors="ignore")).encode(x=x, y=y)
    shown = f"{NARROW} ? datum.cell_narrow : datum.cell_wide"
    inside = base.mark_text(fontSize=CELL_SIZE, text=alt.ExprRef(shown))
    if any("\n" in text for name in spans for text in frame[f"cell_{name}"]):
        lines = f"split({shown}, '\\n')"
        # The block of glyph and words is centred on its cell.
        raised = alt.ExprRef(f"-{CELL_LINE / 2:g} * (length({lines}) - 1)")
        inside = base.mark_text(fontSize=CELL_SIZE, lineHeight=CELL_LINE, text=alt.ExprRef(lines), dy=raised)
    used = [s for s in states if s in found]
    corner = " × ".join(t for t in (row_title, column_title) if t)
    title = "　　".join(t for t in (corner, legend_text(used)) if t)
    wide, narrow = (
        max(cell_height, most_lines(rows, limit) * 16 + 12, CELL_LINE * max(t.count("\n") + 1 for t in frame[f"cell_{name}"]) + 6)
        * len(rows)
        for name, limit in zip(("wide", "narrow"), ROW_EMS, strict=True)
    )
    layers = [cell_layers(base), inside.encode(color=alt.Color("text_colour:N", scale=None)), *column_heads(columns, x, spans)]
    return finish(stack(*layers), height=(wide, narrow), title=title)


def cell_texts(found: Sequence[State], words: Sequence[str], own: bool, span: float) -> list[str]:
    """Return what cells ``span`` pixels wide show: glyph and words in one line, in two, or the glyph alone.

    Words of its own never stand without the glyph, and stand below it in every cell of a matrix that has no room beside it
    in one: colour alone says nothing, and two ways of writing look like two meanings.
    """
    whole = [f"{s.glyph} {w}".strip() for s, w in zip(found, words, strict=True)]
    beside = [text_width(text, theme.TEXT) <= span - 6 for text in whole]
    if not own:
        return [text if fits else s.glyph for text, fits, s in zip(whole, beside, found, strict=True)]
    below = [bool(w) and text_width(w, theme.SMALL) <= span - 2 for w in words]
    if all(fits or not b for fits, b in zip(beside, below, strict=True)):
        return [text if fits else s.glyph for text, fits, s in zip(whole, beside, found, strict=True)]
    return [f"{s.glyph}\n{w}".strip() if b else s.glyph for s, w, b in zip(found, words, below, strict=True)]


def column_heads(columns: Sequence[str], x: alt.X, spans: dict[str, float]) -> list[alt.Chart]:
    """Return the names above columns of the given widths in pixels, with the same height at any width.

    Not an axis: its labels grow downwards into the cells when they wrap, and its height would depend on the
    width, so that the page would jump when the chart is laid out for a phone.
    """
    frame = pd.DataFrame({"column": list(columns), "head": list(columns)})
    sizes = {"wide": theme.TEXT, "narrow": 11}
    limits = {name: max(1.0, (spans[name] - 2) / size) for name, size in sizes.items()}
    lines = add_lines(frame, "head", limits["wide"], limits["narrow"])
    text = alt.Chart(frame.drop(columns="head")).mark_text(
        fontSize=alt.ExprRef(f"{NARROW} ? {sizes['narrow']} : {sizes['wide']}"), lineHeight=15, baseline="bottom",
        color=TOKENS["ink"], text=alt.ExprRef(lines), dy=alt.ExprRef(f"-15 * (length({lines}) - 1)"),
    )  # fmt: skip
    room = 15 * max(most_lines(columns, limit) for limit in limits.values()) + 9
    # An invisible line as high as the names at either width: the title stands on what is drawn below it.
    spacer = alt.Chart(pd.DataFrame({"one": [1]})).mark_rule(opacity=0)
    return [spacer.encode(x=alt.value(0), y=alt.value(-room), y2=alt.value(0)), text.encode(x=x, y=alt.value(-6))]


def value_classes(values: Sequence[float], bounds: Sequence[float] | None) -> list[float]:
    """Return the inner bounds of the classes: those given, else the quartiles of the values."""
    if bounds is not None:
        if list(bounds) != sorted(set(bounds)) or not 1 <= len(bounds) <= 4:
            raise ChartError(f"class bounds must be one to four rising numbers, found {list(bounds)}")
        return list(bounds)
    known = pd.Series([v for v in values if v is not None and math.isfinite(v)], dtype=float)
    if known.empty:
        raise ChartError("no finite value to draw")
    return sorted({float(known.quantile(q, interpolation="nearest")) for q in (0.25, 0.5, 0.75)})


def tile_grid(
    data: pd.DataFrame,
    *,
    area: str,
    value: str | None = None,
    state: str | None = None,
    title: str = "",
    unit: str = "",
    digits: int | None = None,
    layout: str = "provinces",
    bounds: Sequence[float] | None = None,
    states: Sequence[State] = PRESENCE,
    highlight: Names = None,
) -> alt.LayerChart:
    """Return one equal tile for each area, placed about where it lies, with its value or state in it.

    ``layout`` is ``provinces`` (34 areas) or ``guangxi`` (14 prefectures); areas are names or GB/T 2260
    codes, and those not in the frame are drawn empty. ``bounds`` splits values into classes, lower bound
    included; by default quartiles. Give ``value`` or ``state``, not both.
    """
    if (value is None) == (state is None):
        raise ChartError("tile_grid takes either value= or state=")
    frame = tidy(data, {"area": area, "value": value, "state": state})
    frame["code"] = [place_code(a, layout) for a in frame["area"]]
    if frame["code"].duplicated().any():
        raise ChartError(f"area {frame[frame['code'].duplicated()]['area'].iloc[0]} stands twice")
    places = pd.DataFrame(
        [{"code": c, "name": p[0], "short": p[1], "column": p[2], "row": p[3]} for c, p in LAYOUTS[layout].items()]
    )
    tiles = places.merge(frame.drop(columns="area"), on="code", how="left")
    if state is not None:
        empty = State("", "无数据", "", "none", 0.0)
        found = [empty if pd.isna(s) else resolve([s], states)[0] for s in tiles["state"]]
        dress(tiles, found)
        tiles["label"] = [s.glyph for s in found]
        key = legend_text([s for s in states if s in found])
    else:
        cuts = value_classes(tiles["value"].tolist(), bounds)
        shades = STRENGTHS[len(cuts) + 1]
        classes = [None if pd.isna(v) else bisect.bisect_right(cuts, v) for v in tiles["value"]]
        found = [State("", "无数据", "—", "none", 0.0) if c is None else State("", "", "", "second", shades[c]) for c in classes]
        dress(tiles, found)
        tiles["label"] = [format_number(None if pd.isna(v) else v, digits, unit) for v in tiles["value"]]
        key = "由浅到深以 " + "、".join(format_number(c, digits, unit) for c in cuts) + " 为界"
    words = [s.label if state is not None or s.glyph else v for s, v in zip(found, tiles["label"], strict=True)]
    tiles["tip"] = [f"{n}：{w}" for n, w in zip(tiles["name"], words, strict=True)]
    chosen = theme.as_names(highlight)
    home = tiles[[n in chosen or c in chosen for n, c in zip(tiles["name"], tiles["code"], strict=True)]]
    columns = list(range(int(tiles["column"].min()), int(tiles["column"].max()) + 1))
    rows = list(range(int(tiles["row"].max()) + 1))
    x = alt.X("column:O", axis=None, scale=alt.Scale(domain=columns, paddingInner=0.05, paddingOuter=0.02))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(domain=rows, paddingInner=0.07, paddingOuter=0.02))
    plain = tiles.drop(columns=["value", "state", "state_label", "glyph"], errors="ignore")
    base = alt.Chart(plain).encode(x=x, y=y)
    layers: list[alt.Chart] = [cell_layers(base)]
    if len(home):
        frame_mark = alt.Chart(home[["column", "row"]]).mark_rect(
            cornerRadius=2, fill="transparent", stroke=TOKENS["accent"], strokeWidth=3
        )
        layers.append(frame_mark.encode(x=x, y=y))
    small = f"{NARROW} && {len(columns)} > 6"
    colour = alt.Color("text_colour:N", scale=None)
    name = base.mark_text(dy=-9, fontSize=theme.TEXT, text=alt.ExprRef(f"{small} ? datum.short : datum.name"))
    number = base.mark_text(dy=10, fontSize=alt.ExprRef(f"{small} ? 11 : {theme.SMALL}"))
    layers += [name.encode(color=colour), number.encode(color=colour, text="label:N")]
    heading = "　　".join(t for t in (axis_title(title, unit) if title else "", key) if t)
    return finish(stack(*layers), height=(52 if layout == "provinces" else 64) * len(rows), title=heading, right=2)


def chain_map(
    data: pd.DataFrame,
    *,
    stage: str,
    link: str,
    state: str,
    states: Sequence[State] = PRESENCE,
    note: str | None = None,
) -> alt.LayerChart:
    """Return the links of a chain as boxes under their stages, each with its state in glyph and word.

    Stages and links stand in the order of the frame. ``note`` names a column of short texts (examples)
    that appear in the box where the page is wide enough.
    """
    frame = tidy(data, {"stage": stage, "link": link, "state": state, "note": note})
    frame["stage"], frame["link"] = frame["stage"].astype(str), frame["link"].astype(str)
    found = resolve(frame["state"], states)
    dress(frame, found)
    frame["place"] = frame.groupby("stage", sort=False).cumcount()
    frame["mark"] = [f"{g} {s}" for g, s in zip(frame["glyph"], frame["state_label"], strict=True)]
    if "note" in frame:
        frame["note"] = frame["note"].fillna("").astype(str)
        frame["mark_note"] = [f"{m}　{n}" if n else m for m, n in zip(frame["mark"], frame["note"], strict=True)]
    frame["tip"] = [f"{n}：{m}" for n, m in zip(frame["link"], frame.get("mark_note", frame["mark"]), strict=True)]
    stages = list(dict.fromkeys(frame["stage"]))
    # A literal of the expression: no stage may end it.
    last = "'" + json.dumps(stages[-1], ensure_ascii=False)[1:-1].replace("'", "\\'") + "'"
    axis = alt.Axis(
        title=None, orient="top", labelAngle=0, labelFontSize=theme.VALUE, labelPadding=8,
        labelExpr=f"datum.label === {last} ? datum.label : datum.label + ' →'",
    )  # fmt: skip
    x = alt.X("stage:N", sort=stages, axis=axis, scale=alt.Scale(paddingInner=0.07, paddingOuter=0))
    y = alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0.12, paddingOuter=0.02))
    colour = alt.Color("text_colour:N", scale=None)
    boxes = [(width - 24) / len(stages) - 12 for width in (WIDE_WIDTH, NARROW_WIDTH)]
    limits = [max(3.0, box / theme.TEXT) for box in boxes]
    wrapped = add_lines(frame, "link", *limits)
    shown = "datum.mark"
    if "note" in frame:
        wide_enough = [text_width(t, theme.SMALL) <= boxes[0] for t in frame["mark_note"]]
        frame["mark_note"] = frame["mark_note"].where(pd.Series(wide_enough, index=frame.index), frame["mark"])
        shown = f"{NARROW} ? datum.mark : datum.mark_note"
    base = alt.Chart(frame.drop(columns=["state", "state_label", "glyph", "note", "link"], errors="ignore")).encode(x=x, y=y)
    name = base.mark_text(
        fontSize=theme.TEXT, lineHeight=16, text=alt.ExprRef(wrapped),
        # The block of name and state is centred on its box.
        dy=alt.ExprRef(f"-9 - 8 * (length({wrapped}) - 1)"),
    ).encode(color=colour)  # fmt: skip
    mark = base.mark_text(
        fontSize=theme.SMALL, text=alt.ExprRef(shown), dy=alt.ExprRef(f"11 + 8 * (length({wrapped}) - 1)")
    ).encode(color=colour)
    wide, narrow = ((40 + 16 * most_lines(frame["link"], limit)) * int(frame["place"].max() + 1) for limit in limits)
    return finish(stack(cell_layers(base, corner=3), name, mark), height=(wide, narrow), right=2)
