"""The commands of an analyst: run, template. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import EXIT_OK, InputError, Problem
from ..project import find_project


def add_commands(commands: Any) -> None:
    """Add the commands to the command line's subparsers."""
    run = commands.add_parser("run", help="re-run one chapter with your own parameters and data")
    run.add_argument("chapter", metavar="CHAPTER")
    run.add_argument("-p", dest="assignments", metavar="NAME=VALUE", action="append", default=[], help="a parameter")
    run.add_argument("-f", dest="file", type=Path, metavar="FILE", help="a YAML file of parameters")
    run.add_argument(
        "-d", dest="tables", metavar="TABLE=FILE", action="append", default=[],
        help="your CSV, XLSX or Parquet file in the place of a table; TABLE+=FILE adds its rows to the table",
    )  # fmt: skip
    run.add_argument("--extend", metavar="TABLE=FILE", action="append", default=[], help="the same as -d TABLE+=FILE")
    run.add_argument("-o", dest="output", type=Path, metavar="DIR", help="where to write (default: _build/runs/CHAPTER)")
    run.add_argument("--no-page", action="store_true", help="neither HTML page nor PDF")
    run.add_argument("--edition", metavar="ID", help="the edition that it starts from (default: the newest)")
    run.add_argument("--update", action="store_true", help="store the outputs of the default run in the committed notebook")
    run.set_defaults(command=_run)

    template = commands.add_parser("template", help="an empty file for one table, its columns explained")
    template.add_argument("table", metavar="TABLE", nargs="?", help="without it, the tables are listed")
    template.add_argument("-o", dest="output", type=Path, metavar="FILE", help="a .csv or .xlsx file (default: TABLE.xlsx here)")
    template.set_defaults(command=_template)


def _run(options: argparse.Namespace) -> int:
    from ..data.declarations import load_chapter
    from ..data.owndata import is_read, parse_requests
    from .chapter_output import run_and_write
    from .definition import find_edition

    project = find_project(options.project)
    edition = find_edition(project, options.edition)
    chapter = load_chapter(project, options.chapter)
    requests = parse_requests(options.tables, options.extend)
    folder = options.output or project.build / "runs" / chapter.name
    if options.update:
        return _update(options, project, edition, chapter)
    own, values = _inputs(options, project, edition, chapter, requests, folder)
    for table in own:
        print(table)
        if not is_read(project, chapter, table.request.table):
            print(f"  note: {chapter.name} does not say that it reads {table.request.table}; it may change nothing")
    print(f"running {chapter.name} ({chapter.title}) as of {edition.as_of} …")
    done = run_and_write(project, edition, chapter, values, own, folder, page=not options.no_page)
    from ..runs.chapter_run import DIFF_CSV, FINDINGS, as_text

    print(as_text(done.differences, done.against, most=20))
    for path in (done.result.notebook, done.page, done.pdf, folder / FINDINGS, folder / DIFF_CSV):
        if path is not None:
            print(path)
    seconds = ", ".join(f"{name} {length:.1f} s" for name, length in done.seconds.items())
    print(f"{len(done.result.findings)} findings in {sum(done.seconds.values()):.1f} s ({seconds})")
    return EXIT_OK


def _inputs(
    options: argparse.Namespace, project: Any, edition: Any, chapter: Any, requests: Any, folder: Path
) -> tuple[list[Any], dict[str, Any]]:
    """Return the prepared tables and the checked parameters; the faults in both are told together."""
    from ..data.owndata import OwnDataError, prepare
    from ..data.package import Package
    from ..runs.parameters import areas_by_name, collect

    faults: list[InputError] = []
    own: list[Any] = []
    values: dict[str, Any] = {}
    try:
        own = prepare(Package(project, as_of=edition.as_of), requests, folder)
    except InputError as error:
        faults.append(error)
    package = Package(project, {table.request.table: table.path for table in own})
    try:
        given = collect(chapter, package, options.assignments, options.file)
        values = {**edition.parameters.get(chapter.name, {}), **given}
        chapter.check(values, areas_by_name(package), where=f"-p, with the parameters of {edition.id}")
    except InputError as error:
        faults.append(error)
    if len(faults) == 2:
        failures = next((f.failures for f in faults if isinstance(f, OwnDataError)), None)
        raise OwnDataError([p for f in faults for p in f.problems], failures)
    if faults:
        raise faults[0]
    return own, values


def _update(options: argparse.Namespace, project: Any, edition: Any, chapter: Any) -> int:
    from ..data.context import RunContext
    from ..runs.execute import update_committed

    given: Mapping[str, Any] = {"-p": options.assignments, "-f": options.file, "-d": options.tables, "--extend": options.extend}
    if named := [name for name, value in given.items() if value]:
        found = f"{', '.join(named)} beside it"
        raise InputError(Problem("--update", found, "--update alone", "The committed notebook holds the book's own run."))
    result = update_committed(RunContext(project, edition.id, edition.as_of), chapter.name)
    print(f"stored the outputs of {project.shown(result.notebook)} ({result.seconds:.1f} s)")
    return EXIT_OK


def _template(options: argparse.Namespace) -> int:
    from ..data.package import Package
    from .table_template import write_template

    package = Package(find_project(options.project))
    if not options.table:
        for name in package.tables:
            print(f"{name:32} {package.resource(name).get('title', '')}")
        return EXIT_OK
    package.resource(options.table)
    path = write_template(package, options.table, options.output or Path(f"{options.table}.xlsx"))
    print(f"wrote {path}; fill it, then: decisionbook run CHAPTER -d {options.table}={path}")
    return EXIT_OK
