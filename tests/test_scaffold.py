"""`decisionbook new`: the chapter works at once, and whatever goes wrong the project is as it was."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from decisionbook.cli import main
from decisionbook.data.declarations import load_chapter
from decisionbook.editions import scaffold
from decisionbook.editions.definition import find_edition
from decisionbook.editions.publish import records_folder
from decisionbook.editions.scaffold_series import choose_series
from decisionbook.project import Project
from decisionbook.runs.execute import findings_of

from .conftest import ROOT, copy_project
from .editions.test_flow import one_chapter_project

NAME = "regional_output"


def contents(project: Project) -> dict[str, bytes]:
    """Return every file of a project below its root, without what a build leaves."""
    return {
        p.relative_to(project.root).as_posix(): p.read_bytes()
        for p in project.root.rglob("*")
        if p.is_file() and "_build" not in p.parts and "__pycache__" not in p.parts
    }


def new(project: Project, *words: str) -> int:
    return main(["--project", str(project.root), "new", *words])


def open_project(folder: Path) -> Project:
    """Return a copy of the project whose editions are not published: a chapter can be added to the newest one."""
    project = copy_project(folder)
    shutil.rmtree(records_folder(project), ignore_errors=True)
    return project


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one chapter, with the tests of chapters, in which a second chapter was begun."""
    project = one_chapter_project(tmp_path_factory.mktemp("new") / "project")
    (project.root / "tests").mkdir()
    for name in ("__init__.py", "conftest.py", "test_chapters.py", "test_cli.py", "test_prose.py", "alternatives.json"):
        shutil.copy(ROOT / "tests" / name, project.root / "tests" / name)
    assert new(project, NAME, "--title", "地区产出", "--title-en", "Regional output", "--source", "000") == 0
    return project


def test_the_chapter_is_declared_listed_and_in_the_edition(begun: Project) -> None:
    chapter = load_chapter(begun, NAME)
    assert (chapter.title, chapter.title_en, chapter.sources) == ("地区产出", "Regional output", ("000",))
    assert find_edition(begun, None).chapters[-1] == NAME
    toc = yaml.safe_load((begun.book / "_toc.yml").read_text(encoding="utf-8"))
    (part,) = [p for p in toc["parts"] if NAME in [c["file"] for c in p["chapters"]]]
    assert part["caption"] == chapter.part
    assert NAME in json.loads((begun.root / "tests" / "alternatives.json").read_text(encoding="utf-8"))


