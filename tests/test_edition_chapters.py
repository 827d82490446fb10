"""Every chapter in every edition: no hole where a number should stand, no source from the future, a brief with data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from decisionbook.data.context import RunContext
from decisionbook.data.declarations import load_chapter
from decisionbook.data.package import Package
from decisionbook.editions.clauses import GLUE
from decisionbook.editions.definition import Edition, find_edition, load_editions
from decisionbook.notebook import TABLE_MIME
from decisionbook.project import Project
from decisionbook.runs.execute import execute, findings_of

from .conftest import ROOT

CHART = "application/vnd.vegalite.v6+json"
# How a missing finding reads, and how a caption names a source.
MISSING = "缺"
SOURCE = re.compile(r"(?<!\d)00\d(?!\d)")


EDITIONS = load_editions(Project(ROOT))


def run_of(edition: Edition, chapter: str, folder: Path) -> nbformat.NotebookNode:
    """Return a chapter as an edition has it; the newest one's runs are the committed notebooks."""
    if edition == EDITIONS[-1]:
        return nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    context = RunContext(Project(ROOT), edition.id, edition.as_of)
    output = folder / f"{chapter}.ipynb"
    execute(chapter, context, output, edition.parameters.get(chapter, {}))
    return nbformat.read(output, as_version=4)


def described_of(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """Return what charts and tables say of themselves."""
    data = [output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    charts = [d[CHART]["usermeta"]["decisionbook"] for d in data if CHART in d]
    return [*charts, *(d[TABLE_MIME] for d in data if TABLE_MIME in d)]


def holes(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the missing findings that prose quotes: 缺 where a reader expects a number or a name."""
    missing = {name for name, finding in findings_of(notebook).items() if finding["value"] == MISSING}
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return sorted(missing & {quoted.partition(":")[0] for quoted in GLUE.findall(prose)})


def foreign(notebook: nbformat.NotebookNode, edition: Edition) -> list[str]:
    """Return the charts and tables whose caption names a source that the edition does not have."""
    known = {row["source_id"] for row in Package(Project(ROOT), {}, edition.as_of).rows("sources")}
    return [shown["name"] for shown in described_of(notebook) if not set(SOURCE.findall(shown["source"])) <= known]


# One test a chapter, not three: each would run the chapter anew in a worker of its own.
@pytest.mark.parametrize(("edition", "chapter"), [pytest.param(e, c, id=f"{e.id}-{c}") for e in EDITIONS for c in e.chapters])
def test_a_chapter_of_an_edition_says_what_that_edition_knows(edition: Edition, chapter: str, tmp_path: Path) -> None:
    notebook = run_of(edition, chapter, tmp_path)
    assert holes(notebook) == []
    assert foreign(notebook, edition) == []
    charts = {shown["name"]: shown for shown in described_of(notebook) if "alt" in shown}
    brief = charts[load_chapter(Project(ROOT), chapter).brief_chart or next(iter(charts))]
    assert any(None not in row for row in brief["data"]["rows"]), "the chart of the brief shows no data"


@pytest.mark.parametrize("early", ["2019.12", "2021.07"])
def test_a_chapter_before_its_sources_is_seen_to_have_holes(early: str, tmp_path: Path) -> None:
    edition = find_edition(Project(ROOT), early)
    notebook = run_of(edition, "city_programmes", tmp_path)
    assert "accounts_per_head" in holes(notebook)
    # Its captions name what the edition has, which is none of what they name later.
    assert foreign(notebook, edition) == []
    assert foreign(run_of(EDITIONS[-1], "city_programmes", tmp_path), edition)
