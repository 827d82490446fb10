"""The cache of runs: a chapter runs again only when something changed that its last run depended on.

Found in two steps. The first key covers what is known before a run: code cells, parameters, edition and date,
declaration, versions. Under it lie the results, each with the digests of the tables that its run read and of the
modules of this package that it imported; one of which all digests are those of now is a hit. Prose is no part of the
key: outputs are kept by cell and put into the notebook as it is now.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.context import RunContext
from ..data.limits import limits_of
from ..data.package import Package
from ..data.reads import Reads, Watched
from ..data.scratch import replace_file
from ..project import Project
from .dependencies import surroundings
from .documents import nbformat

FORMAT = 1
MOST_ENTRIES, MOST_BYTES = 500, 500 * 1024 * 1024
MOST_DRAWINGS, MOST_DRAWING_BYTES = 5000, 200 * 1024 * 1024
_PACKAGE = Path(__file__).resolve().parents[1]
_SHAPING = frozenset({"analysis", "charts", "data", "errors", "notebook", "project"})
INJECTED = "injected-parameters"

Say = Callable[[str], None]


class RunCache:
    """Results of runs below `_build/cache/runs`. Make one a build: it holds the digests of its moment.

    Digests are taken before a run. A result that was computed while one of its files changed is kept under none: nobody
    knows which of the two contents it read, even when the first is back by the end.
    """

    def __init__(self, context: RunContext, *, entries: int = MOST_ENTRIES, size: int = MOST_BYTES, say: Say = print) -> None:
        self.folder = context.project.cached_runs
        self.context = context
        self.entries, self.size, self.say = entries, size, say
        self._package = package = Package(context.project, context.tables)
        self._paths = shaping_modules()
        files = [context.project.datapackage, *map(package.path, package.tables), *self._paths.values()]
        self._watched = Watched([*files, *context.project.notebooks.glob("*.yml")])
        self._tables = {name: _table_digest(package, name) for name in package.tables}
        self._modules = {name: _digest(path.read_bytes()) for name, path in self._paths.items()}
        self._surroundings = surroundings(context.project)

    def key(self, chapter: str, notebook: nbformat.NotebookNode, parameters: Mapping[str, Any]) -> str:
        """Return the digest of what is known of a run before it."""
        declaration = self.context.project.notebooks / f"{chapter}.yml"
        content = [
            FORMAT,
            chapter,
            [[c.source, sorted(c.metadata.get("tags", []))] for c in notebook.cells if c.cell_type == "code"],
            [[name, repr(value)] for name, value in parameters.items()],
            [self.context.edition, self.context.as_of, self.context.audience, sorted(self.context.tables)],
            _digest(declaration.read_bytes()) if declaration.is_file() else "",
            limits_of(self.context.project, chapter, self.context.limits).shaping(),
            self._surroundings,
        ]
        return _digest(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def find(self, key: str, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
        """Return the notebook with the outputs of a run that depended on what is there now, None without one.

        A damaged entry is told, removed and counts as none.
        """
        for path in sorted((self.folder / key).glob("*.json")):
            entry = self._read(path)
            if entry is not None and self._holds(entry["depends"]):
                with contextlib.suppress(OSError):
                    os.utime(path)
                return merge(notebook, [nbformat.from_dict(cell) for cell in entry["cells"]])
        return None

    def store(self, chapter: str, parameters: Mapping[str, Any], key: str, executed: nbformat.NotebookNode, reads: Reads) -> None:
        """Keep the result of a run whose files are what they were before it; `key` is that of before.

        Entries appear whole or not at all; the least recently used ones make room.
        """
        if not reads.modules:
            return  # A chapter that does not use `nb` cannot say what it read.
        if self._moved(chapter, reads) or self.key(chapter, _as_written(executed), parameters) != key:
            return
        depends = {
            "tables": {name: self._tables.get(name, "") for name in reads.tables},
            "modules": {name: self._modules[name] for name in reads.modules if name in self._modules},
        }
        body = {"depends": depends, "cells": [c for c in executed.cells if c.cell_type == "code"]}
        entry = {**body, "sha256": _digest(_canonical(body))}
        folder = self.folder / key
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{_digest(_canonical(depends))[:32]}.json", _canonical(entry), shared=True)
        self.make_room()

    def _moved(self, chapter: str, reads: Reads) -> bool:
        """Return whether a file that a run depended on was touched since the digests were taken, or differs from them."""
        tables = [name for name in reads.tables if name in self._tables]
        modules = [name for name in reads.modules if name in self._modules]
        declaration = self.context.project.notebooks / f"{chapter}.yml"
        files = [self.context.project.datapackage, *map(self._package.path, tables), *(self._paths[name] for name in modules)]
        return (
            bool(self._watched.changed([*files, *([declaration] if declaration.is_file() else [])]))
            or any(_table_digest(self._package, name) != self._tables[name] for name in tables)
            or any(_digest(self._paths[name].read_bytes()) != self._modules[name] for name in modules)
        )

    def _holds(self, depends: Mapping[str, Mapping[str, str]]) -> bool:
        return all(self._tables.get(n) == d for n, d in depends["tables"].items()) and all(
            self._modules.get(n) == d for n, d in depends["modules"].items()
        )

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            entry = json.loads(path.read_bytes())
            digest = entry.pop("sha256")
            if digest == _digest(_canonical(entry)):
                return entry
        except FileNotFoundError:
            return None  # Another build made room.
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            pass
        self.say(f"  {self.context.project.shown(path)} is damaged; it is removed and its chapter runs again")
        with contextlib.suppress(OSError):
            path.unlink()
        return None

    def make_room(self) -> None:
        """Remove what was used least recently, results and drawn pictures, until both are within their bounds."""
        make_room(self.folder, self.entries, self.size)
        make_room(self.context.project.drawings, MOST_DRAWINGS, MOST_DRAWING_BYTES)


def make_room(folder: Path, entries: int, most: int) -> None:
    """Remove the entries below `folder` used least recently until they are at most `entries`, of at most `most` bytes."""
    found = []
    for path in folder.glob("*/*.json"):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, path))
    count, size = len(found), sum(s for _, s, _ in found)
    for _, bytes_, path in sorted(found):
        if count <= entries and size <= most:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            count, size = count - 1, size - bytes_
            path.parent.rmdir()  # fails, as it should, unless that was its last entry


def merge(notebook: nbformat.NotebookNode, code: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """Return `notebook` with the outputs of the executed `code` cells, and with the cell of injected parameters."""
    merged = nbformat.from_dict(notebook)
    injected = [c for c in code if INJECTED in c.metadata.get("tags", [])]
    ran = iter([c for c in code if INJECTED not in c.metadata.get("tags", [])])
    cells = []
    for cell in merged.cells:
        cells.append(cell)
        if cell.cell_type == "code":
            done = next(ran)
            cell["outputs"], cell["execution_count"] = done.outputs, done.execution_count
            if "parameters" in cell.metadata.get("tags", []):
                cells += injected
    merged["cells"] = cells
    return merged


def _as_written(executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return an executed notebook without the cell of injected parameters, which is in no key."""
    written = [c for c in executed.cells if INJECTED not in c.metadata.get("tags", [])]
    return nbformat.from_dict({**executed, "cells": written})


