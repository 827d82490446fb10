"""One chapter run again: its page and PDF stand alone, its findings are compared with the book's."""

from __future__ import annotations

import csv
import errno
import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pdfplumber
import pytest

from decisionbook.cli import main
from decisionbook.data.context import RunContext
from decisionbook.data.owndata import FAULTS
from decisionbook.editions import chapter_output
from decisionbook.editions.chapter_output import ENDINGS
from decisionbook.editions.chapter_source import MARK, banner, changes_in_words, chapter_notebook, escaped, without_links
from decisionbook.editions.definition import find_edition
from decisionbook.errors import RunFailed
from decisionbook.project import Project
from decisionbook.runs.chapter_run import DIFF_CSV, as_text, committed_findings, compare
from decisionbook.runs.execute import execute

from ..conftest import copy_project
from .helpers import context_with

CHAPTER = "visitor_flow"
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
# Text of all kinds in a table that the chapter shows as a table, as rows of a chart and in a sentence.
RECORDS = f"""问题,措施,成效,地点,来源编号
"{HOSTILE}",=2+3,"`{{download}}`",$x$ [a](b.md),003
排队,"{HOSTILE}",,"{HOSTILE}",003
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Path]:
    """A chapter run in a copy of the project with an analyst's table from Chinese Excel."""
    folder = tmp_path_factory.mktemp("run")
    project = copy_project(folder / "project")
    (folder / "采购 记录.csv").write_bytes(RECORDS.encode("gbk"))
    out = folder / "out"
    words = ["run", CHAPTER, "-d", f"visitor_measures+={folder / '采购 记录.csv'}", "-o", str(out)]
    assert main(["--project", str(project.root), *words]) == 0
    return project, out


def test_a_run_leaves_everything(ran: tuple[Project, Path]) -> None:
    _, out = ran
    made = {p.name for p in out.iterdir()}
    pages = {f"{CHAPTER}.{suffix}" for suffix in ("ipynb", "html", "pdf", "brief.pdf")}
    assert pages | {"findings.json", "diff.csv", "diff.txt", "data"} == made
    assert (out / f"{CHAPTER}.pdf").read_bytes().startswith(b"%PDF")
    assert (out / f"{CHAPTER}.brief.pdf").read_bytes().startswith(b"%PDF")


