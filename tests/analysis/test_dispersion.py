"""Dispersion: what a printed mean and standard deviation bound."""

import numpy as np
import pytest

from decisionbook.analysis import dispersion


def test_bands_explain_at_least_seventeen_per_cent():
    assert dispersion.explained_floor(0.11, 0.1) == pytest.approx(0.17355, abs=1e-5)
    assert dispersion.explained_floor(0.105, 0.1) == pytest.approx(0.0930, abs=1e-4)
    assert dispersion.explained_floor(0.115, 0.1) == pytest.approx(0.2439, abs=1e-4)
    assert dispersion.explained_floor(0.1, 0.2) == 0


def test_the_floor_is_not_above_the_share_of_any_real_grouping():
    rng = np.random.default_rng(2)
    for _ in range(50):
        groups = [rng.normal(rng.random(), 0.2, rng.integers(3, 20)) for _ in range(4)]
        every = np.concatenate(groups)
        share = 1 - sum(len(g) * g.var() for g in groups) / (len(every) * every.var())
        assert dispersion.explained_floor(float(every.std()), max(float(g.std()) for g in groups)) <= share + 1e-12


def test_cut_bounds_hold_for_every_sample():
    rng = np.random.default_rng(4)
    for _ in range(200):
        sample = np.sort(rng.beta(rng.uniform(0.2, 5), rng.uniform(0.2, 5), 50))[::-1]
        low, high = dispersion.cut_bounds(float(sample.mean()), float(sample.std()), 8 / 50)
        assert sample[7] <= high + 1e-12
        assert sample[8] >= low - 1e-12 or sample[7] >= low - 1e-12


def test_cut_bounds_by_hand_and_its_limits():
    low, high = dispersion.cut_bounds(0.70, 0.11, 0.5)
    assert (low, high) == pytest.approx((0.59, 0.81))
    with pytest.raises(ValueError, match="between 0 and 1"):
        dispersion.cut_bounds(0.7, 0.1, 1.0)


def test_the_normal_cut_lies_within_the_bounds():
    assert dispersion.normal_cut(0.70, 0.11, 0.5) == pytest.approx(0.70)
    assert dispersion.normal_cut(0.70, 0.11, 0.16) == pytest.approx(0.70 + 0.11 * 0.99446, abs=1e-4)
    low, high = dispersion.cut_bounds(0.70, 0.11, 0.16)
    assert low < dispersion.normal_cut(0.70, 0.11, 0.16) < high


def test_rest_mean():
    assert dispersion.rest_mean(0.70, 50, [10, 10], [0.74, 0.79]) == pytest.approx((35 - 15.3) / 30)
    with pytest.raises(ValueError, match="nobody"):
        dispersion.rest_mean(0.7, 10, [10], [0.7])
