"""The one module that a notebook imports: start a chapter, read data, record findings, show charts and tables."""

from __future__ import annotations

import html
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .analysis.intervals import Interval, Quantity, propagate
from .data.context import DRAWING, UNSEEN, RunContext, read_context
from .data.declarations import Chapter, load_chapter
from .data.figures import Figure, printed_decimals
from .data.inputs import ALL_FIGURES, Cell, Recorder
from .data.package import Package
from .data.published import load_figures, unit_ratio
from .data.text import TEXT_EXPECTED, text_faults
from .errors import InputError, Problem, did_you_mean, one_of

if TYPE_CHECKING:
    import altair
    import pandas as pd

FINDING_MIME = "application/vnd.decisionbook.finding+json"
TABLE_MIME = "application/vnd.decisionbook.table+json"
# Below this the last binary digits differ between machines; no print in the sources has more.
SIGNIFICANT_DIGITS = 12

__all__ = [
    "area_code",
    "area_name",
    "bounds",
    "chart",
    "figure",
    "figures",
    "find",
    "observations",
    "record",
    "start",
    "table",
    "tables",
    "value",
]


def __dir__() -> list[str]:
    # What a chapter is offered after `nb.` and the Tab key: not what this module itself imports.
    return list(__all__)


class _Run:
    """The state of one chapter's run in this kernel."""

    def __init__(self, chapter: Chapter, context: RunContext, namespace: Mapping[str, Any]) -> None:
        self.chapter = chapter
        self.context = context
        self.package = Package(context.project, context.tables, context.as_of, context.audience)
        self.published = load_figures(self.package, context.as_of)
        # The findings so far, each with the cell that recorded it.
        self.names: dict[str, Cell] = {}
        # The notebook's own name for this module, by which its reading calls are told apart.
        module = next((n for n, v in namespace.items() if v is sys.modules[__name__]), "nb")
        self.recorder = Recorder(namespace, module)


_run: _Run | None = None


def _current() -> _Run:
    if _run is None:
        raise RuntimeError('start the chapter first: p = nb.start("chapter_name", globals())')
    return _run


def start(chapter: str, namespace: Mapping[str, Any]) -> SimpleNamespace:
    """Begin a chapter and return its parameters, read from the notebook's namespace and checked.

    `namespace` is the notebook's `globals()`; parameters that it does not set take their declared default.
    Raises InputError for a value that breaks the contract declared in notebooks/<chapter>.yml.
    """
    global _run
    context = read_context()
    declared = load_chapter(context.project, chapter)
    _run = _Run(declared, context, namespace)
    given = {name: namespace[name] for name in declared.parameters if name in namespace}
    values = declared.check(given, _run.package.areas_by_name())
    _run.recorder.follow(sys._getframe(1))
    _run.recorder.parameters = values
    return SimpleNamespace(**values, as_of=context.as_of, edition=context.edition)


def tables(name: str) -> pd.DataFrame:
    """Return a table of the Data Package, or the analyst's replacement for it in this run."""
    frame = _current().package.frame(name)
    _note_frame(name, frame)
    return frame


def _note_frame(table: str, frame: pd.DataFrame) -> None:
    """Note that the notebook read these rows; published figures and official values by their ids."""
    column = {"figures": "figure_id", "observations": "observation_id"}.get(table)
    ids = tuple(frame[column]) if column else ()
    _current().recorder.note(sys._getframe(2), table, ids, len(frame), whole=True)


def area_code(name: str) -> str:
    """Return the official code of an area: 广西 gives 450000; raises InputError with the closest name."""
    areas = _current().package.areas_by_name()
    if name not in areas:
        raise InputError(Problem("areas.csv", repr(name), "the name of an area", did_you_mean(name, areas)))
    return areas[name]


def area_name(code: str) -> str:
    """Return the Chinese name of an area code; raises InputError with the closest code."""
    names = {code: name for name, code in _current().package.areas_by_name().items()}
    if code not in names:
        raise InputError(Problem("areas.csv", repr(code), "the code of an area", did_you_mean(str(code), names)))
    return names[code]


def figure(figure_id: str) -> Quantity:
    """Return a published figure in its printed unit, with the interval that its print stands for."""
    published = _current().published
    if figure_id not in published:
        exists = any(line["figure_id"] == figure_id for line in _current().package.all_lines("figures"))
        found = f"{figure_id} (its source is later than this edition)" if exists else figure_id
        raise InputError(Problem("data/figures.csv", found, "a figure known by the edition's date"))
    _current().recorder.note(sys._getframe(1), "figures", (figure_id,))
    return _as_quantity(published[figure_id])


def _as_quantity(figure: Figure) -> Quantity:
    high = figure.obs_value if figure.obs_value_high is None else figure.obs_value_high
    central = (figure.obs_value + high) / 2
    return Quantity(central, figure.interval, figure.unit_measure, (figure.figure_id,))


