"""Visitor measures: the kinds of place they act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# A place may belong to several kinds: 机场、火车站、景区入口 is a hub and a sight.
PLACE_KINDS: dict[str, tuple[str, ...]] = {
    "景区": ("景区",),
    "交通枢纽": ("机场", "火车站", "地铁", "公交"),
    "公路": ("高速", "公路"),
    "城市与跨省": ("市、", "城市", "各市", "发生地", "跨省"),
    "企业": ("企业",),
}
UNSAID = "未说明"


def place_kinds(place: str | None) -> list[str]:
    """Return the kinds of PLACE_KINDS that a place text names, [未说明] when it is empty or names none."""
    # An empty cell is None or NaN, according to where the frame comes from.
    text = place if isinstance(place, str) else ""
    found = [kind for kind, words in PLACE_KINDS.items() if any(word in text for word in words)]
    return found or [UNSAID]


def measure_matrix(measures: pd.DataFrame) -> pd.DataFrame:
    """Return how many measures answer each problem at each kind of place.

    `measures` has the columns problem, effect and place; the result problem, kind, measures and worded (measures
    whose effect is put into words), in the order of the problems and of PLACE_KINDS.
    """
    import pandas as pd

    spread = measures.assign(kind=measures["place"].map(place_kinds)).explode("kind")
    spread["kind"] = pd.Categorical(spread["kind"], [*PLACE_KINDS, UNSAID], ordered=True)
    spread["problem"] = pd.Categorical(spread["problem"], list(dict.fromkeys(measures["problem"])), ordered=True)
    counted = spread.groupby(["problem", "kind"], observed=True).agg(measures=("effect", "size"), worded=("effect", "count"))
    return counted.reset_index().astype({"problem": str, "kind": str})
