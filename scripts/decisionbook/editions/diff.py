"""What changed between two editions: chapters, findings and why they moved, verdicts, figures, charts and tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data.known import PUBLIC
from ..errors import InputError, Problem
from ..project import Project
from .clauses import Phrase, phrases
from .definition import Edition, find_edition, load_editions
from .snapshot import SNAPSHOT

CAUSES = {
    "parameter": "changed parameter",
    "source": "new source",
    "statistics": "newly published statistics",
    "data": "revised data",
    "code": "changed code",
    "date": "later date",
}
# Twelve digits are recorded; a difference in the last ones is another machine's arithmetic, not a change.
_SAME = 1e-10

Snapshot = Mapping[str, Any]


def record_path(project: Project, edition_id: str) -> Path:
    """Return where the snapshot of a published edition is committed."""
    return project.editions / "published" / f"{edition_id}.findings.json"


def load_snapshot(project: Project, edition: Edition) -> Snapshot:
    """Return the snapshot of an edition: the committed one of a published edition, otherwise that of the working build."""
    working = project.built(edition.id) / SNAPSHOT
    for path in (record_path(project, edition.id), working):
        if path.is_file():
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise InputError(Problem(project.shown(path), str(error), "a snapshot in JSON", "Restore the file.")) from error
    remedy = f"Build it first: decisionbook build --edition {edition.id}"
    raise InputError(Problem(project.shown(working), f"no build of {edition.id}", "a published or a built edition", remedy))


def previous_edition(project: Project, edition: Edition) -> Edition | None:
    """Return the last edition before this one, None for the first.

    A public edition follows the last public one: what it left out of an internal one is not for its readers.
    """
    earlier = [e for e in load_editions(project) if (e.as_of, e.id) < (edition.as_of, edition.id)]
    if edition.audience == PUBLIC:
        earlier = [e for e in earlier if e.audience == PUBLIC]
    return earlier[-1] if earlier else None


def published_before(project: Project, edition: Edition) -> Snapshot | None:
    """Return the snapshot with which 版本变化 compares: of the edition before this one, once it is published."""
    previous = previous_edition(project, edition)
    if previous is None or not record_path(project, previous.id).is_file():
        return None
    return load_snapshot(project, previous)


def diff(project: Project, old_id: str, new_id: str) -> dict[str, Any]:
    """Return what changed from one edition to another, as `compare` does; raises InputError when one is not built."""
    old, new = (load_snapshot(project, find_edition(project, name)) for name in (old_id, new_id))
    return compare(old, new)


def compare(old: Snapshot, new: Snapshot) -> dict[str, Any]:
    """Return what changed between two snapshots, as plain JSON, what matters most first.

    Moved findings: those of 要点 first, then by the size of the relative change. One whose sentence changed beside its number
    (another year, another rule) is `reworded`: it has both sentences and no difference. Verdicts: those that turned to or
    from `contradicted` first.
    """
    both = [name for name in new["chapters"] if name in old["chapters"]]
    said = {name: (_phrases(name, old), _phrases(name, new)) for name in both}
    moved = [m for name in both for m in _moved(name, old, new, *said[name])]
    return {
        "from": _head(old),
        "to": _head(new),
        "chapters": {
            "added": _titles(new, old["chapters"]),
            "withdrawn": _titles(old, new["chapters"]),
        },
        "sources": {
            "added": [{"source_id": s, "title": e["title"]} for s, e in new["sources"].items() if s not in old["sources"]],
            "revised": [
                s for s, e in new["sources"].items() if s in old["sources"] and e["tables"] != old["sources"][s]["tables"]
            ],
        },
        "statistics": _statistics(old, new),
        "parameters": [p for name in both for p in _parameters(name, old, new)],
        "moved": sorted(moved, key=_importance),
        "findings": {
            "added": [f"{c}.{n}" for c in both for n in new["findings"][c] if n not in old["findings"][c]],
            "withdrawn": [f"{c}.{n}" for c in both for n in old["findings"][c] if n not in new["findings"][c]],
        },
        "sentences": [entry for name in both for entry in _sentences(name, old, new, *said[name])],
        "texts": sum(_reworded(old["findings"][c].get(n), v) for c in both for n, v in new["findings"][c].items()),
        "verdicts": _verdicts(old, new),
        "figures": _figures(old, new),
        "displays": {
            "added": _displays(new, old, both),
            "withdrawn": _displays(old, new, both),
        },
    }


def _head(snapshot: Snapshot) -> dict[str, str]:
    return {"id": snapshot["edition"], "label": snapshot["label"], "as_of": snapshot["as_of"]}


def _titles(snapshot: Snapshot, known: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "title": c["title"]} for name, c in snapshot["chapters"].items() if name not in set(known)]


def _statistics(old: Snapshot, new: Snapshot) -> dict[str, Any]:
    before, after = old["statistics"], new["statistics"]
    return {
        "added": sorted(after.keys() - before.keys()),
        "revised": sorted(key for key in after.keys() & before.keys() if after[key] != before[key]),
        "withdrawn": sorted(before.keys() - after.keys()),
    }


def _parameters(name: str, old: Snapshot, new: Snapshot) -> list[dict[str, Any]]:
    before, after = old["chapters"][name]["parameters"], new["chapters"][name]["parameters"]
    title = new["chapters"][name]["title"]
    keys = [*after, *(key for key in before if key not in after)]
    return [
        {"chapter": name, "title": title, "parameter": key, "old": before.get(key), "new": after.get(key)}
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _phrases(name: str, snapshot: Snapshot) -> dict[str, Phrase]:
    # A record of an earlier form of snapshots has no clauses.
    clauses = snapshot.get("clauses", {}).get(name, ())
    values = {key: (value, "") if isinstance(value, str) else tuple(value) for key, value in snapshot["findings"][name].items()}
    return phrases(clauses, values, own="〔{}〕")


_UNSAID = Phrase("", "")


def _moved(
    name: str, old: Snapshot, new: Snapshot, before_said: Mapping[str, Phrase], said: Mapping[str, Phrase]
) -> list[dict[str, Any]]:
    chapter = new["chapters"][name]
    causes = _causes(name, old, new)
    moved = []
    for finding, after in new["findings"][name].items():
        before = old["findings"][name].get(finding)
        if not isinstance(before, list) or not isinstance(after, list) or _same(before, after):
            continue
        phrase, earlier = said.get(finding, _UNSAID), before_said.get(finding, _UNSAID)
        # Where one of the sentences is not known, nobody can tell whether both numbers mean the same.
        reworded = bool(phrase.words and earlier.words) and phrase.frame != earlier.frame
        comparable = before[1] == after[1] and phrase.frame == earlier.frame
        difference = after[0] - before[0] if comparable else None
        moved.append(
            {
                "finding": f"{name}.{finding}",
                "title": chapter["title"],
                "words": phrase.words,
                "old_words": earlier.words,
                "reworded": reworded,
                "form": phrase.form,
                "old": before[0],
                "old_unit": before[1],
                "new": after[0],
                "unit": after[1],
                "difference": difference,
                "relative": difference / abs(before[0]) if difference is not None and before[0] else None,
                "key": finding in chapter["key"],
                "causes": causes,
            }
        )
    return moved


def _sentences(
    name: str, old: Snapshot, new: Snapshot, before_said: Mapping[str, Phrase], said: Mapping[str, Phrase]
) -> list[dict[str, Any]]:
    """Return the sentences whose words read differently, each pair once: what was said in place of what."""
    chapter, causes = new["chapters"][name], _causes(name, old, new)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for finding, phrase in said.items():
        earlier = before_said.get(finding)
        if earlier is None or earlier.frame == phrase.frame:
            continue
        # The number that a phrase is about is of no matter to a sentence.
        pair = (_plain(earlier.words), _plain(phrase.words))
        entry = {"chapter": name, "title": chapter["title"], "old": pair[0], "new": pair[1], "key": False, "causes": causes}
        entry = found.setdefault(pair, entry)
        entry["key"] = entry["key"] or finding in chapter["key"]
    return sorted(found.values(), key=lambda entry: not entry["key"])


def _plain(words: str) -> str:
    return words.replace("〔", "").replace("〕", "")


def _same(before: list[Any], after: list[Any]) -> bool:
    return before[1] == after[1] and math.isclose(before[0], after[0], rel_tol=_SAME, abs_tol=1e-15)


def _causes(name: str, old: Snapshot, new: Snapshot) -> list[str]:
    """Return what may have moved a chapter's findings: all that changed of what the chapter reads."""
    before, after = old["chapters"][name], new["chapters"][name]
    causes = []
    if before["parameters"] != after["parameters"]:
        causes.append("parameter")
    statistics = _statistics(old, new)
    reads = after["statistics"] or "observations" in after["tables"]
    if set(after["sources"]) - set(before["sources"]):
        causes.append("source")
    if reads and statistics["added"]:
        causes.append("statistics")
    tables = {"figures", *after["tables"]}
    common = set(after["sources"]) & set(before["sources"])
    revised = any(
        new["sources"][s]["tables"].get(t) != old["sources"][s]["tables"].get(t)
        for s in common
        for t in tables
        if s in old["sources"]
    )
    undated = any(new["tables"].get(t) != old["tables"].get(t) for t in {*after["tables"], "units", "qualifiers"})
    if revised or undated or (reads and (statistics["revised"] or statistics["withdrawn"])):
        causes.append("data")
    if before["code"] != after["code"] or old["library"] != new["library"]:
        causes.append("code")
    return causes or ["date"]


