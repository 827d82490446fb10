"""Decision Reference Book: recompute, reconcile and render policy briefings."""

__version__ = "0.1.0"
