"""The commands about editions: publish, verify, diff, sign, new-edition. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_CHECK_FAILED, EXIT_OK, CheckFailed, InputError, Problem, counted
from ..project import Project, find_project

if TYPE_CHECKING:
    from .definition import Edition


def add_commands(commands: Any) -> None:
    """Add the commands to the command line's subparsers."""
    publish = commands.add_parser("publish", help="add a built edition to the site; never alters a published one")
    publish.add_argument("edition", metavar="EDITION", nargs="?", help="the edition (default: the newest)")
    publish.add_argument("--all", action="store_true", help="build and publish every edition that the site does not have")
    publish.add_argument("--site", type=Path, metavar="DIR", help="the site (default: _build/site)")
    publish.add_argument("--erratum", metavar="TEXT", help="add a notice to a published edition, whose files stay as they are")
    publish.add_argument("--date", metavar="YYYY-MM-DD", help="the date of the notice")
    publish.add_argument("--rebuilt", action="store_true", help="accept a build that differs from the committed record, marked")
    publish.set_defaults(command=_publish)

    verify = commands.add_parser("verify", help="check every file of a site or edition against its manifest")
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.set_defaults(command=_verify)

    diff = commands.add_parser("diff", help="what changed between two editions")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--json", action="store_true", help="everything, as JSON")
    diff.add_argument("--most", type=int, default=40, metavar="N", help="at most N moved findings (default: 40)")
    diff.set_defaults(command=_diff)

    sign = commands.add_parser("sign", help="sign an edition (执笔, 复核, 审核, 签发), or say who has")
    sign.add_argument("edition", metavar="EDITION")
    sign.add_argument("--role", metavar="ROLE", help="执笔, 复核, 审核 or 签发, in this order")
    sign.add_argument("--name", metavar="NAME", help="who signs")
    sign.add_argument("--date", metavar="YYYY-MM-DD", help="the day of signing (default: today)")
    sign.add_argument("--withdraw", metavar="ROLE", help="take back a signature, and with it the later ones")
    sign.set_defaults(command=_sign)

    new = commands.add_parser("new-edition", help="begin an edition from another one")
    new.add_argument("edition", metavar="NEW-ID")
    new.add_argument("--from", dest="origin", metavar="ID", required=True, help="the edition to begin from")
    new.add_argument("--as-of", metavar="YYYY-MM-DD", help="what is known by (default: the end of the month of the id)")
    new.add_argument("--compiled", metavar="YYYY-MM-DD", help="the day of compilation (default: that of the other edition)")
    new.add_argument("--summary", metavar="TEXT", help="what is new, in one line")
    new.set_defaults(command=_new_edition)


def _publish(options: argparse.Namespace) -> int:
    from .definition import find_edition
    from .publish import add_erratum, publish

    project = find_project(options.project)
    site = options.site or project.site
    if options.all:
        if options.edition or options.erratum:
            raise InputError(Problem("--all", "an edition or a notice beside it", "--all alone"))
        return _publish_all(project, site, options.rebuilt)
    edition = find_edition(project, options.edition)
    if options.erratum is not None:
        add_erratum(project, edition.id, site, options.erratum, _date(options.date), print)
        print(f"The notice stands on every page of {edition.id}; its files are as they were.")
        return EXIT_OK
    _refuse_stale(project, edition)
    result = publish(project, edition, site, rebuilt=options.rebuilt)
    _say_where(site, edition.id, result.new, result.rebuilt)
    return EXIT_OK


def _refuse_stale(project: Project, edition: Edition) -> None:
    """Raise CheckFailed when data, code, edition or tools have changed since the working build was made."""
    from .manifest import describe, read_manifest

    built = read_manifest(project.built(edition.id)) or {}
    stale = [key for key, value in describe(project, edition).items() if key in built and built[key] != value]
    if stale:
        raise CheckFailed(
            f"The working build of {edition.id} is older than the project; changed since: {', '.join(stale)}. "
            f"Run decisionbook build --edition {edition.id}"
        )


def _publish_all(project: Project, site: Path, rebuilt: bool) -> int:
    from .build import build
    from .definition import load_editions
    from .manifest import describe, read_manifest
    from .publish import publish, refresh_site

    for edition in load_editions(project):
        published = read_manifest(site / edition.id)
        if published is not None:
            current = describe(project, edition)
            changed = [key for key, value in current.items() if published.get(key) != value]
            if changed:
                print(f"{edition.id} is published and stays as it is; since then have changed: {', '.join(changed)}")
            else:
                print(f"{edition.id} is published and stays as it is.")
            continue
        build(project, edition)
        _refuse_stale(project, edition)
        result = publish(project, edition, site, rebuilt=rebuilt)
        _say_where(site, edition.id, result.new, result.rebuilt)
    refresh_site(project, site)
    print(f"Open {site / 'index.html'}")
    return EXIT_OK


def _say_where(site: Path, edition_id: str, new: bool, rebuilt: bool) -> None:
    print(f"{'Published' if new else 'Unchanged'}: {site / edition_id / 'index.html'}")
    if rebuilt:
        print("  It differs from the committed record of this edition and is marked as rebuilt.")


def _date(text: str | None) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise InputError(Problem("--date", repr(text), "a date such as 2026-11-21")) from error


def _verify(options: argparse.Namespace) -> int:
    from .publish import records_folder
    from .verify import verify

    # An administrator has the site and perhaps nothing else: the project only adds its records.
    try:
        records = records_folder(find_project(options.project))
    except InputError:
        if options.project is not None:
            raise
        records = None
    report = verify(options.folder, records)
    for line in (*report.problems, *(f"note: {note}" for note in report.notes)):
        print(line)
    found = counted(len(report.problems), "problem") if report.problems else "all as published"
    print(f"{counted(len(report.editions), 'edition')}, {counted(report.files, 'file')}: {found}")
    return EXIT_CHECK_FAILED if report.problems else EXIT_OK


def _diff(options: argparse.Namespace) -> int:
    import json

    if options.most < 0:
        raise InputError(Problem("--most", str(options.most), "0 or more", "--json lists all."))
    from .diff import diff
    from .diff_text import as_text

    changes = diff(find_project(options.project), options.old, options.new)
    print(json.dumps(changes, ensure_ascii=False, indent=1) if options.json else as_text(changes, options.most))
    return EXIT_OK


def _sign(options: argparse.Namespace) -> int:
    from .sign_off import find_current, sign, state, withdraw

    project = find_project(options.project)
    if options.withdraw:
        lines = withdraw(project, options.edition, options.withdraw)
    elif options.role or options.name:
        today = datetime.date.today().isoformat()
        lines = sign(project, options.edition, options.role or "", options.name or "", options.date or today)
        lines.append(f"then: decisionbook build --edition {options.edition}, which prints the names")
    else:
        lines = state(find_current(project, options.edition))
    print("\n".join(lines))
    return EXIT_OK


def _new_edition(options: argparse.Namespace) -> int:
    from .new_edition import new_edition

    project = find_project(options.project)
    path = new_edition(
        project, options.edition, options.origin, as_of=options.as_of, compiled=options.compiled, summary=options.summary
    )
    print(f"wrote {path}: set its dates and summary, then change data or parameters")
    print(f"then: decisionbook build --edition {options.edition}; decisionbook diff {options.origin} {options.edition}")
    return EXIT_OK
