"""What a page tells about its numbers: the data beside it, the marks and their names, the rows they lead to."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from docutils import frontend, nodes, utils
from sphinx.application import Sphinx

from decisionbook.render import evidence, evidence_data
from decisionbook.render.book_data import BookData
from decisionbook.render.directives import build_table
from decisionbook.render.findings import (
    MarksAfterUnits,
    evidence_mark,
    finding_number,
    format_finding,
    has_evidence,
    verdict_mark,
)

from . import evidence_book, minibook, typst_books


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book, as Sphinx writes it."""
    folder = tmp_path_factory.mktemp("evidence")
    settings = evidence_book.write_sources(folder / "source")
    return minibook.build(folder / "source", folder / "html", **settings)


def page_of(pages: Path, name: str) -> tuple[str, Any]:
    source = (pages / name).read_text(encoding="utf-8")
    return source, lxml.html.fromstring(source)


def data_of(page: Any) -> dict[str, Any]:
    blocks = page.xpath("//script[@id='db-evidence']")
    assert [block.get("type") for block in blocks] == ["application/json"]
    return json.loads(blocks[0].text)


@pytest.fixture
def book(tmp_path: Path) -> BookData:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(evidence_book.content(), ensure_ascii=False), encoding="utf-8")
    return BookData(path)


# ---- The data -------------------------------------------------------------------------------


def test_a_page_holds_what_its_own_numbers_need_and_nothing_else(pages: Path) -> None:
    _, page = page_of(pages, "first.html")
    data = data_of(page)
    assert set(data["findings"]) == {"share", "gap", "firms", "free", "second.hostile"}
    # 001-0006 is of the other page alone; a word like 广西 has no evidence.
    assert set(data["figures"]) == {"000-0001", "000-0002", "000-0003", "000-0004", "001-0005"}
    assert data["findings"]["share"] == {"answers": ["000-0003"]}
    index = data_of(page_of(pages, "index.html")[1])
    assert set(index["findings"]) == {"first.share"}
    assert index["chapters"] == {"first": ["第一章", "first.html"]}


def test_every_key_on_a_page_is_explained_there(pages: Path) -> None:
    for path in sorted(pages.glob("*.html")):
        _, page = page_of(pages, path.name)
        keys = {element.get("data-evidence") for element in page.xpath("//*[@data-evidence]")}
        if not keys:
            assert "db-evidence" not in path.read_text(encoding="utf-8")
            continue
        data = data_of(page)
        for key in keys:
            assert key in data["findings"] or all(figure in data["figures"] for figure in key.split(" "))
        for record in [*data["figures"].values(), *data["findings"].values()]:
            assert set(record.get("inputs", [])) | set(record.get("answers", [])) <= set(data["figures"])


def test_a_recomputed_figure_says_all_that_an_answer_rests_on(book: BookData) -> None:
    record = evidence_data.figure_data(book, book.figures["000-0003"], "first")
    assert record == {
        "published": "0.92%",
        "section": "二（二）",
        "verdict": "reproduced",
        "printed": "0.915–0.925",
        "value": "0.9186%",
        "bounds": "0.9175–0.9197",
        "formula": "425亿元 ÷ 46266亿元",
        "reading": "收入÷全国收入",
        "inputs": ["000-0001", "000-0002"],
    }
    contradicted = evidence_data.figure_data(book, book.figures["000-0004"], "first")
    assert (contradicted["cause"], contradicted["effect"], contradicted["note"]) == ("一位数字有误", "不改变结论", "多出三家")
    # Seen from elsewhere it also says which chapter computed it.
    assert evidence_data.figure_data(book, book.figures["000-0003"], "index")["chapter"] == "first"


def test_a_derived_value_has_bounds_and_inputs_but_no_verdict(book: BookData) -> None:
    gap = evidence_data.finding_data(book, "first.gap", "first")
    assert gap == {"value": "587.6 亿元", "bounds": "585.1–590.2", "inputs": ["000-0001"]}
    assert evidence_data.finding_data(book, "first.free", "second") == {"value": "12.5", "chapter": "first"}


