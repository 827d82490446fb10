"""Composite index: weights, aggregation, tiers and ranks against hand-worked cases and a second implementation."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from decisionbook.analysis import composite
from decisionbook.analysis.composite import TOTAL


def small_tree(weights=(60.0, 40.0)):
    rows = [("1", None, weights[0]), ("1.1", "1", None), ("1.2", "1", None), ("2", None, weights[1]), ("2.1", "2", None)]
    rows += [(n, n[:3], None) for n in ("1.1.1", "1.1.2", "1.1.3", "1.2.1", "2.1.1")]
    rows.sort(key=lambda r: (r[0].count("."), r[0]))
    frame = pd.DataFrame(rows, columns=["node_id", "parent_id", "weight"])
    frame["parent_id"] = frame["parent_id"].astype(object).where(frame["parent_id"].notna(), None)
    return frame.astype({"weight": float})


def long(areas):
    rows = [(area, node, score) for area, scores in areas.items() for node, score in scores.items()]
    return pd.DataFrame(rows, columns=["ref_area", "node_id", "score"])


def second_implementation(tree, weights, given, rule):
    """Score one area by plain recursion, with formulas written out anew."""
    children = {}
    for node, parent in zip(tree["node_id"], tree["parent_id"], strict=True):
        children.setdefault(parent, []).append(node)

    def value(node):
        parts = [(weights[c], value(c)) for c in children.get(node, [])]
        if parts and all(v is not None for _, v in parts):
            if rule == "算术":
                return sum(w * v for w, v in parts)
            if any(v == 0 for _, v in parts):
                return 0.0
            if rule == "几何":
                return math.prod(v**w for w, v in parts)
            return 1 / sum(w / v for w, v in parts)
        return given.get(node)

    return value(None)


def test_equal_weights_and_weights_by_leaves():
    tree = small_tree()
    equal = composite.local_weights(tree, "等权")
    leaves = composite.local_weights(tree, "按三级指标数")
    assert equal[["1", "2"]].tolist() == pytest.approx([0.6, 0.4])
    assert equal[["1.1", "1.2"]].tolist() == [0.5, 0.5]
    assert leaves[["1.1", "1.2"]].tolist() == [0.75, 0.25]
    assert equal[["1.1.1", "1.1.2", "1.1.3"]].tolist() == pytest.approx([1 / 3] * 3)


def test_own_weights_replace_printed_ones_and_are_scaled():
    found = composite.local_weights(small_tree(), own={"1": 1, "2": 3})
    assert found[["1", "2"]].tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("weights", "message"), [((-1, 2), "negative"), ((0, 0), "not all nought"), ((math.nan, 1), "have none: 1")]
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        composite.local_weights(small_tree(weights))


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="等权"):
        composite.local_weights(small_tree(), "随意")
    with pytest.raises(ValueError, match="算术"):
        composite.power_mean(np.array([0.5]), np.array([1.0]), "最大")


def test_power_means_by_hand():
    values, weights = np.array([[0.25, 1.0]]), np.array([0.5, 0.5])
    assert composite.power_mean(values, weights, "算术")[0] == pytest.approx(0.625)
    assert composite.power_mean(values, weights, "几何")[0] == pytest.approx(0.5)
    assert composite.power_mean(values, weights, "调和")[0] == pytest.approx(0.4)


def test_a_nought_makes_the_concave_means_nought():
    values, weights = np.array([[0.0, 1.0]]), np.array([0.1, 0.9])
    assert composite.power_mean(values, weights, "算术")[0] == pytest.approx(0.9)
    assert composite.power_mean(values, weights, "几何")[0] == 0
    assert composite.power_mean(values, weights, "调和")[0] == 0


def test_a_missing_part_without_weight_does_not_count():
    values = np.array([[0.4, math.nan]])
    assert composite.power_mean(values, np.array([1.0, 0.0]), "算术")[0] == pytest.approx(0.4)
    assert math.isnan(composite.power_mean(values, np.array([0.9, 0.1]), "算术")[0])


def test_one_city_by_hand():
    tree = small_tree()
    scores = long({"450100": {"1.1.1": 0.9, "1.1.2": 0.6, "1.1.3": 0.3, "1.2.1": 1.0, "2.1.1": 0.5}})
    table = composite.score_table(scores, tree, composite.local_weights(tree))
    # 1.1 is the mean of 0.9, 0.6, 0.3; 1 the mean of 0.6 and 1.0; the whole 0.6 x 0.8 + 0.4 x 0.5.
    assert table.loc["450100", ["1.1", "1", "2", TOTAL]].tolist() == pytest.approx([0.6, 0.8, 0.5, 0.68])


@pytest.mark.parametrize("rule", list(composite.AGGREGATIONS))
@pytest.mark.parametrize("weighting", composite.CHILD_WEIGHTS)
def test_a_table_of_cities_agrees_with_plain_recursion(rule, weighting):
    tree = small_tree()
    rng = np.random.default_rng(11)
    nodes = list(tree["node_id"])
    areas = {
        f"{450100 + i}": {n: float(rng.random()) for n in nodes if rng.random() < 0.85 or n.count(".") < 2} for i in range(40)
    }
    weights = composite.local_weights(tree, weighting)
    table = composite.score_table(long(areas), tree, weights, rule)
    for area, given in areas.items():
        assert table.loc[area, TOTAL] == pytest.approx(second_implementation(tree, weights, given, rule)), area


def test_a_score_of_a_higher_level_stands_where_the_lower_is_incomplete():
    tree = small_tree()
    table = composite.score_table(long({"a": {"1": 0.7, "1.2.1": 0.1, "2": 0.2}}), tree, composite.local_weights(tree))
    assert table.loc["a", TOTAL] == pytest.approx(0.6 * 0.7 + 0.4 * 0.2)


def test_missing_stays_missing_and_is_bounded():
    tree = small_tree()
    weights = composite.local_weights(tree)
    table = composite.score_table(long({"a": {"1": 0.7}, "b": {"1": 0.7, "2": 0.5}, "c": {"2": math.nan}}), tree, weights)
    assert math.isnan(table.loc["a", TOTAL])
    bounds = composite.score_bounds(table, tree, weights)
    assert bounds.loc["a"].tolist() == pytest.approx([0.42, 0.82])
    assert bounds.loc["b"].tolist() == pytest.approx([0.62, 0.62])
    assert bounds.loc["c"].tolist() == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize(
    ("areas", "message"),
    [({"a": {"1": 1.2}}, "not between 0 and 1"), ({"a": {"9": 0.5}}, "no node 9")],
)
def test_wrong_scores_are_refused(areas, message):
    tree = small_tree()
    with pytest.raises(ValueError, match=message):
        composite.score_table(long(areas), tree, composite.local_weights(tree))


def test_a_score_given_twice_is_refused():
    tree = small_tree()
    twice = pd.concat([long({"a": {"1": 0.5}})] * 2)
    with pytest.raises(ValueError, match="two scores on 1"):
        composite.score_table(twice, tree, composite.local_weights(tree))


def test_tiers_by_threshold():
    scores = pd.Series({"a": 0.81, "b": 0.80, "c": 0.7, "d": math.nan})
    found = composite.tiers_by_threshold(scores, [0.8, 0.75], ["高", "中", "低"])
    assert found.tolist() == ["高", "高", "低", None]
    with pytest.raises(ValueError, match="falling"):
        composite.tiers_by_threshold(scores, [0.7, 0.8], ["高", "中", "低"])


def test_printed_shares_make_eight_seventeen_and_twenty_five_of_fifty():
    scores = pd.Series(np.linspace(0.9, 0.4, 50))
    found = composite.tiers_by_share(scores, [0.16, 0.34, 0.50], ["领军城市", "先锋城市", "探索城市"])
    assert found.value_counts().to_dict() == {"探索城市": 25, "先锋城市": 17, "领军城市": 8}
    assert (found.iloc[:8] == "领军城市").all()


def test_equal_scores_share_the_higher_tier_and_missing_has_none():
    scores = pd.Series([0.9, 0.9, 0.5, math.nan])
    assert composite.tiers_by_share(scores, [1 / 3, 2 / 3], ["上", "下"]).tolist() == ["上", "上", "下", None]
    assert composite.tiers_by_share(pd.Series([math.nan]), [0.5, 0.5], ["上", "下"]).tolist() == [None]


def test_shares_must_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1"):
        composite.tiers_by_share(pd.Series([1.0]), [0.5, 0.6], ["上", "下"])


def test_dirichlet_draws_are_seeded_and_centred():
    weights = [0.1, 0.15, 0.25, 0.2, 0.3]
    first = composite.dirichlet_weights(weights, 100, 20_000, 2021)
    assert np.array_equal(first, composite.dirichlet_weights(weights, 100, 20_000, 2021))
    assert not np.array_equal(first, composite.dirichlet_weights(weights, 100, 20_000, 2022))
    assert first.sum(axis=1) == pytest.approx(np.ones(20_000))
    assert first.mean(axis=0) == pytest.approx(weights, abs=0.002)
    expected = [math.sqrt(w * (1 - w) / 101) for w in weights]
    assert first.std(axis=0) == pytest.approx(expected, rel=0.03)


def test_a_weight_of_nought_stays_nought():
    assert (composite.dirichlet_weights([0.0, 1.0, 1.0], 10, 5, 1)[:, 0] == 0).all()


def test_acceptability_agrees_with_the_beta_distribution():
    # Two criteria: city a is ahead of b while the weight of the first is above 1/3: a = w, b = (1 - w) / 2.
    draws = composite.dirichlet_weights([0.4, 0.6], 10, 200_000, 5)
    found = composite.rank_acceptability(np.array([[1.0, 0.0], [0.0, 0.5]]), draws)
    assert found[0, 0] == pytest.approx(beta.sf(1 / 3, 4, 6), abs=0.004)
    assert found.sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize("rule", list(composite.AGGREGATIONS))
def test_acceptability_agrees_with_sorting_each_draw(rule):
    values = np.random.default_rng(3).random((6, 3))
    draws = composite.dirichlet_weights([0.2, 0.3, 0.5], 20, 300, 3)
    counts = np.zeros((6, 6))
    for weights in draws:
        scored = [float(composite.power_mean(v[None], weights, rule)[0]) for v in values]
        for i, rank in itertools.product(range(6), range(6)):
            counts[i, rank] += sum(s > scored[i] for s in scored) == rank
    assert composite.rank_acceptability(values, draws, rule) == pytest.approx(counts / 300)


def test_a_city_that_is_best_everywhere_is_first_under_all_weights():
    draws = composite.dirichlet_weights([1, 1, 1], 1, 500, 9)
    found = composite.rank_acceptability(np.array([[0.9, 0.9, 0.9], [0.8, 0.5, 0.1], [0.8, 0.5, 0.1]]), draws)
    assert found[0].tolist() == [1, 0, 0]
    assert found[1].tolist() == found[2].tolist() == [0, 1, 0]


def test_acceptability_refuses_missing_scores():
    with pytest.raises(ValueError, match="complete"):
        composite.rank_acceptability(np.array([[math.nan, 1.0]]), np.array([[0.5, 0.5]]))


def test_lost_points_and_the_score_make_up_the_whole():
    means, weights = np.array([0.47, 0.80]), np.array([0.4, 0.6])
    lost = composite.lost_points(means, weights)
    assert lost.tolist() == pytest.approx([0.212, 0.12])
    assert lost.sum() + composite.power_mean(means[None], weights, "算术")[0] == pytest.approx(1.0)


def test_columns_that_only_binary_rounding_parts_are_equal():
    assert composite.rank_shares(np.array([[0.1 + 0.2, 0.3]])).tolist() == [[1, 0], [1, 0]]


def test_rank_shares_of_columns():
    found = composite.rank_shares(np.array([[3.0, 2.0, 2.0], [1.0, 5.0, 2.0]]))
    assert found.tolist() == [[0.5, 0, 0.5], [0.5, 0.5, 0], [0, 1.0, 0]]