def figures(**filters: str | Sequence[str]) -> pd.DataFrame:
    """Return published figures as a data frame, e.g. figures(chapter="carbon_market", indicator="price").

    Columns are those of figures.csv plus `low` and `high`; a filter takes one value or several. Raises InputError for
    a filter that is no column.
    """
    run = _current()
    frame = run.package.frame("figures")
    frame = _filtered(frame[frame["figure_id"].isin(list(run.published))], "figures.csv", filters)
    intervals = [run.published[i].interval for i in frame["figure_id"]]
    frame = frame.assign(low=[i.low for i in intervals], high=[i.high for i in intervals]).reset_index(drop=True)
    _note_frame("figures" if filters else ALL_FIGURES, frame)
    return frame


def _filtered(frame: pd.DataFrame, file: str, filters: Mapping[str, str | Sequence[str]]) -> pd.DataFrame:
    for column, wanted in filters.items():
        if column not in frame.columns:
            near = did_you_mean(column, frame.columns)
            raise InputError(Problem(file, f"no column {column!r}", one_of(frame.columns, 20), near))
        frame = frame[frame[column].isin([wanted] if isinstance(wanted, str) else list(wanted))]
    return frame


def observations(**filters: str | Sequence[str]) -> pd.DataFrame:
    """Return official statistics that were out by the edition's date, e.g. observations(indicator="gdp").

    Columns are those of observations.csv. Raises InputError for a filter that is no column.
    """
    frame = _observations(**filters)
    _note_frame("observations", frame)
    return frame


def _observations(**filters: str | Sequence[str]) -> pd.DataFrame:
    run = _current()
    frame = run.package.frame("observations")
    frame = frame[frame["published_by"] <= run.context.as_of]
    return _filtered(frame, "observations.csv", filters).reset_index(drop=True)


def find(
    indicator: str, area: str, period: str, *, override: float | None = None, unit: str = "", vintage: str = ""
) -> Quantity | None:
    """Return the value of an indicator for an area (by name) and period, or None when nobody prints it.

    Looks at, in this order: `override` (an analyst's parameter, in `unit`), the published figures, the official
    statistics known by the edition's date, of several vintages the last published. A reprint never stands for its
    original.
    """
    if override is not None:
        return Quantity.exact(override, unit)
    run, code = _current(), area_code(area)
    caller = sys._getframe(1)
    for candidate in run.published.values():
        if (candidate.indicator, candidate.ref_area, candidate.time_period) == (indicator, code, period):
            run.recorder.note(caller, "figures", (candidate.figure_id,))
            return _in_unit(_as_quantity(candidate), unit)
    known = _observations(indicator=indicator, ref_area=code, time_period=period)
    if vintage:
        known = known[known["vintage"] == vintage]
    if known.empty:
        return None
    row = known.sort_values("published_by", kind="stable").iloc[-1]
    observation = str(row["observation_id"])
    printed = next(line["obs_value"] for line in run.package.lines("observations") if line["observation_id"] == observation)
    half = 10.0 ** -printed_decimals(printed) / 2
    interval = Interval(row["obs_value"] - half, row["obs_value"] + half)
    run.recorder.note(caller, "observations", (observation,))
    return _in_unit(Quantity(row["obs_value"], interval, row["unit_measure"], observations=(observation,)), unit)


def value(
    indicator: str, area: str, period: str, *, override: float | None = None, unit: str = "", vintage: str = ""
) -> Quantity:
    """Return the value that `find` finds; raises InputError, saying how to supply it, when there is none."""
    found = find(indicator, area, period, override=override, unit=unit, vintage=vintage)
    if found is None:
        raise InputError(
            Problem(
                "data/figures.csv, data/observations.csv",
                f"no {indicator} for {area} in {period} by {_current().context.as_of}",
                "a published or official value",
                "Give it as a parameter, or add it with -d observations=FILE.",
            )
        )
    return found


def _in_unit(quantity: Quantity, unit: str) -> Quantity:
    if not unit or unit == quantity.unit:
        return quantity
    return quantity.scaled(unit_ratio(_current().package, quantity.unit, unit), unit)


def bounds(function: Any, *quantities: Quantity, unit: str = "") -> Quantity:
    """Return `function` of the quantities with the bounds of the whole expression (see analysis.intervals).

    What a lambda takes from the notebook besides its arguments (a share, a number of months) is an input as well.
    """
    result = propagate(function, *quantities, unit=unit)
    closed, _ = _current().recorder.inputs(sys._getframe(1), 0)
    figures = tuple(dict.fromkeys([*result.figures, *closed.figures]))
    observations = tuple(dict.fromkeys([*result.observations, *closed.observations]))
    return replace(result, figures=figures, observations=observations)


