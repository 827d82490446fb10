"""Editions: their definition, build and manifest."""
