"""The way back: data/ replaced as a whole, with what was there before kept beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..data.package import Package
from ..data.scratch import replace_file
from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from .documents import Say


def replace_tables(project: Project, trial: Project, source_id: str, tables: Sequence[str]) -> Path:
    """Put the new files in the place of the old ones; on any failure, an interrupt too, the old ones come back."""
    kept = project.build / "intake" / source_id
    backup = kept / f"{len(list(kept.glob('*'))) + 1 if kept.is_dir() else 1:03}"
    (backup / "before").mkdir(parents=True)
    package = Package(project)
    names = [package.resource(t)["path"] for t in tables]
    for name in names:
        shutil.copy2(project.data / name, backup / "before" / name)
    hashes = {name: hashlib.sha256((trial.data / name).read_bytes()).hexdigest() for name in names}
    replace_file(backup / "after.json", (json.dumps(hashes, indent=1) + "\n").encode("utf-8"))
    try:
        for name in names:
            swap(trial.data / name, project.data / name)
    except BaseException:  # Ctrl-C too; after a kill it is `undo` that finds some tables new and some as they were
        for name in names:
            swap(backup / "before" / name, project.data / name)
        _forget(backup)
        raise
    return backup


def _forget(backup: Path) -> None:
    shutil.rmtree(backup)
    if not any(backup.parent.iterdir()):
        backup.parent.rmdir()


def swap(source: Path, target: Path) -> None:
    """Put a copy of `source` in the place of `target`: a reader sees the old file or the new one, never half of one."""
    replace_file(target, source.read_bytes())


def undo(project: Project, source_id: str, say: Say) -> None:
    """Bring back data/ as it was before a source's last sheet was applied; InputError where it has been changed since."""
    folder = project.build / "intake" / source_id
    backup = max(folder.glob("*/after.json"), default=folder / "after.json").parent
    record = backup / "after.json"
    if not record.is_file():
        kept = sorted(p.name for p in folder.parent.glob("*")) if folder.parent.is_dir() else []
        raise InputError(
            Problem(
                str(folder),
                "nothing kept",
                f"one of {one_of(kept)}" if kept else "an applied sheet",
                did_you_mean(source_id, kept),
            )
        )
    hashes = json.loads(record.read_text(encoding="utf-8"))
    problems = [
        Problem(project.shown(project.data / name), "changed since the sheet was applied", "the file as it was written",
                f"Compare it with {project.shown(backup / 'before' / name)} and take the rows out by hand.")
        for name, digest in hashes.items()
        if hashlib.sha256(found := (project.data / name).read_bytes()).hexdigest() != digest
        and found != (backup / "before" / name).read_bytes()
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    for name in hashes:
        swap(backup / "before" / name, project.data / name)
    _forget(backup)
    say(f"data/ is as it was before source {source_id}: {', '.join(hashes)} restored")
