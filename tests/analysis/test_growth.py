"""Growth: rates, pace, the two readings of a multiple, annualisation, logistic paths; and where none has a value."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from decisionbook.analysis import growth
from decisionbook.analysis.intervals import Interval, Quantity, propagate

AMOUNTS = st.floats(0.01, 1e9)
YEARS = st.floats(0.25, 50)


def test_a_growth_rate_is_the_end_over_the_start_less_one() -> None:
    assert growth.growth_rate(40, 50) == pytest.approx(0.25)
    assert growth.growth_rate(50, 40) == pytest.approx(-0.2)
    assert growth.growth_rate(50, 0) == -1


@pytest.mark.parametrize(
    "rate", [growth.growth_rate, lambda a, b: growth.cagr(a, b, 3), lambda a, b: growth.monthly_rate(a, b, 3)]
)
def test_nothing_grows_from_nothing(rate: object) -> None:
    with pytest.raises(ZeroDivisionError):
        rate(0, 5)  # type: ignore[operator]


@given(AMOUNTS, st.floats(0.01, 100), YEARS)
def test_the_compound_rate_leads_from_the_start_to_the_end(start: float, multiple: float, years: float) -> None:
    end = start * multiple
    assert start * (1 + growth.cagr(start, end, years)) ** years == pytest.approx(end, rel=1e-6)


def test_the_official_rate_of_the_latest_year_stands_before_the_quotient_of_two_totals() -> None:
    totals = {"2021": 80.0, "2022": 100.0, "2023": 114.0}
    assert growth.latest_pace(totals, {"2022": 11.2, "2023": 13.4}) == ("2023", 13.4, pytest.approx(14.0))
    assert growth.latest_pace({"2023": 114.0}, {"2023": 13.4}) == ("2023", 13.4, None)


def test_without_an_official_rate_of_the_latest_year_its_quotient_stands() -> None:
    totals = {"2021": 80.0, "2022": 100.0}
    assert growth.latest_pace(totals, {"2021": 17.0}) == ("2022", pytest.approx(25.0), pytest.approx(25.0))
    # Two years apart is no yearly rate.
    assert growth.latest_pace({"2020": 64.0, "2022": 100.0}, {}) is None


@given(AMOUNTS, st.floats(0.1, 10), st.integers(1, 10))
def test_twelve_monthly_rates_make_a_yearly_one(start: float, multiple: float, years: int) -> None:
    monthly = growth.monthly_rate(start, start * multiple, 12 * years)
    assert (1 + monthly) ** 12 - 1 == pytest.approx(growth.cagr(start, start * multiple, years), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("start", "end"), [(-2, 5), (5, -2)])
def test_no_constant_rate_leads_through_nothing(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="no constant rate"):
        growth.cagr(start, end, 3)


def test_a_level_that_may_be_negative_leaves_its_rate_without_bounds() -> None:
    perhaps = Quantity(1.0, Interval(-1.0, 3.0), "元")
    rate = propagate(lambda a: growth.cagr(a, 8.0, 3.0), perhaps)
    assert (rate.value, rate.low, rate.high) == (pytest.approx(1.0), -math.inf, math.inf)


def test_a_fall_to_nothing_is_a_rate_of_minus_one() -> None:
    assert growth.cagr(5, 0, 3) == -1


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(1, 600))
def test_the_pace_added_up_is_the_whole_change(start: float, end: float, months: int) -> None:
    assert start + growth.monthly_pace(start, end, months) * months == pytest.approx(end, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2021", "2022-06", 6),
        ("2021", "2022-S1", 6),
        ("2021-12", "2022", 12),
        ("2022-06", "2022-06", 0),
        ("2022-Q3", "2022-10", 1),
        ("2022", "2021", -12),
        ("0000", "2022-10", 12 * 2021 + 10),
    ],
)
def test_months_are_counted_between_the_ends_of_periods(start: str, end: str, months: int) -> None:
    assert growth.months_between(start, end) == months


@pytest.mark.parametrize("period", ["2022-13", "2022-00", "2022-S3", "22", "", "2022-10-25"])
def test_what_is_no_year_half_quarter_or_month_has_no_end_month(period: str) -> None:
    with pytest.raises(ValueError, match=r"is not a period|is a day"):
        growth.months_between("2021", period)


@given(AMOUNTS, st.floats(0.1, 100))
def test_each_reading_of_a_multiple_gives_its_level_back(level: float, multiple: float) -> None:
    assert growth.implied_base(level, multiple, "1+N倍") * (1 + multiple) == pytest.approx(level)
    assert growth.implied_base(level, multiple, "N倍") * multiple == pytest.approx(level)


def test_another_reading_of_a_multiple_is_refused() -> None:
    with pytest.raises(ValueError, match="is not one of"):
        growth.implied_base(10, 2, "2N倍")


def test_a_half_year_is_doubled_or_divided_by_its_share() -> None:
    assert growth.annualise(30, "翻倍") == 60
    assert growth.annualise(30, "全国上半年占比", 0.4) == pytest.approx(75)


@pytest.mark.parametrize(("rule", "share"), [("全国上半年占比", None), ("三倍", 0.4)])
def test_annualising_without_its_share_or_by_an_unknown_rule_is_refused(rule: str, share: float | None) -> None:
    with pytest.raises(ValueError, match="rule"):
        growth.annualise(30, rule, share)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(1, 1e6), YEARS)
def test_a_logistic_path_meets_the_two_levels_that_it_was_drawn_through(one: float, two: float, top: float, years: float) -> None:
    rate = growth.logistic_rate(one * top, two * top, top, years)
    assert growth.logistic_level(one * top, top, rate, years) == pytest.approx(two * top, rel=1e-6)
    assert growth.logistic_level(one * top, top, rate, 0) == pytest.approx(one * top)


@given(st.floats(0.01, 0.98), st.floats(0.01, 2), st.floats(0, 100))
def test_a_logistic_path_rises_and_stays_below_its_saturation(part: float, rate: float, years: float) -> None:
    assert part * 10 * (1 - 1e-12) <= growth.logistic_level(part * 10, 10, rate, years) <= 10


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.99), st.floats(0.01, 2))
def test_at_the_year_of_a_share_the_path_has_that_share(level: float, part: float, rate: float) -> None:
    assume(level < part)
    years = growth.years_to_share(level * 50, 50, rate, part)
    assert years > 0
    assert growth.logistic_level(level * 50, 50, rate, years) == pytest.approx(part * 50, rel=1e-6)


def test_a_path_that_is_there_takes_no_years() -> None:
    assert growth.years_to_share(45, 50, 0.1, 0.9) == 0
    assert growth.years_to_share(49, 50, -0.1, 0.9) == 0


def test_a_shrinking_path_had_its_share_in_the_past() -> None:
    years = growth.years_to_share(10, 50, -0.1, 0.9)
    assert years < 0
    assert growth.logistic_level(10, 50, -0.1, years) == pytest.approx(45)


@pytest.mark.parametrize(("rate", "part"), [(0.0, 0.9), (0.1, 1.0), (0.1, 1.2)])
def test_a_path_that_never_reaches_a_share_is_told(rate: float, part: float) -> None:
    with pytest.raises(ValueError, match="never reaches"):
        growth.years_to_share(10, 50, rate, part)


@pytest.mark.parametrize(("level", "later"), [(0, 5), (5, 50), (60, 5), (5, -1)])
def test_a_level_at_or_beyond_the_ends_has_no_logistic_rate(level: float, later: float) -> None:
    with pytest.raises(ValueError, match="saturation"):
        growth.logistic_rate(level, later, 50, 2)


def test_the_vintage_published_last_is_taken_alone_and_a_year_does_not_make_it_final() -> None:
    levels = pd.DataFrame(
        [("2021", "preliminary", "2022-04-30"), ("2021", "2024", "2024-08-31"), ("2023", "2024", "2024-08-31")],
        columns=["time_period", "vintage", "published_by"],
    )
    assert growth.latest_vintage(levels)["time_period"].tolist() == ["2021", "2023"]
    assert growth.latest_vintage(levels[:1])["vintage"].tolist() == ["preliminary"]
    assert growth.latest_vintage(levels.assign(vintage=None)).shape == (3, 3)
    assert growth.latest_vintage(levels[:0]).empty
    assert growth.vintage_words("2024") == "2024 年公布口径"
    assert growth.vintage_words("preliminary") == "初步核算口径"
    assert growth.vintage_words(float("nan")) == growth.vintage_words(None) == "公布时的口径"