@pytest.mark.parametrize(
    ("expression", "inputs", "text"),
    [
        ("a/b-1", {"a": "000-0001", "b": "000-0002"}, "425亿元 ÷ 46266亿元 − 1"),
        ("-a*(b+a)**2", {"a": "000-0001", "b": "000-0003"}, "−425亿元 × (0.92% + 425亿元)^2"),
        ("a", {"a": "000-0001"}, ""),
        ("", {}, ""),
        # A print that holds a sign of its own is set apart from the signs of the formula.
        ("a/b", {"a": "000-0007", "b": "000-0001"}, "（-3~5%） ÷ 425亿元"),
    ],
)
def test_a_formula_reads_as_arithmetic_of_prints(book: BookData, expression: str, inputs: dict[str, str], text: str) -> None:
    book.figures["000-0007"] = evidence_book.row("000-0007", "-3~5%", "input")
    assert evidence_data.formula_text(expression, inputs, book) == (text, False)


@pytest.mark.parametrize(
    ("row", "repeat"),
    [
        ({"expression": "a", "inputs": {"a": "000-0001"}}, True),
        ({"expression": "a/b", "inputs": {"a": "000-0001", "b": "000-0002"}}, False),
        ({"expression": "2", "inputs": {}}, False),
        ({"expression": "", "inputs": {}}, False),
        ({}, False),
    ],
)
def test_a_number_printed_again_is_told_from_one_that_is_computed(row: dict[str, Any], repeat: bool) -> None:
    assert evidence_data.is_repeat(row) is repeat


def test_a_long_formula_keeps_letters_and_the_inputs_tell_them(book: BookData) -> None:
    inputs = dict.fromkeys("abcdefghij", "000-0002")
    text, lettered = evidence_data.formula_text("+".join(inputs), inputs, book)
    assert (text, lettered) == ("a + b + c + d + e + f + g + h + i + j", True)
    changed = {**book.figures["000-0003"], "expression": "+".join(inputs), "inputs": inputs}
    assert evidence_data.figure_data(book, changed, "first")["letters"] == list(inputs)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.918601132581, "%", "0.918601%"),
        (4934.23, "万元", "4,934.23 万元"),
        (0.5, "1", "0.5"),
        (-3.0, "", "−3"),
        (1000.0, "座", "1,000 座"),
    ],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert evidence_data.amount(value, unit) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"published": "0.92%", "obs_value": "0.92", "finding_value": "0.918601132581", "unit": "%"}, "0.9186%"),
        ({"published": "一半", "obs_value": "0.5", "finding_value": "0.419708", "unit": "1"}, "0.4197"),
        ({"published": "46,266\n亿元", "obs_value": "46266", "finding_value": "46265.8349", "unit": "亿元"}, "46,265.8 亿元"),
        # Fewer digits would hide why the verdict is what it is.
        ({"published": "12", "obs_value": "12", "finding_value": "12.00049", "unit": "", "printed": (12, 12)}, "12.0005"),
        ({"published": "0.9", "obs_value": "0.9", "finding_value": "0.9500001", "unit": "", "printed": (0.8, 0.95)}, "0.9500001"),
    ],
)
def test_a_recomputed_value_has_the_printed_digits_and_two_more(changes: dict[str, Any], text: str) -> None:
    printed = changes.pop("printed", None)
    row = evidence_book.row("000-0009", changes.pop("published"), "contradicted", **changes)
    if printed:
        row["printed"] = {"low": printed[0], "high": printed[1], "low_closed": True, "high_closed": True}
    assert evidence_data.recomputed(row) == text


def test_a_finding_is_shown_with_two_digits_more_than_the_page_prints(book: BookData) -> None:
    book.content["findings"]["first.third"] = evidence_book.finding(32.407407, "%", low=30.02, high=34.8)
    assert evidence_data.finding_data(book, "first.third", "first", 0)["value"] == "32.41%"
    assert evidence_data.finding_data(book, "first.third", "first")["value"] == "32.4074%"
    assert evidence_data.amount(0.000123456, "%", 2) == "0.00012%"


