"""Rent, income, price and subsidy: hand-worked values, the printed rent and subsidies, error cases."""

import math

import pytest

from decisionbook.analysis.affordability import (
    net_rent,
    price_to_income,
    rank_of,
    rent_burden,
    required_income,
    standard_words,
    subsidy_needed,
    subsidy_share,
)

RATIO, RESIDUAL = "租金收入比", "剩余收入"


@pytest.mark.parametrize(("subsidy", "percent"), [(7, 32.4), (10, 46.3), (15, 69.4)])
def test_printed_subsidies_over_the_printed_rent(subsidy, percent):
    assert round(100 * subsidy_share(subsidy, 21.6), 1) == percent


def test_a_standard_is_the_lowest_only_where_several_are_printed():
    assert "最低" in standard_words(2)[0]
    assert "lowest" in standard_words(2)[1]
    for printed in (0, 1):
        assert "最低" not in standard_words(printed)[0]
        assert "lowest" not in standard_words(printed)[1]


def test_sixty_square_metres_at_the_printed_rent_ask_for_4320():
    assert required_income(net_rent(21.6, 60), RATIO, threshold=0.3) == pytest.approx(4320)
    assert required_income(net_rent(21.6, 60, 7), RATIO, threshold=0.3) == pytest.approx(2920)


def test_only_the_subsidised_space_is_subsidised():
    assert net_rent(20, 60, 5, 40) == pytest.approx(20 * 60 - 5 * 40)
    assert net_rent(20, 30, 5, 40) == pytest.approx(15 * 30)


def test_a_subsidy_above_the_rent_leaves_nothing_to_pay():
    assert net_rent(10, 50, 15) == 0


def test_rent_is_the_threshold_of_the_required_income():
    rent = net_rent(33.3, 47, 4.2)
    assert rent_burden(rent, required_income(rent, RATIO, threshold=0.27)) == pytest.approx(0.27)


def test_what_the_residual_rule_leaves_pays_the_needs():
    income = required_income(1200, RESIDUAL, threshold=0.3, basic_needs=900, persons=3)
    assert income == pytest.approx(1200 + 2700)
    needed = {"threshold": 0.3, "basic_needs": 900, "persons": 3}
    assert subsidy_needed(1200, income, RESIDUAL, **needed) == 0
    assert subsidy_needed(1200, income - 500, RESIDUAL, **needed) == pytest.approx(500)


def test_the_subsidy_closes_the_gap_and_never_exceeds_the_rent():
    assert subsidy_needed(1296, 3000, RATIO, threshold=0.3) == pytest.approx(396)
    assert subsidy_needed(1296, 4320, RATIO, threshold=0.3) == pytest.approx(0)
    assert subsidy_needed(800, 1000, RESIDUAL, threshold=0.3, basic_needs=900, persons=3) == 800


@pytest.mark.parametrize("rule", ["其他", RESIDUAL])
def test_an_unknown_rule_or_missing_needs_is_refused(rule):
    with pytest.raises(ValueError, match="rule"):
        required_income(1000, rule, threshold=0.3)
    with pytest.raises(ValueError, match="rule"):
        subsidy_needed(1000, 3000, rule, threshold=0.3)


def test_price_to_income_is_the_same_for_a_person_and_a_household():
    assert price_to_income(9000, 38, 36000) == pytest.approx(9.5)
    assert price_to_income(9000, 38 * 2.62, 36000 * 2.62) == pytest.approx(9.5)


def test_ranks_run_from_the_highest_and_equals_share_the_better_place():
    values = {"a": 3.0, "b": 5.0, "c": 3.0, "d": math.nan}
    assert [rank_of(values, n) for n in "abcd"] == [2, 1, 2, None]
    assert rank_of(values, "e") is None
