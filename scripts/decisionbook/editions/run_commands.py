"""The commands of an analyst: run, sweep, template. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError, Problem, counted, did_you_mean, one_of
from ..project import find_project
from .limit_options import add_limits, with_limits

# Failures of a sweep that the terminal shows; the file has all.
FAILURES_SHOWN = 5


def add_commands(commands: Any) -> None:
    """Add the commands to the command line's subparsers."""
    run = commands.add_parser("run", help="re-run one chapter with your own parameters and data")
    run.add_argument("chapter", metavar="CHAPTER", nargs="?", help="only --update does without: it then takes every chapter")
    _add_inputs(run)
    run.add_argument("-o", dest="output", type=Path, metavar="DIR", help="where to write (default: _build/runs/CHAPTER)")
    run.add_argument("--no-page", action="store_true", help="neither HTML page nor PDF")
    run.add_argument("--docx", action="store_true", help="also an editable Word document of the chapter")
    run.add_argument("--slides", action="store_true", help="also slides of the chapter")
    run.add_argument("--update", action="store_true", help="store the outputs of the default run in the committed notebook")
    run.set_defaults(command=_run)

    sweep = commands.add_parser("sweep", help="run a chapter for a grid or table of parameters, and compare")
    sweep.add_argument("chapter", metavar="CHAPTER")
    _add_inputs(sweep)
    sweep.add_argument(
        "--grid", metavar="NAME=A,B,…", nargs="+", action="extend", default=[],
        help="every combination of these values; NAME=* takes all areas, or all choices",
    )  # fmt: skip
    sweep.add_argument("--table", dest="sets", type=Path, metavar="FILE", help="one parameter set a row: CSV, XLSX or Parquet")
    sweep.add_argument("--most-runs", type=int, metavar="N", help="runs that a grid may make (default: 100,000)")
    sweep.add_argument("--workers", type=int, metavar="N", help="processes on this machine (default: one a processor)")
    sweep.add_argument("--scheduler", metavar="ADDRESS", help="run on the Dask cluster of this scheduler: tcp://host:8786")
    sweep.add_argument("--finding", metavar="NAME", action="append", default=[], help="what the page compares (default: 要点)")
    sweep.add_argument("--keep-notebooks", action="store_true", help="keep every executed notebook")
    sweep.add_argument("--retry-failed", action="store_true", help="run again what failed before")
    sweep.add_argument("-o", dest="output", type=Path, metavar="DIR", help="where to write (default: _build/sweeps/CHAPTER)")
    sweep.set_defaults(command=_sweep)

    template = commands.add_parser("template", help="an empty file for one table, its columns explained")
    template.add_argument("table", metavar="TABLE", nargs="?", help="without it, the tables are listed")
    template.add_argument("-o", dest="output", type=Path, metavar="FILE", help="a .csv or .xlsx file (default: TABLE.xlsx here)")
    template.set_defaults(command=_template)


def _add_inputs(command: argparse.ArgumentParser) -> None:
    command.add_argument("-p", dest="assignments", metavar="NAME=VALUE", action="append", default=[], help="a parameter")
    command.add_argument("-f", dest="file", type=Path, metavar="FILE", help="a YAML file of parameters")
    command.add_argument(
        "-d", dest="tables", metavar="TABLE=FILE", action="append", default=[],
        help="your CSV, XLSX or Parquet file in the place of a table; TABLE+=FILE adds its rows to the table",
    )  # fmt: skip
    command.add_argument("--extend", metavar="TABLE=FILE", action="append", default=[], help="the same as -d TABLE+=FILE")
    command.add_argument("--edition", metavar="ID", help="the edition that it starts from (default: the newest)")
    add_limits(command)


def _run(options: argparse.Namespace) -> int:
    from ..data.declarations import chapter_names, load_chapter
    from ..data.owndata import parse_requests, prepared
    from .definition import find_edition
    from .lock import writing

    project = find_project(options.project)
    edition = with_limits(find_edition(project, options.edition), options)
    formats = _formats(options)
    if options.chapter is None:
        names = chapter_names(project)
        if not options.update:
            raise InputError(Problem("run", "no chapter", f"one of {one_of(names, 20)}"))
        return max(_update(options, project, edition, load_chapter(project, name)) for name in names)
    chapter = load_chapter(project, options.chapter)
    requests = parse_requests(options.tables, options.extend)
    folder = options.output or project.build / "runs" / chapter.name
    if options.update:
        return _update(options, project, edition, chapter)
    with writing(folder, print), prepared(folder):
        return _run_into(folder, options, project, edition, chapter, requests, formats)


def _formats(options: argparse.Namespace) -> list[str]:
    """Return which documents are asked for beside the page; raises InputError when there is no page to make them from."""
    formats = [name for name in ("docx", "slides") if getattr(options, name)]
    if formats and options.no_page:
        found = f"--{formats[0]} beside it"
        raise InputError(Problem("--no-page", found, "one of the two", "The documents are made from the page."))
    return formats


