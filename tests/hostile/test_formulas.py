"""Formulas: arithmetic and nothing else, in Python and in the page's engine, which agree on what has a value."""

from __future__ import annotations

import contextlib
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisionbook.analysis.intervals import formula_bounds
from decisionbook.data.formulas import FUNCTIONS, FormulaError, evaluate, parse, parse_inputs
from decisionbook.data.intervals import Interval

from ..conftest import ROOT, needs_node
from .test_parsers import TEXT

ATTACKS = (
    "__import__('os').system('x')",
    "a.__class__",
    "a.real",
    "a()",
    "a[0]",
    "().__class__.__bases__[0]",
    "eval('1')",
    "exec('1')",
    "open('x')",
    "lambda: 1",
    "a if b else 1",
    "a < b < 1",
    "a == b",
    "a and b",
    "not a",
    "[a for a in b]",
    "{a: b}",
    "{a}",
    "(a, b)",
    "f'{a}'",
    "'a' * 9",
    "b'a'",
    "a := 1",
    "a; b",
    "a = 1",
    "*a",
    "**a",
    "yield a",
    "await a",
    "...",
    "None",
    "True",
    "1j",
    "1e999",
    "1" * 400,
    "a // b",
    "a % b",
    "a @ b",
    "a << b",
    "~a",
    "a & b",
    "max",
    "max()",
    "max(a)",
    "sqrt(a, b)",
    "log(a, b)",
    "abs()",
    "max(a, key=b)",
    "max(*a)",
    "constructor(a)",
    "toString(a)",
    "constructor",
    "__proto__",
    "prototype",
    "hasOwnProperty(a)",
    "globalThis",
    "Math.max(a)",
    "print(a)",
    "pow(a, b)",
    "int(a)",
    "a" + ".a" * 900,
    "a" + "[0]" * 600,
    "not " * 400 + "a",
    "-" * 1900 + "a",
    "(" * 900 + "a" + ")" * 900,
    "[" * 150 + "]" * 150,
    "a" + "+a" * 2000,
    "１+1",
    "1_000_000a",
    "0x",
    "a\u202e+b",
    "\x00",
    "a\ud800",
    "#",
    "",
)
NO_VALUE = (
    "9**9**9",
    "9**9**9**9",
    "a/(b-b)",
    "1e308*10",
    "1/(1e308*10)",
    "1/exp(1000)",
    "log(0-a)",
    "abs((0-8)**0.5)",
    "((0-8)**0.5)**2",
    "(0-1)**0.5*0",
    "exp(exp(9))",
    "max(a, exp(1000))",
    "0**(0-1)",
    "(1e308*10)**0",
    "sqrt(0-1)**0",
)
ARITHMETIC = (
    "a",
    "a/b",
    "-a**2",
    "+a",
    "(a+b)*2",
    "a**0.5",
    "max(a, b, 1)",
    "min(a, b)",
    "log(exp(a))",
    "abs(b-a)",
    "sqrt(a)",
    "2**-1",
    "1_000*a",
    "0x10+a",
    "a-(b-(a-b))",
    "a/b/2",
    "-(-a)",
    "(0-8)**3",
    "0**0",
    "1e-320*a",
)
VALUES = {"a": 4.0, "b": 2.0}


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
        lambda name: st.lists(inner, min_size=2, max_size=3).map(
            lambda a: ["call", name, *(a if name in ("max", "min") else a[:1])]
        )
    )
    return binary | calls | st.tuples(st.just("neg"), inner).map(list)


TREES = st.recursive(
    st.tuples(st.just("number"), st.floats(0, 1e9)).map(list) | st.sampled_from([["name", "a"], ["name", "b"]]),
    trees,
    max_leaves=12,
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


RANGES = {"a": (-2.0, 3.0), "b": (0.5, 4.0)}


def bounds_in_the_page(trees: list[Any], folder: Path) -> list[list[Any]]:
    (folder / "bounds.json").write_text(json.dumps(trees), encoding="utf-8")
    engine, file = json.dumps(str(ROOT / "book" / "_static" / "engine.js")), json.dumps(str(folder / "bounds.json"))
    script = (
        f"globalThis.window = globalThis; require({engine}); const E = window.DecisionBookEngine, fs = require('fs'), I = {{}};"
        f"for (const [n, e] of Object.entries({json.dumps(RANGES)})) "
        "I[n] = {low: e[0], high: e[1], lowClosed: true, highClosed: false};"
        f"console.log(JSON.stringify(JSON.parse(fs.readFileSync({file})).map(([t, c]) => E.bounds(t, I, c))"
        ".map((b) => [String(b.low), String(b.high), b.lowClosed, b.highClosed])));"
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@needs_node
def test_python_and_the_page_agree_on_bounds(tmp_path: Path) -> None:
    made: list[tuple[list[Any], float]] = []

    @settings(max_examples=400)
    @given(TREES)
    def collected(tree: list[Any]) -> None:
        with contextlib.suppress(FormulaError):
            made.append((tree, evaluate(tree, {name: (low + high) / 2 for name, (low, high) in RANGES.items()})))

    collected()
    intervals = {name: Interval(*ends, True, False) for name, ends in RANGES.items()}
    here = [formula_bounds(tree, intervals, central) for tree, central in made]
    differ = [
        (written(tree), a, b)
        for (tree, _), a, b in zip(made, here, bounds_in_the_page(made, tmp_path), strict=True)
        if [a.low_closed, a.high_closed] != b[2:]
        or not all(math.isclose(x, float(y), rel_tol=1e-9, abs_tol=1e-300) for x, y in ((a.low, b[0]), (a.high, b[1])))
    ]
    assert differ == []
    assert sum(math.isfinite(a.low) and not a.is_point for a in here) > 40


@needs_node
def test_the_page_refuses_trees_that_no_formula_gives(tmp_path: Path) -> None:
    one = ["number", 1]
    bad: list[Any] = [
        ["call", "constructor", one],
        ["call", "toString", one],
        ["call", "eval", ["number", "trap()"]],
        ["name", "__proto__"],
        ["name", "constructor"],
        ["eval", one],
        ["number", "1"],
        ["number", None],
        ["number", [1]],
        ["+", one],
        ["+", one, one, one],
        ["neg"],
        ["neg", one, one],
        ["call", "max", one],
        ["call", "sqrt", one, one],
        ["constructor", one, one],
        [],
        "a",
        1,
        None,
        {"0": "number"},
        ["name", ["a"]],
        [["number"], 1],
        ["<", one, one],
        ["&&", one, one],
        ["//", one, one],
        ["%", one, one],
    ]
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
