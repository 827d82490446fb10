"""The commands `intake` and `proof`. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError, Problem
from ..project import find_project


def add_commands(commands: Any) -> None:
    """Add the commands to the command line's subparsers."""
    intake = commands.add_parser("intake", help="draft the figure rows of a new document, and take the confirmed ones in")
    intake.add_argument("file", type=Path, metavar="FILE", nargs="?", help="the document: .txt, .docx or .pdf with a text layer")
    intake.add_argument("-o", "--output", type=Path, metavar="SHEET", help="the sheet: .xlsx or .csv (default: intake-SSS.xlsx)")
    intake.add_argument(
        "--sources", type=Path, metavar="DIR", help="where source texts are kept (default: the folder of FILE or SHEET)"
    )
    intake.add_argument("--source-id", metavar="SSS", help="the source's number (default: the next free one)")
    intake.add_argument("--date", metavar="YYYY-MM-DD", help="the day of publication (default: as printed)")
    intake.add_argument("--issue", metavar="TEXT", help="series and issue number")
    intake.add_argument("--title", metavar="TEXT", help="the title")
    intake.add_argument("--publisher", metavar="TEXT", help="the publisher")
    intake.add_argument("--apply", type=Path, metavar="SHEET", help="validate a confirmed sheet and write its rows into data/")
    intake.add_argument("--partial", action="store_true", help="with --apply: leave undecided rows for later")
    intake.add_argument("--dry-run", action="store_true", help="with --apply: say what would be written")
    intake.add_argument("--undo", metavar="SSS", help="bring back data/ as it was before that source was applied")
    intake.add_argument("--measure", action="store_true", help="read the registered sources anew and compare with figures.csv")
    intake.set_defaults(command=_intake)

    proof = commands.add_parser("proof", help="check the numbers of a draft before it is printed")
    proof.add_argument("draft", type=Path, metavar="DRAFT", nargs="?", help="the draft: .docx, .txt or .pdf with a text layer")
    proof.add_argument("-o", "--output", type=Path, metavar="DIR", help="where the report goes (default: DRAFT-proof)")
    proof.add_argument("--sure", type=float, metavar="X", help="leave out remarks less sure than X (0 to 1)")
    proof.add_argument(
        "--measure",
        type=int,
        nargs="?",
        const=40,
        metavar="N",
        help="plant N errors of each kind in the sources; print what is found",
    )
    proof.add_argument("--sources", type=Path, metavar="DIR", help="with --measure: the folder with the source texts")
    proof.add_argument("--seed", type=int, default=1, metavar="S", help="with --measure: seed of the planting (default: 1)")
    proof.set_defaults(command=_proof)


def _one_of(options: argparse.Namespace, names: tuple[str, ...], what: str) -> str:
    given = [n for n in names if not (getattr(options, n) is None or getattr(options, n) is False)]
    if len(given) != 1:
        found = "nothing to do" if not given else " and ".join(given)
        raise InputError(Problem("command line", found, what))
    return given[0]


def _folder(path: Path | None, named: Path | None) -> Path:
    return named if named is not None else (path.resolve().parent if path else Path.cwd())


def _intake(options: argparse.Namespace) -> int:
    from ..data.package import Package

    what = _one_of(options, ("file", "apply", "undo", "measure"), "a FILE, or one of --apply SHEET, --undo SSS, --measure")
    project = find_project(options.project)
    if what == "undo":
        from .backup import undo

        undo(project, options.undo, print)
    elif what == "apply":
        from .apply import apply_sheet

        apply_sheet(
            project,
            options.apply,
            _folder(options.apply, options.sources),
            print,
            dry_run=options.dry_run,
            partial=options.partial,
        )
    elif what == "measure":
        from .measure import measure, print_scores

        print_scores(measure(Package(project), _sources(options)), print)
    else:
        from .documents import read_file
        from .register import intake, next_source

        _check_date(options.date)
        package = Package(project)
        source_id = options.source_id or next_source(package)
        target = options.output or Path(f"intake-{source_id}.xlsx")
        if target.suffix.lower() not in (".xlsx", ".csv"):
            raise InputError(Problem("--output", str(target), "a name that ends in .xlsx or .csv"))
        if target.exists():
            raise InputError(
                Problem(str(target), "a file", "a new name", "A sheet may hold an analyst's work: move it away, or name another.")
            )
        given = {"published_on": options.date, "series": options.issue, "title": options.title, "publisher": options.publisher}
        intake(package, read_file(options.file, print), target, _folder(options.file, options.sources), source_id, given, print)
    return EXIT_OK


def _check_date(text: str | None) -> None:
    import datetime

    try:
        if text:
            datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(Problem("--date", repr(text), "a date such as 2026-11-21")) from error


def _sources(options: argparse.Namespace) -> Path:
    if options.sources is None:
        raise InputError(Problem("--measure", "no --sources", "the folder with the source texts"))
    folder: Path = options.sources
    return folder


def _proof(options: argparse.Namespace) -> int:
    what = _one_of(options, ("draft", "measure"), "a DRAFT, or --measure")
    project = find_project(options.project)
    if what == "measure":
        from ..data.package import Package
        from .planting import measure, print_rates

        if options.measure < 1:
            raise InputError(Problem("--measure", str(options.measure), "at least 1"))
        print_rates(*measure(Package(project), _sources(options), options.measure, options.seed), print)
        return EXIT_OK
    if options.sure is not None and not 0 <= options.sure <= 1:
        raise InputError(Problem("--sure", f"{options.sure:g}", "a number from 0 to 1", "At 1 only what is certain is told."))
    from .proof import proof_file

    target = options.output or options.draft.with_name(f"{options.draft.stem}-proof")
    remarks = proof_file(project, options.draft, target, print, sure=options.sure)
    return EXIT_CHECK_FAILED if remarks else EXIT_OK
