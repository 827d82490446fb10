"""Evidence as a reader opens it: by pointer, keyboard and finger, from a folder, under the strict policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decisionbook.render.html import finish_site

from .. import evidence_book, minibook
from .conftest import OpenPage, wait_for

PHONE = {"width": 390, "height": 780, "has_touch": True, "is_mobile": True}
VIEW = "#db-evidence-view"
MARK = "dt a.evidence"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished book with evidence, in a folder with a space in its name."""
    place = tmp_path_factory.mktemp("evidence")
    settings = evidence_book.write_sources(place / "source")
    built = minibook.build(place / "source", place / "a book" / "html", **settings)
    finish_site(built, edition=minibook.EDITION)
    return built


def shown(page: Any) -> dict[str, str]:
    """Return the open evidence as its terms and what stands at each, the verdict under an empty term."""
    page.wait_for_selector(VIEW, state="visible")
    return page.evaluate(
        """() => Object.fromEntries([['', document.querySelector('.evidence-verdict').textContent],
        ...Array.from(document.querySelectorAll('#db-evidence-view dl > div'),
            (row) => [row.children[0].textContent, row.children[1].textContent])])"""
    )


def is_open(page: Any) -> bool:
    return bool(page.locator(VIEW).is_visible())


# ---- Pointer --------------------------------------------------------------------------------


def test_a_mark_shows_on_hover_what_its_verdict_rests_on(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / "first.html")
    page = opened.page
    assert not is_open(page)
    page.hover(MARK)
    found = shown(page)
    assert found[""] == "复算一致"
    assert found["印刷"] == "0.92%所指 0.915–0.925"
    assert found["出处"] == "000《报告甲》　二（二）"
    assert found["复算"] == "0.9186%区间 0.9175–0.9197"
    assert found["算式"] == "425亿元 ÷ 46266亿元"
    assert found["输入"] == "425亿元000　二（二）46266亿元000　二（二）"
    # The pointer may go into the view, and only leaving both closes it.
    page.hover(VIEW)
    page.wait_for_timeout(500)
    assert is_open(page)
    page.mouse.move(5, 700)
    page.wait_for_selector(VIEW, state="hidden")
    assert opened.faults(folder) == []


