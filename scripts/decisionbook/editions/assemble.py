"""Assemble the Sphinx source of an edition: book pages, executed notebooks, book.json, table of contents."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..data.declarations import Chapter
from ..errors import InputError, Problem
from ..notebook import TABLE_MIME
from ..project import Project
from ..render.recalculation import recalculation_script
from ..runs.documents import nbformat
from ..runs.execute import GLUE_PREFIX, RunResult

CHART_MIME = "application/vnd.vegalite.v6+json"
BOOK_DATA = "book.json"
# What lies in book/ beside the pages and is not source text of the book.
_LEFT_OUT = ("editions", "_static", "_templates")


def assemble(
    project: Project,
    results: Mapping[str, RunResult],
    book: Mapping[str, Any],
    recalculation: Mapping[str, Any],
    folder: Path,
) -> Path:
    """Write the source folder and return it; files whose content is unchanged keep their time for Sphinx."""
    wanted: dict[str, bytes] = {}
    for path in sorted(p for p in project.book.rglob("*") if p.is_file()):
        relative = path.relative_to(project.book)
        if relative.parts[0] not in _LEFT_OUT and not relative.name.startswith("."):
            content = path.read_bytes()
            if relative.suffix != ".md" or needed_chapters(content, project.shown(path)) <= set(results):
                wanted[relative.as_posix()] = content
    for name in ("_static", "_templates"):
        for path in sorted(p for p in (project.book / name).rglob("*") if p.is_file()):
            wanted[path.relative_to(project.book).as_posix()] = path.read_bytes()
    for name, result in results.items():
        wanted[f"{name}.ipynb"] = book_notebook(result.notebook)
    wanted[BOOK_DATA] = (json.dumps(book, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "surrogatepass")
    wanted["_static/reconciliation-data.js"] = recalculation_script(recalculation).encode("utf-8")
    toc = yaml.safe_load((project.book / "_toc.yml").read_text(encoding="utf-8"))
    pages = {Path(name).stem for name in wanted if name.endswith((".md", ".ipynb"))}
    wanted["_toc.yml"] = yaml.safe_dump(table_of_contents(toc, pages), allow_unicode=True, sort_keys=False).encode()
    write_source(folder, wanted)
    return folder


def table_of_contents(toc: dict[str, Any], pages: Iterable[str]) -> dict[str, Any]:
    """Return the table of contents without the chapters that this edition does not have, and without empty parts."""
    known = set(pages)
    parts = [{**part, "chapters": [c for c in part["chapters"] if c["file"] in known]} for part in toc.get("parts", [])]
    return {**toc, "parts": [part for part in parts if part["chapters"]]}


def needed_chapters(page: bytes, shown: str) -> set[str]:
    """Return the chapters without which an edition leaves a page out: `needs: [chapter, ...]` in its front matter."""
    front = re.match(rb"---\r?\n(.*?\n)---\r?\n", page, re.DOTALL)
    try:
        content = yaml.safe_load(front[1]) if front else {}
    except yaml.YAMLError as error:
        raise InputError(Problem(shown, str(error).replace("\n", " "), "front matter in YAML")) from error
    needs = content.get("needs", []) if isinstance(content, dict) else []
    return {needs} if isinstance(needs, str) else set(needs)


def book_notebook(path: Path) -> bytes:
    """Return an executed notebook as the book shows it: charts and tables in our mime types, code folded away.

    The parameters cell is left out, since the page shows its table; neighbouring cells become one, so that a
    section has one fold of code and not one a cell.
    """
    # It brings myst_nb, Altair and pandas, which a build that finds nothing changed does not need.
    from ..render.vega import assemble_output

    notebook = nbformat.read(path, as_version=4)
    shown: list[Any] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            shown.append(cell)
            continue
        tags = set(cell.metadata.get("tags", []))
        if tags & {"parameters", "injected-parameters"}:
            continue
        cell["outputs"] = [nbformat.from_dict(assemble_output(output)) for output in cell.outputs]
        if shown and shown[-1].cell_type == "code" and not _visible(shown[-1]):
            shown[-1]["source"] += "\n\n" + cell.source
            shown[-1]["outputs"] += cell.outputs
        else:
            cell.metadata["tags"] = sorted(tags | {"hide-input"})
            shown.append(cell)
    notebook["cells"] = shown
    return (nbformat.writes(notebook) + "\n").encode("utf-8", "surrogatepass")


def _visible(cell: Any) -> bool:
    """Return whether a cell shows something: a recorded finding alone is not seen."""
    return any(not all(mime.startswith(GLUE_PREFIX) for mime in output.get("data", {"text": ""})) for output in cell.outputs)


def write_source(folder: Path, wanted: Mapping[str, bytes]) -> None:
    """Make a folder hold exactly the given files; those whose content is unchanged keep their time."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((p for p in folder.rglob("*") if p.is_file()), reverse=True):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def copy_notebooks(results: Mapping[str, RunResult], folder: Path) -> None:
    """Copy the executed notebooks beside the pages, for the reader who wants the work behind one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        shutil.copyfile(result.notebook, folder / f"{name}.ipynb")


def exhibits(results: Mapping[str, RunResult], chapters: Mapping[str, Chapter]) -> list[dict[str, str]]:
    """Return the charts and tables that the chapters show, in their order: kind, name, caption, chapter's title."""
    listed = []
    for name, result in results.items():
        for cell in nbformat.read(result.notebook, as_version=4).cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                chart = data.get(CHART_MIME, {}).get("usermeta", {}).get("decisionbook")
                described = chart or data.get(TABLE_MIME)
                if described:
                    kind = "figures" if chart else "tables"
                    named = {key: described[key] for key in ("name", "caption")}
                    listed.append({"kind": kind, **named, "chapter": chapters[name].title})
    return listed
