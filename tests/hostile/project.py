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

from decisionbook.data.formulas import parse_inputs
from decisionbook.data.text import is_formula
from decisionbook.editions.diff import record_path
from decisionbook.project import Project

from ..conftest import ROOT, copy_project
from ..editions import builds
from ..runs.helpers import notebook_of
from . import strings

CHAPTER, LIGHT = "hostile_chapter", "light_chapter"
EDITIONS = ("2024.08", "2024.09")
TEXT = strings.EVERYTHING
KEYS = [f"s{number}" for number in range(len(strings.SHOWN))]

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
everything, some = ' '.join(texts), ' '.join(texts[:3])
nb.table(frame, name='tab-hostile', caption=everything, note=everything, source=everything,
         columns={'text': {'title': some}, 'number': {'title': '数', 'unit': some}})"""
CHART = """\
from decisionbook import charts
few = pd.DataFrame({'区': texts[:MOST], '值': [float(n) for n in range(len(texts[:MOST]))]})
drawn = charts.dot_plot(few, category='区', value='值', title='值', unit=some)
nb.chart(drawn, name='fig-hostile', caption=texts[0], alt=everything, unit=texts[5], source=texts[30],
         data=few.replace(texts[1], texts[FORMULA]), columns={'区': some, '值': ('值', some)})"""
CHART = CHART.replace("MOST", "5").replace("FORMULA", str(list(strings.SHOWN).index("formulas: command")))
WHAT_IF = """\
moved = charts.what_if(
    sliders=[charts.Slider('rate', some, 0, 20, 1, 10, unit=some)], x=('year', 2020, 2025, 1),
    series={text: f'rate * {number} + datum.year' for number, text in enumerate(texts[16:22])}, x_title=some, y_title=some,
    readouts=[charts.Readout('twice', some, 'rate * 2', some)])
nb.chart(moved, name='fig-moved', caption=some, alt=everything, unit=some, source=some, data=few,
         columns={'区': some, '值': '值'})"""


def prose() -> str:
    """Return the narrative: every recorded text stands in a sentence, in a heading's section and among the 要点."""
    quoted = "\n\n".join(f"第{number}条：{{glue:text}}`{key}`。" for number, key in enumerate(KEYS))
    key = "{glue:text}`share:.1f`%\n: 每年增长{glue:text}`s0`。"
    exhibits = "{glue:text}`note`，见{numref}`fig-hostile`与{numref}`tab-hostile`。"
    return f"## 要点\n\n{key}\n\n## 引文\n\n{exhibits}\n\n{quoted}\n\n{{glue:text}}`unit:.0f`"


def notebook(growth: float = 10.0) -> nbformat.NotebookNode:
    """Return the chapter: parameters, texts as findings, a table and a chart of them."""
    texts = json.dumps(list(strings.SHOWN.values()))
    made = notebook_of(PARAMETERS.replace("10.0", str(growth)), START, RECORDS.format(texts=texts), TABLE, CHART, WHAT_IF)
    title = nbformat.v4.new_markdown_cell("# 敌意\n", id="title")
    tail = "\n\n## 复核\n\n```{reconciliation}\n```\n\n## 建议\n\n```{recommendations}\n```\n\n## 参数\n\n```{parameters}\n```\n"
    made.cells = [title, *made.cells, nbformat.v4.new_markdown_cell(prose() + tail, id="prose")]
    return made


def light_notebook() -> nbformat.NotebookNode:
    """Return a chapter that runs in an instant: it shows its parameter and an analyst's table."""
    cells = (
        PARAMETERS,
        START.replace(CHAPTER, LIGHT),
        "nb.record('note', p.note)\nnb.record('length', len(p.note or ''), unit=(p.note or '')[:30])",
        "frame = nb.tables('policy_documents').astype(str)\n"
        "nb.table(frame.head(80), name='tab-own', caption=p.note or '表', columns={c: c for c in frame.columns[:6]})",
    )
    made = notebook_of(*cells)
    title = nbformat.v4.new_markdown_cell("# 轻\n\n{glue:text}`note`\n\n```{parameters}\n```\n", id="title")
    made.cells = [title, *made.cells]
    return made


