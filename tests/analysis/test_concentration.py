"""Concentration of listed firms, and bounds of the brand index from shares that do not sum to 100."""

from __future__ import annotations

import pytest

from decisionbook.analysis import concentration


def test_equal_firms_give_the_index_of_their_number():
    assert concentration.hhi([5, 5, 5, 5]) == pytest.approx(2500)
    assert concentration.hhi([7]) == pytest.approx(10_000)


def test_concentration_ratio_takes_the_largest():
    assert concentration.concentration_ratio([1, 6, 3], 1) == pytest.approx(0.6)
    assert concentration.concentration_ratio([1, 6, 3], 9) == pytest.approx(1.0)


@pytest.mark.parametrize("function", [concentration.hhi, lambda v: concentration.concentration_ratio(v, 1)])
def test_no_total_is_an_error(function):
    with pytest.raises(ValueError, match="nothing"):
        function([])


def test_brand_bounds_of_the_printed_shares():
    shares = (75.0, 6.0, 4.0, 3.0, 2.0)
    assert concentration.brand_hhi_least(*shares) == 5690
    # The rest, 10 per cent, in five brands of 2 per cent.
    assert concentration.brand_hhi_most(*shares) == 5710


def test_any_split_of_the_rest_lies_between_the_bounds():
    shares = (60.0, 10.0, 7.0)
    for parts in ([7, 7, 7, 2], [1] * 23, [6.5, 6.5, 5, 5], [23 / 5] * 5):
        index = sum(s**2 for s in (*shares, *parts))
        assert concentration.brand_hhi_least(*shares) <= index <= concentration.brand_hhi_most(*shares) + 1e-9
