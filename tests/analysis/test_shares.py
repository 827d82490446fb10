"""Shares and intensities: what two ratios imply, who is ahead, what is missing and how long it takes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook.analysis import shares

AMOUNTS = st.floats(0.01, 1e6)
RATIOS = st.floats(0.001, 2)
RATES = st.floats(-0.2, 0.5)


@given(AMOUNTS, AMOUNTS)
def test_a_part_and_its_share_give_the_whole_back(part: float, whole: float) -> None:
    assert shares.implied_denominator(part, shares.share(part, whole)) == pytest.approx(whole)


def test_a_printed_ratio_implies_its_denominator() -> None:
    assert shares.implied_denominator(425, 0.0345) == pytest.approx(12319, abs=0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: shares.share(1, 0),
        lambda: shares.implied_denominator(1, 0),
        lambda: shares.location_quotient(1, 0),
        lambda: shares.shortfall(1, 0, 1),
    ],
    ids=["whole", "ratio", "nation", "region"],
)
def test_nothing_is_shared_by_nothing(call: object) -> None:
    with pytest.raises(ZeroDivisionError):
        call()  # type: ignore[operator]


@given(RATIOS, RATIOS)
def test_two_location_quotients_seen_from_either_side_cancel(one: float, other: float) -> None:
    assert shares.location_quotient(one, other) * shares.location_quotient(other, one) == pytest.approx(1)


@given(AMOUNTS, RATIOS, RATIOS)
def test_the_shortfall_added_gives_the_nations_intensity(revenue: float, region: float, nation: float) -> None:
    gdp = revenue / region
    assert (revenue + shares.shortfall(revenue, region, nation)) / gdp == pytest.approx(nation)


def test_a_region_ahead_of_the_nation_lacks_less_than_nothing() -> None:
    assert shares.shortfall(100, 0.4, 0.2) == pytest.approx(-50)
    assert shares.shortfall(100, 0.2, 0.2) == 0


@given(RATIOS, st.floats(1.01, 20), st.floats(0.01, 0.5), RATES, st.floats(-0.05, 0.1))
def test_after_the_years_the_two_intensities_meet(region: float, ahead: float, gain: float, gdp: float, own: float) -> None:
    revenue = (1 + gdp) * (1 + own) * (1 + gain) - 1
    years = shares.catch_up_years(region, region * ahead, revenue, gdp, own)
    here = region * ((1 + revenue) / (1 + gdp)) ** years
    assert here == pytest.approx(region * ahead * (1 + own) ** years, rel=1e-6)


def test_a_region_that_is_there_or_ahead_takes_no_years() -> None:
    assert shares.catch_up_years(0.3, 0.3, 0.0, 0.1) == 0
    assert shares.catch_up_years(0.4, 0.3, 0.0, 0.1) == 0


@pytest.mark.parametrize(("revenue", "gdp", "own"), [(0.05, 0.08, 0.0), (0.08, 0.08, 0.0), (0.10, 0.08, 0.05)])
def test_a_region_that_gains_nothing_on_the_nation_never_arrives(revenue: float, gdp: float, own: float) -> None:
    assert shares.catch_up_years(0.1, 0.3, revenue, gdp, own) == math.inf


def test_a_region_without_any_intensity_has_no_years() -> None:
    with pytest.raises(ValueError, match="no growth rate leads"):
        shares.catch_up_years(0.0, 0.3, 0.2, 0.1)
