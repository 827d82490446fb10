"""Counties and their smart-city spending: what shares imply, what words allow, and what procurement records show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from ..data.figures import last_significant_unit
from .concentration import concentration_ratio

UNSORTED = "未归类"
#: Factors of the amount units to 亿元.
AMOUNT_UNITS = {"元": 1e-8, "万元": 1e-4, "亿元": 1.0}


def spending_change(share_before: float, share_after: float, total_change: float) -> float:
    """Return the change of a part whose share of a total moves while the total changes, all ratios.

    (share_after / share_before) (1 + total_change) - 1: shares 0.20 and 0.25 with a total that falls by 0.20 give 0.
    """
    return share_after / share_before * (1 + total_change) - 1


def tolerated_fall(share_before: float, share_after: float) -> float:
    """Return the fall of the total at which a part with a risen share stays level: 1 - before / after, a ratio."""
    return 1 - share_before / share_after


def zero_units(value: float) -> list[float]:
    """Return the units to which a print with trailing zeros may be exact: 2100 gives 1 and 100, 2130 gives 1 and 10."""
    coarse = last_significant_unit(value)
    return [1.0, coarse] if coarse > 1 else [coarse]


def least_without(units: float, owners: float) -> float:
    """Return how many of `units` at least have none when there are `owners` things in all (pigeonhole); not below 0."""
    return max(0.0, units - owners)


def other_rate(total_rate: float, part_rate: float, other_weight: float) -> float:
    """Return the rate of the rest when a total and one part are known: (t - (1 - u) r) / u, all ratios.

    `other_weight` u is the rest's share of the people counted. A result above 1 says that the three do not fit.
    """
    return (total_rate - (1 - other_weight) * part_rate) / other_weight


def least_other_weight(total_rate: float, part_rate: float) -> float:
    """Return the rest's share of the people at which its implied rate is 1: (t - r) / (1 - r); below it nothing fits."""
    return (total_rate - part_rate) / (1 - part_rate)


def all_in_group_chance(units: int, group: int, top: int) -> float:
    """Return the chance that the first `top` of `units` in random order all belong to a group of size `group`.

    C(group, top) / C(units, top), the hypergeometric distribution.
    """
    return float(hypergeom.pmf(top, units, group, top))


def group_for_chance(units: int, top: int, chance: float) -> int:
    """Return the least group size for which all first `top` places falling to the group has at least this chance."""
    sizes = np.arange(top, units + 1)
    return int(sizes[hypergeom.pmf(top, units, sizes, top) >= chance][0])


def word_ranges(units: int, least: Sequence[int]) -> list[tuple[int, int]]:
    """Return what 大部分, 部分 and 少数 allow: least and greatest whole numbers of three classes that sum to `units`.

    The first is more than half, each is larger than the next, none is smaller than `least`. Raises ValueError when
    no such numbers exist.
    """
    first, second = np.meshgrid(np.arange(units + 1), np.arange(units + 1), indexing="ij")
    third = units - first - second
    fits = (2 * first > units) & (first > second) & (second > third)
    for count, low in zip((first, second, third), least, strict=True):
        fits &= count >= low
    if not fits.any():
        raise ValueError(f"no three falling whole numbers sum to {units} with at least {list(least)}")
    return [(int(count[fits].min()), int(count[fits].max())) for count in (first, second, third)]


def _sums(records: pd.DataFrame, key: str, unit: str) -> pd.DataFrame:
    """Return projects, both totals in 亿元 and the share in % by a column of the records."""
    smart = records["scene"].notna()
    amount = records["amount"].astype(float) * AMOUNT_UNITS[unit]
    frame = pd.DataFrame({"smart_project": smart, "unpriced": amount.isna(), "total": amount, "smart": amount.where(smart)})
    groups = frame.groupby(records[key].rename(key), sort=True)
    result = pd.DataFrame({"projects": groups.size(), "smart_projects": groups["smart_project"].sum()})
    result["unpriced"] = groups["unpriced"].sum()
    result[["total", "smart"]] = groups[["total", "smart"]].sum(min_count=1)
    # Priced projects of which none is smart city are a share of nought; smart-city projects without a price are not.
    none_smart = result["smart_projects"] == 0
    result["smart"] = result["smart"].where(~none_smart, result["total"] * 0)
    result["share"] = result["smart"] / result["total"].where(result["total"] > 0) * 100
    return result


def yearly(records: pd.DataFrame, unit: str = "万元") -> pd.DataFrame:
    """Return for each year the projects, both totals in 亿元, and the smart-city share in %; index year.

    `records` has year, county, project, scene and amount (in `unit`, a key of AMOUNT_UNITS); a record with a scene is
    a smart-city project, one without belongs to informatisation only. Columns projects, smart_projects, unpriced,
    total, smart, share. Records without an amount are counted in `unpriced` and add nothing: a total without any
    amount is missing.
    """
    return _sums(records, "year", unit)


def scene_ranking(records: pd.DataFrame, families: Mapping[str, str], unit: str = "万元") -> pd.DataFrame:
    """Return the scenes by number of projects: scene, family, projects, amount in 亿元, rank (equal counts share one).

    `families` maps a scene to its family; others fall into UNSORTED. Ties stand by amount, then by name.
    """
    smart = records[records["scene"].notna()]
    amount = smart["amount"].astype(float) * AMOUNT_UNITS[unit]
    groups = amount.groupby(smart["scene"].astype(str), sort=True)
    result = pd.DataFrame({"projects": groups.size(), "amount": groups.sum(min_count=1)}).rename_axis("scene").reset_index()
    result["family"] = [families.get(scene, UNSORTED) for scene in result["scene"]]
    result = result.sort_values(["projects", "amount", "scene"], ascending=[False, False, True], kind="stable")
    result["rank"] = result["projects"].rank(method="min", ascending=False).astype(int)
    return result[["scene", "family", "projects", "amount", "rank"]].reset_index(drop=True)


def family_ranking(scenes: pd.DataFrame) -> pd.DataFrame:
    """Return the families of a scene_ranking by number of projects: family, scenes, projects, amount, rank."""
    groups = scenes.groupby("family", sort=True)
    result = pd.DataFrame(
        {"scenes": groups.size(), "projects": groups["projects"].sum(), "amount": groups["amount"].sum(min_count=1)}
    ).reset_index()
    result = result.sort_values(["projects", "family"], ascending=[False, True], kind="stable").reset_index(drop=True)
    result["rank"] = result["projects"].rank(method="min", ascending=False).astype(int)
    return result


def county_totals(records: pd.DataFrame, unit: str = "万元") -> pd.DataFrame:
    """Return the counties by smart-city amount, largest first: county and the columns of `yearly`."""
    result = _sums(records, "county", unit).reset_index()
    result = result.sort_values(["smart", "county"], ascending=[False, True], kind="stable", na_position="last")
    return result.reset_index(drop=True)


def top_share(amounts: Sequence[float], top: int) -> float | None:
    """Return the share (ratio) of the `top` largest amounts in their sum; None when there is nothing to share."""
    known = [float(a) for a in amounts if not math.isnan(float(a))]
    return concentration_ratio(known, top) if sum(known) > 0 else None
