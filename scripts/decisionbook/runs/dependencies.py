"""What a run depends on besides the project's own files. Imports nothing that takes time: a build with nothing to do asks."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys

from ..project import Project

# What shapes the numbers, charts and tables of a run; the lock covers the rest where the project has one.
LIBRARIES = (
    "altair",
    "ipykernel",
    "ipython",
    "myst-nb",
    "narwhals",
    "nbclient",
    "numpy",
    "pandas",
    "papermill",
    "pylopdf-fonts-zh-cn",
    "pyyaml",
    "scipy",
    "vl-convert-python",
)


def surroundings(project: Project) -> list[str]:
    """Return what a run depends on besides project files: Python, machine, libraries, the lock."""
    lock = project.root / "requirements.lock"
    return [
        sys.version,
        platform.machine(),
        hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        *(f"{name} {_version(name)}" for name in LIBRARIES),
    ]


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""