class _Finding:
    """What myst_nb.glue stores: a plain number or text, and the record that reconciliation reads."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        shown = self.content["value"]
        return {"text/plain": shown if isinstance(shown, str) else repr(shown), FINDING_MIME: self.content}


def record(
    name: str,
    value: Quantity | float | str | None,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
) -> None:
    """Record a finding `chapter.name`, to be quoted in prose by {glue:text} and read by reconciliation.

    `value` is a Quantity (its unit and bounds are kept), a number, or a text generated from numbers; None records
    that the value is missing and is shown as 缺. What it was computed from is recorded with it (see data.inputs).
    Raises ValueError for a name used twice, a value that is not finite, bounds that are no numbers or the wrong way round; a cell
    of JupyterLab that is run again records anew.
    """
    from myst_nb import glue

    run = _current()
    cell, before = run.recorder.cell, run.names.get(name)
    if not name.isidentifier() or (before is not None and not cell.is_again(before)):
        raise ValueError(f"finding {name!r}: a name is an identifier and is used once in a chapter")
    inputs, code = run.recorder.inputs(sys._getframe(1), 1, ("value", "low", "high"))
    if isinstance(value, Quantity):
        inputs.carried(value.figures, value.observations)
        unit, low, high, value = unit or value.unit, value.low, value.high, value.value
    if value is None:
        value = "缺"
    elif not isinstance(value, str):
        value = _plain(value)
        if value is None:
            raise ValueError(f"finding {name!r} is not a finite number; record None when it is missing")
    if any(bound is not None and math.isnan(bound) for bound in (low, high)):
        raise ValueError(f"finding {name!r}: a bound is not a number; leave it out when there is none")
    if low is not None and high is not None and low > high:
        raise ValueError(f"finding {name!r}: its lower bound {low} is above its upper bound {high}")
    content: dict[str, Any] = {"name": name, "value": value, "unit": unit, "low": _plain(low), "high": _plain(high)}
    content |= inputs.content()
    if code:
        content["code"] = code
    _refuse_unfit(f"finding {name!r}", content)
    run.names[name] = cell
    glue(name, _Finding(content), display=False)


def _refuse_unfit(what: str, content: Mapping[str, Any]) -> None:
    """Raise ValueError for a text that no page, PDF or workbook can hold."""
    for place, found in text_faults(content):
        raise ValueError(f"{what}, {place}: {found}; show {TEXT_EXPECTED}")


def _plain(number: Any) -> float | int | None:
    """Return a plain Python number at SIGNIFICANT_DIGITS, None for a missing or unbounded one."""
    if number is None or not math.isfinite(float(number)):
        return None
    rounded = float(f"{float(number):.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def chart(chart: altair.TopLevelMixin, **described: Any) -> None:
    """Show a chart with name, caption, alt text (which states the finding), unit, source and the data behind it.

    The keyword arguments are those of `decisionbook.charts.package`.
    """
    from IPython.display import display

    from .charts import package

    # Its specification costs more than the rest of a light run; nobody sees it in a sweep that keeps no notebooks.
    if os.environ.get(DRAWING) != UNSEEN:
        display(package(chart, **described), raw=True)


def table(frame: pd.DataFrame, *, name: str, caption: str, columns: Mapping[str, Any], note: str = "", source: str = "") -> None:
    """Show a data frame as a numbered table of the book.

    `columns` maps each shown column to its title, or to a dictionary with title, unit, digits and align. Cells are
    plain text or numbers; numbers are shown with `digits` decimals and aligned right. Escaped wherever it is shown.
    """
    from IPython.display import display

    heads, rows = [], []
    for key, head in columns.items():
        head = {"title": head} if isinstance(head, str) else dict(head)
        numeric = frame[key].map(lambda v: isinstance(v, int | float) and not isinstance(v, bool)).all()
        heads.append({"key": key, "align": "right" if numeric else "left", **head})
    for _, row in frame.iterrows():
        rows.append([_cell(row[head["key"]]) for head in heads])
    content = {"name": name, "caption": caption, "columns": heads, "rows": rows, "note": note, "source": source}
    _refuse_unfit(f"table {name!r}", content)
    bundle = {TABLE_MIME: content, "text/html": _html(content), "text/plain": f"{caption} ({len(rows)} × {len(heads)})"}
    display(bundle, raw=True)


def _cell(value: Any) -> float | int | str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return value
    return _plain(value)


def _html(content: Mapping[str, Any]) -> str:
    """Return the table for JupyterLab and other viewers; the book makes its own from the data."""

    def cells(row: Sequence[Any], tag: str) -> str:
        return "".join(f"<{tag}>{html.escape('' if c is None else str(c))}</{tag}>" for c in row)

    head = cells([c["title"] for c in content["columns"]], "th")
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in content["rows"])
    return f"<table><caption>{html.escape(content['caption'])}</caption><tr>{head}</tr>{body}</table>"
