"""The printed book as paper: margins, notes, page numbers, tables that fit, chapters and briefs of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from docutils import nodes
from sphinx.application import Sphinx

from decisionbook.editions.printing import print_edition
from decisionbook.errors import CheckFailed
from decisionbook.render.findings import verdict_mark
from decisionbook.render.nodes import chart
from decisionbook.render.typst.tables import can_transpose, plan, read_grid

from .paper import broken_links, is_accessible, least_size, links, outside, page_labels
from .typst_books import SVG, Built, build, list_table, picture, toctree

SENTENCE = "广西软件业务收入与生产总值之比低于全国，收入要多得多才会改变这个结论。"
WIDE_SVG = SVG.replace('width="300" height="60" viewBox="0 0 300 60"', 'width="640" height="260" viewBox="0 0 300 60"')


def figure(figure_id: str, verdict: str, **more: Any) -> dict[str, Any]:
    """Return a reconciled figure as book.json holds it."""
    return {
        "figure_id": figure_id, "source_id": figure_id[:3], "section": "三（二）", "published": "0.92%", "chapter": "alpha",
        "verdict": verdict, "finding": "", "finding_value": "", "unit": "%", "bounds": None, "note": "", "cause": "",
        "changes_conclusion": "", **more,
    }  # fmt: skip


FIGURES = [
    figure("000-0001", "reproduced", finding_value="0.918601", bounds={"low": 0.9175, "high": 0.9197}),
    figure("000-0002", "unverifiable", published="8.22%", note="缺：上半年生产总值；是收入与生产总值之比"),
    figure(
        "000-0003",
        "contradicted",
        published="75 家",
        finding_value="78",
        unit="家",
        cause="分项之和为78。",
        changes_conclusion="no",
    ),
    figure("000-0004", "input", published="425 亿元"),
]


def book_json() -> dict[str, Any]:
    """Return the part of the book's data that paper needs."""
    declared = {
        "title": "产业收入占比", "part": "数字产业", "status": "pending", "data_until": "2022-S1", "sources": ["000"],
        "status_note": "更新的数据须由分析者补入。", "brief_chart": "ratio",
    }  # fmt: skip
    return {
        "chapters": {"alpha": declared}, "reconciliation": FIGURES, "findings": {}, "recommendations": [],
        "sources": [{"source_id": "000", "title": "大数据简报"}],
    }  # fmt: skip


def chapter_page(findings: int, sentences: int = 2) -> str:
    items = "\n\n".join(
        f"{number}.92 %\n: {SENTENCE * sentences}\n\n  翻转点：收入再多 {number} 倍。" for number in range(1, findings + 1)
    )
    rows = [[f"第{row}行", "南宁市"] for row in range(60)]
    return (
        f"# 产业收入占比\n\n## 要点\n\n{items}\n\n## 差距\n\n份额是0.92%MARK，不是别的。见{{numref}}`rows`。\n\n"
        + picture("ratio")
        + f"\n{list_table('rows', '各市', ['编号', '城市'], rows)}\n"
    )


def prepared(folder: Path) -> Any:
    """Return what makes a plain page a chapter: the book's data, marks at numbers, findings, a chart."""
    data = folder.parent / f"{folder.name}.json"
    data.write_text(json.dumps(book_json(), ensure_ascii=False), encoding="utf-8")

    def change(_: Sphinx, doctree: nodes.document) -> None:
        for definitions in doctree.findall(nodes.definition_list):
            definitions["classes"].append("key-findings")
        for paragraph in doctree.findall(nodes.paragraph):
            if paragraph.astext().startswith("翻转点"):
                paragraph["classes"].append("flip")
        for text in [t for t in doctree.findall(nodes.Text) if "MARK" in t]:
            before, after = str(text).split("MARK")
            marks = [verdict_mark(row["verdict"], [row["figure_id"]]) for row in FIGURES[:2]]
            parent = text.parent
            parent.replace(text, [nodes.Text(before), marks[0], nodes.Text("，全国8.22%"), marks[1], nodes.Text(after)])
        for image in list(doctree.findall(nodes.image)):
            image.parent.replace(image, chart("", svg=WIDE_SVG, alt=image["alt"], name="ratio"))

    def prepare(app: Sphinx) -> None:
        app.add_config_value("decisionbook_data", str(data), "", str)
        app.connect("doctree-read", change)

    return prepare


