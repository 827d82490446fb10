"""The definition of an edition: one YAML file under book/editions/."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project

_KEYS = ("id", "title", "as_of", "compiled", "reconstruction", "summary", "chapters", "parameters")
_NEEDED = ("id", "title", "as_of", "compiled", "summary", "chapters")


@dataclass(frozen=True)
class Edition:
    """An immutable, dated build: what was known by `as_of`, compiled on a stated day."""

    id: str
    title: str
    as_of: str
    compiled: str
    summary: str
    chapters: tuple[str, ...]
    reconstruction: bool = True
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name a reader sees, with the mark of a reconstruction."""
        return f"{self.id} 回溯重建版" if self.reconstruction else f"{self.id} 版"


def load_editions(project: Project) -> list[Edition]:
    """Return every edition of the project, oldest first; raises InputError with every fault in every file."""
    problems: list[Problem] = []
    editions: dict[str, Edition] = {}
    for path in sorted(project.editions.glob("*.yml")):
        try:
            edition = parse_edition(path, project.shown(path))
        except InputError as error:
            problems += error.problems
            continue
        if edition.id in editions:
            problems.append(Problem(project.shown(path), f"id {edition.id} a second time", "an id of its own"))
        editions[edition.id] = edition
    if not editions and not problems:
        problems.append(Problem(project.shown(project.editions), "no edition file", "at least one *.yml"))
    if problems:
        raise InputError(problems)
    return sorted(editions.values(), key=lambda e: (e.as_of, e.id))


def find_edition(project: Project, edition_id: str | None) -> Edition:
    """Return an edition by id, the newest when `edition_id` is None."""
    editions = load_editions(project)
    if edition_id is None:
        return editions[-1]
    for edition in editions:
        if edition.id == edition_id:
            return edition
    known = [e.id for e in editions]
    raise InputError(
        Problem("book/editions", f"no edition {edition_id!r}", one_of(known), did_you_mean(edition_id, known))
    )


def parse_edition(path: Path, shown: str) -> Edition:
    """Return the edition that a file defines; raises InputError with every fault in it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(Problem(shown, str(error).replace("\n", " "), "YAML in UTF-8")) from error
    problems = [
        Problem(shown, f"an unknown key {key!r}", one_of(_KEYS), did_you_mean(str(key), _KEYS)) for key in content if key not in _KEYS
    ]
    problems += [Problem(shown, f"no {key}", "a value", column=key) for key in _NEEDED if not content.get(key)]
    for key in ("as_of", "compiled"):
        value = content.get(key)
        if value is not None and not isinstance(value, datetime.date):
            problems.append(Problem(shown, repr(value), "a date such as 2024-09-30", column=key))
    if problems:
        raise InputError(problems)
    return Edition(
        id=str(content["id"]),
        title=content["title"],
        as_of=content["as_of"].isoformat(),
        compiled=content["compiled"].isoformat(),
        summary=content["summary"],
        chapters=tuple(content["chapters"]),
        reconstruction=bool(content.get("reconstruction", True)),
        parameters=content.get("parameters") or {},
    )
