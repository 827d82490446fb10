"""Accessibility: axe-core finds nothing against WCAG 2.2 AA on any page, in both modes, wide and narrow, open and closed.

On a built edition instead of the small book and two chapters: set DECISIONBOOK_BOOK to its folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import OpenPage
from .test_pages import PAGES, settle

axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    # Of WCAG 2.2 and therefore still off unless asked for.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
LOOKS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
# In a window of that height less of a page is covered by what is fixed, and more of it can be judged.
TALL = 2000
WHOLE = bool(os.environ.get("DECISIONBOOK_BOOK"))


def violations(page: Any) -> list[str]:
    """Return what axe-core has against a page as it stands: rule, element, what to do."""
    found = axe_module.Axe().run(page, options=RULES).response["violations"]
    return [f"{v['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for v in found for node in v["nodes"]]


def lay_open(page: Any) -> None:
    """Wake every chart and open whatever is folded, so that all of a page is looked at."""
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    for chart in page.locator(".db-chart[data-name]").all():
        chart.scroll_into_view_if_needed()
        chart.and_(page.locator(".is-live")).wait_for()
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")


def real_pages(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.glob("*.html") if WHOLE or "db-chart" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_no_page_of_the_small_book_has_a_barrier(open_page: OpenPage, site: Path, width: int, scheme: str) -> None:
    for name in PAGES:
        page = open_page(site / name, width=width, height=TALL, color_scheme=scheme).page
        settle(page)
        lay_open(page)
        assert violations(page) == [], name


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), LOOKS if WHOLE else [LOOKS[0], LOOKS[3]])
def test_no_page_of_a_real_book_has_a_barrier(open_page: OpenPage, real: Path, width: int, scheme: str) -> None:
    pages = list(real_pages(real))
    assert pages
    for path in pages:
        page = open_page(path, width=width, height=TALL, color_scheme=scheme).page
        lay_open(page)
        assert violations(page) == [], path.name


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_what_opens_over_a_page_has_no_barrier(open_page: OpenPage, real: Path, width: int, scheme: str) -> None:
    chapter = next(iter(path for path in real_pages(real) if "whatif" in path.read_text(encoding="utf-8")))
    listed = """window.DECISIONBOOK_EDITIONS = {newest: "2024.09", editions: [
        {id: "2022.12", label: "回溯重建版", href: "2022.12/index.html"}, {id: "2024.09", href: "2024.09/index.html"}]};"""
    page = open_page(chapter, width=width, color_scheme=scheme).page
    page.context.add_init_script(listed)
    page.reload()
    page.locator("article .evidence[data-evidence]").first.click()
    page.wait_for_selector(".evidence-view:not([hidden])")
    assert violations(page) == [], "evidence"
    page.keyboard.press("Escape")
    page.click(".db-search-open")
    page.fill("#db-search-input", "软件业")
    page.wait_for_selector("#db-search-results a")
    assert violations(page) == [], "search"
    page.fill("#db-search-input", "这一句书里没有")
    page.wait_for_selector("#db-search-results a", state="detached")
    assert violations(page) == [], "search without a hit"
    page.keyboard.press("Escape")
    if not page.locator(".db-edition-button").is_disabled():
        page.click(".db-edition-button")
        page.wait_for_selector(".db-editions", state="visible")
        assert violations(page) == [], "editions"
        page.keyboard.press("Escape")
    if width < 800:
        page.click(".db-menu")
        page.wait_for_selector("#db-nav", state="visible")
        page.wait_for_timeout(400)
        assert violations(page) == [], "menu"


def test_a_barrier_would_be_found(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html").page
    page.evaluate("""() => document.querySelector('article').insertAdjacentHTML('beforeend',
        '<p class="faint">浅得看不清的一句话</p><input type="text"><a href="#main"></a>'
        + '<p><button class="tiny">小</button><button class="tiny">小</button></p>')""")
    page.evaluate("""() => {
        document.querySelector('.faint').style.color = '#ddd';
        const small = 'padding: 0; border: 0; min-height: 0; font-size: 9px';
        for (const e of document.querySelectorAll('.tiny')) e.style.cssText = small;
    }""")
    rules = {line.split(":")[0] for line in violations(page)}
    assert rules >= {"color-contrast", "label", "link-name", "target-size"}


# What axe cannot see


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height", "scale"), [(320, 640, 1.0), (640, 400, 2.0)])
def test_nothing_is_cut_off_on_a_small_screen_or_at_twice_the_size(
    open_page: OpenPage, real: Path, width: int, height: int, scale: float
) -> None:
    for path in real_pages(real):
        page = open_page(path, width=width, height=height, device_scale_factor=scale).page
        lay_open(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name


ENGLISH = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), parent = walker.currentNode.parentElement;
        // Three common words in a row and no Chinese beside them: names such as NB-IoT and data keys are no sentences.
        if (!/\\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}\\b/.test(text) || /[\\u4e00-\\u9fff]/.test(text)) continue;
        if (parent.closest("pre, code, script, style, svg, math, [lang='en']")) continue;
        found.push(text.slice(0, 90));
    }
    return found;
}"""


@pytest.mark.slow
def test_english_is_marked_as_english(open_page: OpenPage, real: Path) -> None:
    for path in real_pages(real):
        page = open_page(path).page
        assert page.get_attribute("html", "lang") == "zh-CN"
        assert page.evaluate(ENGLISH) == [], path.name
        assert page.evaluate("document.querySelectorAll('[lang=en]').length") >= ("english-abstract" in page.content())


@pytest.mark.slow
def test_the_focus_follows_the_page_downwards(open_page: OpenPage, real: Path) -> None:
    page = open_page(real / "industry_revenue_share.html").page
    page.evaluate("document.querySelector('article').querySelector('a, button').focus()")
    tops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        place = page.evaluate("""() => { const e = document.activeElement;
            return e.closest('article') ? e.getBoundingClientRect().top + window.scrollY : null; }""")
        if place is None:
            break
        tops.append(place)
    assert len(tops) > 20
    # In one line of text a mark may stand some pixels above its neighbour.
    assert all(later > earlier - 60 for earlier, later in pairwise(tops)), tops


@pytest.mark.slow
def test_every_chart_says_in_a_sentence_what_it_finds(real: Path) -> None:
    for path in real_pages(real):
        text = path.read_text(encoding="utf-8")
        for name, alt in re.findall(r'data-name="([^"]+)">.*?role="img" aria-label="([^"]+)"', text):
            assert len(alt) >= 12, (path.name, name, alt)
            # A number, or clauses where the finding has none: never the kind of chart alone.
            assert re.search(r"\d", alt) or len(re.findall("[，；]", alt)) >= 2, (path.name, name, alt)
        figures = re.findall(r'<figure[^>]*class="[^"]*db-figure.*?</figure>', text, re.DOTALL)
        for figure in figures:
            assert '<span class="caption-text">' in figure, path.name
            assert "来源：" in figure, path.name
            assert '<details class="chart-table"><summary>' in figure, path.name
