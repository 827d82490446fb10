"""The pages in a browser without a network: nothing asked for, nothing refused, everything within reach."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import OpenPage, wait_for

pytestmark = pytest.mark.browser

PAGES = ["index.html", "chapters/first.html", "chapters/second.html", "table.html"]
PHONE = {"width": 360, "height": 740}


def settle(page: Any) -> None:
    """Scroll through the page, so that whatever waits for being seen is loaded, and let it finish."""
    page.evaluate("document.querySelectorAll('figure, table, h2').forEach((e) => e.scrollIntoView({behavior: 'instant'}))")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_opens_from_a_folder_without_a_fault(open_page: OpenPage, site: Path, name: str, width: int) -> None:
    opened = open_page(site / name, width=width)
    settle(opened.page)
    assert opened.faults(site) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_below_any_path_of_a_server(open_page: OpenPage, served: str, name: str) -> None:
    opened = open_page(served + name)
    settle(opened.page)
    assert opened.faults(served) == []


def test_faults_would_be_noticed(open_page: OpenPage, site: Path, tmp_path: Path) -> None:
    text = (site / "chapters/second.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(
        text.replace("../_static", (site / "_static").as_uri()).replace(
            "</article>", "<img src='https://example.org/x.png'><script>1</script><p style='top:0'></article>"
        ),
        encoding="utf-8",
    )
    opened = open_page(broken)
    settle(opened.page)
    faults = "\n".join(opened.faults(site))
    assert "img-src" in faults
    assert "script-src" in faults
    assert "style-src" in faults


def test_a_moved_style_still_applies(open_page: OpenPage, site: Path) -> None:
    styled = open_page(site / "chapters/first.html").page.locator("#styled")
    assert styled.evaluate("(e) => getComputedStyle(e).color") == "rgb(178, 58, 46)"
    assert styled.evaluate("(e) => getComputedStyle(e).fontWeight") == "700"


def test_a_chart_becomes_interactive_under_the_policy(open_page: OpenPage, site: Path) -> None:
    opened = open_page(site / "chapters/first.html")
    page = opened.page
    page.wait_for_selector(".chart-tools button:not(.awaits-script)", timeout=20000)
    page.locator(".db-chart").scroll_into_view_if_needed()
    page.wait_for_selector(".db-chart .db-chart-live svg", timeout=20000)
    assert opened.faults(site) == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1440])
def test_no_page_is_wider_than_its_window(open_page: OpenPage, site: Path, name: str, width: int) -> None:
    page = open_page(site / name, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


#: Texts of the header that stand in more than one line, and whether the header is wider than its window.
BROKEN = """() => { const header = document.querySelector('.db-header'), broken = [];
    document.querySelector('.db-edition-label').textContent = ' 回溯重建版·送审稿';
    const texts = document.createTreeWalker(header, NodeFilter.SHOW_TEXT);
    for (let text; (text = texts.nextNode());) {
        const range = document.createRange(); range.selectNodeContents(text);
        if (new Set(Array.from(range.getClientRects(), (r) => Math.round(r.top))).size > 1) broken.push(text.data.trim());
    }
    return [broken, header.scrollWidth > header.clientWidth]; }"""


@pytest.mark.parametrize("width", [390, 700, 768, 820, 959, 1024, 1280])
def test_no_word_of_the_header_breaks(open_page: OpenPage, site: Path, width: int) -> None:
    page = open_page(site / "index.html", width=width).page
    assert page.evaluate(BROKEN) == [[], False]


def test_a_broken_header_would_be_noticed(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "index.html", width=820).page
    page.evaluate("Object.assign(document.querySelector('.db-menu').style, {whiteSpace: 'normal', width: '48px'})")
    assert page.evaluate(BROKEN)[0]


def test_the_text_column_holds_about_forty_characters(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html", width=1440).page
    section = page.locator(".db-article > section")
    characters = section.evaluate("(e) => e.clientWidth / parseFloat(getComputedStyle(e).fontSize)")
    assert 36 <= characters <= 42


# Colours


def background(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


LIGHT, DARK = "rgb(251, 250, 246)", "rgb(20, 24, 28)"


@pytest.mark.parametrize(("scheme", "expected"), [("light", LIGHT), ("dark", DARK)])
def test_colours_follow_the_system(open_page: OpenPage, site: Path, scheme: str, expected: str) -> None:
    assert background(open_page(site / "index.html", color_scheme=scheme).page) == expected


def test_a_chosen_theme_is_kept_on_the_next_page_and_given_back_to_the_system(open_page: OpenPage, site: Path) -> None:
    opened = open_page(site / "chapters/first.html", color_scheme="light")
    page = opened.page
    page.click(".db-theme")
    assert background(page) == DARK
    assert page.get_attribute(".db-theme", "aria-pressed") == "true"
    page.goto((site / "table.html").as_uri())
    assert background(page) == DARK
    page.click(".db-theme")
    assert background(page) == LIGHT
    assert page.evaluate("document.documentElement.dataset.theme") is None
    assert opened.faults(site) == []


def test_paper_is_light_whatever_the_screen_is(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html", color_scheme="dark").page
    page.click(".db-theme")
    page.click(".db-theme")
    page.emulate_media(media="print")
    assert background(page) == "rgb(255, 255, 255)"
    for gone in (".db-header", ".db-nav", ".db-toc", ".chart-tools", "details.hide"):
        assert not page.is_visible(gone), gone
    assert page.is_visible("h1")


# Keyboard


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.className || document.activeElement.id || document.activeElement.tagName"))


def test_the_first_tab_offers_to_skip_to_the_text(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html").page
    page.keyboard.press("Tab")
    assert focused(page) == "db-skip"
    assert page.locator(".db-skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_whatever_has_the_focus_is_outlined(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html").page
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid 2px" in outline, focused(page)


def test_the_drawer_takes_the_focus_and_gives_it_back(open_page: OpenPage, site: Path) -> None:
    opened = open_page(site / "chapters/second.html", **PHONE)
    page = opened.page
    assert not page.is_visible("#db-nav")
    page.focus(".db-menu")
    page.keyboard.press("Enter")
    page.wait_for_selector("#db-nav", state="visible")
    assert page.evaluate("document.activeElement.closest('#db-nav') !== null")
    assert page.get_attribute(".db-menu", "aria-expanded") == "true"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('#db-nav') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector("#db-nav", state="hidden")
    assert "db-menu" in focused(page)
    assert opened.faults(site) == []


def test_the_navigation_opens_without_script(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html", java_script_enabled=False, **PHONE).page
    assert not page.is_visible("#db-nav")
    page.click(".db-menu")
    page.wait_for_selector("#db-nav", state="visible")


@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_a_key_opens_the_search_and_escape_closes_it(open_page: OpenPage, site: Path, key: str) -> None:
    page = open_page(site / "chapters/second.html").page
    page.keyboard.press(key)
    assert page.is_visible("#db-search")
    assert page.evaluate("document.activeElement.id") == "db-search-input"
    page.keyboard.type("a/b")
    assert page.input_value("#db-search-input") == "a/b"
    page.keyboard.press("Enter")
    assert page.is_visible("#db-search")
    page.keyboard.press("Escape")
    assert not page.is_visible("#db-search")


@pytest.mark.parametrize("width", [360, 1280])
def test_everything_that_can_be_pressed_has_a_name(open_page: OpenPage, site: Path, width: int) -> None:
    page = open_page(site / "chapters/first.html", width=width).page
    nameless = page.evaluate("""() => [...document.querySelectorAll('a[href], button, input, summary')]
        .filter((e) => e.getClientRects().length && !e.textContent.trim())
        .filter((e) => !e.getAttribute('aria-label') && !(e.labels && e.labels.length))
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert nameless == []


