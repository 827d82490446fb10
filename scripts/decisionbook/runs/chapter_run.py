"""One chapter run again: its findings as a file, and how they differ from those of the book."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.context import RunContext
from ..data.text import write_for_excel
from .execute import RunResult, execute, findings_of, read_notebook

FINDINGS, DIFF_CSV, DIFF_TEXT = "findings.json", "diff.csv", "diff.txt"
DIFF_COLUMNS = ("finding", "unit", "edition", "run", "difference", "relative_percent", "status")
Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One finding in the book and in a run, in its unit; `difference` and `relative` (a ratio) only between numbers."""

    name: str
    unit: str
    edition: float | str | None
    run: float | str | None
    status: str

    @property
    def difference(self) -> float | None:
        """The run less the edition, None unless both are numbers."""
        if not _number(self.edition) or not _number(self.run):
            return None
        difference = float(self.run) - float(self.edition)  # type: ignore[arg-type]
        # Findings have 12 significant digits; what a subtraction leaves below them is noise.
        scale = max(abs(float(self.run)), abs(float(self.edition)))  # type: ignore[arg-type]
        return 0.0 if abs(difference) < scale * 1e-11 else float(f"{difference:.12g}")

    @property
    def relative(self) -> float | None:
        """The difference over the size of the edition's value, as a ratio; None when there is none."""
        if self.difference is None or not self.edition:
            return None
        return float(f"{self.difference / abs(float(self.edition)):.6g}")

    def as_row(self) -> dict[str, Any]:
        """Return the difference by the names of DIFF_COLUMNS, what is missing as an empty text."""
        relative = None if self.relative is None else float(f"{self.relative * 100:.6g}")
        values = (self.name, self.unit, self.edition, self.run, self.difference, relative, self.status)
        return {key: "" if value is None else value for key, value in zip(DIFF_COLUMNS, values, strict=True)}


def run_chapter(chapter: str, context: RunContext, values: Mapping[str, Any], folder: Path) -> RunResult:
    """Execute a chapter into `folder` and write its findings, keyed `chapter.name`, to findings.json beside it."""
    result = execute(chapter, context, folder / f"{chapter}.ipynb", values)
    recorded = {f"{chapter}.{name}": {**f, "parameters": dict(values)} for name, f in result.findings.items()}
    text = json.dumps(recorded, ensure_ascii=False, indent=1)
    (folder / FINDINGS).write_text(text + "\n", encoding="utf-8")
    return result


def committed_findings(context: RunContext, chapter: str) -> dict[str, dict[str, Any]]:
    """Return the findings that the outputs of the committed notebook hold, by name."""
    source = context.project.notebook(chapter)
    return findings_of(read_notebook(source, context.project.shown(source)))


def compare(edition: Mapping[str, Finding], run: Mapping[str, Finding]) -> list[Difference]:
    """Return every finding of both, in the order of the run: same, changed, new, or gone."""
    listed = []
    for name in [*run, *(n for n in edition if n not in run)]:
        old, new = edition.get(name), run.get(name)
        status = "new" if old is None else "gone" if new is None else "same"
        shown = new or old or {}
        values = (None if old is None else old["value"], None if new is None else new["value"])
        found = Difference(name, shown.get("unit", ""), *values, status)
        if status == "same" and _differs(found, old or {}, new or {}):
            found = Difference(name, found.unit, found.edition, found.run, "changed")
        listed.append(found)
    return listed


def _differs(found: Difference, old: Finding, new: Finding) -> bool:
    if old.get("unit", "") != new.get("unit", ""):
        return True
    return bool(found.difference) if found.difference is not None else found.edition != found.run


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_differences(differences: Sequence[Difference], folder: Path, against: str) -> str:
    """Write diff.csv (all findings) and diff.txt (what differs), and return the text; `against` names the other side."""
    write_for_excel(folder / DIFF_CSV, [DIFF_COLUMNS, *(d.as_row().values() for d in differences)])
    text = as_text(differences, against)
    (folder / DIFF_TEXT).write_text(text + "\n", encoding="utf-8")
    return text


def as_text(differences: Sequence[Difference], against: str, most: int | None = None) -> str:
    """Return what differs, one line a finding, at most `most` of them."""
    changed = [d for d in differences if d.status != "same"]
    if not changed:
        return f"All {len(differences)} findings are as in {against}."
    lines = [f"{len(changed)} of {len(differences)} findings differ from {against}:"]
    width = min(32, max(len(d.name) for d in changed))
    for d in changed[:most]:
        change = f"{_shown(d.edition)} → {_shown(d.run)}"
        relative = "" if d.relative is None else f"  ({d.relative * 100:+.4g}%)"
        lines.append(f"  {d.name:{width}} {change} {d.unit}{relative}".rstrip())
    if most is not None and len(changed) > most:
        lines.append(f"  … and {len(changed) - most} more in {DIFF_CSV}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "—" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def changed_values(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the parameters that are not those of the book: their value there and here."""
    return {name: (before.get(name), value) for name, value in values.items() if before.get(name) != value}


def names_of(findings: Mapping[str, Finding], chapter: str) -> dict[str, Finding]:
    """Return the findings of one chapter by their own names."""
    prefix = f"{chapter}."
    return {name.removeprefix(prefix): f for name, f in findings.items() if name.startswith(prefix)}
