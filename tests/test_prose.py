"""No number is typed into prose: what is not a year, a name, a reference or a glued value comes from data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from decisionbook.editions.clauses import GLUE
from decisionbook.render.findings import format_finding
from decisionbook.runs.execute import findings_of

from .conftest import ROOT

# Names and fixed terms that hold digits or numerals; the longest first, so that a short one does not leave a rest.
NAMES = [
    "PDF/UA-1",
    "CC",
    "BY",
    "4.0",
    "Jupyter",
    "Book",
    "1",
    "SHA-256",
    "UTF-8",
    "S-T-A-M",
    "M/G/c",
    "ISO",
    "3166",
    "GB/T",
    "2260",
    "WCAG",
    "2.2",
    "IPv6",
    "5G",
    "4G",
    "NB-IoT",
    "C-V2X",
    "1+N倍",
    "N倍",
    "2C",
    "2B",
    "O2O",
    "十四五",
    "十三五",
    "二十条",
    "三类",
    "第三方",
    "第一时间",
    "一期",
    "二期",
    "一网通办",
    "一件事",
    "一体化",
    "两两",
    "一键游",
    "六堡",
    "三江",
    "百色",
    "四川",
    "长三角",
    "珠三角",
    "三维",
    "二维",
    "八步",
    "五象",
    "三农",
    "三孩",
    "一核",
    "三角",
    "千兆",
    "万方",
    "一万元",
    "万元",
    "亿元",
    "万座",
    "万户",
    "万人",
    "万个",
    "亿户",
    "每万人",
    "每千人",
    "千人",
    "万家",
    "百万",
    "翻转点",
    "二氧化碳",
    "四则运算",
    "一级",
    "二级",
    "三级",
    "二、三级",
    "百分比",
    "百分点",
    "年前十月",
    "半开区间",
    "一半开",
    "二者",
    "两者",
    "三者",
    "两地",
    "两端",
    "两张",
    "两种",
    "两个",
    "两处",
    "两条",
    "两项",
    "两步",
    "两组",
    "两栏",
    "两期",
    "两类",
    "两段",
    "两句",
    "两列",
    "三线",
    "三档",
]
YEAR = re.compile(r"(?:19|20)\d\d(?:[-–—至到](?:19|20)\d\d)?(?:-S[12]|-Q[1-4]|-\d\d)*|(?:19|20)\d\d\.\d\d")
SOURCE = re.compile(r"(?:来源)?\s?\b00[0-4]\b")
DATE = re.compile(r"\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?")
DIGITS = re.compile(r"\d+(?:\.\d+)?")
NUMERAL = re.compile(
    r"百分之[零一二三四五六七八九十百半]+|[零一二两三四五六七八九十百千万亿半]+分之[零一二两三四五六七八九十百千万亿]+"
    r"|[一二两三四五六七八九]成(?![为了果就功立本熟长都员分份])|一半|过半|翻[一两]?番|[十百千]余|数[十百千]|几[十百千]|[三四五六七八九十]+大(?=要点)"
    r"|(?<![第每])[三四五六七八九十百千]+(?:多|余)?(?:个|项|家|座|倍|人|次|级|条|市|省|县|点|位|天|所|件|户|款|部|台|辆|亩|公里|层|章|版|步|份|篇|岁|件)"
)


def prose_of(text: str) -> str:
    """Return the prose of a MyST text: without code, roles, directives' heads and options, links' targets and front matter."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"(?ms)^```.*?^```", " ", text)
    text = re.sub(r"(?m)^:::.*$", " ", text)
    text = re.sub(r"(?m)^:[a-z-]+: .*$", " ", text)
    text = re.sub(r"\{[\w:-]+\}`[^`]*`", " ", text)
    text = re.sub(r"`[^`]*`", " ", text)
    return re.sub(r"\]\([^)]*\)", "] ", text)


