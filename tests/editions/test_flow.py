"""An analyst's edition on real input, as the tutorial tells it: begin, change, build, compare, publish, check, warn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.editions.verify import verify
from decisionbook.project import Project

from ..conftest import ROOT
from ..documents import blocks, commands, follow, project_with

CHAPTER = "carbon_market"
TUTORIAL = ROOT / "docs" / "tutorial" / "new_edition.md"


def one_chapter_project(folder: Path) -> Project:
    """Return a copy of the project with one edition of one chapter, and pages that depend on chapters."""
    project = project_with(folder, CHAPTER)
    about = project.book / "about.md"
    blocks = [
        f":::{{edition-has}} {CHAPTER}\n本版有碳市场一章。\n:::\n",
        ":::{edition-has} carbon_market housing_burden\n本版有住房一章，见[住房](housing_burden.ipynb)。\n:::\n",
        ":::{edition-has} housing_burden\n:missing:\n\n本版没有住房一章。\n:::\n",
    ]
    about.write_text(about.read_text(encoding="utf-8") + "\n" + "\n".join(blocks), encoding="utf-8")
    (project.book / "housing_page.md").write_text(
        "---\nneeds: [housing_burden]\n---\n# 住房的一页\n\n{glue:text}`housing_burden::nothing`\n", encoding="utf-8"
    )
    toc = project.book / "_toc.yml"
    toc.write_text(
        toc.read_text(encoding="utf-8").replace("- file: about", "- file: about\n      - file: housing_page"), encoding="utf-8"
    )
    return project


def text_of(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with its first edition published."""
    project = one_chapter_project(tmp_path_factory.mktemp("flow") / "project")
    assert main(["--project", str(project.root), "publish", "--all"]) == 0
    return project


def test_content_depends_on_the_chapters_of_the_edition(first: Project) -> None:
    folder = first.site / "2024.09"
    assert "这是第一版" in text_of(folder / "changes.html")
    assert "本版有碳市场一章。" in text_of(folder / "about.html")
    assert "本版没有住房一章。" in text_of(folder / "about.html")
    assert "见住房" not in text_of(folder / "about.html")
    assert not (folder / "housing_page.html").exists(), "a page that needs a chapter goes with it"
    assert 'src="./../editions.js"' in (folder / "index.html").read_text(encoding="utf-8")
    assert (first.build / "book" / "editions.js").is_file(), "a working build finds the script as well"


def test_the_tutorial_works_as_written(
    first: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(first.root)
    before = {p: p.read_bytes() for p in (first.site / "2024.09").rglob("*") if p.is_file()}
    (change,) = blocks(TUTORIAL, "yaml")
    for number, block in enumerate(blocks(TUTORIAL, "console")):
        for command in commands(block):
            follow(command, capsys)
        if number == 0:
            path = first.editions / "2025.01.yml"
            path.write_text(path.read_text(encoding="utf-8").replace("parameters: {}\n", change), encoding="utf-8")
    assert {p: p.read_bytes() for p in (first.site / "2024.09").rglob("*") if p.is_file()} == before

    old, new = (
        json.loads((first.build / "book" / i / "snapshot.json").read_text(encoding="utf-8")) for i in ("2024.09", "2025.01")
    )
    assert old["chapters"][CHAPTER]["code"] == new["chapters"][CHAPTER]["code"], "injected parameters are no code"
    assert old["sources"] == new["sources"]
    page = text_of(first.site / "2025.01" / "changes.html")
    for words in ("与2024.09版", "碳交易与区块链 years：1 → 2", "参数变动"):
        assert words in page
    assert verify(first.site).problems == []
    assert main(["publish", "--all"]) == 0
    assert "2024.09 is published and stays as it is" in capsys.readouterr().out
