"""The definition of an edition: one YAML file under book/editions/."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.context import RunContext, by_age
from ..data.declarations import STATUSES
from ..data.known import AUDIENCES, INTERNAL, PUBLIC
from ..data.package import Package
from ..data.text import text_problems
from ..data.yaml_files import read_yaml
from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project

_KEYS = (
    "id", "title", "as_of", "compiled", "reconstruction", "summary", "chapters", "parameters", "status",
    "audience", "issue_number", "distribution", "signatures",
)  # fmt: skip
_NEEDED = ("id", "title", "as_of", "compiled", "summary", "chapters")
# An id is the name of a folder, of a ZIP and of a PDF, and part of an address.
ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
_STATUS_KEYS = ("status", "data_until", "note")
_SIGNATURE_KEYS = ("role", "name", "date", "findings")
# In the order in which they sign: who wrote it, who checked it, who reviewed it, who issued it.
ROLES = ("执笔", "复核", "审核", "签发")
AUDIENCE_WORDS = {INTERNAL: "内部", PUBLIC: "公开"}


@dataclass(frozen=True)
class Timeliness:
    """What an edition says of a chapter in place of its declaration; None keeps what the chapter declares."""

    status: str | None = None
    data_until: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Signature:
    """One person's name under the findings (their SHA-256) that they saw."""

    role: str
    name: str
    date: str
    findings: str


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
    timeliness: Mapping[str, Timeliness] = field(default_factory=dict)
    # Set by a command for its runs, never by the file.
    limits: Mapping[str, Any] = field(default_factory=dict)
    # Empty: nothing is left out, and the cover says nothing of it.
    audience: str = ""
    issue_number: str = ""
    distribution: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    # Not in the file: the hash of the findings of the build at hand.
    findings_hash: str = ""

    @property
    def valid_signatures(self) -> dict[str, Signature]:
        """The signatures by role that stand under the findings of the build at hand; a later change voids the others."""
        return {s.role: s for s in self.signatures if s.findings == self.findings_hash and self.findings_hash}

    @property
    def draft(self) -> bool:
        """Whether a role has not signed these findings; such a build prints 送审稿."""
        return not set(ROLES) <= self.valid_signatures.keys()

    def package(self, project: Project, tables: Mapping[str, Path] | None = None) -> Package:
        """Return the Data Package as this edition may show it; `tables` are an analyst's, by name."""
        return Package(project, tables, self.as_of, self.audience or INTERNAL)

    def context(self, project: Project, tables: Mapping[str, Path] | None = None) -> RunContext:
        """Return the context of a run for this edition."""
        return RunContext(project, self.id, self.as_of, tables or {}, self.audience or INTERNAL, self.limits)

    @property
    def label(self) -> str:
        """The name a reader sees, with the mark of a reconstruction."""
        return f"{self.id} 回溯重建版" if self.reconstruction else f"{self.id} 版"

    @property
    def mark(self) -> str:
        """The marks beside the id: a reconstruction, a draft that is not yet signed; empty for an issued edition."""
        return "·".join(word for word, holds in (("回溯重建版", self.reconstruction), ("送审稿", self.draft)) if holds)


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
    return sorted(editions.values(), key=lambda e: by_age(e.as_of, e.id))


def find_edition(project: Project, edition_id: str | None) -> Edition:
    """Return an edition by id, the newest when `edition_id` is None."""
    editions = load_editions(project)
    if edition_id is None:
        return editions[-1]
    for edition in editions:
        if edition.id == edition_id:
            return edition
    known = [e.id for e in editions]
    raise InputError(Problem("book/editions", f"no edition {edition_id!r}", one_of(known), did_you_mean(edition_id, known)))


def parse_edition(path: Path, shown: str) -> Edition:
    """Return the edition that a file defines; raises InputError with every fault in it."""
    content = read_yaml(path, shown) or {}
    if not isinstance(content, dict):
        raise InputError(Problem(shown, repr(content)[:60], f"keys and values: {one_of(_KEYS)}"))
    if unfit := text_problems(content, shown):
        raise InputError(unfit)
    problems = [
        Problem(shown, f"an unknown key {key!r}", one_of(_KEYS), did_you_mean(str(key), _KEYS))
        for key in content
        if key not in _KEYS
    ]
    problems += [Problem(shown, f"no {key}", "a value", column=key) for key in _NEEDED if not content.get(key)]
    for key in ("as_of", "compiled"):
        value = content.get(key)
        if value is not None and type(value) is not datetime.date:
            problems.append(Problem(shown, repr(value), "a date such as 2024-09-30", column=key))
    problems += _faults(content, shown) + _office_faults(content, shown)
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
        timeliness={name: _timeliness(given) for name, given in (content.get("status") or {}).items()},
        audience=content.get("audience") or "",
        issue_number=str(content.get("issue_number") or ""),
        distribution=tuple(content.get("distribution") or ()),
        signatures=tuple(Signature(**{k: str(v) for k, v in s.items()}) for s in content.get("signatures") or ()),
    )


