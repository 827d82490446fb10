"""What the reader may move beside a chart: sliders with their base value, readouts, and a link to what was moved.

Without script the sliders do not move, and the panel says what the chart was drawn for.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from ..charts.theme import format_number

#: Half of the thumb of a range input, in pixels: at both ends its middle stands so far inside.
_INSET = 8


def what_if_html(node: Mapping[str, Any]) -> str:
    """Return the panel of a chart node: sliders, readouts, links; empty for a chart without sliders."""
    sliders, readouts, name = node.get("sliders") or [], node.get("readouts") or [], node["name"]
    if not sliders and not readouts:
        return ""
    parts = [f'<div class="whatif" data-chart="{_text(name)}">', *(_slider(name, slider) for slider in sliders)]
    parts += [_readout(readout) for readout in readouts]
    if sliders:
        everything = ""
        if len(sliders) > 1:
            everything = '<button type="button" class="whatif-reset-all" disabled>全部复位</button>'
        parts.append(
            f'<p class="whatif-foot">{everything}'
            '<button type="button" class="whatif-copy awaits-script">复制此情景的链接</button></p>'
            # Spoken once the reader pauses; each step of a slider would be noise.
            '<p class="whatif-said db-offscreen" role="status"></p>'
        )
    return "".join(parts) + "</div>\n"


def _slider(chart: str, slider: Mapping[str, Any]) -> str:
    digits, unit, key = int(slider.get("digits") or 0), slider.get("unit") or "", _text(f"{chart}-{slider['param']}")
    base, low, high = (_text(shown(slider[k], digits, unit)) for k in ("base", "min", "max"))
    label = _text(slider["label"])
    numbers = " ".join(f'{k}="{_text(slider[k])}"' for k in ("min", "max", "step"))
    return (
        f'<div class="whatif-control"><div class="whatif-head"><p class="whatif-words"><label for="{key}">{label}</label> '
        f'<span class="whatif-value">{base}</span> <span class="whatif-base" id="{key}-base">基准 {base}</span></p>'
        f'<button type="button" class="whatif-reset" aria-label="复位：{label}" disabled>复位</button></div>'
        f'<input type="range" id="{key}" data-param="{_text(slider["param"])}" {numbers} value="{_text(slider["base"])}" '
        f'data-base="{_text(slider["base"])}" data-digits="{digits}" data-unit="{_text(unit)}" '
        f'aria-describedby="{key}-base" aria-valuetext="{base}" disabled>{_scale(slider, low, high)}</div>'
    )


def _scale(slider: Mapping[str, Any], low: str, high: str) -> str:
    """Return what stands below a slider: a tick at its base value, and both ends of its range."""
    span = slider["max"] - slider["min"]
    share = 100 * (slider["base"] - slider["min"]) / span if span else 0
    # A drawing, because a position in per cent needs no style attribute there. It is as wide as the way of the thumb's middle.
    return (
        f'<svg class="whatif-scale" aria-hidden="true" focusable="false" height="26">'
        f'<rect class="whatif-tick" x="{share:.2f}%" width="2" height="9" transform="translate(-1)"/>'
        f'<text x="0" dx="-{_INSET}" y="23">{low}</text><text x="100%" dx="{_INSET}" y="23" text-anchor="end">{high}</text></svg>'
    )


def _readout(readout: Mapping[str, Any]) -> str:
    digits, unit = int(readout.get("digits") or 0), readout.get("unit") or ""
    return (
        f'<p class="whatif-readout"><span class="whatif-about">{_text(readout["label"])}</span>　'
        f'<strong data-signal="{_text(readout["signal"])}" data-digits="{digits}" data-unit="{_text(unit)}">'
        f"{_text(shown(readout.get('value'), digits, unit))}</strong></p>"
    )


def shown(value: float | str | None, digits: int, unit: str) -> str:
    """Return a number and its unit as a slider or readout prints them: 15% or 13.8 年; words as they are.

    A number without a unit may be a year, so up to 9999 it has no thousands separator.
    """
    if isinstance(value, str):
        return value
    number = format_number(value, digits)
    if value is not None and not unit and abs(value) < 10000:
        number = number.replace(",", "")
    if not unit or number == "—":
        return number
    return f"{number}{unit}" if unit in ("%", "倍") else f"{number} {unit}"


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
