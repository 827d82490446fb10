"""A table that lists names under headings, read as a matrix: who is listed where, and how often."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import pandas as pd

LISTED, NOT_LISTED = "present", "absent"


def counts(pairs: pd.DataFrame, name: str, names: Iterable[str] = ()) -> pd.Series:
    """Return under how many headings each name is listed, most first, ties in the order of the table.

    `pairs` has one row for each listing; `names` are added with 0 when the table does not hold them.
    """
    seen = list(dict.fromkeys([*pairs[name], *names]))
    number = {n: int((pairs[name] == n).sum()) for n in seen}
    return pd.Series({n: number[n] for n in sorted(seen, key=lambda n: -number[n])}, dtype="int64")


def matrix(pairs: pd.DataFrame, heading: str, name: str, names: Sequence[str]) -> pd.DataFrame:
    """Return one row for each heading and each of `names`: columns `heading`, `name`, state LISTED or NOT_LISTED.

    Headings keep the order of the table. Not listed says what the table prints, not what exists.
    """
    listed = set(zip(pairs[heading], pairs[name], strict=True))
    rows = [
        {heading: h, name: n, "state": LISTED if (h, n) in listed else NOT_LISTED}
        for h in dict.fromkeys(pairs[heading])
        for n in names
    ]
    return pd.DataFrame(rows, columns=[heading, name, "state"])


def headings_of(pairs: pd.DataFrame, heading: str, name: str, one: str) -> list[str]:
    """Return the headings under which one name is listed, in the order of the table."""
    return list(dict.fromkeys(pairs.loc[pairs[name] == one, heading]))


def to_median(number: pd.Series, one: str) -> int:
    """Return how many more listings a name needs to reach the median of the names that are listed at all.

    `number` as from `counts`; rounded up, 0 when it is there. Raises ValueError when nothing is listed.
    """
    listed = [int(v) for v in number if v > 0]
    if not listed:
        raise ValueError("the table lists nobody")
    middle = statistics.median(listed)
    return max(0, -int(-(middle - int(number.get(one, 0))) // 1))
