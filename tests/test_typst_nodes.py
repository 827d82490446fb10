"""What the printed book makes of each kind of content, hostile text included, and what its compiler refuses."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pikepdf
import pytest
from docutils import nodes
from sphinx.application import Sphinx

from decisionbook.render.typst.compile import TypstFailed, compile_pdf

from .typst_books import SVG, build, list_table

# ---- Hostile text ---------------------------------------------------------------------------

HOSTILE = [
    '#read("secret.txt")',
    '#import "@preview/x:1.0.0": *',
    '"; #read("secret.txt"); "',
    "]] #panic() [[",
    "\\u{23}panic()",
    "$ #panic() $",
    "*粗* _斜_ `码` <标签> @引用 = 题 - 列 + 列 / 项: 释",
    "// 注释 /* 注释 */ ~ --- ...",
    "行尾反斜杠\\",
    "{title} {0} %s",
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
                nodes.container("", nodes.paragraph(text, text), classes=["chapter-meta"]),
                nodes.paragraph("", "", nodes.reference("", text, refuri=f"https://example.org/{text.replace(' ', '')}")),
            ]
            for image in doctree.findall(nodes.image):
                image["candidates"] = {"*": "chart.svg"}
                app.env.images.add_file("index", "chart.svg")

            next(iter(doctree.findall(nodes.title))).children = [nodes.Text(text)]

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
    assert "alert" not in built.source
    assert "原文" not in built.source
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
                    "sliders": [{"param": "g", "label": "年增速", "min": 0, "max": 30, "base": 15, "unit": "%"}],
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
    meta = {
        "kernelspec": {"name": "python3", "display_name": "P"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    notebook = {"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    built = build(
        tmp_path,
        {"index.ipynb": json.dumps(notebook)},
        extensions=("myst_nb",),
        nb_execution_mode="off",
        exclude_patterns=["out"],
    )
    assert built.warnings == ""
    assert "secret_code" not in built.source
    for words in ("见图1与表1。", "单位：座", "年增速15%", "只列一市", "数值（座）", "纯文本输出"):
        assert words in built.flat()
    assert "网页版" in built.flat()
    assert "<b>" not in built.source


def test_banner_marks_and_meta_print_with_their_own_design(tmp_path: Path) -> None:
    verdicts = dict(
        zip(
            "●◐○✕□？",
            ("reproduced", "within_rounding", "consistent", "contradicted", "input", "unverifiable"),
            strict=True,
        )
    )

    def insert(app: Sphinx) -> None:
        def head(_: Sphinx, doctree: nodes.document) -> None:
            section = next(iter(doctree.findall(nodes.section)))
            marks = [nodes.inline(glyph, glyph, classes=["evidence", verdict]) for glyph, verdict in verdicts.items()]
            section += nodes.container("", nodes.paragraph("", "数据截至", *marks), classes=["chapter-meta"])
            section += nodes.container("", nodes.paragraph("", "历史章节"), classes=["timeliness", "historical"])

        app.connect("doctree-read", head)

    built = build(tmp_path, {"index": "# 题\n"}, prepare=insert)
    assert '#banner("historical")[' in built.source
    assert "#meta[" in built.source
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
    assert turned
    assert "宽表" in built.text(turned[0]).replace(" ", "")
    boxes = subprocess.run(["pdftotext", "-bbox", built.pdf, "-"], capture_output=True, check=True, text=True).stdout
    for page_text in boxes.split("<page ")[1:]:
        width = float(re.search(r'width="([\d.]+)"', page_text)[1])  # type: ignore[index]
        edges = [float(x) for x in re.findall(r'xMax="([\d.]+)"', page_text)]
        assert max(edges, default=0) <= width, "a word runs off the page"


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
    assert caught.value.file.endswith("book.typ")
    assert caught.value.line == 3
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
