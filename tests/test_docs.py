"""README and docs/: every command works, both languages say the same, and the pages build without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docx import Document

from decisionbook.project import Project

from .conftest import ROOT
from .documents import Command, blocks, commands, follow, project_with

READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
DOCS = ROOT / "docs"
# Their commands have tests of their own, stand in the README too, or need a published site.
ELSEWHERE = {
    "new_edition.md", "publish_air_gapped.md", "intake.md", "proof.md", "from_briefing.md", "documents.md",
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = project_with(tmp_path_factory.mktemp("docs") / "project", "carbon_market", "visitor_flow")
    (project.root / "mine.csv").write_bytes((project.data / "visitor_measures.csv").read_bytes())
    draft = Document()
    draft.add_paragraph("全区有三类项目，甲类10个、乙类20个、丙类30个，共有61个。")
    draft.save(str(project.root / "draft.docx"))
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "environment.yml"):
        shutil.copy2(ROOT / name, project.root / name)
    # `new` adds the parameters under which a chapter is tested.
    (project.root / "tests").mkdir(exist_ok=True)
    shutil.copy2(ROOT / "tests" / "alternatives.json", project.root / "tests" / "alternatives.json")
    return project


def all_commands(path: Path) -> list[Command]:
    return [command for block in blocks(path, "console") for command in commands(block)]


def test_every_command_of_the_readme_works(
    small: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small.root)
    for command in all_commands(READMES[0]):
        words = command.words
        if words[0] == "make":
            done = subprocess.run(["make", "-n", words[1]], cwd=small.root, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        elif words[0] == "cp":
            subprocess.run(words, cwd=small.root, check=True)
        elif words[:3] == ["python3", "-m", "venv"] or words[0].endswith("/python"):
            # CI's own set-up runs these; here only what they name must exist.
            if "-r" in words:
                assert (ROOT / words[words.index("-r") + 1]).is_file()
        else:
            # A draft with a wrong sum is a failed check.
            command.code = 1 if "proof" in words else 0
            command.words = ["decisionbook", *words[1:]]
            follow(command, capsys)


def test_both_readmes_have_the_same_commands_tables_and_sections() -> None:
    english, chinese = (path.read_text(encoding="utf-8") for path in READMES)
    assert [c.words for c in all_commands(READMES[0])] == [c.words for c in all_commands(READMES[1])]

    def headings(text: str) -> list[int]:
        return [len(mark) for mark in re.findall(r"(?m)^(#+) ", text)]

    def rows(text: str) -> list[int]:
        return [line.count("|") for line in text.splitlines() if line.startswith("|")]

    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)#]+)\)", text)) - {"README.md", "README.zh-CN.md"}

    def numbers(text: str) -> list[str]:
        return sorted(re.findall(r"\d+(?:\.\d+)?(?= ?×)", text))

    assert headings(english) == headings(chinese)
    assert rows(english) == rows(chinese)
    assert links(english) == links(chinese)
    assert numbers(english) == numbers(chinese)


def test_conda_and_hosted_ci_name_files_that_exist() -> None:
    text = READMES[0].read_text(encoding="utf-8")
    assert "conda env create -f environment.yml" in text
    assert (ROOT / "environment.yml").is_file()
    assert list((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if "```console" in p.read_text(encoding="utf-8"))
)
def test_every_command_of_the_docs_works(
    small: Project, page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if Path(page).name in ELSEWHERE:
        pytest.skip("followed by a test of its own")
    monkeypatch.chdir(small.root)
    for command in all_commands(DOCS / page):
        follow(command, capsys)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as web pages, built from a copy."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT, folder / "project", ignore=_only_what_docs_need)
    line = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html", str(folder / "project" / "docs")]
    done = subprocess.run([*line, str(folder / "html")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def _only_what_docs_need(folder: str, names: list[str]) -> set[str]:
    if Path(folder) != ROOT:
        return {name for name in names if name in ("__pycache__", "generated")}
    return {name for name in names if name not in ("docs", "data", "notebooks", "book")}


def test_the_documentation_builds_without_a_warning_and_asks_nothing_of_the_network(site: Path) -> None:
    loads = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^"']*""")
    for page in site.rglob("*.html"):
        assert loads.search(page.read_text(encoding="utf-8")) is None, page


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    text = {p.stem: p.read_text(encoding="utf-8") for p in (site / "reference" / "generated").glob("*.html")}
    assert text.keys() == {"cli", "parameters", "data", "findings"}
    assert "--grid" in text["cli"]
    assert "trading_days" in text["parameters"]
    assert "char_start" in text["data"]
    assert "coverage" in text["findings"]


def test_every_page_of_the_docs_is_reached_from_the_index(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    pages = {p.relative_to(site).as_posix() for p in site.rglob("*.html")} - {"index.html", "genindex.html", "search.html"}
    assert {page for page in pages if f'href="{page}' not in index} == set()
