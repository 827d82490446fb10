"""What a run depends on besides the project's own files. Imports nothing that takes time: a build with nothing to do asks."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import sys

from ..project import Project

# What shapes the numbers, charts and tables of a run. What shapes only pages is in `installed`, which a build looks at.
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


def installed(project: Project) -> list[str]:
    """Return `name==version` of what the lock names and Python finds, whatever the lock says; without a lock of everything.

    From the names of the folders in which installers leave their records: reading the records takes a second.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = sorted(entry.name for entry in os.scandir(folder or "."))
        except OSError:
            continue
        for match in filter(None, map(_RECORD.fullmatch, names)):
            found.setdefault(_plain(match[1]), match[2])
    lock = project.root / "requirements.lock"
    named = {_plain(n) for n in _LOCKED.findall(lock.read_text(encoding="utf-8"))} if lock.is_file() else found.keys()
    return [f"{name}=={found.get(name, '')}" for name in sorted(named)]


_RECORD = re.compile(r"([^-]+)-([^-]+)(?:-.*)?\.(?:dist|egg)-info")
_LOCKED = re.compile(r"(?m)^([A-Za-z0-9][\w.-]*)==")


def _plain(name: str) -> str:
    """Return a name as the index of packages compares it: Pillow and pillow, myst_nb and myst-nb are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""
