"""A chapter's declaration: what is wrong in it is told when it is read, and before a value of the wrong kind goes on."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from decisionbook.data.declarations import Chapter, Parameter, parse_chapter
from decisionbook.data.limits import Limits, limits_of
from decisionbook.errors import InputError
from decisionbook.project import Project
from decisionbook.runs.parameters import convert

DECLARATION = """\
title: 章
title_en: A chapter
part: 民生
sources: ["003"]
data_until: 2022-11
status: historical
parameters:
  first: {type: integer, default: 1, meaning: 起点}
  last: {type: integer, default: 2, meaning: 终点}
rules: ["first < last"]
"""


def parsed(tmp_path: Path, text: str) -> Chapter:
    path = tmp_path / "a.yml"
    path.write_text(text, encoding="utf-8")
    return parse_chapter(path, "a", "notebooks/a.yml")


def test_a_sound_declaration_is_read(tmp_path: Path) -> None:
    chapter = parsed(tmp_path, DECLARATION)
    assert (chapter.sources, chapter.defaults, chapter.rules) == (("003",), {"first": 1, "last": 2}, ("first < last",))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (DECLARATION, "- title\n", "keys and values"),
        (DECLARATION, "title\n", "keys and values"),
        ('sources: ["003"]', 'sources: "003"', "sources: '003'; expected a list. Write sources: [003]"),
        ('rules: ["first < last"]', "rules: first < last", "expected a list"),
        ('rules: ["first < last"]', "tables: 5", "expected a list"),
        ('"first < last"', '"first < lst"', 'Did you mean "last"?'),
        ('"first < last"', '"first > last"', "two parameters and a sign"),
        ("  first: {type: integer, default: 1, meaning: 起点}", "  first: 1", "first: 1; expected a contract"),
        (DECLARATION[DECLARATION.index("parameters:") :], "parameters: [first, last]\n", "a name and its contract each"),
        ("type: integer, default: 1", "type: integers, default: 1", 'Did you mean "integer"?'),
    ],
)  # fmt: skip
def test_a_fault_in_a_declaration_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in DECLARATION
    with pytest.raises(InputError) as told:
        parsed(tmp_path, DECLARATION.replace(old, new))
    assert words in str(told.value)
    assert "notebooks/a.yml" in str(told.value)


def test_limits_of_a_declaration_that_is_none_are_the_defaults(tmp_path: Path) -> None:
    """What is wrong with it is told by whoever reads the declaration."""
    project = Project(tmp_path)
    project.notebooks.mkdir()
    (project.notebooks / "a.yml").write_text("- limits\n", encoding="utf-8")
    assert limits_of(project, "a") == Limits()


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e999", "many"])
def test_what_is_no_finite_number_is_no_value(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="number" if kind == "number" else "integer|whole number"):
        convert(Parameter("x", kind, 1, "m"), text)


@pytest.mark.parametrize("value", [math.inf, math.nan, True, "1", 10**400])
def test_a_value_from_a_file_is_a_finite_number_too(value: object) -> None:
    assert Parameter("x", "number", 1, "m", minimum=0, maximum=10).fault(value, {}) is not None


def test_a_whole_number_stays_one() -> None:
    assert repr(convert(Parameter("x", "integer", 1, "m"), "5.0")) == "5"
    assert repr(convert(Parameter("x", "number", 1, "m"), "5.0")) == "5.0"
    assert convert(Parameter("x", "integer", 1, "m", nullable=True), "none") is None
