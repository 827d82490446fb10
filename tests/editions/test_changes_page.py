"""The page 版本变化: what a reader subtracts in his head is what the page prints, and sentences stand beside sentences."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from decisionbook.editions.diff import compare
from decisionbook.render.edition_blocks import parted

from .. import evidence_book, minibook
from .builds import snapshot

# Old and new value, unit, format; what the page prints of them: old, new, difference, share.
MOVED = {
    "percent": (38.5245901639, 37.1212121212, "%", ".0f", ["39%", "37%", "−2 个百分点", "—"]),
    "low": (5.52535292429, 0.186856602561, "%", ".1f", ["5.5%", "0.2%", "−5.3 个百分点", "—"]),
    "amount": (24740.86, 27202.4, "亿元", ",.0f", ["24,741 亿元", "27,202 亿元", "+2,461 亿元", "+9.9%"]),
    "tonnes": (1309.62, 1312.22, "吨", ",.0f", ["1,310 吨", "1,312 吨", "+2 吨", "+0.2%"]),
    "point": (49.82, 47.04, "%", ".1f", ["49.8%", "47.0%", "−2.8 个百分点", "—"]),
    "first": (2021, 2023, "年", "", ["2021 年", "2023 年", "+2 年", "—"]),
    "large": (900000, 1000000, "万元", "g", ["900000 万元", "1e+06 万元", "+100,000 万元", "+11.1%"]),
    "kind": (1, 2, "个", ".0f", ["1 万个", "2 个", "—", "—"]),
}


def editions() -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = snapshot(), snapshot("2001.06")
    for edition, at in ((old, 0), (new, 1)):
        edition["findings"]["alpha"] |= {name: [row[at], row[2]] for name, row in MOVED.items()} | {
            "word": ("<b>低于</b>", "<i>高于</i>")[at],
            "year": [(2021, 2023)[at], "年"],
            "growth": [(16.4, 14.0)[at], "%"],
        }
        edition["clauses"]["alpha"] += [
            *(
                f"句子{index} {{{{{name}{':' * bool(row[3])}{row[3]}}}}}"
                for index, (name, row) in enumerate(MOVED.items())
                if name != "first"
            ),
            "首年 {{first}}",
            "所需增速{{word}}全国",
            "全国 {{year}} 年增 {{growth:.1f}}%",
        ]
    old["findings"]["alpha"]["kind"][1] = "万个"
    new["chapters"]["alpha"]["key"] = ["growth"]
    return old, new


def write_page(source: Path) -> None:
    """Add the page of the changes between the two editions to the sources of a small book."""
    evidence_book.write_data(source, changes=compare(*editions()))
    toc = source / "_toc.yml"
    toc.write_text(toc.read_text(encoding="utf-8") + "- file: changes\n", encoding="utf-8")
    (source / "changes.md").write_text("# 版本变化\n\n```{edition-changes}\n```\n", encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("changes")
    settings = evidence_book.write_sources(folder / "source")
    write_page(folder / "source")
    minibook.build(folder / "source", folder / "html", **settings)
    return lxml.html.fromstring((folder / "html" / "changes.html").read_text(encoding="utf-8"))


def rows(page: Any, name: str) -> list[list[str]]:
    (table,) = page.xpath(f"//*[@id='{name}']")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("./td")] for row in table.xpath(".//tbody/tr")]


def test_differences_are_those_of_the_printed_numbers_and_have_units(page: Any) -> None:
    printed = {row[1].split()[0]: row[2:6] for row in rows(page, "tab-moved-findings")}
    expected = {f"句子{index}": row[4] for index, (name, row) in enumerate(MOVED.items()) if name != "first"}
    assert {key: cells for key, cells in printed.items() if key in expected} == expected


def test_a_number_of_another_year_is_not_subtracted(page: Any) -> None:
    assert not [row for row in rows(page, "tab-moved-findings") if "全国 2023" in row[1]]
    ((_, old, new, _),) = rows(page, "tab-changed-key-sentences")
    assert (old, new) == ("全国 2021 年增 16.4%", "全国 2023 年增 14.0%")


def test_changed_sentences_are_listed_folded_and_escaped(page: Any) -> None:
    listed = rows(page, "tab-changed-sentences")
    assert ["所需增速<b>低于</b>全国", "所需增速<i>高于</i>全国"] in [row[1:3] for row in listed]
    assert page.xpath("//details[contains(@class, 'db-fold')]//*[@id='tab-changed-sentences']")


def test_what_has_not_changed_is_called_what_it_is(page: Any) -> None:
    words = page.xpath("//main")[0].text_content()
    assert "复核判定变动" in words
    assert "结论变动" not in words
    assert "不逐条列出" not in words


def test_what_differs_between_two_sentences_is_set_strong() -> None:
    old, new = parted("全国 2021 年增 16.4%", "全国 2023 年增 14.0%")
    assert [node.astext() for node in old if node.tagname == "strong"] == ["2021", "16.4"]
    assert "".join(node.astext() for node in new) == "全国 2023 年增 14.0%"


def test_two_equal_editions_have_nothing_to_list() -> None:
    old, _ = editions()
    changes = compare(old, copy.deepcopy(old))
    assert changes["sentences"] == changes["moved"] == []


def test_a_year_alone_and_a_duration_are_numbers_of_their_own(page: Any) -> None:
    assert [row[2:6] for row in rows(page, "tab-moved-findings") if row[1].startswith("首年")] == [MOVED["first"][4]]
