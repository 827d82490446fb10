"""What a chapter gets from `nb`: the latest vintage, the right unit, the precision of its digits; and what it is told."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from decisionbook import notebook as nb
from decisionbook.data.context import RunContext, read_context
from decisionbook.data.figures import decimals
from decisionbook.errors import InputError
from decisionbook.project import Project

from .conftest import ROOT

Start = Callable[..., None]
COLUMNS = (ROOT / "data" / "observations.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
ROW = dict.fromkeys(COLUMNS, "") | {
    "indicator": "gdp", "ref_area": "450000", "time_period": "1990", "unit_measure": "亿元", "obs_status": "A",
    "publisher": "p", "title": "t", "confidence": "high",
}  # fmt: skip


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    """Return a function that starts a chapter in this process with these observations in the place of the project's."""

    def begin(*rows: dict[str, str]) -> None:
        path = tmp_path / "observations.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROW | {"observation_id": f"X-{n}"} | row for n, row in enumerate(rows))
        monkeypatch.setattr(nb, "_run", None)
        monkeypatch.setattr(
            nb, "read_context", lambda: RunContext(Project(ROOT), "2024.09", "2024-09-30", {"observations": path})
        )
        nb.start("visitor_flow", {})

    return begin


def vintages(order: Sequence[int]) -> list[dict[str, str]]:
    given = [("2022-04-30", "preliminary", "100.5"), ("2024-08-31", "2024", "102.25"), ("2024-12-31", "2025", "999")]
    return [dict(zip(("published_by", "vintage", "obs_value"), given[n], strict=True)) for n in order]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_several_vintages_the_last_that_is_out_counts_in_whatever_order_they_stand(
    start: Start, order: tuple[int, ...]
) -> None:
    start(*vintages(order))
    found = nb.value("gdp", "广西", "1990")
    assert (found.value, found.low, found.high) == (102.25, pytest.approx(102.245), pytest.approx(102.255))
    assert nb.value("gdp", "广西", "1990", vintage="preliminary").value == 100.5


@pytest.mark.parametrize(("number", "expected"), [(2.5, 1), (300, 0), (0.0, 0), (1e-7, 7), (1.5e-7, 8), (1e22, 0), (-0.125, 3)])
def test_a_number_has_as_many_decimals_as_it_shows(number: float, expected: int) -> None:
    assert decimals(number) == expected


def test_a_very_small_value_keeps_its_precision(start: Start) -> None:
    start({"published_by": "2020-01-01", "obs_value": "0.0000002"})
    found = nb.value("gdp", "广西", "1990")
    assert (found.low, found.high) == (pytest.approx(1.5e-7), pytest.approx(2.5e-7))


def test_a_zero_that_is_printed_counts_as_a_digit(start: Start) -> None:
    start({"published_by": "2020-01-01", "obs_value": "73.0"})
    found = nb.value("gdp", "广西", "1990")
    assert (found.value, found.low, found.high) == (73, pytest.approx(72.95), pytest.approx(73.05))


def test_what_comes_out_on_the_day_of_the_edition_is_known(start: Start) -> None:
    start({"published_by": "2024-10-01", "obs_value": "1"}, {"published_by": "2024-09-30", "obs_value": "2"})
    assert nb.value("gdp", "广西", "1990").value == 2


def test_a_value_comes_in_the_unit_that_is_asked_for(start: Start) -> None:
    start({"published_by": "2020-01-01", "obs_value": "2.5"})
    found = nb.value("gdp", "广西", "1990", unit="万元")
    assert (found.value, found.unit) == (pytest.approx(25_000), "万元")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nb.value("gdp", "广西", "1990", unit="万人"), "two units of one dimension"),
        (lambda: nb.value("gdp", "广西", "1990", unit="亿圆"), "no unit '亿圆'"),
        (lambda: nb.observations(indicators="gdp"), 'Did you mean "indicator"?'),
        (lambda: nb.figures(chaptr="carbon_market"), 'Did you mean "chapter"?'),
        (lambda: nb.area_name("45000"), "the code of an area. Did you mean"),
        (lambda: nb.area_code("广西省"), "the name of an area"),
    ],
    ids=["dimension", "unit", "observations", "figures", "code", "name"],
)
def test_a_slip_is_told_with_what_was_meant(start: Start, call: Callable[[], Any], words: str) -> None:
    start({"published_by": "2020-01-01", "obs_value": "2.5"})
    with pytest.raises(InputError) as told:
        call()
    assert words in str(told.value)


def test_bounds_the_wrong_way_round_are_refused(start: Start) -> None:
    start()
    with pytest.raises(ValueError, match=r"lower bound 3.* above"):
        nb.record("x", 2.0, low=3.0, high=1.0)


def test_a_finding_that_was_refused_may_be_recorded_then(start: Start) -> None:
    start()
    with pytest.raises(ValueError, match="finite"):
        nb.record("x", float("nan"))
    nb.record("x", 1.0)
    with pytest.raises(ValueError, match="used once"):
        nb.record("x", 1.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "found no edition"), ("title: [", "YAML in UTF-8"), ("- a\n", "no id or no as_of"), ("id: a\n", "no id or no as_of")],
)
def test_a_project_without_a_readable_edition_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "datapackage.json").write_text("{}", encoding="utf-8")
    (tmp_path / "book" / "editions").mkdir(parents=True)
    if content is not None:
        (tmp_path / "book" / "editions" / "a.yml").write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words.replace("[", r"\[")):
        read_context()
