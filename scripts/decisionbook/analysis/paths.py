"""Paths to a target: time between printed dates, yearly additions, straight and compound paths."""

from __future__ import annotations

from datetime import date

from ..data.periods import last_day


def decimal_year(period: str) -> float:
    """Return the end of a period as a decimal year: 2020 gives 2021.0, 2022-06 gives 2022.496, a day its end.

    Periods as SDMX writes them. Raises ValueError for anything else.
    """
    day = last_day(period)
    start = date(day.year, 1, 1)
    return day.year + ((day - start).days + 1) / ((date(day.year, 12, 31) - start).days + 1)


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
