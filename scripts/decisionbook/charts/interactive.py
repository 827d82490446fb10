"""What-if charts: sliders move named values, formulas follow, lines and readouts answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from . import theme
from .bars import Names, axis_title
from .bundle import Readout, Slider, plain
from .theme import TOKENS, finish, text_width, tones


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
    fixed = plain(dict(constants or {}))
    params = [alt.param(name=k, value=v) for k, v in fixed.items()]
    params += [
        alt.param(name=s.param, value=s.base, bind=alt.binding_range(min=s.min, max=s.max, step=s.step, name=s.label))
        for s in sliders
    ]
    params += [alt.param(name=r.signal, expr=r.expr) for r in readouts]
    labels = list(series)
    steps = alt.SequenceParams(start=start, stop=stop + step / 2, step=step, **{"as": name})
    chart = alt.Chart(alt.SequenceGenerator(steps))
    for number, expression in enumerate(series.values()):
        chart = chart.transform_calculate(**{f"s{number}": expression})
    colours = dict(zip(labels, tones(labels, highlight), strict=True))
    axis_x = alt.Axis(title=axis_title(x_title, x_unit), format=x_format, tickCount=6, grid=False, domain=True)
    axis_y = alt.Axis(title=None, grid=True, tickCount=4)
    scale_y = alt.Scale(domain=list(y_domain), clamp=True) if y_domain else alt.Scale(zero=False, nice=True)
    position = alt.X(f"{name}:Q", axis=axis_x, scale=alt.Scale(nice=False, zero=False))
    layers: list[alt.Chart] = []
    for number, label in enumerate(labels):
        y = alt.Y(f"s{number}:Q", axis=axis_y, scale=scale_y)
        layers.append(chart.mark_line(color=colours[label], clip=True).encode(x=position, y=y))
        last = chart.transform_filter(f"datum.{name} >= {stop - step / 2!r}")
        colour = TOKENS["soft"] if colours[label] == TOKENS["grey"] else colours[label]
        layers.append(
            last.mark_text(align="left", dx=8, color=colour, fontSize=theme.VALUE).encode(
                x=position, y=y, text=alt.value(label)
            )
        )
    if marker:
        spot = alt.Chart(pd.DataFrame({"one": [1]})).transform_calculate(marker_at=marker)
        spot = spot.transform_filter(f"isValid(datum.marker_at) && datum.marker_at >= {start!r} && datum.marker_at <= {stop!r}")
        at = alt.X("marker_at:Q")
        layers.append(spot.mark_rule(strokeDash=[4, 3], color=TOKENS["ink"], strokeWidth=1).encode(x=at))
        if marker_label:
            side = "scale('x', datum.marker_at) > width * 0.6"
            layers.append(
                spot.mark_text(
                    color=TOKENS["ink"], fontSize=theme.SMALL, align=alt.ExprRef(f"{side} ? 'right' : 'left'"),
                    dx=alt.ExprRef(f"{side} ? -6 : 6"),
                ).encode(x=at, y=alt.value(8), text=alt.value(marker_label))
            )  # fmt: skip
    room = 14 + max(text_width(label, theme.VALUE) for label in labels)
    layered = finish(
        alt.layer(*layers).add_params(*params), height=height, right=room, title=axis_title(y_title, y_unit)
    )
    meta = {
        "sliders": [plain(vars(s)) for s in sliders],
        "readouts": [plain(vars(r)) for r in readouts],
    }
    return layered.properties(usermeta={"decisionbook": meta})
