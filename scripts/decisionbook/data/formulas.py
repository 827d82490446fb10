"""Formulas kept as data: arithmetic over figures, parsed to a small tree and never evaluated as code."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
}
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
MAX_LENGTH = 2000
MAX_DEPTH = 60


class FormulaError(ValueError):
    """The expression is not arithmetic over its declared inputs."""


@dataclass(frozen=True)
class Formula:
    """One row of data/formulas.csv: how `figure_id` follows from other figures under one reading."""

    figure_id: str
    reading: str
    expression: str
    inputs: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.inputs)

    @property
    def tree(self) -> list[object]:
        return parse(self.expression, self.names)


def parse_inputs(text: str) -> tuple[tuple[str, str], ...]:
    """Return ((name, figure_id), ...) from `a=000-0003;b=000-0004`."""
    pairs: list[tuple[str, str]] = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, sign, figure = (s.strip() for s in part.partition("="))
        if not sign or not name.isidentifier() or not figure:
            raise FormulaError(f"input {part!r} is not of the form name=figure_id")
        if name in dict(pairs):
            raise FormulaError(f"input {name!r} is named twice")
        pairs.append((name, figure))
    return tuple(pairs)


def parse(expression: str, names: tuple[str, ...]) -> list[object]:
    """Return the expression as nested lists: ["+", left, right], ["neg", x], ["call", f, args…], a name or a number.

    The lists serialise to JSON as they are, so that the page evaluates the same tree as Python does.
    Raises FormulaError for anything but arithmetic over `names`.
    """
    if len(expression) > MAX_LENGTH:
        raise FormulaError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        return _as_list(ast.parse(expression.strip(), mode="eval").body, names, 0)
    except FormulaError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"{expression[:80]!r} is not an arithmetic expression") from error


def _as_list(node: ast.expr, names: tuple[str, ...], depth: int) -> list[object]:
    if depth > MAX_DEPTH:
        raise FormulaError("the expression is nested too deeply")

    def inner(child: ast.expr) -> list[object]:
        return _as_list(child, names, depth + 1)

    # A boolean is an int to Python; in a formula it is no number.
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise FormulaError("a number in the expression is not finite")
        return ["number", value]
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise FormulaError(f"{node.id!r} is not among the inputs ({', '.join(names) or 'none'})")
        return ["name", node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return [_BINARY[type(node.op)], inner(node.left), inner(node.right)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return ["neg", inner(node.operand)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        return inner(node.operand)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise FormulaError(f"function {node.func.id!r} is not allowed ({', '.join(FUNCTIONS)})")
        if (len(node.args) != 1) != (node.func.id in ("max", "min")) or not node.args:
            raise FormulaError(f"{node.func.id} takes {'several values' if node.func.id in ('max', 'min') else 'one value'}")
        return ["call", node.func.id, *(inner(a) for a in node.args)]
    raise FormulaError(f"{ast.unparse(node)!r} is not arithmetic")


def evaluate(tree: list[object], values: Mapping[str, float]) -> float:
    """Return the value of a parsed tree; raises FormulaError where it, or a part of it, is no finite real number.

    Parts count because the page's engine and a spreadsheet go on after an overflow each in their own way.
    """
    try:
        return _evaluate(tree, values)
    except ZeroDivisionError as error:
        raise FormulaError("division by zero") from error
    except (OverflowError, ValueError, TypeError) as error:
        raise FormulaError(f"the expression has no value here: {error}") from error


def _evaluate(tree: list[object], values: Mapping[str, float]) -> float:
    result = _computed(tree, values)
    if isinstance(result, complex) or not math.isfinite(result):
        raise ValueError("a part of it is no finite real number")
    return result


def _computed(tree: list[object], values: Mapping[str, float]) -> float:
    head = tree[0]
    if head == "number":
        return float(tree[1])  # type: ignore[arg-type]
    if head == "name":
        return values[str(tree[1])]
    if head == "call":
        return FUNCTIONS[str(tree[1])](*(_evaluate(t, values) for t in tree[2:]))  # type: ignore[arg-type]
    arguments = [_evaluate(t, values) for t in tree[1:]]  # type: ignore[arg-type]
    if head == "neg":
        return -arguments[0]
    left, right = arguments
    if head == "+":
        return left + right
    if head == "-":
        return left - right
    if head == "*":
        return left * right
    if head == "/":
        return left / right
    return left**right
