"""The report of the trials: JSON to be committed, text for the terminal, and the table in the docs made from the JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .smallbook import ROOT
from .trial import Result

REPORT = Path(__file__).with_name("report.json")
DOCS = ROOT / "docs" / "reference" / "faults.md"
BEGIN, END = "<!-- made by `make soak` from tests/soak/report.json -->", "<!-- end of what `make soak` made -->"
_LOADS = ("many-runs", "many-rows")


def read_report(path: Path = REPORT) -> dict[str, Any]:
    """Return the report as it is, an empty one when there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"faults": {}}


def seeds_of(fault: str, path: Path = REPORT) -> list[int]:
    """Return the seeds of the trials of one fault that are in the report."""
    seed = read_report(path)["faults"].get(fault, {}).get("seed", [])
    return seed if isinstance(seed, list) else [seed]


def add_result(result: Result, seed: int, path: Path = REPORT, *, more: bool = False) -> None:
    """Put the trials of one fault into the report, in the place of its earlier ones or, with `more`, beside them.

    Raises ValueError when trials of that seed are to be added a second time: they would be the same trials.
    """
    report = read_report(path)
    machine = {"system": platform.system(), "python": platform.python_version(), "processors": os.cpu_count()}
    row = {**result.as_json(), "seed": seed, "machine": machine}
    before = report["faults"].get(result.fault)
    if more and before is not None:
        seeds = seeds_of(result.fault, path)
        if seed in seeds:
            raise ValueError(f"{result.fault}: the trials of seed {seed} are in {path.name} already")
        row |= {name: before[name] + row[name] for name in ("trials", "losses", "seconds")}
        row |= {"seed": [*seeds, seed], "facts": {**before["facts"], **row["facts"]}}
    report["faults"][result.fault] = row
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    staged.replace(path)


def as_text(results: Iterable[Result]) -> str:
    """Return one line a fault, and every loss below its fault."""
    lines = []
    for result in results:
        outcome = f"skipped: {result.skipped}" if result.skipped else f"{result.trials} trials, {len(result.losses)} losses"
        facts = "".join(f"; {name}: {value}" for name, value in result.facts.items())
        lines.append(f"{result.fault:18} {outcome}, {result.seconds:.0f} s{facts}")
        lines += [f"    {loss}" for loss in result.losses]
    return "\n".join(lines)


def tables(report: Mapping[str, Any], order: Iterable[str]) -> str:
    """Return the tables of the docs: faults with their trials and losses, loads with what they measured."""
    found = report["faults"]
    named = [name for name in order if name in found]
    rows = [found[name] for name in named if name not in _LOADS]
    lines = ["| fault | what holds after it | trials | losses |", "| --- | --- | ---: | ---: |"]
    for row in rows:
        count = "skipped: " + row["skipped"] if row["skipped"] and not row["trials"] else str(row["trials"])
        lines.append(f"| {row['title']} | {row['rule']} | {count} | {len(row['losses'])} |")
    lines.append(f"| **together** | | **{sum(r['trials'] for r in rows)}** | **{sum(len(r['losses']) for r in rows)}** |")
    for row in (found[name] for name in named if name in _LOADS):
        lines += ["", f"**{row['title']}.** {row['rule']} Losses: {len(row['losses'])}.", "", "| measured | |", "| --- | ---: |"]
        lines += [f"| {name} | {value:,} |" for name, value in row["facts"].items() if not isinstance(value, list)]
        for series in (value for value in row["facts"].values() if isinstance(value, list)):
            lines += ["", "| " + " | ".join(series[0]) + " |", "| ---: " * len(series[0]) + "|"]
            lines += ["| " + " | ".join(f"{value:,}" for value in moment.values()) + " |" for moment in series]
    return "\n".join(lines)


def update_docs(order: Iterable[str], report: Path = REPORT, docs: Path = DOCS) -> bool:
    """Write the tables of a report into the docs; return whether they were others before."""
    text = docs.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    after = f"{head}{BEGIN}\n\n{tables(read_report(report), order)}\n\n{END}{tail}"
    if after != text:
        docs.write_text(after, encoding="utf-8")
    return after != text
