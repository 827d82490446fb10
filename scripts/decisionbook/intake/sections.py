"""Which section a place of a text stands in: 一（二）, 第3章, 题名, 导语, with the table where there is one."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from .tables import Table

_C = "[一二三四五六七八九十]+"
_HEADS = (
    (0, re.compile(rf"^\s*(?:第\s*({_C}|\d+)\s*([章篇部]))", re.MULTILINE)),
    (1, re.compile(rf"^\s*({_C})\s*[、.．]", re.MULTILINE)),
    (2, re.compile(rf"^\s*[（(]\s*({_C})\s*[）)]", re.MULTILINE)),
)
_TABLE = re.compile(r"表\s*\d+")
TITLE, LEAD = "题名", "导语"


class Sections:
    """The headings of a text, by place."""

    def __init__(self, text: str, tables: Sequence[Table]) -> None:
        marks = sorted(
            (m.start(), level, f"第{m[1]}{m[2]}" if level == 0 else m[1] if level == 1 else f"（{m[1]}）")
            for level, pattern in _HEADS
            for m in pattern.finditer(text)
        )
        self._starts, self._names = [], []
        held = ["", "", ""]
        for start, level, name in marks:
            held[level] = name
            held[level + 1 :] = [""] * (2 - level)
            self._starts.append(start)
            chapter = held[0] + ("/" if held[0] and (held[1] or held[2]) else "")
            self._names.append(chapter + held[1] + held[2])
        first = re.search(r"\S[^\n]*\n", text)
        paragraph = re.search(r"[^\n]{60,}", text)
        self._lead = paragraph.start() if paragraph else first.end() if first else 0
        self._tables = tables

    def at(self, place: int) -> str:
        """Return the section of a place."""
        index = bisect.bisect_right(self._starts, place) - 1
        name = self._names[index] if index >= 0 else TITLE if place < self._lead else LEAD
        table = next((t for t in self._tables if t.start <= place < t.end), None)
        number = _TABLE.search(table.caption) if table else None
        return name + (number[0].replace(" ", "") if number else "表" if table else "")
