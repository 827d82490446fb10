"""Time between printed dates, and paths to a target."""

import pytest

from decisionbook.analysis.paths import (
    base_that_suffices,
    communities,
    compound_path,
    date_words,
    decimal_year,
    headcount,
    level_at_pace,
    month_words,
    quarter_ends,
    straight_path,
    yearly_addition,
)


@pytest.mark.parametrize(
    ("period", "year"),
    [("2020", 2021.0), ("2022-S2", 2023.0), ("2022-12", 2023.0), ("2022-12-31", 2023.0), ("2022-07-25", 2022 + 206 / 365),
     ("2022-06", 2022 + 181 / 365), ("2022-S1", 2022 + 181 / 365), ("2024-02-29", 2024 + 60 / 366)],
)  # fmt: skip
def test_periods_end_where_the_calendar_says(period, year):
    assert decimal_year(period) == pytest.approx(year)


@pytest.mark.parametrize("period", ["2022-Q5", "去年", "2019/2020"])
def test_other_periods_are_refused(period):
    with pytest.raises(ValueError, match="is not a period"):
        decimal_year(period)


@pytest.mark.parametrize(
    ("period", "words", "month"),
    [
        ("2020", "2020 年末", "2020 年 12 月"),
        ("2022-07-25", "2022 年 7 月 25 日", "2022 年 7 月"),
        ("2021-Q1", "2021 年 3 月末", "2021 年 3 月"),
        ("2024-02-29", "2024 年 2 月末", "2024 年 2 月"),
        ("2023-01-01", "2023 年 1 月 1 日", "2023 年 1 月"),
    ],
)
def test_a_decimal_year_is_told_as_the_day_that_it_ends(period, words, month):
    assert date_words(decimal_year(period)) == words
    assert month_words(decimal_year(period)) == month


def test_a_path_has_a_point_at_every_end_of_a_quarter_and_at_its_own_ends():
    points = [date_words(t) for t in quarter_ends(decimal_year("2020"), decimal_year("2021-07-25"))]
    assert points == ["2020 年末", "2021 年 3 月末", "2021 年 6 月末", "2021 年 7 月 25 日"]


def test_the_printed_national_target_asks_for_054_a_year():
    assert yearly_addition(1.8, 4.5, 5) == pytest.approx(0.54)


def test_a_path_without_time_is_refused():
    with pytest.raises(ValueError, match="after its start"):
        yearly_addition(1, 2, 0)


def test_both_paths_meet_at_start_and_end_and_the_straight_one_lies_above_between():
    for path in (straight_path, compound_path):
        assert path(1.8, 4.5, 5, 0) == pytest.approx(1.8)
        assert path(1.8, 4.5, 5, 5) == pytest.approx(4.5)
    assert compound_path(1.8, 4.5, 5, 2) == pytest.approx(1.8 * 2.5**0.4)
    assert straight_path(1.8, 4.5, 5, 2) > compound_path(1.8, 4.5, 5, 2)


def test_the_base_that_suffices_reaches_the_goal_exactly():
    past, left = decimal_year("2022-07-25") - 2021, 2024 - decimal_year("2022-07-25")
    base = base_that_suffices(2.4, 3.5, past, left)
    assert base == pytest.approx(1.2013, abs=1e-4)
    assert level_at_pace(2.4, yearly_addition(base, 2.4, past), left) == pytest.approx(3.5)
    higher = yearly_addition(base + 0.1, 2.4, past)
    assert level_at_pace(2.4, higher, left) < 3.5


def test_places_and_communities():
    assert headcount(0.0024, 50_370_000) == pytest.approx(120_888)
    assert communities(27_740_000, 5_000) == pytest.approx(5548)
