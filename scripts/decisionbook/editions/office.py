"""Editable documents of a build: Word with the data of its charts, and slides; from the doctrees of the pages."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ..errors import CheckFailed
from ..project import Project
from .definition import Edition
from .sign_off import find_current
from .sphinx_build import book_overrides, run_sphinx


def office_folder(project: Project, edition: Edition) -> Path:
    """Return the folder of an edition's documents: beside its build, since what is edited is no part of an edition."""
    return project.build / "office" / edition.id


def write_office(project: Project, edition: Edition, formats: Collection[str], say: Callable[[str], None] = print) -> list[Path]:
    """Write the documents of the working build and return their paths; raises CheckFailed without its doctrees."""
    work = project.work(edition.id)
    if not (work / "source").is_dir() or not (work / "doctrees").is_dir():
        raise CheckFailed(f"The work folder of {edition.id} was cleaned. Run decisionbook build --edition {edition.id} --force")
    signed = find_current(project, edition.id)
    folder = office_folder(project, edition)
    overrides = book_overrides(signed, work / "source", pdf=True)
    return documents(project, work / "source", work, overrides, folder, f"decision-reference-{edition.id}", formats, say)


def documents(
    project: Project,
    source: Path,
    work: Path,
    overrides: Mapping[str, Any],
    folder: Path,
    stem: str,
    formats: Collection[str],
    say: Callable[[str], None],
) -> list[Path]:
    """Write documents from an assembled source and its doctrees (in `work`); each appears whole, in place of the last."""
    made: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".office-", dir=folder) as temporary:
        output = Path(temporary)
        if "docx" in formats:
            say("  Word …")
            run_sphinx("word", project, source, output / "word", work, overrides)
            for name, final in (("book.docx", f"{stem}.docx"), ("charts.xlsx", f"{stem}-charts.xlsx")):
                made.append((output / "word" / name).replace(folder / final))
        if "slides" in formats:
            say("  slides …")
            run_sphinx("slides", project, source, output / "slides", work, overrides)
            whole = folder / "slides" if not overrides.get("typst_only") else folder
            whole.mkdir(exist_ok=True)
            made += [path.replace(whole / path.name) for path in sorted((output / "slides").glob("*.pptx"))]
        shutil.rmtree(output / "word", ignore_errors=True)
    return made
