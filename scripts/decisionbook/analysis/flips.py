"""翻转点: by how much an input must move before a sentence is false, found on the formula itself."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq


def flip_point(function: Callable[[float], float], threshold: float, base: float, *, low: float, high: float) -> float | None:
    """Return the value of an input at which `function` crosses `threshold`, None when it does not within the limits.

    `base` is the input as it stands; between `low` and `high` a crossing is sought on each side of it (Brent 1973), and
    the nearer one counts, of two equally near the lower. On a side where the function turns round, a pair of crossings
    may go unseen. All in the units of the input and of the function's result.
    """

    def gap(value: float) -> float:
        return function(value) - threshold

    here = gap(base)
    if here == 0:
        return base
    crossings = []
    for end in (low, high):
        if here * gap(end) <= 0:
            left, right = sorted((base, end))
            crossings.append(float(brentq(gap, left, right, xtol=1e-12, rtol=1e-14)))
    return min((c for c in crossings if low <= c <= high), key=lambda c: abs(c - base), default=None)


def relative_change(base: float, value: float | None) -> float | None:
    """Return value / base - 1 as a ratio: the smallest move that flips; None when nothing flips.

    Raises ZeroDivisionError for a base of nothing, from which no move has a size.
    """
    return None if value is None else value / base - 1
