"""What a column of the Data Package holds, in words: for faults and for templates, where a regular expression helps nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .periods import EXPECTED as A_PERIOD

_TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "date": "a date"}
_PERIOD = r"\d{4}(-(S[12]|Q[1-4]|\d{2}(-\d{2})?))?"
# English and Chinese for each pattern of the schema.
PATTERNS = {
    r"\d{4}-\d{2}-\d{2}": ("a date such as 2022-01-31", "日期，如 2022-01-31"),
    rf"{_PERIOD}(/{_PERIOD})?": (
        f"{A_PERIOD}, or two of them with a / between",
        "时期，如 2022、2022-S1、2022-Q1、2022-10 或 2022-10-25；一段时期写作 2021-12/2022-06",
    ),
    r"\d{3}-\d{4}": ("a figure's number such as 003-0040", "数字编号，如 003-0040"),
    r"[a-z0-9_]+": ("a name of small letters, digits and _", "小写字母、数字和下划线"),
    r"[0-9a-f]{64}": ("a SHA-256 of 64 hexadecimal digits", "SHA-256，64 位十六进制"),
}


def expected(field: Mapping[str, Any]) -> str:
    """Return what a cell of a column must be: "a whole number of at least 0", "a date such as 2022-01-31"."""
    limits = field.get("constraints") or {}
    if "pattern" in limits:
        return PATTERNS.get(limits["pattern"], (f"text like {limits['pattern']}",))[0]
    words = _TYPES.get(field["type"], f"a value of the type {field['type']}")
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and high is not None:
        return f"{words} from {low} to {high}"
    if low is not None:
        return f"{words} of at least {low}"
    return words if high is None else f"{words} of at most {high}"


def pattern_zh(pattern: str) -> str:
    """Return a pattern of the schema in Chinese words, itself where it has none."""
    return PATTERNS[pattern][1] if pattern in PATTERNS else f"格式（正则）{pattern}"
