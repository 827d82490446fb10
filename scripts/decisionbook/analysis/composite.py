"""Composite indices: a weighted tree of indicators, its scores, tiers, and how ranks answer to the weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

#: Rules of aggregation by name: the power of a weighted power mean (1 linear, 0 geometric, -1 harmonic).
AGGREGATIONS: dict[str, int] = {"算术": 1, "几何": 0, "调和": -1}
#: How nodes below the printed weights are weighted when no weight is given.
CHILD_WEIGHTS = ("等权", "按三级指标数")
TOTAL = "total"


def leaf_counts(tree: pd.DataFrame) -> pd.Series:
    """Return the number of lowest indicators below each node, itself for a lowest one; index node_id.

    `tree` has the columns node_id and parent_id (empty for the first level), parents before their children.
    """
    counts = dict.fromkeys(tree["node_id"], 0)
    parents = dict(zip(tree["node_id"], tree["parent_id"], strict=True))
    inner = set(tree["parent_id"].dropna())
    for node in counts:
        if node not in inner:
            at: str | None = node
            while at is not None:
                counts[at] += 1
                at = parents[at]
    return pd.Series(counts, dtype=int)


def local_weights(tree: pd.DataFrame, rule: str = CHILD_WEIGHTS[0], own: Mapping[str, float] | None = None) -> pd.Series:
    """Return the weight of each node among its siblings: ratios that sum to 1 below each parent; index node_id.

    Where all siblings carry a number in the column `weight` (any unit), those are used, scaled to 1; `own` replaces
    single ones. Where none does, `rule` decides: 等权 (equal) or 按三级指标数 (by the number of lowest indicators).
    Raises ValueError for another rule, a negative weight, weights that sum to 0, and siblings only partly weighted.
    """
    if rule not in CHILD_WEIGHTS:
        raise ValueError(f"rule {rule!r} is not one of {CHILD_WEIGHTS}")
    given = tree.set_index("node_id")["weight"].astype(float)
    for node, weight in (own or {}).items():
        given[node] = weight
    leaves = leaf_counts(tree)
    result = pd.Series(0.0, index=given.index)
    for parent, siblings in tree.groupby(tree["parent_id"].fillna(TOTAL), sort=False)["node_id"]:
        weights = given[siblings]
        if weights.isna().all():
            weights = leaves[siblings].astype(float) if rule == CHILD_WEIGHTS[1] else weights.fillna(1.0)
        if weights.isna().any():
            missing = ", ".join(weights.index[weights.isna()])
            raise ValueError(f"below {parent} some nodes have a weight and these have none: {missing}")
        if (weights < 0).any() or not weights.sum() > 0:
            raise ValueError(f"the weights below {parent} are {weights.tolist()}: none may be negative, not all nought")
        result[siblings] = weights / weights.sum()
    return result


def power_mean(values: np.ndarray, weights: np.ndarray, rule: str) -> np.ndarray:
    """Return the weighted mean of the last axis of `values` under a rule of AGGREGATIONS.

    `values` (n, k) are scores from 0 to 1; `weights` (k,) sum to 1, or (d, k) for d sets of weights, which gives (d, n).
    A part of weight 0 does not count, even if missing; any other missing part makes the result missing. With the
    geometric and the harmonic rule one nought makes the whole nought. M_p = (sum w x^p)^(1/p) (Hardy, Littlewood &
    Pólya 1934, Inequalities, ch. 2). Raises ValueError for an unknown rule.
    """
    if rule not in AGGREGATIONS:
        raise ValueError(f"aggregation {rule!r} is not one of {tuple(AGGREGATIONS)}")
    power = AGGREGATIONS[rule]
    rows = np.atleast_2d(np.asarray(values, dtype=float))
    sets = np.atleast_2d(np.asarray(weights, dtype=float))
    counted = sets.max(axis=0) > 0
    rows, sets = rows[:, counted], sets[:, counted]
    with np.errstate(divide="ignore"):
        if power == 1:
            means = sets @ rows.T
        elif power == 0:
            means = np.exp(sets @ np.log(np.where(rows == 0, np.finfo(float).tiny, rows)).T)
            means[:, (rows == 0).any(axis=1)] = 0.0
        else:
            means = 1 / (sets @ (1 / np.where(rows == 0, np.finfo(float).tiny, rows)).T)
            means[:, (rows == 0).any(axis=1)] = 0.0
    return means if np.ndim(weights) == 2 else means[0]


def score_table(scores: pd.DataFrame, tree: pd.DataFrame, weights: pd.Series, rule: str = "算术") -> pd.DataFrame:
    """Return the score of every area on every node and on the whole: index ref_area, columns node_id and `total`.

    `scores` is long (ref_area, node_id, score from 0 to 1); an area may be scored on any level. A node is aggregated
    from its children by `weights` (see local_weights) when all that count are known, else its own score stands; where
    neither exists it is missing (NaN). Raises ValueError for scores outside 0 to 1, nodes that are not in the tree,
    and pairs that stand twice.
    """
    known = scores.dropna(subset=["score"])
    outside = known[~known["score"].between(0, 1)]
    if len(outside):
        row = outside.iloc[0]
        raise ValueError(f"score {row['score']:g} of {row['ref_area']} on {row['node_id']} is not between 0 and 1")
    strange = sorted(set(scores["node_id"]) - set(tree["node_id"]))
    if strange:
        raise ValueError(f"no node {', '.join(strange)} in the tree")
    if scores.duplicated(["ref_area", "node_id"]).any():
        row = scores[scores.duplicated(["ref_area", "node_id"])].iloc[0]
        raise ValueError(f"{row['ref_area']} has two scores on {row['node_id']}")
    wide = scores.pivot(index="ref_area", columns="node_id", values="score").reindex(columns=[*tree["node_id"], TOTAL])
    return _upward(wide.reindex(list(dict.fromkeys(scores["ref_area"]))).astype(float), tree, weights, rule)


def score_bounds(table: pd.DataFrame, tree: pd.DataFrame, weights: pd.Series, rule: str = "算术") -> pd.DataFrame:
    """Return what missing scores allow: columns low and high of the whole, index as in `table` (of score_table).

    Every missing score is once 0 and once 1; bounds hold because each rule rises with each score.
    """
    filled = {}
    for name, value in (("low", 0.0), ("high", 1.0)):
        start = table.copy()
        inner = set(tree["parent_id"].dropna()) | {TOTAL}
        leaves = [n for n in tree["node_id"] if n not in inner]
        start[leaves] = start[leaves].fillna(value)
        filled[name] = _upward(start, tree, weights, rule, fixed=table)[TOTAL]
    return pd.DataFrame(filled)


def _upward(
    wide: pd.DataFrame, tree: pd.DataFrame, weights: pd.Series, rule: str, fixed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Aggregate from the lowest level; `fixed` holds values that stand as they are."""
    children = dict(iter(tree.groupby(tree["parent_id"].fillna(TOTAL), sort=False)["node_id"]))
    for node in [*reversed(tree["node_id"].tolist()), TOTAL]:
        if node in children:
            parts = children[node].tolist()
            means = power_mean(wide[parts].to_numpy(), weights[parts].to_numpy(), rule)
            made = pd.Series(means, index=wide.index).fillna(wide[node])
            wide[node] = made if fixed is None else fixed[node].fillna(made)
    return wide


