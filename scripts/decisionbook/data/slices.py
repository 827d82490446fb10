"""What a value in a notebook was computed from, read off the notebook's own code: a backward slice of its cells.

Weiser, "Program slicing", 1984: the statements that may have had a hand in a value. It follows names, not values, so it
may name an input too many; it never runs anything. What a reading call returned is added by `data.inputs`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

# A call is known by cell and by the line and byte column at which it ends: no two calls end at one place.
Place: TypeAlias = tuple[int, int, int]
# A statement is known by cell and by its number among the statements of that cell.
Position: TypeAlias = tuple[int, int]
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Definition:
    """One place where a name gets a value or is changed; `whole` when nothing of an earlier value is left.

    `nested` in a loop or below a condition: then what comes later in the same statement may have come before.
    """

    name: str
    position: Position
    values: tuple[ast.AST, ...]
    whole: bool
    nested: bool = True
    loop: ast.For | None = None


@dataclass
class Uses:
    """What an expression uses: `names` of variables, `attributes` of names (p.area), places of `calls`."""

    names: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Place] = field(default_factory=list)


class Program:
    """The cells of a notebook in the order in which they ran."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._definitions: dict[str, list[Definition]] = {}
        self._calls: dict[Place, tuple[ast.Call, Position]] = {}

    def extend(self, cells: Sequence[str]) -> None:
        """Take in the cells that ran since the last time; one that is not plain Python adds nothing."""
        for number in range(len(self._cells), len(cells)):
            self._cells.append(cells[number])
            try:
                tree = ast.parse(cells[number])
            except SyntaxError:
                continue
            for index, statement in enumerate(tree.body):
                position = (number, index)
                for node in ast.walk(statement):
                    if isinstance(node, ast.Call):
                        self._calls[place_of(node, number)] = (node, position)
                    elif isinstance(node, ast.NamedExpr):
                        given = Definition(node.target.id, position, (node.value,), False)
                        self._definitions.setdefault(given.name, []).append(given)
                for definition in _definitions(statement, position, nested=False):
                    self._definitions.setdefault(definition.name, []).append(definition)

    def call(self, place: Place) -> tuple[ast.Call, Position] | None:
        """Return the call that ends at a place, and the statement that it stands in."""
        return self._calls.get(place)

    def definitions(self, name: str, at: Position, *, itself: bool = True) -> list[Definition]:
        """Return where the value came from that a name has at a statement, the latest first.

        With `itself` what the statement itself defines counts, whatever the order of the lines: a loop may run again.
        """
        found: list[Definition] = []
        for definition in reversed(self._definitions.get(name, [])):
            if definition.position > at or (definition.position == at and not itself):
                continue
            found.append(definition)
            if definition.whole and definition.position < at:
                break
        return found

    def source(self, node: ast.AST, cell: int) -> str:
        """Return the text of an expression in its cell, on one line."""
        return " ".join((ast.get_source_segment(self._cells[cell], node) or "").split())


def place_of(call: ast.Call, cell: int) -> Place:
    """Return the place that names a call."""
    return (cell, call.end_lineno or 0, call.end_col_offset or 0)


def uses(node: ast.AST, cell: int, readers: frozenset[str], module: str) -> Uses:
    """Return what an expression uses.

    The arguments of `module.reader(...)` choose what is read and are no inputs themselves, but for `override`, which
    stands in for what is read.
    """
    found = Uses()
    _collect(node, cell, frozenset(), found, readers, module)
    return found


