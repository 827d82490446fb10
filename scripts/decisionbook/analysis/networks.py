"""Networks of things: capacity a cell, cells a capacity needs."""

from __future__ import annotations


def per_cell(connections: float, cells: float) -> float:
    """Return the connections that each cell would have to carry: connections / cells, both as counts."""
    return connections / cells


def cells_needed(connections: float, per_cell_capacity: float) -> float:
    """Return the cells that a capacity needs when each carries `per_cell_capacity` connections."""
    return connections / per_cell_capacity


def share_with_more(part: float, whole: float, more: float) -> float:
    """Return the share (ratio) if `more` items of the whole had belonged to the part: how much one item weighs."""
    return (part + more) / whole
