"""The Sphinx source of one chapter that an analyst ran again: its notebook with a banner, and nothing that leads out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..data.declarations import Chapter, Parameter
from ..data.owndata import OwnTable
from ..project import Project
from ..runs.chapter_run import changed_values
from ..runs.documents import nbformat
from .assemble import BOOK_DATA, book_notebook, write_source
from .definition import Edition

MARK = "分析者重算，非本书版本"
ROOT = "index"
_OTHER_PAGE = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z][a-z0-9+.-]*:|#)[^)\s]+\.(?:md|ipynb|html)(?:#[^)\s]*)?\)", re.IGNORECASE)
_DOC = re.compile(r"\{doc\}`(?:([^`<]+?)\s*<[^`>]*>|([^`]*))`")
_NUMREF = re.compile(r"\{(numref|ref|eq)\}`(?:[^`<]*<([^`>]+)>|([^`]+))`")
_LABEL = re.compile(r"^\(([\w:.-]+)\)=|^:(?:name|label):\s*(\S+)|\$\$\s*\(([\w:.-]+)\)", re.MULTILINE)


def banner_lines(
    chapter: Chapter, edition: Edition, values: Mapping[str, Any], own: Sequence[OwnTable], titles: Mapping[str, str]
) -> list[str]:
    """Return, as plain text, what differs from the book: parameters and tables. `titles` are those of the tables."""
    before = {**chapter.defaults, **edition.parameters.get(chapter.name, {})}
    lines = []
    for name, (old, new) in changed_values(values, before).items():
        parameter = chapter.parameters[name]
        lines.append(f"参数 {name}（{parameter.meaning}）：本次{_value(new, parameter)}，本书{_value(old, parameter)}")
    for table in own:
        verb = "补充" if table.request.extend else "替换"
        title = titles.get(table.request.table, table.request.table)
        lines.append(f"数据表“{title}”（{table.request.table}）由分析者的 {table.request.file.name} {verb}，{table.rows} 行")
    return lines or ["参数与数据都与本版相同"]


def changes_in_words(lines: Sequence[str], most: int = 3) -> str:
    """Return the lines of a banner as one sentence; those after the first `most` are counted."""
    more = f"；另有 {len(lines) - most} 处改动，见本章的 PDF" if len(lines) > most else ""
    return f"{'；'.join(lines[:most])}{more}。"


def _value(value: Any, parameter: Parameter) -> str:
    return parameter.missing_words if value is None else f"取 {plain_value(value)}{parameter.unit}"


def plain_value(value: Any) -> Any:
    """Return a whole number without its .0, anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def write_chapter_source(
    project: Project, chapter: Chapter, notebook: Path, book: Mapping[str, Any], lines: Sequence[str], folder: Path
) -> Path:
    """Write the source folder of one chapter and return it; `lines` are those of its banner."""
    wanted = {
        f"{top}/{path.relative_to(project.book / top).as_posix()}": path.read_bytes()
        for top in ("_static", "_templates")
        for path in sorted(p for p in (project.book / top).rglob("*") if p.is_file())
    }
    wanted["_config.yml"] = (project.book / "_config.yml").read_bytes()
    toc = {"format": "jb-book", "root": ROOT, "chapters": [{"file": chapter.name}]}
    wanted["_toc.yml"] = yaml.safe_dump(toc, allow_unicode=True, sort_keys=False).encode()
    wanted[f"{ROOT}.md"] = f"# {MARK}\n".encode()
    wanted[f"{chapter.name}.ipynb"] = chapter_notebook(book_notebook(notebook), lines)
    wanted[BOOK_DATA] = (json.dumps(book, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8", "surrogatepass")
    write_source(folder, wanted)
    return folder


def chapter_notebook(raw: bytes, lines: Sequence[str]) -> bytes:
    """Return the notebook of a page with the banner under its title, and links to other pages as their text alone."""
    notebook = nbformat.reads(raw.decode("utf-8", "surrogatepass"), as_version=4)
    own = _labels(notebook)
    placed = False
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        cell["source"] = without_links(cell.source, own)
        if not placed and (title := re.search(r"^# .*$", cell.source, re.MULTILINE)):
            cell["source"] = f"{cell.source[: title.end()]}\n\n{banner(lines)}\n{cell.source[title.end() :]}"
            placed = True
    return (nbformat.writes(notebook) + "\n").encode("utf-8", "surrogatepass")


def banner(lines: Sequence[str]) -> str:
    """Return the banner as MyST; nothing that an analyst wrote in a value is markup there."""
    listed = "\n".join(f"- {escaped(line)}" for line in lines)
    return f":::{{admonition}} {MARK}\n:class: warning\n\n{listed}\n:::\n"


def escaped(text: str) -> str:
    """Return text in which MyST finds no markup: every ASCII punctuation mark behind a backslash, on one line."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def _labels(notebook: nbformat.NotebookNode) -> set[str]:
    """Return what a page may refer to in itself: named charts and tables, labels, equations."""
    found: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found |= {name for match in _LABEL.findall(cell.source) for name in match if name}
        for output in cell.get("outputs", []):
            for content in output.get("data", {}).values():
                if isinstance(content, Mapping):
                    spec = content.get("spec", content)
                    meta = spec.get("usermeta", {}).get("decisionbook", spec)
                    found |= {str(meta["name"])} if "name" in meta else set()
    return found


def without_links(source: str, own: set[str]) -> str:
    """Return markdown in which what leads to other pages of the book is text alone; `own` are the page's own labels."""

    def reference(match: re.Match[str]) -> str:
        name = match[2] or match[3]
        # The tables that directives make are named by the chapter itself.
        made = re.fullmatch(r"tab-.*-(reconciliation|parameters|recommendations)", name)
        return match[0] if name in own or made else "全书相应图表"

    source = _OTHER_PAGE.sub(lambda match: match[1], source)
    source = _DOC.sub(lambda match: match[1] or match[2], source)
    return _NUMREF.sub(reference, source)