def make(folder: Path, findings: int = 3, sentences: int = 2, *, compiled: bool = True) -> Built:
    pages = {
        "index": "# 决策参考·可复算版\n\n见[收入](alpha.md)。\n" + toctree("alpha", caption="数字产业"),
        "alpha": chapter_page(findings, sentences),
        "chart.svg": SVG,
    }
    built = build(folder, pages, compiled=compiled, prepare=prepared(folder))
    assert built.warnings == ""
    return built


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return make(tmp_path_factory.mktemp("paper") / "book")


@pytest.fixture(scope="module")
def printed(book: Built) -> Path:
    target = book.out.parent / "edition"
    print_edition(book.out, target, "book.pdf", book.out.parent / "kept")
    return target


# ---- The book -------------------------------------------------------------------------------


def test_nothing_reaches_into_the_margins_and_a_word_that_does_is_found(book: Built) -> None:
    assert outside(book.pdf, side=25, top=15, bottom=10) == []
    assert outside(book.pdf, side=80, top=15, bottom=10), "a wider margin must find words"


def test_pages_are_labelled_as_they_are_numbered_and_every_link_resolves(book: Built) -> None:
    with pikepdf.open(book.pdf) as pdf:
        labels = page_labels(pdf)
        assert labels[2:4] == ["i", "ii"]
        assert labels[-1] == str(len(labels) - labels.index("1"))
        assert links(pdf) > 10
        assert broken_links(pdf) == []


def test_a_number_has_a_note_with_its_place_its_value_and_its_verdict(book: Built) -> None:
    flat = book.flat()
    assert "000“三（二）”印0.92%；复算0.9186%（0.9175–0.9197）；一致。" in flat
    assert "000“三（二）”印8.22%；缺：上半年生产总值。" in flat
    assert flat.count("复算0.9186%") == 1


def test_the_cover_counts_the_verdicts_and_the_first_page_does_not_repeat_its_title(book: Built) -> None:
    cover = "".join(book.text(1).split())
    assert "共4个" in cover
    assert "不符1" in cover
    assert "本版摘要" in book.flat()


def test_a_short_table_too_wide_for_its_page_is_transposed() -> None:
    def table(rows: int) -> nodes.table:
        group = nodes.tgroup("", *[nodes.colspec() for _ in range(14)], cols=14)
        group += [nodes.thead("", _row(0)), nodes.tbody("", *[_row(number) for number in range(1, rows + 1)])]
        return nodes.table("", group)

    short, long = read_grid(table(2)), read_grid(table(9))
    assert plan(short).landscape
    assert can_transpose(short)
    assert not can_transpose(long)


def _row(number: int) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", f"第{at}项的名称与数{number}")) for at in range(14)])


# ---- Chapters and briefs --------------------------------------------------------------------


def test_each_chapter_has_a_pdf_that_names_edition_and_page_of_the_book(book: Built, printed: Path) -> None:
    alone = Built(book.out, "", printed / "pdf" / "alpha.pdf")
    flat = alone.flat()
    assert "决策参考·可复算版2024.09回溯重建版" in flat
    assert "引用：“产业收入占比”，载《决策参考·可复算版》，2024.09。" in flat
    assert book.report is not None
    assert f"全书第{book.report.starts['alpha']}页起" in flat
    assert "目录" not in flat
    with pikepdf.open(alone.pdf) as pdf:
        assert is_accessible(pdf)
        assert broken_links(pdf) == []


