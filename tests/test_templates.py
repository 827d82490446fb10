"""Missing data stay missing until an analyst supplies them; then the chapter computes them. All values here are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisionbook.data.context import RunContext
from decisionbook.editions.definition import find_edition
from decisionbook.project import Project
from decisionbook.runs.execute import execute

PROCUREMENT = """year,county,project,scene,amount
2022,甲县,平台,政务服务,200
2022,甲县,机房,,800
2022,乙县,路灯,城市治理,100
2022,乙县,网络,,900
2023,甲县,平台二期,政务服务,500
2023,甲县,机房,,500
2023,乙县,旅游,文旅,150
2023,乙县,网络,,850
"""


def run_with(project: Project, chapter: str, table: str, text: str, folder: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Return the findings of a chapter without and with a filled template."""
    path = folder / f"{table}.csv"
    path.write_text(text, encoding="utf-8")
    edition = find_edition(project, None)
    plain = execute(chapter, RunContext(project, edition.id, edition.as_of), folder / "plain.ipynb")
    filled = execute(chapter, RunContext(project, edition.id, edition.as_of, {table: path}), folder / "filled.ipynb")
    return ({n: f["value"] for n, f in r.findings.items()} for r in (plain, filled))  # type: ignore[return-value]


def test_procurement_records_give_the_shares_that_the_briefing_does_not(project: Project, tmp_path: Path) -> None:
    plain, filled = run_with(project, "county_smart_cities", "procurement_records", PROCUREMENT, tmp_path)
    assert (plain["records_share_first"], plain["records_share_last"]) == ("缺", "缺")
    assert filled["records_share_first"] == pytest.approx(300 / 2000 * 100)
    assert filled["records_share_last"] == pytest.approx(650 / 2000 * 100)
    assert filled["records_scene_kinds"] == 2  # in the last year


def test_city_scores_are_scored_and_ranked(project: Project, tmp_path: Path) -> None:
    cities = {"450100": 0.8, "450200": 0.6, "450300": 0.7}
    rows = [f"{city},{node},{score}" for city, score in cities.items() for node in range(1, 6)]
    text = "\n".join(["ref_area,node_id,score", *rows]) + "\n"
    plain, filled = run_with(project, "smart_city_index", "index_scores", text, tmp_path)
    changed = [n for n in plain if plain[n] == "缺" and n in filled and filled[n] != "缺"]
    assert changed, "no finding was computed from the scores"


@pytest.mark.parametrize("city_prices", [{"450000": 6000.0, "440000": 15000.0, "510000": 8000.0}])
def test_housing_templates_give_the_ranking_that_the_source_shows_without_data(
    project: Project, tmp_path: Path, city_prices: dict[str, float]
) -> None:
    rows = [f"{area},2021,{price},40000,20,15" for area, price in city_prices.items()]
    text = "\n".join(["ref_area,time_period,price,income,rent,coverage", *rows]) + "\n"
    plain, filled = run_with(project, "housing_burden", "housing_provinces", text, tmp_path)
    changed = [n for n in plain if plain[n] == "缺" and n in filled and filled[n] != "缺"]
    assert changed, "no finding was computed from the provinces"
