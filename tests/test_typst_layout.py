"""Where things stand on the printed page: pictures in their sections, whole amounts, labels above a continued table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docutils import nodes

from decisionbook.render.typst.tables import is_amount
from decisionbook.render.typst.writer import behind_text

from .typst_books import SVG, Built, build, list_table, picture

TALL = SVG.replace('height="60" viewBox="0 0 300 60"', 'height="260" viewBox="0 0 300 260"')
TEXT = "这一段文字说明上面的图，长短如同报告里的一段。" * 6


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Five sections with a picture each, at changing heights of their pages; a long table."""
    sections = "".join(
        f"## 节{n}\n\n" + f"{TEXT}\n\n" * (n % 3 + 1) + picture(f"p{n}", caption=f"节{n}的图") + f"\n{TEXT}\n\n" for n in range(5)
    )
    rows = [[f"第{n}行", "很长的说明" * 9, f"{n + 1},484 亿元", "引用"] for n in range(40)]
    table = list_table("t", "金额", ["编号", "说明", "金额", "结论"], rows)
    fill = f"## 末节\n\n{TEXT}\n\n"
    page = f"# 第一章\n\n{sections}\n{fill}{table}\n"
    return build(tmp_path_factory.mktemp("layout"), {"index": page, "chart.svg": TALL})


def test_a_picture_stands_between_the_heading_of_its_section_and_the_next(book: Built) -> None:
    text = book.flat()
    for n in range(5):
        heading, caption = text.rindex(f"节{n}这一段"), text.rindex(f"节{n}的图")
        following = text.rindex(f"节{n + 1}这一段") if n < 4 else text.rindex("末节")
        assert heading < caption < following


def test_every_page_before_a_moved_picture_is_filled_with_its_text(book: Built) -> None:
    paragraph, figure, table = nodes.paragraph("", "文"), nodes.figure(), nodes.table()
    moved = behind_text([(figure, "#picture(1)"), (paragraph, "a"), (paragraph, "b"), (paragraph, "c"), (table, "t")])
    assert list(moved) == ["a", "b", "#picture(1)", "c", "t"]
    two = behind_text([(figure, "#picture(1)"), (paragraph, "a"), (figure, "#picture(2)"), (table, "t")])
    assert list(two) == ["a", "#picture(1)", "#picture(2)", "t"]


def test_the_label_of_a_continued_table_is_one_line(book: Built) -> None:
    lines = [line for line in book.text().splitlines() if "续表" in line]
    assert lines
    assert all(re.search(r"续表 ?1\s*$", line) for line in lines)


def test_an_amount_keeps_its_unit_in_the_line(book: Built) -> None:
    assert len(re.findall(r"\d+,484 ?亿元", book.text())) == 40
    for text in ("1,484 亿元", "−5.3 个百分点", "39%", "849–851 亿元", "18 条"):
        assert is_amount(text)
    for text in ("2022 年上半年软件业收入", "第一梯队", "—"):
        assert not is_amount(text)


def test_a_short_abstract_is_not_parted_over_two_pages(tmp_path: Path) -> None:
    sentences = " ".join(f"Sentence number {n} of the abstract." for n in range(20))
    lines = "\n\n".join(f"第{n}行。" for n in range(33))
    built = build(tmp_path, {"index": f"# 第一章\n\n{lines}\n\n## English abstract\n\n{sentences}\n"})
    assert built.report is not None
    pages = range(1, built.report.pages + 1)
    first, last = (next(p for p in pages if f"number {n} of" in " ".join(built.text(p).split())) for n in (0, 19))
    assert first == last
