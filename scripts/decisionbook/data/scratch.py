"""Temporary folders that the next command removes after a kill, and files that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on this system: what a kill leaves stays until somebody tidies up
    fcntl = None  # type: ignore[assignment]

# How the name of a file begins that a kill left half written beside a shared one.
UNFINISHED = ".new-"
PREFIX = "dbook-"


class Scratch:
    """A folder that only its user can read. Its maker holds it; what nobody holds any more is dead, however its maker ended."""

    def __init__(self, base: str | None = None) -> None:
        parent = base or tempfile.gettempdir()
        remove_dead(parent)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            self._held = _hold(self.path)
            # Between these two lines another process may have taken it for dead.
            if self.path.is_dir():
                break
            self._release()

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder and remove it at the end."""
    scratch = Scratch()
    try:
        yield scratch.path
    finally:
        scratch.remove()


def replace_file(path: Path, content: bytes, *, shared: bool = False) -> None:
    """Give a file new content in one step: a reader sees the old file or the new one, and a failure leaves the old.

    `shared`: other processes may be writing the same file, an entry of a cache say, each from a file of its own.
    """
    if shared:
        handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
        os.close(handle)
        beside = Path(name)
    else:
        beside = path.with_name(f".{path.name}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def remove_dead(base: str | None = None) -> None:
    """Remove the folders of this user in `base` that no living process holds."""
    if fcntl is None:
        return
    for path in Path(base or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _hold(path: Path) -> int | None:
    """Hold a folder for the life of this process, or until the descriptor that is returned is closed."""
    if fcntl is None:
        return None
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
    return None
