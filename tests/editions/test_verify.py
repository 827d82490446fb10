"""An administrator can tell whether what was copied to the intranet is whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.editions.publish import add_erratum
from decisionbook.editions.verify import verify
from decisionbook.errors import InputError

from .builds import tiny_project
from .test_publish import published


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of a published site, away from the project."""
    published(tiny_project(tmp_path / "project"), tmp_path / "site", "2000.01", "2001.06")
    return Path(shutil.copytree(tmp_path / "site", tmp_path / "intranet"))


def test_a_whole_copy_verifies_without_a_project(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(site)
    assert main(["verify", "."]) == 0
    assert "2 editions, " in capsys.readouterr().out
    assert main(["verify", "2000.01"]) == 0


def test_missing_changed_and_extra_files_are_listed(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "2000.01" / "alpha.html").unlink()
    (site / "2000.01" / "_static" / "extra.js").write_text("", encoding="utf-8")
    with (site / "2001.06" / "beta.html").open("a", encoding="utf-8") as handle:
        handle.write(" ")
    (site / "2001.06.zip").write_bytes(b"cut")
    assert main(["verify", str(site)]) == 1
    said = capsys.readouterr().out
    for line in (
        "missing  2000.01/alpha.html",
        "extra    2000.01/_static/extra.js",
        "changed  2001.06/beta.html",
        "changed  2001.06.zip",
    ):
        assert line in said


def test_an_altered_page_for_wrong_addresses_is_named(site: Path) -> None:
    page = site / "404.html"
    page.write_text(page.read_text(encoding="utf-8").replace("没有这一页", "请到别处去"), encoding="utf-8")
    assert verify(site).problems == ["changed  404.html"]
    page.unlink()
    assert verify(site).problems == []
    assert any("404.html" in note for note in verify(site).notes)


def test_an_altered_landing_page_is_named(site: Path) -> None:
    page = site / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("独立复算", "官方出版物"), encoding="utf-8")
    assert verify(site).problems == ["changed  index.html"]


def test_an_altered_list_of_editions_is_named(site: Path) -> None:
    script = site / "editions.js"
    script.write_text(script.read_text(encoding="utf-8").replace('"2000.01.zip"', '"2001.06.zip"'), encoding="utf-8")
    assert "changed  editions.js (archive of 2000.01)" in verify(site).problems


@pytest.mark.parametrize("entry", ["7", "{}", '{"id": "2000.01"}'])
def test_a_list_of_other_entries_is_a_problem(site: Path, entry: str) -> None:
    (site / "editions.js").write_text(f'window.DECISIONBOOK_EDITIONS = {{"editions": [{entry}]}};\n', encoding="utf-8")
    assert verify(site).problems == ["changed  editions.js"]


@pytest.mark.parametrize("change", ["erratum", "publish"])
def test_a_landing_page_left_by_an_interrupted_publish_is_no_fault(tmp_path: Path, change: str) -> None:
    project = tiny_project(tmp_path / "project")
    site = tmp_path / "site"
    published(project, site, "2000.01", *(["2001.06"] if change == "erratum" else []))
    before = (site / "index.html").read_bytes()
    if change == "erratum":
        add_erratum(project, "2000.01", site, "更正一处。")
    else:
        published(project, site, "2001.06")
    (site / "index.html").write_bytes(before)
    report = verify(site)
    assert report.problems == []
    assert any("a publish was interrupted" in note for note in report.notes)


def test_an_edition_in_the_place_of_another_is_named(site: Path, tmp_path: Path) -> None:
    shutil.rmtree(site / "2001.06")
    shutil.copytree(site / "2000.01", site / "2001.06")
    assert "2001.06/manifest.json is that of the edition 2000.01, which does not belong here" in verify(site).problems
    alone = Path(shutil.copytree(site / "2000.01", tmp_path / "alone"))
    report = verify(alone)
    assert (report.problems, report.notes) == ([], ["manifest.json is that of the edition 2000.01, the folder is named alone"])


@pytest.mark.parametrize(
    "content", ["[]", "7", '{"edition": [], "files": {}}', '{"edition": "2000.01", "files": {"a": 1}}', "{}"]
)
def test_a_manifest_of_another_shape_is_a_problem(site: Path, content: str) -> None:
    (site / "2000.01" / "manifest.json").write_text(content, encoding="utf-8")
    assert "2000.01/manifest.json cannot be read" in verify(site).problems


@pytest.mark.parametrize("key", ["title", "as_of", "compiled", "summary"])
def test_a_manifest_that_does_not_tell_of_its_edition_is_a_problem(site: Path, key: str) -> None:
    path = site / "2000.01" / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content[key]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "2000.01/manifest.json cannot be read" in verify(site).problems


def test_a_link_that_leads_to_no_file_is_a_changed_file(site: Path) -> None:
    page = site / "2000.01" / "alpha.html"
    page.unlink()
    page.symlink_to("nowhere")
    assert verify(site).problems == ["changed  2000.01/alpha.html"]


def test_an_edition_that_did_not_arrive_is_missed(site: Path) -> None:
    shutil.rmtree(site / "2001.06")
    (site / "2000.01.zip.sha256").unlink()
    problems = verify(site).problems
    assert "missing  2001.06/ (listed in editions.js)" in problems
    assert "missing  2000.01.zip.sha256" in problems
    assert any("2001.06/index.html (linked from index.html)" in p for p in problems)


def test_a_manifest_or_list_that_cannot_be_read_is_a_problem(site: Path) -> None:
    (site / "2000.01" / "manifest.json").write_text('{"edition": ', encoding="utf-8")
    (site / "editions.js").write_text("window.DECISIONBOOK_EDITIONS = {", encoding="utf-8")
    problems = verify(site).problems
    assert "2000.01/manifest.json cannot be read" in problems
    assert "changed  editions.js" in problems


def test_a_manifest_does_not_lead_out_of_its_folder(site: Path) -> None:
    manifest = site / "2000.01" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"alpha.html"', '"../index.html"'), encoding="utf-8")
    assert any("../index.html" in p for p in verify(site).problems)


def test_a_folder_without_editions_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a published site or the folder of an edition"):
        verify(tmp_path)
    assert main(["verify", str(tmp_path / "nowhere")]) == 2