def _importance(moved: Mapping[str, Any]) -> tuple[bool, bool, float, str]:
    relative = moved["relative"]
    return (not moved["key"], moved["reworded"], -math.inf if relative is None else -abs(relative), moved["finding"])


def _reworded(before: Any, after: Any) -> bool:
    # A text that became a number, or the reverse, is a change of kind and counts here as well.
    return before is not None and before != after and (isinstance(before, str) or isinstance(after, str))


def _verdicts(old: Snapshot, new: Snapshot) -> list[dict[str, str]]:
    before = {figure: verdict for verdict, ids in old["verdicts"].items() for figure in ids}
    after = {figure: verdict for verdict, ids in new["verdicts"].items() for figure in ids}
    changed = [
        {"figure_id": figure, "old": before[figure], "new": verdict}
        for figure, verdict in after.items()
        if figure in before and before[figure] != verdict
    ]
    return sorted(changed, key=lambda c: (c["new"] != "contradicted", c["old"] != "contradicted", c["figure_id"]))


def _figures(old: Snapshot, new: Snapshot) -> dict[str, Any]:
    before = {figure for ids in old["verdicts"].values() for figure in ids}
    after = {figure for ids in new["verdicts"].values() for figure in ids}
    added: dict[str, int] = {}
    for figure in sorted(after - before):
        source = figure.partition("-")[0]
        added[source] = added.get(source, 0) + 1
    return {"added": added, "withdrawn": sorted(before - after)}


def _displays(one: Snapshot, other: Snapshot, chapters: Iterable[str]) -> list[dict[str, str]]:
    """Return the charts and tables of chapters that `one` shows and `other` does not."""
    return [
        {"chapter": c, "title": one["chapters"][c]["title"], "kind": kind, "name": name, "caption": caption}
        for c in chapters
        for kind, key in (("chart", "charts"), ("table", "shown"))
        for name, caption in one["chapters"][c][key].items()
        if name not in other["chapters"][c][key]
    ]
