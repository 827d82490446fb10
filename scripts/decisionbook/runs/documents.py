"""nbformat, for all who read or write notebooks here: it starts without what it does not need."""

from .. import schemas  # noqa: F401  # first: what nbformat validates with

# isort: split
import nbformat

__all__ = ["nbformat"]