def typed_numbers(text: str) -> list[str]:
    """Return the numbers that stand typed in a prose text, each with its surroundings."""
    rest = prose_of(text)
    for name in sorted(NAMES, key=len, reverse=True):
        rest = rest.replace(name, " ")
    for pattern in (YEAR, SOURCE, DATE):
        rest = pattern.sub(" ", rest)
    return [rest[max(0, m.start() - 12) : m.end() + 8].replace("\n", " ") for p in (DIGITS, NUMERAL) for m in p.finditer(rest)]


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.md"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_number_is_typed_into_a_chapter(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    found = [n for cell in notebook.cells if cell.cell_type == "markdown" for n in typed_numbers(cell.source)]
    assert found == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_no_number_is_typed_into_a_page(path: Path) -> None:
    # Pages may explain the method with an example; they mark it as code.
    assert typed_numbers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "十大要点",
        "占 0.92%",
        "约三成企业",
        "不到一半",
        "十余个项目",
        "五项任务",
        "三分之一",
        "增长12倍",
        "翻一番",
        "百分之五",
        "共 14 个",
    ],
)
def test_the_scan_sees_typed_numbers(text: str) -> None:
    assert typed_numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "2022 年上半年",
        "十四五规划",
        "来源 003",
        "{glue:text}`x:.2f`%",
        "5G 基站",
        "{numref}`fig-a`",
        "```\nrun -p growth=12\n```",
        "统一的一致口径",
        "10 月 28 日",
    ],
)
def test_the_scan_passes_names_years_and_glue(text: str) -> None:
    assert typed_numbers(text) == []


def printed(text: str, findings: dict[str, dict[str, Any]]) -> str:
    """Return a chapter's text with its findings in their places, as the page prints it."""

    def fill(quoted: re.Match[str]) -> str:
        name, _, form = quoted[1].partition(":")
        return format_finding(findings[name]["value"], form) if name in findings else quoted[0]

    return GLUE.sub(fill, text)


# From one number to the same number: both ends round to one, which is then to be printed alone.
ONE_RANGE = re.compile(r"(?<![\d.,])(\d[\d.,]*%?) ?(?:to|至|到|–|—) ?\1(?!\.?\d|%)")
# A flip point that ends at a mark: then the point itself must say something of that mark.
MARK = re.compile(r"才(?:缩|升|降)?到[^，。；]*?(\d[\d,.]*)")


def ranges_of_one(text: str) -> list[str]:
    return [found[0] for found in ONE_RANGE.finditer(text)]


def idle_flips(text: str) -> list[str]:
    """Return the flip points that reach a number of which their key point says nothing: nothing turns there."""
    found = []
    for point in re.split(r"\n(?=[^\s:][^\n]*\n: )", text):
        said, _, flip = point.partition("翻转点：")
        found += [mark[0] for mark in MARK.finditer(flip.partition("\n")[0]) if mark[1].rstrip(".,") not in said]
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_chapter_prints_no_range_of_one_number_and_no_flip_that_turns_nothing(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    findings = findings_of(notebook)
    text = "\n".join(printed(cell.source, findings) for cell in notebook.cells if cell.cell_type == "markdown")
    assert ranges_of_one(text) == []
    assert idle_flips(text) == []


def test_a_range_of_one_number_and_an_idle_flip_are_seen() -> None:
    assert ranges_of_one("the share was 2.73% to 2.73%.")
    assert ranges_of_one("在 5 至 5 之间")
    assert ranges_of_one("2.73% to 2.735%, 从 5 到 50") == []
    point = "43.81 元/吨\n: 累计均价{}。\n\n  翻转点：成交量要少 12.4%，均价才到 50 元/吨。\n"
    assert idle_flips(point.format(""))
    assert idle_flips(point.format("，不到 50 元/吨")) == []


def published_chapters() -> list[str]:
    """The chapters of the editions on record: one that was just begun says its numbers in the units of the data."""
    records = [p for p in (ROOT / "book" / "editions" / "published").glob("*.json") if not p.stem.endswith(".findings")]
    return sorted({name for p in records for name in json.loads(p.read_text(encoding="utf-8"))["chapters"]})


@pytest.mark.parametrize("name", published_chapters())
def test_an_english_abstract_counts_in_millions_not_in_myriads(name: str) -> None:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
    abstract = text.partition("## English abstract")[2]
    assert abstract
    for finding in re.findall(r"\{glue:text\}`([\w-]+)", abstract):
        unit = findings_of(nbformat.read(path, as_version=4))[finding]["unit"]
        assert not re.match("[万亿]", unit), f"{finding} is in {unit}"
    assert not re.search("hundred million|ten thousand|ten million", abstract)
