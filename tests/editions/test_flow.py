"""An analyst's edition on real input: build, publish, begin the next, change a parameter, compare, publish."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from decisionbook.cli import main
from decisionbook.editions.verify import verify
from decisionbook.project import Project

from ..conftest import copy_project

pytestmark = pytest.mark.xdist_group("editions")
CHAPTER = "carbon_market"


def one_chapter_project(folder: Path) -> Project:
    """Return a copy of the project with one edition of one chapter, and pages that depend on chapters."""
    project = copy_project(folder)
    for path in project.editions.rglob("*"):
        if path.is_file() and path.name != "2024.09.yml":
            path.unlink()
    newest = project.editions / "2024.09.yml"
    content = yaml.safe_load(newest.read_text(encoding="utf-8")) | {"chapters": [CHAPTER], "parameters": {}}
    newest.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for path in project.notebooks.glob("*.*"):
        if path.stem != CHAPTER:
            path.unlink()
    about = project.book / "about.md"
    blocks = [
        f":::{{edition-has}} {CHAPTER}\n本版有碳市场一章。\n:::\n",
        ":::{edition-has} carbon_market housing_burden\n本版有住房一章，见[住房](housing_burden.ipynb)。\n:::\n",
        ":::{edition-has} housing_burden\n:missing:\n\n本版没有住房一章。\n:::\n",
    ]
    about.write_text(about.read_text(encoding="utf-8") + "\n" + "\n".join(blocks), encoding="utf-8")
    (project.book / "glossary.md").write_text(
        "---\nneeds: [housing_burden]\n---\n# 住房的一页\n\n{glue:text}`housing_burden::nothing`\n", encoding="utf-8"
    )
    return project


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_an_analyst_publishes_the_next_edition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = one_chapter_project(tmp_path / "project")
    run = ["--project", str(project.root)]
    assert main([*run, "publish", "--all"]) == 0
    first = project.site / "2024.09"
    assert "这是第一版" in text_of(first / "changes.html")
    assert "本版有碳市场一章。" in text_of(first / "about.html")
    assert "本版没有住房一章。" in text_of(first / "about.html")
    assert "见住房" not in text_of(first / "about.html")
    assert not (first / "glossary.html").exists(), "a page that needs a chapter goes with it"
    assert 'src="./../editions.js"' in (first / "index.html").read_text(encoding="utf-8")
    assert (project.build / "book" / "editions.js").is_file(), "a working build finds the script as well"

    assert main([*run, "new-edition", "2025.01", "--from", "2024.09", "--summary", "换了覆盖年数。"]) == 0
    path = project.editions / "2025.01.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("parameters: {}", "parameters:\n  carbon_market: {years: 2}"), encoding="utf-8"
    )
    assert main([*run, "build"]) == 0
    capsys.readouterr()
    assert main([*run, "diff", "2024.09", "2025.01"]) == 0
    said = capsys.readouterr().out
    assert "carbon_market.years: 1 -> 2" in said
    moved = json.loads((project.build / "book" / "2025.01" / "changes.json").read_text(encoding="utf-8"))["moved"]
    assert moved
    assert all(entry["causes"][0] == "parameter" for entry in moved)
    old, new = (
        json.loads((project.build / "book" / i / "snapshot.json").read_text(encoding="utf-8")) for i in ("2024.09", "2025.01")
    )
    assert old["chapters"][CHAPTER]["code"] == new["chapters"][CHAPTER]["code"], "injected parameters are no code"
    assert old["sources"] == new["sources"]
    assert main([*run, "publish"]) == 0
    page = text_of(project.site / "2025.01" / "changes.html")
    assert "与2024.09版" in page
    assert "碳交易与区块链 years：1 → 2" in page
    assert "参数变动" in page
    assert verify(project.site).problems == []
    assert main([*run, "publish", "--all"]) == 0
    assert "2024.09 is published and stays as it is" in capsys.readouterr().out
    with (project.build / "book" / "2025.01" / "about.html").open("a", encoding="utf-8") as handle:
        handle.write(" ")
    assert main([*run, "publish", "2025.01"]) == 1
    assert "was edited by hand" in capsys.readouterr().err
