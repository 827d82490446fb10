"""The pages need no network and no inline script or style, whatever Sphinx, a theme or a notebook put into them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from decisionbook.render.html import OfflineError, finish_site
from decisionbook.render.html_rewrite import CONTENT_SECURITY_POLICY, rewrite_page
from decisionbook.render.html_weight import PAGE_LIMIT, SHARED_LIMIT, parts_of

from . import minibook

HEAD = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def page(body: str = "", head: str = "<title>t</title>") -> str:
    return HEAD.format(head=head, body=body)


class Reader(HTMLParser):
    """Lists what a strict policy or a missing network would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.data_block = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.faults += [f"{tag} {name}" for name in values if name == "style" or (name.startswith("on") and "-" not in name)]
        self.faults += [f"{tag} {value}" for value in values.values() if (value or "").strip().lower().startswith("javascript:")]
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.faults.append(f"inline {tag}")
        if tag in ("script", "link", "img", "iframe", "source"):
            loaded = [values.get(name) or "" for name in ("src", "href", "srcset")]
            self.faults += [f"{tag} {address}" for address in loaded if re.match(r"(https?:)?//", address)]


def faults(text: str) -> list[str]:
    reader = Reader()
    reader.feed(text)
    return reader.faults


def test_the_reader_of_these_tests_sees_faults() -> None:
    text = page('<p style="a:b" onclick="x()"></p><script>1</script><img src="//x.org/i.png">', "<style>p{}</style>")
    assert len(faults(text)) == 5


# One page


def test_inline_styles_move_to_files() -> None:
    done = rewrite_page(page('<p style="color: red; ">a</p>', "<style>p{top:0}</style>"), root="../")
    assert faults(done.html) == []
    assert done.problems == []
    contents = sorted(done.files.values())
    assert any("color: red" in text for text in contents)
    assert "p{top:0}\n" in contents
    assert all(f"../{name}" in done.html for name in done.files)


@pytest.mark.parametrize(
    "code",
    [
        "<script>\nrun();\n</script>",
        '<script type="module">run();</script>',
        '<b onclick="run();">b</b>',
        "<svg><g ONLOAD='run();'></g></svg>",
    ],
)
def test_code_in_a_page_is_a_problem_and_becomes_no_file(code: str) -> None:
    """Moved to a file it would run: the policy of the page allows the book's own files."""
    done = rewrite_page(page(f"<h1>a</h1>{code}"), root="")
    assert len(done.problems) == 1
    assert "'run();' is code in the page" in done.problems[0]
    assert done.files == {}


def test_equal_content_gets_one_file_on_all_pages() -> None:
    first = rewrite_page(page('<p style="color:red">a</p>'), root="")
    second = rewrite_page(page('<h1>other</h1><p style="color:red">b</p><p style=" color:red; ">c</p>'), root="../")
    assert first.files == second.files
    assert len(first.files) == 1


def test_a_class_is_added_to_those_that_are_there() -> None:
    done = rewrite_page(page('<p class="a b" style="top:0">x</p>'), root="")
    assert re.search(r'<p class="a b m-[0-9a-f]{8}">', done.html)


def test_data_blocks_and_svg_stay_byte_for_byte() -> None:
    body = (
        '<script type="application/json" class="db-spec">{"a":"\\u003c/script>","style":"x"}</script>'
        '<svg viewBox="0 0 1 1"><linearGradient id="g"/><text>a &amp; b&nbsp;c</text></svg><pre>  two\n   lines</pre>'
    )
    assert body in rewrite_page(page(body), root="").html


CHART = '<div class="chart db-chart" data-name="{0}"><script type="application/json" class="db-spec">{1}</script></div>'


def test_specifications_of_charts_move_to_one_file_a_page() -> None:
    body = CHART.format("one", '{"a":"\\u003c/script>"}') + CHART.format("two", '{"b":[1,2]}')
    done = rewrite_page(page(body), root="../")
    ((name, content),) = done.files.items()
    assert name.startswith("_static/chart-data/")
    found = re.fullmatch(
        r"window\.decisionbookSpecs=Object\.assign\(window\.decisionbookSpecs\|\|\{\},(.*)\);\n", content, re.DOTALL
    )
    assert found
    assert json.loads(found[1]) == {"one": {"a": "</script>"}, "two": {"b": [1, 2]}}
    assert done.html.count(f'<script type="application/json" class="db-spec" data-src="../{name}"></script>') == 2
    assert "</script>\\u003c" not in content
    again = rewrite_page(done.html, root="../")
    assert again.html == done.html
    assert f"../{name}" in again.references


