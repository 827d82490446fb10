"""The clauses of a chapter that quote its findings: what a reader recognises a number by, and what a comparison compares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

GLUE = re.compile(r"\{glue:text\}`([^`]+)`")
# A clause is kept with {{name:format}} in the place of each finding.
_PLACE = re.compile(r"\{\{([^{}]+)\}\}")
_REFERENCE = re.compile(r"[（(]?(?:见|如)?\{(?:numref|doc)\}`[^`]*`[）)]?")
_MARKUP = re.compile(r"\{[\w:-]+\}`([^`]*)`|[*_`|#]|\[([^\]]*)\]\([^)]*\)")
# In the place of a number where only the words count.
_ANY_NUMBER = "〔〕"
# A number of years within these is a date, which says of what the other numbers are.
_FIRST_YEAR, _LAST_YEAR = 1900, 2100

Value = tuple[Any, str]


class Phrase(NamedTuple):
    """A clause that quotes a finding, its numbers filled in; the format in which it prints the finding; and its frame.

    `frame` is the clause with its names, dates and words but without its amounts: two amounts in one frame are the same
    quantity, in two frames they may be of two years or two rules.
    """

    words: str
    form: str
    frame: str = ""


def clauses_of(prose: str) -> list[str]:
    """Return the clauses of a chapter's prose that quote findings, in their order, without markup."""
    # A key finding is a term, the number, and its definition: without that the number says nothing.
    prose = re.sub(r"\n:[ \t]+", " — ", _REFERENCE.sub("", prose))
    found: dict[str, None] = {}
    for clause in re.split(r"[。；！？\n]|(?<=\S)：", prose):
        quoted = GLUE.findall(clause)
        if not quoted:
            continue
        # Markup is taken out around the findings: a name has underscores.
        plain = _MARKUP.sub(r"\1\2", GLUE.sub("\0", clause))
        parts = re.sub(r"\s+", " ", plain).strip(" :-").split("\0")
        places = [f"{{{{{text}}}}}" for text in quoted]
        found["".join(part + place for part, place in zip(parts, [*places, ""], strict=True))] = None
    return list(found)


def is_date(years: float) -> bool:
    """Return whether a number of years is a date and no duration."""
    return _FIRST_YEAR <= years <= _LAST_YEAR


def phrases(clauses: Sequence[str], values: Mapping[str, Value], own: str = "{}") -> dict[str, Phrase]:
    """Return for each finding that a clause quotes the first such clause; `values` gives value and unit by name.

    A reader recognises “占全国的 0.92%”, not the name of a finding. `own` is how a finding's own number stands there.
    """
    found: dict[str, Phrase] = {}
    for clause in clauses:
        for text in _PLACE.findall(clause):
            name, _, form = text.partition(":")
            if name in values and name not in found:
                found[name] = Phrase(_words(clause, values, name, own), form, _frame(clause, values, name))
    return found


def _words(clause: str, values: Mapping[str, Value], asked: str, own: str) -> str:
    return _filled(clause, values, lambda name, text: own.format(text) if name == asked else text)


def _frame(clause: str, values: Mapping[str, Value], asked: str) -> str:
    def shown(name: str, text: str) -> str:
        value, unit = values[name]
        dated = not isinstance(value, str) and unit == "年" and name != asked and is_date(value)
        return text if isinstance(value, str) or dated else _ANY_NUMBER

    return _filled(clause, values, shown)


def _filled(clause: str, values: Mapping[str, Value], shown: Callable[[str, str], str]) -> str:
    from ..render.findings import format_finding

    def fill(match: re.Match[str]) -> str:
        name, _, form = match[1].partition(":")
        return shown(name, format_finding(values[name][0], form)) if name in values else "…"

    return _PLACE.sub(fill, clause)
