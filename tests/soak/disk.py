"""Faults of the disk and of the clock: no room, no permission, damage, times that jump."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import nbformat

from decisionbook.cli import main
from decisionbook.editions.definition import find_edition
from decisionbook.editions.publish import publish
from decisionbook.runs.cache import RunCache

from ..editions.builds import tiny_project
from . import child, smallbook
from .bench import Bench, silent
from .child import Ended
from .trial import Setting, Skip

YEAR = 365 * 24 * 3600
_SIZE_MB = 96


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system of its own at `folder`; raises Skip where that is not permitted."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        raise Skip(f"mounting a small disk is not permitted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _fill(path: Path, leave: int) -> None:
    """Take up a disk but for `leave` bytes."""
    with path.open("wb") as handle:
        size = max(0, _free(path.parent) - leave)
        for _ in range(size // 65536):
            handle.write(b"\0" * 65536)


def full_disk(setting: Setting) -> Iterator[list[str]]:
    """Build and publish on a disk that fills up after some bytes; then with room again."""
    with small_disk(setting.folder / "d") as disk:
        bench = Bench(disk / "b")
        used = _used_by_a_build(bench)
        setting.facts["how"] = f"a tmpfs of {_SIZE_MB} MB, filled but for 0 to {used // 1000} kB"
        with child.private_temp(bench.temp):
            for _ in range(setting.count):
                before = bench.variant
                bench.turn()
                shutil.rmtree(bench.project.cached_runs, ignore_errors=True)
                _fill(disk / "filler", setting.random.randrange(int(used * 0.9)))
                ended = bench.build()
                (disk / "filler").unlink()
                losses = [] if ended.code in (0, 1) else [f"the build ended with {ended.code}: {ended.said[-600:]}"]
                losses += _unclear(ended, "No space left", "cannot write", "disk")
                yield losses + child.orphans() + bench.check_site() + bench.check_standing(before) + bench.check_next_build()


def _used_by_a_build(bench: Bench) -> int:
    """Return about how many bytes a build writes, beside what it replaces."""
    folders = (bench.target, bench.project.build / "work", bench.project.cached_runs)
    return sum(p.stat().st_size for folder in folders for p in folder.rglob("*") if p.is_file())


def _unclear(ended: Ended, *words: str) -> list[str]:
    """Return what is wrong with what a failed command said: it names the cause in words, without a traceback."""
    if not ended.code:
        return []
    wrong = ["a traceback"] if "Traceback (most recent" in ended.said else []
    wrong += [] if any(word.lower() in ended.said.lower() for word in words) else ["no cause"]
    return [f"{what} in the message: {ended.said[-500:]}" for what in wrong]


def failing_write(setting: Setting) -> Iterator[list[str]]:
    """Refuse one write, rename or removal of a build, seeded, as a full or broken disk does; then all works again."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            before = bench.variant
            bench.turn()
            at, number = setting.random.randint(1, bench.steps), setting.random.choice((errno.ENOSPC, errno.EIO, errno.EACCES))
            ended = bench.build(hook=_refuse(bench.folder, at, number))
            losses = [] if ended.code in (0, 1) else [f"the build ended with {ended.code}: {ended.said[-600:]}"]
            losses += _unclear(ended, os.strerror(number))
            losses += child.orphans() + bench.check_site() + bench.check_standing(before) + bench.check_next_build()
            yield [f"{loss} (step {at}, {os.strerror(number)})" for loss in losses]


def _refuse(folder: Path, at: int, number: int) -> Callable[[int, str, str], None]:
    def refuse(count: int, event: str, path: str) -> None:
        if count == at and path.startswith(str(folder)):
            raise OSError(number, os.strerror(number), path)

    return refuse


def read_only(setting: Setting) -> Iterator[list[str]]:
    """Build, publish, run and sweep where nothing can be written; then where it can be again."""
    with small_disk(setting.folder / "d") as disk:
        bench, out = Bench(disk / "b"), disk / "o"
        temp = setting.folder / "t"
        with child.private_temp(temp):
            for number in range(setting.count):
                before = bench.variant
                bench.turn()
                words = (
                    ["build"],
                    ["publish"],
                    ["run", "alpha", "-o", str(out)],
                    ["sweep", "alpha", "--grid", "step=1,2", "-o", str(out)],
                )
                bench.folder = setting.folder
                _mount_again(disk, "ro")
                try:
                    ended = bench.command(*words[number % len(words)])
                finally:
                    _mount_again(disk, "rw")
                    bench.folder = disk / "b"
                losses = [] if ended.code == 1 else [f"{words[number % 4]} ended with {ended.code}: {ended.said[-600:]}"]
                losses += [] if number % 4 == 1 else _unclear(ended, "Read-only file system")
                yield (
                    losses + bench.check_site() + bench.check_standing(before) + bench.check_next_build() + child.temp_left(temp)
                )


def _mount_again(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True, capture_output=True)


# ---- Damage -----------------------------------------------------------------------------------


