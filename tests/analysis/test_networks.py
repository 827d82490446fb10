"""Capacity of networks."""

import pytest

from decisionbook.analysis import networks


def test_printed_capacity_over_printed_cells():
    assert networks.per_cell(30e8, 3.8e4) == pytest.approx(78947.37, abs=0.01)


def test_cells_needed_undoes_capacity_a_cell():
    assert networks.cells_needed(30e8, networks.per_cell(30e8, 3.8e4)) == pytest.approx(3.8e4)


def test_one_more_item_of_162():
    assert networks.share_with_more(2, 162, 0) == pytest.approx(0.012346, abs=1e-6)
    assert networks.share_with_more(2, 162, 1) == pytest.approx(3 / 162)


def test_no_cells_is_an_error():
    with pytest.raises(ZeroDivisionError):
        networks.per_cell(1.0, 0.0)
