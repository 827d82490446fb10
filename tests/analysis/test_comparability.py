"""What may be compared and what only sounds alike; whole counts behind printed shares."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.analysis import comparability as compare

DIMENSIONS = {"座": "count", "项": "count", "万家": "count", "家": "count", "%": "ratio"}
FACTORS = {"座": 1.0, "项": 1.0, "万家": 1e4, "家": 1.0, "%": 0.01}


def row(figure_id, value, unit, indicator, area="100000", period="2018-07", qualifier="exact", note=None):
    values = (figure_id, value, unit, indicator, area, period, qualifier, note)
    names = ("figure_id", "obs_value", "unit_measure", "indicator", "ref_area", "time_period", "qualifier", "note")
    return dict(zip(names, values, strict=True))


def test_five_hundred_cities_and_five_hundred_projects_only_sound_alike():
    cities = row("a", 500, "座", "adopters", period="2017-03", qualifier="over")
    projects = row("b", 500, "项", "projects", qualifier="about")
    found = compare.look_alikes(pd.DataFrame([cities, projects]), DIMENSIONS, FACTORS, 10)
    assert found.to_dict("records") == [{"first": "a", "second": "b", "value": 500, "reasons": "指标不同、单位不同、时期不同"}]


def test_equal_values_in_two_units_sound_alike_and_small_or_bare_ones_do_not():
    frame = pd.DataFrame(
        [
            row("a", 1, "万家", "x"),
            row("b", 10000, "家", "y"),
            row("c", 10, "家", "z", qualifier="several"),
            row("d", 10, "家", "w"),
        ]
    )
    assert list(compare.look_alikes(frame, DIMENSIONS, FACTORS, 1)["second"]) == ["b"]
    assert compare.look_alikes(frame, DIMENSIONS, FACTORS, 20000).empty


def test_one_thing_may_differ_two_may_not():
    a = row("a", 95, "%", "share", area="450200", period="2017-03")
    there = {**a, "ref_area": "450300"}
    levels = {"450200": "prefecture", "450300": "prefecture"}
    assert compare.is_comparable(compare.differences(a, there, DIMENSIONS, levels=levels))
    assert not compare.is_comparable(compare.differences(a, {**there, "time_period": "2019"}, DIMENSIONS, levels=levels))
    assert compare.is_comparable(compare.differences(a, {**a, "time_period": "2019"}, DIMENSIONS))
    assert not compare.is_comparable(compare.differences(a, {**a, "ref_area": "G_2", "time_period": "2019"}, DIMENSIONS))
    assert compare.differences(a, {**a, "time_period": None}, DIMENSIONS) == ["时期未印"]


@pytest.mark.parametrize("levels", [{"G_1": "group", "G_2": "group"}, {"G_1": "province", "G_2": "county"}, None])
def test_unlike_scopes_are_not_compared(levels):
    ours = row("a", 95, "%", "share", area="G_1")
    theirs = row("b", 83, "%", "share", area="G_2")
    found = compare.same_indicator_pairs(pd.DataFrame([ours, theirs]), DIMENSIONS, levels=levels)
    assert found[["reasons", "comparable"]].to_numpy().tolist() == [["范围不同", False]]


def test_a_rank_is_compared_only_where_the_number_ranked_is_printed():
    before = row("a", 5, "座", "rank", area="330100", period="2016", note="排名出处与城市数未印")
    after = row("b", 57, "座", "rank", area="330100")
    frame = pd.DataFrame([before, after])
    assert compare.same_indicator_pairs(frame, DIMENSIONS, ranks={"rank"})["reasons"].tolist() == ["时期不同、参评数未印"]
    assert not compare.same_indicator_pairs(frame, DIMENSIONS, ranks={"rank"})["comparable"].any()
    assert compare.same_indicator_pairs(frame, DIMENSIONS)["comparable"].all()


def test_periods_of_one_year_agree_and_measure_words_of_one_indicator_too():
    a = row("a", 192, "座", "stations", period="2022")
    assert compare.differences(a, {**a, "unit_measure": "项", "time_period": "2022-10"}, DIMENSIONS) == []


def test_a_definition_that_the_register_marks_as_different_is_not_comparable():
    world = row("a", 1000, "项", "projects", area="WLD", qualifier="more")
    nation = row("b", 500, "项", "projects", note="只计在建，与全球数的口径不同")
    same = compare.same_indicator_pairs(pd.DataFrame([world, nation]), DIMENSIONS)
    assert same.to_dict("records") == [{"first": "a", "second": "b", "reasons": "范围不同、口径有别", "comparable": False}]
    repeated = pd.DataFrame([world, {**nation, "note": "与上文同一数"}])
    assert compare.same_indicator_pairs(repeated, DIMENSIONS).empty


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("2018/2020", 36),
        ("2019-01/2019-09", 9),
        ("2018-04/2019-12-03", 21),
        ("2022-S1/2022-S2", 12),
        ("2021-Q1/2021-Q4", 12),
        ("2021-Q4/2022", 15),
    ],
)
def test_an_interval_counts_both_ends(period, months):
    assert compare.span_months(period) == months


def test_a_single_period_is_no_interval():
    with pytest.raises(ValueError, match="not an interval"):
        compare.span_months("2019")


def test_ninety_five_per_cent_needs_nineteen_cities_and_fifteen_cannot_give_it():
    assert compare.smallest_denominator(0.945, 0.955) == 19
    assert compare.feasible_counts(15, 0.945, 0.955) == []
    assert compare.feasible_counts(19, 0.945, 0.955) == [18]
    assert compare.smallest_denominator(0.0001, 0.0002, most=50) is None


@given(st.integers(1, 400), st.data())
def test_the_true_count_is_always_feasible(whole, data):
    count = data.draw(st.integers(0, whole))
    share = round(count / whole, 2)
    assert count in compare.feasible_counts(whole, share - 0.005 - 1e-9, share + 0.005 + 2e-9)


def test_missing_members_fill_the_total():
    assert compare.missing_members(500, 0.95, 20, 0.83) == pytest.approx(481 / 0.83)


def test_an_effect_can_be_checked_when_both_levels_are_printed():
    rank = {"before": 5.0, "after": 57.0, "change": float("nan")}
    assert compare.effect_conditions(rank, "2018") == {"事前水平": True, "事后水平": True, "时点": True, "前后之差": False}
    assert compare.effect_conditions({"before": None, "after": float("nan"), "change": -3.5}, None) == {
        "事前水平": False, "事后水平": False, "时点": False, "前后之差": True,
    }  # fmt: skip
