"""Build an edition: data, runs, reconciliation, HTML, PDF, manifest; the last good build stays until the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.declarations import Chapter, load_chapter
from ..data.figures import Figure
from ..data.formulas import Formula
from ..data.known import known_files
from ..data.package import Package
from ..data.published import check_register, load_figures, load_formulas, qualifiers, unit_factors
from ..data.reads import Watched
from ..errors import InputError, Problem, counted, did_you_mean
from ..project import Project
from ..reconcile import Reconciled, as_json, count_verdicts, link_findings, reconcile, write_reconciliation
from ..reconcile.causes import search_causes
from ..reconcile.selftest import KIND_WORDS, self_test
from ..render.recalculation import recalculation_data
from .assemble import assemble, copy_notebooks, exhibits
from .changes import changes_page, compared_with
from .definition import Edition, Timeliness
from .diff import published_before
from .last_build import BuildResult, as_result, inputs_digest, note_inputs, pdf_path, same_bytes, same_surroundings
from .lock import building, drop_dead_lock
from .manifest import below, describe, read_manifest, write_manifest
from .recovery import begin_pages, drop_pages, end_pages, is_clean, recover, staging_folder, swap
from .sign_off import findings_hash, office_facts
from .site import write_stub
from .snapshot import SNAPSHOT, compact, take_snapshot
from .sphinx_build import build_pages, pages_of, refuse_strays

if TYPE_CHECKING:
    from ..runs.execute import RunResult

# What runs notebooks and makes pages is imported where it is used: a build that has nothing to do ends before that.
Say = Callable[[str], None]
# A few thousand planted errors in all; enough to tell the kinds apart, a second of work.
SELF_TEST_TRIALS = 400


def check_inputs(project: Project, edition: Edition) -> dict[str, Chapter]:
    """Return the edition's chapters after validating data, declarations and parameters; raises InputError."""
    package = Package(project)
    problems = package.validate() or check_register(package)
    if problems:
        raise InputError(problems)
    dates = {row["source_id"]: row["published_on"] for row in package.rows("sources")}
    first_date = min(dates.values(), default="")
    chapters: dict[str, Chapter] = {}
    shown = f"book/editions/{edition.id}.yml"
    if edition.as_of < first_date:
        expected = f"a day on or after {first_date}, when the first source came out"
        raise InputError(Problem(shown, f"as_of {edition.as_of}", expected, "Move the date.", column="as_of"))
    for name in edition.chapters:
        chapter = chapters[name] = load_chapter(project, name)
        unknown = [s for s in chapter.sources if s not in dates]
        for source in unknown:
            found, near = f"source {source!r}", did_you_mean(source, dates)
            problems.append(Problem(chapter.file, found, "a source_id of sources.csv", near, column="sources"))
        # A chapter may rest on official statistics alone; those are dated one by one.
        if chapter.sources and not unknown and not any(dates[s] <= edition.as_of for s in chapter.sources):
            first = min(dates[s] for s in chapter.sources)
            found = f"chapter {name}, whose first source is of {first}"
            problems.append(Problem(shown, found, f"chapters with a source by {edition.as_of}", "Take it out."))
    for name, values in edition.parameters.items():
        if name not in chapters:
            problems.append(Problem(shown, f"parameters of {name}", "a chapter of this edition", column="parameters"))
        else:
            chapters[name].check(values, package.areas_by_name(), where=f"{shown}, {name}")
    if problems:
        raise InputError(problems)
    return chapters


def run_chapters(
    project: Project, edition: Edition, folder: Path, say: Say, *, workers: int | None = None, use_cache: bool = True
) -> dict[str, RunResult]:
    """Execute the chapters of an edition that have changed, a few at a time, and return all results by name."""
    context = edition.context(project)
    chapters = {name: edition.parameters.get(name, {}) for name in edition.chapters}
    from ..runs.batch import run_all

    return run_all(chapters, context, folder, say, workers=workers, use_cache=use_cache)


