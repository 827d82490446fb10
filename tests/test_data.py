"""The Data Package: valid, every place true; and every kind of bad input told in one clear message."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import frictionless
import pytest

from decisionbook.cli import main
from decisionbook.data.field_words import PATTERNS, expected
from decisionbook.data.package import Package
from decisionbook.data.published import check_places, check_register
from decisionbook.errors import InputError
from decisionbook.project import Project

from .conftest import ROOT

Broken = Callable[[str, Callable[[str], str]], Project]


def test_the_package_is_a_valid_data_package(project: Project) -> None:
    report = frictionless.validate(str(project.datapackage))
    assert report.valid, report.flatten(["type", "rowNumber", "fieldName", "note"])[:5]


def test_the_register_is_sound(project: Project) -> None:
    assert check_register(Package(project)) == []


def test_every_place_is_true(project: Project, sources: Path) -> None:
    problems, compared = check_places(Package(project), sources)
    assert problems == []
    assert compared > 500


def test_a_shifted_place_is_seen(broken: Broken, sources: Path) -> None:
    def shift(text: str) -> str:
        rows = list(csv.DictReader(io.StringIO(text)))
        rows[3]["char_start"] = str(int(rows[3]["char_start"]) + 1)
        rows[3]["char_end"] = str(int(rows[3]["char_end"]) + 1)
        return _write(rows)

    problems, _ = check_places(Package(broken("data/figures.csv", shift)), sources)
    assert [(p.row, p.column) for p in problems] == [(5, "char_start")]
    assert "It stands first at" in str(problems[0])


def test_an_edited_source_names_the_figures_it_touches(project: Project, sources: Path, tmp_path: Path) -> None:
    for path in sources.iterdir():
        text = path.read_bytes()
        (tmp_path / path.name).write_bytes(
            text.replace("425 亿元".encode(), "435 亿元".encode()) if path.name.startswith("000") else text
        )
    problems, _ = check_places(Package(project), tmp_path)
    assert any(p.column == "sha256" and "000-0001" in p.remedy for p in problems)
    assert any("435 亿元" in p.found for p in problems)


def _write(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def in_figure(row: int, **cells: str) -> Callable[[str], str]:
    """Return a rewrite that sets cells of one data row (numbered as in the file: the header is row 1)."""

    def rewrite(text: str) -> str:
        rows = list(csv.DictReader(io.StringIO(text)))
        rows[row - 2] |= cells
        return _write(rows)

    return rewrite


BAD_FIGURES = {
    "missing column": (
        lambda t: re.sub(r"(?m)^([^,]*,[^,]*),section,", r"\1,chapter_of,", t, count=1),
        "section",
        "no such column",
    ),
    "wrong unit": (in_figure(8, unit_measure="亿元人民"), "unit_measure", 'Did you mean "亿元"?'),
    "non-number": (in_figure(8, obs_value="三十"), "obs_value", "a number"),
    "unknown area": (in_figure(8, ref_area="450109999"), "ref_area", "a value of areas.ref_area"),
    "duplicate key": (in_figure(8, figure_id="000-0001"), "figure_id", "a second time"),
    "no indicator": (in_figure(8, indicator=""), "indicator", "must be filled"),
    "unknown role": (in_figure(8, role="results"), "role", 'Did you mean "result"?'),
}


@pytest.mark.parametrize("kind", BAD_FIGURES)
def test_bad_figures_are_told_and_exit_with_2(kind: str, broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite, column, words = BAD_FIGURES[kind]
    project = broken("data/figures.csv", rewrite)
    assert main(["--project", str(project.root), "build"]) == 2
    said = capsys.readouterr().err
    assert "data/figures.csv" in said
    assert column in said
    assert words in said
    assert kind == "missing column" or re.search(r"row \d+", said)
    assert not project.build.exists(), "nothing is written for wrong input"


def test_broken_utf8_is_told_with_its_row(broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    project = broken("data/areas.csv", lambda t: t + "\n")
    path = project.data / "areas.csv"
    lines = path.read_bytes().rstrip(b"\n").split(b"\n")
    lines[4] = "广西".encode("gbk") + lines[4]
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert main(["--project", str(project.root), "check"]) == 2
    said = capsys.readouterr().err
    assert "data/areas.csv, row 5" in said
    assert "UTF-8" in said


BAD_FORMULAS = {
    "unknown figure": ("000-0006", "a", "a=000-9999", "a figure_id of figures.csv"),
    "no arithmetic": ("000-0006", "open('x')", "a=000-0003", "arithmetic over the named inputs"),
    "division by zero": ("000-0006", "a/(a-a)", "a=000-0003", "division by zero"),
    "cycle": ("000-0003", "a", "a=000-0006", "without a cycle"),
    "finding and formula": ("FINDING", "a/b", "a=000-0023;b=000-0024", "one answer for a figure"),
}


@pytest.mark.parametrize("kind", BAD_FORMULAS)
def test_bad_formulas_are_told(kind: str, broken: Broken) -> None:
    figure, expression, inputs, words = BAD_FORMULAS[kind]
    if figure == "FINDING":
        figure = next(r["figure_id"] for r in Package(Project(ROOT)).rows("figures") if r["finding"])
    row = f'{figure},试,"{expression}",{inputs}\n'
    problems = check_register(Package(broken("data/formulas.csv", lambda t: t + row)))
    assert problems, kind
    assert any(words in str(p) for p in problems)


def test_a_missing_file_is_told(broken: Broken) -> None:
    project = broken("data/units.csv", lambda t: t + " ")
    (project.data / "units.csv").unlink()
    problems = Package(project).validate()
    assert [p.found for p in problems] == ["no such file"]


def test_an_unknown_table_is_an_error_with_the_closest_name(project: Project) -> None:
    with pytest.raises(InputError, match='Did you mean "observations"'):
        Package(project).rows("observation")


def test_every_pattern_of_the_schema_is_told_in_words_and_matches_its_example(project: Project) -> None:
    package = Package(project)
    patterns = {
        field["constraints"]["pattern"]
        for table in package.tables
        for field in package.fields(table)
        if "pattern" in field.get("constraints", {})
    }
    assert patterns <= PATTERNS.keys()
    for pattern, (english, chinese) in PATTERNS.items():
        for example in re.findall(r"(?:such as |如 |写作 )([\d/-]+)", f"{english} {chinese}"):
            assert re.fullmatch(pattern, example), (pattern, example)


def test_limits_of_a_column_are_told_in_words() -> None:
    assert expected({"type": "integer", "constraints": {"minimum": 0}}) == "a whole number of at least 0"
    assert expected({"type": "number", "constraints": {"minimum": 0, "maximum": 1}}) == "a number from 0 to 1"
    assert expected({"type": "string", "constraints": {"required": True}}) == "text"
