"""A table of names under headings as a matrix."""

import pandas as pd
import pytest

from decisionbook.analysis import listings
from decisionbook.analysis.concentration import concentration_ratio

PAIRS = pd.DataFrame(
    [("芯片", "甲"), ("芯片", "乙"), ("集成", "乙"), ("集成", "丙"), ("应用", "乙"), ("应用", "丙")],
    columns=["link", "province"],
)


def test_counts_put_most_first_and_keep_names_that_are_not_listed():
    number = listings.counts(PAIRS, "province", ["丁"])
    assert list(number.items()) == [("乙", 3), ("丙", 2), ("甲", 1), ("丁", 0)]


def test_the_matrix_has_every_pair_once_and_as_many_marks_as_the_table_has_rows():
    grid = listings.matrix(PAIRS, "link", "province", ["甲", "乙", "丙", "丁"])
    assert len(grid) == 3 * 4
    assert (grid["state"] == listings.LISTED).sum() == len(PAIRS)
    assert list(dict.fromkeys(grid["link"])) == ["芯片", "集成", "应用"]


def test_headings_of_a_name():
    assert listings.headings_of(PAIRS, "link", "province", "丙") == ["集成", "应用"]
    assert listings.headings_of(PAIRS, "link", "province", "丁") == []


def test_listings_missing_to_the_median():
    number = listings.counts(PAIRS, "province", ["丁"])
    assert listings.to_median(number, "丁") == 2
    assert listings.to_median(number, "乙") == 0
    assert listings.to_median(pd.Series({"甲": 1, "乙": 2}), "戊") == 2, "1.5 is rounded up"
    with pytest.raises(ValueError, match="nobody"):
        listings.to_median(pd.Series({"甲": 0}), "甲")


def test_share_of_the_names_listed_most():
    assert concentration_ratio(list(listings.counts(PAIRS, "province")), 1) == pytest.approx(3 / 6)
    assert concentration_ratio(list(listings.counts(PAIRS, "province")), 3) == 1.0
