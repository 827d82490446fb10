"""The inputs of each finding: what the notebook's code says went in, and what its reading calls then returned.

Kept by itself, so that analysis functions stay pure and no list is written by hand. Outside IPython nobody tells which
cells ran; findings then name only the inputs that their Quantity carries.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

from .slices import Definition, Place, Position, Program, uses

# What a notebook reads with; `module` is the name it gives to decisionbook.notebook.
READERS = frozenset({"figure", "figures", "find", "observations", "tables", "value"})
# Tables of names: they are read to write 广西 for 450000, and are an input only where nothing else is.
NAMES = frozenset({"areas", "indicators", "qualifiers", "sources", "units"})
# All published figures at once: a notebook reads them to see which sources are known.
ALL_FIGURES = "all figures"
# Longer lists are told by their number of rows.
MOST = 40
# In a set of covered tables: whatever was read, its ids are known already.
_ALL = "*"
# Before a kind: the readings of a call are known from its own place, and those inside the called function add nothing.
_DONE = "="
_ID_COLUMNS = {"figure_id": "figures", "observation_id": "observations"}


@dataclass
class Inputs:
    """What a finding rests on: ids of published figures and of official values, rows of tables, parameters."""

    figures: dict[str, None] = field(default_factory=dict)
    observations: dict[str, None] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    parameters: dict[str, None] = field(default_factory=dict)
    # Parameters without a value: the data stood in for them, or nothing did.
    absent: dict[str, None] = field(default_factory=dict)
    # Whether the code was found: only then does nothing mean that nothing went in.
    traced: bool = False

    def add(self, kind: str, ids: Any) -> None:
        """Add ids of `figures` or `observations`."""
        getattr(self, kind).update(dict.fromkeys(map(str, ids)))

    def carried(self, figures: tuple[str, ...], observations: tuple[str, ...]) -> None:
        """Let the ids that a Quantity carries stand for those read off the code, which may be too many."""
        if figures or observations:
            self.figures, self.observations = dict.fromkeys(figures), dict.fromkeys(observations)

    def content(self) -> dict[str, Any]:
        """Return what is stored with the finding; long lists of ids become rows of their table."""
        tables = dict(self.tables)
        content: dict[str, Any] = {}
        for kind in ("figures", "observations"):
            ids = sorted(getattr(self, kind))
            if len(ids) > MOST:
                tables[kind] = len(ids)
            elif ids:
                content[kind] = ids
        everything = tables.pop(ALL_FIGURES, 0)
        if content or set(tables) - NAMES:
            tables = {name: rows for name, rows in tables.items() if name not in NAMES}
        elif everything:
            tables = {"figures": everything}
        if tables:
            content["tables"] = dict(sorted(tables.items()))
        if self.parameters or (self.absent and not content):
            content["parameters"] = sorted(self.parameters or self.absent)
        if self.traced and not content:
            # A convention of the chapter, written in its code.
            content["constant"] = True
        return content


@dataclass(frozen=True)
class _Read:
    """What one reading call returned: ids of a kind, or rows of a table; `frame` when it was a whole table."""

    kind: str
    ids: tuple[str, ...]
    rows: int
    frame: bool


class Cell(NamedTuple):
    """A cell that runs: how many ran before it, and the id by which JupyterLab knows it; other clients tell none."""

    number: int
    id: str | None = None

    def is_again(self, before: Cell) -> bool:
        """Return whether this is a cell that has run before and runs anew, whatever it says now."""
        return self.id is not None and self.id == before.id and self.number > before.number


# What tells the recorder of this process, of which there is one, which cells run.
_hook: Any = None


class Recorder:
    """Notes what a chapter reads and where, and tells what a recorded value was computed from."""

    def __init__(self, namespace: Mapping[str, Any], module: str) -> None:
        self.parameters: Mapping[str, Any] = {}
        self._namespace = namespace
        self._module = module
        self._program = Program()
        self._reads: dict[Place, list[_Read]] = {}
        self._cells: dict[str, int] = {}
        self._history: list[str] = []
        self.cell = Cell(0)

    def ran(self, cell: str, cell_id: str | None = None) -> None:
        """Take note of a cell that is about to run, as Python source."""
        self.cell = Cell(len(self._history), cell_id)
        self._history.append(cell)

    def follow(self, frame: FrameType) -> None:
        """Take note of the cell that is running already, and of all that IPython runs from now on.

        A kernel's own history is not kept by everything that runs notebooks.
        """
        global _hook
        from IPython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        if _hook is not None:
            shell.events.unregister("pre_run_cell", _hook)
        _hook = lambda info: self.ran(shell.transform_cell(info.raw_cell), info.cell_id)  # noqa: E731 - a new one each time
        shell.events.register("pre_run_cell", _hook)
        self.ran("".join(linecache.getlines(frame.f_code.co_filename)))

    def note(self, frame: FrameType | None, kind: str, ids: tuple[str, ...], rows: int = 0, *, whole: bool = False) -> None:
        """Note what a reading call returned, at the place of that call and of each notebook function that led to it."""
        read = _Read(kind, ids, rows, whole)
        while frame is not None:
            if (place := self._place(frame)) is not None:
                known = self._reads.setdefault(place, [])
                if read not in known:
                    known.append(read)
            frame = frame.f_back

    def inputs(self, frame: FrameType | None, argument: int, names: tuple[str, ...] = ()) -> tuple[Inputs, str]:
        """Return the inputs of a call that the notebook is making, and the code that computes its value.

        The argument at that position counts, and those given by `names`.
        """
        found = Inputs()
        while frame is not None and (place := self._place(frame)) is None:
            frame = frame.f_back
        if frame is None:
            return found, ""
        self._program.extend(self._history)
        known = self._program.call(place) if place else None
        if known is None:
            return found, ""
        found.traced = True
        call, position = known
        values = [*call.args[argument : argument + 1], *(k.value for k in call.keywords if k.arg in names)]
        walk = _Walk(self._program, self._reads, self._namespace, frame, position, self.parameters, self._module, found)
        for value in values:
            walk.expression(value, position, frozenset())
        return found, self._code(values[0], position) if values else ""

    def _code(self, value: ast.expr, position: Position) -> str:
        """Return the expression behind a recorded value: a name alone is followed to where it was computed."""
        for _ in range(3):
            if not isinstance(value, ast.Name):
                break
            given = next(iter(self._program.definitions(value.id, position)), None)
            if given is None or given.loop is not None or not isinstance(given.values[0], ast.expr):
                break
            value, position = given.values[0], given.position
        return "" if isinstance(value, ast.Name | ast.Constant) else self._program.source(value, position[0])

    def _place(self, frame: FrameType) -> Place | None:
        """Return where a frame of the notebook stands, None for a frame of a library."""
        if frame.f_globals is not self._namespace:
            return None
        cell = self._cell(frame.f_code.co_filename)
        ends = list(frame.f_code.co_positions())[frame.f_lasti // 2]
        return None if cell is None or ends[1] is None or ends[3] is None else (cell, ends[1], ends[3])

    def _cell(self, filename: str) -> int | None:
        """Return the number of the cell that a file name of compiled code stands for."""
        history = self._history
        known = self._cells.get(filename)
        if known is not None and known == len(history) - 1:
            return known
        text = "".join(linecache.getlines(filename)).rstrip()
        numbers = [n for n, cell in enumerate(history) if cell.rstrip() == text]
        if numbers:
            self._cells[filename] = numbers[-1]
        return numbers[-1] if numbers else None


class _Walk:
    """One backward walk from a recorded value to what was read."""

    def __init__(
        self,
        program: Program,
        reads: Mapping[Place, list[_Read]],
        namespace: Mapping[str, Any],
        frame: FrameType,
        at: Position,
        parameters: Mapping[str, Any],
        module: str,
        found: Inputs,
    ) -> None:
        self.program, self.reads, self.namespace, self.frame, self.at = program, reads, namespace, frame, at
        self.parameters, self.module, self.found = parameters, module, found
        self.seen: set[tuple[int, frozenset[str]]] = set()

    def expression(self, node: ast.AST, position: Position, covered: frozenset[str], *, itself: bool = True) -> None:
        """Follow everything that an expression uses; `covered` are the tables whose rows are known already."""
        used = uses(node, position[0], READERS, self.module)
        single = set()
        for place in used.calls:
            for read in self.reads.get(place, ()):
                self._take(read, covered)
                # What the function read for others is no input here: this call's own readings stand at its place.
                single.add(_DONE + read.kind)
                if not read.frame:
                    single.add(read.kind)
        for owner, attribute in used.attributes:
            if attribute in self.parameters and owner == "p":
                self._parameter(attribute)
            else:
                self._name(owner, position, covered, itself)
        names = list(dict.fromkeys(used.names))
        for name in names:
            if name == "p":
                # getattr(p, name): the parameter is named by a variable of the loop.
                for other in names:
                    self._parameter(str(self._value(other)))
            else:
                # A notebook's function that picked single figures is known by them, not by the table it looked through.
                own = isinstance(self.namespace.get(name), FunctionType)
                self._name(name, position, covered | single if own else covered, itself)

    def _take(self, read: _Read, covered: frozenset[str]) -> None:
        if (read.frame and read.kind in covered) or (_ALL in covered and read.kind in _ID_COLUMNS.values()):
            return
        if _DONE + read.kind in covered:
            return
        if read.kind in _ID_COLUMNS.values():
            self.found.add(read.kind, read.ids)
        else:
            self.found.tables[read.kind] = max(read.rows, self.found.tables.get(read.kind, 0))

    def _parameter(self, name: str) -> None:
        if name in self.parameters:
            given = self.found.parameters if self.parameters[name] is not None else self.found.absent
            given[name] = None

    def _value(self, name: str) -> Any:
        local = self.frame.f_locals
        return local[name] if name in local else self.namespace.get(name)

    def _name(self, name: str, position: Position, covered: frozenset[str], itself: bool) -> None:
        value = self.namespace.get(name)
        if isinstance(value, ModuleType | type) or (isinstance(value, FunctionType) and value.__globals__ is not self.namespace):
            return
        definitions = self.program.definitions(name, position, itself=itself)
        before = covered
        # A loop that has ended left what its last turn read; what the turns before it added to a list came from others.
        if position == self.at or not any(d.loop is not None and d.position == position for d in definitions):
            covered = covered | self._rows_of(value, covered) | self._carried_by(value, covered)
        for definition in definitions:
            if self._is_new(definition, covered):
                self._definition(definition, covered)
            if covered - before >= {_ALL}:
                self._closures(definition, before)

    def _is_new(self, node: object, covered: frozenset[str]) -> bool:
        key = (id(node), covered)
        new = key not in self.seen
        self.seen.add(key)
        return new

    def _closures(self, definition: Definition, covered: frozenset[str]) -> None:
        """Follow what a lambda takes from the notebook besides its arguments: the Quantity that it made does not carry it."""
        for value in definition.values:
            for part in ast.walk(value):
                if isinstance(part, ast.Lambda) and self._is_new(part, covered):
                    self.expression(part, definition.position, covered, itself=definition.nested)

    def _definition(self, definition: Definition, covered: frozenset[str]) -> None:
        for value in definition.values:
            if definition.loop is not None and value is definition.loop.iter:
                for part in self._current(definition):
                    self.expression(part, definition.position, covered)
            else:
                self.expression(value, definition.position, covered, itself=definition.nested)

    def _current(self, definition: Definition) -> list[ast.AST]:
        """Return what a loop's name stands for now: of `for name, x in (("a", u), ("b", v))` u alone while name is "a"."""
        loop = definition.loop
        assert loop is not None
        if not isinstance(loop.iter, ast.Tuple | ast.List) or not isinstance(loop.target, ast.Tuple):
            return [loop.iter]
        names = [n.id if isinstance(n, ast.Name) else "" for n in loop.target.elts]
        if definition.name not in names:
            return [loop.iter]
        column = names.index(definition.name)
        chosen: list[ast.AST] = []
        for row in loop.iter.elts:
            if not isinstance(row, ast.Tuple) or len(row.elts) != len(names):
                return [loop.iter]
            fixed = [(n, e.value) for n, e in zip(names, row.elts, strict=True) if isinstance(e, ast.Constant)]
            if all(self._value(n) == constant for n, constant in fixed):
                chosen.append(row.elts[column])
        return chosen

    def _carried_by(self, value: Any, covered: frozenset[str]) -> frozenset[str]:
        """Take the ids that a Quantity carries: they are exact, and no reading behind it adds to them."""
        figures, observations = getattr(value, "figures", None), getattr(value, "observations", None)
        if not isinstance(figures, tuple) or not isinstance(observations, tuple) or not (figures or observations):
            return frozenset()
        if _ALL not in covered:
            self.found.add("figures", figures)
            self.found.add("observations", observations)
        return frozenset({_ALL})

    def _rows_of(self, value: Any, covered: frozenset[str]) -> frozenset[str]:
        """Take the rows of a data frame that still holds their ids, and return the tables that are covered by them.

        A wider frame behind it, from which they were chosen, adds nothing: its table is `covered`.
        """
        columns = getattr(value, "columns", None)
        found = set()
        for column, kind in _ID_COLUMNS.items():
            if columns is not None and column in columns:
                rows = value[column]
            elif columns is None and getattr(value, "name", None) == column and hasattr(value, "dropna"):
                rows = value
            else:
                continue
            found.add(kind)
            if kind not in covered and _ALL not in covered:
                self.found.add(kind, rows.dropna())
        return frozenset(found)
