"""Feasible averages: linear programmes against hand-worked corners and against random search."""

import math

import numpy as np
import pandas as pd
import pytest

from decisionbook.analysis.composite import TOTAL
from decisionbook.analysis.feasibility import IndexMeans, LinearSystem, index_means

WEIGHTS = {"1": 0.10, "2": 0.15, "3": 0.25, "4": 0.20, "5": 0.30}
PRINTED = [("2", 0.465, 0.475), ("3", 0.795, 0.805), ("4", -math.inf, 0.80), ("5", -math.inf, 0.80)]
CHILDREN = {"1": ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]}


def tree(children=()):
    rows = [(n, None, 1) for n in WEIGHTS] + [(c, p, 2) for p in children for c in CHILDREN[p]]
    frame = pd.DataFrame(rows, columns=["node_id", "parent_id", "level"])
    frame["parent_id"] = frame["parent_id"].astype(object).where(frame["parent_id"].notna(), None)
    return frame


def stats(rows):
    return pd.DataFrame([(n, "mean", low, high) for n, low, high in rows], columns=["node_id", "statistic", "low", "high"])


def orders(*rows):
    return pd.DataFrame(rows, columns=["left", "relation", "right"])


RANKING = orders(("4", "gt", "1"), ("5", "gt", "1"), ("2", "min_of", "1;2;3;4;5"), ("3", "max_of", "1;2;3;4;5"))


def printed_means(rule="算术", extra=(), children=(), child_weights=None, total=(0.695, 0.705)):
    return index_means(tree(children), stats([*PRINTED, *extra]), RANKING, total, WEIGHTS, rule, child_weights)


def test_corners_of_a_small_system_by_hand():
    system = LinearSystem(["x", "y"])
    system.at_most({"x": 1, "y": 1}, 1.0)
    system.above("x", "y")
    assert system.extent({"y": 1}) == pytest.approx((0.0, 0.5))
    assert system.extent({"x": 2, "y": 1}) == pytest.approx((0.0, 2.0))
    system.equal({"y": 1}, 0.4)
    assert system.extent({"x": 1}) == pytest.approx((0.4, 0.6))
    system.bound("x", 0.7, 1.0)
    assert system.extent({"x": 1}) is None
    assert system.point(["x"]) is None


def test_crossed_bounds_contradict():
    system = LinearSystem(["x"])
    system.bound("x", 0.6, 1.0)
    system.bound("x", 0.0, 0.5)
    assert system.extent({"x": 1}) is None


def test_one_of_several_statements_is_enough():
    system = LinearSystem(["x", "y"])
    system.one_of([({"x": -1}, -0.8), ({"y": -1}, -0.9)])
    assert system.extent({"x": 1, "y": 1}) == pytest.approx((0.8, 2.0))
    system.bound("x", 0.0, 0.5)
    assert system.extent({"y": 1}) == pytest.approx((0.9, 1.0))


def test_management_and_service_reach_at_most_078_together():
    # Highest whole, lowest known parts, technology as low as resources: (0.705 - 0.25 x 0.795 - 0.25 x 0.465) / 0.5.
    low, high = printed_means().range_of({"4": 0.2, "5": 0.3})
    assert high == pytest.approx((0.705 - 0.25 * 0.795 - 0.25 * 0.465) / 0.5) == pytest.approx(0.78)
    # Lowest whole, highest known parts, technology as high as the two: (0.695 - 0.25 x 0.805 - 0.15 x 0.475) / 0.6.
    assert low == pytest.approx((0.695 - 0.25 * 0.805 - 0.15 * 0.475) / 0.6)


def test_central_prints_give_the_two_a_mean_of_0765():
    exact = index_means(tree(), stats([("1", 0.47, 0.47), ("2", 0.47, 0.47), ("3", 0.80, 0.80)]), orders(), (0.70, 0.70), WEIGHTS)
    assert exact.range_of({"4": 0.2, "5": 0.3}) == pytest.approx((0.765, 0.765))


def test_ranges_agree_with_random_search():
    means = printed_means()
    rng = np.random.default_rng(8)
    points = rng.uniform(0.4, 0.85, (400_000, 5))
    points[:, 1] = rng.uniform(0.465, 0.475, len(points))
    points[:, 2] = rng.uniform(0.795, 0.805, len(points))
    whole = points @ list(WEIGHTS.values())
    t, r, _, m, s = points.T
    ok = (whole >= 0.695) & (whole <= 0.705) & (np.maximum(m, s) <= 0.80) & (np.minimum(m, s) >= t)
    ok &= (t >= r) & (points[:, 2] >= np.maximum(m, s))
    assert ok.sum() > 1000
    for node, column in zip(WEIGHTS, points.T, strict=True):
        low, high = means.range_of({node: 1.0})
        found = column[ok]
        assert low - 1e-9 <= found.min(), node
        assert found.max() <= high + 1e-9, node
        # The search comes near both ends, so the programme is not merely safe but tight.
        assert found.min() - low < 0.03, node
        assert high - found.max() < 0.03, node