def test_comments_of_edited_files_stay(begun: Project) -> None:
    before = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8").splitlines()
    after = (begun.book / "_toc.yml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if NAME not in line and "housing_page" not in line] == before


def test_its_numbers_are_those_of_the_data(begun: Project) -> None:
    findings = findings_of(nbformat.read(begun.notebook(NAME), as_version=4))
    chapter = load_chapter(begun, NAME)
    package = find_edition(begun, None).package(begun)
    series = choose_series(package, None, None)
    values = {
        row["time_period"]: row["obs_value"]
        for row in package.rows("observations")
        if (row["indicator"], row["ref_area"], row["vintage"] or "") == (series.indicator, "450000", series.vintage)
    }
    assert findings["last"]["value"] == pytest.approx(values[chapter.defaults["end"]])
    first, last = values[chapter.defaults["start"]], values[chapter.defaults["end"]]
    assert findings["change"]["value"] == pytest.approx(last - first)
    assert findings["change"]["low"] < last - first < findings["change"]["high"]


def test_the_chapters_own_tests_and_nbval_pass(begun: Project) -> None:
    """One process for both: most of its time is spent on starting."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval",
        f"notebooks/{NAME}.ipynb",
        "tests",
        "-k",
        NAME,
    ]
    done = subprocess.run(command, cwd=begun.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    cells = sum(c.cell_type == "code" for c in nbformat.read(begun.notebook(NAME), as_version=4).cells)
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= cells + 6, done.stdout


def test_it_is_checked_run_and_built(begun: Project) -> None:
    root = str(begun.root)
    assert main(["--project", root, "check"]) == 0
    assert main(["--project", root, "run", NAME, "-p", "area=广东", "--no-page"]) == 0
    again = json.loads((begun.build / "runs" / NAME / "findings.json").read_text(encoding="utf-8"))
    assert again[f"{NAME}.area_en"]["value"] == "Guangdong"
    assert main(["--project", root, "build", "--no-pdf"]) == 0
    page = (begun.build / "book" / "2024.09" / f"{NAME}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    for words in ("地区产出", "翻转点：", "亿元", "Guangxi, gross regional product"):
        assert words in text
    assert "None" not in text


def test_a_module_comes_with_a_test_that_passes(tmp_path: Path) -> None:
    project = open_project(tmp_path / "project")
    (project.root / "scripts" / "decisionbook" / "analysis").mkdir(parents=True)
    request = scaffold.Request(NAME, module=True, indicator="urbanisation_rate")
    plan = scaffold.plan_chapter(project, request)
    module, test = (plan.created[path].decode("utf-8") for path in scaffold._module_paths(project, NAME))
    cells = nbformat.reads(plan.created[project.notebook(NAME)].decode("utf-8"), as_version=4).cells
    assert any(f"{NAME}.yearly_pace(" in cell.source for cell in cells)
    assert "百分点" in "".join(cell.source for cell in cells), "shares differ by percentage points"
    # Run as they are, with the module under the name that the test imports.
    namespace: dict[str, object] = {}
    exec(compile(module.replace("from .growth", "from decisionbook.analysis.growth"), "module", "exec"), namespace)
    body = test.replace(f"from decisionbook.analysis.{NAME} import yearly_pace\n", "")
    checks: dict[str, object] = {"yearly_pace": namespace["yearly_pace"]}
    exec(compile(body, "test", "exec"), checks)
    ran = [check() for name, check in checks.items() if name.startswith("test_") and callable(check)]
    assert len(ran) == 2


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = open_project(tmp_path / "project")
    before = contents(project)
    assert new(project, NAME, "--dry-run") == 0
    assert f"would write  notebooks/{NAME}.ipynb" in capsys.readouterr().out
    assert contents(project) == before


REFUSED = {
    "capital letters": (["Output"], "small letters"),
    "a digit first": (["5g_output"], "small letters"),
    "a path": (["../output"], "small letters"),
    "a Python word": (["class"], "taken by Python"),
    "a Windows device": (["com1"], "taken by Python or by Windows"),
    "too long": (["a" * 41], "at most 40"),
    "a chapter": (["carbon_market"], "a chapter has this name"),
    "a page": (["method"], "a page of the book"),
    "an unknown source": ([NAME, "--source", "0O3"], 'Did you mean "003"?'),
    "an unknown area": ([NAME, "--area", "广酉"], 'Did you mean "广西"?'),
    "an unknown indicator": ([NAME, "--indicator", "gpd"], 'Did you mean "gdp"?'),
    "an indicator without a series": ([NAME, "--indicator", "household_size"], "two periods of 广西"),
    "an unknown part": ([NAME, "--part", "民声"], 'Did you mean "民生"?'),
    "an unknown edition": ([NAME, "--edition", "2024.9"], 'Did you mean "2024.09"?'),
    "markup in a title": ([NAME, "--title", "标题 {glue:text}`x`"], "without marks of Markdown"),
    "two lines in a title": ([NAME, "--title", "标题\n# 二"], "one line"),
    "no source code": ([NAME, "--module"], "scripts/decisionbook/analysis"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return open_project(tmp_path_factory.mktemp("refused") / "project")


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_a_chapter_is_refused_and_nothing_is_written(
    kind: str, whole: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words, expected = REFUSED[kind]
    before = contents(whole)
    assert new(whole, *words) == 2
    assert expected in capsys.readouterr().err
    assert contents(whole) == before


def test_a_list_on_one_line_is_to_be_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = one_chapter_project(tmp_path)
    (path,) = project.editions.glob("*.yml")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"chapters:\n((?:\s*- .*\n)+)", r"chapters: [industry_revenue_share]\n", text), encoding="utf-8")
    before = contents(project)
    assert new(project, NAME, "--source", "000") == 2
    told = capsys.readouterr().err
    assert "expected a list of chapters, one a line. Write each chapter on a line of its own" in told
    assert "by hand" not in told
    assert contents(project) == before


def test_a_published_edition_is_never_altered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = open_project(tmp_path / "project")
    record = project.editions / "published" / "2024.09.json"
    record.parent.mkdir(exist_ok=True)
    record.write_text("{}", encoding="utf-8")
    before = contents(project)
    assert new(project, NAME) == 2
    assert "decisionbook new-edition YYYY.MM --from 2024.09" in capsys.readouterr().err
    assert contents(project) == before
    assert main(["--project", str(project.root), "new-edition", "2025.01", "--from", "2024.09"]) == 0
    assert new(project, NAME, "--edition", "2025.01", "--dry-run") == 0
    assert "book/editions/2025.01.yml" in capsys.readouterr().out


def test_a_chapter_that_does_not_run_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_project(tmp_path / "project")
    broken = tmp_path / "template.md"
    text = scaffold._TEMPLATE.read_text(encoding="utf-8")
    broken.write_text(text.replace("months = growth.", "months = 1 / 0 * growth."), encoding="utf-8")
    monkeypatch.setattr(scaffold, "_TEMPLATE", broken)
    before = contents(project)
    assert new(project, NAME) == 1
    assert contents(project) == before


def test_a_write_that_fails_half_way_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_project(tmp_path / "project")
    plan = scaffold.plan_chapter(project, scaffold.Request(NAME))
    before = contents(project)

    def full(step: str) -> None:
        if step == "half of ._toc.yml.new":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(scaffold.steps, "checkpoint", full)
    with pytest.raises(OSError, match="No space left"):
        scaffold.write_chapter(project, plan)
    assert contents(project) == before