def clean(project: Project, *, everything: bool, spare: Iterable[Path] = ()) -> tuple[int, list[Path]]:
    """Remove the cache and the work folders, and return the bytes freed and the folders removed.

    With `everything` also what was made from them: unpublished builds, Word documents, runs and sweeps. Published
    editions stay, and the copies that `intake --undo` brings back; so do the folders `spare`, which somebody writes to.
    """
    names = ("cache", "work", *(("book", "office", "runs", "sweeps") if everything else ()))
    spared = set(spare)
    freed, removed = 0, []
    for folder in (project.build / name for name in names):
        within = {path for path in spared if path.is_relative_to(folder)}
        gone = [folder] if not within else [path for path in folder.iterdir() if path not in within]
        for path in gone:
            if path.is_dir():
                freed += sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
                shutil.rmtree(path)
                removed.append(path)
    return freed, removed


def _table_digest(package: Package, name: str) -> str:
    """Return the digest of a table and of its schema, which says how its cells are read."""
    path = package.path(name)
    content = path.read_bytes() if path.is_file() else b""
    return _digest(content + b"\0" + _canonical(package.resource(name)))


def shaping_modules() -> dict[str, Path]:
    """Return the modules of this package that may shape what a run finds, by name."""
    modules = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(_PACKAGE).with_suffix("").parts)
        if parts[0] in _SHAPING:
            modules[".".join(["decisionbook", *(parts[:-1] if parts[-1] == "__init__" else parts)])] = path
    return modules


def _canonical(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
