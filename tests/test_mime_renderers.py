"""Charts and tables on their way from a notebook to a page, in tiny whole books."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from docutils import frontend, nodes, utils

from decisionbook.charts import ChartError
from decisionbook.charts.bundle import CHART_MIME, SVG_MIME
from decisionbook.render import nodes as chart_nodes
from decisionbook.render.cells import column_texts
from decisionbook.render.chart_svg import inline_svg
from decisionbook.render.tables import table_nodes
from decisionbook.render.vega import BOOK_CHART_MIME, BUNDLE_GLOBAL, TABLE_MIME, assemble_output, chart_figure, write_bundle

from .chart_samples import bundle, catch_up, samples

HOSTILE = '</script><img src=x onerror="alert(1)">\u2028&'
TABLE: dict[str, Any] = {
    "name": "tab-shares",
    "caption": "份额",
    "columns": [{"key": "a", "title": "地区"}, {"key": "b", "title": "份额", "unit": "%", "align": "right", "digits": 2}],
    "rows": [["广西", 0.925], [HOSTILE, None]],
    "note": "按印刷精度",
    "source": "000 二（二）",
}
CONF = """
extensions = ["myst_nb", "tiny"]
nb_execution_mode = "off"
numfig = True
html_theme = "basic"
root_doc = "index"
suppress_warnings = ["myst-nb.lexer"]
"""
EXTENSION = """
from sphinx.builders.dummy import DummyBuilder
from decisionbook.render import nodes

class Printer(DummyBuilder):
    # Stands for the PDF builder: another name, another format, no priorities of its own.
    name = "printer"
    format = "printer"
    def write_doc(self, docname, doctree):
        kinds = [type(n).__name__ for n in doctree.findall() if type(n).__name__ in ("figure", "chart", "table", "legend")]
        open(self.outdir / (docname + ".txt"), "w").write(" ".join(kinds) + "\\n" + doctree.astext())

def setup(app):
    nodes.setup(app)
    app.add_builder(Printer)
