"""Which printed numbers may be compared: same indicator, unit, scope and time, or only the same sound."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ..data.periods import first_day, months_to_end

if TYPE_CHECKING:
    import pandas as pd

REASONS = ("指标不同", "单位不同", "范围不同", "时期不同", "时期未印", "口径有别", "地区不同", "参评数未印")
# How the register of figures marks a number that only repeats another, and one whose definition differs.
REPEATED, DEFINITION, UNPRINTED = "同一数", ("口径", "不同"), "未印"
GROUP = "group"
CONDITIONS = ("事前水平", "事后水平", "时点", "前后之差")


def year_of(period: str | None) -> str | None:
    """Return the year an SDMX period ends in (2019/2022-10 gives 2022), None when no period is printed."""
    return period.rpartition("/")[2][:4] if period else None


def span_months(period: str) -> int:
    """Return the months an SDMX interval covers, both ends included: 2018/2020 gives 36, 2021-Q1/2021-Q4 gives 12.

    An end that is a day counts as its month. Raises ValueError for what is no interval of two periods.
    """
    start, sign, end = period.partition("/")
    if not sign:
        raise ValueError(f"{period!r} is not an interval of two periods")
    first, last = (re.sub(r"^(\d{4}-\d{2})-\d{2}$", r"\1", part) for part in (start, end))
    begin = first_day(first)
    return months_to_end(last) - begin.year * 12 - begin.month + 1


def differences(
    a: Mapping[Any, object],
    b: Mapping[Any, object],
    dimensions: Mapping[str, str],
    *,
    levels: Mapping[str, str] | None = None,
    ranks: Collection[str] = (),
) -> list[str]:
    """Return what keeps two figures apart, as words of REASONS; an empty list when nothing does.

    `a` and `b` are rows of figures.csv; `dimensions` maps a unit to its dimension, so that 万元 and 亿元 agree.
    `levels` maps an area to its level: two prefectures are two areas of one kind (地区不同), a nation and the world, or
    two groups of cities, are not (范围不同). A figure of one of `ranks` needs the number ranked beside it.
    Periods agree when they end in one year.
    """
    found = []
    if a["indicator"] != b["indicator"]:
        found.append(REASONS[0])
    # Stations may be counted in 座 here and in 个 there; of two indicators the measure word tells cities from projects.
    if dimensions[str(a["unit_measure"])] != dimensions[str(b["unit_measure"])] or (found and _counts_differ(a, b)):
        found.append(REASONS[1])
    if a["ref_area"] != b["ref_area"]:
        found.append(REASONS[6] if _one_level(a, b, levels or {}) else REASONS[2])
    years = (year_of(_text(a["time_period"])), year_of(_text(b["time_period"])))
    if None in years:
        found.append(REASONS[4])
    elif a["time_period"] != b["time_period"] and years[0] != years[1]:
        found.append(REASONS[3])
    if any(all(word in (_text(row.get("note")) or "") for word in DEFINITION) for row in (a, b)):
        found.append(REASONS[5])
    if a["indicator"] in ranks and any(UNPRINTED in (_text(row.get("note")) or "") for row in (a, b)):
        found.append(REASONS[7])
    return found


def _one_level(a: Mapping[Any, object], b: Mapping[Any, object], levels: Mapping[str, str]) -> bool:
    kinds = {levels.get(str(row["ref_area"]), GROUP) for row in (a, b)}
    return len(kinds) == 1 and GROUP not in kinds


def _text(value: object) -> str | None:
    return None if value is None or value != value else str(value)


def _counts_differ(a: Mapping[str, object], b: Mapping[str, object]) -> bool:
    # 座 and 项 are both counts, but cities are not projects; 万个 and 个 count the same things.
    units = [str(row["unit_measure"]).removeprefix("万").removeprefix("亿") for row in (a, b)]
    return bool(units[0] and units[1]) and units[0] != units[1]


def is_comparable(reasons: list[str]) -> bool:
    """Return whether two figures may be set against each other: one indicator and unit, dated, at most one thing differs.

    Two areas of one level in one year, or one area in two years, can be compared; two areas in two years cannot, nor can
    unlike scopes.
    """
    return not reasons or reasons in ([REASONS[6]], [REASONS[3]])


def look_alikes(figures: pd.DataFrame, dimensions: Mapping[str, str], factors: Mapping[str, float], least: float) -> pd.DataFrame:
    """Return the pairs of figures that sound alike: equal in base units, in one dimension, of different indicators.

    `figures` has the columns of figures.csv; small numbers (below `least` as printed) are left out, because every
    text has several threes, and so are bare orders of magnitude (数十).
    Columns: first, second (figure ids), value (as printed), reasons (joined by 、).
    Reprints and repetitions are one indicator and so never a pair here.
    """
    import pandas as pd

    vague = figures["qualifier"] == "several"
    rows = figures[(figures["obs_value"] >= least) & ~vague].to_dict("records")
    pairs = []
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            same_kind = dimensions[a["unit_measure"]] == dimensions[b["unit_measure"]]
            values = [r["obs_value"] * factors[r["unit_measure"]] for r in (a, b)]
            if a["indicator"] == b["indicator"] or not same_kind or not math.isclose(*values, rel_tol=1e-9):
                continue
            pairs.append((a["figure_id"], b["figure_id"], a["obs_value"], "、".join(differences(a, b, dimensions))))
    return pd.DataFrame(pairs, columns=["first", "second", "value", "reasons"])


def same_indicator_pairs(
    figures: pd.DataFrame,
    dimensions: Mapping[str, str],
    *,
    levels: Mapping[str, str] | None = None,
    ranks: Collection[str] = (),
) -> pd.DataFrame:
    """Return every pair of figures of one indicator that differ in area or period, and whether they may be compared.

    `levels` and `ranks` as in `differences`.

    Columns: first, second (figure ids), reasons (joined by 、), comparable. Repetitions (nothing differs, or the note
    says 同一数) and bare orders of magnitude are left out.
    """
    import pandas as pd

    repeated = figures["note"].fillna("").str.contains(REPEATED)
    rows = figures[(figures["qualifier"] != "several") & ~repeated].to_dict("records")
    pairs = []
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            if a["indicator"] != b["indicator"] or _place(a) == _place(b):
                continue
            reasons = differences(a, b, dimensions, levels=levels, ranks=ranks)
            pairs.append((a["figure_id"], b["figure_id"], "、".join(reasons) or "时点不同", is_comparable(reasons)))
    return pd.DataFrame(pairs, columns=["first", "second", "reasons", "comparable"])


def _place(row: Mapping[Any, object]) -> tuple[object, str | None]:
    return row["ref_area"], _text(row["time_period"])


def effect_conditions(effect: Mapping[str, object], period: str | None) -> dict[str, bool]:
    """Return for each of CONDITIONS whether the source prints it for one effect of a programme.

    `effect` is a row of city_brain_effects.csv (before, after, change may be missing); an effect can be checked
    when levels before and after are both printed.
    """

    def given(value: object) -> bool:
        return value is not None and value == value

    return {
        CONDITIONS[0]: given(effect["before"]),
        CONDITIONS[1]: given(effect["after"]),
        CONDITIONS[2]: bool(period),
        CONDITIONS[3]: given(effect["change"]),
    }


def smallest_denominator(low: float, high: float, most: int = 100_000) -> int | None:
    """Return the smallest whole n for which some whole k has low <= k / n < high, None when no n up to `most` has.

    A printed share of 95 % stands for [0.945, 0.955): the smallest group it can be a share of is 19 (18 of 19).
    """
    for n in range(1, most + 1):
        if feasible_counts(n, low, high):
            return n
    return None


def feasible_counts(whole: int, low: float, high: float) -> list[int]:
    """Return every whole k with low <= k / whole < high: the counts that a printed share may stand for."""
    first = math.ceil(low * whole - 1e-9)
    return [k for k in range(max(0, first), min(whole, math.floor(high * whole) + 1) + 1) if k < high * whole - 1e-9]


def missing_members(total: float, share_one: float, members_one: float, share_two: float) -> float:
    """Return how many members the second group needs for two shares to add up to `total`.

    (total - share_one members_one) / share_two; shares are ratios. With one group of `members_one` the other must
    have at least so many, if there is no third.
    """
    return (total - share_one * members_one) / share_two
