"""Where things are: the one module that knows the layout of a project."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, Problem

MARKER = Path("data") / "datapackage.json"
# Whoever runs a notebook has no options of ours: papermill, JupyterLab and nbclient start it in a folder of their choice.
_IN_A_NOTEBOOK = (
    "Run the notebook in the project's folder notebooks (papermill --cwd PROJECT/notebooks …), or set DECISIONBOOK_PROJECT to "
    "the project's folder."
)


@dataclass(frozen=True)
class Project:
    """The folders of one project, all derived from its root."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def datapackage(self) -> Path:
        return self.root / MARKER

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def book(self) -> Path:
        return self.root / "book"

    @property
    def editions(self) -> Path:
        return self.book / "editions"

    @property
    def build(self) -> Path:
        return self.root / "_build"

    @property
    def site(self) -> Path:
        return self.build / "site"

    @property
    def cached_runs(self) -> Path:
        return self.build / "cache" / "runs"

    @property
    def drawings(self) -> Path:
        return self.build / "cache" / "drawings"

    def built(self, edition: str) -> Path:
        """Return the folder of an edition's working build."""
        return self.build / "book" / edition

    def work(self, edition: str) -> Path:
        """Return the folder of what an edition's builds keep for the next one."""
        return self.build / "work" / edition

    def notebook(self, chapter: str) -> Path:
        """Return the path of a chapter's notebook, whether or not it exists."""
        return self.notebooks / f"{chapter}.ipynb"

    def shown(self, path: Path) -> str:
        """Return a path as a person would write it: relative to the project where it can be."""
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return str(path)


def find_project(start: Path | str | None = None) -> Project:
    """Return the project at or above `start` (default: the working folder).

    Raises InputError when no folder on the way up holds `data/datapackage.json`.
    """
    origin = Path(start) if start is not None else Path.cwd()
    for folder in (origin.resolve(), *origin.resolve().parents):
        if (folder / MARKER).is_file():
            return Project(folder)
    named = os.environ.get("DECISIONBOOK_PROJECT")
    if start is None and named and (Path(named) / MARKER).is_file():
        return Project(Path(named).resolve())
    raise InputError(
        Problem(
            file=str(origin),
            found="no data/datapackage.json here or in any folder above",
            expected="a Decision Reference Book project",
            remedy=_IN_A_NOTEBOOK if _runs_a_notebook() else "Change into the project or name it with --project DIR.",
        )
    )


def _runs_a_notebook() -> bool:
    # A shell alone is no notebook: libraries make one in any process. A notebook's has a kernel.
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
