"""The command line. Nothing heavy is imported here: `decisionbook --help` answers at once."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .editions.commands import add_commands as add_edition_commands
from .editions.limit_options import add_limits
from .editions.run_commands import add_commands as add_run_commands
from .editions.start_commands import add_commands as add_start_commands
from .errors import EXIT_CHECK_FAILED, EXIT_OK, EXIT_WRONG_INPUT, DecisionBookError, Problem, did_you_mean, one_of, system_fault
from .intake.commands import add_commands as add_intake_commands
from .terminal import safe_streams


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 ok, 1 a check failed, 2 wrong input."""
    with safe_streams():
        return _main(arguments)


def _main(arguments: list[str] | None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command"):
        parser.print_help()
        return EXIT_WRONG_INPUT
    try:
        return options.command(options)
    except DecisionBookError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        said = system_fault(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        return EXIT_CHECK_FAILED
    except KeyboardInterrupt:
        print("interrupted; nothing that was there before is lost", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """A parser whose errors name the closest command, option or choice."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options; a word that no command takes ends the process with exit code 2."""
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            commands = next(a.choices for a in self._actions if isinstance(a, argparse._SubParsersAction))
            command = commands.get(getattr(options, "command_name", "") or "", self)
            known = [o for action in command._actions for o in action.option_strings if action.help != argparse.SUPPRESS]
            word = next((w for w in rest if w.startswith("-")), rest[0])
            if word.startswith("-"):
                name = word.partition("=")[0]
                command._refuse(f"an unknown option {name}", one_of(known, 20), did_you_mean(name, known))
            assigned = "=" in word and "-p" in known
            remedy = f"A parameter is written -p {word}." if assigned else "Quote a value that has spaces."
            command._refuse(f"one word too many, {word!r}", "what its --help names", remedy)
        return options

    def error(self, message: str) -> NoReturn:
        """End the process with exit code 2 and say what was found, what was expected, and what is close."""
        if match := re.search(r"argument ([^:]+): invalid choice: '?(.*?)'? \(", message):
            choices = [str(c) for a in self._actions if a.choices and match[1] in (a.metavar, a.dest) for c in a.choices]
            kind = "command" if match[1] == "COMMAND" else match[1]
            self._refuse(f"an unknown {kind} {match[2]!r}", one_of(choices, 30), did_you_mean(match[2], choices))
        self.exit(EXIT_WRONG_INPUT, f"{self.prog}: {message}. See {self.prog} --help\n")

    def _refuse(self, found: str, expected: str, near: str) -> NoReturn:
        self.exit(EXIT_WRONG_INPUT, f"{Problem(self.prog, found, expected, near)} See {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="decisionbook",
        description="Recompute, reconcile and render the decision-reference book.",
        epilog="Exit codes: 0 ok, 1 a check failed, 2 wrong input.",
    )
    parser.add_argument("--version", action="version", version=f"decisionbook {__version__}")
    parser.add_argument("--project", type=Path, metavar="DIR", help="the project (default: at or above this folder)")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command_name")

    build = commands.add_parser("build", help="data, runs, reconciliation, HTML, PDF, manifest")
    build.add_argument("--edition", metavar="ID", help="the edition (default: the newest)")
    build.add_argument("--no-pdf", action="store_true", help="pages only")
    build.add_argument("--docx", action="store_true", help="also an editable Word document, and a workbook of the charts' data")
    build.add_argument("--slides", action="store_true", help="also slides of each chapter, with charts that can be edited")
    build.add_argument("--force", action="store_true", help="build, and run every chapter, even when nothing has changed")
    add_limits(build)
    build.set_defaults(command=_build)

    add_run_commands(commands)
    params = commands.add_parser("params", help="a chapter's parameters: type, default, allowed, meaning")
    params.add_argument("chapter", metavar="CHAPTER", nargs="?", help="without it, the chapters are listed")
    params.set_defaults(command=_params)

    check = commands.add_parser("check", help="validate the data, verify places in the sources, reconcile")
    check.add_argument("--sources", type=Path, metavar="DIR", help="the folder with the source texts")
    check.add_argument("--sample", type=int, metavar="N", help="print N random excluded tokens of the sources, to be read again")
    check.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the sample and of the self-test (default: 1)")
    check.add_argument("--self-test", type=int, nargs="?", const=500, metavar="N", help="plant N errors of each kind")
    check.set_defaults(command=_check)
    clean = commands.add_parser("clean", help="remove caches; published editions and what intake undoes stay")
    clean.add_argument("--all", action="store_true", help="also unpublished builds, your runs and sweeps")
    clean.set_defaults(command=_clean)
    add_edition_commands(commands)
    add_intake_commands(commands)
    add_start_commands(commands, _parser)
    return parser


def _build(options: argparse.Namespace) -> int:
    from .editions.definition import find_edition
    from .editions.last_build import same_bytes
    from .editions.limit_options import with_limits
    from .editions.lock import drop_dead_lock
    from .project import find_project

    project = find_project(options.project)
    edition, pdf = with_limits(find_edition(project, options.edition), options), not options.no_pdf
    # The build looks for this too, but what it imports to work takes longer than the look.
    result = None if options.force else same_bytes(project, edition, pdf)
    if result is not None:
        drop_dead_lock(project)
    else:
        from .editions.build import build

        result = build(project, edition, pdf=pdf, force=options.force)
    if result.unchanged:
        print("Nothing has changed since the last build.")
    else:
        print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items()))
    print(f"Open {result.folder / 'index.html'}")
    if result.pdf:
        print(f"PDF  {result.pdf}")
    if formats := [name for name in ("docx", "slides") if getattr(options, name)]:
        from .editions.office import write_office

        for path in write_office(project, edition, formats):
            print(path)
    return EXIT_OK


def _params(options: argparse.Namespace) -> int:
    from .data.declarations import AN_AREA, chapter_names, load_chapter
    from .project import find_project

    project = find_project(options.project)
    if not options.chapter:
        for name in chapter_names(project):
            print(f"{name:32} {load_chapter(project, name).title}")
        print("\nTheir parameters: decisionbook params CHAPTER")
        return EXIT_OK
    chapter = load_chapter(project, options.chapter)
    print(f"{chapter.name}  {chapter.title} / {chapter.title_en}")
    for p in chapter.parameters.values():
        default = "from the data" if p.default is None else f"{p.default}{p.unit}"
        print(f"\n  {p.name}  ({p.type}{', optional' if p.nullable else ''})  default: {default}")
        if p.allowed:
            print(f"    allowed: {p.allowed.replace('areas.csv', AN_AREA)}")
        print(f"    {p.meaning}\n    {p.meaning_en}")
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from .editions.check import check, run_self_test, sample
    from .errors import InputError, Problem
    from .project import find_project

    if options.self_test:
        return run_self_test(find_project(options.project), options.self_test, options.seed, print)
    if options.sample:
        if options.sources is None:
            raise InputError(Problem("--sample", "no --sources", "the folder with the source texts"))
        return sample(find_project(options.project), options.sources, options.sample, options.seed, print)
    return check(find_project(options.project), options.sources, print)


def _clean(options: argparse.Namespace) -> int:
    from .editions.lock import building, folders_in_use
    from .project import find_project
    from .runs.cache import clean

    project = find_project(options.project)
    with building(project, print):
        used = folders_in_use(project)
        freed, removed = clean(project, everything=options.all, spare=used)
    for folder in used if options.all else ():
        print(f"{project.shown(folder)} stays: a run or a sweep is writing there")
    for folder in removed:
        print(f"removed {project.shown(folder)}")
    print(f"{freed / 1e6:.1f} MB freed" if removed else "there is nothing to remove")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