def _damage(path: Path, random: Random) -> str:
    """Cut a file short or change one byte of it; return in words what was done."""
    content = path.read_bytes()
    if not content or random.random() < 0.5:
        path.write_bytes(content[: random.randrange(max(1, len(content)))] if len(content) > 1 else b"x")
        return f"{path.name} cut short"
    at = random.randrange(len(content))
    path.write_bytes(content[:at] + bytes([content[at] ^ 1 + random.randrange(255)]) + content[at + 1 :])
    return f"a byte of {path.name} changed"


def damaged_cache(setting: Setting) -> Iterator[list[str]]:
    """Damage entries of the cache; every fifth time a whole build meets them, else the cache alone."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for number in range(setting.count):
            if number % 5:
                yield _damaged_entry(bench, setting.random)
                continue
            bench.turn()
            bench.build()
            bench.turn()
            entries = sorted(bench.project.cached_runs.glob("*/*.json"))
            done = [_damage(path, setting.random) for path in entries]
            ended = bench.build()
            losses = [] if ended.code == 0 else [f"the build ended with {ended.code}: {ended.said[-600:]}"]
            losses += [] if "is damaged" in ended.said else [f"nothing says that the cache was damaged ({done})"]
            yield losses + bench.check_site() + bench.check_next_build()


def _damaged_entry(bench: Bench, random: Random) -> list[str]:
    """Damage the entry of one chapter: it is told, removed and found no more; what is stored again is found."""
    chapter, said = random.choice(smallbook.CHAPTERS), list[str]()
    cache = RunCache(find_edition(bench.project, smallbook.EDITION).context(bench.project), say=said.append)
    notebook = nbformat.read(bench.project.notebook(chapter), as_version=4)
    key = cache.key(chapter, notebook, {})
    (path,) = (cache.folder / key).glob("*.json")
    content = path.read_bytes()
    done = _damage(path, random)
    losses = [f"{done}, and it was taken"] if cache.find(key, notebook) is not None else []
    losses += [] if len(said) == 1 and path.name in said[0] else [f"{done}, and it said: {said}"]
    losses += [f"{done}, and it is still there"] if path.exists() else []
    path.write_bytes(content)
    return losses + ([] if cache.find(key, notebook) is not None else ["an entry cannot be stored again"])


def damaged_site(setting: Setting) -> Iterator[list[str]]:
    """Cut, change, remove or add a file of a published site: `verify` names it."""
    project, site = tiny_project(setting.folder / "p"), setting.folder / "site"
    for edition_id in ("2000.01", "2001.06"):
        publish(project, find_edition(project, edition_id), site, say=silent)
    whole = setting.folder / "whole"
    shutil.copytree(site, whole)
    for _ in range(setting.count):
        shutil.rmtree(site)
        shutil.copytree(whole, site)
        # The pages around the editions are written anew by each publish and have no hash of their own.
        around = {site / "index.html", site / "editions.js"}
        path = setting.random.choice([p for p in sorted(site.rglob("*")) if p.is_file() and p not in around])
        kind = setting.random.choice(("damage", "damage", "remove", "add"))
        if kind == "damage":
            _damage(path, setting.random)
        elif kind == "remove":
            path.unlink()
        else:
            path = site / "2000.01" / "more.html"
            path.write_text("more", encoding="utf-8")
        ended = child.run(lambda: main(["verify", str(site)]), folder=setting.folder / "out")
        named = path.name.removesuffix(".sha256") in ended.said
        yield [] if ended.code == 1 and named else [f"{kind} of {path.relative_to(site)} was not found: {ended.said[-300:]}"]


# ---- The clock --------------------------------------------------------------------------------


def jumping_clock(setting: Setting) -> Iterator[list[str]]:
    """Let the clock run years ahead or behind, jump between builds, and jump in the middle of one."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            before = bench.variant
            bench.turn()
            offset = setting.random.choice((-1, 1)) * setting.random.uniform(0.001, 12) * YEAR
            if setting.random.random() < 0.3:
                _shift(bench.project.data, offset)
            ended = bench.build(hook=_jump(setting.random.randint(1, bench.steps), offset))
            _shift(bench.project.build, offset)
            losses = [] if ended.code == 0 else [f"the build ended with {ended.code}: {ended.said[-600:]}"]
            losses += bench.check_site() + bench.check_standing(before)
            bench.turn()
            losses += bench.check_next_build() + bench.check_site()
            yield [f"{loss} (offset {offset / YEAR:.2f} years)" for loss in losses]


def _jump(at: int, offset: float) -> Callable[[int, str, str], None]:
    """Return a hook that moves this process's clock by `offset` seconds from a step on; half of the time from the first."""
    seconds, nanoseconds = time.time, time.time_ns
    first = 1 if at % 2 else at

    def jump(count: int, event: str, path: str) -> None:
        if count == first:
            time.time = lambda: seconds() + offset  # type: ignore[assignment]
            time.time_ns = lambda: nanoseconds() + int(offset * 1e9)  # type: ignore[assignment]

    return jump


def _shift(folder: Path, offset: float) -> None:
    """Move the times of files by `offset` seconds, as a clock that was wrong when they were written would have set them."""
    now = time.time()
    for path in folder.rglob("*"):
        if path.is_file():
            with contextlib.suppress(OSError, OverflowError):
                os.utime(path, (now + offset, now + offset))
