"""Word documents and slides: the page of GB/T 9704, real tables and charts, notes, links, the same bytes twice."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docutils import nodes
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from openpyxl import load_workbook
from pptx import Presentation
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from decisionbook.render.nodes import chart
from decisionbook.render.slides.native import Bars, Lines, native
from decisionbook.render.word import layout

from .typst_books import CONF, EDITION, SVG, list_table, toctree

HOSTILE = "=1+1\u202e<b>&\x07"
DOTS = {
    "datasets": {
        "d": [{"category": "广西", "at": 3.45, "colour": "#B23A2E"}, {"category": "全国", "at": 8.22, "colour": "#808A92"}]
    },
    "layer": [{"mark": "point", "encoding": {"x": {"field": "at"}, "y": {"field": "category"}}}],
}
DOT_DATA = {
    "columns": [{"name": "地区", "title": "地区"}, {"name": "比值", "title": "比值", "unit": "%"}],
    "rows": [["广西", 3.45], ["全国", 8.22]],
}
PAGES = {
    "index.md": (
        "# 前言\n\n见{numref}`tab-cities`和[收入](revenue.md)，<https://example.org/>。\n" + toctree("revenue", caption="产业")
    ),
    "revenue.md": (
        "# 收入\n\n## 要点\n\n0.92%\n: 广西占全国的**份额**[^一]。\n\n  翻转点：收入再增若干。\n\n[^一]: 脚注的话。\n\n"
        + list_table("tab-cities", "各市", ["城市", "数"], [[f"第{i}市", str(i)] for i in range(60)])
        + "\n## 图\n\n正文。\n"
    ),
}  # fmt: skip


def prepare(app: Sphinx) -> None:
    """Put a chart into the second page, as the renderer of notebooks does, and mark the key findings."""

    def add(_: Sphinx, doctree: nodes.document) -> None:
        for found in doctree.findall(nodes.definition_list):
            found["classes"].append("key-findings")
            for paragraph in found.findall(nodes.paragraph):
                if paragraph.astext().startswith("翻转点"):
                    paragraph["classes"].append("flip")
        sections = [s for s in doctree.findall(nodes.section) if "图" in s[0].astext()]
        for section in sections:
            made = chart(spec=DOTS, svg=SVG, alt="广西3.45%，全国8.22%", unit="%", source=HOSTILE, data=DOT_DATA, name="fig-a")
            figure = nodes.figure("", made, nodes.caption("", "收入之比"), ids=["fig-a"], names=["fig-a"])
            figure += nodes.legend("", nodes.paragraph("", f"单位：%　来源：{HOSTILE}"))
            section += figure

    app.connect("doctree-read", add)


def build(folder: Path, builder: str, **config: Any) -> Path:
    folder.mkdir(parents=True)
    names = ("myst_parser", "decisionbook.render.nodes", "decisionbook.render.typst", f"decisionbook.render.{builder}.builder")
    (folder / "conf.py").write_text(CONF.format(extensions=", ".join(map(repr, names))), encoding="utf-8")
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            str(folder), str(folder), str(folder / "out"), str(folder / "doctrees"), builder,
            status=io.StringIO(), warning=warnings,
            confoverrides={"decisionbook_edition": {**EDITION, "draft": True}, "nitpicky": True, **config},
        )  # fmt: skip
        prepare(app)
        app.build()
    assert "has no form" not in warnings.getvalue()
    return folder / "out"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("word") / "book", "word")


@pytest.fixture(scope="module")
def document(out: Path) -> Any:
    return Document(str(out / "book.docx"))


def texts(document: Any, style: str) -> list[str]:
    return [p.text for p in document.paragraphs if p.style.name == style]


def test_the_page_is_that_of_the_standard(document: Any) -> None:
    section = document.sections[0]
    found = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert all(abs(size - Mm(wanted)) < Mm(0.1) for size, wanted in zip(found, (210, 297, 37, 28), strict=True))
    width = section.page_width - section.left_margin - section.right_margin
    height = section.page_height - section.top_margin - section.bottom_margin
    assert abs(width - Mm(156)) < Mm(0.1)
    assert abs(height - Mm(225)) < Mm(0.1)
    body = document.styles[layout.BODY]
    spacing = int(body.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert 22 * body.paragraph_format.line_spacing.pt <= height / 12700 < 23 * body.paragraph_format.line_spacing.pt
    assert 28 * (body.font.size.pt + spacing) <= width / 12700 < 29 * (body.font.size.pt + spacing)


@pytest.mark.parametrize(
    ("style", "font", "size"),
    [("Heading 1", "方正小标宋简体", 22), ("Heading 2", "黑体", 16), ("Heading 3", "楷体", 16), (layout.BODY, "仿宋", 16)],
)
def test_each_level_has_its_typeface_and_fallbacks(document: Any, out: Path, style: str, font: str, size: int) -> None:
    found = document.styles[style]
    fonts = found.element.rPr.find(qn("w:rFonts"))
    assert (fonts.get(qn("w:eastAsia")), found.font.size.pt) == (font, size)
    assert fonts.get(qn("w:eastAsiaTheme")) is None
    table = zipfile.ZipFile(out / "book.docx").read("word/fontTable.xml").decode()
    assert re.search(rf'w:name="{font}"[^>]*>\s*<w:altName w:val="[^"]+"', table)


def test_chapters_begin_with_headings_on_a_page_of_their_own(document: Any) -> None:
    assert texts(document, "Heading 1") == ["前言", "收入"]
    first = next(p for p in document.paragraphs if p.style.name == "Heading 1")
    assert first._p.pPr.find(qn("w:pageBreakBefore")) is not None


def test_a_draft_says_so_in_the_running_head(document: Any) -> None:
    assert "送审稿" in document.sections[0].header.paragraphs[0].text


def test_a_table_is_a_table_with_three_rules_and_a_head_that_repeats(document: Any) -> None:
    (table,) = document.tables
    assert len(table.rows) == 61
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    borders = table._tbl.tblPr.find(qn("w:tblBorders"))
    assert [b.tag for b in borders] == [qn("w:top"), qn("w:bottom"), qn("w:insideH")]
    assert table.cell(60, 0).text == "第59市"
    assert "表 1　各市" in texts(document, "Caption")


def test_a_chart_is_a_picture_with_words_for_those_who_cannot_see_it(document: Any) -> None:
    (shape,) = document.inline_shapes
    assert shape._inline.docPr.get("descr") == "广西3.45%，全国8.22%"
    assert shape.width <= layout.TYPE_WIDTH
    assert "图 1　收入之比" in texts(document, "Caption")


def test_notes_stand_at_the_foot_of_the_page(out: Path) -> None:
    package = zipfile.ZipFile(out / "book.docx")
    assert "脚注的话" in package.read("word/footnotes.xml").decode()
    assert 'w:footnoteReference w:id="1"' in package.read("word/document.xml").decode()


def test_every_internal_link_has_its_bookmark(out: Path) -> None:
    body = zipfile.ZipFile(out / "book.docx").read("word/document.xml").decode()
    bookmarks = re.findall(r'<w:bookmarkStart w:id="\d+" w:name="([^"]+)"', body)
    links = re.findall(r'w:anchor="([^"]+)"', body)
    assert links
    assert set(links) <= set(bookmarks)
    assert len(bookmarks) == len(set(bookmarks))


def test_the_data_of_the_charts_are_in_a_workbook_and_no_text_is_a_formula(out: Path) -> None:
    book = load_workbook(out / "charts.xlsx")
    assert book.sheetnames[0] == "目录"
    rows = list(book.worksheets[1].iter_rows(values_only=True))
    assert rows == [("地区", "比值（%）"), ("广西", 3.45), ("全国", 8.22)]
    assert all(cell.data_type != "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def test_text_that_no_document_can_hold_is_left_out(document: Any) -> None:
    text = "\n".join(p.text for p in document.paragraphs)
    assert "=1+1<b>&" in text
    assert "\u202e" not in text


def test_the_same_book_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "elsewhere" / "book", "word")
    for name in ("book.docx", "charts.xlsx"):
        assert (again / name).read_bytes() == (out / name).read_bytes(), name


@pytest.mark.slow
def test_libreoffice_opens_it_and_every_page_has_something_on_it(out: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    line = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(out / "book.docx")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)
    made = tmp_path / "book.pdf"
    if not made.is_file():
        pytest.skip(f"LibreOffice cannot convert Word documents here: {done.stdout}{done.stderr}"[:200])
    import pdfplumber

    with pdfplumber.open(made) as pdf:
        pages = [page.extract_text() or "" for page in pdf.pages]
        # Type area: nothing of the text leaves the margins of the standard.
        for page in pdf.pages:
            words = page.extract_words()
            assert all(word["x0"] >= 28 / 25.4 * 72 - 3 and word["x1"] <= (210 - 26) / 25.4 * 72 + 12 for word in words)
    assert len(pages) >= 5
    assert all(len("".join(text.split())) > 4 for text in pages)
    assert any("第59市" in text for text in pages)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("slides")
    data = folder / "book.json"
    data.write_text('{"chapters": {"revenue": {"part": "数字产业"}}, "reconciliation": [], "findings": {}}', encoding="utf-8")

    from decisionbook.render.slides.builder import SlidesBuilder

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlidesBuilder, "part_names", {"revenue": "数字产业"})
        out = build(folder / "book", "slides")
    assert [p.name for p in out.glob("*.pptx")] == ["revenue.pptx"]
    return Presentation(str(out / "revenue.pptx"))


def test_slides_tell_the_findings_first_and_then_a_chart_that_can_be_edited(slides: Any) -> None:
    titles = [slide.shapes.title.text for slide in slides.slides]
    assert titles == ["收入", "要点", "广西3.45%，全国8.22%", "复核与出处"]
    words = [shape.text_frame.text for shape in slides.slides[1].shapes if shape.has_text_frame]
    assert "0.92%" in words
    assert any("翻转点：收入再增若干" in text for text in words)
    (frame,) = (shape for shape in slides.slides[2].shapes if shape.has_chart)
    (series,) = frame.chart.plots[0].series
    assert dict(zip(frame.chart.plots[0].categories, series.values, strict=True)) == {"全国": 8.22, "广西": 3.45}


def test_every_slide_of_a_draft_says_so(slides: Any) -> None:
    for slide in slides.slides:
        assert any("送审稿" in shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def test_only_lines_and_dots_become_charts_of_powerpoint() -> None:
    assert native(DOTS, DOT_DATA) == Bars(("广西", "全国"), (3.45, 8.22), "比值（%）", frozenset({"广西"}))
    spread = {**DOTS, "layer": [*DOTS["layer"], {"mark": "rule", "encoding": {"x": {"field": "start"}, "x2": {"field": "end"}}}]}
    assert native(spread, DOT_DATA) is None
    matrix = {"layer": [{"mark": "rect", "encoding": {}}]}
    assert native(matrix, DOT_DATA) is None


def test_long_and_wide_tables_give_the_same_lines() -> None:
    spec = {"layer": [{"mark": {"type": "line"}, "encoding": {}}]}
    wide = {"columns": [{"name": n} for n in ("年", "甲", "乙")], "rows": [[2021, 1, 3], [2022, 2, None], [2023, 4, 5]]}
    long = {
        "columns": [{"name": n} for n in ("年", "系列", "数")],
        "rows": [[2021, "甲", 1], [2022, "甲", 2], [2023, "甲", 4], [2021, "乙", 3], [2023, "乙", 5]],
    }
    expected = {"甲": ((2021, 1), (2022, 2), (2023, 4)), "乙": ((2021, 3), (2023, 5))}
    for data in (wide, long):
        drawn = native(spec, data)
        assert isinstance(drawn, Lines)
        assert drawn.series == expected
