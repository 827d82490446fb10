"""Housing affordability: rent burden, the income a rent asks for, price-to-income, and what subsidies carry."""

from __future__ import annotations

import math
from collections.abc import Mapping

RULES = ("租金收入比", "剩余收入")


def subsidy_share(subsidy: float, rent: float) -> float:
    """Return subsidy / rent as a ratio; both per square metre and month.

    A share of the rent only where both belong to one place; a city's subsidy over a province's rent is an indicator.
    """
    return subsidy / rent


def standard_words(printed: int) -> tuple[str, str]:
    """Return in Chinese and English what the standard of a city is called: its lowest only where several are printed."""
    if printed > 1:
        return "所印租房补贴标准中最低的一项", "the lowest of the standards printed for the city studied"
    return ("所印的租房补贴标准" if printed else "租房补贴标准"), "the standard printed for the city studied"


def net_rent(rent: float, space: float, subsidy: float = 0.0, subsidised_space: float | None = None) -> float:
    """Return the rent that is left to pay, in yuan a month: rent * space - subsidy * min(space, subsidised_space).

    `rent` and `subsidy` in yuan per square metre and month, spaces in square metres; without `subsidised_space` the
    whole dwelling is subsidised. Never below nought.
    """
    counted = space if subsidised_space is None else min(space, subsidised_space)
    return max(0.0, rent * space - subsidy * counted)


def rent_burden(rent_paid: float, income: float) -> float:
    """Return rent over income as a ratio, both in yuan a month (the rent-to-income ratio)."""
    return rent_paid / income


def required_income(
    rent_paid: float, rule: str, *, threshold: float, basic_needs: float | None = None, persons: float | None = None
) -> float:
    """Return the household income, in yuan a month, at which a rent is just affordable.

    Under `租金收入比` rent is `threshold` (a ratio) of income: rent / threshold. Under `剩余收入` what is left after rent
    pays the other needs: rent + basic_needs * persons (Stone 2006, Housing Policy Debate 17(1)), with `basic_needs` in
    yuan a person and month. Raises ValueError for another rule, or when its inputs are missing.
    """
    if rule == RULES[0]:
        return rent_paid / threshold
    if rule == RULES[1] and basic_needs is not None and persons is not None:
        return rent_paid + basic_needs * persons
    raise ValueError(f"rule {rule!r} is not one of {RULES}, or its inputs are missing")


def subsidy_needed(
    rent_paid: float,
    income: float,
    rule: str,
    *,
    threshold: float,
    basic_needs: float | None = None,
    persons: float | None = None,
) -> float:
    """Return the further subsidy, in yuan a month, that makes a rent affordable at an income; nought when it is.

    Rules, units and errors as in `required_income`. A subsidy pays rent: at most the whole rent.
    """
    if rule == RULES[0]:
        bearable = threshold * income
    elif rule == RULES[1] and basic_needs is not None and persons is not None:
        bearable = income - basic_needs * persons
    else:
        raise ValueError(f"rule {rule!r} is not one of {RULES}, or its inputs are missing")
    return min(rent_paid, max(0.0, rent_paid - bearable))


def price_to_income(price: float, space: float, yearly_income: float) -> float:
    """Return the years of income that a dwelling costs: price * space / yearly income.

    `price` in yuan per square metre, `space` and `yearly_income` both of a household or both of a person.
    """
    return price * space / yearly_income


def rank_of(values: Mapping[str, float], name: str) -> int | None:
    """Return the place of `name` when the highest value is first; equals share the better place, as print does.

    Names without a finite value do not count; None when `name` itself has none.
    """
    known = {key: value for key, value in values.items() if math.isfinite(value)}
    if name not in known:
        return None
    return 1 + sum(value > known[name] for value in known.values())
