"""What a finding was computed from: read off the notebook's code, and true of every committed chapter."""

from __future__ import annotations

import linecache
import sys
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest

from decisionbook import notebook as nb
from decisionbook.analysis.intervals import Interval, Quantity
from decisionbook.data.context import RunContext
from decisionbook.data.declarations import chapter_names
from decisionbook.data.inputs import Recorder
from decisionbook.data.package import Package
from decisionbook.editions.definition import load_editions
from decisionbook.project import Project
from decisionbook.runs.execute import findings_of

from .conftest import ROOT


class Kernel:
    """Runs cells as a kernel does, with reading calls that return what the test planted."""

    def __init__(self, **parameters: Any) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.space: dict[str, Any] = {"pd": pd, "p": SimpleNamespace(**parameters)}
        self.recorder = Recorder(self.space, "nb")
        self.recorder.parameters = parameters
        calls = {name: getattr(self, f"_{name}") for name in ("figure", "tables", "figures", "record", "bounds")}
        self.space["nb"] = SimpleNamespace(**calls)

    def run(self, *cells: str) -> Kernel:
        for cell in cells:
            self.recorder.ran(cell)
            self.count += 1
            name = f"<cell {id(self)} {self.count}>"
            linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
            exec(compile(cell, name, "exec"), self.space)
        return self

    def _figure(self, figure_id: str) -> Quantity:
        self.recorder.note(sys._getframe(1), "figures", (figure_id,))
        return Quantity(float(figure_id), Interval.point(float(figure_id)), "", (figure_id,))

    def _figures(self, **_: str) -> pd.DataFrame:
        frame = pd.DataFrame({"figure_id": ["1", "2", "3"], "v": [1.0, 2.0, 3.0]})
        self.recorder.note(sys._getframe(1), "figures", ("1", "2", "3"), 3, whole=True)
        return frame

    def _tables(self, name: str) -> pd.DataFrame:
        self.recorder.note(sys._getframe(1), name, (), 2, whole=True)
        return pd.DataFrame({"x": [1.0, 2.0]})

    def _bounds(self, function: Any, *quantities: Quantity) -> Quantity:
        closed, _ = self.recorder.inputs(sys._getframe(1), 0)
        figures = dict.fromkeys([*(f for q in quantities for f in q.figures), *closed.figures])
        value = float(function(*(q.value for q in quantities)))
        return Quantity(value, Interval.point(value), "", tuple(figures))

    def _record(self, name: str, value: Any, **_: Any) -> None:
        inputs, code = self.recorder.inputs(sys._getframe(1), 1, ("value", "low", "high"))
        if isinstance(value, Quantity):
            inputs.carried(value.figures, value.observations)
        self.found[name] = {**inputs.content(), "code": code}


READ = 'a, b, c = nb.figure("1"), nb.figure("2"), nb.figure("3")'


@pytest.mark.parametrize(
    ("cell", "figures"),
    [
        ('nb.record("x", a.value / b.value * 100)', ["1", "2"]),
        ('nb.record("x", pd.Series([a.value, c.value]).sum())', ["1", "3"]),
        ('frame = pd.DataFrame({"v": [a.value]})\nframe["w"] = b.value\nnb.record("x", frame["w"].sum())', ["1", "2"]),
        ('rows = []\nfor n in range(2):\n    rows.append(b.value + n)\nnb.record("x", sum(rows))', ["2"]),
        ('for name, q in (("x", a), ("y", b)):\n    nb.record(name, q.value)', ["1"]),
        ('def double(v):\n    return v * 2 + c.value\nnb.record("x", double(a.value))', ["1", "3"]),
        ('nb.record("x", nb.bounds(lambda v: v / c.value, a))', ["1", "3"]),
        ('nb.record("x", b.value if len([a]) else None)', ["2"]),
        ('nb.record("x", "多" if a.value > b.value else "少")', ["1", "2"]),
        ('part = {"k": a.value}[str(b.unit) or "k"]\nnb.record("x", part)', ["1"]),
        ('v = a.value\nv = b.value\nnb.record("x", v)', ["2"]),
        ('nb.record("x", (w := c.value) + 0)\nnb.record("y", w)', ["3"]),
        ('nb.record("x", a.value)\na = nb.figure("9")', ["1"]),
    ],
)
def test_a_value_names_what_went_into_it(cell: str, figures: list[str]) -> None:
    kernel = Kernel().run(READ, cell)
    assert kernel.found["x"]["figures"] == figures
    assert kernel.found.get("y", {"figures": figures})["figures"] in (figures, ["2"])


