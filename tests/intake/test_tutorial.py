"""The tutorial from a briefing to a published edition, followed in a project that never saw the briefing."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml

from decisionbook.cli import main
from decisionbook.editions.definition import ROLES
from decisionbook.editions.verify import verify
from decisionbook.project import Project

from ..conftest import ROOT
from ..documents import Command, blocks, commands, follow, project_with

TUTORIAL = ROOT / "docs" / "tutorial" / "from_briefing.md"
SOURCE, CHAPTER, OTHER = "001", "county_smart_cities", "smart_city_digest"
OURS = re.compile(rf"{SOURCE}-\d{{4}}")
# What the draft must get right by itself, and what an analyst decides.
READ = ("figure_id", "section", "published", "obs_value", "obs_value_high", "unit_measure", "qualifier", "precision")
DECIDED = ("indicator", "ref_area", "time_period", "role")
SURE = 0.7
Rows = list[dict[str, str]]


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def write(path: Path, rows: Rows, head: list[str] | None = None) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, head or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def forget_source(project: Project) -> None:
    """Take the source, its chapter and all that only it brought out of a project."""
    own = {row["indicator"] for row in read(project.data / "figures.csv") if row["source_id"] == SOURCE}
    left: set[str] = set()
    for path in sorted(project.data.glob("*.csv")):
        rows, kept = read(path), []
        for row in rows:
            if SOURCE in (row.get("source_id"), row.get("scope")) or OURS.fullmatch(row.get("figure_id") or ""):
                continue
            if row.get("later_source") == SOURCE:
                row |= {"later_source": "", "later_status": "", "later_note": ""}
            for column in row.keys() & {"current_figure_ids", "figures"}:
                row[column] = ";".join(i for i in row[column].split(";") if not OURS.fullmatch(i))
            kept.append(row)
        if rows:
            write(path, kept, list(rows[0]))
        if path.name != "indicators.csv":
            left |= {row["indicator"] for row in kept if "indicator" in row}
    indicators = project.data / "indicators.csv"
    write(indicators, [row for row in read(indicators) if row["indicator"] not in own - left])
    for path, pattern in (
        (project.book / "_toc.yml", rf"(?m)^ *- file: {CHAPTER}\n"),
        (project.book / "index.md", rf"(?ms)^(:{{3,}})\{{key-card\}} {CHAPTER}\n.*?^\1\n"),
    ):
        path.write_text(re.sub(pattern, "", path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def before(tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project as it was before the briefing came, with the other source texts and the briefing beside it."""
    project = project_with(tmp_path / "project", OTHER)
    forget_source(project)
    texts = project.root / "texts"
    texts.mkdir()
    for path in sources.glob("*.txt"):
        shutil.copyfile(path, project.root / "brief.txt" if path.name.startswith(f"{SOURCE}_") else texts / path.name)
    monkeypatch.chdir(project.root)
    return project


def told(heading: str) -> dict[str, int]:
    """Return a table of the tutorial: first column to the number in its second."""
    table = TUTORIAL.read_text(encoding="utf-8").split(heading)[1].split("\n\n")[0]
    return {name: int(count) for name, count in re.findall(r"(?m)^\| `(\w+)` \| (\d+) ", table)}


def confirm(sheet: Path) -> None:
    """Decide every row of the sheet as the analyst of the book did; what the tutorial says of the corrections is true."""
    finished = {(r["char_start"], r["char_end"]): r for r in read(ROOT / "data" / "figures.csv") if r["source_id"] == SOURCE}
    names = {r["indicator"]: r for r in read(ROOT / "data" / "indicators.csv")}
    rows, corrected = read(sheet), Counter[str]()
    assert {(r["char_start"], r["char_end"]) for r in rows} == finished.keys(), "every number of the briefing, and no other"
    for row in rows:
        right = finished[row["char_start"], row["char_end"]]
        wrong = [c for c in (*READ, *DECIDED) if row[c] != right[c]]
        assert not (float(row["guess_confidence"]) >= SURE and set(wrong) & set(READ)), "what it is sure of, it has read well"
        corrected.update(wrong)
        row |= {c: right[c] for c in wrong} | {"confirm": "是", "chapter": CHAPTER}
        named = names[row["indicator"]]
        row |= {f"indicator_{c}": named[n] for c, n in (("zh", "name_zh"), ("en", "name_en"), ("kind", "kind"))}
    assert told("| column | rows corrected |") == corrected
    write(sheet, rows)

    path = sheet.with_suffix(".formulas.csv")
    drafted = read(path)
    wanted = {r["figure_id"]: r for r in read(ROOT / "data" / "formulas.csv") if OURS.fullmatch(r["figure_id"])}
    for row in drafted:
        row["confirm"] = "是" if row["figure_id"] in wanted else "否"
    typed = wanted.keys() - {row["figure_id"] for row in drafted}
    write(path, [*drafted, *({"confirm": "是", **wanted[key]} for key in sorted(typed))], list(drafted[0]))


