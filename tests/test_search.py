"""The search index: what of a page is in it, in what order, and what it weighs."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from decisionbook.project import Project
from decisionbook.render.search import FIGURES, INDEX, VARIABLE, figure_rows, read_page, synonym_groups, write_index

PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title} – 书</title></head><body>
<nav id="db-nav"><ul>{nav}</ul></nav>
<main id="main"><p class="db-part">甲部</p><article>{body}</article>
<nav class="db-prevnext"><a href="x.html">不是正文</a></nav></main></body></html>
"""


def page(body: str, title: str = "页", nav: str = "") -> bytes:
    return PAGE.format(body=body, title=title, nav=nav).encode("utf-8")


def sections(body: str) -> list[Any]:
    read = read_page(page(body), "a.html")
    assert read is not None
    return read.sections


def text_of(body: str) -> str:
    return "\n".join(f"{s.heading}\n{s.text}" for s in sections(body))


def read_index(folder: Path) -> dict[str, Any]:
    head, _, content = (folder / INDEX).read_text(encoding="utf-8").partition("=")
    assert head == f"window.{VARIABLE}"
    return dict(json.loads(content.rstrip().removesuffix(";")))


CHAPTER = """<section id="top"><h1>一章<a class="headerlink" href="#top">#</a></h1><p>开头的话。</p>
<section id="id1"><h2>要点<a class="headerlink" href="#id1">#</a></h2>
<p>增长 <span class="finding">11</span>\u2060<span class="evidence consistent">○</span> 倍多。</p>
<section id="id2"><h3>细节</h3><p>小节的话。</p></section><p>要点的尾巴。</p></section></section>"""


def test_each_heading_has_its_own_text_and_anchor() -> None:
    found = [(s.heading, s.anchor, s.text) for s in sections(CHAPTER)]
    assert found == [
        ("一章", "", "开头的话。"),
        ("要点", "id1", "增长 11 倍多。\n要点的尾巴。"),
        ("细节", "id2", "小节的话。"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        '<details class="admonition hide above-input"><summary>显示代码</summary><pre>藏 = 1</pre></details>',
        "<svg><text>藏</text></svg>",
        '<script type="application/json">{"藏": 1}</script>',
        "<style>藏</style>",
        '<div class="chart-tools"><details class="chart-table"><table><tr><td>藏</td></tr></table></details></div>',
        "<p hidden>藏</p>",
        '<span class="evidence input">藏</span>',
        '<a class="headerlink" href="#x">藏</a>',
        '<button type="button">藏</button>',
        "<!-- 藏 -->",
        "<math><semantics><mi>t</mi><annotation>藏</annotation></semantics></math>",
    ],
)
def test_what_is_not_text_of_the_book_is_left_out_and_what_follows_it_stays(hidden: str) -> None:
    text = text_of(f"<section id='a'><h1>页</h1><div>前{hidden}后</div></section>")
    assert "藏" not in text
    assert "前" in text
    assert "后" in text


def test_verdict_marks_stay_where_they_are_counted() -> None:
    text = text_of('<div class="verdict-summary"><p>复核：\u2060<span class="evidence reproduced">●</span> 3</p></div>')
    assert "复核：● 3" in text


def test_words_of_one_line_stay_together_and_cells_stay_apart() -> None:
    table = "<table><tr><td><p>广<b>西</b></p></td><td>3.02</td></tr></table>"
    text = text_of(f"{table}<ul><li>一</li><li>二</li></ul><pre>a\nb</pre>")
    assert "广西\n3.02" in text
    assert "一\n二\na\nb" in text


def test_a_hit_in_a_figure_or_table_leads_to_it() -> None:
    caption = '<p class="db-table-caption" id="tab-x-caption">表题</p>'
    table = f'<div class="db-table" id="tab-x">{caption}<table><tr><td>格</td></tr></table></div>'
    figure = '<figure id="fig-x"><figcaption><p>图题</p></figcaption></figure>'
    body = f"<h1>页</h1><p>𠮷字在前。</p>{table}{figure}<p>后文</p>"
    (section,) = sections(f"<section id='a'>{body}</section>")
    units = section.text.encode("utf-16-le")
    inside = {name: units[2 * start : 2 * end].decode("utf-16-le").strip() for start, end, name in section.places}
    assert inside == {"tab-x": "表题\n格", "fig-x": "图题"}


def test_a_term_of_the_glossary_is_found_like_a_heading() -> None:
    row = "<tr id='term-lq'><td><p><strong>区位商</strong>　location quotient</p></td><td>比重之比。</td></tr>"
    found = [(s.heading, s.anchor, s.text) for s in sections(f"<section id='a'><h1>术语表</h1><table>{row}</table></section>")]
    assert found == [("术语表", "", ""), ("区位商", "term-lq", "location quotient\n比重之比。")]


