"""`decisionbook check`: the data against its schema, the places against the sources, the prints against arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..data.package import Package
from ..data.published import check_places, check_register
from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError
from ..project import Project
from ..reconcile import count_verdicts
from .build import all_findings, reconcile_edition
from .definition import find_edition


def check(project: Project, sources: Path | None, say: Callable[[str], None]) -> int:
    """Validate, verify and reconcile; print what fails and return the exit code (2 for data that break the schema)."""
    package = Package(project)
    problems = package.validate()
    problems = problems or check_register(package)
    if problems:
        raise InputError(problems)
    counted = ", ".join(f"{len(package.rows(name))} {name}" for name in package.tables)
    say(f"data: valid ({counted})")
    failed = False
    if sources is None:
        say("places: not verified; name the folder of the source texts with --sources DIR")
    else:
        faults, compared = check_places(package, sources)
        for fault in faults:
            say(str(fault))
        say(f"places: {compared} compared with the source texts, {len(faults)} faults")
        failed |= bool(faults)
    edition = find_edition(project, None)
    findings = _built_findings(project)
    rows = reconcile_edition(project, edition, findings)
    say(f"reconciliation ({edition.id}): " + ", ".join(f"{n} {v}" for v, n in count_verdicts(rows).items()))
    for row in rows:
        if row.verdict == "contradicted":
            answer = f"{row.answer.value:.6g} {row.figure.unit_measure}" if row.answer else ""
            say(f"  contradicted: {row.figure.figure_id} prints {row.figure.published}, follows {answer}; {row.cause or 'no cause on record'}")
            failed |= not row.cause
    return EXIT_CHECK_FAILED if failed else EXIT_OK


def _built_findings(project: Project) -> dict[str, dict[str, object]]:
    """Return the findings of the newest edition's committed notebooks, so that a check needs no build."""
    import nbformat

    from ..runs.execute import RunResult, findings_of

    edition = find_edition(project, None)
    results = {}
    for name in edition.chapters:
        path = project.notebook(name)
        if path.is_file():
            results[name] = RunResult(name, path, findings_of(nbformat.read(path, as_version=4)), 0.0)
    return all_findings(results, edition)
