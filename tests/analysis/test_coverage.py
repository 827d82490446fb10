"""Implied people, group shares, unprinted groups and smallest counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.analysis.coverage import (
    coverage_at_share,
    covered_people,
    least_other_rate,
    least_other_weight,
    smallest_counts,
)
from decisionbook.analysis.intervals import round_half_up


def test_printed_coverage_implies_the_contributors():
    assert covered_people(0.1227, 5037, 0.5508) == pytest.approx(340.42, abs=0.01)


def test_coverage_when_the_non_public_share_rises():
    # 12.27 of 100 covered, 24 % of them non-public: 9.3252 others, who are then 47.86 % of the covered.
    assert coverage_at_share(0.1227, 0.24, 0.5214) == pytest.approx(0.093252 / 0.4786)
    assert coverage_at_share(0.1227, 0.24, 0.24) == pytest.approx(0.1227)
    with pytest.raises(ValueError, match="below 1"):
        coverage_at_share(0.1, 0.2, 1.0)


def test_a_mean_above_all_printed_rates_needs_another_group():
    assert least_other_rate(6.9, [5.1, 3.1]) == 6.9
    assert least_other_rate(4.0, [5.1, 3.1]) is None


def test_the_other_groups_weight_reproduces_the_mean():
    weight = least_other_weight(6.9, [5.1, 3.1], 100.0)
    assert weight * 100 + (1 - weight) * 5.1 == pytest.approx(6.9)
    assert least_other_weight(4.0, [5.1, 3.1], 100.0) == 0
    with pytest.raises(ValueError, match="ceiling"):
        least_other_weight(6.9, [5.1], 6.9)


def test_smallest_counts_of_the_printed_percentages():
    assert smallest_counts(68, 1) == (19, 13)
    assert smallest_counts(172.4, 0.1, growth=True) == (29, 79)
    assert smallest_counts(50, 1) == (2, 1)


def test_no_fitting_base_is_an_error():
    with pytest.raises(ValueError, match="no base up to 10"):
        smallest_counts(68, 1, most=10)


@given(st.integers(1, 60), st.integers(0, 200))
def test_the_smallest_base_is_never_above_a_base_that_prints_the_same(base, count):
    percent = round_half_up(100 * (count / base - 1), 0.1)
    if percent < -100:
        return
    least, now = smallest_counts(percent, 0.1, growth=True)
    assert least <= base
    assert round_half_up(100 * (now / least - 1), 0.1) == pytest.approx(percent)