def test_only_numbers_and_what_was_printed_have_evidence() -> None:
    assert has_evidence({"value": 1.5, "answers": []})
    assert not has_evidence({"value": "广西", "answers": []})
    assert not has_evidence({"value": True, "answers": []})
    assert not has_evidence({"value": None, "answers": []})
    assert has_evidence({"value": "一半", "answers": [{}]})


def test_the_data_block_cannot_be_left_and_loses_nothing() -> None:
    content = {"a": evidence_book.HOSTILE + "<!--\ud800", "b": "全角＜"}
    block = evidence.data_script(content)
    inside = re.fullmatch(r"<script [^>]*>(.*)</script>\n", block)
    assert inside is not None
    assert not re.search("[<>&\u2028\u2029\ud800-\udfff]", inside[1])
    assert json.loads(inside[1]) == content
    block.encode("utf-8")


def test_hostile_prints_stay_text(pages: Path) -> None:
    for name in ("first.html", "second.html"):
        source, page = page_of(pages, name)
        assert page.xpath("//*[@onerror or @onload]") == []
        assert evidence_book.HOSTILE not in source
        hostile = data_of(page)["figures"]["001-0005"]
        assert hostile["note"] == hostile["section"] == hostile["published"] == evidence_book.HOSTILE


# ---- The marks ------------------------------------------------------------------------------


def test_marks_are_named_and_lead_to_the_row_that_explains_them(pages: Path) -> None:
    source, page = page_of(pages, "first.html")
    mark = page.xpath("//dt/a")[0]
    assert (mark.get("class"), mark.text, mark.get("href")) == ("evidence reproduced", "●", "#row-000-0003")
    assert mark.get("aria-label") == "0.92，复算一致：查看依据"
    assert page.xpath("//*[@id='row-000-0003']/ancestor::tr//td")[0].text_content().strip() == "0.92%"
    foreign = page.xpath("//a[@data-evidence='second.hostile']")[0]
    assert foreign.get("href") == "second.html#row-001-0005"
    # Every address on the page leads somewhere.
    for link in page.xpath("//a[@data-evidence]"):
        target, _, anchor = link.get("href").partition("#")
        where = page_of(pages, target)[1] if target else page
        assert anchor.startswith("figure-") or where.xpath(f"//*[@id='{anchor}']")
    assert "style=" not in source


def test_in_its_own_row_a_mark_leads_to_all_figures_or_says_no_more_than_the_row(pages: Path) -> None:
    _, page = page_of(pages, "first.html")
    own = page.xpath("//*[@id='row-000-0003']/ancestor::tr//*[contains(@class, 'evidence')]")[0]
    assert own.get("href") == "reconciliation.html#figure-000-0003"
    plain = page.xpath("//*[@id='row-000-0001']/ancestor::tr//*[contains(@class, 'evidence')]")[0]
    assert (plain.tag, plain.get("role"), plain.get("aria-label")) == ("span", "img", "直接引用")


def test_marks_that_only_count_stay_pictures(pages: Path) -> None:
    _, page = page_of(pages, "first.html")
    counts = page.xpath("//*[contains(@class, 'chapter-meta')]//*[contains(@class, 'evidence')]")
    assert counts
    assert {(mark.tag, mark.get("role")) for mark in counts} == {("span", "img")}
    assert all(mark.get("data-evidence") is None for mark in counts)


def test_a_verdict_of_another_edition_has_no_evidence_here(book: BookData) -> None:
    assert evidence.judged(book, verdict_mark("contradicted", ["000-0003"])) == []
    assert evidence.judged(book, verdict_mark("reproduced", ["000-0003", "009-9999"])) == ["000-0003"]


