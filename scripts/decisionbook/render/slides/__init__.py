"""Slides of a chapter: its key findings, and its charts as charts that can be edited."""
