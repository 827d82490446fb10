"""What the reader makes of a text: numbers with their places, and numeric tokens that are no figures."""

from __future__ import annotations

from dataclasses import dataclass

from .exclude import Rule


@dataclass(frozen=True)
class Number:
    """One number of a text as a figure row would have it; `start` to `end` is what is printed, `core` the numeral.

    `value` is NaN where the words hold no number (多个). `confidence` says how sure the reader is that it is a figure.
    """

    start: int
    end: int
    published: str
    value: float
    high: float | None
    unit: str
    qualifier: str
    precision: float
    kind: str
    confidence: float
    core: tuple[int, int]


@dataclass(frozen=True)
class Excluded:
    """One numeric token that is no figure, with the reason and the rule."""

    start: int
    end: int
    text: str
    reason: str
    note: str
    rule: Rule | None = None


@dataclass(frozen=True)
class Reading:
    """What the reader made of a text."""

    numbers: tuple[Number, ...]
    excluded: tuple[Excluded, ...]
