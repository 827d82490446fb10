"""Paths to a target: time between printed dates, yearly additions, straight and compound paths."""

from __future__ import annotations

from datetime import date, timedelta

from ..data.periods import last_day


def decimal_year(period: str) -> float:
    """Return the end of a period as a decimal year: 2020 gives 2021.0, 2022-06 gives 2022.496, a day its end.

    Periods as SDMX writes them. Raises ValueError for anything else.
    """
    day = last_day(period)
    start = date(day.year, 1, 1)
    return day.year + ((day - start).days + 1) / ((date(day.year, 12, 31) - start).days + 1)


def date_words(year: float) -> str:
    """Return in Chinese the day that ends at a decimal year, to the nearest day: 2021.0 gives 2020 年末.

    The last day of a month is named as its end: 2021.2466 gives 2021 年 3 月末. The inverse of `decimal_year`.
    """
    day = _day_ending(year)
    if (day + timedelta(days=1)).day > 1:
        return f"{day.year} 年 {day.month} 月 {day.day} 日"
    return f"{day.year} 年末" if day.month == 12 else f"{day.year} 年 {day.month} 月末"


def month_words(year: float) -> str:
    """Return in Chinese the month of the day that ends at a decimal year: 2024.0 gives 2023 年 12 月."""
    day = _day_ending(year)
    return f"{day.year} 年 {day.month} 月"


def quarter_ends(start: float, end: float) -> list[float]:
    """Return both ends of a path and the ends of quarters between them, as decimal years in their order."""
    quarters = [decimal_year(f"{y}-Q{q}") for y in range(int(start) - 1, int(end) + 1) for q in (1, 2, 3, 4)]
    return [start, *(t for t in quarters if start + 1e-9 < t < end - 1e-9), end]


def _day_ending(year: float) -> date:
    first = date(int(year), 1, 1)
    return first + timedelta(days=round((year - int(year)) * (date(int(year) + 1, 1, 1) - first).days) - 1)


def yearly_addition(start: float, end: float, years: float) -> float:
    """Return what must be added a year, in the unit of the levels: (end - start) / years. ValueError without time."""
    if years <= 0:
        raise ValueError("the end of a path comes after its start")
    return (end - start) / years


def straight_path(start: float, end: float, years: float, elapsed: float) -> float:
    """Return the level of a straight path after `elapsed` of `years`, in the unit of the levels."""
    return start + (end - start) * elapsed / years


def compound_path(start: float, end: float, years: float, elapsed: float) -> float:
    """Return the level of a path of constant growth after `elapsed` of `years`, in the unit of the levels."""
    return start * (end / start) ** (elapsed / years)


def base_that_suffices(level: float, goal: float, years_past: float, years_left: float) -> float:
    """Return the highest base from which the pace so far, kept up, still reaches the goal.

    (level - base) / years_past >= (goal - level) / years_left, solved for the base; in the unit of the levels,
    negative when no base would do.
    """
    return level - yearly_addition(level, goal, years_left) * years_past


def level_at_pace(level: float, addition: float, years: float) -> float:
    """Return the level after `years` at a constant yearly addition, in the unit of the level."""
    return level + addition * years


def headcount(rate: float, population: float) -> float:
    """Return rate * population: places per thousand people, given as a ratio, and people give places."""
    return rate * population


def communities(people: float, size: float) -> float:
    """Return how many communities of `size` people hold `people`; both in one unit."""
    return people / size
