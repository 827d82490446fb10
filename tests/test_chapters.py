"""Every chapter runs for another region or data set: findings, a generated sentence and a chart change with it."""

from __future__ import annotations

import json
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
            described = data.get(CHART, {}).get("usermeta", {}).get("decisionbook") or data.get(
                "application/vnd.decisionbook.table+json"
            )
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