def test_a_page_depends_on_the_inputs_that_its_evidence_shows(pages: Path) -> None:
    # Noted while a page is read; what has changed since makes Sphinx read it again (book_data.outdated_pages).
    environment = pickle.loads((pages.parent / "doctrees" / "environment.pickle").read_bytes())
    quoted = environment.decisionbook_quotes
    assert {"figure:000-0001", "figure:000-0002", "figure:000-0003", "sources", "chapter:first"} <= set(quoted["index"])
    assert "figure:001-0005" not in quoted["index"]
    assert "plain" not in quoted


def test_the_sentences_are_those_of_the_script_and_the_page() -> None:
    for name in ("evidence.js", "page.js"):
        script = (minibook.BOOK / "_static" / name).read_text(encoding="utf-8")
        for verdict, sentence in evidence.VERDICT_SENTENCES.items():
            assert f'{verdict}: "{sentence}"' in script


# ---- Marks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "after", "text"),
    [
        ("亿元", " 亿元，其中", "8 亿元●，其中"),
        # The prose may count in another word than the unit of the finding.
        ("个", " 项任务", "8 项●任务"),
        ("元/平方米", " 元/平方米，", "8 元/平方米●，"),
        ("", "%，低于", "8%●，低于"),
        ("个", "，其中", "8●，其中"),
        ("年", " 年末", "8 年●末"),
        ("个", " 人口", "8● 人口"),
    ],
)
def test_a_mark_stands_behind_the_unit_that_the_prose_writes(unit: str, after: str, text: str) -> None:
    document = utils.new_document("page", frontend.get_default_settings())
    number = finding_number("8", "8", classes=["finding"])
    number["unit"] = unit
    document += nodes.paragraph("", "", number, verdict_mark("reproduced", ["000-0003"]), nodes.Text(after))
    MarksAfterUnits(document).run()
    assert document.astext().replace("\u2060", "") == text


# ---- Paper ----------------------------------------------------------------------------------


def test_in_print_a_mark_is_a_link_to_its_row(tmp_path: Path) -> None:
    def insert(app: Sphinx) -> None:
        def fill(_: Sphinx, doctree: nodes.document) -> None:
            section = next(iter(doctree.findall(nodes.section)))
            number = finding_number("0.92", "0.92", classes=["finding"])
            known, unknown = verdict_mark("reproduced", ["000-0003"]), verdict_mark("input", ["000-0009"])
            section += nodes.paragraph("", "份额", number, known, nodes.Text("，"), unknown)
            rows = [["0.92%", [verdict_mark("reproduced", ["000-0003"])]]]
            section += build_table(["印刷", "结论"], rows, caption="复核", name="tab-first-reconciliation")
            evidence.anchor_rows(app, doctree)

        app.connect("doctree-read", fill)

    suffixes = {".md": "markdown"}
    built = typst_books.build(tmp_path, {"index": "# 题\n"}, prepare=insert, source_suffix=suffixes)
    assert built.warnings == ""
    # The mark in the text is a link, the one in the row is not, and neither is that of a figure without a row.
    assert built.source.count("#link(label(") == 1
    assert '#link(label("index#row-000-0003"))[#evidence("reproduced", raised: true' in built.source
    assert '#anchor("index#row-000-0003");' in built.source
    assert "份额0.92●" in built.flat().replace("\u2060", "")
    assert isinstance(verdict_mark("input", []), evidence_mark)


@pytest.mark.parametrize(
    ("value", "form", "text"), [(1234567890123, ",d", "1,234,567,890,123"), (98765432109.87, ",.2f", "98,765,432,109.87")]
)
def test_a_number_of_many_digits_keeps_them(value: float, form: str, text: str) -> None:
    assert format_finding(value, form) == text


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.125, ".2f", "0.13"),
        (2.5, ".0f", "3"),
        (2.9, "d", "3"),
        (-3.25, "+.1f", "−3.3"),
        (12345.5, ",.0f", "12,346"),
        (0.0125, ".0%", "1%"),
    ],
)
def test_a_number_in_prose_is_rounded_as_in_charts_and_verdicts(value: float, form: str, text: str) -> None:
    assert format_finding(value, form) == text
