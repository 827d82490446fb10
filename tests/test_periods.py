"""Periods: the days they begin and end on, and which of two comes first in a chapter's rules."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.data.declarations import Chapter, Parameter
from decisionbook.data.periods import first_day, last_day, months_to_end
from decisionbook.errors import InputError

YEARS = st.integers(1, 9999)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2022", "2022-01-01", "2022-12-31"),
        ("2022-S1", "2022-01-01", "2022-06-30"),
        ("2022-S2", "2022-07-01", "2022-12-31"),
        ("2022-Q3", "2022-07-01", "2022-09-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2022-10-25", "2022-10-25", "2022-10-25"),
        ("9999", "9999-01-01", "9999-12-31"),
    ],
)
def test_a_period_has_a_first_and_a_last_day(period: str, first: str, last: str) -> None:
    assert (first_day(period).isoformat(), last_day(period).isoformat()) == (first, last)


@pytest.mark.parametrize("text", ["", "2022-13", "2022-02-30", "2022-S3", "2022/2023", "2022-1", "0000", "２０２２"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period such as|out of range|day is"):
        last_day(text)


@pytest.mark.parametrize(("period", "months"), [("0000", 12), ("0001-S1", 18), ("0001-Q1", 15), ("0001-02", 14), ("2022", 24276)])
def test_months_are_counted_from_the_year_0_to_the_end_of_a_period(period: str, months: int) -> None:
    assert months_to_end(period) == months


def test_a_day_ends_no_month() -> None:
    with pytest.raises(ValueError, match="is a day"):
        months_to_end("2022-10-25")


@given(YEARS, st.sampled_from(["S1 S2", "Q1 Q2 Q3 Q4", " ".join(f"{m:02}" for m in range(1, 13))]))
def test_the_parts_of_a_year_fill_it_without_gap(year: int, parts: str) -> None:
    days = [(first_day(f"{year:04}-{p}"), last_day(f"{year:04}-{p}")) for p in parts.split()]
    assert (days[0][0], days[-1][1]) == (date(year, 1, 1), date(year, 12, 31))
    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in itertools.pairwise(days))


def chapter(rule: str) -> Chapter:
    """Return a chapter with two periods under one rule."""
    names = ("start", "end")
    periods = {n: Parameter(n, "period", "2022", meaning="m", meaning_en="m") for n in names}
    return Chapter("c", "章", "c", "p", ("000",), "2022", "current", periods, (rule,))


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        ("2022-S1", "2022-12", True),  # as texts S is after 1
        ("2022-Q4", "2022-11", False),
        ("2021", "2022-03", True),
        ("2022-06", "2022-S1", False),  # they end on one day
    ],
)
def test_of_two_periods_the_one_that_ends_first_comes_first(start: str, end: str, holds: bool) -> None:
    values = {"start": start, "end": end}
    if holds:
        assert chapter("start < end").check(values, {}) == values
    else:
        with pytest.raises(InputError, match="start < end"):
            chapter("start < end").check(values, {})
    assert chapter("start != end").check(values, {}) == values
