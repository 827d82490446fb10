"""`decisionbook check`: the data against its schema, the places against the sources, the prints against arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..data.coverage import REASONS, account, read_sources, sample_excluded
from ..data.package import Package
from ..data.published import check_places, check_register, load_figures, load_formulas
from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError, Problem, counted
from ..project import Project
from ..reconcile import count_verdicts
from ..reconcile.causes import search_causes
from ..reconcile.selftest import self_test
from .build import all_findings, reconcile_edition
from .definition import find_edition


def check(project: Project, sources: Path | None, say: Callable[[str], None]) -> int:
    """Validate, verify and reconcile; print what fails and return the exit code (2 for data that break the schema)."""
    package = Package(project)
    problems = package.validate()
    problems = problems or check_register(package)
    if problems:
        raise InputError(problems)
    rows = {name: len(package.rows(name)) for name in package.tables}
    first = ", ".join(f"{rows[name]} {name}" for name in ("sources", "figures", "formulas", "observations") if name in rows)
    say(f"data: valid ({first}; {counted(sum(rows.values()), 'row')} in {counted(len(rows), 'table')})")
    failed = False
    if sources is None:
        say("places: not verified; name the folder of the source texts with --sources DIR")
    else:
        if not sources.is_dir():
            raise InputError(Problem("--sources", f"no folder {sources}", "the folder with the source texts"))
        faults, compared = check_places(package, sources)
        if missing := [fault for fault in faults if fault.column == "file"]:
            raise InputError(missing)
        for fault in faults:
            say(str(fault))
        say(f"places: {compared} compared with the source texts, {counted(len(faults), 'fault')}")
        failed |= bool(faults) or not _covered(package, sources, say)
        failed |= not _corrections_stand(package, sources, say)
    edition = find_edition(project, None)
    findings = _built_findings(project)
    reconciled = reconcile_edition(project, edition, findings)
    say(f"reconciliation ({edition.id}): " + ", ".join(f"{n} {v}" for v, n in count_verdicts(reconciled).items()))
    figures, formulas = load_figures(package, edition.as_of), load_formulas(package)
    for row in reconciled:
        if row.verdict == "contradicted":
            answer = f"{row.answer.value:.6g} {row.figure.unit_measure}" if row.answer else ""
            printed = f"{row.figure.figure_id} prints {row.figure.published}, follows {answer}"
            say(f"  contradicted: {printed}; {row.cause or 'no cause on record'}")
            for cause in search_causes(row, figures, formulas):
                tried = f"{cause.tried} changes tried, {', '.join(cause.hits[:3])} would close it, chance {cause.chance:.2%}"
                say(f"    {cause.kind}: {tried}")
            failed |= not row.cause
    return EXIT_CHECK_FAILED if failed else EXIT_OK


def _covered(package: Package, folder: Path, say: Callable[[str], None]) -> bool:
    """Account for every numeric token of the sources; print what is left and return whether nothing is."""
    tokens = account(package, read_sources(package, folder))
    left = [t for t in tokens if not t.accounted]
    covered = sum(bool(t.figure_id) for t in tokens)
    reasons = ", ".join(f"{n} {r}" for r in REASONS if (n := sum(t.reason == r for t in tokens)))
    say(f"coverage: {len(tokens)} numeric tokens, {covered} covered by figures, {len(left)} unaccounted; excluded: {reasons}")
    for token in left:
        say(f"  unaccounted: source {token.source_id} at {token.start}: {token.context}")
    return not left


def _corrections_stand(package: Package, folder: Path, say: Callable[[str], None]) -> bool:
    """Fail for a correction whose source no longer prints the error: the register must not outlive it."""
    texts = read_sources(package, folder)
    figures = {row["figure_id"]: row for row in package.rows("figures")}
    shown = package.project.shown(package.path("corrections"))
    gone = []
    for number, row in enumerate(package.rows("corrections"), start=2):
        figure = figures[row["figure_id"]]
        printed = texts[figure["source_id"]][figure["char_start"] : figure["char_end"]]
        if row["status"] != "withdrawn" and printed != row["expect"]:
            remedy = "The source was corrected or the row is wrong: withdraw it."
            gone.append(Problem(shown, repr(printed), repr(row["expect"]), remedy, number, "expect"))
    for problem in gone:
        say(str(problem))
    say(f"corrections: {len(package.rows('corrections'))} on record, {len(gone)} no longer printed")
    return not gone


def run_self_test(project: Project, trials: int, seed: int, say: Callable[[str], None]) -> int:
    """Plant errors in copies of the data and print how many of each kind are found."""
    package = Package(project)
    rates = self_test(load_figures(package), load_formulas(package), trials=trials, seed=seed)
    say(f"{trials} errors of each kind, seed {seed}; found when a verdict turns to contradicted")
    for rate in rates:
        label = "false alarms" if rate.kind == "harmless" else "found"
        say(f"  {rate.kind:15} {rate.planted:6} planted {rate.found:6} {label:12} {rate.rate:6.1%}")
    return EXIT_OK


def sample(project: Project, sources: Path, size: int, seed: int, say: Callable[[str], None]) -> int:
    """Print a seeded random sample of excluded tokens, to be read again by a second pair of eyes."""
    package = Package(project)
    for token in sample_excluded(account(package, read_sources(package, sources)), size, seed):
        say(f"{token.source_id} {token.start:6} {token.reason:30} {token.rule}  {token.context}")
    return EXIT_OK


def _built_findings(project: Project) -> dict[str, dict[str, object]]:
    """Return the findings of the newest edition's committed notebooks, so that a check needs no build."""
    from ..runs.documents import nbformat
    from ..runs.execute import RunResult, findings_of

    edition = find_edition(project, None)
    results = {}
    for name in edition.chapters:
        path = project.notebook(name)
        if path.is_file():
            results[name] = RunResult(name, path, findings_of(nbformat.read(path, as_version=4)), 0.0)
    return all_findings(results, edition)