# Tables, marks, links


def test_a_wide_table_scrolls_by_itself_and_keeps_its_first_column(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html", **PHONE).page
    frame = page.locator("#tab-wide .db-scroll")
    assert frame.get_attribute("tabindex") == "0"
    assert "一张宽表" in (frame.get_attribute("aria-label") or "")
    assert page.is_visible("#tab-wide .db-scroll-hint")
    frame.evaluate("(e) => { e.scrollLeft = 200; }")
    first = page.locator("#tab-wide tbody tr:first-child > :first-child").bounding_box()
    assert abs(first["x"] - frame.bounding_box()["x"]) < 2
    assert page.locator("#tab-wide td", has_text="防城港市").evaluate("(e) => getComputedStyle(e).whiteSpace") == "nowrap"
    # No column is squeezed to a ribbon of single characters.
    widths = page.locator("#tab-wide tbody tr:first-child > *").evaluate_all("(cells) => cells.map((c) => c.clientWidth)")
    assert min(widths) >= 40
    assert max(widths) >= 180


def test_a_table_that_fits_has_no_hint(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html", width=1440).page
    assert page.evaluate("document.querySelector('#tab-wide .db-scroll').hasAttribute('tabindex')") == page.evaluate(
        "document.querySelector('#tab-wide').classList.contains('is-wide')"
    )


def test_marks_are_drawn_alike_and_named_for_who_cannot_see_them(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html").page
    marks = page.locator(".chapter-meta .evidence")
    drawn = [marks.nth(i).evaluate("(e) => ({...getComputedStyle(e, '::before')})") for i in range(2)]
    assert [(style["width"], style["height"]) for style in drawn] == [("12px", "12px")] * 2
    assert marks.nth(0).get_attribute("aria-label") == "复算一致"
    assert marks.nth(1).get_attribute("aria-label") == "复算不符"
    masks = [style["webkitMaskImage"] for style in drawn]
    assert masks[0] != masks[1]
    assert all(mask.startswith('url("data:') for mask in masks)


def test_a_mark_never_begins_a_line(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html", **PHONE).page
    # Every width of a line, so that some of them would break just before the mark.
    starts = page.evaluate("""() => {
        const box = document.querySelector('.db-article p');
        const mark = document.createElement('span');
        mark.className = 'evidence reproduced';
        mark.textContent = '●';
        const found = [];
        for (let n = 12; n < 40; n++) {
            box.textContent = '数'.repeat(n) + '\u2060';
            box.appendChild(mark);
            box.append('，后文。');
            found.push(mark.getBoundingClientRect().left - box.getBoundingClientRect().left);
        }
        return found;
    }""")
    assert min(starts) > 12


def test_a_headings_link_is_copied_and_the_page_says_so(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html").page
    page.locator("h2 .headerlink").first.click()
    page.wait_for_selector("h2 .headerlink.is-copied")
    page.focus(".db-search-open")
    page.click(".db-search-open")
    page.keyboard.press("Control+v")
    assert "second.html#" in page.input_value("#db-search-input")


def test_the_contents_show_the_section_that_is_read(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/second.html", height=500).page
    assert page.inner_text(".db-toc a.is-here") == "甲"
    page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    wait_for(page, "document.querySelector('.db-toc a.is-here').textContent === '乙'")


def test_editions_are_offered_where_the_site_lists_them(open_page: OpenPage, site: Path) -> None:
    listed = """window.DECISIONBOOK_EDITIONS = {newest: "2001.01", editions: [
        {id: "2000.01", href: "2000.01/index.html"}, {id: "2001.01", label: "新", href: "2001.01/index.html"}]};"""
    opened = open_page(site / "index.html")
    assert opened.page.is_disabled(".db-edition-button")
    opened.page.context.add_init_script(listed)
    opened.page.goto((site / "chapters/first.html").as_uri())
    opened.page.click(".db-edition-button")
    links = opened.page.locator(".db-editions a")
    targets = [links.nth(i).get_attribute("href") for i in range(2)]
    assert targets == ["../../2000.01/index.html", "../../2001.01/index.html"]
    assert links.nth(0).get_attribute("aria-current") == "true"
    assert "2001.01" in opened.page.inner_text(".db-newer")


def test_motion_is_left_out_for_who_asks(open_page: OpenPage, site: Path) -> None:
    page = open_page(site / "chapters/first.html", reduced_motion="reduce", **PHONE).page
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("getComputedStyle(document.getElementById('db-nav')).transitionDuration") == "0s"


def test_headings_go_down_one_level_at_a_time(open_page: OpenPage, site: Path) -> None:
    for name in PAGES:
        headings = open_page(site / name).page.locator("main h1, main h2, main h3")
        levels = headings.evaluate_all("(all) => all.map((h) => Number(h.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
