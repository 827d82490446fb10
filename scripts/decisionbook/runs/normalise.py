"""Committed notebooks without what changes from run to run; their outputs stay, because the tests compare them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError, Problem
from .documents import nbformat
from .execute import normalise, write_notebook

_FOLDING = ("collapsed", "scrolled", "jp-MarkdownHeadingCollapsed")


def normalised(path: Path) -> str:
    """Return a notebook's text without run metadata, its cells counted from 1; raises InputError for another file."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises several kinds for a broken file, none of them documented
        raise InputError(Problem(str(path), f"{type(error).__name__}: {error}", "a notebook in nbformat 4")) from error
    normalise(notebook)
    # JupyterLab counts on from the last run and notes what is folded; a run from the first cell counts from 1.
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code" and c.execution_count), start=1):
        cell["execution_count"] = count
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count
    for cell in notebook.cells:
        for key in _FOLDING:
            cell.metadata.pop(key, None)
    return str(nbformat.writes(notebook)) + "\n"


def normalise_files(paths: Sequence[Path], check: bool, say: Callable[[str], None]) -> int:
    """Normalise notebooks in place, or with `check` only name those that would change; return the exit code."""
    changed = 0
    for path in paths:
        text = normalised(path)
        if text.encode("utf-8") != path.read_bytes():
            changed += 1
            say(f"{path}: {'holds run metadata; run decisionbook normalise' if check else 'normalised'}")
            if not check:
                write_notebook(nbformat.reads(text, as_version=4), path)
    return EXIT_CHECK_FAILED if check and changed else EXIT_OK


if __name__ == "__main__":
    sys.exit(normalise_files([Path(word) for word in sys.argv[1:]], False, print))
