"""Periods in words: one period, and from one to another."""

from __future__ import annotations

import pytest

from decisionbook.analysis.periods import period_end, period_words


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2022", "2022 年"),
        ("2022-S1", "2022 年上半年"),
        ("2021-Q1", "2021 年第 1 季度"),
        ("2022-10", "2022 年 10 月"),
        ("2022-07-15", "2022 年 7 月 15 日"),
        ("2019/2022", "2019 至 2022 年"),
        ("2022-01/2022-06", "2022 年 1 月至 6 月"),
        ("2022-02-07/2022-07-31", "2022 年 2 月 7 日至 7 月 31 日"),
        ("2018-04/2019-12-03", "2018 年 4 月至 2019 年 12 月 3 日"),
        ("2021-Q1/2021-Q3", "2021 年第 1 季度至第 3 季度"),
        ("2021-S1/2021-S2", "2021 年上半年至下半年"),
        ("2019/2022-10", "2019 年至 2022 年 10 月"),
    ],
)
def test_a_period_is_said_in_words(period: str, words: str) -> None:
    assert period_words(period) == words


def test_a_missing_period_is_not_printed_and_other_text_stays() -> None:
    assert {period_words(missing) for missing in (None, float("nan"), "")} == {"未印"}
    assert [period_words(text) for text in ("近年", "2022-01/近日")] == ["近年", "2022-01/近日"]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2021", "2021 年末"),
        ("2021-12", "2021 年末"),
        ("2022-06", "2022 年 6 月末"),
        ("2022-S1", "2022 年上半年末"),
        ("2022-Q1", "2022 年第 1 季度末"),
        ("近年", "近年"),
    ],
)
def test_a_stock_stands_at_the_end_of_its_period(period: str, words: str) -> None:
    assert period_end(period) == words
