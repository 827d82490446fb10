"""Begin an edition from another one: its file, with a new id and new dates, comments and parameters kept."""

from __future__ import annotations

import calendar
import datetime
import json
import re
from dataclasses import replace

from ..errors import InputError, Problem
from ..project import Project
from . import steps
from .definition import ID, find_edition, load_editions, parse_edition
from .sign_off import without_signatures

# A key at the top of the file with its value: what is indented below it, as in `summary: >`, belongs to it.
_VALUE = r"(?m)^{key}:.*\n(?:(?:[ \t]*\n)*[ \t]+\S.*\n)*"


def new_edition(
    project: Project,
    edition_id: str,
    origin: str,
    *,
    as_of: str | None = None,
    compiled: str | None = None,
    summary: str | None = None,
) -> str:
    """Write book/editions/<id>.yml after the file of `origin` and return its path as a person would write it.

    Without `as_of` (ISO date) it is the last day of the month that the id names; `compiled` is by default that day.
    Raises InputError for an id that exists or cannot be a name, for a wrong date, and for an unknown `origin`.
    """
    source = find_edition(project, origin)
    path = project.editions / f"{edition_id}.yml"
    if not ID.fullmatch(edition_id):
        raise InputError(Problem(edition_id, "an id that cannot be a folder's name", "letters, digits, dots and hyphens"))
    if path.exists() or any(e.id == edition_id for e in load_editions(project)):
        raise InputError(
            Problem(project.shown(path), f"edition {edition_id} exists", "an id that is not taken", "Choose another.")
        )
    day = _date(as_of, "--as-of") if as_of else _end_of_month(edition_id)
    made = _date(compiled, "--compiled") if compiled else max(day, datetime.date.fromisoformat(source.compiled))
    fields = {
        "id": f'"{edition_id}"',
        "as_of": day.isoformat(),
        "compiled": made.isoformat(),
        "reconstruction": "false",
        "summary": json.dumps(summary or f"在{origin}版之上编制。", ensure_ascii=False),
    }
    origin_path = next(p for p in sorted(project.editions.glob("*.yml")) if parse_edition(p, project.shown(p)).id == origin)
    text = without_signatures(origin_path.read_text(encoding="utf-8"))
    for key, value in fields.items():
        line = f"{key}: {value}\n"
        # Escaped: a summary may hold a backslash, which a replacement would read as its own.
        text, count = re.subn(_VALUE.format(key=key), line.replace("\\", r"\\"), text)
        text += "" if count else line
    steps.replace(path, text.encode("utf-8"))
    try:
        parse_edition(path, project.shown(path))
    except InputError as error:
        path.unlink()
        raise InputError(replace(p, file=f"{p.file} (not written)") for p in error.problems) from error
    return project.shown(path)


def _end_of_month(edition_id: str) -> datetime.date:
    match = re.match(r"(\d{4})\.(0[1-9]|1[0-2])(?!\d)", edition_id)
    if match is None:
        remedy = "Say the date with --as-of 2025-01-31."
        raise InputError(Problem(edition_id, "an id that names no month", "an id such as 2025.01, or --as-of", remedy))
    year, month = int(match[1]), int(match[2])
    return datetime.date(year, month, calendar.monthrange(year, month)[1])


def _date(text: str, option: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(Problem(option, repr(text), "a date such as 2025-01-31")) from error