def _collect(node: ast.AST, cell: int, bound: frozenset[str], found: Uses, readers: frozenset[str], module: str) -> None:
    def go(part: ast.AST, names: frozenset[str] = bound) -> None:
        _collect(part, cell, names, found, readers, module)

    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in bound:
            found.names.append(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in bound:
        found.attributes.append((node.value.id, node.attr))
    elif isinstance(node, ast.Subscript):
        # What stands in the brackets chooses rows or an entry, like the arguments of a reading call.
        go(node.value)
    elif isinstance(node, ast.IfExp) and any(_is_none(part) for part in (node.body, node.orelse)):
        # `x if it is known else None` says when there is a value, not what the value is.
        go(node.body)
        go(node.orelse)
    elif isinstance(node, ast.Call):
        found.calls.append(place_of(node, cell))
        reads = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if reads and node.func.value.id == module and node.func.attr in readers:  # type: ignore[attr-defined]
            for keyword in node.keywords:
                if keyword.arg == "override":
                    go(keyword.value)
            return
        for child in ast.iter_child_nodes(node):
            go(child)
    elif isinstance(node, ast.FunctionDef):
        inner = bound | _arguments(node.args) | frozenset(_assigned(node.body))
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            go(default)
        for statement in node.body:
            go(statement, inner)
    elif isinstance(node, _SCOPES):
        _collect_scope(node, cell, bound, found, readers, module)
    else:
        for child in ast.iter_child_nodes(node):
            go(child)


def _collect_scope(node: ast.AST, cell: int, bound: frozenset[str], found: Uses, readers: frozenset[str], module: str) -> None:
    """Walk a lambda or comprehension, whose own names are no variables of the notebook."""
    inner = bound
    if isinstance(node, ast.Lambda):
        inner = bound | _arguments(node.args)
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            _collect(default, cell, bound, found, readers, module)
        _collect(node.body, cell, inner, found, readers, module)
        return
    for generator in node.generators:  # type: ignore[attr-defined]
        _collect(generator.iter, cell, inner, found, readers, module)
        inner = inner | frozenset(_targets(generator.target))
        for condition in generator.ifs:
            _collect(condition, cell, inner, found, readers, module)
    parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)  # type: ignore[attr-defined]
    for part in parts:
        _collect(part, cell, inner, found, readers, module)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _arguments(arguments: ast.arguments) -> frozenset[str]:
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return frozenset(a.arg for a in given if a)


def _assigned(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _targets(target: ast.AST) -> Iterator[str]:
    """Return the names that an assignment gives a value to; `frame["x"]` and `frame.x` change the frame."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _targets(part)
    elif isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        yield from _targets(target.value)


def _definitions(
    statement: ast.stmt, position: Position, *, nested: bool, conditions: tuple[ast.AST, ...] = (), loop: ast.For | None = None
) -> Iterator[Definition]:
    """Return what a statement and those inside it define; below an `if` the value depends on the condition too."""

    def inside(body: Sequence[ast.stmt], *more: ast.AST, within: ast.For | None = loop) -> Iterator[Definition]:
        for inner in body:
            yield from _definitions(inner, position, nested=True, conditions=(*conditions, *more), loop=within)

    whole = not nested
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            yield from _assignment(target, statement.value, position, conditions, whole, loop)
    elif isinstance(statement, ast.AugAssign):
        for name in _targets(statement.target):
            yield Definition(name, position, (statement.value, *conditions), False)
    elif isinstance(statement, ast.For):
        for name in _targets(statement.target):
            yield Definition(name, position, (statement.iter, *conditions), whole, True, statement)
        yield from inside([*statement.body, *statement.orelse], within=statement)
    elif isinstance(statement, ast.If | ast.While):
        yield from inside([*statement.body, *statement.orelse], statement.test)
    elif isinstance(statement, ast.With):
        yield from inside(statement.body, *(item.context_expr for item in statement.items))
    elif isinstance(statement, ast.Try):
        yield from inside([*statement.body, *statement.orelse, *statement.finalbody])
        for handler in statement.handlers:
            yield from inside(handler.body)
    elif isinstance(statement, ast.FunctionDef):
        yield Definition(statement.name, position, (statement,), whole, nested)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        # rows.append(x), table.update(y): the call changes what it is called on.
        function = statement.value.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            arguments = [*statement.value.args, *(k.value for k in statement.value.keywords)]
            yield Definition(function.value.id, position, (*arguments, *conditions), False)


def _assignment(
    target: ast.AST, value: ast.AST, position: Position, conditions: tuple[ast.AST, ...], whole: bool, loop: ast.For | None
) -> Iterator[Definition]:
    pairs: list[tuple[ast.AST, ast.AST]] = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        # a, b = x, y: each name has its own value.
        pairs = list(zip(target.elts, value.elts, strict=True))
    for part, given in pairs:
        plain = isinstance(part, ast.Name | ast.Tuple | ast.List)
        for name in _targets(part):
            again = any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(given))
            # Inside a loop a plain assignment leaves nothing of the value before the loop, unless it builds on it.
            kills = plain and (whole or (loop is not None and not conditions and not again))
            yield Definition(name, position, (given, *conditions), kills, not whole, loop)
