"""City programmes: groups, one witness, unit costs, totals that do not close."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from decisionbook.analysis import programmes
from decisionbook.analysis.intervals import Interval, Quantity

ROOT = Path(__file__).parents[2]
FACTORS = {"家": 1.0, "个": 1.0, "%": 0.01}


def figures(*rows):
    return pd.DataFrame(rows, columns=["figure_id", "obs_value", "unit_measure"])


def formulas(*rows):
    return pd.DataFrame(rows, columns=["figure_id", "reading", "expression", "inputs"])


def test_the_hospitals_by_level_make_seventy_eight_where_seventy_five_is_printed():
    found = programmes.closures(
        figures(("t", 75, "家"), ("a", 9, "家"), ("b", 31, "家"), ("c", 38, "家")),
        formulas(("t", "分项求和", "a+b+c", "a=a;b=b;c=c")),
        FACTORS,
    )
    assert found.loc[0, ["printed", "computed", "difference"]].tolist() == [75, 78, 3]
    assert found.loc[0, "deviation"] == pytest.approx(0.04)


def test_a_share_closes_in_its_printed_unit_and_repetitions_are_no_test():
    frame = figures(("r", 100, "%"), ("a", 7372, "个"), ("b", 7372, "个"))
    rows = (("r", "结案与受理之比", "a/b", "a=a;b=b"), ("b", "一量两处", "a", "a=a"), ("r", "缺", "a/x", "a=a;x=gone"))
    found = programmes.closures(frame, formulas(*rows), FACTORS)
    assert found["figure_id"].tolist() == ["r"]
    assert found["computed"].tolist() == pytest.approx([100])


def test_the_reading_nearest_to_the_print_counts():
    frame = figures(("t", 1808, "个"), ("a", 332, "个"), ("b", 1066, "个"), ("c", 411, "个"))
    both = formulas(("t", "仅单位", "a+b", "a=a;b=b"), ("t", "单位与村", "a+b+c", "a=a;b=b;c=c"))
    nearest = programmes.nearest_reading(programmes.closures(frame, both, FACTORS))
    assert nearest["reading"].tolist() == ["单位与村"]
    assert nearest["difference"].tolist() == [1]


def test_an_article_printed_twice_is_one_witness():
    notes = [None, "同文重刊：000-0007", "与上文同一数"]
    frame = pd.DataFrame({"figure_id": ["000-0007", "003-1066", "003-2010"], "note": notes})
    assert programmes.one_witness(frame)["figure_id"].tolist() == ["000-0007", "003-2010"]


def test_a_county_belongs_to_its_prefecture_and_the_region_to_none():
    parents = {"450721": "450700", "450700": "450000", "450000": "100000", "100000": "WLD", "WLD": None}
    assert programmes.home_prefecture("450721", parents, ["450700"]) == "450700"
    assert programmes.home_prefecture("450700", parents, ["450700"]) == "450700"
    assert programmes.home_prefecture("450000", parents, ["450700"]) is None


@pytest.mark.parametrize(
    ("indicator", "group"),
    [
        ("smart_city_fund_allocated", "资金与项目"),
        ("extranet_investment", "资金与项目"),
        ("extranet_lines", "网络"),
        ("government_cloud_systems", "云与数据中心"),
        ("app_registered_users", "应用与账户"),
        ("witnessed_projects", "资金与项目"),
        ("witness_problems", "审批与营商"),
        ("something_else", "其他"),
    ],
)
def test_an_indicator_falls_in_the_group_of_its_longest_key(indicator, group):
    assert programmes.metric_group(indicator) == group


def test_the_choices_of_the_chapter_are_the_metrics_of_the_module():
    declared = yaml.safe_load((ROOT / "notebooks/city_programmes.yml").read_text(encoding="utf-8"))
    assert declared["parameters"]["metric"]["choices"] == list(programmes.SIDE_BY_SIDE)
    known = pd.read_csv(ROOT / "data/indicators.csv")["indicator"]
    assert set(programmes.SIDE_BY_SIDE.values()) <= set(known)


def test_trailing_zeros_and_more_are_read_both_ways():
    fund = Quantity(31000.0, Interval(30999.5, 31000.5), "万元")
    assert (programmes.coarse(fund).low, programmes.coarse(fund).high) == (30500, 31500)
    for exact in (Quantity.exact(218, "个"), Quantity(1191.0, Interval(1190.5, 1191.5), "万元")):
        assert programmes.coarse(exact) == exact
    more = Quantity(1000.0, Interval(1000.0, 2000.0), "项")
    assert (programmes.narrow_more(more).low, programmes.narrow_more(more).high) == (1000, 1100)


def test_nanning_s_fund_is_142_a_project_and_lingshan_s_network_pays_back_in_four_years():
    assert programmes.per_unit(31000, 218) == pytest.approx(142.2, abs=0.01)
    assert programmes.payback_years(1191, 285) == pytest.approx(4.18, abs=0.005)


def test_what_is_left_of_a_total_grows_as_the_levels_say():
    # Bases 100, 60 and 30 leave 10; levels 110, 66 and 33 leave 11.
    assert programmes.residual_growth(110, 0.1, 66, 0.1, 33, 0.1) == pytest.approx(0.1)
    assert programmes.residual_growth(87.6354, 0.0767, 36.61, 0.1092, 50.44, 0.0553) == pytest.approx(-0.0078, abs=5e-4)


def test_an_empty_frame_becomes_one_row_of_missing():
    empty = pd.DataFrame(columns=["a", "b"])
    assert programmes.or_placeholder(empty, a="缺").to_dict("records") == [{"a": "缺", "b": None}]
    full = pd.DataFrame({"a": [1], "b": [2]})
    assert programmes.or_placeholder(full, a="缺") is full


def test_a_caption_names_the_places_that_an_edition_has():
    assert programmes.cited(["000", "003"], ["002", "003"], "复算") == "003；复算"
    assert programmes.cited(["000", "003"], ["000", "003"], "复算") == "000、003；复算"
    assert programmes.cited(["000 二", "003 同文重刊"], ["000", "003"]) == "000 二；003 同文重刊"
    assert programmes.cited(["000 二"], ["002"]) == ""