def test_rows_chosen_from_a_table_count_and_the_others_do_not() -> None:
    kernel = Kernel().run(
        'all_rows = nb.figures(chapter="c")\nchosen = all_rows[all_rows["v"] > 1]\nnb.record("x", chosen["v"].sum())\n'
        'nb.record("y", len(all_rows))\nnb.record("z", nb.figure(chosen["figure_id"].iloc[0]))'
    )
    assert kernel.found["x"]["figures"] == ["2", "3"]
    assert kernel.found["y"]["figures"] == ["1", "2", "3"]
    assert kernel.found["z"]["figures"] == ["2"]


def test_every_turn_of_a_loop_counts_in_what_it_gathered() -> None:
    kernel = Kernel().run(
        "def look(name):\n    return nb.figure(name)",
        'rows = []\nfor name in ("1", "2"):\n    top = look(name)\n    rows.append(top.value)\n'
        'last = top.value\nother = look("3").value',
        'frame = pd.DataFrame({"v": rows})\nfull = frame[frame["v"] >= 2]\n'
        'nb.record("n", len(full))\nnb.record("low", frame.loc[frame["v"].idxmin(), "v"])\n'
        'nb.record("last", last)\nnb.record("other", other)',
    )
    assert kernel.found["n"]["figures"] == ["1", "2"]
    assert kernel.found["low"]["figures"] == ["1", "2"]
    # After the loop a name stands for its last turn alone, and a function for this call alone.
    assert kernel.found["last"]["figures"] == ["2"]
    assert kernel.found["other"]["figures"] == ["3"]


def test_what_a_function_takes_from_outside_is_an_input_of_its_quantity() -> None:
    made = "def made(f, q):\n    return type(q)(f(q.value), q.interval, '', q.figures)"
    kernel = Kernel().run(READ, made, 'share = b.value / 2\nc2 = made(lambda n: n * share, a)\nnb.record("x", c2.value)')
    assert kernel.found["x"]["figures"] == ["1", "2"]


def test_tables_parameters_and_constants_are_told_apart() -> None:
    kernel = Kernel(growth=15, rent=None).run(
        'limit = 30\nnb.record("t", nb.tables("cases")["x"].sum() * p.growth)\nnb.record("c", limit * 2)\nnb.record("r", p.rent)'
    )
    assert kernel.found["t"] == {
        "tables": {"cases": 2},
        "parameters": ["growth"],
        "code": 'nb.tables("cases")["x"].sum() * p.growth',
    }
    assert kernel.found["c"] == {"constant": True, "code": "limit * 2"}
    # Nobody gave it, so nothing else went in: the parameter itself is what is missing.
    assert kernel.found["r"]["parameters"] == ["rent"]


def test_a_cell_that_ran_again_counts_as_it_ran_last() -> None:
    kernel = Kernel().run('v = nb.figure("1").value', 'nb.record("x", v)', 'v = nb.figure("2").value', 'nb.record("x", v)')
    assert kernel.found["x"]["figures"] == ["2"]


def test_code_that_is_not_python_hinders_nothing() -> None:
    kernel = Kernel()
    kernel.recorder.ran("%matplotlib inline ]")
    assert kernel.run(READ, 'nb.record("x", a.value)').found["x"]["figures"] == ["1"]


# ---- The chapters -----------------------------------------------------------------------------

KINDS = ("figures", "observations", "tables", "parameters", "constant")


def committed(chapter: str) -> dict[str, dict[str, Any]]:
    return findings_of(nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4))


def without_inputs(findings: dict[str, dict[str, Any]]) -> list[str]:
    """Return the findings that neither name an input nor say that they have none."""
    return [name for name, finding in findings.items() if not any(finding.get(kind) for kind in KINDS)]


@pytest.mark.parametrize("chapter", chapter_names(Project(ROOT)))
def test_every_finding_names_its_inputs_or_says_that_it_has_none(chapter: str) -> None:
    findings = committed(chapter)
    assert findings
    assert without_inputs(findings) == []
    package = Package(Project(ROOT))
    known = {row["figure_id"] for row in package.rows("figures")} | {
        row["observation_id"] for row in package.rows("observations")
    }
    named = {i for f in findings.values() for kind in ("figures", "observations") for i in f.get(kind, ())}
    assert named <= known
    assert {p for f in findings.values() for p in f.get("parameters", ())} <= set(
        nb.load_chapter(Project(ROOT), chapter).parameters
    )
    # A constant is a convention of the chapter: a name, a threshold. Results are never that.
    assert sum(bool(f.get("constant")) for f in findings.values()) <= 2


