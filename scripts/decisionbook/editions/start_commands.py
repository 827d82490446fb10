"""The commands to get going: new, doctor, normalise, completion. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import EXIT_OK, InputError, Problem
from ..project import find_project


def add_commands(commands: Any, parser: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the commands to the command line's subparsers; `parser` makes the whole command line, for completion."""
    new = commands.add_parser("new", help="begin a chapter that builds, tests and reconciles at once")
    new.add_argument("chapter", metavar="NAME", help="its name, of small letters: rural_broadband")
    new.add_argument("--title", metavar="TEXT", help="Chinese title (default: area and indicator)")
    new.add_argument("--title-en", metavar="TEXT", help="English title")
    new.add_argument("--part", metavar="TEXT", help="the part of the book (default: that of the edition's last chapter)")
    new.add_argument("--source", dest="sources", metavar="SOURCE", action="append", default=[], help="a briefing, by its id")
    new.add_argument("--indicator", metavar="INDICATOR", help="the official series it begins with (default: the longest)")
    new.add_argument("--area", metavar="AREA", help="the area it is about (default: 广西)")
    new.add_argument("--edition", metavar="ID", help="the edition it joins (default: the newest); not a published one")
    new.add_argument("--module", action="store_true", help="also a module of pure functions and its test")
    new.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    new.set_defaults(command=_new)

    doctor = commands.add_parser("doctor", help="what is installed, what is missing and what that costs")
    doctor.add_argument("--json", action="store_true", help="the same as JSON")
    doctor.set_defaults(command=_doctor)

    normalise = commands.add_parser("normalise", help="drop run metadata from notebooks, keep their outputs")
    normalise.add_argument("notebooks", type=Path, metavar="FILE", nargs="*", help="notebooks (default: all chapters)")
    normalise.add_argument("--check", action="store_true", help="change nothing; exit 1 when a notebook would change")
    normalise.set_defaults(command=_normalise)

    completion = commands.add_parser("completion", help="a completion script for bash, zsh or tcsh")
    completion.add_argument("shell", metavar="SHELL", nargs="?", choices=("bash", "zsh", "tcsh"), help="bash, zsh or tcsh")
    completion.add_argument("--words", metavar="KIND", help=argparse.SUPPRESS)
    completion.add_argument("--of", default="", metavar="CHAPTER", help=argparse.SUPPRESS)
    completion.set_defaults(command=lambda options: _completion(options, parser))


def _new(options: argparse.Namespace) -> int:
    from .scaffold import Request, plan_chapter, write_chapter

    project = find_project(options.project)
    request = Request(
        options.chapter, options.title, options.title_en, options.part, tuple(options.sources),
        options.indicator, options.area, options.edition, options.module,
    )  # fmt: skip
    plan = plan_chapter(project, request)
    series = plan.series
    print(f"begins with {series.area} {series.indicator_zh} ({series.indicator}), {series.start} to {series.end}, {series.unit}")
    if options.indicator is None:
        others = f"; to begin with another: --indicator {' or '.join(series.alternatives)}" if series.alternatives else ""
        print(f"  the longest official series of {series.area}, until the chapter has numbers of its own{others}")
    for path in plan.created:
        print(f"{'would write' if options.dry_run else 'writes'}  {project.shown(path)}")
    for path in plan.changed:
        print(f"{'would change' if options.dry_run else 'changes'} {project.shown(path)}")
    if options.dry_run:
        return EXIT_OK
    write_chapter(project, plan)
    print(f"The chapter has run and stands in {plan.edition.id}. Next:")
    print(f"  decisionbook run {plan.chapter} -p area={series.other_area or series.area}")
    print(f"  decisionbook build --edition {plan.edition.id}")
    print(f"  pytest --nbval notebooks/{plan.chapter}.ipynb")
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import as_json, as_text, examine, exit_code

    findings = examine(options.project)
    print(as_json(findings) if options.json else as_text(findings))
    return exit_code(findings)


def _normalise(options: argparse.Namespace) -> int:
    from ..runs.normalise import normalise_files

    return normalise_files(
        options.notebooks or sorted(find_project(options.project).notebooks.glob("*.ipynb")), options.check, print
    )


def _completion(options: argparse.Namespace, parser: Callable[[], argparse.ArgumentParser]) -> int:
    from .completion import SHELLS, script, words

    if options.words:
        try:
            print("\n".join(words(find_project(options.project), options.words, options.of)))
        except InputError:
            # Outside a project, or before the chapter is typed, there is nothing to offer and nobody to tell.
            return EXIT_OK
        return EXIT_OK
    if options.shell is None:
        remedy = "PowerShell and cmd have none; in Windows use Git Bash or WSL."
        raise InputError(Problem("completion", "no shell", f"one of {', '.join(SHELLS)}", remedy))
    sys.stdout.write(script(parser(), options.shell))
    return EXIT_OK
