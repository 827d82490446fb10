"""Periods and spans in words, for the text and tables of a chapter."""

from __future__ import annotations

from ..data.periods import period_words as one_period

NOT_PRINTED = "未印"


def period_words(period: object) -> str:
    """Return an SDMX period in Chinese: 2022-10 gives 2022 年 10 月, 2022-01/2022-06 gives 2022 年 1 月至 6 月.

    A missing period (None, NaN or empty) is 未印; a text that is no period is returned as it is.
    """
    text = period if isinstance(period, str) and period else NOT_PRINTED
    start, sign, end = text.partition("/")
    first, last = one_period(start), one_period(end)
    if not sign or start == first or end == last:
        return text if sign else first
    if start[:4] != end[:4]:
        return f"{start} 至 {last}" if len(start) == len(end) == 4 else f"{first}至 {last}"
    return f"{first}至{last.removeprefix(f'{end[:4]} 年')}"


def period_end(period: str) -> str:
    """Return the end of a period in Chinese, the date of a stock: 2021 and 2021-12 give 2021 年末, 2022-06 gives 2022 年 6 月末.

    A text that is no period is returned as it is.
    """
    words = one_period(period.removesuffix("-12"))
    return words if words == period else f"{words}末"