def _run_into(
    folder: Path, options: argparse.Namespace, project: Any, edition: Any, chapter: Any, requests: Any, formats: list[str]
) -> int:
    from .chapter_output import run_and_write

    own, values = _inputs(options, project, edition, chapter, requests, folder)
    _say_tables(project, chapter, own)
    print(f"running {chapter.name} ({chapter.title}) as of {edition.as_of} …")
    done = run_and_write(project, edition, chapter, values, own, folder, page=not options.no_page, formats=formats)
    from ..runs.chapter_run import DIFF_CSV, FINDINGS, as_text

    print(as_text(done.differences, done.against, most=20))
    for path in (done.result.notebook, done.page, done.pdf, done.brief, *done.office, folder / FINDINGS, folder / DIFF_CSV):
        if path is not None:
            print(path)
    seconds = ", ".join(f"{name} {length:.1f} s" for name, length in done.seconds.items())
    print(f"{len(done.result.findings)} findings in {sum(done.seconds.values()):.1f} s ({seconds})")
    return EXIT_OK


def _say_tables(project: Any, chapter: Any, own: Any) -> None:
    from ..data.owndata import is_read

    for table in own:
        print(table)
        if not is_read(project, chapter, table.request.table):
            print(f"  note: {chapter.name} does not say that it reads {table.request.table}; it may change nothing")


def _inputs(
    options: argparse.Namespace, project: Any, edition: Any, chapter: Any, requests: Any, folder: Path
) -> tuple[list[Any], dict[str, Any]]:
    """Return the prepared tables and the checked parameters; the faults in both are told together."""
    from ..data.owndata import OwnDataError, prepare
    from ..data.package import Package
    from ..runs.parameters import collect

    faults: list[InputError] = []
    own: list[Any] = []
    values: dict[str, Any] = {}
    try:
        own = prepare(edition.package(project), requests, folder)
        if empty := [t.request.file for t in own if not t.rows]:
            raise InputError(Problem(str(file), "column names and no rows", "rows of data", "Fill it in.") for file in empty)
    except InputError as error:
        faults.append(error)
    package = Package(project, {table.request.table: table.path for table in own})
    try:
        given = collect(chapter, package, options.assignments, options.file)
        values = {**edition.parameters.get(chapter.name, {}), **given}
        chapter.check(values, package.areas_by_name(), where=f"-p, with the parameters of {edition.id}")
    except InputError as error:
        faults.append(error)
    if len(faults) == 2:
        told = next((f for f in faults if isinstance(f, OwnDataError)), OwnDataError([]))
        raise OwnDataError([p for f in faults for p in f.problems], told.table, told.more)
    if faults:
        raise faults[0]
    return own, values


def _update(options: argparse.Namespace, project: Any, edition: Any, chapter: Any) -> int:
    from ..runs.execute import update_committed

    given: Mapping[str, Any] = {"-p": options.assignments, "-f": options.file, "-d": options.tables, "--extend": options.extend}
    if named := [name for name, value in given.items() if value]:
        found = f"{', '.join(named)} beside it"
        raise InputError(Problem("--update", found, "--update alone", "The committed notebook holds the book's own run."))
    result = update_committed(edition.context(project), chapter.name)
    print(f"stored the outputs of {project.shown(result.notebook)} ({result.seconds:.1f} s)")
    return EXIT_OK


def _sweep(options: argparse.Namespace) -> int:
    from ..data.declarations import load_chapter
    from ..data.owndata import parse_requests, prepared
    from .definition import find_edition
    from .lock import writing

    if bool(options.grid) == bool(options.sets):
        found = "both --grid and --table" if options.grid else "neither --grid nor --table"
        raise InputError(Problem("sweep", found, "one of the two", "For a grid: --grid NAME=A,B,C"))
    if options.workers is not None and options.workers < 1:
        raise InputError(Problem("--workers", str(options.workers), "at least 1"))
    given, varied = ({word.partition("=")[0] for word in words} for words in (options.assignments, options.grid))
    if both := sorted(given & varied):
        remedy = "The grid gives its values: take -p away, or the name out of the grid."
        raise InputError(Problem("sweep", f"{name} in both --grid and -p", "one of the two", remedy) for name in both)
    project = find_project(options.project)
    edition = with_limits(find_edition(project, options.edition), options)
    chapter = load_chapter(project, options.chapter)
    folder = options.output or project.build / "sweeps" / chapter.name
    requests = parse_requests(options.tables, options.extend)
    with writing(folder, print), prepared(folder):
        return _sweep_into(folder, options, project, edition, chapter, requests)


