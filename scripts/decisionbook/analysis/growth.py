"""Growth: multiples and their two readings, compound rates, pace, annualisation, saturation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pandas as pd

from ..data.periods import months_to_end

READINGS = ("1+N倍", "N倍")
ANNUALISATION = ("翻倍", "全国上半年占比")


def months_between(start: str, end: str) -> int:
    """Return the months from one period's end to another's: 2021 to 2022-06 is 6, 2022-S1 counts as 2022-06.

    Raises ValueError for a day and for what is no period.
    """
    return months_to_end(end) - months_to_end(start)


def growth_rate(start: float, end: float) -> float:
    """Return end / start - 1 as a ratio: 40 to 50 gives 0.25. Raises ZeroDivisionError for a start of nothing.

    From a negative start the sign says nothing of the direction: a growth rate is for amounts.
    """
    return end / start - 1


def latest_pace(levels: Mapping[str, float], official: Mapping[str, float]) -> tuple[str, float, float | None] | None:
    """Return year, growth in per cent and the quotient of published totals in per cent of the latest year that has either.

    `levels` and `official` map years to totals and to growth rates as published. The official rate stands where there is
    one: its base is last year's total revised to the scope of this year, which is rarely the total published then, so that
    the quotient differs. The third part is None when the year or the year before has no total; None without any year.
    """
    quotients = {
        year: growth_rate(levels[before], total) * 100
        for year, total in levels.items()
        if (before := str(int(year) - 1)) in levels
    }
    year = max([*official, *quotients], default=None)
    if year is None:
        return None
    quotient = quotients.get(year)
    return year, official[year] if year in official else quotients[year], quotient


def latest_vintage(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the vintage published last: levels of two vintages are no series.

    `observations` has the columns of observations.csv; without rows, none.
    """
    if observations.empty:
        return observations
    last = observations.sort_values("published_by", kind="stable").iloc[-1]["vintage"]
    return observations[observations["vintage"].isna() if pd.isna(last) else observations["vintage"] == last]


def vintage_words(vintage: object) -> str:
    """Return how a reader is told a vintage: a year is when the level was published, not that it is final."""
    if vintage == "preliminary":
        return "初步核算口径"
    return f"{vintage} 年公布口径" if isinstance(vintage, str) and re.fullmatch(r"\d{4}", vintage) else "公布时的口径"


def cagr(start: float, end: float, years: float) -> float:
    """Return the compound annual growth rate as a ratio: (end / start) ** (1 / years) - 1.

    Raises ValueError for levels of opposite signs, between which nothing grows by a constant rate, and
    ZeroDivisionError for a start of nothing or no time.
    """
    if end / start < 0:
        raise ValueError(f"no constant rate leads from {start} to {end}")
    return (end / start) ** (1 / years) - 1


def monthly_pace(start: float, end: float, months: float) -> float:
    """Return the average number added a month, in the unit of the levels."""
    return (end - start) / months


def monthly_rate(start: float, end: float, months: float) -> float:
    """Return the compound monthly growth rate as a ratio: `cagr` with months in the place of years."""
    return cagr(start, end, months)


def implied_base(level: float, multiple: float, reading: str) -> float:
    """Return the base that "grew by N times" implies for a level.

    Chinese print uses 增长N倍 both for (1+N) times the base and for N times the base; `reading` is one of READINGS.
    Raises ValueError for another reading.
    """
    if reading not in READINGS:
        raise ValueError(f"reading {reading!r} is not one of {READINGS}")
    return level / (multiple + 1 if reading == READINGS[0] else multiple)


def annualise(half_year: float, rule: str, first_half_share: float | None = None) -> float:
    """Return a year's amount from its first half by a stated rule, in the same unit.

    `翻倍` doubles (a scenario, not a forecast); `全国上半年占比` divides by the share of the year that the nation earned in
    its first half (a ratio). Raises ValueError for another rule, or when that share is missing.
    """
    if rule == ANNUALISATION[0]:
        return half_year * 2
    if rule == ANNUALISATION[1] and first_half_share is not None:
        return half_year / first_half_share
    raise ValueError(f"rule {rule!r} is not one of {ANNUALISATION}, or its share is missing")


def logistic_rate(level: float, later: float, saturation: float, years: float) -> float:
    """Return the logistic growth rate (per year) that leads from one level to a later one below `saturation`.

    r = (logit(later / K) - logit(level / K)) / years (Verhulst 1838). K is an assumption: three points do not
    identify it. Raises ValueError when a level is not between 0 and K.
    """
    if not 0 < level < saturation or not 0 < later < saturation:
        raise ValueError("a logistic path stays between nothing and its saturation")

    def logit(part: float) -> float:
        return math.log(part / (1 - part))

    return (logit(later / saturation) - logit(level / saturation)) / years


def logistic_level(level: float, saturation: float, rate: float, years: float) -> float:
    """Return the level of a logistic path `years` after `level`, at `rate` per year, below `saturation`."""
    return saturation / (1 + (saturation / level - 1) * math.exp(-rate * years))


def years_to_share(level: float, saturation: float, rate: float, part: float) -> float:
    """Return the years until a logistic path reaches `part` (ratio) of its saturation; 0 when it is there.

    Negative for a shrinking path, which had that part so long ago. Raises ValueError for a part that no path reaches, and
    for a path that stands still.
    """
    if level >= part * saturation:
        return 0.0
    if not 0 < part < 1 or rate == 0:
        raise ValueError(f"a path at the rate {rate:g} never reaches {part:.0%} of its saturation")
    return math.log((saturation / level - 1) / (1 / part - 1)) / rate
