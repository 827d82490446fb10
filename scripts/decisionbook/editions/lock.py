"""One writer at a time for a published site: a lock file that names who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckFailed

LOCK = ".publish.lock"


@contextmanager
def locked(site: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a site; raises CheckFailed, naming the holder, when another process has it.

    A lock whose process no longer lives on this machine was left by a killed run and is taken over. On another machine
    nobody can know: the message says what to remove.
    """
    path = site / LOCK
    own = {"pid": os.getpid(), "host": socket.gethostname()}
    if not _take(path, own):
        holder = _holder(path)
        if holder is not None and not _is_dead(holder):
            who = f"process {holder.get('pid')} on {holder.get('host')}"
            raise CheckFailed(
                f"{path} is held by {who}: another publish is running there. Wait for it; if it is certain that none runs, "
                f"remove the file. Nothing was changed."
            )
        say(f"  a lock of an interrupted run was left ({path.name}); taking over")
        _clear(path, holder)
        if not _take(path, own):
            raise CheckFailed(f"{path} was taken by another publish at this moment. Nothing was changed; try again.")
    try:
        yield
    finally:
        if _holder(path) == own:
            path.unlink(missing_ok=True)


def _take(path: Path, own: dict[str, object]) -> bool:
    """Create the lock with its content in one step; return whether it was free."""
    staged = path.with_name(f"{LOCK}.{own['pid']}")
    staged.write_text(json.dumps(own), encoding="utf-8")
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


def _holder(path: Path) -> dict[str, object] | None:
    """Return who holds the lock; None when the file is gone or was cut short by a kill."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _is_dead(holder: dict[str, object]) -> bool:
    pid = holder.get("pid")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _clear(path: Path, holder: dict[str, object] | None) -> None:
    """Remove a dead lock, unless a third process has replaced it in between."""
    aside = path.with_name(f"{LOCK}.dead.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if _holder(aside) != holder:
            aside.rename(path)
        aside.unlink(missing_ok=True)