def test_passing_over_a_mark_opens_nothing(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.hover(MARK)
    page.mouse.move(5, 700)
    page.wait_for_timeout(400)
    assert not is_open(page)


def test_the_number_itself_opens_what_its_mark_explains(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.hover("dd .num[data-evidence='firms']")
    found = shown(page)
    assert (found[""], found["影响"], found["可能"]) == ("复算不符", "不改变结论", "一位数字有误")
    assert page.get_attribute("dd a[data-evidence='firms']", "aria-expanded") == "true"


def test_a_derived_number_shows_bounds_and_inputs_without_a_verdict(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    number = page.locator("dd .num[data-evidence='gap']")
    assert number.get_attribute("role") == "button"
    assert number.evaluate("(e) => getComputedStyle(e).textDecorationStyle") == "dotted"
    number.click()
    found = shown(page)
    assert found["数值"] == "587.6 亿元区间 585.1–590.2"
    assert found["输入"] == "425亿元000　二（二）"
    assert page.locator(f"{VIEW} .evidence").count() == 0


def test_a_click_keeps_it_open_and_a_click_elsewhere_closes_it(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.click(MARK)
    page.mouse.move(5, 700)
    page.wait_for_timeout(500)
    assert is_open(page)
    page.mouse.click(640, 160)
    assert not is_open(page)


@pytest.mark.parametrize(("width", "to"), [(1280, "h1"), (1280, "table"), (800, "h1"), (700, "table")])
def test_the_view_stays_inside_the_window_and_off_its_mark(open_page: OpenPage, folder: Path, width: int, to: str) -> None:
    page = open_page(folder / "first.html", width=width, height=500).page
    marks = page.locator("p a.evidence, dd a.evidence, td a.evidence, dt a.evidence")
    page.evaluate(f"document.querySelector('article {to}').scrollIntoView({{behavior: 'instant'}})")
    seen = 0
    for index in range(marks.count()):
        mark = marks.nth(index)
        if not mark.evaluate("(e) => { const r = e.getBoundingClientRect(); return r.top > 60 && r.bottom < innerHeight; }"):
            continue
        seen += 1
        mark.click()
        box, at = page.locator(VIEW).bounding_box(), mark.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 500 or box["height"] <= 140
        assert box["y"] >= at["y"] + at["height"] or box["y"] + box["height"] <= at["y"]
        page.keyboard.press("Escape")
    assert seen


# ---- Keyboard -------------------------------------------------------------------------------


def test_the_keyboard_opens_reads_and_closes(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / "first.html")
    page = opened.page
    active = "document.activeElement"
    page.keyboard.press("Tab")
    for _ in range(80):
        if page.evaluate(f"{active}.matches('{MARK}')"):
            break
        page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.getAttribute('aria-label')") == "0.92，复算一致：查看依据"
    assert shown(page)[""] == "复算一致"
    page.keyboard.press("Enter")
    assert page.evaluate(f"{active}.id") == VIEW[1:]
    page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.textContent") == "425亿元"
    page.keyboard.press("Escape")
    assert not is_open(page)
    assert page.evaluate(f"{active}.matches('{MARK}')")
    # The space bar does what Enter does; behind the last stop the text goes on.
    page.keyboard.press("Space")
    assert page.evaluate(f"{active}.id") == VIEW[1:]
    for _ in range(page.locator(f"{VIEW} a, {VIEW} button").count()):
        page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.className") == "evidence-close"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.dataset.evidence") == "gap"
    assert shown(page)["数值"].startswith("587.6")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(f"{active}.dataset.evidence") == "gap"
    assert opened.faults(folder) == []


def test_what_opens_has_role_name_and_state(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    triggers = page.locator("[aria-haspopup=dialog][data-evidence]")
    assert triggers.count() >= 9
    for index in range(triggers.count()):
        trigger = triggers.nth(index)
        assert trigger.get_attribute("role") == "button"
        assert trigger.get_attribute("aria-label").endswith("：查看依据")
        assert trigger.get_attribute("aria-expanded") == "false"
        assert trigger.get_attribute("title") is None
        assert trigger.evaluate("(e) => e.tabIndex") == 0
    page.locator(MARK).click()
    view = page.locator(VIEW)
    assert (view.get_attribute("role"), view.get_attribute("aria-label")) == ("dialog", "依据：0.92%")
    assert page.locator("[aria-expanded=true][data-evidence]").count() == 1


@pytest.mark.parametrize("size", [{"width": 1280}, PHONE], ids=["desktop", "phone"])
def test_a_target_of_24_pixels_answers_round_every_mark(open_page: OpenPage, folder: Path, size: dict[str, Any]) -> None:
    page = open_page(folder / "first.html", **size).page
    missed = page.evaluate("""() => [...document.querySelectorAll('[aria-haspopup][data-evidence]')].flatMap((mark) => {
        mark.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
        const box = mark.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
        return [[0, 0], [-11, 0], [11, 0], [0, -11], [0, 11]]
            .filter(([dx, dy]) => document.elementFromPoint(x + dx, y + dy) !== mark).map((by) => [mark.outerHTML, by]);
    })""")
    assert missed == []


# ---- Finger ---------------------------------------------------------------------------------


def test_on_a_phone_a_tap_opens_a_sheet_at_the_foot(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / "first.html", **PHONE)
    page = opened.page
    page.locator("dd a[data-evidence='firms']").tap()
    assert shown(page)[""] == "复算不符"
    # The sheet slides in.
    wait_for(page, "(view) => Math.abs(document.querySelector(view).getBoundingClientRect().bottom - innerHeight) < 2", VIEW)
    box = page.locator(VIEW).bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert abs(box["y"] + box["height"] - 780) < 2
    # The number that was tapped stays in sight above the sheet.
    assert page.locator("dd a[data-evidence='firms']").bounding_box()["y"] < box["y"]
    page.locator(".evidence-close").tap()
    assert not is_open(page)
    page.locator("dd .num[data-evidence='free']").tap()
    assert shown(page)["数值"] == "12.5"
    page.locator("h1").tap()
    assert not is_open(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.faults(folder) == []


# ---- Links and safety -----------------------------------------------------------------------


def test_links_lead_to_the_row_among_all_figures(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.click(MARK)
    addresses = page.locator(f"{VIEW} a:not(.db-permalink)").evaluate_all("(links) => links.map((a) => a.getAttribute('href'))")
    assert addresses == [f"reconciliation.html#figure-000-000{n}" for n in (1, 2, 3)]
    page.click(f"{VIEW} .evidence-more a:not(.db-permalink)")
    page.wait_for_url("**/reconciliation.html#figure-000-0003")


def test_a_value_of_another_chapter_says_where_it_was_computed(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "index.html").page
    page.hover("p a.evidence")
    assert shown(page)["算于"] == "第一章"
    assert page.get_attribute(f"{VIEW} dd a[href='first.html']", "href") == "first.html"


def test_hostile_prints_are_shown_and_never_run(open_page: OpenPage, folder: Path) -> None:
    for name in ("first.html", "second.html"):
        opened = open_page(folder / name)
        page = opened.page
        page.locator("a.evidence.unverifiable").first.click()
        found = shown(page)
        assert evidence_book.HOSTILE in found["说明"]
        assert evidence_book.HOSTILE in found["出处"]
        assert page.locator(f"{VIEW} img, {VIEW} svg, {VIEW} script").count() == 0
        page.wait_for_timeout(200)
        assert page.evaluate("window.trapped") is None
        assert opened.faults(folder) == []


def test_the_trap_would_catch_a_page_that_takes_text_for_markup(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "plain.html").page
    page.goto("about:blank")
    page.evaluate("(text) => { document.body.innerHTML = text; }", evidence_book.HOSTILE)
    wait_for(page, "window.trapped === 1")


def test_without_script_a_mark_leads_to_its_row(open_page: OpenPage, folder: Path, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "first.html").resolve().as_uri())
    page.click(MARK)
    assert page.url.endswith("#row-000-0003")
    assert page.locator(MARK).get_attribute("aria-label") == "0.92，复算一致：查看依据"
    context.close()


def test_on_paper_there_is_no_view(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.click(MARK)
    page.emulate_media(media="print")
    assert not is_open(page)
