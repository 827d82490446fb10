"""Every chapter runs for another region or data set: findings, a generated sentence and a chart change with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from decisionbook.data.context import RunContext
from decisionbook.data.declarations import chapter_names, load_chapter
from decisionbook.data.package import Package
from decisionbook.editions.definition import find_edition
from decisionbook.project import Project
from decisionbook.runs.execute import execute, findings_of

from .conftest import ROOT

CHART = "application/vnd.vegalite.v6+json"
TABLE = "application/vnd.decisionbook.table+json"
# One alternative set for each chapter: another area, another reading, or an analyst's own numbers.
ALTERNATIVES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "alternatives.json").read_text(encoding="utf-8"))


def charts_of(notebook: nbformat.NotebookNode) -> list[str]:
    return [
        json.dumps(output["data"][CHART], ensure_ascii=False, sort_keys=True)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if CHART in output.get("data", {})
    ]


def test_every_chapter_has_an_alternative(project: Project) -> None:
    assert set(ALTERNATIVES) == set(chapter_names(project))


@pytest.mark.parametrize("chapter", sorted(ALTERNATIVES))
def test_a_chapter_runs_for_other_parameters(chapter: str, project: Project, tmp_path: Path) -> None:
    declared = load_chapter(project, chapter)
    declared.check(ALTERNATIVES[chapter], Package(project).areas_by_name())
    edition = find_edition(project, None)
    result = execute(chapter, RunContext(project, edition.id, edition.as_of), tmp_path / "run.ipynb", ALTERNATIVES[chapter])
    committed = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    before = findings_of(committed)
    numbers = [n for n, f in before.items() if n in result.findings and not isinstance(f["value"], str)]
    texts = [n for n, f in before.items() if n in result.findings and isinstance(f["value"], str)]
    assert any(result.findings[n]["value"] != before[n]["value"] for n in numbers), "no finding changed"
    assert any(result.findings[n]["value"] != before[n]["value"] for n in texts), "no generated text changed"
    assert charts_of(nbformat.read(result.notebook, as_version=4)) != charts_of(committed), "no chart changed"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_chapter_has_the_shape_of_a_chapter(path: Path) -> None:
    text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
    heads = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    positions = [heads.index(head) for head in ("要点", "参数", "复核", "建议台账", "English abstract")]
    assert positions == sorted(positions)
    for directive in ("{parameters}", "{reconciliation}", "{recommendations}"):
        assert directive in text
    assert "翻转点：" in text


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_charts_and_tables_are_captioned_and_referred_to(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            described = data.get(CHART, {}).get("usermeta", {}).get("decisionbook") or data.get(TABLE)
            if described:
                assert described["caption"]
                assert f"`{described['name']}`" in text, f"{described['name']} is shown but not referred to"
                if CHART in data:
                    assert len(described["alt"]) >= 10
                    assert described["source"]
                    assert described["data"]["rows"]


@pytest.mark.parametrize("growth", [11.0, 17.5, 32.0])
def test_the_catch_up_slider_says_what_the_function_says(growth: float, project: Project, tmp_path: Path) -> None:
    """The page computes the readout with Vega; to the last digit shown it is the recorded finding."""
    edition = find_edition(project, None)
    context = RunContext(project, edition.id, edition.as_of)
    result = execute("industry_revenue_share", context, tmp_path / "run.ipynb", {"growth": growth})
    specs = [json.loads(c) for c in charts_of(nbformat.read(result.notebook, as_version=4))]
    described = next(s["usermeta"]["decisionbook"] for s in specs if s["usermeta"]["decisionbook"].get("sliders"))
    assert described["sliders"][0]["base"] == growth
    shown = round(float(described["readouts"][0]["value"]), described["readouts"][0]["digits"])
    assert shown == round(result.findings["catch_up_years"]["value"], 1)


def committed(chapter: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)


def described_charts(chapter: str) -> dict[str, dict[str, Any]]:
    described = [json.loads(c)["usermeta"]["decisionbook"] for c in charts_of(committed(chapter))]
    return {d["name"]: d for d in described}


def table_rows(chapter: str, name: str) -> list[list[Any]]:
    shown = [o["data"].get(TABLE) for c in committed(chapter).cells for o in c.get("outputs", []) if "data" in o]
    return next(t["rows"] for t in shown if t and t["name"] == name)


def test_one_quantity_has_one_value_in_every_chapter() -> None:
    """The nation's software growth is the official rate wherever it is published, and the quotient is told beside it."""
    share, goals = (findings_of(committed(c)) for c in ("industry_revenue_share", "digital_targets"))
    for name in ("nation_growth", "nation_growth_year"):
        assert share[name]["value"] == goals[name]["value"]
    for text in (share["target_sentence"]["value"], goals["nation_growth_note"]["value"]):
        assert "两年公布总额相除是" in text
    assert "可比口径" in goals["nation_growth_basis"]["value"]


@pytest.mark.parametrize("chapter", sorted(ALTERNATIVES))
def test_the_data_behind_a_chart_tell_no_date_as_a_decimal_year(chapter: str) -> None:
    # Printed without decimals, the 25 July 2022 would read 2023 and the end of 2020 would read 2021.
    for name, described in described_charts(chapter).items():
        for column, values in zip(described["data"]["columns"], zip(*described["data"]["rows"], strict=True), strict=True):
            years = not column["unit"] and all(isinstance(v, int | float) and 1900 < v < 2200 for v in values)
            assert not (years and any(v != int(v) for v in values)), f"{name}: {column['title']}"


