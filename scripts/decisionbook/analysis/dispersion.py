"""What a printed mean and standard deviation say about a sample whose values are not printed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.stats import norm


def explained_floor(total_sd: float, within_sd: float) -> float:
    """Return the least share of variance that a grouping explains when every group's deviation is at most `within_sd`.

    1 - (s_within / s)^2: with n_g cities of deviation s_g in group g the share within is sum n_g s_g^2 / (n s^2), and no
    group sizes can make it larger than (max s_g / s)^2. Standard deviations in one unit, of whole groups (divisor n).
    Not below 0.
    """
    return max(0.0, 1 - (within_sd / total_sd) ** 2)


def cut_bounds(mean: float, sd: float, share_above: float) -> tuple[float, float]:
    """Return the bounds of a cut that `share_above` (ratio) of the values reach, whatever their distribution.

    mean - s sqrt(p / (1 - p)) to mean + s sqrt((1 - p) / p) with p the share above (Cantelli's inequality on the
    sample itself), in the unit of the mean. Raises ValueError unless 0 < share_above < 1.
    """
    if not 0 < share_above < 1:
        raise ValueError("a share above the cut lies between 0 and 1")
    odds = share_above / (1 - share_above)
    return mean - sd * math.sqrt(odds), mean + sd / math.sqrt(odds)


def normal_cut(mean: float, sd: float, share_above: float) -> float:
    """Return the cut that `share_above` (ratio) of a normal distribution lies above: a model, not an observation."""
    return mean + sd * float(norm.isf(share_above))


def rest_mean(total_mean: float, total_count: float, counts: Sequence[float], means: Sequence[float]) -> float:
    """Return the mean of those outside the given groups, in the unit of the means.

    Raises ValueError when the groups leave nobody.
    """
    rest = total_count - sum(counts)
    if rest <= 0:
        raise ValueError("the groups leave nobody outside")
    return (total_count * total_mean - sum(n * m for n, m in zip(counts, means, strict=True))) / rest
