"""From a chart to the mime bundle a notebook emits: Vega-Lite JSON, a static picture, alt text and the data.

The same chart gives the same bytes: names that Altair counts up are numbered again, data sets are named in
order of appearance, fonts are the packaged ones, and numbers are plain Python.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ..data.text import TEXT_EXPECTED, text_faults
from . import drawing
from .drawing import VL_VERSION as VL_VERSION
from .states import state_words
from .theme import FONT, ChartError, theme_config

CHART_MIME = "application/vnd.vegalite.v6+json"
SVG_MIME = "image/svg+xml"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")


@dataclass(frozen=True)
class Slider:
    """One value that the reader may move: a Vega parameter with its range and its base value, in ``unit``."""

    param: str
    label: str
    min: float
    max: float
    step: float
    base: float
    unit: str = ""
    digits: int = 0

    def __post_init__(self) -> None:
        if not self.min <= self.base <= self.max:
            raise ChartError(
                f"slider {self.param!r}: its base {self.base} lies outside {self.min} to {self.max}; widen the range"
            )
        if self.step <= 0:
            raise ChartError(f"slider {self.param!r}: its step must be above 0, found {self.step}")


@dataclass(frozen=True)
class Readout:
    """One computed number (or word) beside the sliders: ``expr`` is a Vega expression over the parameters.

    ``signal`` names the parameter that holds it, for use in other expressions of the chart.
    """

    signal: str
    label: str
    expr: str
    unit: str = ""
    digits: int = 1


def plain(value: Any) -> Any:
    """Return ``value`` as JSON types: numpy and pandas scalars unwrapped, missing and infinite as None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not math.isfinite(number):
            return None
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if isinstance(value, (pd.Timestamp, datetime)):
        text = value.isoformat()
        return text.removesuffix("T00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, pd.Interval):
        return f"[{value.left}, {value.right})"
    return str(value)


def table_of(data: pd.DataFrame, columns: Mapping[str, str | tuple[str, str]]) -> dict[str, Any]:
    """Return the table behind a chart: ``{"columns": [{name, title, unit}], "rows": [[...]]}``."""
    missing = [c for c in columns if c not in data.columns]
    if missing:
        raise ChartError(f"no column {missing[0]!r} in the chart's data; it has {list(data.columns)}")
    heads = []
    for name, title in columns.items():
        text, unit = title if isinstance(title, tuple) else (title, "")
        heads.append({"name": name, "title": text, "unit": unit})
    # Who reads the table reads words: 有, not present.
    rows = [[state_words(plain(v)) for v in row] for row in data[list(columns)].itertuples(index=False, name=None)]
    return {"columns": heads, "rows": rows}


def canonical_spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return the chart's Vega-Lite specification with names that do not depend on what was drawn before it."""
    with alt.data_transformers.enable("default", max_rows=None):
        # Altair has validated each part when it was made; doing it again costs more than the rest.
        spec = plain(chart.to_dict(validate=False))  # type: ignore[attr-defined]
    # Vega puts texts of the data into expressions, where these two end a line and with it the chart.
    text = json.dumps(spec, ensure_ascii=False).replace("\u2028", " ").replace("\u2029", " ")
    for kind, pattern in (("view", r'"(view_\d+)"'), ("param", r'"(param_\d+)"'), ("table", r'"(data-[0-9a-f]{8,})"')):
        seen = list(dict.fromkeys(re.findall(pattern, text)))
        for number, old in enumerate(seen):
            text = re.sub(rf"\b{re.escape(old)}\b", f"{kind}\0{number}", text)
    spec = json.loads(text.replace("\0", "_").replace("\\u0000", "_"))
    spec["$schema"] = SCHEMA
    spec["config"] = theme_config()
    return spec


def draw(spec: Mapping[str, Any]) -> str:
    """Return the static SVG of a Vega-Lite specification, drawn with the packaged fonts and no network."""
    return slim(drawing.svg(spec))


#: Screen-reader attributes of the parts (the figure has one alt text, and readers would hear every tick),
#: values that are SVG's own defaults, and Vega's class names.
_NOISE = re.compile(
    r' (?:(?:role|aria-roledescription|aria-label|aria-hidden|pointer-events|font-family)="[^"]*"'
    r'|opacity="1"|font-weight="normal"|stroke-width="1"|class="mark-[^"]*")'
)
_EMPTY = re.compile(r'<path class="(?:background|foreground)" d="(?:|M0,0h0v0h0Z|M0\.5,0\.5h0v0h0Z)"[^>]*/>')
_UNPAINTED = re.compile(r'<path class="background" d="[^"]*"/>')
_LONG_NUMBER = re.compile(r"(?<=[\s,(\"MLAHVCZhvlc-])(\d+\.\d{2})\d+")


def slim(svg: str) -> str:
    """Return the SVG at about half its size and with ids counted from 0; it looks the same.

    Vega counts the ids of clip paths and gradients up for as long as the process lives.
    """
    found = list(dict.fromkeys(re.findall(r'\bid="([A-Za-z_]+\d+)"', svg)))
    ids = {old: f"part{number}" for number, old in enumerate(found)}
    svg = re.sub(r'(\bid="|url\(#|href="#)([A-Za-z_]+\d+)', lambda m: m[1] + ids.get(m[2], m[2]), svg)
    svg = _UNPAINTED.sub("", _EMPTY.sub("", _NOISE.sub("", svg)))
    svg = svg.replace("<svg ", f'<svg font-family="{FONT}" ', 1)
    return _LONG_NUMBER.sub(r"\1", svg)


def readout_values(readouts: Sequence[Readout], params: Sequence[Mapping[str, Any]]) -> dict[str, float | str | None]:
    """Return what Vega itself computes for the readouts; ``params`` are those of the specification, in order."""
    if not readouts:
        return {}
    signals: dict[str, dict[str, Any]] = {}
    for param in params:
        if "expr" in param:
            signals[param["name"]] = {"name": param["name"], "update": param["expr"]}
        elif "value" in param:
            signals[param["name"]] = {"name": param["name"], "value": param["value"]}
    # A text mark is the one place where the converter hands back the value of an expression.
    marks = [{"type": "text", "encode": {"update": {"text": {"signal": f"'=' + {r.signal}"}}}} for r in readouts]
    spec = {"signals": list(signals.values()), "marks": marks, "width": 10, "height": 10}
    try:
        scene = drawing.scenegraph(spec)
    except ValueError as error:
        raise ChartError(f"a readout cannot be computed; check its expression: {error}") from error
    texts = re.findall(r'"text": "=((?:[^"\\]|\\.)*)"', json.dumps(scene, ensure_ascii=False))
    return {r.signal: _value_of(text) for r, text in zip(readouts, texts, strict=True)}


def _value_of(text: str) -> float | str | None:
    if text in ("", "null", "undefined", "NaN", "Infinity", "-Infinity"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def package(
    chart: alt.TopLevelMixin,
    *,
    name: str,
    caption: str,
    alt: str,
    unit: str = "",
    source: str = "",
    data: pd.DataFrame,
    columns: Mapping[str, str | tuple[str, str]],
    sliders: Sequence[Slider] = (),
    readouts: Sequence[Readout] = (),
) -> dict[str, Any]:
    """Return the mime bundle of a chart: Vega-Lite JSON, SVG and alt text.

    ``name`` is the target of ``{numref}`` and must be unique in the book (lower case, digits, ``-`` or
    ``_``). ``alt`` states the finding, not the kind of chart. ``columns`` gives the table behind the chart
    in reading order: column of ``data`` to its title, or to ``(title, unit)``. Sliders and readouts are
    taken from a :func:`what_if` chart by themselves. Raises :class:`ChartError` when name, caption or alt is
    missing or the column is unknown.
    """
    if not NAME.fullmatch(name):
        raise ChartError(f"chart name {name!r}: use lower-case words joined by - or _, such as revenue-share")
    for what, text in (("caption", caption), ("alt", alt)):
        if not text.strip():
            raise ChartError(f"chart {name!r} has no {what}; say what it shows and what it finds")
    spec = canonical_spec(chart)
    own = spec.pop("usermeta", {}).get("decisionbook", {})
    slides = [plain(asdict(s)) for s in sliders] or own.get("sliders", [])
    reads = list(readouts) or [Readout(**r) for r in own.get("readouts", [])]
    params = spec.setdefault("params", [])
    known = {p["name"] for p in params}
    params += [{"name": s["param"], "value": s["base"]} for s in slides if s["param"] not in known]
    params += [{"name": r.signal, "expr": r.expr} for r in reads if r.signal not in known]
    values = readout_values(reads, params) if drawing.wanted() else dict.fromkeys(r.signal for r in reads)
    meta: dict[str, Any] = {
        "name": name,
        "caption": caption,
        "alt": alt,
        "unit": unit,
        "source": source,
        "sliders": slides,
        "readouts": [plain({**asdict(r), "value": values[r.signal]}) for r in reads],
        "data": table_of(data, columns),
    }
    if "layout" in own:
        meta["layout"] = own["layout"]
    spec["usermeta"] = {"decisionbook": meta}
    # Through text and back: sorted keys, and nothing in it that JSON cannot carry.
    spec = json.loads(json.dumps(spec, ensure_ascii=False, sort_keys=True, allow_nan=False))
    for place, found in text_faults(spec):
        raise ChartError(f"chart {name!r}, {place}: {found}; show {TEXT_EXPECTED}")
    return {CHART_MIME: spec, SVG_MIME: draw(spec) if drawing.wanted() else "", "text/plain": alt}
