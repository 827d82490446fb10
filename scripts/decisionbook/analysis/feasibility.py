"""What printed averages imply for unprinted ones: ranges over all values that satisfy every printed statement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from .composite import AGGREGATIONS, TOTAL

# Below this a score counts as nought: the logarithm and the reciprocal of the two concave rules have no value there.
LEAST_SCORE = 1e-3
_INFEASIBLE = 2
#: Coefficients by the number of the unknown, and the limit that their sum must not pass.
_Row = tuple[dict[int, float], float]


class LinearSystem:
    """Linear statements about named unknowns, each between its own bounds; ranges are found by HiGHS.

    Statements hold with their ends: a strict inequality is entered as its closure, so ranges are closed.
    """

    def __init__(self, names: Sequence[str], low: float = 0.0, high: float = 1.0) -> None:
        self.names = list(names)
        self._bounds = [[low, high] for _ in self.names]
        self._rows: list[_Row] = []
        self._choices: list[list[_Row]] = []

    def bound(self, name: str, low: float = -math.inf, high: float = math.inf) -> None:
        """Narrow an unknown to between `low` and `high`; crossed bounds make the system infeasible."""
        pair = self._bounds[self.names.index(name)]
        pair[0], pair[1] = max(pair[0], low), min(pair[1], high)

    def at_most(self, terms: Mapping[str, float], limit: float = 0.0) -> None:
        """State that sum of coefficient x unknown <= limit."""
        self._rows.append(({self.names.index(n): c for n, c in terms.items()}, limit))

    def equal(self, terms: Mapping[str, float], value: float = 0.0) -> None:
        """State that sum of coefficient x unknown = value."""
        self.at_most(terms, value)
        self.at_most({n: -c for n, c in terms.items()}, -value)

    def above(self, left: str, right: str) -> None:
        """State that `left` is not below `right`."""
        self.at_most({right: 1.0, left: -1.0})

    def one_of(self, statements: Iterable[tuple[Mapping[str, float], float]]) -> None:
        """State that at least one of the inequalities (terms, limit) holds; each takes a switch that is 0 or 1."""
        self._choices.append([({self.names.index(n): c for n, c in t.items()}, limit) for t, limit in statements])

    def extent(self, terms: Mapping[str, float]) -> tuple[float, float] | None:
        """Return the least and greatest value of sum coefficient x unknown; None when the statements contradict."""
        ends = [self._solve(terms, sign) for sign in (1, -1)]
        if ends[0] is None or ends[1] is None:
            return None
        return self._value(terms, ends[0]), self._value(terms, ends[1])

    def point(self, names: Sequence[str]) -> dict[str, float] | None:
        """Return one solution in the middle: the mean of the solutions at both ends of each of `names`.

        It solves the system itself when no alternative (`one_of`) was stated, because solutions are then convex.
        """
        found = [self._solve({n: 1.0}, sign) for n in names for sign in (1, -1)]
        if any(f is None for f in found):
            return None
        middle = np.mean(np.array(found), axis=0)
        return dict(zip(self.names, middle[: len(self.names)].tolist(), strict=True))

    def _value(self, terms: Mapping[str, float], solution: np.ndarray) -> float:
        return float(sum(c * solution[self.names.index(n)] for n, c in terms.items()))

    def _solve(self, terms: Mapping[str, float], sign: int) -> np.ndarray | None:
        if any(low > high for low, high in self._bounds):
            return None
        rows, switches = self._with_switches()
        size = len(self.names) + switches
        cost = np.zeros(size)
        for name, coefficient in terms.items():
            cost[self.names.index(name)] = sign * coefficient
        matrix = np.zeros((len(rows), size))
        for number, (entries, _) in enumerate(rows):
            matrix[number, list(entries)] = list(entries.values())
        solved = linprog(
            cost,
            A_ub=matrix if rows else None,
            b_ub=[limit for _, limit in rows] if rows else None,
            bounds=self._bounds + [[0.0, 1.0]] * switches,
            integrality=[0] * len(self.names) + [1] * switches if switches else None,
            method="highs",
        )
        if solved.status == _INFEASIBLE:
            return None
        if solved.status != 0:
            raise ArithmeticError(f"the linear programme has no answer: {solved.message}")
        return np.asarray(solved.x)

    def _with_switches(self) -> tuple[list[_Row], int]:
        """Return all rows with the alternatives written out: a row whose switch is off holds for every value."""
        rows = list(self._rows)
        switch = len(self.names)
        for choice in self._choices:
            chosen: dict[int, float] = {}
            for entries, limit in choice:
                # The most by which the left side can be over its limit: no larger, or rounding blurs the answer.
                slack = max(0.0, sum(c * self._bounds[i][c > 0] for i, c in entries.items()) - limit)
                rows.append(({**entries, switch: slack}, limit + slack))
                chosen[switch] = -1.0
                switch += 1
            rows.append((chosen, -1.0))
        return rows, switch - len(self.names)


class IndexMeans:
    """The averages of an index over its sample as unknowns, with every printed statement about them.

    `tree` holds node_id, parent_id and level of the levels in question (no lowest indicators needed); `weights` the
    ratios of the first level; `child_weights` those below, or None when they are not known: a mean then lies between
    its least and greatest part. `rule` is one of composite.AGGREGATIONS. Only the arithmetic rule commutes with
    averaging over cities. Under the geometric and harmonic rule, which are concave, the mean of the cities' scores is
    at most the score of the mean city (Jensen's inequality), so that equalities become one-sided; unknowns are then
    log x and -1/x, in which both rules are linear.
    """

    def __init__(
        self, tree: pd.DataFrame, weights: Mapping[str, float], rule: str = "算术", child_weights: pd.Series | None = None
    ) -> None:
        self.power = AGGREGATIONS[rule]
        self.names = [*tree["node_id"], TOTAL]
        low = 0.0 if self.power == 1 else LEAST_SCORE
        self.system = LinearSystem(self.names, self.into(low), self.into(1.0))
        self._aggregate(TOTAL, dict(weights))
        for parent, parts in tree.dropna(subset=["parent_id"]).groupby("parent_id", sort=False)["node_id"]:
            if child_weights is not None:
                self._aggregate(str(parent), child_weights[parts.tolist()].to_dict())
            else:
                self._between(str(parent), parts.tolist())

    def into(self, score: float) -> float:
        """Return a score in the terms in which the rule is linear."""
        return score if self.power == 1 else math.log(score) if self.power == 0 else -1 / score

    def back(self, term: float) -> float:
        """Return the score of a term, the inverse of `into`."""
        return term if self.power == 1 else math.exp(term) if self.power == 0 else -1 / term

    def _aggregate(self, parent: str, weights: Mapping[Any, float]) -> None:
        terms = {parent: 1.0, **{n: -float(w) for n, w in weights.items()}}
        if self.power == 1:
            self.system.equal(terms)
        else:
            self.system.at_most(terms)

    def _between(self, parent: str, parts: Sequence[str]) -> None:
        self.system.one_of([({parent: 1.0, n: -1.0}, 0.0) for n in parts])
        if self.power == 1:
            self.system.one_of([({n: 1.0, parent: -1.0}, 0.0) for n in parts])

    def know(self, node: str, low: float, high: float) -> None:
        """Enter a printed mean: between `low` and `high` (scores from 0 to 1; unbounded ends are infinite)."""
        least = 0.0 if self.power == 1 else LEAST_SCORE
        self.system.bound(node, self.into(max(low, least)), self.into(min(high, 1.0)))

    def order(self, left: str, relation: str, right: str) -> None:
        """Enter a printed order of means: gt (above), max_of or min_of among nodes parted by semicolons.

        Relations of deviations (sd_…) say nothing about means and are passed over; others raise ValueError.
        """
        others = [n for n in right.split(";") if n != left]
        if relation in ("gt", "max_of", "min_of"):
            for other in others:
                pair = (other, left) if relation == "min_of" else (left, other)
                self.system.above(*pair)
        elif not relation.startswith("sd_"):
            raise ValueError(f"relation {relation!r} is not gt, max_of, min_of or sd_…")

    def widest_gap(self, nodes: Sequence[str], lowest: tuple[float, float], gap: tuple[float, float]) -> None:
        """Enter the printed distance between the greatest and the least of some means, and what the least is.

        `lowest` and `gap` are (low, high): no mean is above the highest sum of the two, and one reaches the lowest.
        """
        for node in nodes:
            self.know(node, -math.inf, lowest[1] + gap[1])
        self.system.one_of([({n: -1.0}, -self.into(lowest[0] + gap[0])) for n in nodes])

    def range_of(self, weights: Mapping[str, float]) -> tuple[float, float] | None:
        """Return the range of the weighted mean of some nodes under the rule; None when the print contradicts itself.

        `weights` need not sum to 1: {"4": 1} is one mean, {"4": 20, "5": 30} the two together.
        """
        total = sum(weights.values())
        found = self.system.extent({n: w / total for n, w in weights.items()})
        return None if found is None else (self.back(found[0]), self.back(found[1]))

    def ranges(self) -> pd.DataFrame:
        """Return node_id, low and high of every mean and of the whole; NaN throughout when the print contradicts itself."""
        found = [self.range_of({n: 1.0}) or (math.nan, math.nan) for n in self.names]
        return pd.DataFrame({"node_id": self.names, "low": [f[0] for f in found], "high": [f[1] for f in found]})

    def middle(self, nodes: Sequence[str]) -> dict[str, float] | None:
        """Return one value for each mean that agrees with the printed weights; None when the print contradicts itself."""
        found = self.system.point(nodes)
        return None if found is None else {n: self.back(v) for n, v in found.items()}


def index_means(
    tree: pd.DataFrame,
    stats: pd.DataFrame,
    orders: pd.DataFrame,
    total: tuple[float, float],
    weights: Mapping[str, float],
    rule: str = "算术",
    child_weights: pd.Series | None = None,
    whole: str | None = None,
) -> IndexMeans:
    """Return the averages of an index with all that is printed about them.

    `stats` has node_id, statistic (mean, gap_of_children, others are passed over), low and high; `orders` has left,
    relation and right (see IndexMeans.order), where gt_whole stands for "above the whole": `right`, or the node that
    `whole` names. `total` bounds the whole. Raises ValueError for an unknown relation.
    """
    means = IndexMeans(tree, weights, rule, child_weights)
    means.know(TOTAL, *total)
    printed = stats[stats["statistic"] == "mean"]
    for row in printed.to_dict("records"):
        means.know(row["node_id"], row["low"], row["high"])
    for row in orders.to_dict("records"):
        if row["relation"] == "gt_whole":
            means.order(row["left"], "gt", whole or row["right"])
        else:
            means.order(row["left"], row["relation"], row["right"])
    for row in stats[stats["statistic"] == "gap_of_children"].to_dict("records"):
        parts = tree.loc[tree["parent_id"] == row["node_id"], "node_id"].tolist()
        groups = printed[printed["node_id"].isin(parts)].groupby("node_id", sort=False)
        known = groups.agg(low=("low", "max"), high=("high", "min")).to_dict("index")
        named = orders.loc[(orders["relation"] == "min_of") & orders["left"].isin(parts), "left"]
        for lowest in named[named.isin(list(known))]:
            means.widest_gap(parts, (known[lowest]["low"], known[lowest]["high"]), (row["low"], row["high"]))
    return means
