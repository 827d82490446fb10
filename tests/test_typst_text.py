"""The parts of the printed book that need no Sphinx: text, mathematics, the plan of a table."""

from __future__ import annotations

import pytest
from docutils import nodes
from docutils.utils import new_document

from decisionbook.render.typst.base import join_chinese_lines
from decisionbook.render.typst.escape import breakable, font_coverage, inline, printable, string
from decisionbook.render.typst.latexmath import typst_math
from decisionbook.render.typst.tables import (
    LANDSCAPE_WIDTH,
    PORTRAIT_WIDTH,
    longest_word,
    plan,
    read_grid,
    share,
)


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("甲\u202e乙\u202c丙", "甲乙丙"),
        ("零\u200b宽\u200d字\ufeff符\u2066号\u2069", "零宽字符号"),
        ("坏\ud800字", "坏〔U+D800〕字"),
        ("铃\x07声", "铃〔U+0007〕声"),
        ("笑😀脸", "笑〔U+1F600〕脸"),
        ("下标₂与✕", "下标2与×"),
        ("行\r\n尾", "行\n尾"),
        ("窄\u202f空", "窄 空"),
    ],
)
def test_text_is_printed_in_characters_that_the_fonts_have(given: str, printed: str) -> None:
    assert printable(given) == printed
    printable(given).encode("utf-8")


def test_the_marks_of_the_book_are_in_the_packaged_fonts() -> None:
    assert all(ord(mark) in font_coverage() for mark in "●◐○×□？·—–−≈≥≤÷")


def test_a_string_literal_ends_only_at_its_end() -> None:
    assert string('a"b\\') == '"a\\"b\\\\"'
    assert string("甲\n乙") == '"甲\\n乙"'
    assert inline("  多  空白\n") == '#" 多 空白 ";'
    assert inline("") == ""


def test_long_identifiers_may_break_and_short_ones_do_not() -> None:
    assert "#breakpoint;" in inline("见 industry_revenue_share.share 一栏")
    assert "#breakpoint;" not in inline("见 obs_value 一栏 2024-09-30")
    assert breakable("a/b") == '#"a/";#breakpoint;#"b";'


@pytest.mark.parametrize(
    ("latex", "typst"),
    [
        (r"\frac{a}{b}", "frac(a, b)"),
        (r"x_i^{2}", "x _(i) ^(2)"),
        (r"\text{收入}", 'upright("收入")'),
        (r"{}^2", '"" ^(2)'),
        (r"\left( a \right)", r"lr(\( a \))"),
        (r"1\,\%", r"1 thin \%"),
        (r"\sqrt[3]{x}", "root(3, x)"),
        ("", '""'),
    ],
)
def test_latex_becomes_typst(latex: str, typst: str) -> None:
    assert typst_math(latex) == typst


def test_characters_with_meaning_in_typst_are_escaped_in_mathematics() -> None:
    unknown: list[str] = []
    body = typst_math(r'#$"@;\evil', unknown.append)
    assert body == r'\# \$ \" \@ \; "evil"'
    assert unknown == ["evil"]


# ---- Tables ---------------------------------------------------------------------------------


def table(heads: list[str], rows: list[list[str]]) -> nodes.table:
    def row(cells: list[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph(cell, cell)) for cell in cells))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    group += nodes.thead("", row(heads))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group)


def test_a_small_table_keeps_the_full_text_size_upright_and_on_one_page() -> None:
    found = plan(read_grid(table(["城市", "数值"], [["南宁市", "12"]] * 5)))
    assert (found.size, found.landscape, found.long) == (9.0, False, False)


def test_many_rows_may_run_over_pages() -> None:
    assert plan(read_grid(table(["城市", "数值"], [["南宁市", "12"]] * 60))).long


def test_columns_that_do_not_fit_upright_turn_the_page_where_it_may_turn() -> None:
    grid = read_grid(table([f"第{i}栏" for i in range(14)], [["1,234,567.89"] * 14] * 3))
    assert plan(grid).landscape
    assert not plan(grid, may_turn=False).landscape


def test_widths_fill_the_room_and_short_columns_keep_one_line() -> None:
    rows = [[(0, 8.0), (1, 3.0), (2, 90.0)], [(0, 4.0), (1, 3.0), (2, 60.0)]]
    widths = share([8.0, 3.0, 90.0], [8.0, 1.0, 1.0], 40.0, rows)
    assert sum(widths) == pytest.approx(40.0)
    assert widths[0] >= 8.0
    assert widths[1] >= 3.0
    assert widths[2] > 25.0
    assert PORTRAIT_WIDTH < LANDSCAPE_WIDTH


def test_the_longest_word_breaks_behind_punctuation_and_between_chinese() -> None:
    assert longest_word("收入占比") == 1.0
    assert longest_word("abcd_ef") == pytest.approx(5 * 0.56)


def test_spans_are_placed_on_the_grid() -> None:
    merged = table(["甲", "乙"], [["一", "二"], ["三"]])
    first = next(iter(merged.findall(nodes.tbody))).next_node(nodes.entry)
    assert first is not None
    first["morerows"] = 1
    grid = read_grid(merged)
    assert grid.spans_rows
    assert grid.body[1][0].column == 1


def test_line_breaks_between_chinese_vanish_and_between_latin_words_stay() -> None:
    document = new_document("test")
    document += nodes.paragraph("", "甲方，\n乙方", nodes.strong("", "粗体"), nodes.Text("\n丙 two\nthree\n丁"))
    join_chinese_lines(document)
    assert document.astext() == "甲方，乙方粗体丙 two\nthree\n丁"
