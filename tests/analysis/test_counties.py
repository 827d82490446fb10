"""Counties: shares of a shrinking total, pigeonholes, implied rates, words as ranges, procurement records."""

import math
import time
from itertools import product

import numpy as np
import pandas as pd
import pytest

from decisionbook.analysis import counties


def records(*rows):
    return pd.DataFrame(rows, columns=["year", "county", "project", "scene", "amount"]).astype({"scene": object})


def test_a_risen_share_of_a_fallen_total_can_be_less_money():
    assert counties.spending_change(0.20, 0.25, -0.20) == pytest.approx(0.0)
    assert counties.spending_change(0.20, 0.25, -0.30) < 0
    assert counties.spending_change(0.20, 0.25, 0.0) == pytest.approx(0.25)


def test_the_printed_shares_tolerate_a_fall_of_eleven_and_a_half_per_cent():
    fall = counties.tolerated_fall(0.1967, 0.2222)
    assert fall == pytest.approx(0.114761, abs=1e-6)
    assert counties.spending_change(0.1967, 0.2222, -fall) == pytest.approx(0.0, abs=1e-12)


def test_pigeonhole():
    assert counties.least_without(111, 80) == 31
    assert counties.least_without(80, 111) == 0


def test_the_rest_and_the_part_make_up_the_whole():
    rest = counties.other_rate(0.752, 0.564, 0.5565)
    assert rest == pytest.approx(0.90182, abs=1e-5)
    assert 0.5565 * rest + 0.4435 * 0.564 == pytest.approx(0.752)


def test_below_the_least_weight_the_implied_rate_passes_one():
    least = counties.least_other_weight(0.752, 0.564)
    assert least == pytest.approx(0.188 / 0.436)
    assert counties.other_rate(0.752, 0.564, least) == pytest.approx(1.0)
    assert counties.other_rate(0.752, 0.564, least - 0.01) > 1


def test_chance_that_all_first_places_fall_to_one_group():
    assert counties.all_in_group_chance(5, 3, 2) == pytest.approx(3 / 10)
    assert counties.all_in_group_chance(111, 20, 20) == pytest.approx(1 / math.comb(111, 20))


@pytest.mark.parametrize("chance", [0.01, 0.05, 0.5])
def test_group_for_chance_is_the_first_size_that_reaches_it(chance):
    size = counties.group_for_chance(111, 20, chance)
    assert math.comb(size, 20) / math.comb(111, 20) >= chance
    assert math.comb(size - 1, 20) / math.comb(111, 20) < chance


@pytest.mark.parametrize(("units", "least"), [(111, (2, 1, 2)), (20, (1, 1, 1)), (9, (0, 0, 0))])
def test_word_ranges_agree_with_counting_every_case(units, least):
    cases = [
        c
        for c in product(range(units + 1), repeat=3)
        if sum(c) == units and c[0] > units / 2 and c[0] > c[1] > c[2] and all(x >= y for x, y in zip(c, least, strict=True))
    ]
    expected = [(min(c[i] for c in cases), max(c[i] for c in cases)) for i in range(3)]
    assert counties.word_ranges(units, least) == expected


def test_word_ranges_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="sum to 3"):
        counties.word_ranges(3, (2, 1, 1))


def test_yearly_totals_and_share_by_hand():
    frame = records(
        (2022, "甲县", "a", "智慧交通", 200.0),
        (2022, "乙县", "b", None, 800.0),
        (2023, "甲县", "c", "智慧教育", 300.0),
        (2023, "甲县", "d", "智慧教育", None),
        (2023, "乙县", "e", None, 300.0),
    )
    years = counties.yearly(frame)
    assert years["share"].tolist() == pytest.approx([20.0, 50.0])
    assert years["total"].tolist() == pytest.approx([0.1, 0.06])
    assert years["unpriced"].tolist() == [0, 1]
    assert years["smart_projects"].tolist() == [1, 2]