def declaration() -> dict[str, Any]:
    """Return the declaration of the chapter, each of its texts hostile."""
    return {
        "title": strings.TITLE,
        "title_en": strings.TITLE,
        "part": "数字产业",
        "sources": ["000"],
        "data_until": 2022,
        "status": "pending",
        "status_note": strings.TITLE,
        "parameters": {
            "area": {"type": "area", "default": "广西", "meaning": TEXT, "meaning_en": TEXT},
            "growth": {"type": "number", "default": 10.0, "minimum": 0, "maximum": 99, "unit": strings.TITLE, "meaning": TEXT},
            "note": {"type": "string", "nullable": True, "meaning": TEXT, "choices": []},
        },
    }


def edition(edition_id: str) -> dict[str, Any]:
    """Return an edition of the one chapter, each of its texts hostile."""
    import datetime

    day = datetime.date(2024, int(edition_id[-2:]), 30)
    return {
        "id": edition_id,
        "title": f"书·{strings.TITLE}",
        "as_of": day,
        "compiled": datetime.date(2026, 11, 21),
        "summary": TEXT,
        "chapters": [CHAPTER],
        "parameters": {CHAPTER: {"note": TEXT, "growth": float(edition_id[-2:])}},
        "status": {CHAPTER: {"status": "pending", "note": strings.TITLE}},
    }


def rewrite(path: Path, change: Callable[[list[dict[str, str]]], Iterable[dict[str, str]]]) -> None:
    """Write a table anew with changed rows."""
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        heads, rows = list(reader.fieldnames or []), list(reader)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, heads, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(change(rows))


#: The tables that pages quote, and one that they only offer.
TABLES = (
    "sources",
    "indicators",
    "areas",
    "units",
    "qualifiers",
    "figures",
    "formulas",
    "corrections",
    "restrictions",
    "observations",
    "recommendations",
    "glossary",
    "policy_documents",
)
FEW = 60


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def keep_few(project: Project) -> None:
    """Leave figures enough for every kind of verdict, and what they refer to: a build of them takes seconds."""
    descriptor = json.loads(project.datapackage.read_text(encoding="utf-8"))
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] in TABLES]
    project.datapackage.write_text(json.dumps(descriptor, ensure_ascii=False), encoding="utf-8")
    inputs: dict[str, list[str]] = {}
    for row in read(project.data / "formulas.csv"):
        inputs.setdefault(row["figure_id"], []).extend(figure for _, figure in parse_inputs(row["inputs"]))
    wanted = [r["figure_id"] for r in read(project.data / "figures.csv") if r["source_id"] == "000"]
    wanted += [r["figure_id"] for r in read(project.data / "corrections.csv")] + list(inputs)[:FEW]
    for figure in wanted:
        wanted += [f for f in inputs.get(figure, ()) if f not in wanted]
    for name in ("figures", "formulas", "corrections"):
        rewrite(project.data / f"{name}.csv", lambda rows: [r for r in rows if r["figure_id"] in wanted])
    rewrite(project.data / "restrictions.csv", lambda rows: [])
    for name in ("observations", "glossary", "recommendations", "policy_documents"):
        rewrite(project.data / f"{name}.csv", lambda rows: rows[:FEW])


