"""A build with nothing to do ends after a look at bytes; every byte that a build may read counts."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from decisionbook.editions import last_build
from decisionbook.editions.build import build
from decisionbook.editions.changes import compared_with
from decisionbook.editions.definition import Edition, find_edition
from decisionbook.editions.diff import published_before
from decisionbook.editions.last_build import same_bytes
from decisionbook.editions.manifest import below, describe, write_manifest
from decisionbook.project import Project
from decisionbook.runs import dependencies

from ..conftest import ROOT, copy_project


def nothing_to_do(project: Project, edition: Edition, pdf: bool = True) -> bool:
    """Build, and say whether the build found that it had nothing to do."""

    def refuse(line: str) -> None:
        raise AssertionError(line)

    try:
        return build(project, edition, pdf=pdf, say=refuse).unchanged
    except AssertionError:
        return False


@pytest.fixture
def built(tmp_path: Path) -> tuple[Project, Edition]:
    """A project whose manifest says that its last build is what a new one would be."""
    project = copy_project(tmp_path / "project")
    edition = find_edition(project, "2024.09")
    compared = compared_with(project, edition, published_before(project, edition))
    for folder in (project.built(edition.id), project.work(edition.id)):
        folder.mkdir(parents=True)
    (project.built(edition.id) / "index.html").write_text("封面", encoding="utf-8")
    described = {**describe(project, edition), "pdf": True, "compared_with": compared}
    write_manifest(project.built(edition.id), {**described, "verdicts": {"reproduced": 1}})
    assert same_bytes(project, edition, True) is None, "no build has noted yet what went into it"
    assert nothing_to_do(project, edition)
    assert same_bytes(project, edition, True) is not None
    return project, edition


def test_the_result_is_the_last_build(built: tuple[Project, Edition]) -> None:
    project, edition = built
    result = same_bytes(project, edition, True)
    assert result is not None
    assert (result.unchanged, result.folder, result.verdicts) == (True, project.built(edition.id), {"reproduced": 1})
    assert result.pdf == project.built(edition.id) / "decision-reference-2024.09.pdf"
    assert same_bytes(project, edition, False) is None, "the last build was one with a PDF"


@pytest.mark.parametrize("content", ["", "封底", "封面。"], ids=["truncated", "as long", "longer"])
def test_a_file_of_the_build_that_is_not_as_it_was_written_is_made_anew(built: tuple[Project, Edition], content: str) -> None:
    project, edition = built
    (project.built(edition.id) / "index.html").write_text(content, encoding="utf-8")
    assert same_bytes(project, edition, True) is None
    assert not nothing_to_do(project, edition)


def test_one_byte_more_in_the_project_and_the_look_says_no(built: tuple[Project, Edition]) -> None:
    project, edition = built
    for name in (
        "data/observations.csv",
        "data/datapackage.json",
        "notebooks/visitor_flow.ipynb",
        "notebooks/visitor_flow.yml",
        "book/index.md",
        "book/_config.yml",
        "book/editions/2022.12.yml",
    ):
        path = project.root / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert same_bytes(project, edition, True) is None, name
        path.unlink()
        assert same_bytes(project, edition, True) is None, name
        path.write_bytes(before)
        assert same_bytes(project, edition, True) is not None, name


def test_other_code_or_another_tool_and_the_look_says_no(
    built: tuple[Project, Edition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, edition = built
    code = tmp_path / "decisionbook"
    shutil.copytree(ROOT / "scripts" / "decisionbook", code)
    monkeypatch.setattr(last_build, "__file__", str(code / "editions" / "last_build.py"))
    assert same_bytes(project, edition, True) is not None
    for name in ("analysis/shares.py", "render/typst/template.typ"):
        before = (code / name).read_bytes()
        (code / name).write_bytes(before + b"\n")
        assert same_bytes(project, edition, True) is None, name
        (code / name).write_bytes(before)
    assert same_bytes(project, edition, True) is not None
    monkeypatch.setattr(last_build.importlib.metadata, "version", lambda name: "0.0")
    assert same_bytes(project, edition, True) is None


def test_another_build_in_its_place_or_an_interrupted_one_and_the_look_says_no(built: tuple[Project, Edition]) -> None:
    project, edition = built
    manifest = project.built(edition.id) / "manifest.json"
    before = manifest.read_bytes()
    manifest.write_bytes(before.replace(b'"reproduced": 1', b'"reproduced": 2'))
    assert same_bytes(project, edition, True) is None
    manifest.unlink()
    assert same_bytes(project, edition, True) is None
    manifest.write_bytes(before)
    (project.work(edition.id) / "unfinished").touch()
    assert same_bytes(project, edition, True) is None


@pytest.mark.parametrize("change", ["library", "docutils", "sphinx-book-theme", "lock", "variable", "page"])
def test_what_a_build_depends_on_besides_files_counts_in_both_looks(
    built: tuple[Project, Edition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    project, edition = built
    if change == "library":
        real = dependencies._version
        monkeypatch.setattr(dependencies, "_version", lambda name: "99" if name == "numpy" else real(name))
    elif change in ("docutils", "sphinx-book-theme"):
        # Upgraded past the lock: what an installer leaves is a folder of another name.
        kind = f"{change.replace('-', '_')}-99.0.dist-info"
        (tmp_path / "site" / kind).mkdir(parents=True)
        assert same_bytes(project, edition, True) is not None
        monkeypatch.syspath_prepend(tmp_path / "site")
    elif change == "lock":
        (project.root / "requirements.lock").write_text("numpy==99\n", encoding="utf-8")
    elif change == "variable":
        edition = replace(edition, limits={"environment": ("MY_DB",)})
        monkeypatch.setenv("MY_DB", "2")
    else:
        (project.built(edition.id) / "index.html").unlink()
    assert same_bytes(project, edition, True) is None
    assert not nothing_to_do(project, edition)


def test_every_library_of_the_lock_is_looked_at_by_its_installed_version() -> None:
    seen = dict(line.split("==") for line in dependencies.installed(Project(ROOT)))
    assert {"docutils", "myst-parser", "openpyxl", "python-docx", "lxml", "sphinx-book-theme"} <= seen.keys()
    for name in ("docutils", "lxml", "pyyaml", "typing-extensions"):
        assert seen[name] == importlib.metadata.version(name)


def test_a_temporary_file_of_an_editor_is_no_change_and_may_vanish(
    built: tuple[Project, Edition], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, edition = built
    for name in ("~$figures.xlsx", ".~lock.figures.csv#", "figures.csv.tmp"):
        (project.data / name).write_text("x", encoding="utf-8")
    assert same_bytes(project, edition, True) is not None
    monkeypatch.setattr(last_build, "below", lambda root, pattern: [*below(root, pattern), root / "gone"])
    assert same_bytes(project, edition, True) is not None


def test_a_byte_that_no_page_shows_takes_the_longer_look_once(built: tuple[Project, Edition]) -> None:
    project, edition = built
    with (project.notebook("visitor_flow")).open("a", encoding="utf-8") as handle:
        handle.write("\n")
    assert same_bytes(project, edition, True) is None
    assert nothing_to_do(project, edition)
    assert same_bytes(project, edition, True) is not None


def test_a_note_that_cannot_be_read_or_written_only_costs_time(
    built: tuple[Project, Edition], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, edition = built
    note = project.work(edition.id) / "inputs"
    note.write_bytes(b"\xff\xfe not a digest")
    assert same_bytes(project, edition, True) is None
    note.unlink()

    def refuse(path: Path, content: bytes) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(last_build, "replace_file", refuse)
    assert nothing_to_do(project, edition)
    assert not note.exists()


def test_the_command_that_has_nothing_to_do_imports_no_page_code(built: tuple[Project, Edition]) -> None:
    project, _ = built
    heavy = {"nbformat", "jsonschema", "sphinx", "pandas", "papermill", "decisionbook.editions.build"}
    code = (
        "import sys; from decisionbook.cli import main; "
        f"code = main(['--project', {str(project.root)!r}, 'build', '--edition', '2024.09']); "
        f"print(code, sorted({heavy!r} & set(sys.modules)))"
    )
    done: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Nothing has changed since the last build." in done.stdout
    assert done.stdout.splitlines()[-1] == "0 []"
