"""Concentration of a set of firms or brands: shares, ratios of the largest, Herfindahl-Hirschman index and bounds."""

from __future__ import annotations

from collections.abc import Sequence

HHI_SCALE = 10_000


def concentration_ratio(values: Sequence[float], largest: int) -> float:
    """Return the share of the `largest` greatest values in the sum of all, a ratio (CR_k).

    Raises ValueError when the values sum to nothing.
    """
    total = sum(values)
    if total <= 0:
        raise ValueError("the values sum to nothing")
    return sum(sorted(values, reverse=True)[:largest]) / total


def hhi(values: Sequence[float]) -> float:
    """Return the Herfindahl-Hirschman index of the values' shares, 0 to 10000 (Hirschman 1964).

    Of the firms listed, not of a market: firms that are not listed are left out. Raises ValueError for no total.
    """
    total = sum(values)
    if total <= 0:
        raise ValueError("the values sum to nothing")
    return sum((v / total) ** 2 for v in values) * HHI_SCALE


def brand_hhi_least(*shares: float) -> float:
    """Return the least index (0 to 10000) that printed shares in per cent allow: the rest split among very many."""
    return float(sum(s**2 for s in shares))


def brand_hhi_most(*shares: float) -> float:
    """Return an upper bound of the index (0 to 10000) when the rest has no brand larger than the smallest printed one.

    `shares` are in per cent. The squares of parts that sum to R and are at most c each sum to at most R * c.
    """
    rest = max(0.0, 100 - sum(shares))
    return brand_hhi_least(*shares) + rest * min(shares)
