"""Readings of a table whose merged cells were lost: every way to cut its rows, and the chance that one fits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .intervals import Interval

RULES = ("只计所选年份", "各年都计", "每家取最近年")
MISPRINTS = ("相邻两位对调", "任意两位对调", "对调或一位误植")
MAX_SUBSET_ROWS = 20
_CENT = 2


@dataclass(frozen=True)
class Reading:
    """One way to read the table: the row (from 1) at which each block after the first starts, rule, sums."""

    starts: tuple[int, ...]
    rule: str
    sums: tuple[float, ...]


def counted(years: Sequence[str], firms: Sequence[str], rule: str, year: str) -> list[bool]:
    """Return which rows a rule counts: those of `year`, all, or the latest year of each firm.

    Raises ValueError for a rule that is not one of RULES.
    """
    if rule == RULES[0]:
        return [y == year for y in years]
    if rule == RULES[1]:
        return [True] * len(years)
    if rule == RULES[2]:
        latest: dict[str, str] = {}
        for firm, y in zip(firms, years, strict=True):
            latest[firm] = max(y, latest.get(firm, ""))
        return [y == latest[firm] for firm, y in zip(firms, years, strict=True)]
    raise ValueError(f"rule {rule!r} is not one of {RULES}")


def block_sums(values: Sequence[float], include: Sequence[bool], starts: Sequence[int]) -> tuple[float, ...]:
    """Return the sum of each block of rows, at two decimals; blocks after the first start at rows `starts` (from 1)."""
    edges = [0, *(s - 1 for s in starts), len(values)]
    chosen = [v if use else 0.0 for v, use in zip(values, include, strict=True)]
    return tuple(round(sum(chosen[a:b]), _CENT) for a, b in itertools.pairwise(edges))


def readings(values: Sequence[float], years: Sequence[str], firms: Sequence[str], blocks: int, year: str) -> list[Reading]:
    """Return every cut of the rows into `blocks` blocks, none empty and in their order, under every rule of RULES.

    With n rows these are C(n-1, blocks-1) cuts a rule. `values` are in one unit; `year` is what the first rule counts.
    """
    found = []
    cuts = list(itertools.combinations(range(2, len(values) + 1), blocks - 1))
    for rule in RULES:
        include = counted(years, firms, rule, year)
        found += [Reading(starts, rule, block_sums(values, include, starts)) for starts in cuts]
    return found


def closing(found: Iterable[Reading], printed: Sequence[Interval | None]) -> list[Reading]:
    """Return the readings whose sums lie in the printed intervals; None leaves a block free."""
    return [r for r in found if all(p is None or s in p for s, p in zip(r.sums, printed, strict=True))]


def misprints(number: int, family: str) -> list[int]:
    """Return the whole numbers that a typesetter could have made of `number`, of the same length, in order.

    `family` is one of MISPRINTS: two neighbouring digits exchanged; any two exchanged; or any exchange or one wrong
    digit. The number itself is not among them. Raises ValueError for another family.
    """
    if family not in MISPRINTS:
        raise ValueError(f"family {family!r} is not one of {MISPRINTS}")
    digits = list(str(number))
    places = range(len(digits))
    made = set()
    for i, j in itertools.combinations(places, 2):
        if j == i + 1 or family != MISPRINTS[0]:
            swapped = digits.copy()
            swapped[i], swapped[j] = swapped[j], swapped[i]
            made.add("".join(swapped))
    if family == MISPRINTS[2]:
        made |= {"".join([*digits[:i], d, *digits[i + 1 :]]) for i in places for d in "0123456789"}
    return sorted(int(m) for m in made if m[0] != "0" and int(m) != number)


def chance_of_hit(sums: Iterable[float], family: str | None, low: int, high: int) -> float:
    """Return the share of the whole numbers low..high that would have "fitted" one of the sums.

    A number fits when it is a sum rounded half-up, or, with a `family`, when that family of misprints turns such a
    sum into it. This is the chance of a fit if the printed number had nothing to do with the table and were equally
    likely anywhere in the range; it is no probability that the reading is right. Raises ValueError for low > high.
    """
    if low > high:
        raise ValueError("the range of numbers is empty")
    fits: set[int] = set()
    for total in {int(s + 0.5) for s in sums}:
        fits |= {total, *(misprints(total, family) if family else ())}
    return sum(low <= n <= high for n in fits) / (high - low + 1)


def subset_hits(values: Sequence[float], printed: Interval) -> int:
    """Return how many sets of rows, of all 2**n - 1, sum to a value in the printed interval.

    Raises ValueError for more than MAX_SUBSET_ROWS rows.
    """
    if len(values) > MAX_SUBSET_ROWS:
        raise ValueError(f"{len(values)} rows are more than {MAX_SUBSET_ROWS}")
    sums = [0.0]
    for value in values:
        sums += [s + value for s in sums]
    return sum(round(s, _CENT) in printed for s in sums[1:])


def leaving_one_out(found: Sequence[Reading], printed: Sequence[Interval | None]) -> dict[int, list[Reading]]:
    """Return for each block (from 0) the readings that close all the other printed sums; blocks without one are left out."""
    kept = {}
    for block in range(len(printed)):
        if fits := closing(found, [None if k == block else p for k, p in enumerate(printed)]):
            kept[block] = fits
    return kept