def test_a_page_without_an_article_is_not_searched(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"<html><body><p>moved</p></body></html>")
    assert write_index(tmp_path, []).sections == 0


# The whole book


@pytest.fixture
def html(tmp_path: Path) -> Path:
    nav = '<li><a href="z.html">末</a></li><li><a href="sub/a%20b.html#x">首</a></li>'
    (tmp_path / "sub").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "index.html").write_bytes(page("<section id='i'><h1>封面</h1><p>封面的话。</p></section>", nav=nav))
    (tmp_path / "z.html").write_bytes(page("<section id='z'><h1>末章</h1><p>" + "末章的长话。" * 200 + "</p></section>"))
    drawn = '<div id="db-reconciliation"><p>请等待</p></div>'
    (tmp_path / "sub/a b.html").write_bytes(page(f"<section id='a'><h1>首章</h1>{drawn}</section>"))
    (tmp_path / "m.html").write_bytes(page("<section id='m'><h1>没列的</h1></section>"))
    figure = {"id": "000-0017", "source": "000", "section": "二", "published": "50678\n座"}
    content = json.dumps({"figures": [{**figure, "indicator": "5G基站数", "area": "广西", "period": None}]}, ensure_ascii=False)
    (tmp_path / FIGURES).write_text(f"window.decisionbookReconciliation={content};\n", encoding="utf-8")
    return tmp_path


def test_pages_come_in_the_order_of_the_navigation(html: Path) -> None:
    write_index(html, [])
    assert read_index(html)["pages"] == [
        ["index.html", "封面", "甲部"],
        ["z.html", "末章", "甲部"],
        ["sub/a b.html", "首章", "甲部"],
        ["m.html", "没列的", "甲部"],
    ]


def test_printed_figures_lead_to_their_row(html: Path) -> None:
    report = write_index(html, [])
    content = read_index(html)
    assert content["figures"]["page"] == "sub/a b.html"
    assert content["figures"]["rows"] == [["000-0017", "50678座", "5G基站数", "广西", "", "000 二"]]
    assert report.figures == 1
    assert not any("请等待" in row[3] for row in content["sections"])


def test_a_script_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="build the book again"):
        figure_rows("window.somethingElse={}")


def test_equal_pages_give_equal_bytes(html: Path) -> None:
    terms = [{"term_zh": "区位商", "term_en": "location quotient", "synonyms": "LQ; 区位熵"}]
    first = write_index(html, terms)
    before = (html / INDEX).read_bytes()
    assert write_index(html, terms) == first
    assert (html / INDEX).read_bytes() == before


def test_the_sizes_reported_are_those_of_the_files(html: Path) -> None:
    report = write_index(html, [])
    content = read_index(html)
    text = "".join(row[1] + row[3] for row in content["sections"]) + "".join("".join(row) for row in content["figures"]["rows"])
    assert report.text_bytes == len(text.encode("utf-8"))
    assert report.index_bytes == (html / INDEX).stat().st_size
    assert report.ratio <= 1.5


def test_text_that_looks_like_script_stays_text(html: Path) -> None:
    hostile = "&lt;/script&gt;&lt;img onerror=alert(1)&gt;\u2028</p>"
    (html / "z.html").write_bytes(page(f"<section id='z'><h1>末章</h1><p>{hostile}</section>"))
    write_index(html, [])
    assert "\u2028" not in (html / INDEX).read_text(encoding="utf-8")
    assert any("</script><img onerror=alert(1)>\u2028" in row[3] for row in read_index(html)["sections"])


def test_words_that_stand_for_each_other() -> None:
    rows = [
        {"term_zh": "区位商", "term_en": "location quotient", "synonyms": "LQ; 区位熵;"},
        {"term_zh": "版", "term_en": "edition", "synonyms": None},
    ]
    assert synonym_groups(rows) == [["区位商", "location quotient", "LQ", "区位熵"]]


# The glossary itself


@pytest.fixture(scope="module")
def terms(project: Project) -> list[dict[str, str]]:
    with (project.data / "glossary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_term_is_explained_in_a_few_sentences(terms: list[dict[str, str]]) -> None:
    assert len(terms) >= 40
    for term in terms:
        assert term["definition_zh"].endswith("。"), term["term_id"]
        assert 1 <= term["definition_zh"].count("。") <= 3, term["term_id"]
        assert re.search(r"[A-Za-z]", term["term_en"]), term["term_id"]


def test_no_word_belongs_to_two_terms(terms: list[dict[str, str]]) -> None:
    owner: dict[str, str] = {}
    for term in terms:
        for word in {term["term_zh"], term["term_en"], *filter(None, term["synonyms"].split(";"))}:
            assert word == word.strip()
            assert owner.setdefault(word.lower(), term["term_id"]) == term["term_id"], word
