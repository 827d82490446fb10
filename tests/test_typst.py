"""The printed book: whole tiny books are built by Sphinx, compiled by Typst, and read back as PDF."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from decisionbook.render.typst.compile import CompileReport, TypstFailed, compile_pdf

EDITION = {
    "id": "2024.09",
    "title": "决策参考·可复算版",
    "label": "2024.09 回溯重建版",
    "as_of": "2024-09-30",
    "compiled": "2025-11-20",
    "imprint": ["文字以 CC BY 4.0 许可发布。"],
    "citation": "《决策参考·可复算版》，2024.09。",
}
CONF = """
project = '决策参考·可复算版'
language = 'zh_CN'
extensions = [{extensions}]
myst_enable_extensions = ['deflist', 'colon_fence', 'dollarmath', 'attrs_inline']
numfig = True
numfig_format = {{'figure': '图 %s', 'table': '表 %s'}}
exclude_patterns = ['out']
"""
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60" viewBox="0 0 300 60">'
    '<rect x="60" y="20" width="120" height="14" fill="#B23A2E"/>'
    '<text x="10" y="32" font-family="Noto Sans SC" font-size="13">广西</text></svg>'
)


@dataclass
class Built:
    """What one build left: its folders, its warnings, and the PDF when it was compiled."""

    out: Path
    warnings: str
    pdf: Path
    report: CompileReport | None = None

    @property
    def source(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.out / "docs").iterdir()))

    def text(self, first: int | None = None, last: int | None = None) -> str:
        pages = [] if first is None else ["-f", str(first), "-l", str(last or first)]
        return subprocess.run(["pdftotext", "-layout", *pages, self.pdf, "-"], capture_output=True, check=True).stdout.decode()

    def flat(self) -> str:
        """The text without any white space, so that line ends and spacing between scripts do not matter."""
        return "".join(self.text().split())


def build(
    folder: Path,
    pages: dict[str, str],
    *,
    compiled: bool = True,
    extensions: tuple[str, ...] = ("myst_parser",),
    prepare: Callable[[Sphinx], None] | None = None,
    **config: object,
) -> Built:
    """Build a book from pages (the root is `index`) and compile it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [repr(name) for name in (*extensions, "decisionbook.render.nodes", "decisionbook.render.typst")]
    (folder / "conf.py").write_text(CONF.format(extensions=", ".join(names)), encoding="utf-8")
    for name, text in pages.items():
        path = folder / (name if "." in name else f"{name}.md")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            str(folder), str(folder), str(folder / "out"), str(folder / "doctrees"), "typst",
            confoverrides={"decisionbook_edition": EDITION, "nitpicky": True, **config}, status=io.StringIO(), warning=warnings,
        )  # fmt: skip
        if prepare is not None:
            prepare(app)
        app.build()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue())
    built = Built(folder / "out", plain, folder / "book.pdf")
    if compiled:
        built.report = compile_pdf(built.out / "book.typ", built.pdf, root=built.out)
    return built


