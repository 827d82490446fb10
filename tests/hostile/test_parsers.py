"""Parsers of what people type: any text is read or refused with a message of ours, and what is written is read back."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisionbook.data.declarations import PERIOD, Chapter, Parameter, load_chapter
from decisionbook.data.figures import Qualifier, last_significant_unit, printed_interval
from decisionbook.data.formulas import FUNCTIONS, FormulaError, evaluate, parse, parse_inputs
from decisionbook.data.owndata import parse_requests
from decisionbook.data.package import Package
from decisionbook.data.sheets import as_text
from decisionbook.data.text import LONGEST, formula_free, is_formula, safe_cell, text_fault
from decisionbook.editions.chapter_source import escaped
from decisionbook.errors import DecisionBookError
from decisionbook.project import Project
from decisionbook.render.chapter_head import period_words
from decisionbook.runs.parameters import collect, convert
from decisionbook.runs.sweep import grid_sets
from decisionbook.terminal import visible

from ..conftest import ROOT
from . import strings

# The same examples on every run and machine: a test that fails today fails tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=150, database=None)
settings.load_profile("repeatable")

HOSTILE = st.sampled_from([*strings.STRINGS.values(), strings.LARGE])
TEXT = st.text(max_size=60) | HOSTILE
FINITE = st.floats(allow_nan=False, allow_infinity=False)
EXACT = Qualifier(qualifier="exact", lower="half_unit", upper="half_unit", lower_closed=True, upper_closed=False, tolerance=None)
ATTACKS = (
    "__import__('os').system('x')", "a.__class__", "a.real", "a()", "a[0]", "().__class__.__bases__[0]", "eval('1')", "exec('1')",
    "open('x')", "lambda: 1", "a if b else 1", "a < b < 1", "a == b", "a and b", "not a", "[a for a in b]", "{a: b}", "{a}", "(a, b)",
    "f'{a}'", "'a' * 9", "b'a'", "a := 1", "a; b", "a = 1", "*a", "**a", "yield a", "await a", "...", "None", "True", "1j", "1e999",
    "1" * 400, "a // b", "a % b", "a @ b", "a << b", "~a", "a & b", "max", "max()", "max(a)", "sqrt(a, b)", "log(a, b)", "abs()",
    "max(a, key=b)", "max(*a)", "constructor(a)", "toString(a)", "constructor", "__proto__", "prototype", "hasOwnProperty(a)", "globalThis",
    "Math.max(a)", "print(a)", "pow(a, b)", "int(a)", "a" + ".a" * 900, "a" + "[0]" * 600, "not " * 400 + "a", "-" * 1900 + "a",
    "(" * 900 + "a" + ")" * 900, "[" * 150 + "]" * 150, "a" + "+a" * 2000, "１+1", "1_000_000a", "0x", "a\u202e+b", "\x00", "a\ud800", "#", "",
)  # fmt: skip
NO_VALUE = ("9**9**9", "9**9**9**9", "a/(b-b)", "1e308*10", "1/(1e308*10)", "1/exp(1000)", "log(0-a)", "abs((0-8)**0.5)", "((0-8)**0.5)**2",
            "(0-1)**0.5*0", "exp(exp(9))", "max(a, exp(1000))", "0**(0-1)", "(1e308*10)**0", "sqrt(0-1)**0")  # fmt: skip
ARITHMETIC = ("a", "a/b", "-a**2", "+a", "(a+b)*2", "a**0.5", "max(a, b, 1)", "min(a, b)", "log(exp(a))", "abs(b-a)", "sqrt(a)", "2**-1",
              "1_000*a", "0x10+a", "a-(b-(a-b))", "a/b/2", "-(-a)", "(0-8)**3", "0**0", "1e-320*a")  # fmt: skip
VALUES = {"a": 4.0, "b": 2.0}


@pytest.fixture(scope="module")
def chapter(project: Project) -> Chapter:
    return load_chapter(project, "industry_revenue_share")


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project)


# ---- Formulas ---------------------------------------------------------------------------------


@pytest.mark.parametrize("expression", ATTACKS, ids=lambda e: ascii(e)[:40])
def test_a_formula_that_is_no_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(FormulaError):
        parse(expression, ("a", "b"))


@given(TEXT)
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        tree = parse(text, ("a", "b"))
        result = evaluate(tree, VALUES)
    except FormulaError:
        return
    assert math.isfinite(result)


def trees(inner: Any) -> Any:
    binary = st.tuples(st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner).map(list)
    calls = st.sampled_from(sorted(FUNCTIONS)).flatmap(
        lambda name: st.lists(inner, min_size=2, max_size=3).map(lambda a: ["call", name, *(a if name in ("max", "min") else a[:1])])
    )
    return binary | calls | st.tuples(st.just("neg"), inner).map(list)


TREES = st.recursive(
    st.tuples(st.just("number"), st.floats(0, 1e9)).map(list) | st.sampled_from([["name", "a"], ["name", "b"]]), trees, max_leaves=12
)


def written(tree: list[Any]) -> str:
    head = tree[0]
    if head in ("number", "name"):
        return repr(tree[1]) if head == "number" else tree[1]
    if head == "neg":
        return f"(-{written(tree[1])})"
    if head == "call":
        return f"{tree[1]}({', '.join(map(written, tree[2:]))})"
    return f"({written(tree[1])} {head} {written(tree[2])})"


@given(TREES)
def test_a_formula_written_is_the_formula_read(tree: list[Any]) -> None:
    assert parse(written(tree), ("a", "b")) == tree


def in_the_page(trees: list[Any], folder: Path) -> list[float | None]:
    """Return what the page's engine makes of the trees, None for no value."""
    (folder / "trees.json").write_text(json.dumps(trees), encoding="utf-8")
    engine, file = json.dumps(str(ROOT / "book" / "_static" / "engine.js")), json.dumps(str(folder / "trees.json"))
    script = (
        f"globalThis.window = globalThis; require({engine}); const E = window.DecisionBookEngine, fs = require('fs');"
        f"console.log(JSON.stringify(JSON.parse(fs.readFileSync({file})).map((t) => E.evaluate(t, {json.dumps(VALUES)}))));"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def in_python(tree: list[Any]) -> float | None:
    try:
        return evaluate(tree, VALUES)
    except FormulaError:
        return None


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@needs_node
def test_python_and_the_page_agree_on_what_has_a_value(tmp_path: Path) -> None:
    made: list[list[Any]] = [parse(text, ("a", "b")) for text in (*ARITHMETIC, *NO_VALUE)]

    @settings(max_examples=400)
    @given(TREES)
    def collected(tree: list[Any]) -> None:
        made.append(tree)

    collected()
    here, there = [in_python(tree) for tree in made], in_the_page(made, tmp_path)
    assert here[: len(ARITHMETIC)].count(None) == 0
    assert here[len(ARITHMETIC) :][: len(NO_VALUE)] == [None] * len(NO_VALUE)
    differ = [
        (written(tree), a, b)
        for tree, a, b in zip(made, here, there, strict=True)
        if (a is None) != (b is None) or (a is not None and not math.isclose(a, b or 0.0, rel_tol=1e-9, abs_tol=1e-300))
    ]
    assert differ == []
    assert len([a for a in here if a is not None]) > 200


@needs_node
def test_the_page_refuses_trees_that_no_formula_gives(tmp_path: Path) -> None:
    one = ["number", 1]
    bad: list[Any] = [
        ["call", "constructor", one], ["call", "toString", one], ["call", "eval", ["number", "trap()"]], ["name", "__proto__"],
        ["name", "constructor"], ["eval", one], ["number", "1"], ["number", None], ["number", [1]], ["+", one], ["+", one, one, one],
        ["neg"], ["neg", one, one], ["call", "max", one], ["call", "sqrt", one, one], ["constructor", one, one], [], "a", 1, None, {"0": "number"},
        ["name", ["a"]], [["number"], 1], ["<", one, one], ["&&", one, one], ["//", one, one], ["%", one, one],
    ]  # fmt: skip
    found = in_the_page(bad, tmp_path)
    # A name given as a list becomes a text in JavaScript: it names the input a, and no more.
    assert [tree for tree, value in zip(bad, found, strict=True) if value is not None and tree != ["name", ["a"]]] == []


@given(TEXT)
def test_inputs_of_a_formula_are_read_or_refused(text: str) -> None:
    try:
        pairs = parse_inputs(text)
    except FormulaError:
        return
    assert parse_inputs(";".join(f"{name}={figure}" for name, figure in pairs)) == pairs


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


@given(st.sampled_from(["2022-13", "2022-S3", "2022-Q5", "22", "2022-1", "2022年", "2022-00", "２０２２", "2022-01-32", "2022\n", " 2022", "2022-S1x"]))
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
    except DecisionBookError as error:
        assert str(error)
        return
    assert set(values) <= set(chapter.parameters)


@given(st.lists(TEXT | TEXT.map(lambda t: f"growth={t}"), min_size=1, max_size=2))
def test_any_grid_word_is_a_set_or_a_message(chapter: Chapter, package: Package, words: list[str]) -> None:
    try:
        grid_sets(chapter, package, words)
    except DecisionBookError as error:
        assert str(error)


@given(st.lists(TEXT | TEXT.map(lambda t: f"{t}=x.csv"), max_size=3))
def test_any_d_word_is_a_request_or_a_message(words: list[str]) -> None:
    try:
        requests = parse_requests(words)
    except DecisionBookError as error:
        assert str(error)
        return
    assert len({r.table for r in requests}) == len(requests)


# ---- Text -------------------------------------------------------------------------------------


@given(TEXT)
def test_what_is_shown_in_a_terminal_drives_nothing_and_stays_json(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 32 and c not in "\t\n" or 127 <= ord(c) < 160 or c in "\u202e\u2066" or "\ud800" <= c <= "\udfff" for c in shown)
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