@pytest.mark.parametrize("block", ["alert(1)", '{"a":1});alert(1);({"b":1}', ""])
def test_a_block_that_is_not_data_never_becomes_a_script(block: str) -> None:
    body = CHART.format("one", block)
    done = rewrite_page(page(body), root="")
    assert done.files == {}
    assert body in done.html


def test_svg_keeps_the_case_of_names_where_a_tag_changes() -> None:
    done = rewrite_page(page('<svg viewBox="0 0 1 1" preserveAspectRatio="none" style="top:0"/>'), root="")
    assert 'viewBox="0 0 1 1" preserveAspectRatio="none"' in done.html


def test_attribute_values_survive_a_rewritten_tag() -> None:
    done = rewrite_page(page('<p title="a &quot;b&quot; &lt;c&gt; &amp;amp;" style="top:0" hidden>x</p>'), root="")
    assert 'title="a &quot;b&quot; &lt;c&gt; &amp;amp;"' in done.html
    assert " hidden" in done.html


def test_remote_scripts_and_sheets_are_removed() -> None:
    head = (
        '<script src="https://cdn.example/vega.js"></script><script src="//cdn.example/x.js"></script>'
        '<link rel="stylesheet" href="http://cdn.example/a.css"><link rel="preconnect" href="https://fonts.example">'
        '<script>const THEBE_JS_URL = "https://unpkg.com/thebe"</script><script>window.MathJax = {}</script>'
        '<link rel="canonical" href="https://book.example/">'
    )
    done = rewrite_page(page(head=head), root="")
    assert faults(done.html) == []
    assert "cdn.example" not in done.html
    assert "thebe" not in done.html.lower()
    assert done.files == {}


def test_links_for_readers_stay() -> None:
    body = '<a href="https://www.stats.gov.cn/">统计局</a>'
    assert body in rewrite_page(page(body), root="").html


def test_script_addresses_lose_their_script() -> None:
    done = rewrite_page(page('<a href=" javascript:alert(1)">x</a>'), root="")
    assert "<a>x</a>" in done.html


@pytest.mark.parametrize(
    "element",
    [
        '<img src="https://example.org/a.png">',
        '<img srcset="a.png 1x, //example.org/b.png 2x">',
        '<iframe src="http://example.org/"></iframe>',
        '<video poster="https://example.org/p.jpg"></video>',
        '<svg><image xlink:href="https://example.org/a.png"/></svg>',
    ],
)
def test_remote_content_is_a_problem_not_a_silent_loss(element: str) -> None:
    done = rewrite_page(page(element), root="")
    assert len(done.problems) == 1
    assert "network" in done.problems[0]


def test_the_head_gets_policy_referrer_language_and_edition_before_anything_loads() -> None:
    done = rewrite_page(page(head='<script src="a.js"></script>'), root="", edition_id="2024.09")
    assert '<html lang="zh-CN">' in done.html
    assert done.html.index("Content-Security-Policy") < done.html.index("a.js")
    assert f'content="{CONTENT_SECURITY_POLICY}"' in done.html
    assert '<meta name="referrer" content="no-referrer">' in done.html
    assert '<meta name="edition" content="2024.09">' in done.html


def test_the_policy_allows_neither_inline_code_nor_the_network() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_a_second_run_changes_nothing_and_a_foreign_policy_gives_way() -> None:
    source = page('<p style="top:0">x</p>', '<meta http-equiv="content-security-policy" content="script-src *">')
    once = rewrite_page(source, root="", edition_id="1").html
    assert "script-src *" not in once
    assert rewrite_page(once, root="", edition_id="1").html == once


# A site