def test_a_brief_is_one_accessible_page_with_finding_chart_verdicts_and_source(book: Built, printed: Path) -> None:
    brief = Built(book.out, "", printed / "briefs" / "alpha.pdf")
    with pikepdf.open(brief.pdf) as pdf:
        assert len(pdf.pages) == 1
        assert is_accessible(pdf)
        alts = {str(obj["/Alt"]) for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary) and "/Alt" in obj}
    assert "广西低于全国。" in alts
    flat = brief.flat()
    for said in (
        "待更新", "数据截至2022年上半年", "更新的数据须由分析者补入。", f"{SENTENCE}{SENTENCE}", "翻转点：收入再多3倍。",
        "图1收入之比", "印出4个数字", "简报000印75家，复算78家；分项之和为78；不改变结论。",
        "简报000《大数据简报》", "引用：“产业收入占比”",
    ):  # fmt: skip
        assert said in flat, said
    assert outside(brief.pdf, side=19, top=10, bottom=10) == []
    assert least_size(brief.pdf) >= 9


@pytest.mark.parametrize(("findings", "sentences"), [(1, 1), (3, 5), (5, 3)])
def test_a_brief_adapts_to_its_text_and_cuts_no_sentence(tmp_path: Path, findings: int, sentences: int) -> None:
    built = make(tmp_path / "book", findings, sentences, compiled=False)
    print_edition(built.out, tmp_path / "edition", "book.pdf", tmp_path / "kept")
    brief = Built(built.out, "", tmp_path / "edition" / "briefs" / "alpha.pdf")
    assert brief.flat().count(SENTENCE) == findings * sentences
    assert least_size(brief.pdf, above=200) >= 9


def test_a_brief_that_cannot_fit_is_refused_by_name_and_remedy(tmp_path: Path) -> None:
    built = make(tmp_path / "book", 9, 9, compiled=False)
    with pytest.raises(CheckFailed, match=r"the brief of alpha takes 2 pages.*brief_chart in notebooks/alpha\.yml"):
        print_edition(built.out, tmp_path / "edition", "book.pdf", tmp_path / "kept")


def test_only_what_changed_is_compiled_again_and_the_bytes_stay_the_same(book: Built, printed: Path, tmp_path: Path) -> None:
    source, kept = tmp_path / "source", tmp_path / "kept"
    shutil.copytree(book.out, source)
    first = print_edition(source, tmp_path / "one", "book.pdf", kept)
    assert set(first.compiled) == {"chapters/alpha", "briefs/alpha"}
    assert print_edition(source, tmp_path / "two", "book.pdf", kept).compiled == ()
    brief = source / "briefs" / "alpha.typ"
    brief.write_text(brief.read_text(encoding="utf-8").replace("上半年", "全年"), encoding="utf-8")
    assert print_edition(source, tmp_path / "three", "book.pdf", kept).compiled == ("briefs/alpha",)
    for name in ("book.pdf", "pdf/alpha.pdf", "briefs/alpha.pdf"):
        assert (tmp_path / "one" / name).read_bytes() == (printed / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "three/briefs/alpha.pdf").read_bytes() != (printed / "briefs/alpha.pdf").read_bytes()


def test_cards_of_key_findings_print_as_one_list_with_their_pointers_inside(tmp_path: Path) -> None:
    def cards(app: Sphinx) -> None:
        def wrap(_: Sphinx, doctree: nodes.document) -> None:
            points = nodes.container("", classes=["key-points"])
            lists = list(doctree.findall(nodes.definition_list))
            lists[0].replace_self(points)
            for number, item in enumerate(list(lists[0].children)):
                own = nodes.definition_list("", item, classes=["key-findings"])
                line = nodes.paragraph("", f"详见第{number}章", classes=["card-link"])
                points += nodes.container("", own, line, classes=["key-card"])

        app.connect("doctree-read", wrap)

    page = "# 摘要\n\n## 要点\n\n0.42 倍\n: 甲。\n\n32 %\n: 乙。\n"
    built = build(tmp_path, {"index": page}, prepare=cards)
    assert built.source.count("#findings(") == 1
    assert built.source.count("#flip[") == 2
    assert built.flat().count("详见第1章") == 1