def _sweep_into(folder: Path, options: argparse.Namespace, project: Any, edition: Any, chapter: Any, requests: Any) -> int:
    from ..data.owndata import settle
    from ..data.package import Package
    from ..data.reads import Watched
    from ..runs.engines import default_workers
    from ..runs.sweep import MOST_RUNS, digest_of_inputs, grid_sets, input_files, plan, record_file, run_sweep, table_sets
    from ..runs.sweep_results import FAILED, write_results
    from .sweep_page import write_sweep_page

    own, base = _inputs(options, project, edition, chapter, requests, folder)
    tables = {table.request.table: table.path.resolve() for table in own}
    package, context = Package(project, tables), edition.context(project, tables)
    _refuse_unknown(options.finding, project, context, chapter)
    where = "--grid" if options.grid else str(options.sets)
    with _capped(where):
        by_row = table_sets(chapter, package, options.sets) if options.sets else {}
        grid = grid_sets(chapter, package, options.grid, options.most_runs or MOST_RUNS) if options.grid else []
        sets = grid or list(by_row.values())
    # Of all areas some may not fit together with another parameter: nobody asked for those by name.
    everything = any(word.endswith("=*") for word in options.grid)
    skip = (lambda reason: print(f"left out: {reason}")) if everything else None
    watched = Watched(input_files(project, chapter.name))
    runs = plan(chapter, package, sets, base, where, digest_of_inputs(context, chapter.name), skip, list(by_row))
    with record_file(folder, chapter.name, print):
        pass  # a folder of another chapter is refused before anything in it makes room
    own = settle(own, folder)
    context = edition.context(project, {table.request.table: table.path.resolve() for table in own})
    _say_tables(project, chapter, own)
    workers = options.workers or default_workers()
    place = options.scheduler or counted(min(workers, len(runs)), "process", "processes")
    print(f"{counted(len(runs), 'run')} of {chapter.name} ({chapter.title}) as of {edition.as_of}, on {place} …")
    records = run_sweep(
        chapter.name, context, runs, folder, workers=workers, scheduler=options.scheduler,
        keep=options.keep_notebooks, retry=options.retry_failed, watched=watched,
    )  # fmt: skip
    paths = write_results(runs, records, folder)
    paths.append(write_sweep_page(project, edition, chapter, runs, records, folder, options.finding))
    failed = [record for record in records if record["status"] != "ok"]
    for record in failed[:FAILURES_SHOWN]:
        given = ", ".join(f"{name}={value}" for name, value in record["parameters"].items()) or "defaults"
        print(f"  failed: {given}: {record['error']}")
    if len(failed) > FAILURES_SHOWN:
        print(f"  … and {len(failed) - FAILURES_SHOWN} more in {folder / FAILED}")
    for path in paths:
        print(path)
    said = f"; {len(failed)} failed, and --retry-failed runs them again" if failed else ""
    print(f"{len(runs) - len(failed)} of {len(runs)} runs have findings{said}")
    if recorded := {name for record in records for name in record["findings"]}:
        _refuse_findings([name for name in options.finding if name not in recorded], recorded)
    return EXIT_CHECK_FAILED if failed else EXIT_OK


@contextmanager
def _capped(where: str) -> Iterator[None]:
    """Tell the first of many faults: a grid in another unit breaks its range at every value."""
    from ..data.owndata import SHOWN

    try:
        yield
    except InputError as error:
        if len(error.problems) <= SHOWN:
            raise
        more = counted(len(error.problems) - SHOWN, "more fault")
        raise InputError([*error.problems[:SHOWN], Problem(where, more, "values that fit")]) from None


def _refuse_unknown(names: Sequence[str], project: Any, context: Any, chapter: Any) -> None:
    """Raise InputError for findings that neither the committed notebook holds nor its code names."""
    from ..runs.chapter_run import committed_findings

    if not names or not (known := committed_findings(context, chapter.name)):
        return
    code = project.notebook(chapter.name).read_text(encoding="utf-8")
    _refuse_findings([n for n in names if n not in known and not re.search(rf"""['"]{re.escape(n)}\\?['"]""", code)], known)


def _refuse_findings(unknown: Sequence[str], known: Collection[str]) -> None:
    if unknown:
        raise InputError(
            Problem("--finding", f"an unknown finding {name!r}", f"one of {one_of(sorted(known))}", did_you_mean(name, known))
            for name in unknown
        )


def _template(options: argparse.Namespace) -> int:
    from ..data.declarations import chapter_names, load_chapter
    from ..data.owndata import declares
    from ..data.package import Package
    from .table_template import write_template

    project = find_project(options.project)
    package = Package(project)
    if not options.table:
        for name in package.tables:
            print(f"{name:32} {package.resource(name).get('title', '')}")
        print("\nAn empty file of one: decisionbook template TABLE")
        return EXIT_OK
    package.resource(options.table)
    path = write_template(package, options.table, options.output or Path(f"{options.table}.xlsx"))
    readers = [name for name in chapter_names(project) if declares(project, load_chapter(project, name), options.table)]
    print(f"wrote {path}; fill it, then: decisionbook run {readers[0] if readers else 'CHAPTER'} -d {options.table}={path}")
    if len(readers) != 1:
        said = f"chapters that read {options.table}: {', '.join(readers)}" if readers else f"no chapter reads {options.table} yet"
        print(f"  {said}")
    return EXIT_OK