def test_amount_units_change_totals_and_not_shares():
    frame = records((2022, "甲县", "a", "智慧交通", 1.0), (2022, "甲县", "b", None, 3.0))
    one, other = counties.yearly(frame, "亿元"), counties.yearly(frame, "元")
    assert one["total"].iloc[0] == pytest.approx(other["total"].iloc[0] * 1e8)
    assert one["share"].iloc[0] == other["share"].iloc[0] == pytest.approx(25.0)


def test_a_year_without_any_amount_has_no_share_and_one_without_smart_projects_has_nought():
    years = counties.yearly(records((2022, "甲县", "a", "智慧交通", None), (2023, "甲县", "b", None, 5.0)))
    assert math.isnan(years["share"].loc[2022])
    assert math.isnan(years["total"].loc[2022])
    assert years["share"].loc[2023] == 0


def test_smart_projects_without_a_price_are_missing_not_nought():
    frame = records((2023, "甲县", "a", "智慧交通", None), (2023, "甲县", "b", None, 5.0))
    assert math.isnan(counties.county_totals(frame)["smart"].iloc[0])


def test_scenes_rank_by_number_of_projects():
    frame = records(
        (2023, "甲县", "a", "智慧交通", 1.0),
        (2023, "甲县", "b", "智慧交通", 1.0),
        (2023, "乙县", "c", "智慧农业", 90.0),
        (2023, "乙县", "d", "无名场景", 5.0),
        (2023, "乙县", "e", None, 5.0),
    )
    scenes = counties.scene_ranking(frame, {"智慧交通": "城市治理", "智慧农业": "产业管理"})
    assert scenes["scene"].tolist() == ["智慧交通", "智慧农业", "无名场景"]
    assert scenes["rank"].tolist() == [1, 2, 2]
    assert scenes["family"].tolist() == ["城市治理", "产业管理", counties.UNSORTED]
    families = counties.family_ranking(scenes)
    assert families["projects"].sum() == 4
    assert families["family"].iloc[0] == "城市治理"


def test_county_totals_add_up_to_the_years():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "year": rng.integers(2022, 2024, 500),
            "county": rng.choice(["甲县", "乙县", "丙县"], 500),
            "project": "x",
            "scene": rng.choice(np.array([None, "智慧交通", "智慧农业"], dtype=object), 500),
            "amount": rng.random(500) * 100,
        }
    )
    years, places = counties.yearly(frame), counties.county_totals(frame)
    assert places["smart"].sum() == pytest.approx(years["smart"].sum())
    assert places["smart"].is_monotonic_decreasing
    plain = {}
    for row in frame.itertuples():
        if isinstance(row.scene, str):
            plain[row.county] = plain.get(row.county, 0.0) + row.amount / 10_000
    assert dict(zip(places["county"], places["smart"], strict=True)) == pytest.approx(plain)


def test_top_share():
    assert counties.top_share([5.0, 3.0, 2.0, float("nan")], 1) == pytest.approx(0.5)
    assert counties.top_share([], 3) is None
    assert counties.top_share([0.0], 1) is None


def test_a_million_records_take_seconds():
    count = 1_000_000
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "year": rng.integers(2022, 2024, count),
            "county": np.array([f"县{i}" for i in range(111)], dtype=object)[rng.integers(0, 111, count)],
            "project": "x",
            "scene": np.array([None, *(f"场景{i}" for i in range(35))], dtype=object)[rng.integers(0, 36, count)],
            "amount": rng.random(count) * 100,
        }
    )
    started = time.perf_counter()
    years = counties.yearly(frame)
    scenes = counties.scene_ranking(frame, {})
    places = counties.county_totals(frame)
    assert time.perf_counter() - started < 10
    assert years["projects"].sum() == places["projects"].sum() == count
    assert scenes["projects"].sum() == years["smart_projects"].sum()


def test_trailing_zeros_leave_two_readings():
    assert counties.zero_units(2100) == [1.0, 100.0]
    assert counties.zero_units(2130) == [1.0, 10.0]
    assert counties.zero_units(2137) == [1.0]
