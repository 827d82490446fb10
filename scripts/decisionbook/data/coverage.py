"""Coverage: every numeric token of the sources is a figure on record or excluded by a rule with a reason."""

from __future__ import annotations

import bisect
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, Problem
from .package import Package, Row
from .text import read_text

# Arabic numbers with separators and per cent, superscript marks, runs of Chinese numerals, and words that multiply.
TOKEN = re.compile(r"\d+(?:[.,]\d+)*%?|[¹²³⁰⁴-⁹]+|[零〇一二三四五六七八九十百千万亿两半]+|倍|翻番")
REASONS = (
    "date",
    "document number",
    "ordinal",
    "name or label",
    "footnote mark",
    "page or phone number",
    "contents list or running head",
    "idiom",
)


@dataclass(frozen=True)
class Token:
    """One numeric token of a source, and what accounts for it."""

    source_id: str
    start: int
    end: int
    text: str
    context: str
    figure_id: str = ""
    rule: str = ""
    reason: str = ""

    @property
    def accounted(self) -> bool:
        return bool(self.figure_id or self.rule)


class _Spans:
    """Sorted spans of a text; finds one that holds a whole token, or meets it."""

    def __init__(self, spans: Iterable[tuple[int, int, str]]) -> None:
        self.spans = sorted(spans)
        self.starts = [s[0] for s in self.spans]
        self.longest = max((end - start for start, end, _ in self.spans), default=0)

    def find(self, start: int, end: int, *, whole: bool) -> str:
        index = bisect.bisect_right(self.starts, start if whole else end - 1)
        while index > 0:
            index -= 1
            left, right, name = self.spans[index]
            if left + self.longest < start:
                return ""
            if (left <= start and right >= end) if whole else (left < end and right > start):
                return name
        return ""


def read_sources(package: Package, folder: Path) -> dict[str, str]:
    """Return the source texts by source_id; a missing file is an InputError."""
    texts = {}
    for number, row in enumerate(package.rows("sources"), start=2):
        path = folder / row["file"]
        if not path.is_file():
            raise InputError(
                Problem(
                    package.project.shown(package.path("sources")),
                    f"no file {row['file']} in {folder}",
                    "the source text",
                    "",
                    number,
                )
            )
        texts[row["source_id"]] = read_text(path)
    return texts


def account(package: Package, texts: dict[str, str]) -> list[Token]:
    """Return every numeric token of the sources with the figure that covers it or the rule that excludes it.

    A token is covered when it meets the span of a figure, and excluded when a match of a rule's pattern holds it
    whole. Rules apply in the order of data/exclusions.csv, after the figures.
    """
    rules = [(row, _compiled(package, number, row)) for number, row in enumerate(package.rows("exclusions"), start=2)]
    figures: dict[str, list[tuple[int, int, str]]] = {}
    for row in package.rows("figures"):
        figures.setdefault(row["source_id"], []).append((row["char_start"], row["char_end"], row["figure_id"]))
    tokens: list[Token] = []
    for source_id, text in sorted(texts.items()):
        covered = _Spans(figures.get(source_id, []))
        excluded = [
            (row, _Spans((m.start(), m.end(), row["rule_id"]) for m in pattern.finditer(text)))
            for row, pattern in rules
            if row["scope"] == "*" or source_id in row["scope"].split(";")
        ]
        tokens += _tokens_of(source_id, text, covered, excluded)
    return tokens


def _tokens_of(source_id: str, text: str, covered: _Spans, excluded: list[tuple[Row, _Spans]]) -> Iterator[Token]:
    for match in TOKEN.finditer(text):
        start, end = match.span()
        context = f"{text[max(0, start - 8) : start]}【{match[0]}】{text[end : end + 8]}".replace("\n", "⏎")
        figure = covered.find(start, end, whole=False)
        if figure:
            yield Token(source_id, start, end, match[0], context, figure_id=figure)
            continue
        for row, spans in excluded:
            if spans.find(start, end, whole=True):
                yield Token(source_id, start, end, match[0], context, rule=row["rule_id"], reason=row["reason"])
                break
        else:
            yield Token(source_id, start, end, match[0], context)


def _compiled(package: Package, number: int, row: Row) -> re.Pattern[str]:
    try:
        return re.compile(row["pattern"], re.MULTILINE)
    except re.error as error:
        shown = package.project.shown(package.path("exclusions"))
        raise InputError(Problem(shown, repr(row["pattern"]), "a regular expression", str(error), number, "pattern")) from error


def sample_excluded(tokens: Iterable[Token], size: int, seed: int) -> list[Token]:
    """Return a seeded random sample of excluded tokens, for a second pair of eyes."""
    excluded = [t for t in tokens if t.rule]
    return sorted(random.Random(seed).sample(excluded, min(size, len(excluded))), key=lambda t: (t.source_id, t.start))
