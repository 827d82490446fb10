"""The floors of the package: each module imports only from floors below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import decisionbook

PACKAGE = Path(decisionbook.__file__).parent
# The top floor first. Modules on one floor may import each other within a folder, not across folders.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"__main__"}),
    frozenset({"cli"}),
    frozenset({"editions"}),
    frozenset({"render"}),
    frozenset({"intake"}),
    frozenset({"reconcile"}),
    frozenset({"runs"}),
    frozenset({"notebook"}),
    frozenset({"charts"}),
    frozenset({"analysis"}),
    frozenset({"data"}),
    frozenset({"project"}),
    frozenset({"errors", "terminal", ""}),
)


def floor_of(part: str) -> int:
    for number, parts in enumerate(FLOORS):
        if part in parts:
            return number
    raise AssertionError(f"{part!r} stands on no floor: give it one in DESIGN terms before it is used")


def imported_parts(path: Path) -> set[tuple[str, int]]:
    """Return the parts of decisionbook that a module imports, with the lines."""
    here = ["decisionbook", *path.relative_to(PACKAGE).with_suffix("").parts]
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            stem = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            names = [f"{stem}.{a.name}" if stem == "decisionbook" else stem for a in node.names]
        for name in names:
            steps = name.split(".")
            if steps[0] == "decisionbook" and not (len(steps) > 1 and steps[1].startswith("__")):
                parts.add((steps[1] if len(steps) > 1 else "", getattr(node, "lineno", 0)))
    return parts


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_imports_upward(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own = "" if own == "__init__" else own
    for part, line in imported_parts(path):
        allowed = part == own or floor_of(part) > floor_of(own)
        assert allowed, f"{path.name}, line {line}: {own or 'the package'} may not import {part}"


def test_the_floor_test_sees_an_upward_import(tmp_path: Path) -> None:
    assert floor_of("data") > floor_of("runs")
    with pytest.raises(AssertionError):
        floor_of("somewhere_new")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420