def site(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return folder


def test_unused_third_party_files_go_and_the_books_own_stay(tmp_path: Path) -> None:
    finish_site(
        site(
            tmp_path,
            {
                "index.html": page(head='<link rel="stylesheet" href="_static/basic.css"><script src="_static/own.js"></script>'),
                "_static/basic.css": "a{background:url(file.png)}",
                "_static/own.js": 'load("translations.js")',
                "_static/file.png": "x", "_static/minus.png": "x", "_static/translations.js": "1", "_static/doctools.js": "1",
                "_static/scripts/fontawesome.js": "x", "_static/vendor/fa/webfonts/a.woff2": "x", "_static/data/rows-1.js": "1",
                "searchindex.js": "1",
            },
        ),
        edition={"id": "1"},
    )  # fmt: skip
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {
        "index.html", "_static", "_static/basic.css", "_static/own.js", "_static/file.png", "_static/translations.js",
        "_static/data", "_static/data/rows-1.js",
    }  # fmt: skip


def test_keep_protects_a_file(tmp_path: Path) -> None:
    site(tmp_path, {"index.html": page(), "searchindex.js": "1"})
    finish_site(tmp_path, edition={}, keep=["searchindex.js"])
    assert (tmp_path / "searchindex.js").is_file()


def test_every_remote_image_is_named_with_its_page(tmp_path: Path) -> None:
    site(tmp_path, {"a/one.html": page('<img src="https://x.org/1.png">'), "two.html": page('<img src="//x.org/2.png">')})
    with pytest.raises(OfflineError, match=r"(?s)a/one\.html.*1\.png.*two\.html.*2\.png"):
        finish_site(tmp_path, edition={})


def test_a_remote_address_in_a_sheet_is_named(tmp_path: Path) -> None:
    site(
        tmp_path,
        {"index.html": page(head='<link rel="stylesheet" href="a.css">'), "a.css": '@import "https://x.org/b.css";'},
    )
    with pytest.raises(OfflineError, match=r"a\.css: https://x\.org/b\.css"):
        finish_site(tmp_path, edition={})


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# The book's own layout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    minibook.write_sources(folder)
    return folder


@pytest.fixture(scope="module")
def finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = minibook.build(source, tmp_path_factory.mktemp("book") / "html")
    finish_site(folder, edition=minibook.EDITION)
    return folder


def test_no_page_of_the_book_has_faults(finished: Path) -> None:
    for path in finished.rglob("*.html"):
        assert faults(path.read_text(encoding="utf-8")) == [], path


def test_the_layout_itself_needs_no_repair(source: Path, tmp_path: Path) -> None:
    plain = {name: text for name, text in minibook.PAGES.items() if "raw" not in text}
    built = minibook.build(source, tmp_path / "html")
    for name in plain:
        text = (built / name).with_suffix(".html").read_text(encoding="utf-8")
        assert faults(text) == [], name


def test_finishing_again_changes_nothing(finished: Path) -> None:
    before = snapshot(finished)
    report = finish_site(finished, edition=minibook.EDITION)
    assert report.rewritten == report.removed_files == 0
    assert snapshot(finished) == before


def test_two_builds_give_the_same_bytes(source: Path, finished: Path, tmp_path: Path) -> None:
    again = minibook.build(source, tmp_path / "html")
    finish_site(again, edition=minibook.EDITION)
    assert snapshot(again) == snapshot(finished)


def test_shared_assets_stay_within_their_limit(finished: Path) -> None:
    report = finish_site(finished, edition=minibook.EDITION)
    assert 20_000 < report.shared_bytes < SHARED_LIMIT
    assert report.bundle_bytes > 500_000
    assert report.too_heavy == ()


def test_what_is_too_heavy_is_named_with_its_heaviest_parts(tmp_path: Path) -> None:
    code = f'<div class="highlight"><pre>{"x" * PAGE_LIMIT}</pre></div><table>{"y" * 1000}</table>'
    head = '<script src="_static/heavy.js"></script><script src="_static/vega-bundle.js"></script>'
    site(
        tmp_path,
        {
            "heavy.html": page(code), "index.html": page(head=head),
            "_static/heavy.js": "1" * (SHARED_LIMIT + 1), "_static/vega-bundle.js": "1" * SHARED_LIMIT,
        },
    )  # fmt: skip
    heavy_page, heavy_files = finish_site(tmp_path, edition={}).too_heavy
    assert re.match(r"heavy\.html: 30\d KB, above 300 KB; most of it code 300 KB, other tables 1 KB, text", heavy_page)
    assert re.match(r"shared files: 600 KB, above 600 KB; most of it _static/heavy\.js 600 KB", heavy_files)


def test_the_parts_of_a_page_are_the_page(finished: Path) -> None:
    text = (finished / "chapters/first.html").read_text(encoding="utf-8")
    parts = parts_of(text)
    assert sum(parts.values()) == len(text.encode())
    assert all(parts[name] > 0 for name in ("pictures of charts", "code", "tables behind charts", "other tables", "text"))


def test_every_local_address_exists(finished: Path) -> None:
    for path in finished.rglob("*.html"):
        for address in re.findall(r'(?:src|href)="([^"#?:]+)', path.read_text(encoding="utf-8")):
            if address not in ("https", "./book.pdf", "../book.pdf"):
                assert (path.parent / address).resolve().is_file(), (path.name, address)


def test_the_page_speaks_chinese(finished: Path) -> None:
    text = (finished / "chapters/first.html").read_text(encoding="utf-8")
    shown = re.sub(r"<(script|svg)\b.*?</\1>|<section id=\"english-abstract\".*?</section>|<[^>]*>", " ", text, flags=re.DOTALL)
    for english in ("Link to this", "Toggle", "Contents", "Next", "Previous", "Search", "Skip", "Copyright"):
        assert english not in shown
        assert f'="{english}' not in text
    for chinese in ("跳到正文", "搜索全书", "本页", "上一章", "显示代码", "回溯重建版", "图 1", "表 1", "备注"):
        assert chinese in shown


def test_the_navigation_shows_parts_and_the_place_of_the_page(finished: Path) -> None:
    text = (finished / "chapters/second.html").read_text(encoding="utf-8")
    assert '<p class="db-nav-part">甲部</p>' in text
    assert 'aria-current="page">第二章</a>' in text
    assert '<li class="db-part">甲部</li>' in text


def test_a_changed_title_reaches_the_navigation_of_every_page(tmp_path: Path) -> None:
    source = tmp_path / "source"
    minibook.write_sources(source)
    target = minibook.build(source, tmp_path / "build" / "html")
    minibook.write_sources(source, **{"chapters/second.md": "# 改名的一章\n\n文字。\n"})
    minibook.build(source, target)
    assert "改名的一章" in (target / "table.html").read_text(encoding="utf-8")


def test_formulas_are_mathml_and_a_broken_one_is_an_error(finished: Path, tmp_path: Path) -> None:
    text = (finished / "chapters/first.html").read_text(encoding="utf-8")
    assert text.count("<math ") == 2
    assert "<mfrac>" in text
    source = tmp_path / "source"
    minibook.write_sources(source, **{"chapters/second.md": "# 坏公式\n\n$\\nosuchcommand{x}$\n"})
    with pytest.raises(Exception, match="nosuchcommand"):
        minibook.build(source, tmp_path / "build" / "html")


def test_a_table_keeps_its_caption_outside_the_scrolling_frame(finished: Path) -> None:
    text = (finished / "chapters/first.html").read_text(encoding="utf-8")
    table = text[text.index('<div class="db-table" id="tab-wide">') :]
    assert table.index("一张宽表") < table.index('<div class="db-scroll">') < table.index("<table")
    assert 'aria-labelledby="tab-wide-caption"' in table
    assert re.search(r'<table[^>]* class="[^"]*\bs1 s2 s3 s4 s5 s6 l7 dense\b', table)


@pytest.mark.slow
def test_a_theme_that_writes_code_into_its_pages_is_refused_with_every_place(tmp_path: Path) -> None:
    pytest.importorskip("sphinx_book_theme")
    source = tmp_path / "source"
    minibook.write_sources(source)
    target = minibook.build(
        source, tmp_path / "build" / "html", html_theme="sphinx_book_theme", templates_path=[], html_static_path=[],
        extensions=[*minibook.configuration()["extensions"], "sphinx_book_theme", "sphinx_copybutton", "sphinx_togglebutton"],
    )  # fmt: skip
    with pytest.raises(OfflineError) as refused:
        finish_site(target, edition=minibook.EDITION)
    for place in ("chapters/first.html: <script> 'DOCUMENTATION_OPTIONS", "table.html: <button onclick> 'window.print()'"):
        assert place in str(refused.value)
