"""What a run reads: a log of tables and modules for the cache, and a guard over the data folder.

A run's kernel has the name of its log in the variable DECISIONBOOK_READS. The log has one line for each table that was
read through the package and for each module of this package that was imported. A file of the data folder opened by
any other way is an error: the log, and so the cache, would not know of it. Python sees files that Python opens, by
the name that it opens them with: native code, child processes and handles on a folder above go unseen.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem

VARIABLE = "DECISIONBOOK_READS"
_PREFIX = "decisionbook."
_local = threading.local()
_log: _Log | None = None
_hooked = False


@dataclass(frozen=True)
class Reads:
    """The tables that a run read, and the modules of this package that it imported, both sorted."""

    tables: tuple[str, ...]
    modules: tuple[str, ...]


class Watched:
    """Files as they are at one moment: a change is seen afterwards even when it was taken back by then."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._states = {path: _state(path) for path in paths}

    def changed(self, paths: Iterable[Path] | None = None) -> list[Path]:
        """Return those of the files, or of `paths` among them, that were written, replaced or removed since."""
        return [path for path in (self._states if paths is None else paths) if self._states.get(path) != _state(path)]


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what the system keeps of a file's last change; nobody can set the time of the inode back."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class _Log:
    def __init__(self, path: Path, data: Path) -> None:
        self.path = path
        self.data = os.path.realpath(data) + os.sep
        self._known: set[str] = set()

    def note(self, kind: str, name: str) -> None:
        line = f"{kind} {name}\n"
        if line not in self._known:
            self._known.add(line)
            with permitted(), self.path.open("a", encoding="utf-8") as handle:
                handle.write(line)


def start(data: Path) -> None:
    """Begin to log and to guard the folder `data`, when this process is the kernel of a run; otherwise do nothing."""
    global _log, _hooked
    named = os.environ.get(VARIABLE)
    if not named:
        _log = None
        return
    if _log is None or str(_log.path) != named:
        _log = _Log(Path(named), data)
        for name in sorted(n for n in sys.modules if n.startswith(_PREFIX)):
            _log.note("module", name)
    if not _hooked:
        # A hook cannot be taken back: it looks at `_log` each time.
        sys.addaudithook(_audit)
        _hooked = True


def note_table(name: str) -> None:
    """Log that a table is read."""
    if _log is not None:
        _log.note("table", name)


@contextmanager
def permitted() -> Iterator[None]:
    """Let this thread open files of the data folder."""
    before = getattr(_local, "permitted", False)
    _local.permitted = True
    try:
        yield
    finally:
        _local.permitted = before


def read_log(path: Path) -> Reads:
    """Return what a log says; a missing log is an empty one."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = [line.split(" ", 1) for line in lines]

    def names(kind: str) -> tuple[str, ...]:
        return tuple(sorted({p[1] for p in pairs if p[0] == kind}))

    return Reads(names("table"), names("module"))


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    log = _log
    if log is None:
        return
    if event == "import":
        if arguments[0].startswith(_PREFIX):
            log.note("module", arguments[0])
        return
    if event != "open" or getattr(_local, "permitted", False) or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    # The folder itself too: with a handle on it, its files open under names that say nothing of where they are.
    path = os.path.realpath(os.fsdecode(arguments[0]))
    if f"{path}{os.sep}".startswith(log.data):
        raise InputError(
            Problem(
                f"data/{path[len(log.data) :]}",
                "opened by other means than `nb`",
                "nb.tables, nb.figures or nb.observations",
                "A table is declared in data/datapackage.json; a file of your own replaces one with -d TABLE=FILE.",
            )
        )
