"""Stages of an emerging industry (S-T-A-M): the factor that leads a stage, and whether a region has it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence


def names_in(text: str) -> list[str]:
    """Return the names that a Chinese enumeration lists: 科学、技术 gives two."""
    return [part.strip() for part in text.split("、") if part.strip()]


def mentioned(names: Sequence[str], text: str) -> list[str]:
    """Return those of `names` that `text` mentions, in their own order."""
    return [n for n in names if n in text]


def leading_factor(stage: str, stages: Sequence[str], factors: Sequence[str]) -> str:
    """Return the factor that leads a stage: the framework lists both in one order, one for one.

    Framework: Phaal, O'Sullivan, Routley, Ford & Probert (2011), science - technology - application - market.
    Raises ValueError for an unknown stage, or when the two lists differ in length.
    """
    if len(stages) != len(factors):
        raise ValueError(f"{len(stages)} stages cannot be matched with {len(factors)} factors")
    if stage not in stages:
        raise ValueError(f"stage {stage!r} is not one of {'、'.join(stages)}")
    return factors[stages.index(stage)]


def steps_to_match(stage: str, stages: Sequence[str], factors: Sequence[str], own: Collection[str]) -> int | None:
    """Return how many stages on the leading factor is one that the region has; 0 when it is, None when never."""
    at = stages.index(stage)
    return next((i for i, factor in enumerate(factors[at:]) if factor in own), None)


def match_range(
    read: Mapping[str, tuple[str, bool]],
    stages: Sequence[str],
    factors: Sequence[str],
    own: Collection[str],
    shift: int,
) -> tuple[int, int]:
    """Return the least and greatest number of industries led by a factor the region has, if readings may err.

    `read` maps an industry to its stage and whether the source states it; a stage that is only inferred may be
    wrong by up to `shift` stages either way, a stated one is kept. Exhaustive over all combinations.
    """
    options = []
    for stage, stated in read.values():
        at = stages.index(stage)
        reach = 0 if stated else shift
        near = range(max(0, at - reach), min(len(stages) - 1, at + reach) + 1)
        options.append(sorted({int(factors[i] in own) for i in near}))
    totals = [sum(choice) for choice in itertools.product(*options)]
    return min(totals), max(totals)
