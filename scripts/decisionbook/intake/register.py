"""Registering a document: its number, its kept text, and what its first page says of title, issue and date."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..data.package import Package
from ..errors import InputError, Problem, counted
from .candidates import Candidate
from .documents import Document, Say
from .draft import Draft, figure_rows, make_draft
from .numerals import narrow
from .report import in_chinese
from .sheet import write_sheet
from .units import with_composed

_ISSUE = re.compile(r"(?:(?:19|20)\d\d\s*年\s*)?第\s*\d+\s*期(?:\s*[（(]\s*总第\s*\d+\s*期\s*[）)])?")
_DATE = re.compile(r"^\s*((?:19|20)\d\d)\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?\s*$", re.MULTILINE)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def next_source(package: Package) -> str:
    """Return the first source number that is not taken."""
    return f"{max((int(r['source_id']) for r in package.rows('sources')), default=-1) + 1:03}"


def source_row(document: Document, source_id: str, given: dict[str, str]) -> dict[str, str]:
    """Return the row of sources.csv as far as the document says it; what was given on the command line goes first."""
    head = narrow(document.text[:1500])
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    issue, date = _ISSUE.search(head), _DATE.search(head)
    published, precision = "", ""
    if date:
        month = min(max(int(date[2]), 1), 12)
        day = int(date[3]) if date[3] else _DAYS[month - 1]
        published, precision = f"{date[1]}-{month:02}-{day:02}", "day" if date[3] else "month"
    body = [line for line in lines if not _ISSUE.fullmatch(line) and not _DATE.fullmatch(line)]
    publishers = [
        line
        for line in body[:8]
        if re.search(r"(?:中心|研究院|局|委员会|厅|部|办公室|图书馆|研究会|学会)$", line) and len(line) < 30
    ]
    series = body[0] if issue and body and body[0] not in publishers and len(body[0]) < 24 else ""
    titles = [
        line
        for line in body
        if line not in publishers
        and line != series
        and 6 <= len(line) <= 40
        and not line.endswith("。")
        # A line in brackets names the kind of issue: （大数据分析专题）.
        and not re.fullmatch(r"[（(].*[）)]", line)
    ]
    row = {
        "source_id": source_id,
        "title": titles[0] if titles else document.path.stem,
        "publisher": "、".join(dict.fromkeys(publishers)),
        "series": f"{series} {issue[0]}".strip() if issue else "",
        "published_on": published,
        "date_precision": precision,
        "file": f"{source_id}_{document.sha256[:16]}.txt",
        "sha256": document.sha256,
        "note": "；".join(in_chinese(n) for n in document.notes if "not read" in n or "tracked" in n),
    }
    row |= {key: value for key, value in given.items() if value}
    if given.get("published_on"):
        row["date_precision"] = given.get("date_precision") or "day"
    return row


def intake(
    package: Package, document: Document, target: Path, folder: Path, source_id: str, given: dict[str, str], say: Say
) -> Draft:
    """Keep the document's text in `folder` and write the drafted sheet; nothing in data/ changes."""
    registered = {r["source_id"]: r for r in package.rows("sources")}
    twin = next((s for s, r in registered.items() if r["sha256"] == document.sha256), "")
    if source_id in registered or twin:
        found = f"source {source_id or twin} on record" if source_id in registered else f"the same text as source {twin}"
        remedy = f"The next free number is {next_source(package)}." if source_id in registered else "It is registered already."
        raise InputError(Problem(str(document.path), found, "a document that is not registered", remedy, column="source_id"))
    if not re.fullmatch(r"\d{3}", source_id):
        raise InputError(
            Problem("--source-id", repr(source_id), "three digits", f"The next free number is {next_source(package)}.")
        )
    row = source_row(document, source_id, given)
    draft = make_draft(package, document, source_id, published_on=row["published_on"])
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / row["file"]
    kept.write_bytes(document.text.encode("utf-8"))
    grids: dict[str, list[dict[str, Any]]] = {
        "figures": figure_rows(draft),
        "formulas": formula_rows(draft),
        "excluded": [
            {"char_start": e.start, "char_end": e.end, "text": e.text, "reason": e.reason, "rule": e.note,
             "excerpt": draft.context.excerpt(e.start, e.end, 14)}
            for e in draft.excluded
        ],
        "source": [row],
    }  # fmt: skip
    write_sheet(package, target, grids)
    for note in document.notes:
        say(f"note: {note}")
    say(
        f"source {source_id}: {row['title']}, {row['published_on'] or 'no date found: give --date'}, "
        f"{len(document.text)} characters"
    )
    say(f"text kept as {kept}")
    printed = {n.unit for n in draft.numbers}
    unknown = sorted(printed - set(with_composed({r["unit_measure"]: r for r in package.rows("units")}, printed)))
    indicators = sum(bool(r["indicator"]) for r in grids["figures"])
    say(f"{counted(len(draft.numbers), 'figure')} drafted ({indicators} with an indicator), "
        f"{counted(len(draft.candidates), 'candidate formula')}, {counted(len(draft.tables), 'table')}, "
        f"{counted(len(draft.excluded), 'token')} excluded")  # fmt: skip
    if unknown:
        say(f"units that data/units.csv does not have: {', '.join(unknown)}; write them as one that it has, or add a row there")
    say(f"sheet: {target}")
    say("next: fill the column confirm (是 or 否), correct what is wrong, then decisionbook intake --apply "
        f"{target} --sources {folder}")  # fmt: skip
    return draft


def formula_rows(draft: Draft) -> list[dict[str, Any]]:
    """Return the candidate formulas with their prints, to be judged at a glance."""
    printed = {key: n.published for key, n in zip(draft.keys, draft.numbers, strict=True)}
    rows, seen = [], set()
    for candidate in draft.candidates:
        reading, extra = candidate.reading, 2
        while (candidate.key, reading) in seen:
            reading, extra = f"{candidate.reading}{extra}", extra + 1
        seen.add((candidate.key, reading))
        rows.append(
            {
                "figure_id": candidate.key,
                "reading": reading,
                "expression": candidate.expression,
                "inputs": candidate.inputs_text,
                "guess_confidence": f"{candidate.confidence:.2f}",
                "shown": _shown(candidate, printed),
            }
        )
    return rows


def _shown(candidate: Candidate, printed: dict[str, str]) -> str:
    inputs = "，".join(f"{name}：{printed.get(key, key)}" for name, key in candidate.inputs)
    return f"{printed.get(candidate.key, candidate.key)} ← {candidate.expression}（{inputs}）"
