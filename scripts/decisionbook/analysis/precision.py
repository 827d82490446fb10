"""Trailing zeros: a printed 1800 may be precise to one or to a hundred, and both are carried."""

from __future__ import annotations

from dataclasses import replace

from ..data.figures import last_significant_unit
from .intervals import Interval, Quantity


def coarse(quantity: Quantity) -> Quantity:
    """Return a printed quantity with its trailing zeros read as not significant: 1800 becomes [1750, 1850).

    Same unit and value; a quantity without trailing zeros, or one with an open end, is returned as it is.
    """
    if quantity.value <= 0 or not float(quantity.value).is_integer():
        return quantity
    half = last_significant_unit(quantity.value) / 2
    wide = Interval(quantity.value - half, quantity.value + half)
    if wide.low >= quantity.low or wide.high <= quantity.high:
        return quantity
    return replace(quantity, interval=wide)