def poison_data(project: Project) -> None:
    """Put the strings into every free text of the Data Package, its descriptor among it."""
    # The package refuses formulas: its files are downloads. Findings, tables and an analyst's files have them.
    endless = itertools.cycle(text for text in strings.SHOWN.values() if len(text) == 1 or not is_formula(text))

    def put(*columns: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
        return lambda rows: [{**row, **{c: next(endless) for c in columns}} for row in rows]

    changes = {
        "formulas": ("reading",),
        "corrections": ("cause", "note"),
        "glossary": ("term_zh", "term_en", "definition_zh", "synonyms", "reference"),
        "recommendations": ("section", "theme", "recommendation", "addressee", "later_note"),
        "observations": ("publisher", "title", "note"),
        "sources": ("title", "publisher", "series", "note"),
        "indicators": ("name_zh", "name_en", "definition"),
        "qualifiers": ("words", "note"),
        "figures": ("section", "published", "note"),
    }
    for name, columns in changes.items():
        rewrite(project.data / f"{name}.csv", put(*columns))
    for name in ("figures", "recommendations"):
        rewrite(project.data / f"{name}.csv", lambda rows: [{**row, "chapter": CHAPTER} for row in rows])
    rewrite(project.data / "figures.csv", lambda rows: [{**row, "finding": ""} for row in rows])
    rewrite(
        project.data / "areas.csv",
        lambda rows: [
            row if row["ref_area"] == "450000" else {**row, "name_zh": f"{row['ref_area']} {next(endless)}"} for row in rows
        ],
    )
    descriptor = json.loads(project.datapackage.read_text(encoding="utf-8"))
    for resource in descriptor["resources"]:
        resource["description"] = next(endless)
        if resource["name"] == "glossary":
            resource["title"] = strings.TITLE
            resource["description"] = TEXT
            for field in resource["schema"]["fields"]:
                field["title"] = next(endless)
    project.datapackage.write_text(json.dumps(descriptor, ensure_ascii=False), encoding="utf-8")


def own_table(path: Path) -> Path:
    """Write an analyst's table whose cells are hostile, formulas among them, and return its path."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(read(ROOT / "data" / "policy_documents.csv")[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        for number, text in enumerate(strings.SHOWN.values()):
            row = dict.fromkeys(("title", "document_number", "issuer", "theme", "section"), text)
            writer.writerow({"document_id": f"X-{number}", "source_id": "000", "level": "其他", "issued": "2022", **row})
    return path


def parameter_sets(path: Path) -> Path:
    """Write a table of parameter sets, one a string, and return its path."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, quoting=csv.QUOTE_ALL).writerows([["note"], *([text] for text in strings.FORMULAS.values())])
    return path


def earlier_edition(project: Project) -> None:
    """Write the record of an earlier edition, as `publish` commits it, of which every text is hostile too."""
    chapter = {
        "title": TEXT,
        "sources": ["000"],
        "tables": [],
        "statistics": False,
        "parameters": {"growth": TEXT, "gone": TEXT},
        "code": "c0",
        "key": ["share"],
        "charts": {"fig-gone": TEXT},
        "shown": {"tab-gone": TEXT},
    }
    old = builds.snapshot(EDITIONS[0], chapters={CHAPTER: chapter, "gone": {**chapter, "title": TEXT}})
    old |= {"label": TEXT, "findings": {CHAPTER: {"share": [1.0, strings.TITLE], "unit": [1.0, TEXT]}, "gone": {}}}
    old |= {"verdicts": {"contradicted": ["000-0001"], "input": ["999-0001"]}}
    path = record_path(project, EDITIONS[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(old, ensure_ascii=False), encoding="utf-8")


def hostile_project(root: Path) -> Project:
    """Write the project and return it."""
    project = copy_project(root)
    keep_few(project)
    for path in (*project.notebooks.glob("*.*"), *project.editions.rglob("*.*")):
        path.unlink()
    poison_data(project)
    nbformat.write(notebook(), project.notebook(CHAPTER))
    nbformat.write(light_notebook(), project.notebook(LIGHT))
    dump = {"allow_unicode": True, "sort_keys": False}
    (project.notebooks / f"{CHAPTER}.yml").write_text(yaml.safe_dump(declaration(), **dump), encoding="utf-8")
    (project.notebooks / f"{LIGHT}.yml").write_text(yaml.safe_dump(declaration(), **dump), encoding="utf-8")
    for edition_id in EDITIONS:
        (project.editions / f"{edition_id}.yml").write_text(yaml.safe_dump(edition(edition_id), **dump), encoding="utf-8")
    toc = project.book / "_toc.yml"
    text = toc.read_text(encoding="utf-8")
    toc.write_text(text.replace("- file: industry_revenue_share", f"- file: {CHAPTER}"), encoding="utf-8")
    return project
