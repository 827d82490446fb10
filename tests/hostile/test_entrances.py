"""Where text comes in: what no output can hold is refused with file and place, and no name leads out of a folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from decisionbook import charts, notebook
from decisionbook.cli import main
from decisionbook.data.declarations import load_chapter, parse_chapter
from decisionbook.data.owndata import parse_requests, prepare
from decisionbook.data.package import Package
from decisionbook.data.sheets import read_grid
from decisionbook.data.text import write_rows
from decisionbook.editions.definition import find_edition, parse_edition
from decisionbook.errors import DecisionBookError, InputError
from decisionbook.project import Project

from . import project as hostile
from . import strings

UNFIT = [*strings.REFUSED.values(), strings.LARGE]
IDS = [*strings.REFUSED, "large"]
ESCAPES = ["../../escaped", "a\x00b", "n" * 300, "a'b\"c", strings.HTML["script"], *strings.REFUSED.values(), "\u202eab\u2066"]


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, quoting=csv.QUOTE_ALL).writerows(rows)


@pytest.mark.parametrize("text", [t for t in UNFIT if not set(t) & {"\ud800"}], ids=[i for i in IDS if "surrogates" not in i])
def test_an_analysts_cell_is_refused_by_file_row_and_column(tmp_path: Path, text: str) -> None:
    write_csv(tmp_path / "own.csv", [["a", "b"], ["1", text]])
    with pytest.raises(InputError) as caught:
        read_grid(tmp_path / "own.csv")
    said = str(caught.value)
    assert "own.csv, row 2" in said
    assert "printable text" in said or "field larger" in said


@pytest.mark.parametrize("text", UNFIT, ids=IDS)
def test_an_edition_and_a_declaration_are_refused(tmp_path: Path, text: str) -> None:
    for content, parse in ((hostile.edition("2024.09"), parse_edition), (hostile.declaration(), _declared)):
        path = tmp_path / "x.yml"
        path.write_text(yaml.safe_dump({**content, "title": text}), encoding="utf-8")
        with pytest.raises(InputError, match=r"column title: found (the control character|a text of)"):
            parse(path, "x.yml")


def _declared(path: Path, shown: str) -> object:
    return parse_chapter(path, "x", shown)


Broken = Callable[[str, Callable[[str], str]], Project]


def test_the_data_package_is_refused_for_control_characters_and_formulas(broken: Broken) -> None:
    project = broken("data/glossary.csv", lambda text: text.replace("印刷区间", "印\x07刷", 1).replace("半开区间", "=1+1", 1))
    problems = [str(p) for p in Package(project).validate(["glossary"])]
    assert len(problems) == 2
    assert "glossary.csv, row 2, column term_zh: found the control character '\\x07'" in problems[0]
    assert "row 3" in problems[1]
    assert "formula" in problems[1]


@pytest.mark.parametrize(
    "path", ["../../escaped.csv", "/tmp/escaped.csv", "a/b.csv", "con", "x.csv\n", "..csv", "http://evil.invalid/x.csv"]
)
def test_a_table_of_the_package_keeps_to_its_folder(broken: Broken, path: str) -> None:
    project = broken("data/datapackage.json", lambda text: text.replace('"glossary.csv"', json.dumps(path)))
    with pytest.raises(InputError, match="plain name"):
        Package(project).rows("sources")


@pytest.mark.parametrize("text", UNFIT, ids=IDS)
def test_a_notebook_that_shows_it_is_stopped(text: str) -> None:
    frame = pd.DataFrame({"a": [text, "b"], "v": [1.0, 2.0]})
    with pytest.raises(ValueError, match="table 't', rows"):
        notebook.table(frame, name="t", caption="c", columns={"a": "a"})
    with pytest.raises(ValueError, match="table 't', caption"):
        notebook.table(frame.tail(1), name="t", caption=text, columns={"a": "a"})
    if len(text) < 100:
        chart = charts.dot_plot(frame.tail(1), category="a", value="v", title="t")
        with pytest.raises(DecisionBookError, match="chart 'c'"):
            charts.package(chart, name="c", caption="c", alt=text, data=frame.tail(1), columns={"a": "a"})


@pytest.mark.parametrize("name", [*strings.NAMES.values(), "../data/sources", "x" * 5000], ids=lambda n: ascii(n)[:20])
def test_a_name_leads_to_no_file(project: Project, tmp_path: Path, name: str) -> None:
    for find in (
        lambda: load_chapter(project, name),
        lambda: find_edition(project, name),
        lambda: prepare(Package(project), parse_requests([f"{name}={tmp_path / 'x.csv'}"]), tmp_path / "out"),
    ):
        with pytest.raises(InputError):
            find()
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "data-faults.csv"] == []


@pytest.mark.parametrize(
    "command",
    [
        ["run", "{}"],
        ["params", "{}"],
        ["build", "--edition", "{}"],
        ["diff", "{}", "{}"],
        ["template", "{}"],
        ["publish", "{}"],
        ["new-edition", "{}", "--from", "2024.09"],
    ],
    ids=lambda c: c[0],
)
def test_a_command_with_any_name_says_so_and_drives_no_terminal(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ESCAPES:
        assert (
            main(["--project", str(project.root), *(word.format(*[name] * 2) if "{" in word else word for word in command)]) == 2
        )
        said = capsys.readouterr()
        assert not set(said.out + said.err) & set("\x00\x07\x08\x1b\x7f\x9b\u202e\u2066\ud800")
    assert list(tmp_path.iterdir()) == []


def test_rows_with_any_line_end_come_back_whole() -> None:
    rows = [["a", "b"], ["x\ry", "1"], ["x\ny", "2"], ["x\r\ny", '"'], ["\r", ","]]
    out = io.StringIO(newline="")
    write_rows(out, rows)
    assert list(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)) == rows
