"""Search in a browser: what readers type is found, marked and reached; what is not in the book is not found."""

from __future__ import annotations

import functools
import http.server
import random
import re
import shutil
import threading
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from decisionbook.render.html import finish_site
from decisionbook.render.search import INDEX, write_index

from .. import minibook
from .conftest import OpenPage, wait_for

pytestmark = pytest.mark.browser

SECOND = """\
# 网络与住房

开篇说明。

## 甲　网络

到 2022 年上半年末，全区开通 5G 基站 50,678 座，另有 150,678 户；“增长 11 倍”多。ＮＢ－ＩｏＴ 已覆盖。收入的集中度（HHI）没有印。

| 地区 | 数 |
| --- | --- |
| 南宁 | 3.02 |

## 乙　公积金

城镇居民的**住房**公积金{finding}`12.27`{evidence}`unverifiable`%，`<img src=x onerror="document.title='ran'">` 是正文里的字。

Rapid growth of base stations in the region.

## 住房

这里不提那个词，只说租金。网络 网络。
"""
GLOSSARY = [
    {"term_zh": "赫芬达尔指数", "term_en": "Herfindahl–Hirschman index", "synonyms": "HHI"},
    {"term_zh": "公积金覆盖率", "term_en": "provident fund coverage", "synonyms": "公积金"},
    {"term_zh": "全书没有", "term_en": "nowhere", "synonyms": "处处没有"},
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book with a page to search, finished and indexed."""
    folder = tmp_path_factory.mktemp("search")
    minibook.write_sources(folder / "source", **{"chapters/second.md": SECOND})
    built = minibook.build(folder / "source", folder / "搜索 一" / "html")
    finish_site(built, edition=minibook.EDITION)
    write_index(built, GLOSSARY)
    return built


def opened_search(open_page: OpenPage, target: Path | str, **options: Any) -> Any:
    """Open a page and its search, wait for the index, and return what `open_page` returned."""
    opened = open_page(target, **options)
    opened.page.click(".db-search-open")
    loading = "/载入全书/.test(document.getElementById('db-search-status').textContent)"
    wait_for(opened.page, f"window.decisionbookSearch && !{loading}")
    return opened


def type_query(page: Any, text: str) -> list[str]:
    """Type into the dialog and return the text of the hits, the best first."""
    page.fill("#db-search-input", text)
    # The query is kept when it is run, a moment after the last letter.
    wait_for(page, "(text) => sessionStorage.getItem('decisionbook-search') === text", arg=text)
    return list(page.locator("#db-search-results a").all_inner_texts())


def targets(page: Any) -> list[str]:
    return list(page.evaluate("[...document.querySelectorAll('#db-search-results a')].map((a) => a.getAttribute('href'))"))


def headings(page: Any) -> list[str]:
    script = """() => [...document.querySelectorAll('.db-hit-title')].map((title) => [...title.childNodes]
        .filter((node) => node.className !== 'db-hit-page').map((node) => node.textContent).join(''))"""
    return list(page.evaluate(script))


def marked(page: Any) -> list[str]:
    return list(page.locator("#db-search-results mark").all_inner_texts())


# Loading


def test_the_index_is_asked_for_on_the_first_search_and_once(open_page: OpenPage, small: Path) -> None:
    opened = open_page(small / "chapters/first.html")
    opened.page.wait_for_load_state("networkidle")
    assert not any("search-index" in request for request in opened.requests)
    for _ in range(2):
        opened.page.click(".db-search-open")
        wait_for(opened.page, "!!window.decisionbookSearch")
        opened.page.keyboard.press("Escape")
    assert sum("search-index" in request for request in opened.requests) == 1
    assert opened.faults(small) == []


def test_a_missing_index_is_said_and_nothing_else_breaks(open_page: OpenPage, small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "copy")
    (copy / INDEX).unlink()
    page = open_page(copy / "index.html").page
    page.click(".db-search-open")
    wait_for(page, "/没有载入/.test(document.getElementById('db-search-status').textContent)")
    page.keyboard.press("Escape")
    assert not page.is_visible("#db-search")


# What is found


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("上半年末，全区开通", "上半年末，全区开通"),  # a fragment
        ("基站", "基站"),  # two characters
        ("5G基站", "5G 基站"),  # no space typed, one printed
        ("5g 基站", "5G 基站"),
        ("５Ｇ基站", "5G 基站"),
        ("50678", "50,678"),
        ("50,678", "50,678"),
        ("50，678座", "50,678 座"),
        ("增长11倍多", "增长 11 倍”多"),  # quotation marks left out
        ("nb-iot", "ＮＢ－ＩｏＴ"),
        ("住房公积金12.27%", "住房公积金12.27%"),  # across bold, a finding and its mark
        ("12.27", "12.27"),
        ("base stations", "base stations"),
        ("2022年上半年末", "2022 年上半年末"),
    ],
)
def test_what_readers_type_is_found_and_marked(open_page: OpenPage, small: Path, typed: str, mark: str) -> None:
    page = opened_search(open_page, small / "index.html").page
    assert type_query(page, typed)
    assert any(target.startswith("./chapters/second.html") for target in targets(page))
    # \u2060 and no-break spaces are in the page, not in the index.
    assert mark in marked(page)


@pytest.mark.parametrize("typed", ["基站全区", "506789", "南宁3.02", "住房公积金覆盖", "zzz", "<img src=y>", "全书没有"])
def test_what_is_not_in_the_book_finds_nothing_and_says_so(open_page: OpenPage, small: Path, typed: str) -> None:
    page = opened_search(open_page, small / "index.html").page
    assert type_query(page, typed) == []
    assert typed in page.inner_text("#db-search-status")
    assert page.locator(".db-hit-none li").count() >= 3


def test_the_longest_part_that_is_in_the_book_is_offered(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    type_query(page, "开通5G基站一览")
    page.locator(".db-hit-none button").first.click()
    assert page.input_value("#db-search-input") == "开通5g基站"
    assert marked(page) == ["开通 5G 基站"]


def test_all_words_of_a_query_must_be_in_a_section(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    assert len(type_query(page, "倍 开通")) == 1
    assert sorted(marked(page)) == ["倍", "开通"]
    assert type_query(page, "开通 租金") == []


def test_titles_come_first_then_headings_then_text(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    type_query(page, "网络")
    assert headings(page)[:3] == ["网络与住房", "甲　网络", "住房"]
    # The section called so comes before the one that only has the word in its heading.
    type_query(page, "住房")
    assert headings(page)[:3] == ["网络与住房", "住房", "乙　公积金"]


def test_a_whole_number_comes_before_a_part_of_one(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    assert page.evaluate(
        """() => { const search = window.DecisionBookSearch.book({
            pages: [["a.html", "题", ""]], synonyms: [], figures: {page: "", rows: []},
            sections: [[0, "题", "", ""], [0, "一", "x", "150,678 与 150,678"], [0, "二", "y", "50,678"]]});
            return search.find("50678").sections.map((hit) => hit.entry.heading); }"""
    ) == ["二", "一"]


def test_other_words_of_the_glossary_are_tried_and_named(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    assert type_query(page, "赫芬达尔指数")
    assert marked(page) == ["HHI"]
    assert page.inner_text("#db-search-status").endswith("也查了：HHI。")
    # Letters inside another word are not the term.
    assert type_query(page, "whhiz") == []
    assert "也查了" not in page.inner_text("#db-search-status")


def test_text_of_the_book_and_of_the_reader_stays_text(open_page: OpenPage, small: Path) -> None:
    opened = opened_search(open_page, small / "index.html")
    page = opened.page
    assert type_query(page, "<img src=x onerror=")
    assert page.locator("#db-search img").count() == 0
    type_query(page, "<b onclick=x>没有</b>")
    assert page.locator("#db-search-status b, #db-search-results b[onclick]").count() == 0
    assert page.title() != "ran"
    assert opened.faults(small) == []


def test_a_hit_in_a_table_leads_to_the_section(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "chapters/second.html").page
    type_query(page, "3.02")
    page.keyboard.press("Enter")
    wait_for(page, "location.hash !== ''")
    assert not page.is_visible("#db-search")
    section = "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
    assert 0 <= page.evaluate(f"{section}.querySelector('h2').getBoundingClientRect().top") < 400


# The dialog


def test_arrows_walk_the_hits_and_typing_goes_on_in_the_field(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    type_query(page, "住房")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("[...document.querySelectorAll('#db-search-results a')].indexOf(document.activeElement)") == 1
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "db-search-input"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.type("x")
    assert page.input_value("#db-search-input") == "住房x"
    page.keyboard.press("Escape")
    assert not page.is_visible("#db-search")


def test_a_hit_from_another_folder_opens_its_section(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "chapters/first.html").page
    type_query(page, "封面上的一句")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.split("#")[0] == (small / "index.html").resolve().as_uri()
    # Back in the search, the last query is there.
    page.click(".db-search-open")
    page.wait_for_selector("#db-search-results a")
    assert page.input_value("#db-search-input") == "封面上的一句"


def test_letters_being_composed_are_not_yet_a_query(open_page: OpenPage, small: Path) -> None:
    page = opened_search(open_page, small / "index.html").page
    page.evaluate("""() => { const input = document.getElementById('db-search-input');
        input.value = "zhufang"; input.dispatchEvent(new InputEvent('input', {isComposing: true}));
        input.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})); }""")
    page.wait_for_timeout(200)
    assert page.inner_text("#db-search-status") == ""
    page.evaluate("""() => { const input = document.getElementById('db-search-input');
        input.value = "住房"; input.dispatchEvent(new CompositionEvent('compositionend')); }""")
    assert "节" in page.inner_text("#db-search-status")


def test_it_works_below_any_path_of_a_server(open_page: OpenPage, small: Path) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(small.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/{small.name}/"
    opened = opened_search(open_page, f"{address}chapters/first.html")
    assert type_query(opened.page, "5G基站")
    assert opened.faults(address) == []
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_long_hits_do_not_widen_the_dialog_on_a_phone(open_page: OpenPage, small: Path, scheme: str) -> None:
    page = opened_search(open_page, small / "index.html", width=360, height=740, color_scheme=scheme).page
    type_query(page, "img")
    assert page.evaluate("(() => { const d = document.getElementById('db-search'); return d.scrollWidth <= d.clientWidth; })()")


# A real book


# What the reader sees: lines of the article without those of folded code, tables behind charts, drawings and marks.
VISIBLE_LINES = """() => {
  const hidden = "svg, script, style, button, details:not([open]) > :not(summary), details.hide, .chart-tools, .evidence, "
    + ".headerlink, math, #db-reconciliation";
  const blocks = [...document.querySelectorAll("article :is(p, li, td, dt, h1, h2, h3)")];
  return blocks.filter((b) => !b.querySelector("p, li, td, pre, table") && !b.closest(hidden)).map((b) => {
    const copy = b.cloneNode(true);
    copy.querySelectorAll(hidden).forEach((e) => e.remove());
    return copy.textContent.replace(/\\s+/g, " ").trim();
  }).filter((line) => line.length > 3);
}"""
PAGES_OF = "(text) => window.__search.find(text).sections.map((hit) => hit.entry.page)"


def plainly(text: str) -> str:
    """Return a text without what search does not compare, written apart from search.js on purpose."""
    return re.sub(r"[\s\u2060,?\"'“”‘’「」《》○●◐✕□]", "", unicodedata.normalize("NFKC", text)).lower()


@pytest.mark.slow
def test_any_fragment_of_any_page_is_found_there_and_a_made_up_one_nowhere(open_page: OpenPage, real: Path) -> None:
    chance = random.Random(20240930)
    page = opened_search(open_page, real / "index.html").page
    page.evaluate("window.__search = window.DecisionBookSearch.book(window.decisionbookSearch)")
    reader = open_page(real / "index.html").page
    book = ""
    # The page for addresses that do not exist is no page of the book.
    names = sorted(path.name for path in real.glob("*.html") if path.name != "404.html")
    made_up: list[str] = []
    for name in names:
        reader.goto((real / name).resolve().as_uri())
        lines = reader.evaluate(VISIBLE_LINES)
        assert lines, name
        book += plainly("\n".join(lines)) + "\n"
        for line in chance.sample(lines, min(25, len(lines))):
            start = chance.randrange(max(1, len(line) - 4))
            fragment = line[start : start + chance.randint(4, 16)]
            if re.search(r"\w", fragment):
                assert name in page.evaluate(PAGES_OF, fragment), f"{name}: {fragment!r} of {line!r}"
            characters = [c for c in plainly(line) if "\u4e00" <= c <= "\u9fff"][:8]
            made_up.append("".join(reversed(characters)))
    whole = plainly(page.evaluate("JSON.stringify(window.decisionbookSearch)"))
    absent = [text for text in made_up if len(text) >= 6 and text not in whole and text not in book]
    assert len(absent) >= 20
    for text in absent:
        result = page.evaluate("(t) => { const r = window.__search.find(t); return r.sections.length + r.figures.length; }", text)
        assert result == 0, text


@pytest.mark.slow
def test_a_printed_figure_leads_to_its_row_in_the_reconciliation(open_page: OpenPage, real: Path) -> None:
    opened = opened_search(open_page, real / "base_station_growth.html")
    page = opened.page
    type_query(page, "50,678")
    assert targets(page)[0] == "./reconciliation.html#figure-000-0017"
    type_query(page, "住房公积金覆盖率")
    assert any("#figure-003-" in target for target in targets(page))
    type_query(page, "50678")
    with page.expect_navigation():
        page.click("#db-search-results a[href$='figure-000-0017']")
    page.wait_for_selector("#figure-000-0017")
    assert "50678" in page.inner_text("#figure-000-0017")
    # The list of editions lies beside the edition.
    assert opened.faults(real.parent) == []


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["智慧城市", "基站", "5G基站", "住房公积金覆盖率", "5G基站增长：印刷数字复核"])
def test_what_stock_search_misses_is_found(open_page: OpenPage, real: Path, typed: str) -> None:
    page = opened_search(open_page, real / "index.html").page
    assert type_query(page, typed)
    assert typed.replace(" ", "") in "".join(marked(page)).replace(" ", "")