def write_chapter(project: Project) -> None:
    """Put the tutorial's cell and key finding into the new chapter, and leave the edition the new chapter alone."""
    (code,), (finding,), (chapters,) = (blocks(TUTORIAL, kind) for kind in ("python", "markdown", "yaml"))
    path = project.notebook(CHAPTER)
    notebook = nbformat.read(path, as_version=4)
    points = next(c for c in notebook.cells if c.source.startswith("## 要点"))
    points.source = points.source.replace("\n## 参数", f"\n{finding}\n## 参数", 1)
    assert finding in points.source
    last = max(n for n, c in enumerate(notebook.cells) if "nb.record(" in c.source)
    notebook.cells.insert(last + 1, nbformat.v4.new_code_cell(code.rstrip("\n"), id="firms"))
    nbformat.write(notebook, path)
    (edition,) = (p for p in project.editions.glob("*.yml") if CHAPTER in p.read_text(encoding="utf-8"))
    text = edition.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["chapters"] == [OTHER, CHAPTER]
    edition.write_text(re.sub(r"(?m)^chapters:\n(?: *- .*\n)+", chapters, text), encoding="utf-8")


def by_hand(command: Command, project: Project) -> None:
    """Do what the tutorial says an analyst does after a command."""
    if command.words[1] == "intake" and "--apply" not in command.words:
        confirm(project.root / command.words[command.words.index("-o") + 1])
    elif command.words[1] == "new":
        write_chapter(project)


def test_a_briefing_becomes_a_chapter_of_a_signed_edition(before: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks(TUTORIAL, "console"):
        for command in commands(block):
            follow(command, capsys)
            by_hand(command, before)

    rows, finished = ([r for r in read(p / "figures.csv") if r["source_id"] == SOURCE] for p in (before.data, ROOT / "data"))
    assert [{c: r[c] for c in (*READ, *DECIDED)} for r in rows] == [{c: r[c] for c in (*READ, *DECIDED)} for r in finished]
    (edition,) = (p for p in before.site.iterdir() if (p / "manifest.json").is_file())
    share = json.loads((edition / "findings.json").read_text(encoding="utf-8"))[f"{CHAPTER}.smart_share"]
    assert share["low"] < share["value"] < share["high"]
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", (edition / f"{CHAPTER}.html").read_text(encoding="utf-8")))
    assert f"{share['value']:.2f}" in page[: page.index("下表列出可以改动的量")], "it stands among the key findings"
    assert f"{len(rows)} 个数字复核" in page, "the chapter reconciles what its briefing prints"
    assert all("送审稿" not in path.read_text(encoding="utf-8") for path in edition.glob("*.html"))
    signed = yaml.safe_load((before.editions / f"{edition.name}.yml").read_text(encoding="utf-8"))["signatures"]
    assert [s["role"] for s in signed] == list(ROLES)
    assert verify(before.site).problems == []


def test_a_number_that_the_briefing_does_not_print_is_refused(before: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["intake", "brief.txt", "-o", "sheet.csv", "--sources", "texts", "--source-id", SOURCE]) == 0
    confirm(before.root / "sheet.csv")
    rows = read(before.root / "sheet.csv")
    rows[2]["published"] = "19.76%"
    write(before.root / "sheet.csv", rows)
    tables = {p.name: p.read_bytes() for p in before.data.iterdir()}
    capsys.readouterr()
    assert main(["intake", "--apply", "sheet.csv", "--sources", "texts"]) == 2
    assert "row 4, column published" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in before.data.iterdir()} == tables
