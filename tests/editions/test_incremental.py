"""A build knows nothing of the builds before it: a chapter that was taken out, and what it showed, is in no file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from decisionbook.cli import main
from decisionbook.editions.sphinx_build import _drop_unnamed, drop_pages_of_another, refuse_strays
from decisionbook.errors import CheckFailed
from decisionbook.project import Project

from ..documents import project_with
from .builds import contents, edition_content, write_edition
from .test_public import found, restricted

EDITION = "2024.09"
KEPT, RESTRICTED = "base_station_growth", "metaverse_value_chain"


def build(project: Project, audience: str, *chapters: str) -> dict[str, bytes]:
    """Build the edition with these chapters for this audience, without PDF, and return its files."""
    path = project.editions / f"{EDITION}.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | {"audience": audience, "chapters": list(chapters)}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert main(["--project", str(project.root), "build", "--no-pdf"]) == 0
    return contents(project.built(EDITION))


def test_what_was_built_before_is_in_no_file_of_a_build(tmp_path: Path) -> None:
    """Public without the chapter of restricted rows, internal with it, and public without it again."""
    project = project_with(tmp_path / "project", KEPT, RESTRICTED)
    figures, folder = restricted(project), project.built(EDITION)
    clean = build(project, "public", KEPT)
    internal = build(project, "internal", KEPT, RESTRICTED)
    assert f"{RESTRICTED}.html" in internal
    assert found(folder, figures), "the internal build must hold what the public one may not"
    public = build(project, "public", KEPT)
    assert found(folder, figures) == set()
    assert RESTRICTED not in public["_static/search-index.js"].decode()
    assert sorted(public) == sorted(clean)
    assert [name for name in clean if public[name] != clean[name]] == []


def test_other_pages_another_order_or_other_readers_start_afresh(tmp_path: Path) -> None:
    edition = write_edition(Project(tmp_path), edition_content("2000.01", "2000-01-31", chapters=["alpha", "beta"]))
    work, pages = tmp_path / "work", ["about", "alpha", "beta"]
    drop_pages_of_another(work, "look", edition, pages)

    def dropped(**changed: object) -> bool:
        drop_pages_of_another(work, "look", edition, pages)
        kept = [work / name / "alpha" for name in ("doctrees", "html", "typst")]
        for path in kept:
            path.parent.mkdir(exist_ok=True)
            path.touch()
        given = {"look": "look", "edition": edition, "pages": pages} | changed
        drop_pages_of_another(work, **given)  # type: ignore[arg-type]
        assert len({path.exists() for path in kept}) == 1
        return not kept[0].exists()

    assert not dropped()
    assert dropped(look="another")
    assert dropped(pages=["about", "alpha"])
    assert dropped(pages=[*pages, "gamma"])
    assert dropped(edition=replace(edition, chapters=("beta", "alpha")))
    assert dropped(edition=replace(edition, audience="public"))


def test_a_page_of_no_chapter_is_refused_wherever_it_comes_from(tmp_path: Path) -> None:
    for name in ("index.html", "alpha.html", "404.html", "_static/part.html", "pdf/alpha.pdf", "briefs/alpha.pdf", "book.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    refuse_strays(tmp_path, {"index", "alpha"})
    with pytest.raises(CheckFailed, match=r"1 page .*: index\.html; the last good build is untouched"):
        refuse_strays(tmp_path, {"alpha"})
    with pytest.raises(CheckFailed, match=r"3 pages .*: alpha\.html, briefs/alpha\.pdf, pdf/alpha\.pdf;"):
        refuse_strays(tmp_path, {"index"})


def test_a_picture_or_download_that_no_page_shows_any_more_is_removed(tmp_path: Path) -> None:
    kept = ("_images/a b.png", "_images/c.svg", "_downloads/0f/d.csv")
    for name in (*kept, "_images/old.png", "_downloads/1a/old.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    links = '<img src="_images/a%20b.png"><img src="_images/c.svg"><a href="_downloads/0f/d.csv">'
    (tmp_path / "index.html").write_text(links, encoding="utf-8")
    _drop_unnamed(tmp_path)
    assert set(contents(tmp_path)) == {"index.html", *kept}
