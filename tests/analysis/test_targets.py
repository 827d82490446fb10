"""Paths to targets and what they ask for."""

import math

import pandas as pd
import pytest

from decisionbook.analysis import targets


def test_the_printed_rates_as_multiples_of_four_years():
    assert targets.multiple_after(0.0965, 4) == pytest.approx(1.4456, abs=5e-5)
    assert targets.multiple_after(0.3296, 4) == pytest.approx(3.1252, abs=5e-5)


def test_base_and_multiple_undo_each_other():
    assert targets.base_needed(targets.multiple_after(0.15, 4), 0.15, 4) == pytest.approx(1.0)
    assert targets.base_needed(2200, 0.1, 1) == pytest.approx(2000)


def test_years_to_a_target():
    assert targets.years_to_target(800, 1000, 0.25) == pytest.approx(1.0)
    assert targets.years_to_target(1000, 1000, -0.1) == 0.0
    assert math.isinf(targets.years_to_target(800, 1000, 0.0))


def test_mean_of_the_unknown_years_closes_the_total():
    rest = targets.mean_of_rest(0.0965, 4, 0.077, 0.157)
    assert rest == pytest.approx(0.0771, abs=5e-5)
    assert targets.mean_rate(rest, rest, 0.077, 0.157) == pytest.approx(0.0965)
    with pytest.raises(ValueError, match="every year is known"):
        targets.mean_of_rest(0.1, 2, 0.1, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "strictly", "expected"),
    [
        (1000, 1000, False, targets.REACHED),
        (1000, 1000, True, targets.MISSED),
        (900, 999, False, targets.MISSED),
        (900, 1100, False, targets.UNDECIDED),
        (1001, 1100, True, targets.REACHED),
        (50, math.inf, False, targets.UNDECIDED),
    ],
)
def test_status_needs_the_whole_interval(low, high, strictly, expected):
    assert targets.status(low, high, 1000, strictly=strictly) == expected


def test_the_ordinal_of_a_section():
    assert targets.section_number("数字广西解读/目标六") == 6
    assert targets.section_number("数字广西解读/重点任务") is None


FIGURES = pd.DataFrame(
    [
        ("000-0001", "revenue", "450000", "2022-S1", "input", 425.0),
        ("003-0001", "revenue", "450000", "2022-S1", "result", 425.0),
        ("003-0002", "revenue", "450000", "2025", "target", 1000.0),
        ("003-0003", "revenue", "450300", "2023", "input", 9.0),
        ("001-0001", "penetration", "G_GX_RURAL", "2023", "input", 56.4),
    ],
    columns=["figure_id", "indicator", "ref_area", "time_period", "role", "obs_value"],
)


def test_the_latest_print_is_the_original_of_the_area_and_no_target():
    assert targets.latest_printed(FIGURES, "revenue", "450000")["figure_id"] == "000-0001"


@pytest.mark.parametrize(
    ("periods", "latest"),
    [
        (["2021-06", "2021"], 1),
        (["2022-12", "2022-S1"], 0),
        (["2021/2022", "2022-06"], 0),
        ([None, "2019"], 1),
        ([None, None], 0),
    ],
)
def test_the_latest_period_is_the_one_that_ends_last(periods: list[str | None], latest: int):
    rows = pd.DataFrame(
        [
            {"figure_id": n, "indicator": "x", "ref_area": "450000", "time_period": p, "role": "input"}
            for n, p in enumerate(periods)
        ]
    )
    assert targets.latest_printed(rows, "x", "450000")["figure_id"] == latest


def test_figures_named_in_the_table_count_too():
    assert targets.latest_printed(FIGURES, "rural_penetration", "450000", ["001-0001"])["obs_value"] == 56.4
    assert targets.latest_printed(FIGURES, "rural_penetration", "450000") is None


def test_a_target_of_everything_can_be_checked_without_a_number():
    assert targets.asks_for_all("5G网络覆盖全部城市和乡镇")
    assert targets.asks_for_all("城乡实现全覆盖")
    assert not targets.asks_for_all("千兆光纤基本覆盖城乡")
    assert not targets.asks_for_all("基本建成数字政府")