def test_the_page_is_one_file_and_says_what_it_is(ran: tuple[Project, Path]) -> None:
    page = (ran[1] / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert page.count(MARK) >= 3
    assert "采购 记录.csv" in page
    assert "本次取值" in page
    assert not re.search(r"<link\b|<script[^>]*\ssrc=|<iframe|\ssrc=[\"'](?!data:)", page)
    assert not re.search(r"url\((?!#|[\"']?data:)", page)
    assert set(re.findall(r'<a\b[^>]*\shref="([^"]*)"', page)) <= {"#"} | {f"#{i}" for i in re.findall(r'\sid="([^"]+)"', page)}
    assert "default-src 'none'" in page
    assert "<svg" in page


def test_the_brief_says_what_was_changed(ran: tuple[Project, Path]) -> None:
    with pdfplumber.open(ran[1] / f"{CHAPTER}.brief.pdf") as paper:
        assert len(paper.pages) == 1
        said = "".join(paper.pages[0].extract_text().split())
    assert "由分析者的采购记录.csv补充，2行" in said
    assert "不是本书的版本" in said
    assert changes_in_words(["甲", "乙", "丙"]) == "甲；乙；丙。"
    assert changes_in_words(["甲", "乙", "丙", "丁", "戊"]) == "甲；乙；丙；另有 2 处改动，见本章的 PDF。"


def test_data_of_an_analyst_is_text_in_the_page(ran: tuple[Project, Path]) -> None:
    page = (ran[1] / f"{CHAPTER}.html").read_text(encoding="utf-8")
    notebook = (ran[1] / f"{CHAPTER}.ipynb").read_text(encoding="utf-8")
    assert "onerror" in notebook, "the chapter no longer shows the analyst's text; choose another column for this test"
    assert "<img" not in page
    assert "alert(2)</script" not in page
    assert len(re.findall(r"<script\b", page)) == len(re.findall(r"</script>", page))


def test_findings_are_compared_with_the_book(ran: tuple[Project, Path]) -> None:
    project, out = ran
    findings = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert all(name.startswith(f"{CHAPTER}.") for name in findings)
    rows = list(csv.DictReader((out / DIFF_CSV).read_text(encoding="utf-8-sig").splitlines()))
    assert [f"{CHAPTER}.{row['finding']}" for row in rows] == list(findings)
    assert any(row["status"] == "changed" for row in rows)
    edition = find_edition(project, None)
    committed = committed_findings(RunContext(project, edition.id, edition.as_of), CHAPTER)
    assert {r["finding"]: r["edition"] for r in rows} == {n: str(f["value"]) for n, f in committed.items()}


def test_without_pages_and_with_wrong_data(ran: tuple[Project, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project, _ = ran
    (tmp_path / "bad.csv").write_text("问题,起始字符,来源编号\n排队,-1,03\n", encoding="utf-8")
    words = ["run", CHAPTER, "-d", f"visitor_measures={tmp_path / 'bad.csv'}", "-p", "nothing=1", "-o", str(tmp_path / "out")]
    assert main(["--project", str(project.root), *words]) == 2
    told = capsys.readouterr().err
    words = ["起始字符 (char_start)", "来源编号 (source_id)", 'Did you mean "003"?', "'nothing'", "nothing was run"]
    assert [word for word in words if word not in told] == []
    assert [p.name for p in (tmp_path / "out").iterdir()] == [FAULTS]
    assert main(["--project", str(project.root), "run", CHAPTER, "--no-page", "-o", str(tmp_path / "out")]) == 0
    assert "findings are as in" in capsys.readouterr().out
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"{CHAPTER}.ipynb", "findings.json", "diff.csv", "diff.txt"}


@pytest.mark.parametrize("content", [b'{"visitor_flow.a": ', b"\xff", b"[]", b'{"visitor_flow.a": 7}'])
def test_damaged_findings_of_a_build_are_wrong_input_and_nothing_runs(
    ran: tuple[Project, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    project = Project(tmp_path / "project")
    for name in ("data", "notebooks", "book"):
        (project.root / name).parent.mkdir(exist_ok=True)
        (project.root / name).symlink_to(ran[0].root / name)
    path = project.built(find_edition(project, None).id) / "findings.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert main(["--project", str(project.root), "run", CHAPTER, "--no-page", "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "_build/book/2024.09/findings.json: found a damaged file" in told
    assert "decisionbook build --edition 2024.09 --force" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "sweep"])
@pytest.mark.parametrize("where", ["file.csv", "file.csv/below", "n" * 300, "link"])
def test_a_place_where_no_folder_can_be_is_wrong_input(
    ran: tuple[Project, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, where: str
) -> None:
    (tmp_path / "file.csv").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "link")
    words = [command, CHAPTER, "-o", str(tmp_path / where)]
    assert main(["--project", str(ran[0].root), *words, *(["--grid", "peak_hours=1"] if command == "sweep" else [])]) == 2
    told = capsys.readouterr().err
    assert "expected a folder for the results. Name another with -o DIR." in told
    assert (tmp_path / "file.csv").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("document", ["docx", "slides"])
def test_a_document_without_its_page_is_refused_before_anything_runs(
    ran: tuple[Project, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], document: str
) -> None:
    words = ["run", CHAPTER, "--no-page", f"--{document}", "-o", str(tmp_path / "out")]
    assert main(["--project", str(ran[0].root), *words]) == 2
    said = capsys.readouterr()
    assert f"found --{document} beside it; expected one of the two" in said.err
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_a_run_that_fails_leaves_the_last_one_and_one_that_ends_leaves_nothing_of_it(
    ran: tuple[Project, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = ran
    out = tmp_path / "out"
    left = [f"{CHAPTER}{ending}" for ending in ENDINGS] + ["findings.json", "diff.csv", "own notes.html"]
    out.mkdir()
    for name in left:
        (out / name).write_text("of the last run", encoding="utf-8")
    words = ["--project", str(project.root), "run", CHAPTER, "--no-page", "-o", str(out)]
    with monkeypatch.context() as patch:
        patch.setattr(chapter_output, "write_differences", full)
        assert main(words) == 1
    assert {p.name: p.read_text(encoding="utf-8") for p in out.iterdir()} == dict.fromkeys(left, "of the last run")
    assert main(words) == 0
    numbers = {f"{CHAPTER}.ipynb", "findings.json", "diff.csv", "diff.txt"}
    assert {p.name for p in out.iterdir()} == {*numbers, "own notes.html"}
    assert not any((out / name).read_text(encoding="utf-8") == "of the last run" for name in numbers)


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def finding(value: object, unit: str = "") -> dict[str, object]:
    return {"value": value, "unit": unit}


def test_differences() -> None:
    old = {"a": finding(1.0, "%"), "b": finding("缺"), "c": finding(2), "d": finding(0.1 + 0.2), "f": finding(0)}
    new = {"a": finding(1.5, "%"), "b": finding(3), "d": finding(0.3), "e": finding("x"), "f": finding(2)}
    found = {d.name: (d.status, d.difference, d.relative) for d in compare(old, new)}  # type: ignore[arg-type]
    assert found == {
        "a": ("changed", 0.5, 0.5), "b": ("changed", None, None), "d": ("same", 0.0, 0.0), "e": ("new", None, None),
        "f": ("changed", 2.0, None), "c": ("gone", None, None),
    }  # fmt: skip
    text = as_text(compare(old, new), "edition X", most=2)  # type: ignore[arg-type]
    assert "5 of 6 findings differ from edition X" in text
    assert "a 1 → 1.5 % " in re.sub(r" +", " ", text)
    assert "and 3 more" in text


def test_links_out_of_the_chapter_become_text() -> None:
    text = (
        "见[碳市场](carbon_market.ipynb#x)、[外部](https://example.org/a.html)、[本节](#here)、{doc}`方法 <method>`，"
        "{numref}`fig-own`与{numref}`fig-other`，{numref}`表 <tab-other>`，{numref}`tab-x-reconciliation`。"
    )
    assert without_links(text, {"fig-own"}) == (
        "见碳市场、[外部](https://example.org/a.html)、[本节](#here)、方法，"
        "{numref}`fig-own`与全书相应图表，全书相应图表，{numref}`tab-x-reconciliation`。"
    )


def test_the_banner_stands_under_the_title_and_holds_no_markup() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 题\n\n正文")])
    raw = chapter_notebook(nbformat.writes(notebook).encode(), ["a `b` [c](d) $e$ <f>\n:::"])
    source = nbformat.reads(raw.decode(), as_version=4).cells[0].source
    assert source.startswith(f"# 题\n\n:::{{admonition}} {MARK}\n")
    assert source.endswith("正文")
    assert escaped("<x>\n:::") in banner(["<x>\n:::"])
    assert escaped("`a`") == r"\`a\`"


@pytest.mark.parametrize("parameters", [{}, {"years": 2}], ids=["default", "given"])
@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("1 / 0", "(“1 / 0”)"),
        ("first = 1\n\n# why\nlast = first / 0\n", "(line 4: “last = first / 0”)"),
        ("def inner():\n    return {}['a']\ninner()", "(line 2: “return {}['a']”)"),
        ("import json\njson.loads('x')", "(line 2: “json.loads('x')”)"),
        ("first = 1\nlast = = 2", "(line 2: “last = = 2”)"),
    ],
)
def test_a_failing_cell_is_counted_as_in_the_notebook_and_its_line_is_quoted(
    tmp_path: Path, source: str, place: str, parameters: dict[str, int]
) -> None:
    context = context_with(Project(tmp_path), "fails", "years = 1", "pass", source)
    with pytest.raises(RunFailed) as caught:
        execute("fails", context, tmp_path / "out.ipynb", parameters)
    assert str(caught.value).startswith(f"chapter fails, cell 3 {place}: ")


def test_a_cell_that_fails_says_whether_it_ran_on_the_books_terms(tmp_path: Path) -> None:
    context = context_with(Project(tmp_path), "fails", "years = 1", "1 / 0")

    def told(given: RunContext, parameters: dict[str, int]) -> str:
        with pytest.raises(RunFailed) as caught:
            execute("fails", given, tmp_path / "out.ipynb", parameters)
        return str(caught.value)

    assert "To see it fail, open notebooks/fails.ipynb in JupyterLab, run it;" in told(context, {})
    assert "JupyterLab, set years = 2 in its first code cell and run it;" in told(context, {"years": 2})
    own = replace(context, tables={"observations": tmp_path / "own.csv"})
    said = told(own, {})
    assert "It ran on your data" in said
    assert "data/observations.csv" in said
    assert "JupyterLab" not in said, "with the book's data it would not fail there"
