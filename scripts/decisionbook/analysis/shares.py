"""Shares, intensities and what two printed ratios imply: the arithmetic of an industry's place in an economy."""

from __future__ import annotations

import math


def share(part: float, whole: float) -> float:
    """Return part / whole as a ratio (0 to 1 where the part belongs to the whole); both in one unit.

    Raises ZeroDivisionError for a whole of nothing.
    """
    return part / whole


def implied_denominator(numerator: float, ratio: float) -> float:
    """Return the denominator that a printed ratio and its numerator imply, in the numerator's unit.

    `ratio` is a pure number: revenue 425 and revenue-to-GDP 0.0345 imply a GDP of 12319. Raises ZeroDivisionError for a
    ratio of nothing, which implies none.
    """
    return numerator / ratio


def location_quotient(region_intensity: float, nation_intensity: float) -> float:
    """Return the location quotient: the region's intensity over the nation's, a pure number.

    With intensity = industry / economy this is (e_r / E_r) / (e_n / E_n) (Isard 1960, Methods of Regional Analysis).
    Revenue over GDP is an intensity, not a share: its numerator is revenue, its denominator value added.
    """
    return region_intensity / nation_intensity


def shortfall(revenue: float, region_intensity: float, nation_intensity: float) -> float:
    """Return the revenue that is missing for the nation's intensity at the region's own economic size.

    In the unit of `revenue`; negative when the region is above the nation. The GDP cancels out:
    revenue * (q_n / q_r - 1).
    """
    return revenue * (nation_intensity / region_intensity - 1)


def catch_up_years(
    region_intensity: float,
    nation_intensity: float,
    revenue_growth: float,
    gdp_growth: float,
    nation_intensity_growth: float = 0.0,
) -> float:
    """Return the years until the region's intensity reaches the nation's when both move; infinite when never.

    t = ln(q_n / q_r) / ln((1 + g_r) / ((1 + g_gdp) (1 + g_q))). Growth rates are nominal annual ratios (0.15 for
    15 %), all of one kind. With `nation_intensity_growth` 0 this is the static case. 0 when already there. Raises
    ValueError for a region without any intensity, from which no rate of growth leads anywhere.
    """
    if region_intensity >= nation_intensity:
        return 0.0
    if region_intensity <= 0:
        raise ValueError(f"no growth rate leads from an intensity of {region_intensity:g} to one of {nation_intensity:g}")
    relative = (1 + revenue_growth) / ((1 + gdp_growth) * (1 + nation_intensity_growth))
    if relative <= 1:
        return math.inf
    return math.log(nation_intensity / region_intensity) / math.log(relative)
