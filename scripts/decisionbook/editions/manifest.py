"""The manifest of a build: what went in, and a hash for every file that came out."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import __version__
from ..data.known import known_files
from ..project import Project
from .definition import Edition

TOOLS = ("altair", "jupyter-book", "myst-nb", "pandas", "papermill", "sphinx", "typst", "vl-convert-python")
MANIFEST = "manifest.json"
# Folders that tools leave; beside them, files that an editor or an office program holds open.
_LEFT = frozenset({"__pycache__", ".ipynb_checkpoints"})


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_files(root: Path, files: Iterable[Path]) -> str:
    """Return one SHA-256 over the names (relative to `root`) and contents of files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(files):
        # An editor's temporary file may be gone by now.
        with contextlib.suppress(FileNotFoundError):
            digest.update(f"{path.relative_to(root).as_posix()}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def below(folder: Path, *patterns: str) -> list[Path]:
    """Return the files below a folder whose names match a pattern, without what tools leave there."""
    found = {p for pattern in patterns for p in folder.rglob(pattern) if p.is_file()}
    return [p for p in found if not _LEFT.intersection(p.parts) and not p.name.startswith(("~$", ".~")) and p.suffix != ".tmp"]


def data_hash(project: Project, edition: Edition) -> str:
    """Return the hash of the Data Package as an edition shows it: a later source does not touch an older edition."""
    digest = hashlib.sha256()
    for name, content in sorted(known_files(edition.package(project)).items()):
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def library_hash() -> str:
    """Return the hash of the package's modules that compute: what a notebook can reach."""
    package = Path(__file__).resolve().parents[1]
    files = [package / "notebook.py", *below(package / "analysis", "*.py"), *below(package / "data", "*.py")]
    return hash_files(package, files)[:10]


def look_hash(project: Project) -> str:
    """Return the hash of what shapes every page: the package, templates, static files, configuration and tools."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(hash_files(package, below(package, "*.py", "*.typ")).encode())
    shared = [*below(project.book / "_static", "*"), *below(project.book / "_templates", "*"), project.book / "_config.yml"]
    digest.update(hash_files(project.book, shared).encode())
    digest.update(json.dumps(tool_versions(), sort_keys=True).encode())
    return digest.hexdigest()


def code_hash(project: Project) -> str:
    """Return the hash of all that is not data: package, notebooks (code and prose, not outputs), book pages."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(hash_files(package, below(package, "*.py", "*.typ", "*.css", "*.js")).encode())
    for path in sorted(project.notebooks.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        kept = [[c["cell_type"], c["source"], c["metadata"].get("tags", [])] for c in cells]
        digest.update(f"{path.name}\0{json.dumps(kept, ensure_ascii=False)}\n".encode())
    digest.update(hash_files(project.notebooks, project.notebooks.glob("*.yml")).encode())
    digest.update(hash_files(project.book, [p for p in below(project.book, "*") if project.editions not in p.parents]).encode())
    return digest.hexdigest()


def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that shape the output."""
    return {name: importlib.metadata.version(name) for name in TOOLS}


def describe(project: Project, edition: Edition) -> dict[str, Any]:
    """Return the part of the manifest that is known before a build: equal content means an equal build."""
    return {
        "edition": edition.id,
        "label": edition.label,
        "as_of": edition.as_of,
        "compiled": edition.compiled,
        "reconstruction": edition.reconstruction,
        "summary": edition.summary,
        "chapters": list(edition.chapters),
        "parameters": {name: dict(values) for name, values in edition.parameters.items()},
        "timeliness": {name: dataclasses.asdict(given) for name, given in edition.timeliness.items()},
        "title": edition.title,
        "audience": edition.audience,
        "issue_number": edition.issue_number,
        "distribution": list(edition.distribution),
        "signatures": [dataclasses.asdict(s) for s in edition.signatures],
        "data_hash": data_hash(project, edition),
        "code_hash": code_hash(project),
        "version": __version__,
        "tools": tool_versions(),
    }


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write manifest.json with a hash for every other file below `folder`."""
    files = {
        p.relative_to(folder).as_posix(): hash_file(p) for p in sorted(folder.rglob("*")) if p.is_file() and p.name != MANIFEST
    }
    text = json.dumps({**content, "files": files}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a build, None when there is none that can be read."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
