"""Value chains: presence of links, coverage of stages with what is not stated as bounds, gaps, places of suppliers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .intervals import Interval, Quantity

if TYPE_CHECKING:
    import pandas as pd

STATES = ("present", "weak", "absent", "not_stated")


def names(cell: str | None) -> list[str]:
    """Return the names in a cell separated by semicolons, each once, in their order; an empty cell has none."""
    parts = (part.strip() for part in (cell or "").split(";"))
    return list(dict.fromkeys(part for part in parts if part))


def read_ambiguous(states: Sequence[str], remarks: Sequence[str | None], mark: str, *, absent: bool) -> list[str]:
    """Return the states with the doubtful ones (remark contains `mark`) read as absent when `absent` is true.

    Raises ValueError for a state that is not one of STATES.
    """
    for state in states:
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {STATES}")
    pairs = zip(states, remarks, strict=True)
    return ["absent" if absent and mark in (remark or "") else state for state, remark in pairs]


def link_weights(text: str, links: Iterable[str]) -> dict[str, float]:
    """Return the weight of each link from text such as `平台技术=2;终端入口=1`; a link not named has weight 1.

    Raises ValueError for a link that is not among `links`, a weight that is no number or is below 0, or when every
    weight is 0.
    """
    weights = dict.fromkeys(links, 1.0)
    for part in names(text):
        link, sign, number = (piece.strip() for piece in part.partition("="))
        if link not in weights or not sign:
            raise ValueError(f"{part!r} is not `link=weight` with a link of {list(weights)}")
        weights[link] = float(number)
    if any(w < 0 for w in weights.values()) or not any(weights.values()):
        raise ValueError("weights are at least 0, and one is above 0")
    return weights


def coverage(states: Sequence[str], weights: Sequence[float], weak: float) -> Quantity:
    """Return the weighted mean presence of links as a ratio, with what is not stated as its bounds.

    Present counts 1, absent 0, weak `weak` (0 to 1). A link that is not stated is anything from 0 to 1: the bounds
    take it at both ends, the central value leaves it out (the middle of the bounds when nothing is stated).
    Raises ValueError when the weights sum to 0.
    """
    score = {"present": 1.0, "weak": weak, "absent": 0.0}
    total = sum(weights)
    if total <= 0:
        raise ValueError("the weights of the links sum to 0")
    known = sum(w * score[s] for s, w in zip(states, weights, strict=True) if s in score)
    unknown = sum(w for s, w in zip(states, weights, strict=True) if s not in score)
    low, high = known / total, (known + unknown) / total
    central = known / (total - unknown) if total > unknown else (low + high) / 2
    return Quantity(central, Interval(low, high, True, True), "1")


def links_to_overtake(
    own: Sequence[str],
    rival: Sequence[str],
    weak: float,
    own_weights: Sequence[float] | None = None,
    rival_weights: Sequence[float] | None = None,
) -> int | None:
    """Return the least number of unstated links of `own` that must prove present before its coverage exceeds the rival's.

    Every other unstated link, and the rival's, is taken as absent; without weights links weigh the same, with them the
    heaviest prove present first. 0 when it already exceeds, None when even all of them are not enough.
    """
    mine = list(own_weights) if own_weights is not None else [1.0] * len(own)
    theirs = list(rival_weights) if rival_weights is not None else [1.0] * len(rival)
    rival_low = coverage(rival, theirs, weak).low
    level, size = coverage(own, mine, weak).low, sum(mine)
    unstated = sorted((w for w, s in zip(mine, own, strict=True) if s == "not_stated"), reverse=True)
    for found in range(len(unstated) + 1):
        if level + sum(unstated[:found]) / size > rival_low + 1e-12:
            return found
    return None


def order_words(covers: Mapping[str, Quantity]) -> str:
    """Return in Chinese which stages can be put in order by their coverage: those whose bounds do not meet."""
    sure = [(a, b) for a, x in covers.items() for b, y in covers.items() if x.low > y.high]
    if 2 * len(sure) == len(covers) * (len(covers) - 1):
        return "各段的区间互不重叠，次序可以断定"
    if not sure:
        return "各段的区间两两重叠，谁高谁低都不能断定" if len(covers) > 2 else "两段的区间重叠，谁高谁低不能断定"
    return "能断定的只有" + "、".join(f"{a}高于{b}" for a, b in sure) + "，其余各段的区间重叠"


def reversal_words(stages: Mapping[str, tuple[Sequence[str], Sequence[float]]], weak: float) -> str:
    """Return in Chinese what would reverse the order of stages by their lower bounds, for every pair of them.

    `stages` maps a stage to the states and weights of its links, highest lower bound first (see links_to_overtake).
    """
    clauses = []
    order = list(stages)
    for place, stage in enumerate(order[1:], start=1):
        states, weights = stages[stage]
        unstated = list(states).count("not_stated")
        if not unstated:
            clauses.append(f"{stage}没有未交代的子环节，不会升位")
            continue
        by_need: dict[int | None, list[str]] = {}
        for rival in reversed(order[:place]):
            need = links_to_overtake(states, stages[rival][0], weak, weights, stages[rival][1])
            by_need.setdefault(need, []).append(rival)
        parts = []
        for need, rivals in by_need.items():
            how = "全都具备也不超过" if need is None else "全都具备才超过" if need == unstated else f"至少具备{need}个才超过"
            parts.append(how + "和".join(rivals))
        clauses.append(f"{stage}没有交代的{unstated}个子环节{'，'.join(parts)}")
    return "；".join(clauses)


def strongest(states: Iterable[str]) -> str:
    """Return the strongest of several states, in the order of STATES; not_stated when there is none."""
    return min(states, key=STATES.index, default="not_stated")


def gap(state: str, national: int) -> str:
    """Return the class of a link from the region's state and the number of firms that are named nationally.

    已有 (present), 薄弱 (weak), 缺口 (absent, though firms elsewhere are named), 全国也未列名 (absent, none named) or 未载.
    """
    if state == "absent":
        return "缺口" if national else "全国也未列名"
    return {"present": "已有", "weak": "薄弱"}.get(state, "未载")


def place_of(location: str, provinces: Iterable[str]) -> str | None:
    """Return the province that a location begins with (广东深圳 gives 广东), None when it begins with none."""
    return next((p for p in provinces if location.startswith(p)), None)


def count_firms(firms: Iterable[str | None], places: Iterable[str | None]) -> dict[str, int]:
    """Return the number of different firms by place; a firm that is not named counts as one of its own."""
    seen: dict[str, set[str]] = {}
    for row, (firm, place) in enumerate(zip(firms, places, strict=True)):
        if place is not None:
            seen.setdefault(place, set()).add(firm or f"row {row}")
    return {place: len(found) for place, found in seen.items()}


def repeated(links: Iterable[str], firms: Iterable[str]) -> Mapping[str, int]:
    """Return the firms that are named in more than one link, with the number of their links, most first."""
    found: dict[str, set[str]] = {}
    for link, firm in zip(links, firms, strict=True):
        found.setdefault(firm, set()).add(link)
    several = {firm: len(where) for firm, where in found.items() if len(where) > 1}
    return dict(sorted(several.items(), key=lambda pair: (-pair[1], pair[0])))


def of_region(frame: pd.DataFrame, printed_here: bool, blank: Mapping[str, str | None]) -> pd.DataFrame:
    """Return a table of the briefing as it stands for a region: its printed rows speak of one region only.

    With `printed_here` false the columns of `blank` take the given value in every row that names a source; rows of an
    analyst, which name none, stay.
    """
    frame = frame.copy()
    if not printed_here:
        for column, value in blank.items():
            frame.loc[frame["source_id"].notna(), column] = value
    return frame
