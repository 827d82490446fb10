"""Sphinx extension: the reference pages that are made from the code and the data, so that they cannot fall behind.

Written below `reference/generated/` when a build begins: the command line, the parameters of every chapter, the data
dictionary, and what every notebook records.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from decisionbook.cli import _parser as parser
from decisionbook.data.declarations import chapter_names, load_chapter
from decisionbook.data.package import Package
from decisionbook.project import Project

ROOT = Path(__file__).resolve().parents[1]
MIME = "application/vnd.decisionbook.finding+json"


def write_pages(folder: Path, project: Project) -> None:
    """Write every generated page; one whose content is the same keeps its time, and Sphinx does not read it again."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"cli": command_line(), "parameters": parameters(project), "data": data_dictionary(project)}
    pages["findings"] = findings(project)
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def command_line() -> str:
    """Return the help of every command, as a terminal of 100 columns shows it."""
    os.environ["COLUMNS"] = "100"
    made = parser()
    lines = ["# Command line", "", "```text", made.format_help().rstrip(), "```", ""]
    actions = [a for a in made._actions if isinstance(a, argparse._SubParsersAction)]
    for name, command in sorted(actions[0].choices.items()):
        lines += [f"## {name}", "", "```text", command.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def parameters(project: Project) -> str:
    """Return the parameters of every chapter."""
    lines = ["# Parameters", "", "What `decisionbook params CHAPTER` shows, for every chapter.", ""]
    for name in chapter_names(project):
        chapter = load_chapter(project, name)
        lines += [f"## {name}", "", f"{chapter.title} / {chapter.title_en}", ""]
        rows = [
            (f"`{p.name}`", p.type + (", optional" if p.nullable else ""), default(p), p.allowed or "", p.meaning_en)
            for p in chapter.parameters.values()
        ]
        lines += [*table(("name", "type", "default", "allowed", "meaning"), rows), ""]
        if chapter.rules:
            lines += ["Together: " + "; ".join(f"`{rule}`" for rule in chapter.rules), ""]
    return "\n".join(lines)


def default(parameter: Any) -> str:
    return "from the data" if parameter.default is None else f"{parameter.default}{parameter.unit}"


def data_dictionary(project: Project) -> str:
    """Return every table of the Data Package with its columns."""
    lines = ["# Data dictionary", "", "From `data/datapackage.json`, which also validates the tables.", ""]
    for entry in Package(project).catalogue():
        key = ", ".join(entry["key"]) or "none"
        about = f"{entry['title']}. {entry['description']} File `{entry['path']}`, key: {key}, {entry['rows']} rows."
        rows = []
        for field in entry["fields"]:
            limits = "; ".join(f"{name} {limit(value)}" for name, value in field["constraints"].items())
            refers = f"refers to `{field['reference']}`" if "reference" in field else ""
            rows.append((f"`{field['name']}`", field["type"], field["title"], "; ".join(filter(None, (limits, refers)))))
        lines += [f"## {entry['name']}", "", about, "", *table(("column", "type", "title", "limits"), rows), ""]
    return "\n".join(lines)


def limit(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def findings(project: Project) -> str:
    """Return what every committed notebook records: name, value, unit."""
    lines = ["# Recorded findings", "", "From the outputs of the committed notebooks: the newest edition's values.", ""]
    for path in sorted(project.notebooks.glob("*.ipynb")):
        rows = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                rows += [recorded(content) for mime, content in output.get("data", {}).items() if mime.endswith(MIME)]
        lines += [f"## {path.stem}", "", *table(("name", "value", "unit", "bounds"), rows), ""]
    return "\n".join(lines)


def recorded(content: Any) -> Sequence[str]:
    given = content if isinstance(content, dict) else json.loads(content)
    low, high = given.get("low"), given.get("high")
    bounds = f"{low:.6g} to {high:.6g}" if low is not None and high is not None and low != high else ""
    value = "–" if given["value"] is None else given["value"]
    return f"`{given['name']}`", value if isinstance(value, str) else f"{value:.6g}", given["unit"], bounds


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table; cells are text, whatever they hold."""
    shown = [[" ".join(str(cell).replace("|", "\\|").replace("<", "&lt;").split()) for cell in row] for row in rows]
    return [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *(f"| {' | '.join(row)} |" for row in shown)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for sources."""
    write_pages(Path(app.srcdir) / "reference" / "generated", Project(ROOT))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
