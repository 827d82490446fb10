"""What a proof says: remarks with both values, and the small tools that every check uses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..data.package import Package
from ..reconcile.causes import one_digit_changed, transposed_digits
from .candidates import Quantity
from .draft import Draft

KINDS = {
    "sum": "合计与分项",
    "share": "比重与基数",
    "growth": "增幅与两端",
    "points": "百分点",
    "direction": "升降方向",
    "remainder": "占比合计",
    "above_whole": "超过百分之百",
    "rank": "名次升降",
    "table_rank": "名次与数值",
    "count": "条数与列举",
    "twice": "同一数量两处不一",
    "unit": "单位量级",
    "earlier": "与早前各期不一",
    "official": "与官方数据不一",
}
# Below this a remark costs more attention than it saves.
SHOWN = 0.5


@dataclass(frozen=True)
class Remark:
    """One remark: what was compared, both values, the difference, the place, and how sure it is."""

    kind: str
    start: int
    end: int
    printed: str
    expected: str
    difference: str
    words: str
    sure: float
    others: tuple[tuple[int, int, str], ...] = ()
    excerpt: str = ""


@dataclass
class Proof:
    """The remarks on a draft, and how much was compared."""

    numbers: int = 0
    compared: int = 0
    held: int = 0
    remarks: list[Remark] = field(default_factory=list)


class Checker:
    """The checks of one draft, which collect their remarks in a proof."""

    def __init__(self, package: Package, draft: Draft) -> None:
        self.package, self.draft, self.text = package, draft, draft.document.text
        self.number = dict(zip(draft.keys, draft.numbers, strict=True))
        self.ends = {k: n.end for k, n in self.number.items()}
        self.proof = Proof(len(draft.numbers))
        self.by_key = {q.key: q for q in draft.quantities}

    def say(self, kind: str, target: Quantity, expected: str, difference: str, words: str, sure: float,
            others: Sequence[tuple[int, int, str]] = ()) -> None:  # fmt: skip
        """Add a remark on a number; `others` are the places that it was compared with."""
        number = self.number[target.key]
        self.proof.remarks.append(
            Remark(kind, number.start, number.end, number.published, expected, difference, words, round(sure, 2), tuple(others),
                   self.draft.context.excerpt(number.start, number.end))
        )  # fmt: skip

    def places(self, quantities: Sequence[Quantity]) -> list[tuple[int, int, str]]:
        """Return the places and prints of quantities, for a remark that compares with them."""
        return [(self.number[q.key].start, self.number[q.key].end, self.number[q.key].published) for q in quantities]

    def printed(self, quantity: Quantity) -> str:
        """Return a quantity as it is printed, without white space."""
        return re.sub(r"\s+", "", self.number[quantity.key].published)


def number_text(value: float) -> str:
    """Return a value as a reader would print it, without binary noise."""
    return f"{float(f'{value:.10g}'):.10g}" if math.isfinite(value) else "–"


def slip(printed: float, other: float, factor: float) -> bool:
    """Return whether one slip of the hand turns one value into the other: a digit, two digits swapped, a shifted point."""
    left, right = number_text(printed / factor), number_text(other / factor)
    if len(left.replace(".", "")) < 3:
        return False
    if any(math.isclose(printed * f, other, rel_tol=1e-9) for f in (10, 0.1, 100, 0.01, 1e4, 1e-4, 1e8, 1e-8)):
        return True
    return any(math.isclose(v, float(right), rel_tol=1e-9) for v in (*transposed_digits(left), *one_digit_changed(left)))


def by_kind(remarks: Sequence[Remark]) -> Mapping[str, int]:
    """Return how many remarks there are of each kind, in the order of KINDS."""
    return {kind: n for kind in KINDS if (n := sum(r.kind == kind for r in remarks))}
