"""The printed book as a document: structure, fonts, references, figures, the same bytes twice."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

from .typst_books import EDITION, SVG, Built, build, list_table, picture, toctree

FINDINGS = """## 要点

0.92%
: 广西软件业务收入占全国的份额。

  翻转点：收入再增若干，结论才改变。

每年 3,898–4,223 座
: 基站数落在这一区间。
"""
INDEX = (
    "# 前言\n\n本书逐数复算，\n写明来处。见{numref}`long`，又见[收入](revenue.md)。\n"
    + toctree("revenue", "stations", caption="数字产业")
    + toctree("evidence", caption="证据")
)
LONG = list_table("long", "各市指标", ["编号", "城市"], [[f"第{i}行", "南宁市"] for i in range(90)])


def mark_findings(app: Sphinx) -> None:
    """Do as the book's own transform does: give the definition list its class."""

    def classify(_: Sphinx, doctree: nodes.document) -> None:
        for definitions in doctree.findall(nodes.definition_list):
            definitions["classes"].append("key-findings")
            for paragraph in definitions.findall(nodes.paragraph):
                if paragraph.astext().startswith("翻转点"):
                    paragraph["classes"].append("flip")

    app.connect("doctree-read", classify)


def book_pages() -> dict[str, str]:
    return {
        "index": INDEX,
        "revenue": f"# 产业收入占比\n\n{FINDINGS}\n## 差距\n\n半开区间[^a]。见{{numref}}`ratio`。\n\n[^a]: 按四舍五入。\n\n"
        + picture("ratio")
        + "\n## English abstract\n\nGuangxi's share is recomputed.\n",
        "stations": f"# 5G基站增长\n\n## 长表\n\n{LONG}\n",
        "evidence": "# 复核总表\n\n公式 $t = \\frac{\\ln q_N}{1 + g}$。\n",
        "chart.svg": SVG,
    }


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    built = build(tmp_path_factory.mktemp("book"), book_pages(), prepare=mark_findings)
    assert built.warnings == ""
    return built


def outline_of(pdf: Path) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def walk(items: list[pikepdf.OutlineItem], depth: int) -> None:
        for item in items:
            found.append((depth, str(item.title)))
            walk(list(item.children), depth + 1)

    with pikepdf.open(pdf) as opened, opened.open_outline() as outline:
        walk(list(outline.root), 0)
    return found


# ---- The document ---------------------------------------------------------------------------


def test_pdf_is_tagged_titled_chinese_and_dated_by_the_edition(book: Built) -> None:
    with pikepdf.open(book.pdf) as pdf:
        assert str(pdf.Root.Lang).lower() == "zh-cn"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in pdf.Root
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert "决策参考" in str(metadata["dc:title"])
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20251120")
        assert book.report is not None
        assert book.report.pages == len(pdf.pages)


def test_only_packaged_fonts_are_embedded_and_mathematics_has_its_own(book: Built) -> None:
    listed = subprocess.run(["pdffonts", book.pdf], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    names = {line.split()[0].split("+")[-1] for line in listed}
    assert names, "no font listed"
    assert all(name.startswith(("NotoSansSC", "NotoSerifSC", "NewCMMath")) for name in names), names
    assert all(line.split()[-5] == "yes" for line in listed), "a font is not embedded"


def test_bookmarks_follow_parts_chapters_and_sections(book: Built) -> None:
    outline = outline_of(book.pdf)
    assert (0, "前言") in outline
    assert (0, "数字产业") in outline
    assert (1, "产业收入占比") in outline
    assert (2, "要点") in outline
    assert (1, "复核总表") in outline


def test_text_can_be_extracted_and_chinese_line_breaks_leave_no_gap(book: Built) -> None:
    assert "本书逐数复算，写明来处" in book.text()
    for words in (
        "目录",
        "图目录",
        "表目录",
        "数据截至2024年9月30日",
        "编制日期2025年11月20日",
        "回溯重建版",
        "引用格式",
    ):
        assert words in book.flat()


def test_a_reference_to_another_chapter_names_its_page(book: Built) -> None:
    match = re.search(r"见表1（第(\d+)页）", book.flat())
    assert match, book.text()
    caption = next(page for page in range(6, 40) if "表 1" in book.text(page) and "第0行" in book.text(page))
    assert match[1] in book.text(caption).split()


def test_numbers_of_captions_and_references_agree(book: Built) -> None:
    assert "见图1。" in book.flat()
    assert "图1收入之比" in book.flat()
    assert "表1各市指标" in book.flat()


def test_a_long_table_repeats_its_header_and_says_that_it_continues(book: Built) -> None:
    assert book.text().count("编号") >= 3
    assert book.flat().count("续表1") == book.text().count("编号") - 1


def test_key_findings_keep_number_unit_and_turning_point(book: Built) -> None:
    assert '#findings(([], [#"0.92";], [#"%";]' in book.source
    assert '([#"每年";], [#"3,898–4,223";], [#"座";]' in book.source
    assert "#flip[" in book.source


def test_alt_text_of_pictures_reaches_the_structure_tree(book: Built) -> None:
    with pikepdf.open(book.pdf) as pdf:
        alts = {str(obj["/Alt"]) for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and "/Alt" in obj}
    assert "广西低于全国。" in alts
    assert "t = \\frac{\\ln q_N}{1 + g}" in alts


def test_an_english_abstract_is_tagged_as_english(book: Built) -> None:
    with pikepdf.open(book.pdf) as pdf:
        langs = {str(o["/Lang"]).lower() for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/Lang" in o}
    assert any(lang.startswith("en") for lang in langs)
    assert "Guangxi" in book.text()


def test_two_builds_give_the_same_bytes(book: Built, tmp_path: Path) -> None:
    again = build(tmp_path / "elsewhere", book_pages(), prepare=mark_findings)
    assert again.pdf.read_bytes() == book.pdf.read_bytes()


def test_one_chapter_alone_prints_references_to_the_others_as_text(tmp_path: Path) -> None:
    built = build(tmp_path, book_pages(), typst_only="index")
    assert "见表1，又见收入。" in built.flat()
    assert "目录" not in built.text()
    assert "第0行" not in built.text()
    assert outline_of(built.pdf) == [(0, "前言")]


def test_an_unknown_chapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no document 'nowhere'"):
        build(tmp_path, {"index": "# 前言\n"}, typst_only="nowhere")


@pytest.mark.parametrize(("key", "value"), [("as_of", "2024年9月"), ("imprint", "一句话"), ("licence", "MIT")])
def test_a_wrong_edition_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        build(tmp_path, {"index": "# 前言\n"}, decisionbook_edition={**EDITION, key: value})


def test_footnotes_are_printed_once_each_at_the_foot(book: Built) -> None:
    assert book.flat().count("按四舍五入") == 1
