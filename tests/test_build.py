"""The whole path on real input: what a build makes, that it is repeatable, and that a failed one harms nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
import yaml

from decisionbook.cli import main
from decisionbook.data.declarations import chapter_names, load_chapter
from decisionbook.data.package import Package
from decisionbook.editions.build import _unchanged, build
from decisionbook.editions.definition import find_edition
from decisionbook.editions.manifest import hash_file
from decisionbook.project import Project

from .conftest import copy_project
from .editions.builds import contents
from .paper import broken_links, is_accessible, least_size, outside

TWO = ["industry_revenue_share", "base_station_growth"]


def small_project(folder: Path) -> Project:
    """Return a copy of the project whose newest edition has two chapters: the whole path in a few seconds."""
    project = copy_project(folder)
    for path in project.editions.glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if content["id"] != "2024.09":
            path.unlink()
            continue
        content["chapters"] = TWO
        content["parameters"] = {}
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    for path in project.notebooks.glob("*.*"):
        if path.stem not in TWO:
            path.unlink()
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_project(tmp_path_factory.mktemp("built"))
    assert main(["--project", str(project.root), "build"]) == 0
    return project


def folder_of(project: Project) -> Path:
    return project.build / "book" / "2024.09"


def test_a_build_leaves_what_the_contract_names(built: Project) -> None:
    folder = folder_of(built)
    for name in ("index.html", *(f"{c}.html" for c in TWO), "decision-reference-2024.09.pdf", "manifest.json", "findings.json"):
        assert (folder / name).is_file(), name
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["as_of"] == "2024-09-30"
    assert manifest["chapters"] == TWO
    for name, digest in manifest["files"].items():
        assert hash_file(folder / name) == digest
    rows = list(csv.DictReader((folder / "reconciliation.csv").open(encoding="utf-8", newline="")))
    assert len(rows) == len(Package(built).rows("figures"))
    share = next(r for r in rows if r["published"] == "0.92%" and r["source_id"] == "000")
    assert (share["finding"], share["verdict"]) == ("industry_revenue_share.revenue_share", "reproduced")


def test_paper_of_a_build_stays_within_its_margins_and_each_brief_on_its_page(built: Project) -> None:
    folder = folder_of(built)
    book = folder / "decision-reference-2024.09.pdf"
    assert outside(book, side=25, top=15, bottom=10) == []
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for path in (book, *(folder / kind / f"{chapter}.pdf" for kind in ("pdf", "briefs") for chapter in TWO)):
        assert path.relative_to(folder).as_posix() in listed
        with pikepdf.open(path) as pdf:
            assert is_accessible(pdf), path
            assert broken_links(pdf) == [], path
            assert (len(pdf.pages) == 1) == (path.parent.name == "briefs")
        if path.parent.name == "briefs":
            assert outside(path, side=19, top=10, bottom=10) == []
            assert least_size(path) >= 9


def test_the_chart_that_a_chapter_declares_for_its_brief_is_one_of_its_charts(project: Project) -> None:
    for name in chapter_names(project):
        declared = load_chapter(project, name).brief_chart
        assert declared, name
        assert f'"name": "{declared}"' in (project.notebooks / f"{name}.ipynb").read_text(encoding="utf-8"), name


def test_findings_carry_value_unit_bounds_and_parameters(built: Project) -> None:
    findings = json.loads((folder_of(built) / "findings.json").read_text(encoding="utf-8"))
    share = findings["industry_revenue_share.revenue_share"]
    assert share["value"] == pytest.approx(425 / 46266 * 100)
    assert share["unit"] == "%"
    assert share["low"] == pytest.approx(424.5 / 46266.5 * 100)
    assert share["high"] == pytest.approx(425.5 / 46265.5 * 100)
    assert share["parameters"] == {}


def test_the_same_number_stands_on_page_and_in_findings(built: Project) -> None:
    page = (folder_of(built) / "industry_revenue_share.html").read_text(encoding="utf-8")
    assert "0.92" in page
    assert "587" in page or "588" in page
    assert page.count("<h1") == 1


def test_two_builds_are_equal_byte_by_byte(built: Project, tmp_path: Path) -> None:
    """Another folder, another hash seed, another time zone and locale: the same files."""
    other = small_project(tmp_path / "somewhere else")
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "decisionbook.cli", "--project", str(other.root), "build"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first = json.loads((folder_of(built) / "manifest.json").read_text(encoding="utf-8"))["files"]
    second = json.loads((folder_of(other) / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert [name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)] == []


def test_nothing_changed_means_nothing_done(built: Project) -> None:
    result = build(built, find_edition(built, None), say=lambda _: pytest.fail("it built again"))
    assert result.unchanged


def test_a_dead_lock_goes_though_nothing_is_done(built: Project) -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    lock = built.build / ".build.lock"
    for pid, stays in ((int(done.stdout), False), (os.getpid(), True)):
        lock.write_text(json.dumps({"pid": pid, "host": socket.gethostname(), "started": ""}), encoding="utf-8")
        assert build(built, find_edition(built, None), say=lambda _: None).unchanged
        assert lock.exists() is stays
    lock.unlink()


def test_a_failing_cell_is_named_and_the_last_good_build_stays(built: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.read_bytes() for p in folder_of(built).rglob("*") if p.is_file()}
    notebook = built.notebook("industry_revenue_share")
    text = notebook.read_text(encoding="utf-8")
    try:
        notebook.write_text(text.replace("share_threshold = 1.0", "share_threshold = 1.0 / 0"), encoding="utf-8")
        assert main(["--project", str(built.root), "build"]) == 1
    finally:
        notebook.write_text(text, encoding="utf-8")
    said = capsys.readouterr().err
    assert "chapter industry_revenue_share, cell" in said
    assert "ZeroDivisionError" in said
    assert {p: p.read_bytes() for p in folder_of(built).rglob("*") if p.is_file()} == before


def test_a_missing_finding_stops_the_build(built: Project, capsys: pytest.CaptureFixture[str]) -> None:
    page = built.book / "about.md"
    text = page.read_text(encoding="utf-8")
    try:
        page.write_text(text + "\n{glue:text}`base_station_growth::no_such_finding:.2f`\n", encoding="utf-8")
        assert main(["--project", str(built.root), "build"]) == 1
    finally:
        page.write_text(text, encoding="utf-8")
    said = capsys.readouterr().err
    assert "no finding 'base_station_growth.no_such_finding' was recorded" in said
    assert (folder_of(built) / "index.html").is_file()


def test_an_interrupt_while_sphinx_works_is_one_and_no_fault_of_a_page(
    built: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_book import sphinx

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sphinx, "Sphinx", interrupted)
    before = contents(folder_of(built))
    assert main(["--project", str(built.root), "build", "--force"]) == 130
    said = capsys.readouterr().err
    assert "nothing that was there before is lost" in said
    assert "fault" not in said
    assert contents(folder_of(built)) == before


def test_a_changed_figure_reaches_every_page_that_quotes_it(tmp_path: Path) -> None:
    """The stock tools keep the old number here: their caches do not know the data, nor quotes on other pages."""
    project = small_project(tmp_path)
    about = project.book / "about.md"
    about.write_text(
        about.read_text(encoding="utf-8") + "\n份额{glue:text}`industry_revenue_share::revenue_share:.2f`%。\n", encoding="utf-8"
    )
    figures = project.data / "figures.csv"
    text = figures.read_text(encoding="utf-8")
    edition, said = find_edition(project, None), []

    def say(line: str) -> None:
        said.append(line)
        if "reconciled" in line:
            # Saved and undone while it is built: nobody knows which of the two the build has read where.
            figures.write_text(text.replace("425 亿元,425,", "425 亿元,525,"), encoding="utf-8")
            figures.write_text(text, encoding="utf-8")

    built_once = build(project, edition, pdf=False, say=say)
    assert any("changed while it was built" in line for line in said)
    assert _unchanged(project, edition, pdf=False) is None, "a build of files that changed is taken for one of their content"
    assert json.loads((built_once.folder / "manifest.json").read_text(encoding="utf-8"))["data_hash"] is None
    figures.write_text(text.replace("425 亿元,425,", "425 亿元,925,"), encoding="utf-8")
    assert main(["--project", str(project.root), "build", "--no-pdf"]) == 0
    for page in ("about.html", "industry_revenue_share.html"):
        shown = re.sub(r"<[^>]+>", "", (folder_of(project) / page).read_text(encoding="utf-8"))
        assert "2.00" in shown, page
    assert "份额0.92" not in re.sub(r"<[^>]+>", "", (folder_of(project) / "about.html").read_text(encoding="utf-8"))


def test_an_edition_knows_only_what_its_date_allows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path)
    path = project.editions / "2024.09.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("2024-09-30", "2019-12-17"), encoding="utf-8")
    assert main(["--project", str(project.root), "build"]) == 2
    assert "whose first source is of 2022-12-09" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("summary:", "sumary:", 'Did you mean "summary"?'),
        ("compiled: 2026-11-21", "compiled: soon", "a date such as"),
        ("- base_station_growth", "- base_station_groth", 'Did you mean "base_station_growth"?'),
    ],
)
def test_a_bad_edition_file_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    project = small_project(tmp_path)
    path = project.editions / "2024.09.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert main(["--project", str(project.root), "build"]) == 2
    assert words in capsys.readouterr().err
    assert not (project.build / "book").exists()
