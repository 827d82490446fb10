"""A project whose every text is hostile: data, titles, parameters, findings, table and chart of its one chapter."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nbformat
import yaml

from decisionbook.project import Project

from ..conftest import copy_project
from ..runs.helpers import notebook_of
from . import strings

CHAPTER = "hostile_chapter"
EDITIONS = ("2024.08", "2024.09")
#: One line of YAML or CSV can hold all of these.
TEXT = " ".join(strings.WRITABLE.values())
KEYS = [f"s{number}" for number in range(len(strings.STRINGS))]

PARAMETERS = "area = '广西'\ngrowth = 10.0\nnote = None"
START = f"from decisionbook import notebook as nb\np = nb.start({CHAPTER!r}, globals())"
RECORDS = """\
import json
texts = json.loads({texts!r})
for number, text in enumerate(texts):
    nb.record(f's{{number}}', text, unit=text[:40])
nb.record('note', p.note)
nb.record('share', p.growth * 1.5, unit='%')
nb.record('unit', p.growth, unit=' '.join(texts))"""
TABLE = """\
import pandas as pd
frame = pd.DataFrame({'text': texts, 'number': range(len(texts))})
everything = ' '.join(texts)
nb.table(frame, name='tab-hostile', caption=everything, note=everything, source=everything,
         columns={'text': {'title': everything}, 'number': {'title': '数', 'unit': everything}})"""
CHART = """\
from decisionbook import charts
few = pd.DataFrame({'区': texts[:MOST], '值': [float(n) for n in range(len(texts[:MOST]))]})
drawn = charts.dot_plot(few, category='区', value='值', title=everything, unit='%')
nb.chart(drawn, name='fig-hostile', caption=everything, alt=everything, unit=everything, source=everything, data=few,
         columns={'区': everything, '值': ('值', everything)})""".replace("MOST", "30")
WHAT_IF = """\
moved = charts.what_if(
    sliders=[charts.Slider('rate', everything, 0, 20, 1, 10, unit=everything)], x=('year', 2020, 2025, 1),
    series={text: f'rate * {number} + datum.year' for number, text in enumerate(texts[:8])}, x_title=everything, y_title=everything,
    readouts=[charts.Readout('twice', everything, 'rate * 2', everything)])
nb.chart(moved, name='fig-moved', caption=everything, alt=everything, unit=everything, source=everything, data=few,
         columns={'区': everything, '值': '值'})"""


def prose() -> str:
    """Return the narrative: every recorded text stands in a sentence, in a heading's section and among the 要点."""
    quoted = "\n\n".join(f"第{number}条：{{glue:text}}`{key}`。" for number, key in enumerate(KEYS))
    key = "{glue:text}`share:.1f`%\n: 每年增长{glue:text}`s0`，见{glue:text}`note`。"
    exhibits = "见{numref}`fig-hostile`与{numref}`tab-hostile`。"
    return f"## 要点\n\n{key}\n\n## 引文\n\n{exhibits}\n\n{quoted}\n\n{{glue:text}}`unit:.0f`"


def notebook(growth: float = 10.0) -> nbformat.NotebookNode:
    """Return the chapter: parameters, texts as findings, a table and a chart of them."""
    texts = json.dumps(list(strings.STRINGS.values()))
    made = notebook_of(PARAMETERS.replace("10.0", str(growth)), START, RECORDS.format(texts=texts), TABLE, CHART, WHAT_IF)
    title = nbformat.v4.new_markdown_cell("# 敌意\n", id="title")
    tail = "\n\n## 复核\n\n```{reconciliation}\n```\n\n## 建议\n\n```{recommendations}\n```\n\n## 参数\n\n```{parameters}\n```\n"
    made.cells = [title, *made.cells, nbformat.v4.new_markdown_cell(prose() + tail, id="prose")]
    return made


def declaration() -> dict[str, Any]:
    """Return the declaration of the chapter, each of its texts hostile."""
    return {
        "title": TEXT, "title_en": TEXT, "part": "数字产业", "sources": ["000"], "data_until": 2022, "status": "pending",
        "status_note": TEXT,
        "parameters": {
            "area": {"type": "area", "default": "广西", "meaning": TEXT, "meaning_en": TEXT},
            "growth": {"type": "number", "default": 10.0, "minimum": 0, "maximum": 99, "unit": TEXT, "meaning": TEXT},
            "note": {"type": "string", "nullable": True, "meaning": TEXT, "choices": []},
        },
    }  # fmt: skip