def tiers_by_threshold(scores: pd.Series, thresholds: Sequence[float], names: Sequence[str]) -> pd.Series:
    """Return the tier of each score: names[0] from thresholds[0] upward, and so on down; missing stays missing.

    `thresholds` fall and are one fewer than `names`; raises ValueError otherwise.
    """
    if len(names) != len(thresholds) + 1 or any(a <= b for a, b in itertools.pairwise(thresholds)):
        raise ValueError(f"{len(names)} tiers need {len(names) - 1} falling thresholds, not {list(thresholds)}")
    places = [None if math.isnan(s) else sum(s < t for t in thresholds) for s in scores]
    return pd.Series([None if p is None else names[p] for p in places], index=scores.index, dtype=object)


def tiers_by_share(scores: pd.Series, shares: Sequence[float], names: Sequence[str]) -> pd.Series:
    """Return the tier of each score when the tiers hold these shares (ratios that sum to 1) of the ranked areas.

    Boundaries are rounded to whole areas (half up); equal scores share the higher tier; missing stays missing.
    16, 34 and 50 % of 50 areas give 8, 17 and 25. Raises ValueError when shares and names do not fit.
    """
    if len(shares) != len(names) or not math.isclose(sum(shares), 1.0, abs_tol=1e-9):
        raise ValueError(f"{len(names)} tiers need {len(names)} shares that sum to 1, not {list(shares)}")
    ranked = scores.dropna()
    before = rankdata(-ranked.to_numpy(), method="min") - 1 if len(ranked) else np.array([])
    ends = np.floor(np.cumsum(shares) * len(ranked) + 0.5 + 1e-9)
    places = np.searchsorted(ends[:-1], before, side="right")
    found = dict(zip(ranked.index, (names[p] for p in places), strict=True))
    return pd.Series([found.get(i) for i in scores.index], index=scores.index, dtype=object)


def dirichlet_weights(weights: Sequence[float], concentration: float, draws: int, seed: int) -> np.ndarray:
    """Return `draws` sets of weights (draws, k) scattered round `weights` (ratios), each summing to 1.

    Dirichlet with alpha = concentration x weight: the mean is the weight, its standard deviation
    sqrt(w (1 - w) / (concentration + 1)). A weight of 0 stays 0. Raises ValueError unless both are positive.
    """
    if concentration <= 0 or draws < 1:
        raise ValueError("concentration and draws must be positive")
    centre = np.asarray(weights, dtype=float) / np.sum(weights)
    result = np.zeros((draws, len(centre)))
    used = centre > 0
    result[:, used] = np.random.default_rng(seed).dirichlet(concentration * centre[used], size=draws)
    return result


def rank_acceptability(values: np.ndarray, weight_sets: np.ndarray, rule: str = "算术") -> np.ndarray:
    """Return the share of the weight sets in which each row takes each rank: (n, n), rows sum to 1.

    `values` (n, k) without missing parts, `weight_sets` (d, k). Rank 1 is the highest; equal scores share the better
    rank. Rank acceptability index b_i^r of SMAA-2 (Lahdelma & Salminen 2001) with known criteria values. Raises
    ValueError for missing values.
    """
    rows = np.atleast_2d(np.asarray(values, dtype=float))
    if np.isnan(rows).any():
        raise ValueError("rank acceptability needs complete rows")
    return rank_shares(power_mean(rows, np.atleast_2d(weight_sets), rule))


def rank_shares(scored: np.ndarray) -> np.ndarray:
    """Return the share of the draws in which each column takes each rank: (d, n) gives (n, n), rows sum to 1.

    Rank 1 is the highest; equal values share the better rank.
    """
    # Rounding keeps two identical columns equal, which the last binary digit would separate.
    ranks = rankdata(-np.round(scored, 12), method="min", axis=1).astype(int)
    count = scored.shape[1]
    return np.stack([np.bincount(ranks[:, i], minlength=count + 1)[1 : count + 1] for i in range(count)]) / len(ranks)


def lost_points(means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what each part takes from a full score of 1 under the linear rule: w (1 - m), shape of `weights`."""
    return np.asarray(weights, dtype=float) * (1 - np.asarray(means, dtype=float))
