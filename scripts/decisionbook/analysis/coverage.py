"""What printed rates imply: people covered, a part's weight in a whole, an unprinted group, the smallest counts."""

from __future__ import annotations

from collections.abc import Sequence

from .intervals import round_half_up


def covered_people(rate: float, population: float, urban_rate: float = 1.0) -> float:
    """Return rate * population * urban_rate in the unit of `population`; rates are ratios."""
    return rate * population * urban_rate


def coverage_at_share(coverage: float, share: float, new_share: float) -> float:
    """Return the coverage (ratio) when one group's share among the covered rises and the others' number stays.

    The others are coverage * (1 - share); they are then 1 - new_share of all covered. Raises ValueError unless both
    shares are below 1.
    """
    if not (0 <= share < 1 and 0 <= new_share < 1):
        raise ValueError("a share of the covered is at least 0 and below 1")
    return coverage * (1 - share) / (1 - new_share)


def least_other_rate(mean: float, rates: Sequence[float]) -> float | None:
    """Return the rate that some unprinted group must exceed, None when the printed groups can make up the mean.

    A mean of rates, whatever the weights, lies between the lowest and the highest of them: a mean above all printed
    rates needs another group above the mean. All in one unit.
    """
    return mean if mean > max(rates) else None


def least_other_weight(mean: float, rates: Sequence[float], ceiling: float = 1.0) -> float:
    """Return the smallest weight (ratio) of the unprinted groups: all others at the highest printed rate.

    (mean - max(rates)) / (ceiling - max(rates)), nought when the printed groups suffice. `ceiling` is the highest
    rate that is possible, in the unit of the rates. Raises ValueError when the ceiling is not above the mean.
    """
    if ceiling <= mean:
        raise ValueError("the ceiling of a rate lies above the mean")
    top = max(rates)
    return max(0.0, (mean - top) / (ceiling - top))


def smallest_counts(percent: float, precision: float, *, growth: bool = False, most: int = 100_000) -> tuple[int, int]:
    """Return the smallest whole (base, count) whose percentage prints as `percent`, rounded half up to `precision`.

    A share is count / base; with `growth`, count / base - 1. 68 with precision 1 gives (19, 13): 13 of 19 is 68.4 %.
    Both in per cent. Raises ValueError when no base up to `most` fits.
    """
    ratio = percent / 100 + (1 if growth else 0)
    for base in range(1, most + 1):
        nearest = round(base * ratio)
        for count in (nearest - 1, nearest, nearest + 1):
            shown = 100 * (count / base - (1 if growth else 0))
            if count >= 0 and abs(round_half_up(shown, precision) - percent) < precision / 1000:
                return base, count
    raise ValueError(f"no base up to {most} prints {percent} %")
