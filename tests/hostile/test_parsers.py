"""Parsers of what people type: any text is read or refused with a message of ours, and what is written is read back."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisionbook.data.declarations import Chapter, Parameter, load_chapter
from decisionbook.data.figures import Qualifier, last_significant_unit, printed_interval
from decisionbook.data.owndata import parse_requests
from decisionbook.data.package import Package
from decisionbook.data.periods import PERIOD
from decisionbook.data.sheets import as_text
from decisionbook.data.text import LONGEST, formula_free, is_formula, safe_cell, text_fault
from decisionbook.editions.chapter_source import escaped
from decisionbook.errors import DecisionBookError
from decisionbook.project import Project
from decisionbook.render.chapter_head import period_words
from decisionbook.runs.parameters import collect, convert
from decisionbook.runs.sweep import grid_sets
from decisionbook.terminal import visible

from . import strings

# The same examples on every run and machine: a test that fails today fails tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=150, database=None)
settings.load_profile("repeatable")

HOSTILE = st.sampled_from([*strings.STRINGS.values(), strings.LARGE])
TEXT = st.text(max_size=60) | HOSTILE
FINITE = st.floats(allow_nan=False, allow_infinity=False)
EXACT = Qualifier(qualifier="exact", lower="half_unit", upper="half_unit", lower_closed=True, upper_closed=False, tolerance=None)


@pytest.fixture(scope="module")
def chapter(project: Project) -> Chapter:
    return load_chapter(project, "industry_revenue_share")


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project)


# ---- Printed numbers and periods --------------------------------------------------------------


@given(st.decimals(min_value="0.0001", max_value="1e9", places=4), st.integers(-4, 3))
def test_a_printed_number_lies_in_its_interval_of_one_unit(value: Any, exponent: int) -> None:
    number, precision = float(value), 10.0**exponent
    found = printed_interval(number, None, precision, EXACT)
    assert number in found
    assert found.high - found.low == pytest.approx(precision, rel=1e-6, abs=1e-6)
    assert found.high not in found


@given(FINITE)
def test_the_last_significant_unit_divides_its_number(value: float) -> None:
    unit = last_significant_unit(value)
    assert unit > 0 or value != 0
    assert not math.isnan(unit)


@given(TEXT)
def test_any_period_has_words(text: str) -> None:
    assert isinstance(period_words(text), str)


@given(st.integers(1000, 9999), st.sampled_from(["", "-S1", "-S2", "-Q1", "-Q4", "-01", "-12", "-02-28", "-12-31"]))
def test_a_period_is_accepted_and_said_in_chinese(year: int, rest: str) -> None:
    assert PERIOD.match(f"{year}{rest}")
    assert period_words(f"{year}{rest}").startswith(f"{year} 年")


@given(
    st.sampled_from(
        [
            "2022-13",
            "2022-S3",
            "2022-Q5",
            "22",
            "2022-1",
            "2022年",
            "2022-00",
            "２０２２",
            "2022-01-32",
            "2022\n",
            " 2022",
            "2022-S1x",
        ]
    )
)
def test_what_is_no_period_is_refused(text: str) -> None:
    assert Parameter("p", "period", None, "").fault(text, {}) is not None


# ---- Parameters -------------------------------------------------------------------------------


@given(st.sampled_from(["area", "boolean", "choice", "integer", "number", "period", "string"]), TEXT, st.booleans())
def test_any_value_of_a_parameter_is_typed_or_refused(kind: str, text: str, nullable: bool) -> None:
    parameter = Parameter("p", kind, None, "", nullable=nullable, choices=("甲",) if kind == "choice" else ())
    try:
        value = convert(parameter, text)
    except ValueError:
        return
    fault = parameter.fault(value, {"广西": "450000"})
    if fault is None and value is not None:
        assert convert(parameter, str(value)) == value
        assert not isinstance(value, str) or not text_fault(value)
        assert not isinstance(value, float) or math.isfinite(value)


@given(st.lists(TEXT | TEXT.map(lambda t: f"growth={t}") | TEXT.map(lambda t: f"area={t}"), max_size=3))
def test_any_p_word_is_a_parameter_or_a_message(chapter: Chapter, package: Package, words: list[str]) -> None:
    try:
        values = collect(chapter, package, words, None)
    except DecisionBookError:
        return
    assert set(values) <= set(chapter.parameters)


@given(st.lists(TEXT | TEXT.map(lambda t: f"growth={t}"), min_size=1, max_size=2))
def test_any_grid_word_is_a_set_or_a_message(chapter: Chapter, package: Package, words: list[str]) -> None:
    with contextlib.suppress(DecisionBookError):
        grid_sets(chapter, package, words)


@given(st.lists(TEXT | TEXT.map(lambda t: f"{t}=x.csv"), max_size=3))
def test_any_d_word_is_a_request_or_a_message(words: list[str]) -> None:
    try:
        requests = parse_requests(words)
    except DecisionBookError:
        return
    assert len({r.table for r in requests}) == len(requests)


# ---- Text -------------------------------------------------------------------------------------


@given(TEXT)
def test_what_is_shown_in_a_terminal_drives_nothing_and_stays_json(text: str) -> None:
    shown = visible(text)
    assert not any((ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066" for c in shown)
    shown.encode("utf-8")
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text


@given(TEXT)
def test_a_safe_cell_is_no_formula_and_keeps_its_text(text: str) -> None:
    for safe in (safe_cell, formula_free):
        cell = str(safe(text))
        assert cell.removeprefix("'") == text.removeprefix("'") or cell == text
        assert not is_formula(cell)


@given(FINITE)
def test_a_number_is_no_formula(value: float) -> None:
    assert safe_cell(value) == value
    assert formula_free(f"{value:.12g}") == f"{value:.12g}"


@given(st.floats(-1e300, 1e300))
def test_a_cell_of_a_spreadsheet_keeps_fifteen_digits(value: float) -> None:
    assert float(as_text(value)) == pytest.approx(value, rel=1e-14, abs=5e-324)


@pytest.mark.parametrize("text", [*strings.REFUSED.values(), strings.LARGE], ids=[*strings.REFUSED, "large"])
def test_text_that_no_output_holds_has_a_fault(text: str) -> None:
    assert text_fault(text)


@given(st.sampled_from(list(strings.SHOWN.values())))
def test_text_that_outputs_hold_has_none(text: str) -> None:
    assert text_fault(text) == ""
    assert len(text) <= LONGEST


@given(TEXT)
def test_a_banner_has_no_markup(text: str) -> None:
    rest = escaped(text)
    assert "\n" not in rest
    assert not any(rest[i] in "`*_[]<>{}$#" and rest[i - 1 : i] != "\\" for i in range(len(rest)))
