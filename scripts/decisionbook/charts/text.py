"""Text in charts: how wide it is, where it breaks, and how a chart shows one set of lines or another by width."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

#: Below this width labels break earlier and text that would not fit is shortened.
NARROW = "db_width < 480"
#: The widths in pixels that labels are planned for: the static picture, and the column of a phone.
WIDE_WIDTH, NARROW_WIDTH = 640, 324

_UNIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.,%+/×\-]*|\s+|.", re.S)
# A line neither starts with a closing mark nor ends with an opening one.
_CLOSING = "，。、；：！？）】》」』”’％%…·,.;:!?)]}"
_OPENING = "（【《「『“‘([{"
# A longer text is no label: its lines are filled, since evening them out takes time with the square of its length.
_MOST_EVEN = 200
# The sign of a key stays with its word: ▲ 有空间.
_SIGNS = "●◐○▲△✕□■◆・—？"
# A number stays with the word it counts: 2022 年, 80家.
_COUNTED = "年月日号季时分秒个座户家亿万元倍项条名位人次吨"


def ems(text: str) -> float:
    """Return the width of a line in ems, after the advance widths of Noto Sans SC: a Chinese character is one."""
    return sum(_em(c) for c in text)


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    if character.isdigit() or character.islower():
        return 0.56
    if character.isupper():
        return 0.66
    return {" ": 0.23, "%": 0.93, "+": 0.56, "−": 0.56}.get(character, 0.4)


def text_width(text: str, size: float) -> float:
    """Return the width of a line in pixels at a font size."""
    return ems(text) * size


def _units(text: str) -> list[str]:
    """Return the pieces that a line may be broken between: characters, and words and numbers whole."""
    found: list[str] = []
    for piece in _UNIT.findall(text):
        joins = found and (piece[0] in _CLOSING or piece.isspace() or found[-1][-1] in _OPENING)
        joins = joins or (found and found[-1][-1].isspace() and found[-1].rstrip() in _SIGNS)
        joins = joins or (found and piece in _COUNTED and found[-1].rstrip()[-1:].isdigit())
        if joins:
            found[-1] += piece
        else:
            found.append(piece)
    return found


def wrap_text(text: str, limit: float) -> list[str]:
    """Return the lines of a text, at most ``limit`` ems each, as even as they can be.

    Numbers and Latin words are never broken, so a line may be longer than the limit. A break before an
    opening bracket or after a mark is preferred: ``须覆盖的社区（情景）`` at 7 ems gives ``须覆盖的社区`` and ``（情景）``.
    """
    text = text.strip()
    if ems(text) <= limit:
        return [text]
    pieces = _units(text)
    if len(pieces) > _MOST_EVEN:
        return _filled_lines(pieces, limit)
    lengths = _line_lengths(pieces, limit)
    count = len(pieces)
    fits = lengths.keys()
    # Fewest lines first, then the most even among them: best[j][n] is the cost of the first j pieces in n lines.
    needed, reach = 0, {0}
    while count not in reach:
        reach = {j for i in reach for j in range(i + 1, count + 1) if (i, j) in fits}
        needed += 1
    target = ems(text) / needed
    best: list[dict[int, tuple[float, int]]] = [{} for _ in range(count + 1)]
    best[0][0] = (0.0, 0)
    for j in range(1, count + 1):
        good = j == count or pieces[j][0] in _OPENING or pieces[j - 1][-1] in _CLOSING or pieces[j - 1][-1].isspace()
        for i in range(j):
            if (i, j) not in fits:
                continue
            cost = (lengths[i, j] - target) ** 2 + (0.0 if good else 6.0)
            for used, (before, _) in best[i].items():
                if used < needed and before + cost < best[j].get(used + 1, (math.inf, 0))[0]:
                    best[j][used + 1] = (before + cost, i)
    lines: list[str] = []
    end, left = count, needed
    while end:
        start = best[end][left][1]
        lines.append("".join(pieces[start:end]).strip())
        end, left = start, left - 1
    return lines[::-1]


def _line_lengths(pieces: Sequence[str], limit: float) -> dict[tuple[int, int], float]:
    """Return the widths of the lines, from piece to piece, that fit; a single piece always does."""
    lengths: dict[tuple[int, int], float] = {}
    for i in range(len(pieces)):
        for j in range(i + 1, len(pieces) + 1):
            length = ems("".join(pieces[i:j]).strip())
            if length > limit and j > i + 1:
                break
            lengths[i, j] = length
    return lengths


def _filled_lines(pieces: Sequence[str], limit: float) -> list[str]:
    """Return lines filled one after the other: of a text of that length nobody sees whether they are even."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if ems((lines[-1] + piece).strip()) <= limit:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.strip() for line in lines]


def most_lines(texts: Iterable[str], limit: float) -> int:
    """Return how many lines the longest of the texts takes at ``limit`` ems a line."""
    return max((len(wrap_text(text, limit)) for text in texts), default=1)


def widest(texts: Iterable[str], limit: float, size: float) -> float:
    """Return the width in pixels of the widest line of the texts, broken at ``limit`` ems."""
    return max((text_width(line, size) for text in texts for line in wrap_text(text, limit)), default=0.0)


def heading(text: str, pixels: float = 300, size: float = 12) -> str | list[str]:
    """Return a title, in lines where a phone would cut it off."""
    lines = wrap_text(text, pixels / size)
    return lines if len(lines) > 1 else text


def add_lines(frame: pd.DataFrame, column: str, wide: float, narrow: float) -> str:
    """Add a text's lines for both widths to a frame and return the Vega expression that picks among them."""
    for name, limit in (("wide", wide), ("narrow", narrow)):
        frame[f"{column}_{name}"] = ["\n".join(wrap_text(str(text), limit)) for text in frame[column]]
    return picked(column)


def picked(column: str) -> str:
    """Return the Vega expression for the lines that :func:`add_lines` prepared."""
    return f"split({NARROW} ? datum.{column}_narrow : datum.{column}_wide, '\\n')"


def label_lines(labels: Sequence[str], wide: float, narrow: float) -> str:
    """Return the Vega expression of an axis label in lines; labels that fit stay as they are.

    An axis label knows nothing but its own text, so the lines are looked up by it.
    """

    def table(limit: float) -> str:
        lines = {label: wrap_text(label, limit) for label in dict.fromkeys(labels)}
        return json.dumps({label: found for label, found in lines.items() if len(found) > 1}, ensure_ascii=False)

    first, second = table(wide), table(narrow)
    if first == second == "{}":
        return "datum.label"
    return f"(({NARROW} ? {second} : {first})[datum.label] || datum.label)"