def all_findings(results: Mapping[str, RunResult], edition: Edition) -> dict[str, dict[str, Any]]:
    """Return findings keyed `chapter.name`, each with the parameters it was computed under."""
    return {
        f"{chapter}.{name}": {
            **{key: value for key, value in finding.items() if key != "name"},
            "parameters": dict(edition.parameters.get(chapter, {})),
        }
        for chapter, result in results.items()
        for name, finding in result.findings.items()
    }


def reconcile_edition(
    project: Project, edition: Edition, findings: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Path] | None = None
) -> list[Reconciled]:
    """Return the reconciliation of the figures known by the edition's date; `tables` are an analyst's, by name."""
    package = edition.package(project, tables)
    figures = load_figures(package, edition.as_of)
    corrections = package.rows("corrections") if "corrections" in package.tables else []
    factors = unit_factors(package)
    formulas = load_formulas(package)
    rows = link_findings(reconcile(figures, formulas, findings, factors, corrections), findings, factors)
    return [_with_causes(row, figures, formulas) if row.verdict == "contradicted" else row for row in rows]


def _with_causes(row: Reconciled, figures: Mapping[str, Figure], formulas: list[Formula]) -> Reconciled:
    """Add to a contradicted row what was tried mechanically, and what chance would have hit."""
    searched = [cause.words for cause in search_causes(row, figures, formulas)[:2]]
    return replace(row, note="；".join(filter(None, [row.note, *searched])))


def build(project: Project, edition: Edition, *, pdf: bool = True, force: bool = False, say: Say = print) -> BuildResult:
    """Build an edition into `_build/book/<id>` and return what was made.

    Works in a folder beside the last good build and takes its place only at the very end. Nothing is done when the
    manifest of the last build says that data, code, edition and tools are the same.
    """
    target, work = project.built(edition.id), project.work(edition.id)
    if not force and is_clean(target, work):
        unchanged = _unchanged(project, edition, pdf)
        if unchanged is not None:
            drop_dead_lock(project)
            return unchanged
    with building(project, say):
        recover(project, target, work, say)
        # Another build may have made it while this one waited.
        unchanged = None if force else _unchanged(project, edition, pdf)
        return unchanged or _build(project, edition, pdf=pdf, force=force, say=say)


def _described(project: Project, edition: Edition, pdf: bool) -> dict[str, Any]:
    compared = compared_with(project, edition, published_before(project, edition))
    return describe(project, edition) | {"pdf": pdf, "compared_with": compared}


def _unchanged(project: Project, edition: Edition, pdf: bool) -> BuildResult | None:
    """Return the last build when its manifest says that it is what a new one would be."""
    if (same := same_bytes(project, edition, pdf)) is not None:
        return same
    inputs, target = inputs_digest(project, pdf), project.built(edition.id)
    previous = read_manifest(target)
    if previous is None or any(previous.get(key) != value for key, value in _described(project, edition, pdf).items()):
        return None
    result = as_result(target, edition, pdf) if same_surroundings(project, edition) else None
    if result is not None:
        note_inputs(project, edition, inputs)
    return result


