"""One writer at a time, for a published site and for the builds of a project: a lock file that names who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckFailed, InputError, Problem, system_fault
from ..project import Project

LOCK = ".publish.lock"
FOLDER_LOCK = ".writing.lock"
BUILD_LOCK = ".build.lock"
# How often a waiting process looks again, in seconds.
_LOOK_EVERY = 0.1
_SETTLED = 0.3

_REFUSAL = (
    "{path} is held by {who}: another publish is running there. Wait for it; if it is certain that none runs, remove the "
    "file. Nothing was changed."
)
_FOLDER_REFUSAL = (
    "{path} is held by {who}: another run or sweep is writing there. Wait for it, or name another folder with -o; if it is "
    "certain that none runs, remove the file. Nothing was changed."
)

Say = Callable[[str], None]
Holder = dict[str, object]


@contextmanager
def locked(site: Path, say: Say) -> Iterator[None]:
    """Hold the lock of a site; raises CheckFailed, naming the holder, when another process has it.

    A lock whose process no longer lives on this machine was left by a killed run and is taken over. On another machine
    nobody can know: the message says what to remove.
    """
    with _held(site / LOCK, say, None):
        yield


@contextmanager
def building(project: Project, say: Say) -> Iterator[None]:
    """Hold the lock of a project's working builds; waits, saying so, while another process holds it.

    Builds share the cache of runs and a publish reads what a build replaces: they follow one another.
    """
    waiting = f"another build or publish of this project is at work ({{who}}); waiting for it (its lock is {BUILD_LOCK}) …"
    try:
        with _held(project.build / BUILD_LOCK, say, waiting):
            yield
    finally:
        with contextlib.suppress(OSError):
            project.build.rmdir()  # wrong input leaves nothing behind


def drop_dead_lock(project: Project) -> None:
    """Remove the lock of a build that was killed after its last step; a living one's stays."""
    path = project.build / BUILD_LOCK
    if (holder := _holder(path)) and _is_dead(holder):
        _clear(path, holder)


def folders_in_use(project: Project) -> list[Path]:
    """Return the output folders below the project's builds that a living run or sweep holds."""
    locks = sorted(project.build.glob(f"*/*/{FOLDER_LOCK}"))
    return [path.parent for path in locks if (holder := _holder(path)) and not _is_dead(holder)]


@contextmanager
def writing(folder: Path, say: Say) -> Iterator[None]:
    """Hold the output folder of a run or a sweep.

    Raises CheckFailed, naming the holder, when another one writes there, and InputError where no folder can be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if system_fault(error) is not None:
            raise
        found = "a file" if os.path.isfile(folder) else f"a place where no folder can be made ({os.strerror(error.errno or 0)})"
        raise InputError(Problem(str(folder), found, "a folder for the results", "Name another with -o DIR.")) from None
    try:
        with _held(folder / FOLDER_LOCK, say, None, _FOLDER_REFUSAL):
            yield
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # only when nothing came of it


@contextmanager
def _held(path: Path, say: Say, waiting: str | None, refusal: str = _REFUSAL) -> Iterator[None]:
    own = _this_process()
    told = False
    while not _take(path, own):
        holder = _holder(path) or _second_look(path)
        if holder is None and not path.exists():
            continue  # given up at this moment
        if holder is None or _is_dead(holder):
            say(f"  a lock of an interrupted run was left ({path.name}); taking over")
            _clear(path, holder)
        elif waiting is None:
            raise CheckFailed(refusal.format(path=path, who=_who(holder)))
        else:
            if not told:
                say("  " + waiting.format(who=_who(holder)))
                told = True
            time.sleep(_LOOK_EVERY)
    try:
        _sweep(path)
        yield
    finally:
        if _holder(path) == own:
            path.unlink(missing_ok=True)


def _who(holder: Holder) -> str:
    return f"process {holder.get('pid')} on {holder.get('host')}"


def _take(path: Path, own: Holder) -> bool:
    """Create the lock with its content in one step; return whether it was free."""
    # Threads of one process may wait for each other too.
    staged = path.with_name(f"{path.name}.{threading.get_ident()}.{own['pid']}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(json.dumps(own), encoding="utf-8")
    except FileNotFoundError:
        return False  # who held it has just left an empty folder, and removed it
    try:
        os.link(staged, path)
    except FileExistsError:
        return False
    except OSError:
        # No hard links here (FAT, some network shares): exclusive creation is nearly as good.
        try:
            with path.open("x", encoding="utf-8") as handle:
                handle.write(json.dumps(own))
        except FileExistsError:
            return False
    finally:
        staged.unlink(missing_ok=True)
    return True


def _holder(path: Path) -> Holder | None:
    """Return who holds the lock; None when the file is gone or was cut short by a kill."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _second_look(path: Path) -> Holder | None:
    """Read a lock again that could not be read: without hard links its content comes a moment after it."""
    if path.exists():
        time.sleep(_SETTLED)
    return _holder(path)


def _this_process() -> Holder:
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": _started(os.getpid())}


def _started(pid: int) -> str:
    """Return what tells a process from an earlier one of the same number: start of the system and ticks since then.

    Neither follows the clock. Empty where the system does not say.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name of the program stands in brackets and may hold blanks; the start is the 22nd field.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return f"{boot}/{fields[19]}"
    except (OSError, IndexError):
        return ""


def _is_dead(holder: Holder) -> bool:
    pid, started = holder.get("pid"), holder.get("started")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    # After a restart, and in a container always, the number may be another process's by now.
    now = _started(pid)
    return bool(started and now and started != now)


def _clear(path: Path, holder: Holder | None) -> None:
    """Remove a dead lock, unless another process has taken it over in between."""
    with _guarded(path.parent):
        if _holder(path) == holder:
            path.unlink(missing_ok=True)


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """Hold a folder against others that take over a lock in it: the system frees it however this process ends."""
    try:
        import fcntl
    except ImportError:  # not on this system: taking over is then as good as unlinking is quick
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network shares know no such lock
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Remove what processes left that were killed while they took the lock."""
    for left in path.parent.glob(f"{path.name}.*"):
        number = left.name.rpartition(".")[2]
        holder = _holder(left) or {"pid": int(number) if number.isdigit() else None, "host": socket.gethostname()}
        if _is_dead(holder):
            left.unlink(missing_ok=True)
