"""Edition files: every fault is named with its remedy, and nothing is written."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from decisionbook.cli import main
from decisionbook.data.known import known_files, known_lines
from decisionbook.data.package import Package
from decisionbook.editions.build import build, check_inputs
from decisionbook.editions.changes import compared_with
from decisionbook.editions.definition import find_edition, load_editions
from decisionbook.editions.diff import published_before
from decisionbook.editions.manifest import describe, write_manifest
from decisionbook.errors import InputError
from decisionbook.project import Project

from ..conftest import ROOT, copy_project

NEWEST = "2024.09.yml"


def faulty(tmp_path: Path, old: str, new: str) -> Project:
    project = copy_project(tmp_path / "project")
    path = project.editions / NEWEST
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("summary:", "sumary:", 'Did you mean "summary"?'),
        ("as_of: 2024-09-30", "as_of: 2024-09-31", "expected a date that exists"),
        ("as_of: 2024-09-30", "as_of: 1999-01-01", "when the first source came out"),
        ("compiled: 2026-11-21", "compiled: 2024-01-01", "a day on or after as_of 2024-09-30"),
        ('id: "2024.09"', "id: 2024.10", "in quotes"),
        ('id: "2024.09"', 'id: "../2024.09"', "letters, digits, dots"),
        ("  - carbon_market\n", "  - carbon_market\n  - carbon_market\n", "carbon_market twice"),
        ("parameters: {}", "parameters:\n  carbon_markt: {}\n", "parameters of carbon_markt"),
        ("parameters: {}", "status: {carbon_market: curent}", 'Did you mean "current"?'),
        ("parameters: {}", "status: {carbon_markt: current}", 'Did you mean "carbon_market"?'),
        ("parameters: {}", "status: {carbon_market: {until: 2022}}", "key 'until' of carbon_market"),
        ('title: 决策参考·可复算版', "title: [", "YAML in UTF-8"),
    ],
)  # fmt: skip
def test_a_faulty_edition_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    project = faulty(tmp_path, old, new)
    named = ["--edition", "2024.09"] if "id:" not in old else []
    assert main(["--project", str(project.root), "build", *named]) == 2
    assert words in capsys.readouterr().err
    assert not project.build.exists()


def test_two_editions_with_one_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = copy_project(tmp_path / "project")
    (project.editions / "copy.yml").write_bytes((project.editions / NEWEST).read_bytes())
    assert main(["--project", str(project.root), "build"]) == 2
    assert "id 2024.09 a second time" in capsys.readouterr().err


def test_a_chapter_that_needs_a_later_source(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    path = project.editions / "2019.12.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("chapters:", "chapters:\n  - county_smart_cities"), encoding="utf-8")
    with pytest.raises(InputError, match="chapter county_smart_cities, whose first source is of 2024-09-02"):
        check_inputs(project, find_edition(project, "2019.12"))


# Source 002 prints a few words on one city: no key point of this chapter can be computed (tests/test_edition_chapters.py).
NOT_YET = {"2019.12": {"city_programmes"}, "2021.07": {"city_programmes"}}


def test_the_four_editions_hold_a_chapter_once_a_source_feeds_it(project: Project) -> None:
    editions = load_editions(project)
    assert [e.id for e in editions] == ["2019.12", "2021.07", "2022.12", "2024.09"]
    assert all(e.reconstruction and e.label.endswith("回溯重建版") for e in editions)
    for earlier, later in pairwise(editions):
        assert set(earlier.chapters) < set(later.chapters)
    newest = editions[-1]
    dates = {row["source_id"]: row["published_on"] for row in Package(project).rows("sources")}
    for edition in editions:
        chapters = check_inputs(project, edition)
        fed = {
            name
            for name in newest.chapters
            if any(
                dates[s] <= edition.as_of
                for s in yaml.safe_load((ROOT / "notebooks" / f"{name}.yml").read_text("utf-8"))["sources"]
            )
        }
        assert set(chapters) == fed - NOT_YET.get(edition.id, set())


@pytest.mark.parametrize("as_of", ["2019-12-17", "2021-07-31", "2022-12-31"])
def test_the_data_of_an_edition_hold_nothing_later(project: Project, as_of: str) -> None:
    package = Package(project, as_of=as_of)
    known = {row["source_id"] for row in package.rows("sources")}
    assert all(row["published_on"] <= as_of for row in package.rows("sources"))
    for name in package.tables:
        for row in package.rows(name):
            assert row.get("source_id") is None or row["source_id"] in known, name
            assert row.get("published_by") is None or row["published_by"] <= as_of, name
            assert row.get("figure_id") is None or row["figure_id"].partition("-")[0] in known, name
    for row in package.rows("recommendations"):
        later = (row["later_source"] or "").split(";")
        assert all(not source.strip() or source.strip() in known for source in later)


def test_what_is_published_on_the_day_is_known_and_what_a_later_source_also_says_is_not(project: Project) -> None:
    package = Package(project, as_of="2021-07-31")
    day = max(row["published_on"] for row in package.rows("sources"))
    sources = [line["source_id"] for line in package.lines("sources")]
    later = next(line["source_id"] for line in package.all_lines("sources") if line["source_id"] not in sources)
    assert sources[-1] in [line["source_id"] for line in Package(project, as_of=day).lines("sources")]
    line = dict.fromkeys(package.all_lines("recommendations")[0], "")
    said = {"source_id": sources[0], "later_status": "partly"}
    given = [line | said | {"later_source": named} for named in (sources[-1], f"{sources[-1]};{later}", later)]
    assert [row["later_status"] for row in known_lines(package, "recommendations", given, "2021-07-31")] == ["partly", "", ""]
    dated = [{"observation_id": "a", "published_by": "2021-07-31"}, {"observation_id": "b", "published_by": "2021-08-01"}]
    assert [row["observation_id"] for row in known_lines(package, "observations", dated, "2021-07-31")] == ["a"]


def test_the_newest_edition_leaves_out_only_later_statistics(project: Project) -> None:
    newest = load_editions(project)[-1]
    files = known_files(Package(project, as_of=newest.as_of))
    assert len(files) == len(Package(project).tables) + 1
    differing = [name for name, content in files.items() if content != (project.data / name).read_bytes()]
    assert set(differing) <= {"observations.csv"}
    whole = (project.data / "observations.csv").read_text(encoding="utf-8").splitlines()
    kept = files["observations.csv"].decode("utf-8").splitlines()
    assert kept == [line for line in whole if line in set(kept)], "the lines that stay are as they were, in their order"


def test_a_data_package_of_an_early_edition_is_valid(project: Project, tmp_path: Path) -> None:
    content: dict[str, Any] = dict(known_files(Package(project, as_of="2019-12-17")))
    (tmp_path / "data").mkdir()
    for name, text in content.items():
        (tmp_path / "data" / name).write_bytes(text)
    assert [str(p) for p in Package(Project(tmp_path)).validate()] == []


def test_a_chapter_with_an_unknown_source_is_told(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    declaration = project.notebooks / "visitor_flow.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace('sources: ["003"]', 'sources: ["03"]'), encoding="utf-8")
    with pytest.raises(InputError, match=r"notebooks/visitor_flow\.yml, column sources: found source '03'.*Did you mean"):
        check_inputs(project, find_edition(project, "2024.09"))


@pytest.mark.parametrize("pdf", [True, False])
def test_a_build_without_paper_names_none_when_nothing_changed(tmp_path: Path, pdf: bool) -> None:
    project = copy_project(tmp_path / "project")
    edition = find_edition(project, "2024.09")
    described = {
        **describe(project, edition),
        "pdf": pdf,
        "compared_with": compared_with(project, edition, published_before(project, edition)),
    }
    for folder in (project.built(edition.id), project.work(edition.id)):
        folder.mkdir(parents=True)
    write_manifest(project.built(edition.id), {**described, "verdicts": {"reproduced": 1}})
    again = build(project, edition, pdf=pdf, say=lambda text: None)
    assert (again.unchanged, again.pdf is not None) == (True, pdf)
