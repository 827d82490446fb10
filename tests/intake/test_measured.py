"""How well the sources are read, held to what was promised; and a reader that is spoilt falls below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisionbook.data.coverage import read_sources
from decisionbook.data.package import Package
from decisionbook.intake import planting
from decisionbook.intake.measure import Score, measure
from decisionbook.project import Project


@pytest.fixture(scope="module")
def scores(project: Project, sources: Path) -> dict[str, Score]:
    return {s.source_id: s for s in measure(Package(project), sources)}


@pytest.mark.parametrize("source_id", ["000", "001", "002", "003", "004", "all"])
def test_places_values_and_units_are_read(scores: dict[str, Score], source_id: str) -> None:
    score = scores[source_id]
    assert score.found >= 0.98 * score.figures
    assert score.fields["value"] >= 0.95 * score.found
    assert score.fields["unit"] >= 0.95 * score.found
    assert score.fields["qualifier"] >= 0.95 * score.found


def test_what_is_drafted_is_mostly_a_figure(scores: dict[str, Score]) -> None:
    total = scores["all"]
    assert total.drafted_right >= 0.88 * total.drafted
    assert total.sure_right >= 0.95 * total.sure


def test_candidate_formulas_hit_more_often_than_not(scores: dict[str, Score]) -> None:
    total = scores["all"]
    assert total.formulas_found >= 0.5 * total.formulas
    assert total.formulas_found >= 0.7 * total.candidates


def test_a_reader_without_units_is_found_out(project: Project, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import decisionbook.intake.makers as makers

    monkeypatch.setattr(makers, "_unit", lambda scale, unit, bare: "个")
    total = measure(Package(project), sources)[-1]
    assert total.fields["unit"] < 0.95 * total.found


def test_the_sources_as_printed_raise_few_remarks_and_planted_errors_are_seen(project: Project, sources: Path) -> None:
    package = Package(project)
    rows = [r for r in package.rows("sources") if r["source_id"] in ("000", "004")]
    texts = read_sources(package, sources)
    made = [planting.Printed(package, r["source_id"], r["published_on"], texts[r["source_id"]]) for r in rows]
    assert sum(len(s.before[True]) for s in made) <= 0.02 * sum(len(s.numbers) for s in made)
    income = next(n for n in made[0].numbers if n.published == "425 亿元")
    assert made[0].are_found([(*income.core, "452")])[0]
    assert not made[0].are_found([(*income.core, "４２５")])[0]


def test_a_reprint_with_one_number_changed_is_seen_only_by_who_knows_the_first_print(project: Project, sources: Path) -> None:
    package = Package(project)
    row = next(r for r in package.rows("sources") if r["source_id"] == "003")
    reprint = planting.Printed(package, "003", row["published_on"], read_sources(package, sources)["003"])
    centres = next(n for n in reprint.numbers if n.published == "787个")
    assert reprint.are_found([(*centres.core, "727")]) == (False, True)
