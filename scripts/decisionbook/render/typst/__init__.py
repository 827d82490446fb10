"""The PDF half of the book: a Sphinx builder that writes Typst, and the compiler that makes the PDF."""

from .builder import TypstBuilder, setup

__all__ = ["TypstBuilder", "setup"]
