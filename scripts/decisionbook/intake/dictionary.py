"""The dictionary of indicators as a searcher: which of them does a sentence speak of?"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..data.package import Package

_CHINESE = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]+")


@dataclass(frozen=True)
class Match:
    """One indicator that may be meant, with a score from 0 to 1."""

    indicator: str
    name_zh: str
    score: float


class Dictionary:
    """Indicators by the pairs of characters in their names and definitions; pairs that few share weigh more."""

    def __init__(self, rows: Iterable[Mapping[str, str]], units: Mapping[str, frozenset[str]]) -> None:
        self.rows = {str(r["indicator"]): r for r in rows}
        self.units = units
        self._names = {key: _pairs(str(r["name_zh"])) for key, r in self.rows.items()}
        self._all = {key: self._names[key] | _pairs(str(r.get("definition") or "")) for key, r in self.rows.items()}
        counts = Counter(pair for pairs in self._all.values() for pair in pairs)
        self._weight = {pair: math.log((1 + len(self.rows)) / n) for pair, n in counts.items()}
        self._asked: dict[tuple[str, str], list[Match]] = {}
        self._holders: dict[str, list[str]] = defaultdict(list)
        for key, pairs in self._all.items():
            for pair in pairs:
                self._holders[pair].append(key)

    def __contains__(self, indicator: object) -> bool:
        return indicator in self.rows

    def matches(self, words: str, unit: str, most: int = 3) -> list[Match]:
        """Return the indicators that fit the words and the unit best, the best first."""
        if (words, unit) not in self._asked:
            self._asked[words, unit] = self._matches(words, unit)
        return self._asked[words, unit][:most]

    def _matches(self, words: str, unit: str) -> list[Match]:
        said = _pairs(words)
        found = []
        for key in {k for pair in said for k in self._holders.get(pair, ())}:
            name = self._share(self._names[key], said)
            score = 0.75 * name + 0.25 * self._share(self._all[key], said)
            known = self.units.get(key)
            if known and unit not in known:
                score *= 0.5 if _base(unit) in {_base(u) for u in known} else 0.25
            if score > 0.05:
                found.append(Match(key, str(self.rows[key]["name_zh"]), round(min(score, 1.0), 3)))
        return sorted(found, key=lambda m: (-m.score, m.indicator))

    def _share(self, pairs: frozenset[str], said: frozenset[str]) -> float:
        whole = sum(self._weight.get(p, 0.0) for p in pairs)
        return sum(self._weight.get(p, 0.0) for p in pairs & said) / whole if whole else 0.0


def _pairs(text: str) -> frozenset[str]:
    return frozenset(run[i : i + 2] for run in _CHINESE.findall(text) for i in range(len(run) - 1))


def _base(unit: str) -> str:
    return unit.lstrip("万亿") or unit


def load_dictionary(package: Package, *, without: str = "") -> Dictionary:
    """Return the dictionary of a project; `without` leaves out what only the rows of that source brought into it."""
    units: dict[str, set[str]] = defaultdict(set)
    own = set()
    for row in package.rows("figures"):
        if row["source_id"] == without:
            own.add(row["indicator"])
        else:
            units[row["indicator"]].add(row["unit_measure"])
    for row in package.rows("observations"):
        units[row["indicator"]].add(row["unit_measure"])
    barred = own - set(units)
    kept = [r for r in package.rows("indicators") if r["indicator"] not in barred]
    return Dictionary(kept, {k: frozenset(v) for k, v in units.items()})
