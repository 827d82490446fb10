"""What is done to the body of a page: marks keep to their numbers, code and tables lose weight and nothing else."""

from __future__ import annotations

import re

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from decisionbook.render.html_body import COLOURED, joined_marks, lean_code, lean_tables

from . import minibook

CODE = """\
from decisionbook import charts

@cached
def share(part: float, whole: float) -> float:  # why
    rows = table.loc[table["area"] == nation, ["a<b", "甲"]]
    return round(part / whole * 1e2, 2) if whole > 0 else None
"""


@pytest.mark.parametrize(
    ("written", "joined"),
    [
        ("425 亿元{m}，后文", "425 亿元\u2060{m}，后文"),
        ("0.92% {m}　3.45% {m}", "0.92%\u00a0{m}　3.45%\u00a0{m}"),
        ("复核：{m} 6　{m} 2", "复核：\u2060{m}\u00a06　{m}\u00a02"),
        ("<p>{m} 一致</p>", "<p>\u2060{m}\u00a0一致</p>"),
    ],
)
def test_a_mark_stays_with_what_it_belongs_to(written: str, joined: str) -> None:
    mark = '<span class="evidence reproduced">●</span>'
    assert joined_marks(written.replace("{m}", mark)) == joined.replace("{m}", mark)


def shown(page: str) -> str:
    return re.sub(r"<[^>]*>", "", page)


def test_lean_code_reads_as_before_with_less_than_half_the_markup() -> None:
    before = highlight(CODE * 5, PythonLexer(), HtmlFormatter())
    after = lean_code(before)
    assert shown(after) == shown(before)
    assert len(after) - len(shown(after)) < (len(before) - len(shown(before))) / 2
    assert '<span class="c1"># why</span>' in after
    assert 'class="n"' not in after


def test_code_keeps_exactly_the_colours_of_the_sheet() -> None:
    sheet = (minibook.BOOK / "_static" / "components.css").read_text(encoding="utf-8")
    assert set(re.findall(r"\.highlight \.(\w+)", sheet)) == COLOURED


def test_nothing_outside_code_is_touched() -> None:
    text = '<p><span class="n">a</span><span class="p">b</span></p>'
    assert lean_code(text) == text


def test_a_cell_holds_its_only_paragraph_and_keeps_several() -> None:
    table = (
        '<tr class="row-odd"><th scope="col" class="head"><p>甲</p></th>\n<td class="short"><p><b>1</b> 个</p>\n</td>'
        "<td><p>一</p>\n<p>二</p></td><td><p></p></td></tr>"
    )
    assert lean_tables(table) == (
        '<tr><th scope="col" class="head">甲</th>\n<td class="short"><b>1</b> 个</td><td><p>一</p>\n<p>二</p></td><td></td></tr>'
    )
