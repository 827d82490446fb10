"""A book of two small chapters with a few rows of data: everything that a real build does, in a few seconds."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat

from decisionbook.project import Project

ROOT = Path(__file__).resolve().parents[2]
EDITION = "2024.09"
CHAPTERS = ("alpha", "beta")
# Tables that other tables refer to are kept whole; of the rest a row or a few.
KEPT = {"sources", "areas", "units", "qualifiers", "indicators"}
FIGURES, OBSERVATIONS, CHANGING = 12, 6, "observation_id"
# The cell that tells the variants of the book apart.
VALUES = {"A": "101.5", "B": "202.25"}

_DECLARATION = """\
title: {title}
title_en: The chapter {name}
part: 数字产业
sources: ["000"]
data_until: 2022
status: current
tables: [{table}]
parameters:
  step: {{type: integer, default: 1, minimum: 0, maximum: 99999, meaning: 步}}
"""
_CELLS = {
    "alpha": (
        "step = 1",
        "from decisionbook import notebook as nb\np = nb.start('alpha', globals())",
        "rows = nb.tables('observations')\nnb.record('value', float(rows['obs_value'].iloc[0]), unit='个')",
        "nb.record('double', 2 * p.step, unit='个')",
    ),
    "beta": (
        "step = 1",
        "from decisionbook import notebook as nb\np = nb.start('beta', globals())",
        "nb.record('areas', len(nb.tables('areas')), unit='个')",
        "nb.record('triple', 3 * p.step, unit='个')",
    ),
}
# What a run costs beside a chapter's own work: one table read, one finding, no chart.
LIGHT = (
    "step = 1",
    "from decisionbook import notebook as nb\np = nb.start('light', globals())",
    "nb.record('value', p.step * len(nb.tables('areas')), unit='个')",
)
_INDEX = """\
# 小书

第一章算得 {{glue:text}}`alpha::value:.2f` 个。{variant}
"""
_TOC = """\
format: jb-book
root: index
parts:
  - caption: 数字产业
    chapters:
      - file: alpha
      - file: beta
"""
_EDITION = """\
id: "2024.09"
title: 小书·可复算版
as_of: 2024-09-30
compiled: 2026-11-21
reconstruction: true
summary: 试验用的小书。
chapters: [alpha, beta]
parameters: {}
"""


def small_project(root: Path) -> Project:
    """Write the small book, variant A, into `root` and return its project."""
    project = Project(root)
    project.data.mkdir(parents=True)
    shutil.copyfile(ROOT / "data" / "datapackage.json", project.datapackage)
    for resource in json.loads(project.datapackage.read_text(encoding="utf-8"))["resources"]:
        _cut(resource["name"], ROOT / "data" / resource["path"], project.data / resource["path"])
    project.notebooks.mkdir()
    for name, cells in _CELLS.items():
        write_chapter(project, name, cells)
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / "book" / name, project.book / name)
    shutil.copyfile(ROOT / "book" / "_config.yml", project.book / "_config.yml")
    (project.book / "_toc.yml").write_text(_TOC, encoding="utf-8")
    project.editions.mkdir()
    (project.editions / f"{EDITION}.yml").write_text(_EDITION, encoding="utf-8")
    switch(project, "A")
    return project


def switch(project: Project, variant: str) -> None:
    """Make the small book variant A or B: one cell of data and one sentence."""
    path = project.data / "observations.csv"
    head, rows = _read(path)
    rows[0]["obs_value"] = VALUES[variant]
    _write(path, head, rows)
    (project.book / "index.md").write_text(_INDEX.format(variant=variant), encoding="utf-8")


def write_chapter(project: Project, name: str, cells: tuple[str, ...]) -> None:
    """Write a chapter of these code cells, the first with its parameters, and its declaration."""
    shown = [nbformat.v4.new_markdown_cell(f"# {name} 章\n\n文字。", id=f"{name}-head")]
    shown += [nbformat.v4.new_code_cell(source, id=f"{name}-{number}") for number, source in enumerate(cells)]
    shown[1].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=shown), project.notebook(name))
    table = "observations" if name == "alpha" else "areas"
    declaration = _DECLARATION.format(name=name, title=f"{name} 章", table=table)
    (project.notebooks / f"{name}.yml").write_text(declaration, encoding="utf-8")


def _cut(name: str, source: Path, target: Path) -> None:
    head, rows = _read(source)
    keep: Callable[[dict[str, str]], bool] = lambda row: True  # noqa: E731
    most = len(rows)
    if name == "figures":
        keep, most = (lambda row: row["role"] == "input" and row["source_id"] == "000" and not row["finding"]), FIGURES
        for row in rows:
            row["chapter"] = ""
    elif name == "observations":
        most = OBSERVATIONS
    elif name not in KEPT:
        most = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, head, [row for row in rows if keep(row)][:most])


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    return list(reader.fieldnames or []), rows


def _write(path: Path, head: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
