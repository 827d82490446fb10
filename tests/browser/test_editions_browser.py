"""A published site in a browser, opened from a folder: the switcher, the mark of an older edition, errata, the landing page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from decisionbook.editions.manifest import read_manifest, write_manifest
from decisionbook.editions.site import landing_page, script_text, site_entries
from decisionbook.render.html import finish_site

from .. import evidence_book, minibook
from ..editions.test_changes_page import write_page
from .conftest import OpenPage

ERRATA = {"2000.01": [{"text": "第一章的 <b>份额</b> 有误。", "date": "2001-02-03"}]}


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with two editions; the newer one has no second chapter."""
    folder = tmp_path_factory.mktemp("editions")
    minibook.write_sources(folder / "source")
    context = minibook.configuration()["html_context"] | {"editions_script": "../editions.js"}
    built = minibook.build(folder / "source", folder / "html", html_context=context)
    finish_site(built, edition=minibook.EDITION)
    site = folder / "决策 参考"
    manifests: list[dict[str, Any]] = []
    for edition_id, as_of in (("2000.01", "2000-01-31"), ("2001.01", "2001-01-31")):
        target = site / edition_id
        shutil.copytree(built, target)
        if edition_id == "2001.01":
            (target / "chapters" / "second.html").unlink()
            for page in target.rglob("*.html"):
                text = page.read_text(encoding="utf-8").replace('data-edition="2000.01"', 'data-edition="2001.01"')
                page.write_text(text, encoding="utf-8")
        about = {
            "edition": edition_id,
            "title": "小书·可复算版",
            "as_of": as_of,
            "compiled": "2001-02-01",
            "reconstruction": True,
        }
        write_manifest(target, {**about, "summary": f"{edition_id}的新意。"})
        manifest = read_manifest(target)
        assert manifest is not None
        manifests.append(manifest)
    entries = site_entries(manifests, ERRATA)
    (site / "editions.js").write_text(script_text(entries), encoding="utf-8")
    (site / "index.html").write_text(landing_page(entries), encoding="utf-8")
    return site


def choose(page: Any, edition_id: str) -> None:
    page.click(".db-edition-button")
    page.click(f".db-editions a:has-text('{edition_id}')")
    page.wait_for_load_state()


def test_the_switcher_keeps_the_reader_on_the_same_chapter(open_page: OpenPage, editions: Path) -> None:
    opened = open_page(editions / "2000.01" / "chapters" / "first.html")
    choose(opened.page, "2001.01")
    assert opened.page.url.endswith("/2001.01/chapters/first.html")
    choose(opened.page, "2000.01")
    assert opened.page.url.endswith("/2000.01/chapters/first.html")
    assert opened.faults(editions) == []


def test_a_chapter_that_another_edition_has_not_leads_to_its_first_page(open_page: OpenPage, editions: Path) -> None:
    opened = open_page(editions / "2000.01" / "chapters" / "second.html")
    opened.page.click(".db-edition-button")
    assert "没有本页" in opened.page.inner_text(".db-editions li:first-child")
    opened.page.click(".db-editions li:first-child a")
    opened.page.wait_for_load_state()
    assert opened.page.url.endswith("/2001.01/index.html")


def test_an_older_edition_says_so_and_the_newest_does_not(open_page: OpenPage, editions: Path) -> None:
    old = open_page(editions / "2000.01" / "chapters" / "first.html").page
    assert "之后已有新版" in old.inner_text(".db-newer")
    assert old.get_attribute(".db-newer a", "href") == "../../2001.01/chapters/first.html"
    assert open_page(editions / "2001.01" / "index.html").page.locator(".db-newer, .db-erratum").count() == 0


def test_errata_stand_on_every_page_as_text(open_page: OpenPage, editions: Path) -> None:
    for name in ("index.html", "chapters/first.html", "table.html"):
        page = open_page(editions / "2000.01" / name).page
        assert page.inner_text(".db-erratum") == "勘误（2001-02-03）：第一章的 <b>份额</b> 有误。"


def test_the_switcher_works_by_keyboard(open_page: OpenPage, editions: Path) -> None:
    page = open_page(editions / "2000.01" / "index.html").page
    page.focus(".db-edition-button")
    page.keyboard.press("Enter")
    assert page.get_attribute(".db-edition-button", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.get_attribute(".db-edition-button", "aria-expanded") == "false"
    assert page.evaluate("document.activeElement.className") == "db-edition-button"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_landing_page_is_clean_and_fits(open_page: OpenPage, editions: Path, width: int) -> None:
    opened = open_page(editions / "index.html", width=width)
    assert opened.faults(editions) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [h.split()[0] for h in opened.page.locator("h2").all_inner_texts()] == ["2001.01", "2000.01"]
    assert "勘误" in opened.page.inner_text(".db-site-errata")
    opened.page.click("h2 a >> nth=0")
    opened.page.wait_for_load_state()
    assert opened.page.url.endswith("/2001.01/index.html")


def test_on_a_phone_every_change_shows_its_old_and_new_number_with_their_labels(open_page: OpenPage, tmp_path: Path) -> None:
    settings = evidence_book.write_sources(tmp_path / "source")
    write_page(tmp_path / "source")
    pages = minibook.build(tmp_path / "source", tmp_path / "html", **settings)
    page = open_page(pages / "changes.html", width=390).page
    cells = page.locator("#tab-moved-findings tbody tr").first.locator("td")
    for column, label in ((2, "原"), (3, "现"), (4, "差"), (5, "变动")):
        box = cells.nth(column).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert label in cells.nth(column).evaluate("cell => getComputedStyle(cell, '::before').content")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
