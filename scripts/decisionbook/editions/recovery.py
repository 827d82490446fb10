"""What a build that was killed left behind, put right before the next one starts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ..data.scratch import UNFINISHED, remove_dead
from ..project import Project

Say = Callable[[str], None]
_UNFINISHED = "unfinished"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
# What Sphinx keeps between builds. It writes pages in place and believes their times: after a kill, or a fault that it
# told once, a page may be cut short, hold an old number, or keep its fault to itself.
_PAGES = ("doctrees", "html", "typst")


def staging_folder(target: Path) -> Path:
    """Return the folder that a build writes before it takes its place."""
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def is_clean(target: Path, work: Path) -> bool:
    """Return whether the last build of an edition left nothing to put right."""
    return not any(path.exists() for path in (_old(target), staging_folder(target), work / _UNFINISHED))


def recover(project: Project, target: Path, work: Path, say: Say) -> None:
    """Bring back the last good build and remove what is half written. The caller holds the lock of builds."""
    remove_dead()
    old, staging = _old(target), staging_folder(target)
    if old.is_dir() and not target.exists():
        old.rename(target)
        say(f"  {project.shown(target)} is the last good build again; an interrupted build had moved it aside")
    for path in (old, staging):
        if path.exists():
            shutil.rmtree(path)
    halves = [path for cache in (project.cached_runs, project.drawings) for path in cache.glob(f"*/{UNFINISHED}*")]
    for path in [*halves, *(work / "runs").glob(".*.tmp")]:
        path.unlink(missing_ok=True)
    if (work / _UNFINISHED).exists():
        say("  the last build was not finished: its pages are written anew; runs that were done are kept")
        drop_pages(work)
        (work / _UNFINISHED).unlink()


def drop_pages(work: Path) -> None:
    """Have Sphinx write every page anew."""
    for name in _PAGES:
        if (work / name).exists():
            shutil.rmtree(work / name)


def begin_pages(work: Path) -> None:
    """Note that the pages of a build are being written."""
    work.mkdir(parents=True, exist_ok=True)
    (work / _UNFINISHED).touch()


def end_pages(work: Path) -> None:
    """Note that the pages of a build are whole."""
    (work / _UNFINISHED).unlink(missing_ok=True)


def swap(staging: Path, target: Path) -> None:
    """Put the new build in the place of the last one; the old one is removed only when the new one stands.

    One step where the system can exchange two folders; elsewhere two, between which a kill leaves the old one aside.
    """
    if target.exists() and _exchanged(staging, target):
        shutil.rmtree(staging)
        return
    old = _old(target)
    if target.exists():
        target.rename(old)
    staging.rename(target)
    if old.exists():
        shutil.rmtree(old)


def _exchanged(one: Path, other: Path) -> bool:
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError, AttributeError):
        rename = ctypes.CDLL(None).renameat2
        return rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0
    return False