def edition(edition_id: str) -> dict[str, Any]:
    """Return an edition of the one chapter, each of its texts hostile."""
    import datetime

    day = datetime.date(2024, int(edition_id[-2:]), 30)
    return {
        "id": edition_id, "title": f"书·{TEXT}", "as_of": day, "compiled": datetime.date(2026, 11, 21), "summary": TEXT,
        "chapters": [CHAPTER], "parameters": {CHAPTER: {"note": TEXT, "growth": float(edition_id[-2:])}},
        "status": {CHAPTER: {"status": "pending", "note": TEXT}},
    }  # fmt: skip


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], Iterable[dict[str, str]]]) -> None:
    """Write a table anew with changed rows."""
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        heads, rows = list(reader.fieldnames or []), list(reader)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, heads, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(change(rows))


def poison_data(project: Project) -> None:
    """Put the strings into every free text of the Data Package, its descriptor among it."""
    endless = itertools.cycle(strings.WRITABLE.values())

    def put(*columns: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
        return lambda rows: [{**row, **{c: next(endless) for c in columns if c in row}} for row in rows]

    def figures(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        answered = {row["figure_id"] for row in csv.DictReader((project.data / "formulas.csv").open(encoding="utf-8"))}
        return [
            {**row, **{c: next(endless) for c in ("section", "published", "note")}, "chapter": CHAPTER, "finding": ""}
            if row["source_id"] == "000" or row["figure_id"] in answered
            else row
            for row in rows
        ]

    rewrite(project.data / "figures.csv", figures)
    rewrite(project.data / "formulas.csv", put("reading"))
    rewrite(project.data / "corrections.csv", put("cause", "note"))
    rewrite(project.data / "glossary.csv", put("term_zh", "term_en", "definition_zh", "synonyms", "reference"))
    rewrite(project.data / "recommendations.csv", put("section", "theme", "recommendation", "addressee", "later_note"))
    rewrite(project.data / "recommendations.csv", lambda rows: [{**row, "chapter": CHAPTER} for row in rows])
    rewrite(project.data / "observations.csv", put("publisher", "title", "note"))
    rewrite(project.data / "sources.csv", put("title", "publisher", "series", "note"))
    rewrite(project.data / "indicators.csv", put("name_zh", "name_en", "definition"))
    rewrite(project.data / "qualifiers.csv", put("words", "note"))
    rewrite(project.data / "areas.csv", lambda rows: [
        row if row["ref_area"] in ("450000", "100000") else {**row, "name_zh": f"{row['ref_area']} {next(endless)}"} for row in rows
    ])  # fmt: skip
    descriptor = json.loads(project.datapackage.read_text(encoding="utf-8"))
    for resource in descriptor["resources"]:
        resource["description"] = TEXT
        if resource["name"] == "glossary":
            resource["title"] = TEXT
            for field in resource["schema"]["fields"]:
                field["title"] = next(endless)
    project.datapackage.write_text(json.dumps(descriptor, ensure_ascii=False), encoding="utf-8")


def hostile_project(root: Path) -> Project:
    """Write the project and return it."""
    project = copy_project(root)
    for path in (*project.notebooks.glob("*.*"), *project.editions.rglob("*.*")):
        path.unlink()
    poison_data(project)
    nbformat.write(notebook(), project.notebook(CHAPTER))
    dump = {"allow_unicode": True, "sort_keys": False}
    (project.notebooks / f"{CHAPTER}.yml").write_text(yaml.safe_dump(declaration(), **dump), encoding="utf-8")
    for edition_id in EDITIONS:
        (project.editions / f"{edition_id}.yml").write_text(yaml.safe_dump(edition(edition_id), **dump), encoding="utf-8")
    toc = project.book / "_toc.yml"
    text = toc.read_text(encoding="utf-8")
    toc.write_text(text.replace("- file: industry_revenue_share", f"- file: {CHAPTER}"), encoding="utf-8")
    return project
