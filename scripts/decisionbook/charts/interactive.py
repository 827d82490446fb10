"""What-if charts: sliders move named values, formulas follow, lines and readouts answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from . import theme
from .axes import MARGIN, TICK_LABELS, Names, axis_title, category_axis, line_with_name, row_heights, value_axis, with_halo
from .bundle import Readout, Slider, plain
from .text import NARROW, heading, text_width, widest, wrap_text
from .theme import add_meta, finish, format_number, stack, tones


def what_if(
    *,
    sliders: Sequence[Slider],
    x: tuple[str, float, float, float],
    series: Mapping[str, str],
    x_title: str,
    y_title: str,
    x_unit: str = "",
    y_unit: str = "",
    constants: Mapping[str, float] | None = None,
    readouts: Sequence[Readout] = (),
    marker: str | None = None,
    marker_label: str = "",
    highlight: Names = None,
    x_format: str = "d",
    y_domain: tuple[float, float] | None = None,
    height: int = 280,
) -> alt.LayerChart:
    """Return a line chart computed by Vega from sliders, so that it answers without a server.

    ``x=(name, start, stop, step)`` is the horizontal variable (both ends included). ``series`` maps a
    line's name to a Vega expression over ``datum.<x name>``, the sliders, the constants and the readouts,
    e.g. ``{"广西": "q_r * pow(1 + growth / 100, datum.year - 2022)"}``. ``marker`` is an expression for a
    vertical line (a readout's signal, say). Fix ``y_domain`` so that moving a slider moves the line and not
    the axis; without it the axis covers what the sliders can reach at their base. ``constants`` are fixed
    inputs; take them from data, never type them in.
    """
    name, start, stop, step = x
    labels = list(series)
    steps = alt.SequenceParams(start=start, stop=stop + step / 2, step=step, **{"as": name})
    chart = alt.Chart(alt.SequenceGenerator(steps))
    for number, expression in enumerate(series.values()):
        chart = chart.transform_calculate(**{f"s{number}": expression})
    colours = dict(zip(labels, tones(labels, highlight), strict=True))
    axis_x = alt.Axis(
        title=heading(axis_title(x_title, x_unit), 240), format=x_format, tickCount=6, grid=False, domain=True, **TICK_LABELS
    )
    axis_y = alt.Axis(title=None, grid=True, tickCount=4)
    scale_y = alt.Scale(domain=list(y_domain), clamp=True) if y_domain else alt.Scale(zero=False, nice=True)
    position = alt.X(f"{name}:Q", axis=axis_x, scale=alt.Scale(nice=False, zero=False))
    lines, names = [], []
    last = chart.transform_filter(f"datum.{name} >= {stop - step / 2!r}")
    for number, label in enumerate(labels):
        y = alt.Y(f"s{number}:Q", axis=axis_y, scale=scale_y)
        lines.append(chart.mark_line(color=colours[label], clip=True).encode(x=position, y=y))
        wide, narrow = (json.dumps(wrap_text(label, limit), ensure_ascii=False) for limit in (11, 6.5))
        words = last.mark_text(
            align="left", dx=8, fontSize=theme.TEXT, lineHeight=16, color=theme.text_tones([colours[label]])[0],
            text=alt.ExprRef(f"{NARROW} ? {narrow} : {wide}"),
            dy=alt.ExprRef(pushed_apart(number, len(labels))),
        )  # fmt: skip
        names.append(words.encode(x=position, y=y))
    rules: list[alt.Chart] = []
    # Vega makes room for the names at the ends of the lines; the marker's own name may stand above them.
    beside = 18 + widest(labels, 6.5, theme.TEXT)
    if marker:
        spot = alt.Chart(pd.DataFrame({"one": [1]})).transform_calculate(marker_at=marker)
        spot = spot.transform_filter(f"isValid(datum.marker_at) && datum.marker_at >= {start!r} && datum.marker_at <= {stop!r}")
        rules = line_with_name(spot, "marker_at", marker_label, beside)
    layered = with_sliders(stack(*lines, *rules, *names), sliders, readouts, constants)
    return finish(layered, height=height, right=MARGIN, title=axis_title(y_title, y_unit))


def pushed_apart(number: int, count: int) -> str:
    """Return the Vega expression of how far a line's name moves from the names that would stand on it.

    Where the lines end is known only once the sliders are read, so it is worked out there.
    """
    parts = []
    for other in range(count):
        if other != number:
            gap = f"(scale('y', datum.s{number}) - scale('y', datum.s{other}))"
            # Two lines that end in one place part in the order in which they are given.
            below = f"({gap} > 0 || ({gap} === 0 && {number} > {other}))"
            parts.append(f"(abs({gap}) < 18 ? ({below} ? 1 : -1) * (18 - abs({gap})) / 2 : 0)")
    return " + ".join(parts) or "0"


def what_if_dots(
    *,
    sliders: Sequence[Slider],
    values: Mapping[str, str],
    title: str,
    domain: tuple[float, float],
    unit: str = "",
    digits: int = 1,
    constants: Mapping[str, float] | None = None,
    readouts: Sequence[Readout] = (),
    reference: str | None = None,
    reference_label: str = "",
    highlight: Names = None,
) -> alt.LayerChart:
    """Return a dot on a stem for each named expression, moved by sliders, and an optional reference line.

    ``values`` maps names to Vega expressions over sliders, constants and readouts; ``reference`` is one more
    expression. ``domain`` is fixed, so that the dots move and not the axis. An expression without a finite
    value shows no dot.
    """
    names = list(values)
    colours = tones(names, highlight)
    frame = pd.DataFrame({"category": names, "k": range(len(names)), "colour": colours, "zero": domain[0]})
    frame["text_colour"] = theme.text_tones(colours)
    chosen = "NaN"
    for number, expression in reversed(list(enumerate(values.values()))):
        chosen = f"datum.k === {number} ? ({expression}) : {chosen}"
    behind = unit if unit in ("%", "倍") else ""
    base = (
        alt.Chart(frame)
        .transform_calculate(value=chosen)
        .transform_filter("isFinite(datum.value) && isValid(datum.value)")
        .transform_calculate(at=f"clamp(datum.value, {domain[0]!r}, {domain[1]!r})")
        .transform_calculate(label=f"format(datum.value, ',.{digits}f') + '{behind}'")
        .encode(y=category_axis(names))
    )
    x = value_axis("at", axis_title(title, unit), domain, unit=unit, names=names)
    colour = alt.Color("colour:N", scale=None)
    room = 24 + text_width(max((format_number(v, digits, unit) for v in domain), key=len), theme.VALUE)
    layers = [base.mark_rule(strokeWidth=2.5).encode(x=x, x2="zero:Q", color=colour)]
    if reference:
        line = alt.Chart(pd.DataFrame({"one": [1]})).transform_calculate(reference=reference)
        line = line.transform_filter(f"datum.reference >= {domain[0]!r} && datum.reference <= {domain[1]!r}")
        layers += line_with_name(line, "reference", reference_label, room)
    layers.append(base.mark_point(size=150, opacity=1).encode(x=x, color=colour))
    words = base.encode(x=x, text="label:N")
    layers += with_halo(words, alt.Color("text_colour:N", scale=None), align="left", dx=12, fontSize=theme.VALUE)
    chart = with_sliders(stack(*layers), sliders, readouts, constants)
    return finish(chart, height=row_heights(names), right=room, top=24 if reference else 4)


def with_sliders(
    chart: alt.LayerChart,
    sliders: Sequence[Slider],
    readouts: Sequence[Readout] = (),
    constants: Mapping[str, float] | None = None,
) -> alt.LayerChart:
    """Return a chart of one's own with sliders, readouts and constants as its parameters, in that order.

    Its expressions use them by name. JupyterLab shows Vega's own sliders, the book shows its own.
    """
    params = [alt.param(name=k, value=v) for k, v in plain(dict(constants or {})).items()]
    params += [
        alt.param(name=s.param, value=s.base, bind=alt.binding_range(min=s.min, max=s.max, step=s.step, name=s.label))
        for s in sliders
    ]
    params += [alt.param(name=r.signal, expr=r.expr) for r in readouts]
    return add_meta(
        chart.add_params(*params),
        sliders=[plain(vars(s)) for s in sliders],
        readouts=[plain(vars(r)) for r in readouts],
    )