def test_a_whole_that_the_parts_cannot_make_is_a_contradiction():
    means = printed_means(total=(0.9, 0.95))
    assert means.range_of({"1": 1.0}) is None
    assert means.middle(["1"]) is None
    assert means.ranges()["low"].isna().all()


def test_the_middle_agrees_with_the_printed_weights():
    means = printed_means()
    middle = means.middle(["1", "4", "5"])
    assert sum(WEIGHTS[n] * middle[n] for n in WEIGHTS) == pytest.approx(middle[TOTAL])
    assert middle["4"] >= middle["1"] >= middle["2"]


TERMINAL = [("1.1", 0.80, math.inf), ("1.2", 0.80, math.inf), ("1.3", -math.inf, 0.60), ("1.4", 0.375, 0.385)]
LOWEST = ("1.4", "min_of", "1.1;1.2;1.3;1.4;1.5;1.6")


def technology(child_weights):
    gap = pd.DataFrame([("1", "gap_of_children", 0.505, 0.515)], columns=["node_id", "statistic", "low", "high"])
    printed = pd.concat([stats([*PRINTED, *TERMINAL]), gap])
    ranking = pd.concat([RANKING, orders(LOWEST)])
    return index_means(tree(["1"]), printed, ranking, (0.695, 0.705), WEIGHTS, "算术", child_weights)


def test_the_widest_gap_puts_the_best_at_about_089():
    ranges = technology(None).ranges().set_index("node_id")
    assert ranges.loc["1.1", "high"] == pytest.approx(0.385 + 0.515)
    assert ranges.loc["1.5"].tolist() == pytest.approx([0.375, 0.90])


def test_equal_weights_raise_the_floor_of_technology():
    weights = pd.Series(1 / 6, index=CHILDREN["1"])
    low, _ = technology(weights).range_of({"1": 1.0})
    # One of the two best at 0.88 (0.375 + 0.505), the other at 0.80, the rest at the least of all.
    assert low == pytest.approx((0.88 + 0.80 + 4 * 0.375) / 6)
    assert technology(None).range_of({"1": 1.0})[0] == pytest.approx(0.465)


def test_a_parent_lies_between_its_parts_when_weights_are_unknown():
    simple = tree(["1"])
    means = index_means(simple, stats([(c, 0.2, 0.6) for c in CHILDREN["1"]]), orders(), (0, 1), WEIGHTS)
    assert means.range_of({"1": 1.0}) == pytest.approx((0.2, 0.6))


@pytest.mark.parametrize("rule", ["几何", "调和"])
def test_concave_rules_bound_from_one_side(rule):
    low, high = printed_means(rule).range_of({"4": 0.2, "5": 0.3})
    assert high == pytest.approx(0.80)
    # At the low end technology and the two are equal to x, all else at its highest: the rule gives 0.695 exactly.
    if rule == "几何":
        assert 0.6 * math.log(low) + 0.15 * math.log(0.475) + 0.25 * math.log(0.805) == pytest.approx(math.log(0.695))
    else:
        assert 0.6 / low + 0.15 / 0.475 + 0.25 / 0.805 == pytest.approx(1 / 0.695)


@pytest.mark.parametrize("rule", ["几何", "调和"])
def test_no_sample_of_cities_breaks_the_one_sided_bound(rule):
    rng = np.random.default_rng(6)
    weights = np.array(list(WEIGHTS.values()))
    for _ in range(100):
        cities = rng.uniform(0.05, 1, (50, 5))
        scores = np.exp(np.log(cities) @ weights) if rule == "几何" else 1 / ((1 / cities) @ weights)
        means = IndexMeans(tree(), WEIGHTS, rule)
        for node, value in zip(WEIGHTS, cities.mean(axis=0), strict=True):
            means.know(node, value, value)
        low, high = means.range_of({TOTAL: 1.0})
        # The cities' mean is below the score of the mean city: the rule is no equality for averages.
        assert low <= scores.mean() < high


def test_the_whole_may_be_meant_where_a_print_says_overall():
    def low_of(whole):
        extra = orders(("4", "gt_whole", "1"))
        return index_means(tree(), stats([("1", 0.2, 0.2)]), extra, (0.695, 0.705), WEIGHTS, whole=whole).range_of({"4": 1.0})[0]

    assert low_of(None) == pytest.approx(0.2)
    assert low_of(TOTAL) == pytest.approx(0.695)


def test_orders_of_deviations_are_passed_over_and_unknown_relations_refused():
    means = IndexMeans(tree(), WEIGHTS)
    means.order("1", "sd_gt", "2")
    with pytest.raises(ValueError, match="lt"):
        means.order("1", "lt", "2")