"""


def output(data: dict[str, Any]) -> Any:
    return nbformat.v4.new_output("display_data", data=data)


def figure_of(packaged: dict[str, Any]) -> nodes.figure:
    document = utils.new_document("page", frontend.get_default_settings())
    return chart_figure(assemble_output(output(packaged))["data"][BOOK_CHART_MIME], document)


def chart_of(packaged: dict[str, Any]) -> Any:
    return figure_of(packaged).children[0]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages: a notebook with a chart, a slider chart and a table, and a page that refers to them."""
    folder = tmp_path_factory.mktemp("book") / "source"
    folder.mkdir()
    chart = bundle(samples()["dot_plot"], name="share_ratio", caption=f"比值 {HOSTILE}", alt=f"广西低于全国 {HOSTILE}")
    table = {TABLE_MIME: TABLE, "text/html": "<table></table>", "text/plain": "表"}
    outputs = [assemble_output(output(d)) for d in (chart, bundle(catch_up(), name="catch-up"), table)]
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# 章\n\n见 {numref}`tab-shares`。"),
        nbformat.v4.new_code_cell("1", outputs=[nbformat.from_dict(o) for o in outputs]),
    ])  # fmt: skip
    nbformat.write(notebook, folder / "chapter.ipynb")
    index = "# 首页\n\n见 {numref}`share_ratio`、{numref}`catch-up` 与 {numref}`tab-shares`。\n\n```{toctree}\nchapter\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8")
    (folder / "conf.py").write_text(f"import sys; sys.path.insert(0, {str(folder)!r})\n{CONF}", encoding="utf-8")
    (folder / "tiny.py").write_text(EXTENSION, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(book: Path) -> Path:
    for builder in ("html", "printer", "text", "latex"):
        folders = ["-d", str(book.parent / "trees"), str(book), str(book.parent / "out" / builder)]
        command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", builder, *folders]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return book.parent / "out"


def test_charts_and_tables_are_numbered_and_found_from_any_page(built: Path) -> None:
    index = (built / "html" / "index.html").read_text(encoding="utf-8")
    assert re.search(r'href="chapter\.html#share-ratio"[^>]*><span[^>]*>[^<]*1<', index)
    assert re.search(r'href="chapter\.html#catch-up"[^>]*><span[^>]*>[^<]*2<', index)
    assert 'href="chapter.html#tab-shares"' in index


def test_the_script_that_draws_charts_lies_beside_the_pages(built: Path) -> None:
    assert (built / "html" / "_static" / "vega-bundle.js").is_file()
    assert not (built / "latex" / "_static" / "vega-bundle.js").exists()


def test_every_builder_gets_charts_and_tables(built: Path) -> None:
    kinds = (built / "printer" / "chapter.txt").read_text(encoding="utf-8").splitlines()[0].split()
    assert kinds == ["figure", "chart", "legend", "figure", "chart", "legend", "table"]
    assert "单位：%　来源：000 二（二）；复算" in (built / "text" / "chapter.txt").read_text(encoding="utf-8")


def test_nothing_from_data_becomes_markup(built: Path) -> None:
    page = (built / "html" / "chapter.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "&lt;img src=x" in page
    for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, flags=re.S):
        assert "<" not in block
        assert "&" not in block
        json.loads(block)


def test_the_page_is_complete_without_script(built: Path) -> None:
    page = (built / "html" / "chapter.html").read_text(encoding="utf-8")
    assert page.count('role="img" aria-label="') == page.count('<svg aria-hidden="true" focusable="false" font-family=') == 2
    assert "基准 15.0%" in page
    assert "13.8 年" in page
    assert "<details" in page
    assert '<th scope="row">广西</th><td class="right">3.45</td>' in page
    assert " style=" not in "".join(re.findall(r"<figure.*?</figure>", page, flags=re.S))


def test_tools_stand_inside_the_figure_below_its_caption(built: Path) -> None:
    page = (built / "html" / "chapter.html").read_text(encoding="utf-8")
    figure = re.findall(r"<figure.*?</figure>", page, flags=re.S)[1]
    order = [figure.index(mark) for mark in ("<svg", 'class="whatif"', "<figcaption", 'class="chart-tools"')]
    assert order == sorted(order)


def test_assembling_joins_specification_and_picture_and_keeps_other_outputs() -> None:
    packaged = bundle(samples()["dot_plot"])
    data = assemble_output(output(packaged))["data"]
    assert list(data) == [BOOK_CHART_MIME]
    assert data[BOOK_CHART_MIME] == {"spec": packaged[CHART_MIME], "svg": packaged[SVG_MIME]}
    other = {"output_type": "stream", "name": "stdout", "text": "x"}
    assert assemble_output(other) == other
    foreign = output({CHART_MIME: {"mark": "point"}, "text/plain": "x"})
    assert assemble_output(foreign)["data"] == foreign["data"]


def test_assembling_twice_changes_nothing() -> None:
    once = assemble_output(output(bundle(samples()["dot_plot"])))
    assert assemble_output(copy.deepcopy(once)) == once


def test_a_chart_without_its_picture_is_refused_by_name() -> None:
    packaged = bundle(samples()["dot_plot"], name="lonely")
    del packaged[SVG_MIME]
    with pytest.raises(ChartError, match="lonely"):
        assemble_output(output(packaged))


@pytest.mark.parametrize(
    "bad",
    [
        "<script>1</script>",
        "<style/>",
        "<foreignObject/>",
        '<g onclick="x"/>',
        '<g style="fill:red"/>',
        '<a href="javascript:x"/>',
        '<image href="http://example.org/x.png"/>',
    ],
)
def test_active_content_in_a_picture_is_refused(bad: str) -> None:
    with pytest.raises(ChartError, match="not allowed"):
        inline_svg(f'<svg xmlns="http://www.w3.org/2000/svg">{bad}</svg>', "x")


def test_ids_of_two_pictures_on_one_page_differ() -> None:
    packaged = bundle(catch_up())
    first = inline_svg(packaged[SVG_MIME], "one")
    second = inline_svg(packaged[SVG_MIME], "two")
    assert not set(re.findall(r'\bid="([^"]+)"', first)) & set(re.findall(r'\bid="([^"]+)"', second))
    assert set(re.findall(r"url\(#([^)]+)\)", first)) <= set(re.findall(r'\bid="([^"]+)"', first))


def test_the_node_carries_what_the_writers_read() -> None:
    node = chart_of(bundle(catch_up(), name="catch-up"))
    assert node["name"] == "catch-up"
    assert node["alt"] == "广西低于全国"
    assert node["svg"].startswith("<svg ")
    assert [s["param"] for s in node["sliders"]] == ["growth"]
    assert [r["signal"] for r in node["readouts"]] == ["years"]
    assert [c["title"] for c in node["data"]["columns"]] == ["地区", "比值"]
    assert type(node).__name__ == "chart"


def test_periods_have_no_thousands_separator_in_the_data_table() -> None:
    columns = [{"name": "y", "title": "年"}, {"name": "v", "title": "值"}]
    html = chart_nodes.data_table({"columns": columns, "rows": [[2022, 31000.5]]}, "x")
    assert ">2022<" in html
    assert ">31,000.5<" in html


@pytest.mark.parametrize(
    ("values", "digits", "unit", "texts"),
    [
        ([0.925, None, 4320], 2, None, ["0.93", "—", "4,320.00"]),
        ([2019, 2022], None, None, ["2019", "2022"]),
        ([2019, 2022], None, "年", ["2019", "2022"]),
        ([1995, 2099.5], 1, "亿元", ["1,995.0", "2,099.5"]),
        ([2022, 31000], None, None, ["2,022", "31,000"]),
        ([425, 46266, 0.92, 9.65], None, "亿元", ["425", "46,266", "0.92", "9.65"]),
        ([12286.5412, 46266, 57323.9902], None, "亿元", ["12,287", "46,266", "57,324"]),
        ([11.047, 22.48231, 5.5], None, None, ["11.05", "22.48", "5.5"]),
        ([0.945, 0.7, 1], None, None, ["0.945", "0.7", "1"]),
        ([0.00312345, 123.4567, None], None, None, ["0.0031", "123.4567", "—"]),
        (["弱", True, -2], 1, None, ["弱", "是", "−2.0"]),
        ([], None, None, []),
    ],
)
def test_a_column_is_printed_as_the_text_prints_numbers(
    values: list[Any], digits: int | None, unit: str | None, texts: list[str]
) -> None:
    assert column_texts(values, digits, unit) == texts


def test_tables_have_title_alignment_and_note() -> None:
    document = utils.new_document("page", frontend.get_default_settings())
    table, note = table_nodes(TABLE, document)
    assert table["names"] == ["tab-shares"]
    assert table["ids"] == ["tab-shares"]
    assert isinstance(table.children[0], nodes.title)
    assert [e["classes"] for e in table.findall(nodes.entry)] == [[], ["right"]] * 3
    assert "份额（%）" in table.astext()
    assert note["classes"] == ["table-note"]
    assert note.astext() == "注：按印刷精度　来源：000 二（二）"
    assert len(table_nodes({**TABLE, "name": "bare", "note": "", "source": ""}, document)) == 1


def test_the_bundle_is_one_classic_script_with_one_global(tmp_path: Path) -> None:
    path = tmp_path / "static" / "vega-bundle.js"
    write_bundle(path)
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("/* Vega")
    assert text.splitlines()[1] == "(function () {"
    assert text.endswith("})();\n")
    assert f"window.{BUNDLE_GLOBAL}=" in text.replace(" ", "")
    assert not re.search(r"^\s*(import|export)\b", text, flags=re.M)
    before = path.stat().st_mtime_ns
    write_bundle(path)
    assert path.stat().st_mtime_ns == before
    path.write_text("/* an older one */\n", encoding="utf-8")
    write_bundle(path)
    assert path.read_text(encoding="utf-8") == text
