"""The comparison page of a sweep: what its charts and columns are headed by."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from decisionbook.data.declarations import load_chapter
from decisionbook.data.package import Package
from decisionbook.editions.definition import find_edition
from decisionbook.editions.sweep_page import titles, write_sweep_page
from decisionbook.project import Project
from decisionbook.runs.sweep import plan

CHAPTER = "carbon_market"


@pytest.mark.parametrize(
    ("words", "head"),
    [
        ("按一年 … 个交易日，平均每日约 〔此值〕 万吨，是所举的 10 吨的约 …倍", "平均每日约 〔此值〕"),
        ("前者 425 亿元，后者 〔此值〕 亿元", "前者 425 亿元，后者 〔此值〕 亿元"),
        ("〔此值〕 个 — … 14 个设区市中，没有材料给出数字的城市数（…）", "… 14 个设区市中，没有材料给出数字的城市数"),
        ("38–〔此值〕 % — 广西的覆盖率，…", "38–〔此值〕 % — 广西的覆盖率"),
        ("100 倍 — …的换手率（500%）与…（… 〔此值〕%）相比的倍数，…此数", "…的换手率（500%）与…（… 〔此值〕%）相比的倍数"),
        ("", "code"),
    ],
)
def test_a_chart_is_headed_by_the_words_of_the_chapter(words: str, head: str) -> None:
    assert titles(["code"], {"code": words}, {"code": "万吨"}) == {"code": head}
    assert titles(["code", "other"], {"code": words, "other": words}, {"code": "万吨", "other": "万吨"}) == (
        {"code": f"{head}（code）", "other": f"{head}（other）"} if words else {"code": "code", "other": "other"}
    )


def test_a_comparison_names_a_finding_where_it_is_headed_by_words(project: Project, tmp_path: Path) -> None:
    chapter = load_chapter(project, CHAPTER)
    prose = "步数加倍，共 {glue:text}`double:.0f` 个，余不论。\n\nIn English, {glue:text}`mute:.0f` %."
    other = Project(tmp_path)
    other.notebooks.mkdir()
    (other.book / "_static").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose, id="a")]), other.notebook(CHAPTER))
    runs = plan(chapter, Package(project), [{"years": 1}, {"years": 2}], {}, "--grid", "x")
    found = [{"mute": {"value": 9.0 - n, "unit": "%"}, "double": {"value": 2.0 * n, "unit": "个"}} for n in (1, 2)]
    done = [{"status": "ok", "findings": findings} for findings in found]
    page = write_sweep_page(other, find_edition(project, None), chapter, runs, done, tmp_path).read_text(encoding="utf-8")
    first, second = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert first == "步数加倍，共 〔此值〕（个）<p>步数加倍，共 〔此值〕 个，余不论<br>results.csv 中的名称：double</p>"
    assert second == "mute（%）", "what only the abstract in English quotes keeps its name"
    assert re.findall(r"<th[^>]*>([^<]*)</th>", page)[-2:] == ["步数加倍，共 〔此值〕（个）", "mute（%）"]
