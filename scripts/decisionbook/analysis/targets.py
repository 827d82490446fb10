"""Targets: what a path to them asks for, what a level would have to be, and whether a printed value meets one."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from datetime import date

import pandas as pd

from ..data.periods import last_day

_CHINESE_DIGITS = "一二三四五六七八九十"
REACHED, MISSED, UNDECIDED = "已达到", "未达到", "不能判断"


def multiple_after(rate: float, years: float) -> float:
    """Return the multiple that a compound annual rate (ratio) makes of a level: (1 + rate) ** years."""
    return (1 + rate) ** years


def base_needed(target: float, rate: float, years: float) -> float:
    """Return the level that grows to `target` in `years` at `rate` (ratio a year), in the target's unit."""
    return target / (1 + rate) ** years


def years_to_target(level: float, target: float, rate: float) -> float:
    """Return the years until a level growing at `rate` (ratio a year) reaches a target; 0 when there, infinite if never."""
    if level >= target:
        return 0.0
    return math.inf if rate <= 0 else math.log(target / level) / math.log(1 + rate)


def mean_of_rest(total_rate: float, years: int, *known: float) -> float:
    """Return the mean annual rate of the remaining years at which all `years` together grow at `total_rate`.

    ((1 + g) ** n / product of (1 + g_i)) ** (1 / (n - k)) - 1, with k rates known. Ratios.
    Raises ValueError when no year remains.
    """
    rest = years - len(known)
    if rest <= 0:
        raise ValueError("every year is known: compare the rates themselves")
    return ((1 + total_rate) ** years / math.prod(1 + g for g in known)) ** (1 / rest) - 1


def mean_rate(*rates: float) -> float:
    """Return the compound mean of annual rates (ratios): ((1 + g_1) … (1 + g_n)) ** (1 / n) - 1; of at least one."""
    return math.prod(1 + g for g in rates) ** (1 / len(rates)) - 1


def status(low: float, high: float, target: float, *, strictly: bool = False) -> str:
    """Return REACHED, MISSED or UNDECIDED for a value between `low` and `high` against a target to be reached.

    All in one unit. `strictly` for targets printed as 超过 or 突破: the value must be above the target.
    """
    if low > target or (low == target and not strictly):
        return REACHED
    if high < target or (high == target and strictly):
        return MISSED
    return UNDECIDED


def asks_for_all(target: str) -> bool:
    """Return whether a target without a number is met only by everything, and so can be checked: 全部, 全面覆盖, 全覆盖."""
    return re.search("全部|全面覆盖|全覆盖", target) is not None


def section_number(section: str) -> int | None:
    """Return the ordinal that ends the name of a section: 目标六 gives 6, None when there is none."""
    match = re.search(rf"([{_CHINESE_DIGITS}])$", section)
    return _CHINESE_DIGITS.index(match[1]) + 1 if match else None


def latest_printed(figures: pd.DataFrame, indicator: str, ref_area: str, ids: Collection[str] = ()) -> pd.Series | None:
    """Return the latest printed value (not a target) of an indicator for an area, or among the named figures.

    `figures` has the columns of figures.csv; of several prints of one period the first stands, so that a reprint
    never replaces its original. None when nobody prints one.
    """
    same = (figures["indicator"] == indicator) & (figures["ref_area"] == ref_area)
    known = figures[(same | figures["figure_id"].isin(list(ids))) & (figures["role"] != "target")]
    if known.empty:
        return None
    ends = [last_day(str(p).rpartition("/")[2]) if pd.notna(p) else date.min for p in known["time_period"]]
    return known.iloc[ends.index(max(ends))]