def _build(project: Project, edition: Edition, *, pdf: bool, force: bool, say: Say) -> BuildResult:
    started = time.perf_counter()
    target = project.built(edition.id)
    read = Watched(path for root in (project.data, project.notebooks, project.book) for path in below(root, "*"))
    inputs = inputs_digest(project, pdf)
    before = published_before(project, edition)
    described = _described(project, edition, pdf)
    from ..reconcile.workbook import write_csv_for_excel, write_json, write_workbook

    seconds: dict[str, float] = {}

    def lap(name: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[name], started = now - started, now

    say(f"Edition {edition.label}: {counted(len(edition.chapters), 'chapter')}, as of {edition.as_of}")
    chapters = check_inputs(project, edition)
    lap("data")
    work = project.work(edition.id)
    results = run_chapters(project, edition, work / "runs", say, use_cache=not force)
    lap("runs")
    findings = all_findings(results, edition)
    rows = reconcile_edition(project, edition, findings)
    verdicts = count_verdicts(rows)
    edition = replace(edition, findings_hash=findings_hash(findings, rows))
    say("  reconciled: " + ", ".join(f"{count} {name}" for name, count in verdicts.items() if count))
    snapshot = take_snapshot(project, edition, chapters, results, rows)
    changes = changes_page(project, edition, before, snapshot)
    book = book_content(project, edition, chapters, findings, rows)
    book |= {"changes": changes, "exhibits": exhibits(results, chapters)}
    source = assemble(project, results, book, _recalculation(project, edition, chapters, rows), work / "source")
    lap("reconciliation")
    staging = staging_folder(target)
    begin_pages(work)
    if force:
        drop_pages(work)
    build_pages(project, edition, source, work, staging, pdf=pdf, say=say, lap=lap)
    # Whatever an earlier build left: what is neither a page of the book nor a chapter of this edition does not go out.
    refuse_strays(staging, {*pages_of(project.book), *edition.chapters} & set(pages_of(source)))
    end_pages(work)
    write_reconciliation(rows, staging / "reconciliation.csv")
    write_csv_for_excel(rows, staging / "reconciliation-excel.csv")
    write_json(rows, staging / "reconciliation.json")
    write_workbook(rows, staging / "reconciliation.xlsx", compiled=edition.compiled, label=edition.label)
    _write_json(staging / "findings.json", findings)
    _write_json(staging / "changes.json", changes)
    (staging / SNAPSHOT).write_text(compact(snapshot), encoding="utf-8")
    write_known_data(project, edition, staging / "data")
    copy_notebooks(results, staging / "notebooks")
    # A file that changed while it was read may stand in one page with its old content and in another with its new one.
    steady = not read.changed() and inputs_digest(project, pdf) == inputs
    if not steady:
        # Equal to no project: the next build looks again, and nobody signs or publishes this one.
        described |= {"data_hash": None, "code_hash": None}
    write_manifest(staging, {**described, "verdicts": verdicts, "findings_hash": edition.findings_hash, "draft": edition.draft})
    swap(staging, target)
    if steady:
        note_inputs(project, edition, inputs)
    else:
        say("  files of the project changed while it was built; the next build looks at everything again")
    write_stub(target.parent)
    lap("finish")
    return BuildResult(target, pdf_path(target, edition) if pdf else None, verdicts, seconds)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_known_data(project: Project, edition: Edition, folder: Path) -> None:
    """Write the Data Package as the edition's date knows it: what came out later is not in the book."""
    for name, content in known_files(edition.package(project)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def book_content(
    project: Project,
    edition: Edition,
    chapters: Mapping[str, Chapter],
    findings: Mapping[str, Mapping[str, Any]],
    rows: list[Reconciled],
) -> dict[str, Any]:
    """Return the content of book.json, from which the pages quote."""
    package = edition.package(project)
    return {
        **chapter_content(package, edition, chapters, findings, rows),
        "catalogue": package.catalogue(),
        "glossary": package.rows("glossary"),
        "self_test": _self_test(package, edition),
        "statistics": _statistics(package),
    }


def _statistics(package: Package) -> list[dict[str, Any]]:
    """Return the publications behind the official statistics, with the values that each gives."""
    counts: dict[tuple[str, str, str], int] = {}
    for row in package.rows("observations"):
        key = (row["publisher"], row["title"], row["published_by"])
        counts[key] = counts.get(key, 0) + 1
    return [{"publisher": p, "title": t, "published_by": d, "count": n} for (p, t, d), n in sorted(counts.items())]


def chapter_content(
    package: Package,
    edition: Edition,
    chapters: Mapping[str, Chapter],
    findings: Mapping[str, Mapping[str, Any]],
    rows: list[Reconciled],
) -> dict[str, Any]:
    """Return what the pages of chapters quote."""
    from ..render.evidence_data import observation_words

    by_id = {row.figure.figure_id: row for row in rows}
    return {
        "edition": {
            "id": edition.id,
            "title": edition.title,
            "label": edition.label,
            "as_of": edition.as_of,
            "compiled": edition.compiled,
            "reconstruction": edition.reconstruction,
            "summary": edition.summary,
            "order": list(edition.chapters),
            **office_facts(edition),
        },
        "chapters": {name: _chapter_json(c, edition, package) for name, c in chapters.items()},
        "filled_tables": [name for name in package.tables if package.lines(name)],
        "findings": {name: {**f, "answers": _answers(name, f, by_id)} for name, f in findings.items()},
        "reconciliation": [as_json(row) for row in rows],
        "recommendations": _recommendations(package, by_id),
        "observations": observation_words(package.rows("observations"), *_names(package)),
        "tables": [{"name": r["name"], "title": r.get("title", r["name"])} for r in package.descriptor["resources"]],
        "qualifiers": package.rows("qualifiers"),
        "sources": package.rows("sources"),
    }


def _names(package: Package) -> tuple[dict[str, str], dict[str, str]]:
    """Return the Chinese names of areas and of indicators by their codes."""
    areas = {r["ref_area"]: r["name_zh"] for r in package.rows("areas")}
    return areas, {r["indicator"]: r["name_zh"] for r in package.rows("indicators")}


def _recalculation(project: Project, edition: Edition, chapters: Mapping[str, Chapter], rows: list[Reconciled]) -> dict[str, Any]:
    package = edition.package(project)
    return recalculation_data(
        rows,
        load_formulas(package),
        qualifiers(package),
        areas=_names(package)[0],
        indicators=_names(package)[1],
        chapters={name: chapter.title for name, chapter in chapters.items()},
    )


def _self_test(package: Package, edition: Edition) -> list[dict[str, Any]]:
    """Return the detection rates that the method page shows; seeded, so that every build shows the same."""
    rates = self_test(load_figures(package, edition.as_of), load_formulas(package), trials=SELF_TEST_TRIALS, seed=1)
    return [{"words": KIND_WORDS[r.kind], "planted": r.planted, "found": r.found, "rate": r.rate} for r in rates]


def _chapter_json(chapter: Chapter, edition: Edition, package: Package) -> dict[str, Any]:
    values = edition.parameters.get(chapter.name, {})
    given = edition.timeliness.get(chapter.name, Timeliness())
    known = {row["source_id"] for row in package.rows("sources")}
    return {
        "title": chapter.title,
        "title_en": chapter.title_en,
        "part": chapter.part,
        "brief_chart": chapter.brief_chart,
        "sources": [source for source in chapter.sources if source in known],
        "data_until": chapter.data_until if given.data_until is None else given.data_until,
        "status": chapter.status if given.status is None else given.status,
        "status_note": chapter.status_note if given.note is None else given.note,
        "parameters": [
            {
                "name": p.name,
                "type": p.type,
                "value": values.get(p.name, p.default),
                "missing": p.missing_words,
                "unit": p.unit,
                "allowed": p.allowed,
                "meaning": p.meaning,
                "meaning_en": p.meaning_en,
            }
            for p in chapter.parameters.values()
        ],
    }


def _answers(name: str, finding: Mapping[str, Any], rows: Mapping[str, Reconciled]) -> list[str]:
    """Return the one figure that a finding quotes unchanged, or else the figures that it answers.

    A quoted print is judged as itself: its reprints, which follow from it, say nothing more about it.
    """
    quoted = finding.get("figures", [])
    if len(quoted) == 1 and quoted[0] in rows and not isinstance(finding["value"], str):
        figure = rows[quoted[0]].figure
        if finding["unit"] == figure.unit_measure and finding["value"] == figure.obs_value:
            return list(quoted)
    return [figure_id for figure_id, row in rows.items() if row.answer and row.answer.finding == name]


def _recommendations(package: Package, rows: Mapping[str, Reconciled]) -> list[dict[str, Any]]:
    known = {row.figure.source_id for row in rows.values()}
    listed = []
    for row in package.rows("recommendations") if "recommendations" in package.tables else []:
        if row["source_id"] not in known:
            continue
        figures = [f.strip() for f in (row["figures"] or "").split(";") if f.strip()]
        cited = [
            {"figure_id": f, "published": rows[f].figure.published, "verdict": rows[f].verdict} for f in figures if f in rows
        ]
        if (row["later_source"] or "") not in ("", *known):
            # What a later source shows is not yet known in this edition.
            row = {**row, "later_source": None, "later_status": None, "later_note": None}
        listed.append({**row, "figures": cited})
    return listed
