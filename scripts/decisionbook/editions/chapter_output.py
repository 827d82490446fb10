"""What a re-run chapter leaves: executed notebook, findings, difference to the edition, one HTML file, one PDF."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..data.declarations import Chapter, load_chapter
from ..data.owndata import OwnTable, settle
from ..data.scratch import scratch_folder
from ..errors import InputError, Problem
from ..project import Project
from ..runs.chapter_run import Difference, committed_findings, compare, names_of, run_chapter, write_differences
from ..runs.execute import RunResult
from .definition import Edition, load_editions

# What a run of a chapter may leave beside findings and differences, by what follows its name.
ENDINGS = (".ipynb", ".html", ".pdf", ".brief.pdf", ".docx", "-charts.xlsx", ".pptx")
_STAGED = ".run.new"
STATEMENT = "本页由分析者以自己的参数或数据重算，不是本书的版本；引用时请注明所改的参数和数据，不要署本书之名。"


@dataclass
class ChapterOutput:
    """What one re-run made; `seconds` by step, `against` names what its findings are compared with."""

    result: RunResult
    differences: list[Difference]
    against: str
    page: Path | None = None
    pdf: Path | None = None
    brief: Path | None = None
    office: list[Path] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def edition_findings(project: Project, edition: Edition) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the findings of an edition's chapters, keyed `chapter.name`, and in words where they are from.

    Those of its build; without one those of the committed notebooks, which hold the newest edition's. Raises InputError
    for a build whose findings cannot be read.
    """
    built = project.built(edition.id) / "findings.json"
    if built.is_file():
        return _read_findings(built, project.shown(built), edition.id), f"edition {edition.id}"
    context = edition.context(project)
    found: dict[str, dict[str, Any]] = {}
    for chapter in edition.chapters:
        values = dict(edition.parameters.get(chapter, {}))
        for name, finding in committed_findings(context, chapter).items():
            content = {key: value for key, value in finding.items() if key != "name"}
            found[f"{chapter}.{name}"] = {**content, "parameters": values}
    newest = load_editions(project)[-1].id
    of = "" if edition.id == newest else f", which is of {newest}"
    return found, f"the committed notebook{of} (edition {edition.id} is not built)"


def _read_findings(path: Path, shown: str, edition: str) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(isinstance(finding, dict) and "value" in finding for finding in content.values()):
        remedy = f"Build the edition anew: decisionbook build --edition {edition} --force"
        raise InputError(Problem(shown, "a damaged file", "the findings that a build wrote", remedy))
    return content


