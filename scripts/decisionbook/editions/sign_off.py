"""Sign-off: who wrote, checked, reviewed and issued an edition, and which findings they saw."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..data.text import text_fault
from ..errors import CheckFailed, InputError, Problem, did_you_mean, one_of
from ..project import Project
from . import steps
from .definition import AUDIENCE_WORDS, ROLES, Edition, Signature, find_edition, parse_edition
from .manifest import describe, read_manifest

if TYPE_CHECKING:
    from ..reconcile import Reconciled

_BLOCK = re.compile(r"(?m)^signatures:.*\n(?:(?:[ \t-].*)?\n)*")
# What a signature itself changes in the description of a build.
_OWN = ("signatures", "sign_off")


def findings_hash(findings: Mapping[str, Mapping[str, Any]], rows: Sequence[Reconciled]) -> str:
    """Return the SHA-256 of what a signature vouches for: every finding with its bounds, and every verdict."""
    seen = {
        "findings": {name: {k: v for k, v in f.items() if k != "parameters"} for name, f in findings.items()},
        "verdicts": {row.figure.figure_id: row.verdict for row in rows},
    }
    text = json.dumps(seen, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sign(project: Project, edition_id: str, role: str, name: str, date: str) -> list[str]:
    """Add a signature under the findings of the working build and return the lines to show.

    The roles sign in their order, and whoever checks is not who wrote. Raises InputError for an unknown role, an empty
    name or a date that does not exist, and CheckFailed when there is no current build or an earlier role is missing.
    """
    edition = find_edition(project, edition_id)
    problems = []
    if role not in ROLES:
        problems.append(Problem("--role", repr(role), one_of(ROLES), did_you_mean(role, ROLES)))
    if not name.strip():
        problems.append(Problem("--name", "no name", "the name of the person who signs"))
    elif found := text_fault(name) or ("a line break" if re.search(r"[\t\r\n]", name.strip()) else ""):
        problems.append(Problem("--name", found, "a name on one line, of printable characters", "Type it again."))
    try:
        signed_on = datetime.date.fromisoformat(date)
    except ValueError:
        problems.append(Problem("--date", repr(date), "a date such as 2024-10-08"))
    if problems:
        raise InputError(problems)
    edition = _current(project, edition)
    before = ROLES[: ROLES.index(role)]
    missing = "、".join(r for r in before if r not in edition.valid_signatures)
    if missing:
        raise CheckFailed(f"{role} comes after {missing}: there is no valid signature of {missing} under these findings.")
    writer = edition.valid_signatures.get(ROLES[0])
    if role == ROLES[1] and writer is not None and writer.name == name.strip():
        raise CheckFailed(f"{name} wrote this edition; {role} needs a second pair of eyes.")
    signature = Signature(role, name.strip(), signed_on.isoformat(), edition.findings_hash)
    _write(project, edition, [*(s for s in edition.signatures if s.role != role), signature])
    return state(find_current(project, edition_id))


def withdraw(project: Project, edition_id: str, role: str) -> list[str]:
    """Take back the signature of a role, and with it those of the roles after it; return the lines to show."""
    edition = find_edition(project, edition_id)
    if role not in ROLES:
        raise InputError(Problem("--withdraw", repr(role), one_of(ROLES), did_you_mean(role, ROLES)))
    gone = ROLES[ROLES.index(role) :]
    if not any(s.role in gone for s in edition.signatures):
        raise InputError(Problem("--withdraw", f"no signature of {role}", "a role that has signed"))
    _write(project, edition, [s for s in edition.signatures if s.role not in gone])
    return state(find_current(project, edition_id))


def find_current(project: Project, edition_id: str) -> Edition:
    """Return an edition with the hash of the findings in its working build, none without a build."""
    edition = find_edition(project, edition_id)
    built = read_manifest(project.built(edition.id)) or {}
    return replace(edition, findings_hash=str(built.get("findings_hash", "")))


def state(edition: Edition) -> list[str]:
    """Return one line a role: who signed and when, and whether that still holds."""
    lines = []
    by_role = {s.role: s for s in edition.signatures}
    for role in ROLES:
        given = by_role.get(role)
        if given is None:
            lines.append(f"{role}  -")
        else:
            holds = "valid" if role in edition.valid_signatures else "void: the findings have changed since"
            lines.append(f"{role}  {given.name}  {given.date}  {holds}")
    missing = [role for role in ROLES if role not in edition.valid_signatures]
    lines.append(f"still to sign: {', '.join(missing)}; until then it prints 送审稿" if edition.draft else "signed by all four")
    return lines


def office_facts(edition: Edition) -> dict[str, Any]:
    """Return what cover, imprint and summary say of issue number, audience, distribution and signatures."""
    return {
        "draft": edition.draft,
        "issue_number": edition.issue_number,
        "audience": AUDIENCE_WORDS.get(edition.audience, ""),
        "distribution": "、".join(edition.distribution),
        "signatures": [
            {"role": role, "name": edition.valid_signatures[role].name, "date": edition.valid_signatures[role].date}
            for role in ROLES
            if role in edition.valid_signatures
        ],
    }


def _current(project: Project, edition: Edition) -> Edition:
    """Return the edition with the findings of its working build; raises CheckFailed when there is none, or an old one."""
    built = read_manifest(project.built(edition.id))
    again = f"Run decisionbook build --edition {edition.id}, read it, then sign."
    if built is None or not built.get("findings_hash"):
        raise CheckFailed(f"There is no working build of {edition.id} to sign. {again}")
    stale = [k for k, v in describe(project, edition).items() if k not in _OWN and k in built and built[k] != v]
    if stale:
        changed = ", ".join(stale)
        raise CheckFailed(f"The working build of {edition.id} is older than the project; changed since: {changed}. {again}")
    return find_current(project, edition.id)


def _write(project: Project, edition: Edition, signatures: Sequence[Signature]) -> None:
    """Put the signatures into the edition's file, in the order of the roles; the rest of the file keeps its text."""
    path = next(p for p in sorted(project.editions.glob("*.yml")) if parse_edition(p, project.shown(p)).id == edition.id)
    text = without_signatures(path.read_text(encoding="utf-8"))
    lines = ["signatures:\n"] if signatures else []
    for given in sorted(signatures, key=lambda s: ROLES.index(s.role)):
        quoted = json.dumps(given.name, ensure_ascii=False)
        lines.append(f"  - {{role: {given.role}, name: {quoted}, date: {given.date},\n     findings: {given.findings}}}\n")
    steps.replace(path, (text + "".join(lines)).encode("utf-8"))


def without_signatures(text: str) -> str:
    """Return the text of an edition file without its signatures: they belong to what their signers saw."""
    return _BLOCK.sub("", text if text.endswith("\n") else text + "\n")
