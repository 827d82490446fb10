"""What the reader makes of numbers in text: values, units, words that qualify, and what is no figure."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from decisionbook.data.coverage import TOKEN
from decisionbook.intake.numerals import chinese_number, narrow
from decisionbook.intake.reader import read_document
from decisionbook.intake.tokens import read_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十二", 12),
        ("三百二十", 320),
        ("一百零三", 103),
        ("两万三", 23000),
        ("一亿三千万", 130_000_000),
        ("一点五", 1.5),
        ("万亿", 10**12),
        ("两万亿", 2 * 10**12),
        ("一万两千亿", 12 * 10**11),
        ("二〇二二", 2022),
    ],
)
def test_chinese_numerals_have_their_value(text: str, value: float) -> None:
    assert chinese_number(text) == Decimal(str(value))


def test_what_is_no_chinese_numeral_is_refused() -> None:
    with pytest.raises(ValueError, match="甲"):
        chinese_number("甲")


@pytest.mark.parametrize(
    ("text", "published", "value", "unit", "qualifier"),
    [
        ("收入约有1.6万家", "约有1.6万家", 1.6, "万家", "about"),
        ("接入３２．５％的村", "３２．５％", 32.5, "%", "exact"),
        ("投资1,234.5亿元", "1,234.5亿元", 1234.5, "亿元", "exact"),
        ("达到3亿5千万元", "3亿5千万元", 3.5, "亿元", "exact"),
        ("共十二个县", "十二个", 12, "个", "exact"),
        ("场景30余种", "30余种", 30, "种", "more"),
        ("接近 6000 个目录", "接近 6000 个", 6000, "个", "near"),
        ("不低于90%", "不低于90%", 90, "%", "at_least"),
        ("60%以上的社区", "60%以上", 60, "%", "over"),
        ("约三成的村", "约三成", 0.3, "1", "about"),
        ("百分之四十的户", "百分之四十", 40, "%", "exact"),
        ("三分之一来自亚太", "三分之一", 0.333333, "1", "fraction"),
        ("提高2.5个百分点", "2.5个百分点", 2.5, "个百分点", "exact"),
        ("占45%-50%之间", "45%-50%", 45, "%", "range"),
        ("数十名专家", "数十名", 10, "名", "several"),
        ("列第29位。", "第29位", 29, "位", "exact"),
        ("居全国第二，", "第二", 2, "位", "exact"),
        ("产值近万亿元", "近万亿元", 1, "万亿元", "near"),
        ("同比增长-3.2%", "-3.2%", -3.2, "%", "exact"),
        ("增速为－15.5%，", "－15.5%", -15.5, "%", "exact"),
        ("增长 −4.1%", "−4.1%", -4.1, "%", "exact"),
        ("增长约–2%", "约–2%", -2, "%", "about"),
        ("利润-1.2亿元", "-1.2亿元", -1.2, "亿元", "exact"),
        ("增速负3.2%", "负3.2%", -3.2, "%", "exact"),
        ("误差正负3%", "3%", 3, "%", "exact"),
        ("地区\t-0.5个百分点", "-0.5个百分点", -0.5, "个百分点", "exact"),
        ("需要3-5个月", "3-5个月", 3, "个月", "range"),
        ("需要3−5万元", "3−5万元", 3, "万元", "range"),
        ("一期\n-3个项目", "3个", 3, "个", "exact"),
        ("死亡率千分之三", "千分之三", 0.3, "%", "exact"),
        ("不超过万分之五", "不超过万分之五", 0.05, "%", "at_most"),
        ("约为十万分之一点五", "约为十万分之一点五", 0.0015, "%", "about"),
    ],
)
def test_a_number_is_read_with_unit_and_qualifier(text: str, published: str, value: float, unit: str, qualifier: str) -> None:
    (number,) = read_numbers(text).numbers
    assert (number.published, number.unit, number.qualifier) == (published, unit, qualifier)
    assert math.isclose(number.value, value, rel_tol=1e-6)
    assert text[number.start : number.end] == published


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("增长-3.2～-1.5%", -3.2, -1.5), ("气温-3至-5度", -5, -3), ("变化-1%到3%", -1, 3), ("增长3.2～1.5", 1.5, None)],
)
def test_a_range_keeps_the_signs_of_its_ends(text: str, low: float, high: float | None) -> None:
    (number,) = read_numbers(text).numbers
    assert (number.value, number.high) == (low, high)


@pytest.mark.parametrize("text", ["2021-07完成", "2021-07-01起", "3个-5个县", "编号GB-200", "电话0771-5323"])
def test_a_dash_between_two_is_no_sign(text: str) -> None:
    assert all(number.value >= 0 for number in read_numbers(text).numbers)


@pytest.mark.parametrize(("text", "precision"), [("千分之三", 0.1), ("万分之五", 0.01), ("百分之十二点五", 0.1), ("百分之五", 1)])
def test_a_share_is_as_exact_as_it_is_said(text: str, precision: float) -> None:
    (number,) = read_numbers(text).numbers
    assert math.isclose(number.precision, precision)


def test_a_count_below_zero_is_doubted() -> None:
    (number,) = read_numbers("南宁-3个").numbers
    assert number.confidence < 0.5


def test_a_vague_number_has_no_value() -> None:
    (number,) = read_numbers("采集多个部门的数据").numbers
    assert math.isnan(number.value)
    assert number.qualifier == "several"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2022年6月22日起", "date"),
        ("桂政发〔2021〕11 号文", "document number"),
        ("一是加快。", "ordinal"),
        ("（三）发展", "ordinal"),
        ("见表3。", "ordinal"),
        ("应用5G和IPv6技术", "name or label"),
        ("《规划（2018—2025）》", "name or label"),
        ("联系电话：0771-6113592", "page or phone number"),
        ("进一步统一标准", "idiom"),
        ("系统建设¹。", "footnote mark"),
    ],
)
def test_what_counts_nothing_is_excluded_with_its_reason(text: str, reason: str) -> None:
    reading = read_numbers(text)
    assert not reading.numbers
    assert reason in {e.reason for e in reading.excluded}


def test_every_numeric_token_is_a_figure_or_excluded(sources) -> None:  # type: ignore[no-untyped-def]
    text = next(sources.glob("002_*.txt")).read_text(encoding="utf-8")
    reading, _ = read_document(text, [])
    spans = [(n.start, n.end) for n in reading.numbers] + [(e.start, e.end) for e in reading.excluded]
    left = [m[0] for m in TOKEN.finditer(narrow(text)) if not any(s < m.end() and e > m.start() for s, e in spans)]
    assert left == []


def test_a_table_gives_its_numbers_the_unit_of_the_head() -> None:
    reading, (table,) = read_document("表1 收入\n地区\t收入（万元）\t占比（%）\n甲\t12\t30.5\n乙\t8\t20\n", [])
    assert [(n.value, n.unit) for n in reading.numbers] == [(12, "万元"), (30.5, "%"), (8, "万元"), (20, "%")]
    assert table.at(reading.numbers[0].start).row_head == "甲"  # type: ignore[union-attr]