def run_and_write(
    project: Project,
    edition: Edition,
    chapter: Chapter,
    values: Mapping[str, Any],
    own: Sequence[OwnTable],
    folder: Path,
    *,
    page: bool = True,
    formats: Collection[str] = (),
    say: Callable[[str], None] = print,
) -> ChapterOutput:
    """Run a chapter with checked parameters and prepared tables, and write everything into `folder`.

    `values` are the parameters that differ from the chapter's defaults, those of the edition among them. Raises
    RunFailed when a cell fails and CheckFailed when the page has a fault; what an earlier run left stays then. Otherwise
    all of it makes room, also what this run was not asked for: no old document stands beside new numbers.
    """
    with _staging(folder) as staged:
        output = _run_and_write(project, edition, chapter, values, own, staged, page, formats, say)
        settle(own, folder)
        made = {path.name: path.replace(folder / path.name) for path in sorted(staged.iterdir())}
    for ending in ENDINGS:
        if f"{chapter.name}{ending}" not in made:
            (folder / f"{chapter.name}{ending}").unlink(missing_ok=True)
    output.result = replace(output.result, notebook=made[output.result.notebook.name])
    output.page, output.pdf, output.brief = (p and made[p.name] for p in (output.page, output.pdf, output.brief))
    output.office = [made[path.name] for path in output.office]
    return output


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Make a folder on the disk of the results, for what is to take their place."""
    staged = folder / _STAGED
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _run_and_write(
    project: Project,
    edition: Edition,
    chapter: Chapter,
    values: Mapping[str, Any],
    own: Sequence[OwnTable],
    folder: Path,
    page: bool,
    formats: Collection[str],
    say: Callable[[str], None],
) -> ChapterOutput:
    tables = {table.request.table: table.path.resolve() for table in own}
    context = edition.context(project, tables)
    book, against = edition_findings(project, edition)
    started = time.perf_counter()
    result = run_chapter(chapter.name, context, values, folder)
    seconds = {"run": time.perf_counter() - started}
    before = names_of(book, chapter.name)
    if not before and chapter.name not in edition.chapters:
        before, against = committed_findings(context, chapter.name), "the committed notebook"  # type: ignore[assignment]
    differences = compare(before, result.findings)
    write_differences(differences, folder, against)
    output = ChapterOutput(result, differences, against, seconds=seconds)
    if page:
        findings = {name: f for name, f in book.items() if not name.startswith(f"{chapter.name}.")}
        for name, finding in result.findings.items():
            content = {key: value for key, value in finding.items() if key != "name"}
            findings[f"{chapter.name}.{name}"] = {**content, "parameters": dict(values)}
        _write_pages(project, edition, chapter, values, own, findings, folder, output, formats, say)
    return output


def _write_pages(
    project: Project,
    edition: Edition,
    chapter: Chapter,
    values: Mapping[str, Any],
    own: Sequence[OwnTable],
    findings: Mapping[str, Mapping[str, Any]],
    folder: Path,
    output: ChapterOutput,
    formats: Collection[str],
    say: Callable[[str], None],
) -> None:
    from ..render.typst.compile import compile_pdf
    from .build import chapter_content, reconcile_edition
    from .chapter_source import MARK, banner_lines, changes_in_words, plain_value, write_chapter_source
    from .office import documents
    from .sphinx_build import edition_config, run_sphinx
    from .standalone import standalone_page

    started = time.perf_counter()
    tables = {table.request.table: table.path.resolve() for table in own}
    package = edition.package(project, tables)
    rerun = replace(edition, parameters={**edition.parameters, chapter.name: {n: plain_value(v) for n, v in values.items()}})
    rows = reconcile_edition(project, edition, findings, tables)
    declared = {name: load_chapter(project, name) for name in edition.chapters} | {chapter.name: chapter}
    book = chapter_content(package, rerun, declared, findings, rows)
    book["chapters"][chapter.name]["rerun"] = True
    titles = {r["name"]: r.get("title", r["name"]) for r in package.descriptor["resources"]}
    lines = banner_lines(chapter, edition, values, own, titles)
    described = {
        **{key: value for key, value in edition_config(edition).items() if key in ("title", "id", "as_of", "compiled")},
        "label": MARK,
        # A page of paper goes its own way: it says itself what was changed.
        "statement": f"{changes_in_words(lines)}{STATEMENT}",
    }
    overrides = {
        "decisionbook_edition": described,
        "decisionbook_static_charts": True,
        "typst_only": chapter.name,
        "html_context": {"book_title": "决策参考", "book_subtitle": "可复算版", "edition": {"id": edition.id, "label": MARK}},
    }
    with scratch_folder() as work:
        source = write_chapter_source(project, chapter, output.result.notebook, book, lines, work / "source")
        overrides["decisionbook_data"] = str(source / "book.json")
        say("  page …")
        run_sphinx("html", project, source, work / "html", work, overrides)
        footer = [f"底本：《{edition.title}》{edition.label}，数据截至{edition.as_of}。", STATEMENT]
        text = standalone_page(work / "html", chapter.name, mark=MARK, about=footer[0], footer=footer)
        output.page = folder / f"{chapter.name}.html"
        output.page.write_text(text, encoding="utf-8", newline="\n")
        output.seconds["page"] = time.perf_counter() - started
        started = time.perf_counter()
        say("  PDF …")
        run_sphinx("typst", project, source, work / "typst", work, overrides)
        output.pdf = folder / f"{chapter.name}.pdf"
        compile_pdf(work / "typst" / "book.typ", output.pdf, root=work / "typst")
        output.brief = folder / f"{chapter.name}.brief.pdf"
        compile_pdf(work / "typst" / "briefs" / f"{chapter.name}.typ", output.brief, root=work / "typst")
        output.seconds["pdf"] = time.perf_counter() - started
        if formats:
            started = time.perf_counter()
            output.office = documents(project, source, work, overrides, folder, chapter.name, formats, say)
            output.seconds["office"] = time.perf_counter() - started
