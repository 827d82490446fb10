"""What a reader may do with a page: cite it, take its files along, answer, and find the way back from a wrong address."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lxml.html
import pytest
from sphinx.errors import ConfigError

from decisionbook.data.declarations import Parameter, load_chapter
from decisionbook.data.package import Package
from decisionbook.project import Project
from decisionbook.render import cards, reader
from decisionbook.render.directives import allowed_words
from decisionbook.render.not_found import FILE, not_found_page, write_not_found

from . import evidence_book, minibook
from .conftest import ROOT

CONTEXT = {
    "book_title": "小书",
    "book_subtitle": "可复算版",
    "edition": minibook.EDITION,
    "pdf": "book.pdf",
    "chapter_pdfs": True,
    "notebooks": True,
}
CARD = """
::::{container} key-points
:::{key-card} first
:spark: bars
:values: 份额=share:.2f; 缺口=gap:.1f

{glue:text}`first::share:.2f` %
: 一句话。
:::
:::{key-card} absent
{glue:text}`absent::x` 个
: 本版没有这一章。
:::
::::
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book with cards on its front page, with files that the build is said to make, and a tracker."""
    folder = tmp_path_factory.mktemp("reader")
    settings = evidence_book.write_sources(folder / "source")
    index = folder / "source" / "index.md"
    index.write_text(index.read_text(encoding="utf-8") + CARD, encoding="utf-8")
    return minibook.build(
        folder / "source",
        folder / "html",
        **settings,
        author="编写组",
        html_context=CONTEXT,
        decisionbook_feedback="https://tracker.example/new?page={page}&title={title}",
    )


def page_of(pages: Path, name: str) -> Any:
    return lxml.html.fromstring((pages / name).read_text(encoding="utf-8"))


def names(pages: Path) -> list[str]:
    return sorted(path.name for path in pages.glob("*.html") if path.name != "genindex.html")


# ---- On every page ----------------------------------------------------------------------------


def test_every_page_has_the_way_back_the_citation_and_the_tools(pages: Path) -> None:
    for name in names(pages):
        page = page_of(pages, name)
        assert page.xpath("//link[@rel='icon']/@href"), name
        assert page.xpath("//button[contains(@class, 'db-print')]"), name
        assert page.xpath("//a[@class='db-top' and @href='#main']"), name
        assert page.xpath("//details[@id='db-cite']//*[@class='db-citation-text']"), name
        assert page.xpath("//a[@class='db-feedback']/@href")[0].startswith("https://tracker.example/new?page="), name
        crumbs = [e.text_content() for e in page.xpath("//nav[@class='db-crumbs']//li")]
        # The front page is where the way leads; every other page says where it stands.
        assert (crumbs == []) == (name == "index.html")
        assert not crumbs or (crumbs[0], crumbs[-1]) == ("首页", page.xpath("//h1")[0].text_content().rstrip("#"))
        assert page.xpath("//nav[@class='db-prevnext']/a"), name


def test_every_heading_and_table_has_a_link_to_itself(pages: Path) -> None:
    for name in names(pages):
        page = page_of(pages, name)
        for heading in page.xpath("//article//h1 | //article//h2 | //p[@class='db-table-caption'][@id]"):
            (link,) = heading.xpath(".//a[@class='headerlink']/@href")
            assert page.xpath(f"//*[@id='{link[1:]}']")


def test_each_number_has_one_address_on_its_page(pages: Path) -> None:
    page = page_of(pages, "first.html")
    ids = page.xpath("//*[starts-with(@id, 'num-')]/@id")
    assert sorted(ids) == sorted(set(ids))
    assert {"num-share", "num-gap", "num-second-hostile"} <= set(ids)
    assert page.xpath("count(//*[@data-evidence='share'][contains(@class, 'num')])") == 2


def test_a_chapter_offers_its_files_and_no_other_page_does(pages: Path) -> None:
    files = [href.removeprefix("./") for href in page_of(pages, "first.html").xpath("//main//a[@download]/@href")]
    assert set(files) == {"pdf/first.pdf", "briefs/first.pdf", "notebooks/first.ipynb"}
    head = page_of(pages, "first.html").xpath("//p[@class='chapter-files']/a")
    assert [(a.text, a.get("href")) for a in head] == [("本章 PDF", "pdf/first.pdf"), ("一页简报", "briefs/first.pdf")]
    assert "decisionbook run first" in page_of(pages, "first.html").xpath("//details[@class='db-rerun']")[0].text_content()
    assert page_of(pages, "plain.html").xpath("//main//a[@download]") == []


def test_a_build_without_pdf_shows_no_dead_links() -> None:
    assert [f["kind"] for f in reader.chapter_files({"chapter_pdfs": False, "notebooks": True}, "c")] == ["notebook"]
    assert reader.chapter_files({}, "c") == []


# ---- Citation ---------------------------------------------------------------------------------


def test_page_and_book_are_cited_by_the_national_standard_and_in_plain_words(pages: Path) -> None:
    said = [e.text for e in page_of(pages, "first.html").xpath("//*[@class='db-citation-text']")]
    assert said == [
        "编写组. 第一章[M/OL]//小书·可复算版：2000.01 回溯重建版. (2000-02-01)",
        "“第一章”，《小书·可复算版》2000.01 回溯重建版，数据截至 2000-01-31，编成于 2000-02-01。",
        "编写组. 小书·可复算版：2000.01 回溯重建版[M/OL]. (2000-02-01)",
    ]
    book = [e.text for e in page_of(pages, "index.html").xpath("//*[@class='db-citation-text']")]
    assert book[0] == said[2]
    assert "第一章" not in "".join(book)


# ---- Feedback ---------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["none", "book@example.org", "https://tracker.example/{page}?t={title}&e={edition}"])
def test_feedback_takes_none_a_mail_address_or_a_tracker(given: str) -> None:
    reader.check_feedback(SimpleNamespace(), SimpleNamespace(decisionbook_feedback=given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "http://tracker.example/",
        "javascript:alert(1)",
        "book@",
        "https://",
        "https://a.example/{user}",
        'https://a.example/"x',
    ],
)
def test_any_other_feedback_is_refused_with_what_is_expected(given: str) -> None:
    with pytest.raises(ConfigError, match=r"decisionbook_feedback is .* expected none, a mail address or an https address"):
        reader.check_feedback(SimpleNamespace(), SimpleNamespace(decisionbook_feedback=given))  # type: ignore[arg-type]


def test_titles_cannot_break_out_of_a_feedback_address() -> None:
    hostile = '"><script>&x=1#?'
    mail = reader.feedback_address("a@example.org", "page", hostile, "2000.01")
    link = reader.feedback_address("https://t.example/?q={title}", "page", hostile, "2000.01")
    for address in (mail, link):
        assert not re.search(r"[<>\"#\s]", address)
        assert "&x" not in address
    assert reader.feedback_address("none", "page", "t", "e") == ""


# ---- 404 --------------------------------------------------------------------------------------


def test_the_page_for_wrong_addresses_needs_no_other_file_and_lets_only_itself_run(tmp_path: Path) -> None:
    write_not_found(tmp_path, "小书</title>", {"id": "2000.01</script>", "label": "<b>"})
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    page = lxml.html.fromstring(text)
    assert page.xpath("//link | //img | //*[@src]") == []
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    (style,), (script,) = page.xpath("//style"), page.xpath("//script")
    for content, kind in ((style.text, "style-src"), (script.text, "script-src")):
        found = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{found}'" in policy
    assert page.xpath("//title")[0].text == "没有这一页 – 小书</title>"
    assert page.xpath("//b") == []
    assert not_found_page("a", {}) == not_found_page("a", {})


# ---- Cards ------------------------------------------------------------------------------------


def test_a_card_shows_its_numbers_as_a_picture_with_words_and_leads_to_its_chapter(pages: Path) -> None:
    (card,) = page_of(pages, "index.html").xpath("//div[contains(@class, 'key-card')]")
    (picture,) = card.xpath(".//*[contains(@class, 'spark ')]")
    assert (picture.get("role"), picture.get("aria-label")) == ("img", "份额 0.92%，缺口 587.6 亿元")
    assert card.xpath(".//p[contains(@class, 'card-link')]//a/@href") == ["first.html"]
    assert "style=" not in lxml.html.tostring(card, encoding="unicode")
    assert page_of(pages, "index.html").text_content().count("本版没有这一章") == 0


def test_a_number_with_one_bound_is_shown_as_that_bound() -> None:
    given = [{"low": None, "high": 5.0}, {"low": 99.9, "high": None}, {"low": 1.0, "high": 2.0}, {"low": None, "high": None}]
    assert [cards.bound_sign(finding) for finding in given] == ["<", "≥", "", ""]


def widths(markup: str, name: str) -> list[float]:
    return [float(w) for w in re.findall(rf'class="{name}"[^>]* width="([\d.]+)"', markup)]


def test_the_pictures_are_in_proportion() -> None:
    values = [cards.Value("甲<", 1.0, "1"), cards.Value("乙", 4.0, "4")]
    assert widths(cards.spark_html("bars", values), "spark-fill") == [25.0, 100.0]
    assert widths(cards.spark_html("share", [cards.Value("甲", 32.0, "32%")]), "spark-fill") == [32.0]
    span = cards.spark_html("range", [*values, cards.Value("丙", 10.0, "10")])
    assert widths(span, "spark-fill") == [pytest.approx(3 / 10.8 * 100, abs=0.01)]
    assert "甲<" not in span
    assert cards.spark_html("line", values).count("<circle") == 2
    # Shares above the whole and single points stay inside the picture.
    assert widths(cards.spark_html("share", [cards.Value("甲", 172.0, "172%")]), "spark-fill") == [100.0]
    assert "<svg" in cards.spark_html("line", values[:1])


def test_a_card_with_an_unknown_number_stops_the_build(tmp_path: Path) -> None:
    settings = evidence_book.write_sources(tmp_path / "source")
    index = tmp_path / "source" / "index.md"
    index.write_text("# 小书\n" + CARD.replace("gap:.1f", "no_such:.1f"), encoding="utf-8")
    with pytest.raises(Exception, match="no_such"):
        minibook.build(tmp_path / "source", tmp_path / "html", **settings)


# ---- Parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ("0.001–", "不小于 0.001"),
        ("-20–60", "−20 至 60"),
        ("–5", "不大于 5"),
        ("areas.csv", "地区的名称"),
        ("2010–2040", "2010 至 2040"),
        ("1000–1000000", "1000 至 1,000,000"),
        (Parameter("p", "number", 1, "m", minimum=-1e6, maximum=1e6).allowed, "−1,000,000 至 1,000,000"),
        (Parameter("p", "period", "2022", "m").allowed, "时期，如 2022、2022-S1、2022-Q1、2022-10"),
        ("翻倍 / 全国上半年占比", "翻倍 / 全国上半年占比"),
        ("", ""),
    ],
)
def test_limits_of_parameters_are_told_in_words(allowed: str, words: str) -> None:
    assert allowed_words(allowed) == words


def test_a_parameter_that_no_source_prints_is_not_said_to_come_from_data() -> None:
    chapter = load_chapter(Project(ROOT), "childcare_places")
    assert chapter.parameters["places"].missing_words == "由数据给出"
    assert chapter.parameters["base_places"].missing_words == "来源未印，须自行给出"


def test_citations_of_the_glossary_are_not_younger_than_the_edition() -> None:
    def cited(as_of: str) -> str:
        return json.dumps([row["reference"] for row in Package(Project(ROOT), as_of=as_of).rows("glossary")], ensure_ascii=False)

    assert "30173:2023" in cited("2024-09-30")
    assert "30173:2023" not in cited("2022-12-31")
    assert "〔2021〕" not in cited("2019-12-17")
    assert "17369:2013" in cited("2019-12-17")


def test_the_front_page_says_which_figures_belong_to_no_chapter(tmp_path: Path) -> None:
    settings = evidence_book.write_sources(tmp_path / "source")
    rows = [*evidence_book.ROWS, evidence_book.row("003-0001", "500册", "input", chapter="data_catalogue")]
    edition = {**minibook.EDITION, "order": ["first", "second"]}
    evidence_book.write_data(tmp_path / "source", reconciliation=rows, edition=edition)
    (tmp_path / "source" / "index.md").write_text("# 小书\n\n```{chapter-list}\n```\n", encoding="utf-8")
    pages = minibook.build(tmp_path / "source", tmp_path / "html", **settings)
    said = page_of(pages, "index.html").xpath("//*[contains(@class, 'chapters-rest')]")[0].text_content()
    assert said == f"各章合计 {len(rows) - 1} 个印刷数字；另有 1 个不属于任何一章（003-0001），见复核总表。"
