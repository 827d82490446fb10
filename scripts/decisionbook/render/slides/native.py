"""Which charts PowerPoint can draw itself, and with which data; the others are pictures.

Lines and dots have a counterpart there. Intervals, matrices, tile grids and time lines have none that says the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...charts.theme import TOKENS


@dataclass(frozen=True)
class Bars:
    """Horizontal bars: one value for each category, those of the region in focus highlighted."""

    categories: tuple[str, ...]
    values: tuple[float, ...]
    title: str
    highlighted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lines:
    """Lines over a number: for each series its points (x, y)."""

    series: Mapping[str, tuple[tuple[float, float], ...]]
    x_title: str
    y_title: str


def native(spec: Mapping[str, Any], data: Mapping[str, Any]) -> Bars | Lines | None:
    """Return what PowerPoint can draw of a chart, None when only a picture says the same.

    `spec` is the Vega-Lite specification, `data` the table behind the chart (`columns` with name, title, unit; `rows`).
    """
    columns, rows = data.get("columns") or [], data.get("rows") or []
    layers = list(_layers(spec))
    kinds = {_mark(layer) for layer in layers}
    if len(columns) < 2 or len(rows) < 2:
        return None
    if "line" in kinds:
        return _lines(columns, rows)
    spread = any("x2" in layer.get("encoding", {}) and layer["encoding"]["x2"].get("field") == "end" for layer in layers)
    dots = any(_mark(layer) == "point" and _field(layer, "y") == "category" and _field(layer, "x") == "at" for layer in layers)
    return _bars(spec, columns, rows) if dots and not spread else None


def _layers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "mark" in spec:
        yield spec
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for inner in spec.get(key, []):
            yield from _layers(inner)


def _mark(layer: Mapping[str, Any]) -> str:
    mark = layer["mark"]
    return mark if isinstance(mark, str) else str(mark["type"])


def _field(layer: Mapping[str, Any], channel: str) -> str:
    return str(layer.get("encoding", {}).get(channel, {}).get("field", ""))


def _lines(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> Lines | None:
    numeric = [all(_is_number(row[at]) or row[at] is None for row in rows) for at in range(len(columns))]
    series: dict[str, list[tuple[float, float]]] = {}
    if all(numeric):
        # Wide: x, then one column for each series.
        for row in rows:
            for at in range(1, len(columns)):
                if row[0] is not None and row[at] is not None:
                    series.setdefault(_title(columns[at]), []).append((float(row[0]), float(row[at])))
        y_title = ""
    elif len(columns) == 3 and sorted(numeric) == [False, True, True]:
        # Long: x and series in either order, then y.
        name = numeric.index(False)
        if name == 2:
            return None
        x = 1 - name
        for row in rows:
            if row[x] is not None and row[2] is not None:
                series.setdefault(str(row[name]), []).append((float(row[x]), float(row[2])))
        columns = [columns[x], columns[name], columns[2]]
        y_title = _title(columns[2])
    else:
        return None
    kept = {name: tuple(sorted(points)) for name, points in series.items() if len(points) > 1}
    return Lines(kept, _title(columns[0]), y_title) if kept and len(kept) == len(series) else None


def _bars(spec: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> Bars | None:
    drawn = next(
        (rows for rows in _datasets(spec) if rows and {"category", "at"} <= rows[0].keys() and _is_number(rows[0]["at"])), None
    )
    if drawn is None:
        return None
    values = [float(row["at"]) for row in drawn]
    # The column of the table that holds the drawn values gives their name.
    at = next((n for n in range(len(columns)) if _same([row[n] for row in rows], values)), None)
    if at is None:
        return None
    focus = frozenset(str(row["category"]) for row in drawn if row.get("colour") == TOKENS["accent"])
    return Bars(tuple(str(row["category"]) for row in drawn), tuple(values), _title(columns[at]), focus)


def _datasets(spec: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    yield from (spec.get("datasets") or {}).values()
    if isinstance(values := (spec.get("data") or {}).get("values"), list):
        yield values
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for inner in spec.get(key, []):
            yield from _datasets(inner)


def _same(cells: Sequence[Any], values: Sequence[float]) -> bool:
    found = sorted(float(cell) for cell in cells if _is_number(cell))
    pairs = zip(found, sorted(values), strict=False)
    return len(found) == len(values) and all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in pairs)


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _title(column: Mapping[str, Any]) -> str:
    title = str(column.get("title") or column["name"])
    return f"{title}（{column['unit']}）" if column.get("unit") else title
