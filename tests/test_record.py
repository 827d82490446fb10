"""What `nb.record` refuses, with a message that names the finding, and that a refusal leaves nothing behind."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from decisionbook import notebook as nb
from decisionbook.analysis.intervals import Interval, Quantity
from decisionbook.data.context import VARIABLE, RunContext
from decisionbook.data.declarations import chapter_names
from decisionbook.project import Project

from .conftest import ROOT

Found = dict[str, dict[str, Any]]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """A chapter that has begun, and the findings that reach its notebook."""
    project, glued = Project(ROOT), Found()
    monkeypatch.setenv(VARIABLE, str(RunContext(project, "test", "2024-09-30").write(tmp_path / "context.json")))
    monkeypatch.setattr(nb, "_run", None)
    monkeypatch.setattr("myst_nb.glue", lambda name, shown, display: glued.update({name: shown.content}))
    nb.start(chapter_names(project)[0], {})
    return glued


@pytest.mark.parametrize(
    ("name", "value", "named", "message"),
    [
        ("two words", 1.0, {}, "a name is an identifier"),
        ("1st", 1.0, {}, "a name is an identifier"),
        ("", 1.0, {}, "a name is an identifier"),
        ("x", math.nan, {}, "not a finite number; record None"),
        ("x", -math.inf, {}, "not a finite number; record None"),
        ("x", Quantity(math.nan, Interval(0.0, 1.0), "%"), {}, "not a finite number; record None"),
        ("x", 1.0, {"low": 2.0, "high": 0.5}, "lower bound 2.0 is above its upper bound 0.5"),
        ("x", 1.0, {"low": math.nan, "high": 2.0}, "a bound is not a number"),
        ("x", 1.0, {"low": 0.0, "high": math.nan}, "a bound is not a number"),
        ("x", "a\x00b", {}, "value"),
        ("x", 1.0, {"unit": "\ud800"}, "unit"),
    ],
)
def test_a_finding_is_refused_by_name_and_can_then_be_recorded(
    found: Found, name: str, value: Any, named: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        nb.record(name, value, **named)
    assert repr(name) in str(refused.value)
    assert found == {}
    nb.record("x", 1.0)
    assert found["x"]["value"] == 1


def test_a_name_is_used_once(found: Found) -> None:
    nb.record("share", 12.5, unit="%")
    with pytest.raises(ValueError, match=r"'share'.*used once"):
        nb.record("share", 13.0, unit="%")
    assert found["share"]["value"] == 12.5


def test_what_is_missing_or_open_is_recorded_as_that(found: Found) -> None:
    nb.record("gone", None)
    nb.record("open", 5.0, low=4.0, high=math.inf)
    assert found["gone"]["value"] == "缺"
    assert (found["open"]["low"], found["open"]["high"]) == (4, None)


def test_nothing_is_recorded_before_the_chapter_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nb, "_run", None)
    with pytest.raises(RuntimeError, match="start the chapter first"):
        nb.record("share", 1.0)