def toctree(*names: str, caption: str = "") -> str:
    head = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n{head}\n" + "\n".join(names) + "\n```\n"


def picture(name: str, alt: str = "广西低于全国。", caption: str = "收入之比") -> str:
    return f"```{{figure}} chart.svg\n:name: {name}\n:alt: {alt}\n\n{caption}\n```\n"


def list_table(name: str, caption: str, heads: list[str], rows: list[list[str]]) -> str:
    def row(cells: list[str]) -> str:
        return "* - " + "\n  - ".join(cells)

    body = "\n".join(map(row, [heads, *rows]))
    return f"````{{list-table}} {caption}\n:name: {name}\n:header-rows: 1\n\n{body}\n````\n"


FINDINGS = """## 要点

0.92%
: 广西软件业务收入占全国的份额。

  翻转点：收入再增若干，结论才改变。

3,898–4,223 座
: 基站数落在这一区间。
"""
INDEX = "# 前言\n\n本书逐数复算，\n写明来处。见{numref}`long`，又见[收入](revenue.md)。\n" + toctree(
    "revenue", "stations", caption="数字产业"
) + toctree("evidence", caption="证据")
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
    yield built


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
        assert book.report is not None and book.report.pages == len(pdf.pages)


def test_only_packaged_fonts_are_embedded_and_mathematics_has_its_own(book: Built) -> None:
    listed = subprocess.run(["pdffonts", book.pdf], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    names = {line.split()[0].split("+")[-1] for line in listed}
    assert names, "no font listed"
    assert all(name.startswith(("NotoSansSC", "NotoSerifSC", "NewCMMath")) for name in names), names
    assert all(line.split()[-5] == "yes" for line in listed), "a font is not embedded"


def test_bookmarks_follow_parts_chapters_and_sections(book: Built) -> None:
    outline = outline_of(book.pdf)
    assert (0, "前言") in outline and (0, "数字产业") in outline
    assert (1, "产业收入占比") in outline and (2, "要点") in outline and (1, "复核总表") in outline


def test_text_can_be_extracted_and_chinese_line_breaks_leave_no_gap(book: Built) -> None:
    assert "本书逐数复算，写明来处" in book.text()
    for words in ("目录", "图目录", "表目录", "数据截至2024年9月30日", "编制日期2025年11月20日", "回溯重建版", "引用格式"):
        assert words in book.flat()


def test_a_reference_to_another_chapter_names_its_page(book: Built) -> None:
    match = re.search(r"见表1（第(\d+)页）", book.flat())
    assert match, book.text()
    caption = next(page for page in range(6, 40) if "表 1" in book.text(page) and "第0行" in book.text(page))
    assert match[1] in book.text(caption).split()


def test_numbers_of_captions_and_references_agree(book: Built) -> None:
    assert "见图1。" in book.flat()
    assert "图1收入之比" in book.flat() and "表1各市指标" in book.flat()


def test_a_long_table_repeats_its_header_and_says_that_it_continues(book: Built) -> None:
    assert book.text().count("编号") >= 3
    assert book.flat().count("续表1") == book.text().count("编号") - 1


def test_key_findings_keep_number_unit_and_turning_point(book: Built) -> None:
    assert '#findings(([#"0.92";], [#"%";]' in book.source
    assert '([#"3,898–4,223";], [#"座";]' in book.source
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
    assert "目录" not in built.text() and "第0行" not in built.text()
    assert outline_of(built.pdf) == [(0, "前言")]


def test_an_unknown_chapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no document 'nowhere'"):
        build(tmp_path, {"index": "# 前言\n"}, typst_only="nowhere")


@pytest.mark.parametrize(("key", "value"), [("as_of", "2024年9月"), ("imprint", "一句话"), ("licence", "MIT")])
def test_a_wrong_edition_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        build(tmp_path, {"index": "# 前言\n"}, decisionbook_edition={**EDITION, key: value})


# ---- Hostile text ---------------------------------------------------------------------------

HOSTILE = [
    '#read("secret.txt")',
    "#import \"@preview/x:1.0.0\": *",
    '"; #read("secret.txt"); "',
    "]] #panic() [[",
    "\\u{23}panic()",
    "$ #panic() $",
    "*粗* _斜_ `码` <标签> @引用 = 题 - 列 + 列 / 项: 释",
    "// 注释 /* 注释 */ ~ --- ...",
    "行尾反斜杠\\",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_document_runs_as_code(tmp_path: Path, text: str) -> None:
    def insert(app: Sphinx) -> None:
        def everywhere(_: Sphinx, doctree: nodes.document) -> None:
            section = next(iter(doctree.findall(nodes.section)))
            figure = nodes.figure("", nodes.image(uri="chart.svg", alt=text), nodes.caption(text, text))
            entry = nodes.entry("", nodes.paragraph(text, text))
            group = nodes.tgroup("", nodes.colspec(colwidth=1), nodes.tbody("", nodes.row("", entry)), cols=1)
            term = nodes.definition_list_item("", nodes.term(text, text), nodes.definition("", nodes.paragraph(text, text)))
            section += [
                nodes.paragraph("", "", nodes.Text(text), nodes.literal(text, text), nodes.strong(text, text)),
                nodes.literal_block(text, text),
                figure,
                nodes.table("", nodes.title(text, text), group),
                nodes.definition_list("", term, classes=["key-findings"]),
                nodes.section("", nodes.title(text, text), ids=["hostile"]),
                nodes.paragraph("", "", nodes.reference("", text, refuri=f"https://example.org/{text.replace(' ', '')}")),
            ]
            for image in doctree.findall(nodes.image):
                image["candidates"] = {"*": "chart.svg"}
                app.env.images.add_file("index", "chart.svg")

        app.connect("doctree-read", everywhere)

    built = build(tmp_path, {"index": "# 恶意\n", "chart.svg": SVG}, prepare=insert, compiled=False)
    (built.out / "secret.txt").write_text("绝密内容", encoding="utf-8")
    (built.out / "docs" / "secret.txt").write_text("绝密内容", encoding="utf-8")
    compile_pdf(built.out / "book.typ", built.pdf, root=built.out)
    assert "绝密" not in built.flat()
    assert built.flat().count("".join(text.split())[:6]) >= 6


def test_mathematics_cannot_leave_its_equation(tmp_path: Path) -> None:
    page = '# 数学\n\n前 $#read("secret.txt") \\evil{"] #panic()}$ 后 ${}^{2} _x \\frac{(}{)}$。\n'
    built = build(tmp_path, {"index": page})
    assert "LaTeX command \\evil has no Typst form" in built.warnings
    assert "read" in built.flat().replace("𝑟𝑒𝑎𝑑", "read")


def test_active_addresses_and_raw_html_are_not_printed(tmp_path: Path) -> None:
    page = "# 链接\n\n<a href=javascript:alert(1)>甲</a>\n\n<script>alert(2)</script>\n\n```{raw} html\n<b>原文</b>\n```\n"
    def active(app: Sphinx) -> None:
        def link(_: Sphinx, doctree: nodes.document) -> None:
            address = nodes.reference("", "点我", refuri="javascript:alert(3)")
            doctree.children[0].append(nodes.paragraph("", "", address))

        app.connect("doctree-read", link)

    built = build(tmp_path, {"index": page}, prepare=active)
    assert "alert" not in built.source and "原文" not in built.source
    assert "点我" in built.flat()


def test_a_picture_from_the_network_is_refused(tmp_path: Path) -> None:
    built = build(tmp_path, {"index": "# 图\n\n![说明](https://example.org/a.png)\n"}, compiled=False)
    assert "cannot be printed" in built.warnings


# ---- Nodes ----------------------------------------------------------------------------------


def test_code_of_cells_is_left_out_and_their_outputs_printed(tmp_path: Path) -> None:
    chart = {
        "spec": {
            "usermeta": {
                "decisionbook": {
                    "name": "bars", "caption": "基站数", "alt": "广西基站数逐年上升。", "unit": "座", "source": "000",
                    "sliders": [{"param": "g", "label": "年增速", "min": 0, "max": 30, "step": 1, "base": 15, "unit": "%", "digits": 0}],
                    "data": {"columns": [{"name": "a", "title": "年", "unit": ""}], "rows": [[2021]]},
                }
            }
        },
        "svg": SVG,
    }  # fmt: skip
    table = {
        "name": "cities", "caption": "城市", "note": "只列一市",
        "columns": [{"key": "c", "title": "城市"}, {"key": "v", "title": "数值", "unit": "座", "align": "right"}],
        "rows": [["南宁市", 12]],
    }  # fmt: skip
    outputs = [
        {"application/vnd.decisionbook.chart+json": chart},
        {"application/vnd.decisionbook.table+json": table},
        {"text/html": "<b>网页</b>", "text/plain": "纯文本输出"},
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# 笔记\n\n见{numref}`bars`与{numref}`cities`。"},
        *(
            {"cell_type": "code", "execution_count": 1, "metadata": {"tags": ["hide-input"]}, "source": "secret_code(1)",
             "outputs": [{"output_type": "display_data", "data": data, "metadata": {}}]}
            for data in outputs
        ),
    ]  # fmt: skip
    meta = {"kernelspec": {"name": "python3", "display_name": "P"}, "language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    notebook = {"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    built = build(
        tmp_path, {"index.ipynb": json.dumps(notebook)}, extensions=("myst_nb",), nb_execution_mode="off", exclude_patterns=["out"]
    )
    assert built.warnings == ""
    assert "secret_code" not in built.source
    for words in ("见图1与表1。", "单位：座", "年增速15%", "只列一市", "数值（座）", "纯文本输出"):
        assert words in built.flat()
    assert "网页版" in built.flat() and "<b>" not in built.source


def test_banner_marks_and_meta_print_with_their_own_design(tmp_path: Path) -> None:
    verdicts = dict(zip("●◐○✕□？", ("reproduced", "within_rounding", "consistent", "contradicted", "input", "unverifiable"), strict=True))

    def insert(app: Sphinx) -> None:
        def head(_: Sphinx, doctree: nodes.document) -> None:
            section = next(iter(doctree.findall(nodes.section)))
            marks = [nodes.inline(glyph, glyph, classes=["evidence", verdict]) for glyph, verdict in verdicts.items()]
            section += nodes.container("", nodes.paragraph("", "数据截至", *marks), classes=["chapter-meta"])
            section += nodes.container("", nodes.paragraph("", "历史章节"), classes=["timeliness", "historical"])

        app.connect("doctree-read", head)

    built = build(tmp_path, {"index": "# 题\n"}, prepare=insert)
    assert '#banner("historical")[' in built.source and "#meta[" in built.source
    # The packaged fonts have no ✕: the multiplication sign stands for it.
    assert "●◐○×□？" in built.flat()


@pytest.mark.parametrize("builder_tag", ["typst", "html"])
def test_only_prints_what_is_meant_for_print(tmp_path: Path, builder_tag: str) -> None:
    built = build(tmp_path, {"index": f"# 题\n\n```{{only}} {builder_tag}\n限定内容\n```\n"}, compiled=False)
    assert ("限定内容" in built.source) is (builder_tag == "typst")


def test_a_wide_table_turns_its_page_and_takes_its_heading_along(tmp_path: Path) -> None:
    heads = [f"列{i}" for i in range(9)]
    rows = [[f"{i}-{j} 说明文字要写得长一些才需要换行，这里继续写下去直到足够长" for j in range(9)] for i in range(6)]
    page = "# 题\n\n前文。\n\n## 宽表\n\n" + list_table("wide", "宽表", heads, rows) + "\n后文。\n"
    built = build(tmp_path, {"index": page})
    with pikepdf.open(built.pdf) as pdf:
        turned = [number for number, p in enumerate(pdf.pages, 1) if float(p.mediabox[2]) > float(p.mediabox[3])]
    assert turned and "宽表" in built.text(turned[0]).replace(" ", "")
    boxes = subprocess.run(["pdftotext", "-bbox", built.pdf, "-"], capture_output=True, check=True, text=True).stdout
    for page_text in boxes.split("<page ")[1:]:
        width = float(re.search(r'width="([\d.]+)"', page_text)[1])  # type: ignore[index]
        edges = [float(x) for x in re.findall(r'xMax="([\d.]+)"', page_text)]
        assert max(edges, default=0) <= width, "a word runs off the page"


def test_footnotes_are_printed_once_each_at_the_foot(book: Built) -> None:
    assert book.flat().count("按四舍五入") == 1


def test_a_picture_without_alt_text_is_a_warning(tmp_path: Path) -> None:
    built = build(tmp_path, {"index": "# 图\n\n```{figure} chart.svg\n\n题\n```\n", "chart.svg": SVG}, compiled=False)
    assert "has no alt text" in built.warnings


def test_a_node_that_has_no_printed_form_is_a_warning(tmp_path: Path) -> None:
    page = "# 题\n\n```{eval-rst}\n-a   选项的说明\n```\n"
    built = build(tmp_path, {"index": page}, compiled=False)
    assert "node <option_list> has no printed form" in built.warnings


# ---- The compiler ---------------------------------------------------------------------------


def test_a_fault_in_the_source_is_reported_with_file_and_line(tmp_path: Path) -> None:
    source = tmp_path / "book.typ"
    source.write_text('#set document(title: "x")\n\n#panic("here")\n', encoding="utf-8")
    with pytest.raises(TypstFailed, match="line 3") as caught:
        compile_pdf(source, tmp_path / "x.pdf", root=tmp_path)
    assert caught.value.file.endswith("book.typ") and caught.value.line == 3
    assert not (tmp_path / "x.pdf").exists()


def test_a_warning_of_typst_fails_the_compile_unless_told_otherwise(tmp_path: Path) -> None:
    source = tmp_path / "book.typ"
    source.write_text('#set document(title: "x")\n#set text(font: "Nowhere")\n= a\n#metadata(1) <db-end>', encoding="utf-8")
    with pytest.raises(TypstFailed, match="unknown font family"):
        compile_pdf(source, tmp_path / "x.pdf", root=tmp_path)
    assert compile_pdf(source, tmp_path / "x.pdf", root=tmp_path, strict=False).warnings


def test_a_missing_source_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(TypstFailed, match="does not exist"):
        compile_pdf(tmp_path / "none.typ", tmp_path / "x.pdf", root=tmp_path)
