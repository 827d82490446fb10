"""Networks of things: capacity a cell, cells a capacity needs, growth brought to a year."""

from __future__ import annotations


def per_cell(connections: float, cells: float) -> float:
    """Return the connections that each cell would have to carry: connections / cells, both as counts."""
    return connections / cells


def cells_needed(connections: float, per_cell_capacity: float) -> float:
    """Return the cells that a capacity needs when each carries `per_cell_capacity` connections."""
    return connections / per_cell_capacity


def annual_rate(start: float, end: float, months: float) -> float:
    """Return a growth over `months` as a compound annual ratio: (end / start) ** (12 / months) - 1."""
    return (end / start) ** (12 / months) - 1


def share_with_more(part: float, whole: float, more: float) -> float:
    """Return the share (ratio) if `more` items of the whole had belonged to the part: how much one item weighs."""
    return (part + more) / whole
