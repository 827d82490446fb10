"""Discrete states: each has a glyph, a word and a tone, so that no reader depends on colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from decisionbook.errors import did_you_mean, one_of

from .theme import TOKENS, ChartError

TONES = ("second", "warn", "accent", "good", "grey", "none")


@dataclass(frozen=True)
class State:
    """One class of a discrete scale: ``key`` in the data, ``label`` for readers, ``glyph``, and ``tone``.

    ``strength`` is the opacity of the fill: 1 is full (text in it is paper-coloured), less is a tint.
    Tone ``none`` is an empty cell with an outline.
    """

    key: str
    label: str
    glyph: str
    tone: str
    strength: float = 1.0

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise ChartError(f"state {self.key!r}: unknown tone {self.tone!r}; one of {one_of(TONES)}")

    @property
    def fill(self) -> str:
        """Fill colour of a cell in this state."""
        return TOKENS["paper"] if self.tone == "none" else TOKENS[self.tone]

    @property
    def text(self) -> str:
        """Colour of the text that stands in a cell in this state."""
        if self.tone == "none":
            return TOKENS["soft"]
        # Paper on a half tint and ink on a full one both fall below a contrast of 4.5 in one of the themes.
        return TOKENS["paper"] if self.strength > 0.75 else TOKENS["ink"]


PRESENCE = (
    State("present", "有", "●", "second"),
    State("weak", "弱", "◐", "second", 0.28),
    State("absent", "无", "○", "none"),
    State("not_stated", "未载", "？", "none", 0.0),
)
PROGRESS = (
    State("done", "已完成", "●", "second"),
    State("under_way", "进行中", "◐", "second", 0.28),
    State("planned", "计划", "○", "none"),
    State("not_stated", "未载", "？", "none", 0.0),
)
VERDICTS = (
    State("reproduced", "复算一致", "●", "good"),
    State("within_rounding", "舍入之内", "◐", "good", 0.28),
    State("consistent", "与界相容", "○", "none"),
    State("contradicted", "不一致", "✕", "accent"),
    State("input", "输入", "□", "grey", 0.28),
    State("unverifiable", "无法核验", "？", "none", 0.0),
)


_WORDS = {state.key: state.label for scale in (PRESENCE, PROGRESS, VERDICTS) for state in scale}


def state_words(value: Any) -> Any:
    """Return the word of a state's key (`present` gives 有); any other value as it is."""
    return _WORDS.get(value, value) if isinstance(value, str) else value


def resolve(values: Iterable[object], states: Sequence[State]) -> list[State]:
    """Return the state of each value, found by key or label; raises ChartError for one not on the scale."""
    table = {s.key: s for s in states} | {s.label: s for s in states}
    found = []
    for value in values:
        key = str(value)
        if key not in table:
            raise ChartError(
                f"unknown state {key!r}; expected {one_of(s.key for s in states)}. {did_you_mean(key, table)}".strip()
            )
        found.append(table[key])
    return found