@pytest.mark.parametrize("chapter", sorted(ALTERNATIVES))
def test_no_interval_label_has_a_middle_outside_its_bounds(chapter: str) -> None:
    for chart in charts_of(committed(chapter)):
        for shown in re.findall(r'"label": "([\d,.]+)%?（([\d,.]+)%?—([\d,.]+)%?）"', chart):
            middle, low, high = (float(n.replace(",", "")) for n in shown)
            assert low <= middle <= high, shown


def test_a_scoring_tool_without_scores_starts_where_the_sample_stands() -> None:
    tool = described_charts("smart_city_index")["fig-index-tool"]
    score, sample, apart = (round(float(r["value"]), r["digits"]) for r in tool["readouts"])
    assert score == sample
    assert apart == 0
    assert all("南宁" not in r["label"] for r in tool["readouts"])


def test_the_difference_that_the_scoring_tool_shows_is_that_of_the_totals_it_shows(project: Project, tmp_path: Path) -> None:
    edition = find_edition(project, None)
    scores = {
        "score_technology": 0.4567,
        "score_resource": 0.3333,
        "score_platform": 0.6661,
        "score_management": 0.5,
        "score_service": 0.77,
    }
    result = execute("smart_city_index", RunContext(project, edition.id, edition.as_of), tmp_path / "run.ipynb", scores)
    specs = [json.loads(c)["usermeta"]["decisionbook"] for c in charts_of(nbformat.read(result.notebook, as_version=4))]
    readouts = next(s for s in specs if s["name"] == "fig-index-tool")["readouts"]
    score, sample, apart = (round(float(r["value"]), r["digits"]) for r in readouts)
    assert apart == pytest.approx(score - sample, abs=1e-9)
    assert apart != 0


def test_forecasts_are_told_as_forecasts_among_the_printed_sizes() -> None:
    years = {(row[0], row[1]): row[2] for row in table_rows("metaverse_value_chain", "tab-metaverse-sizes")}
    assert "预计" in years["元宇宙市场规模", "全国"]
    assert "预计" not in years["元宇宙市场规模", "世界"]


def test_a_target_of_everything_is_not_called_beyond_judgement() -> None:
    rows = {row[0]: row for row in table_rows("digital_targets", "tab-targets")}
    whole = rows["5G网络覆盖全部城市和乡镇"]
    assert whole[1].startswith("全部")
    assert "不能判断" not in whole[3]
    findings = findings_of(committed("digital_targets"))
    assert findings["numeric_count"]["value"] == sum("%" in r[1] or "亿元" in r[1] for r in rows.values())


def test_what_must_be_checked_first_is_no_target(project: Project) -> None:
    # A goal that a plan sets cannot turn out to be in error.
    roles = {row["figure_id"]: row["role"] for row in Package(project).rows("figures")}
    listed = [row[1] for row in table_rows("policy_timeline", "tab-policy-load")]
    assert listed
    assert [figure for figure in listed if roles[figure] == "target"] == []


def test_an_effect_counts_as_checkable_only_where_its_levels_may_be_compared() -> None:
    findings = findings_of(committed("smart_city_digest"))
    unlike = {row[1]: row[4] for row in table_rows("smart_city_digest", "tab-digest-same")}
    # The one effect with both levels printed is a rank among an unknown number of cities.
    assert unlike["前五"] == "不可比"
    assert findings["effects_printed"]["value"] == 1
    assert findings["effects_checkable"]["value"] == 0
    assert "不能相比" in findings["effects_note"]["value"]


def test_the_ratio_of_turnovers_is_told_as_the_bound_that_trailing_zeros_leave() -> None:
    findings = findings_of(committed("carbon_market"))
    assert findings["turnover_ratio_coarse"]["value"] < findings["turnover_ratio_low"]["value"]
    front = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    for text in (front, "".join(c.source for c in committed("carbon_market").cells if "## 要点" in c.source)):
        assert re.search(r"(?m)^(?:至少 )?\{glue:text\}`(?:carbon_market::)?turnover_ratio_coarse:\.0f` 倍$", text)


def test_a_rate_that_the_analyst_gives_has_no_doubtful_zeros(project: Project, tmp_path: Path) -> None:
    edition = find_edition(project, None)
    given = {"turnover": 4.0, "rival_turnover": 400.0}
    found = execute("carbon_market", RunContext(project, edition.id, edition.as_of), tmp_path / "run.ipynb", given).findings
    assert found["turnover_ratio_coarse"]["value"] == found["turnover_ratio"]["value"] == 100
    assert found["ratio_word"]["value"] == "正是"


def test_problems_found_are_no_share_of_the_projects_witnessed() -> None:
    findings = findings_of(committed("city_programmes"))
    drawn = described_charts("city_programmes")["fig-programmes-completion"]["data"]["rows"]
    assert findings["rates"]["value"] == len(drawn)
    assert not [row for row in drawn if "问题" in row[0]]
    assert findings["problems_per_hundred"]["value"] > 0
