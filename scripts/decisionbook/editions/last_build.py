"""The last build of an edition: where it is, and whether the same bytes went in. Imports nothing that takes time."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..data.limits import limits_of
from ..data.scratch import replace_file
from ..project import Project
from ..runs.dependencies import installed, surroundings
from .definition import Edition
from .manifest import MANIFEST, TOOLS, below, hash_file, hash_files, read_manifest
from .recovery import is_clean

_NOTE = "inputs"


@dataclass(frozen=True)
class BuildResult:
    """What a build made, and how long its parts took (seconds)."""

    folder: Path
    pdf: Path | None
    verdicts: Mapping[str, int]
    seconds: Mapping[str, float]
    unchanged: bool = False


def pdf_path(folder: Path, edition: Edition) -> Path:
    """Return the path of the whole book's PDF in a build's folder."""
    return folder / f"decision-reference-{edition.id}.pdf"


def same_bytes(project: Project, edition: Edition, pdf: bool) -> BuildResult | None:
    """Return the last build when every byte that a build may read is as it was then, None otherwise.

    It says yes without parsing tables or notebooks. Its no says little: an edition does not show every byte of the
    project, and `manifest.describe` may still find that a new build would be the same.
    """
    target, work = project.built(edition.id), project.work(edition.id)
    noted = _noted(project, edition)
    if noted is None or not is_clean(target, work) or not same_surroundings(project, edition):
        return None
    return as_result(target, edition, pdf) if noted[0] == _with_manifest(inputs_digest(project, pdf), target) else None


def same_surroundings(project: Project, edition: Edition) -> bool:
    """Return whether Python, libraries, lock and what limits let in are those of the last build, as far as it noted them."""
    noted = _noted(project, edition)
    return noted is None or noted[1] == surroundings_digest(project, edition)


def as_result(target: Path, edition: Edition, pdf: bool) -> BuildResult | None:
    """Return the build in a folder as the result of one that had nothing to do; None when a file of it is gone or another."""
    previous = read_manifest(target)
    if previous is None or not all(_is_as_written(target / name, digest) for name, digest in previous.get("files", {}).items()):
        return None
    return BuildResult(target, pdf_path(target, edition) if pdf else None, previous["verdicts"], {}, unchanged=True)


def _is_as_written(path: Path, digest: str) -> bool:
    # A truncated page is as old as a whole one by its name, and an edited one may be as long: only the bytes tell.
    try:
        return hash_file(path) == digest
    except OSError:
        return False


def note_inputs(project: Project, edition: Edition, inputs: str) -> None:
    """Note that the build at hand is what a build of `inputs` (an `inputs_digest` taken before it) gives."""
    work = project.work(edition.id)
    lines = [_with_manifest(inputs, project.built(edition.id)), surroundings_digest(project, edition)]
    # Without the note the next build takes the longer look; a folder that cannot be written is no reason to fail.
    with contextlib.suppress(OSError):
        work.mkdir(parents=True, exist_ok=True)
        replace_file(work / _NOTE, "\n".join(lines).encode())


def inputs_digest(project: Project, pdf: bool) -> str:
    """Return a SHA-256 over the bytes of the package, data, notebooks and book, and the versions of the tools."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(json.dumps([pdf, {name: importlib.metadata.version(name) for name in TOOLS}]).encode())
    for root in (package, project.data, project.notebooks, project.book):
        digest.update(f"{hash_files(root, below(root, '*'))}\n".encode())
    return digest.hexdigest()


def surroundings_digest(project: Project, edition: Edition) -> str:
    """Return a SHA-256 over what a build depends on besides files: Python, every library of the lock, what limits let in."""
    let_in = [limits_of(project, name, edition.limits).shaping() for name in edition.chapters]
    return hashlib.sha256(json.dumps([surroundings(project), installed(project), let_in]).encode()).hexdigest()


def _noted(project: Project, edition: Edition) -> tuple[str, str] | None:
    try:
        lines = (project.work(edition.id) / _NOTE).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return (lines[0], lines[1]) if len(lines) == 2 else None


def _with_manifest(inputs: str, target: Path) -> str:
    try:
        manifest = (target / MANIFEST).read_bytes()
    except OSError:
        manifest = b""
    return hashlib.sha256(inputs.encode() + manifest).hexdigest()
