"""One command in a process of its own that is killed, starved or watched; what it leaves behind.

The process is forked from this one, which has imported everything: a trial costs what the command does, not its
imports. This process adopts what an ended child leaves running, so that an orphan is seen.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import hashlib
import io
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decisionbook.runs import warm

_PR_SET_CHILD_SUBREAPER = 36
# Steps after which something on the disk is another: a kill is placed right before one of them.
_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.link", "os.mkdir", "os.truncate", "shutil.rmtree")
# How long what a killed command started may take to see it and end, in seconds.
PATIENCE = 15.0

Action = Callable[[], int]
Hook = Callable[[int, str, str], None]


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (None when killed), what it said, seconds, and the number of its steps on the disk."""

    code: int | None
    said: str
    seconds: float
    steps: int = 0


def adopt_orphans() -> None:
    """Become the parent of every process that a child leaves behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(
    action: Action,
    *,
    folder: Path,
    kill_after: float | None = None,
    kill_at: int | None = None,
    prepare: Callable[[], None] | None = None,
    hook: Hook | None = None,
    meanwhile: Callable[[int], None] | None = None,
    timeout: float = 300.0,
) -> Ended:
    """Run an action in a forked process and return how it ended.

    `kill_after` seconds or right before its `kill_at`-th step on the disk it is killed (SIGKILL). `prepare` runs in the
    new process; `hook` gets number, kind and path of each step there and may raise; `meanwhile` runs here, with the
    process id. Its files of output and of steps are written to `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    child = start(action, folder=folder, kill_at=kill_at, prepare=prepare, hook=hook)
    started = time.monotonic()
    if meanwhile is not None:
        meanwhile(child)
    return finish(child, folder, kill_after=kill_after, timeout=timeout, started=started)


def start(
    action: Action,
    *,
    folder: Path,
    kill_at: int | None = None,
    prepare: Callable[[], None] | None = None,
    hook: Hook | None = None,
) -> int:
    """Fork and return the process id of the child, which runs the action."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if not child:
        code = 70
        try:
            _begin(folder, kill_at, hook)
            if prepare is not None:
                prepare()
            code = action()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(BaseException):
                atexit._run_exitfuncs()
            sys.stdout.flush()
            os._exit(code)
    return child


def finish(
    child: int, folder: Path, *, kill_after: float | None = None, timeout: float = 300.0, started: float | None = None
) -> Ended:
    """Wait for a child and return how it ended."""
    begun = time.monotonic() if started is None else started
    deadline = begun + (timeout if kill_after is None else kill_after)
    pause = 0.002
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
    seconds = time.monotonic() - begun
    said = (folder / "said").read_text(encoding="utf-8", errors="replace") if (folder / "said").is_file() else ""
    steps = folder / "steps"
    count = steps.stat().st_size if steps.is_file() else 0
    return Ended(None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status), said, seconds, count)


def _begin(folder: Path, kill_at: int | None, hook: Hook | None) -> None:
    descriptor = os.open(folder / "said", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(os.fdopen(1, "wb", 0, closefd=False), encoding="utf-8", write_through=True)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(os.fdopen(2, "wb", 0, closefd=False), encoding="utf-8", write_through=True)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A spawned worker must not import this program as its main module.
    main = sys.modules["__main__"]
    main.__spec__ = None
    main.__dict__.pop("__file__", None)
    tempfile.tempdir = None
    # At its end the child does what a command does, not what this program would do at its own.
    atexit._clear()
    atexit.register(warm.stop)
    _watch(os.open(folder / "steps", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), kill_at, hook)


def _watch(counter: int, kill_at: int | None, hook: Hook | None) -> None:
    owner, count = os.getpid(), 0

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if os.getpid() != owner or not (event in _CHANGES or (event == "open" and _writes(arguments))):
            return
        where = arguments[0]
        if not isinstance(where, str | bytes | os.PathLike):
            return
        path = os.fsdecode(where)
        if path.startswith(("/dev/", "/proc/")) or "__pycache__" in path:
            return
        count += 1
        os.write(counter, b".")
        if count == kill_at:
            os.kill(owner, signal.SIGKILL)
        if hook is not None:
            hook(count, event, path)

    sys.addaudithook(audit)


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


# ---- What is left -----------------------------------------------------------------------------


def descendants() -> list[int]:
    """Return the processes below this one that are not yet reaped, zombies of strangers reaped on the way."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    found, waiting = [], [os.getpid()]
    while waiting:
        for path in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                pids = [int(pid) for pid in path.read_text(encoding="ascii").split()]
                found += pids
                waiting += pids
    return found


def orphans() -> list[str]:
    """Return what still runs after a moment's patience, by its command line, and end it."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.005
    while (left := descendants()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(0.1, pause * 1.5)
    named = []
    for pid in left:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            named.append(f"process {pid} outlived the command: {words[:120]}")
            os.kill(pid, signal.SIGKILL)
    return named


@contextlib.contextmanager
def private_temp(folder: Path) -> Iterator[Path]:
    """Let this process and its children keep their temporary files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
    try:
        yield folder
    finally:
        tempfile.tempdir = None
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def digest(folder: Path) -> str:
    """Return one SHA-256 over names and contents of all files below a folder; of none, a word."""
    if not folder.is_dir():
        return "absent"
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() or p.is_symlink()):
        total.update(f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def leftovers(*folders: Path) -> list[str]:
    """Return half-written things by the names that a command gives them while it works."""
    paths = [(folder, path) for folder in folders for path in sorted(folder.rglob("*"))]
    return [f"left over: {path.relative_to(folder.parent)}" for folder, path in paths if _is_half_written(path.name)]


def _is_half_written(name: str) -> bool:
    ends = name.startswith(".") and name.endswith((".new", ".old", ".tmp", ".lock"))
    return ends or name.startswith((".new-", ".staging-")) or ".lock." in name


def temp_left(folder: Path) -> list[str]:
    """Return what lies in the folder of temporary files."""
    return [f"left over: {path.name} in the temporary folder" for path in sorted(folder.iterdir())] if folder.is_dir() else []
