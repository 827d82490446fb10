"""Carbon markets: average price, turnover, the quota they imply, traded value, and personal accounts beside them.

Units are those of the arguments; prices are yuan a tonne, quantities tonnes, values yuan, rates ratios (0.05 for 5 %).
"""

from __future__ import annotations

from collections.abc import Sequence

#: Indicators that would show an effect on trading itself.
MARKET_RESULTS = ("carbon_quota_traded", "carbon_turnover_value", "carbon_turnover_rate")


def average_price(value: float, volume: float) -> float:
    """Return the average price of what was traded: value / volume."""
    return value / volume


def implied_quota(volume: float, turnover: float, years: float) -> float:
    """Return the quota that a traded volume over `years` years and an annual turnover rate imply.

    turnover = (volume / years) / quota. With a turnover printed as "below", this is a lower bound of the quota.
    """
    return volume / years / turnover


def turnover_rate(volume: float, quota: float, years: float) -> float:
    """Return the annual turnover rate, a ratio, of a volume traded over `years` years against an annual quota."""
    return volume / years / quota


def traded_value(quota: float, turnover: float, price: float) -> float:
    """Return the value traded in a year: quota * turnover * price."""
    return quota * turnover * price


def price_for_value(value: float, quota: float, turnover: float) -> float:
    """Return the price at which a quota and a turnover give a traded value; the inverse of `traded_value`."""
    return value / (quota * turnover)


def account_value(reduction: float, value: float, volume: float) -> float:
    """Return what a reduction would fetch at the average price of the market, in the unit of `value`.

    An indicator: reductions of personal accounts are not traded in the allowance market.
    """
    return reduction * value / volume


def per_head(total: float, people: float) -> float:
    """Return a total per person, in the unit of `total`."""
    return total / people


def yearly_yield(reduction: float, area: float, years: float) -> float:
    """Return the yearly amount per unit of area that an equivalence implies: 130 t on 260 mu in half a year gives 1."""
    return reduction / area / years


def share_of_volume(reduction_per_head: float, people: float, volume: float) -> float:
    """Return the share, a ratio, of people's reductions in a traded volume."""
    return reduction_per_head * people / volume


def evidence_state(roles: Sequence[str]) -> str:
    """Return how far an example is evidenced by the figures it prints: present, weak or absent.

    `roles` are the roles of its figures: a measured input or a derived result counts as present; context alone (a claim
    of 100 %, a count of parties) as weak; no figure as absent.
    """
    if any(role in ("input", "result") for role in roles):
        return "present"
    return "weak" if roles else "absent"
