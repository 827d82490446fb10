"""Periods as SDMX writes them: a year, half-year, quarter, month or day, and the days they begin and end on."""

from __future__ import annotations

import re
from datetime import date, timedelta

PERIOD = re.compile(r"\A\d{4}(-S[12]|-Q[1-4]|-(0[1-9]|1[0-2])(-([0-2]\d|3[01]))?)?\Z", re.ASCII)
EXPECTED = "a period such as 2022, 2022-S1, 2022-Q1, 2022-10 or 2022-10-25"


def first_day(period: str) -> date:
    """Return the first day of a period: 2022-S2 gives 2022-07-01. Raises ValueError for what is no period."""
    return _days(period)[0]


def last_day(period: str) -> date:
    """Return the last day of a period: 2022-S1 gives 2022-06-30. Raises ValueError for what is no period."""
    return _days(period)[1]


def months_to_end(period: str) -> int:
    """Return the months from the beginning of the year 0 to a period's end: 0001-S1 gives 18.

    Raises ValueError for a day and for what is no period. The year 0 is one: its end is where a decimal year counts from.
    """
    year, month, months = _shape(period)
    if not months:
        raise ValueError(f"{period!r} is a day; expected a year, half-year, quarter or month")
    return year * 12 + month - 1 + months


def period_words(period: str) -> str:
    """Return an SDMX period in Chinese: 2022-S1 gives 2022 年上半年, 2022-10 gives 2022 年 10 月."""
    if match := re.fullmatch(r"(\d{4})-S([12])", period):
        return f"{match[1]} 年{'上半年' if match[2] == '1' else '下半年'}"
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", period):
        return f"{match[1]} 年第 {match[2]} 季度"
    if match := re.fullmatch(r"(\d{4})-(\d{2})", period):
        return f"{match[1]} 年 {int(match[2])} 月"
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", period):
        return f"{match[1]} 年 {int(match[2])} 月 {int(match[3])} 日"
    return f"{period} 年" if re.fullmatch(r"\d{4}", period) else period


def _days(period: str) -> tuple[date, date]:
    year, month, months = _shape(period)
    if not months:
        day = date.fromisoformat(period)
        return day, day
    after = (year * 12 + month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return date(year, month, 1), date(*after, 1) - timedelta(days=1) if after[0] <= date.max.year else date.max


def _shape(period: str) -> tuple[int, int, int]:
    """Return year, first month and number of months, which is 0 for a day."""
    if not PERIOD.match(period):
        raise ValueError(f"{period!r} is not {EXPECTED}")
    year, rest = int(period[:4]), period[5:]
    if not rest:
        return year, 1, 12
    if rest[0] in "SQ":
        months = 6 if rest[0] == "S" else 3
        return year, months * (int(rest[1]) - 1) + 1, months
    return year, int(rest[:2]), 1 if len(rest) == 2 else 0
