"""A comparison of two editions as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .clauses import is_date
from .diff import CAUSES

MOST = 40


def as_text(changes: Mapping[str, Any], most: int = MOST) -> str:
    """Return what `compare` found as text, at most `most` moved findings; `--json` has them all."""
    return "\n".join(_lines(changes, most))


def _lines(changes: Mapping[str, Any], most: int) -> Iterator[str]:
    old, new = changes["from"], changes["to"]
    yield f"{old['id']} (as of {old['as_of']}) -> {new['id']} (as of {new['as_of']})"
    yield from _named("chapters added", [f"{c['name']}  {c['title']}" for c in changes["chapters"]["added"]])
    yield from _named("chapters withdrawn", [f"{c['name']}  {c['title']}" for c in changes["chapters"]["withdrawn"]])
    yield from _named("sources added", [f"{s['source_id']}  {s['title']}" for s in changes["sources"]["added"]])
    yield from _named("data of a source revised", list(changes["sources"]["revised"]))
    for kind in ("added", "revised", "withdrawn"):
        if ids := changes["statistics"][kind]:
            yield f"official statistics {kind}: {len(ids)}"
    shown = [f"{p['chapter']}.{p['parameter']}: {p['old']} -> {p['new']}" for p in changes["parameters"]]
    yield from _named("parameters changed", shown)
    yield from _moved(changes["moved"], most)
    yield from _named("verdicts changed", [f"{v['figure_id']}: {v['old']} -> {v['new']}" for v in changes["verdicts"]])
    for kind in ("added", "withdrawn"):
        if names := changes["findings"][kind]:
            yield f"findings {kind}: {len(names)}  ({', '.join(names[:6])}{', …' if len(names) > 6 else ''})"
    if added := changes["figures"]["added"]:
        yield "published figures added: " + ", ".join(f"{count} of source {source}" for source, count in added.items())
    yield from _named("published figures withdrawn", changes["figures"]["withdrawn"])
    for kind in ("added", "withdrawn"):
        yield from _named(f"charts and tables {kind}", [f"{d['chapter']}: {d['caption']}" for d in changes["displays"][kind]])
    if changes["texts"]:
        yield f"wording: {changes['texts']} generated texts read differently"


def _named(title: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield f"{title}: {len(entries)}"
        yield from (f"  {entry}" for entry in entries)


def _moved(moved: list[Mapping[str, Any]], most: int) -> Iterator[str]:
    yield f"findings that moved: {len(moved)}"
    for entry in moved[:most]:
        mark = "*" if entry["key"] else " "
        # A share of a share confuses, and a later year is not a larger one.
        dated = entry["unit"] == "年" and is_date(entry["new"])
        plain = entry["relative"] is None or dated or entry["unit"] in ("%", "个百分点")
        relative = "" if plain else f"  {entry['relative']:+.1%}"
        difference = "" if entry["difference"] is None else f"  {entry['difference']:+.4g}"
        if entry["reworded"]:
            difference = "  (its sentence changed: not the same quantity)"
        values = f"{entry['old']:.6g} {entry['old_unit']} -> {entry['new']:.6g} {entry['unit']}"
        causes = ", ".join(CAUSES[c] for c in entry["causes"])
        yield f" {mark} {entry['finding']}: {values}{difference}{relative}  [{causes}]"
    if any(entry["key"] for entry in moved[:most]):
        yield "   * stands among the key findings of its chapter"
    if len(moved) > most:
        yield f"   … and {len(moved) - most} more: --json lists all"
