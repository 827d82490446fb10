"""Pure functions on numbers and data frames: what the chapters compute, and nothing that reads or draws."""
