"""Carbon arithmetic: hand-worked values, the printed figures, and inverses."""

from __future__ import annotations

import math

import pytest

from decisionbook.analysis import carbon
from decisionbook.analysis.intervals import Interval, Quantity, propagate
from decisionbook.analysis.precision import coarse


def test_average_price_of_the_print_with_bounds():
    value = Quantity(85e8, Interval(76.5e8, 85e8))
    volume = Quantity(1.94e8, Interval(1.935e8, 1.945e8))
    price = propagate(carbon.average_price, value, volume)
    assert (price.low, price.value, price.high) == pytest.approx((39.33, 43.81, 43.93), abs=0.005)


def test_quota_and_turnover_are_inverses():
    quota = carbon.implied_quota(1.94e8, 0.05, 1)
    assert quota == pytest.approx(38.8e8)
    assert carbon.turnover_rate(1.94e8, quota, 1) == pytest.approx(0.05)
    assert carbon.implied_quota(1.94e8, 0.05, 2) == pytest.approx(quota / 2)


def test_price_for_a_value_inverts_the_traded_value():
    assert carbon.traded_value(2.0, 0.05, 40) == pytest.approx(4.0)
    assert carbon.price_for_value(4.0, 2.0, 0.05) == pytest.approx(40)


def test_personal_accounts_by_hand():
    assert carbon.per_head(130, 1e6) == pytest.approx(0.00013)
    assert carbon.account_value(130, 85e8, 1.94e8) == pytest.approx(5695.88, abs=0.01)
    assert carbon.yearly_yield(130, 260, 0.5) == pytest.approx(1.0)
    assert carbon.share_of_volume(1.94, 1e6, 1.94e8) == pytest.approx(0.01)


def test_a_measured_number_is_evidence_and_a_claim_is_weak():
    assert carbon.evidence_state(["context", "input"]) == "present"
    assert carbon.evidence_state(["context"]) == "weak"
    assert carbon.evidence_state([]) == "absent"


def test_trailing_zeros_may_be_significant_or_not():
    fine = Quantity(500, Interval(499.5, 500.5))
    assert (coarse(fine).low, coarse(fine).high) == (450, 550)
    assert coarse(Quantity(1.94, Interval(1.935, 1.945))).interval == Interval(1.935, 1.945)
    over = Quantity(1110, Interval(1110, math.inf))
    assert coarse(over) == over
    assert coarse(Quantity(17, Interval(16.5, 17.5))).interval == Interval(16.5, 17.5)