def _faults(content: Mapping[str, Any], shown: str) -> list[Problem]:
    """Return what is wrong with the values of an edition file, each for itself."""
    problems: list[Problem] = []
    named = content.get("id")
    if isinstance(named, float) or (named and not ID.fullmatch(str(named))):
        remedy = "Put it in quotes: 2024.10 without them is the number 2024.1." if isinstance(named, float) else ""
        problems.append(Problem(shown, repr(named), "letters, digits, dots and hyphens, in quotes", remedy, column="id"))
    as_of, compiled = content.get("as_of"), content.get("compiled")
    if type(as_of) is datetime.date and type(compiled) is datetime.date and compiled < as_of:
        problems.append(Problem(shown, f"compiled {compiled}", f"a day on or after as_of {as_of}", column="compiled"))
    chapters = content.get("chapters") or []
    if not isinstance(chapters, list) or not all(isinstance(name, str) for name in chapters):
        problems.append(Problem(shown, repr(chapters)[:60], "a list of chapter names", column="chapters"))
        chapters = []
    for name in sorted({c for c in chapters if chapters.count(c) > 1}):
        problems.append(Problem(shown, f"{name} twice", "each chapter once", "Take one out.", column="chapters"))
    for key in ("parameters", "status"):
        if not isinstance(content.get(key) or {}, dict):
            problems.append(Problem(shown, repr(content[key])[:60], "entries by chapter", column=key))
            return problems
    for name, given in (content.get("status") or {}).items():
        if name not in chapters:
            expected, near = "a chapter of this edition", did_you_mean(str(name), chapters)
            problems.append(Problem(shown, f"status of {name}", expected, near, column="status"))
        entry = given if isinstance(given, dict) else {"status": given}
        problems += [
            Problem(shown, f"key {key!r} of {name}", one_of(_STATUS_KEYS), did_you_mean(str(key), _STATUS_KEYS), column="status")
            for key in entry
            if key not in _STATUS_KEYS
        ]
        if entry.get("status") is not None and entry["status"] not in STATUSES:
            near = did_you_mean(str(entry["status"]), STATUSES)
            problems.append(Problem(shown, f"{name}: {entry['status']!r}", one_of(STATUSES), near, column="status"))
    return problems


def _office_faults(content: Mapping[str, Any], shown: str) -> list[Problem]:
    """Return what is wrong with audience, distribution list and signatures."""
    problems: list[Problem] = []
    audience = content.get("audience")
    if audience is not None and audience not in AUDIENCES:
        near = did_you_mean(str(audience), AUDIENCES)
        problems.append(Problem(shown, repr(audience), one_of(AUDIENCES), near, column="audience"))
    listed = content.get("distribution") or []
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        problems.append(Problem(shown, repr(listed)[:60], "a list of names", column="distribution"))
    signatures = content.get("signatures") or []
    if not isinstance(signatures, list) or not all(isinstance(s, dict) for s in signatures):
        problems.append(Problem(shown, repr(signatures)[:60], "a list of signatures", column="signatures"))
        return problems
    for given in signatures:
        if set(given) != set(_SIGNATURE_KEYS):
            expected = f"a signature with {', '.join(_SIGNATURE_KEYS)}"
            problems.append(Problem(shown, repr(given)[:60], expected, "Sign with decisionbook sign.", column="signatures"))
        elif given["role"] not in ROLES:
            near = did_you_mean(str(given["role"]), ROLES)
            problems.append(Problem(shown, f"role {given['role']!r}", one_of(ROLES), near, column="signatures"))
    roles = [s.get("role") for s in signatures]
    twice = sorted({str(r) for r in roles if roles.count(r) > 1})
    problems += [Problem(shown, f"{r} twice", "each role once", "Take one out.", column="signatures") for r in twice]
    return problems


def _timeliness(given: Any) -> Timeliness:
    entry = given if isinstance(given, dict) else {"status": given}
    return Timeliness(**{key: None if value is None else str(value) for key, value in entry.items()})
