"""The steps by which a published site changes: each leaves whole files, and a test can stop the process after any."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ..errors import CheckFailed

# Called after every step, and in the middle of every write, with the name of the step; a test puts a kill here.
checkpoint: Callable[[str], None] = lambda step: None  # noqa: E731


def write(path: Path, content: bytes) -> None:
    """Write a new file."""
    half = len(content) // 2
    with path.open("wb") as handle:
        handle.write(content[:half])
        handle.flush()
        checkpoint(f"half of {path.name}")
        handle.write(content[half:])
        handle.flush()
        # A name must never reach the disk before the content that it stands for.
        os.fsync(handle.fileno())
    checkpoint(f"wrote {path.name}")


def copy(source: Path, target: Path, digest: str) -> None:
    """Copy a file whose SHA-256 must be `digest`; raises CheckFailed when it is another."""
    content = source.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise CheckFailed(f"{source.name} changed while it was copied; nothing was published. Build again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, content)


def rename(source: Path, target: Path) -> None:
    """Give a finished file or folder its name, in the place of an older file if there is one."""
    os.replace(source, target)
    _settle(target.parent)
    checkpoint(f"renamed {target.name}")


def _settle(folder: Path) -> None:
    """Have a rename survive a power cut; a system that cannot open folders does without."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace(path: Path, content: bytes) -> bool:
    """Give a file new content in one step; return whether it had another."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    write(staged, content)
    rename(staged, path)
    return True


def remove(path: Path) -> None:
    """Remove what an interrupted run left."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    checkpoint(f"removed {path.name}")
