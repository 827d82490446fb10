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
    frozenset({"errors", "schemas", "terminal", ""}),
)


def floor_of(part: str) -> int:
    for number, parts in enumerate(FLOORS):
        if part in parts:
            return number
    raise AssertionError(f"{part!r} stands on no floor: give it one in DESIGN terms before it is used")


def imported_parts(module: str, code: str) -> set[tuple[str, int]]:
    """Return the parts of decisionbook that a module (its path below the package) imports, with the lines."""
    here = ["decisionbook", *Path(module).with_suffix("").parts]
    parts = set()
    for node in ast.walk(ast.parse(code)):
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


def upward(module: str, code: str) -> list[str]:
    """Return the imports of a module that its floor does not allow."""
    own = Path(module).parts[0].removesuffix(".py")
    own = "" if own == "__init__" else own
    return [
        f"line {line}: {own or 'the package'} may not import {part}"
        for part, line in sorted(imported_parts(module, code))
        if part != own and floor_of(part) <= floor_of(own)
    ]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_imports_upward(path: Path) -> None:
    assert upward(path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "from ..runs import cache",
        "from ..runs.cache import RunCache",
        "import decisionbook.runs.cache",
        "def f():\n    from ..editions.build import build",
        "from .. import cli",
    ],
)
def test_an_import_from_a_floor_above_is_seen(code: str) -> None:
    assert len(upward("data/package.py", code)) == 1
    assert upward("data/package.py", "from ..errors import InputError\nfrom . import reads") == []


def test_a_part_that_stands_on_no_floor_is_told() -> None:
    with pytest.raises(AssertionError, match="stands on no floor"):
        floor_of("somewhere_new")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