def test_a_finding_without_inputs_would_be_noticed() -> None:
    findings = committed("base_station_growth")
    stripped = {k: v for k, v in findings["pace_one"].items() if k not in KINDS}
    assert without_inputs({**findings, "pace_one": stripped}) == ["pace_one"]


class Changed:
    """Runs a chapter in this process with one printed figure or official value changed, and returns what it records."""

    def __init__(self, chapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.changed = ""
        self.recorded: dict[str, Any] = {}
        edition = load_editions(Project(ROOT))[-1]
        monkeypatch.setattr(nb, "read_context", lambda: RunContext(Project(ROOT), edition.id, edition.as_of))
        monkeypatch.setattr(nb, "chart", lambda *_, **__: None)
        monkeypatch.setattr(nb, "table", lambda *_, **__: None)
        monkeypatch.setattr(nb, "record", self._record)
        monkeypatch.setattr(nb, "_run", None)
        original = Package.lines
        monkeypatch.setattr(Package, "lines", lambda package, name: self._lines(original(package, name), name))
        cells = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4).cells
        self.code = [compile(c.source, chapter, "exec") for c in cells if c.cell_type == "code"]

    def _record(self, name: str, value: Any, *, low: Any = None, high: Any = None, **_: Any) -> None:
        self.recorded[name] = (value.value, value.low, value.high) if isinstance(value, Quantity) else (value, low, high)

    def _lines(self, lines: list[dict[str, str]], name: str) -> list[dict[str, str]]:
        key = {"figures": "figure_id", "observations": "observation_id"}.get(name)
        if key is None or not self.changed:
            return lines
        more = {line[key]: float(line["obs_value"] or 0) * 1.5 for line in lines if line[key] == self.changed}
        return [{**line, "obs_value": repr(more[line[key]])} if line[key] in more else line for line in lines]

    def run(self, figure_id: str = "") -> dict[str, Any]:
        self.changed, self.recorded = figure_id, {}
        space: dict[str, Any] = {"__name__": "chapter"}
        for code in self.code:
            exec(code, space)
        return self.recorded


def unnamed(before: dict[str, Any], after: dict[str, Any], findings: dict[str, dict[str, Any]], figure_id: str) -> list[str]:
    """Return the findings that a changed figure moved without being named among their inputs."""
    moved = [name for name in before if repr(before[name]) != repr(after[name])]
    return [name for name in moved if figure_id not in findings[name].get("figures", ())]


#: A published figure or official value that moves a finding by way of rows, turns of a loop or a lambda.
ROUNDABOUT = [
    ("city_programmes", "figures", "hotline_calls_received", "rates_full"),
    ("city_programmes", "figures", "witnessed_projects", "rates_lowest"),
    ("city_programmes", "figures", "witnessed_projects", "rates_lowest_value"),
    ("internet_of_things", "observations", "population", "expected_cases"),
    ("smart_city_digest", "observations", "cities_prefecture_level_up", "beyond"),
]


@pytest.mark.parametrize(("chapter", "table", "indicator", "finding"), ROUNDABOUT)
def test_a_finding_names_the_input_that_moves_it_on_a_roundabout_way(
    chapter: str, table: str, indicator: str, finding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, changed = committed(chapter)[finding].get(table, ()), Changed(chapter, monkeypatch)
    before = changed.run()
    rows = [row[f"{table[:-1]}_id"] for row in Package(Project(ROOT)).rows(table) if row["indicator"] == indicator]
    moving = [row for row in rows if row in named and repr(changed.run(row)[finding]) != repr(before[finding])]
    assert moving


def test_whatever_a_changed_figure_moves_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = "base_station_growth"
    findings, changed = committed(chapter), Changed(chapter, monkeypatch)
    before = changed.run()
    assert set(before) == set(findings)
    figures = sorted({f for finding in findings.values() for f in finding.get("figures", ())})
    assert len(figures) >= 5
    moved = 0
    for figure_id in figures:
        after = changed.run(figure_id)
        moved += sum(repr(before[n]) != repr(after[n]) for n in before)
        assert unnamed(before, after, findings, figure_id) == []
    assert moved > len(figures)
    # The same check without the names sees them missing.
    bare: dict[str, dict[str, Any]] = {name: {} for name in findings}
    assert unnamed(before, changed.run(figures[0]), bare, figures[0])
