"""Runs: typed parameters, and the execution of a notebook by papermill."""
