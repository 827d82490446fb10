"""One maker for each way that a number is written: digits, Chinese numerals, ranks, fractions, vague words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from ..data.figures import last_significant_unit
from .grammar import CHINESE, MORE, NOUNS, SAME_UNIT, SCALE, SCALES, UNIT
from .numerals import arabic_number, chinese_number
from .printed import Number

NOUN = "(?:" + "|".join(sorted(NOUNS, key=lambda n: (-len(n), n))) + ")"
_ONE_MEASURE = re.compile(r"一(?:个|套|张|名|份|条|场|家|项|款|支|座|辆|台|处|所|间|栋|艘|位|件|年多|年余)")
_MAGNITUDE = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8} | SCALES
_FOLDS = {"翻一番": 2.0, "翻番": 2.0, "翻倍": 2.0, "倍增": 2.0, "翻两番": 4.0, "翻二番": 4.0, "翻三番": 8.0}
_ZERO_UNIT = {"成本": "元", "费用": "元", "收费": "元", "事故": "起", "投诉": "件"}


def _blank(value: float, unit: str, kind: str, confidence: float, **other: object) -> Number:
    number = Number(0, 0, "", value, None, unit, "exact", 1.0, kind, confidence, (0, 0))
    return replace(number, **other)  # type: ignore[arg-type]


def _numeral(text: str) -> Decimal:
    text = text.strip()
    return arabic_number(text)[0] if text[:1].isdigit() else chinese_number(text)


def _arabic(match: re.Match[str], plain: str) -> Number | None:
    value, precision = arabic_number(match["number"])
    unit = match["unit"] or ""
    noun = unit in NOUNS or unit == "大"
    unit = "" if noun else "类" if unit == "大类" else unit
    scale = match["scale"] or ""
    if match["tail"] and scale:
        tail = re.fullmatch(r"(\d+)(\D+)", match["tail"])
        if tail:
            step = Decimal(_MAGNITUDE[tail[2]]) / SCALES[scale]
            value, precision = value + Decimal(tail[1]) * step, precision * step
    if scale not in ("", "万", "亿", "万亿"):
        keep = "亿" if SCALES[scale] >= 10**8 else "万"
        value, precision = (x * SCALES[scale] / SCALES[keep] for x in (value, precision))
        scale = keep
    confidence = 0.95 if unit else 0.85 if scale or precision < 1 or noun else 0.5
    if confidence == 0.5 and _BARE.search(plain[max(0, match.start("number") - 1) : match.end("number") + 1]):
        confidence = 0.3  # digits wedged between characters, without a measure word, are most often a mark of a note
    if unit in ("节", "度", "届", "期", "面", "代", "版"):
        confidence = 0.6
    high = None
    negative = is_negative(match, plain)
    if match["low"]:
        low, low_precision = arabic_number(match["low"])
        low, value = -low if negative else low, -value if match["minushigh"] else value
        if low < value or low < 0:
            high, value, precision = float(max(low, value)), min(low, value), min(low_precision, precision)
    elif negative:
        value = -value
    if negative and precision >= 1 and not scale and unit not in _BELOW_ZERO:
        confidence = 0.4  # what is counted is seldom fewer than none: more likely a dash
    made = _blank(float(value), _unit(scale, unit, "1" if precision < 1 and not scale else ""), "number", confidence)
    return replace(made, precision=float(precision), high=high, qualifier="exact" if high is None else "range")


# Units in which a whole number is often negative.
_BELOW_ZERO = frozenset({"%", "‰", "个百分点", "百分点", "度", "元", "分"})
_MEASURED = re.compile(rf"(?:\d|{CHINESE})\s*(?:{MORE})?(?:{SCALE})?\s*(?:{UNIT})?\s*$")
_BARE = re.compile(r"^[\u4e00-\u9fff]\d{1,2}[\u4e00-\u9fff]$")


def is_negative(match: re.Match[str], plain: str) -> bool:
    """Return whether the number of a match has a minus: a sign that joins two numbers, or begins a line of a list, is none."""
    if not match["minus"] or match["minus"][0] == "负":
        return bool(match["minus"])
    start = match.start("minus")
    before = plain[max(0, start - 16) : start]
    if _MEASURED.search(before):
        return False
    return bool(before.rstrip(" ")[-1:] not in ("", "\n") or match["unit"] in _BELOW_ZERO or "." in match["number"])


def _unit(scale: str, unit: str, bare: str) -> str:
    if unit == "位" and not scale:
        return "人"
    if not unit:
        return scale or bare or "个"
    unit = SAME_UNIT.get(unit, unit)
    return f"{scale}{unit}"


def _chinese(match: re.Match[str], plain: str) -> Number | None:
    word, unit, scale = match["chinese"], match["cunit"] or "", match["cscale"] or ""
    if match["hundred"]:
        return _blank(float(chinese_number(word)), "%", "number", 0.9)
    start = match.start("chinese")
    if word == "一" and not scale:
        if not _ONE_MEASURE.match(plain, start) and not (unit and _paired(plain, match.end())):
            return None
        value, confidence = 1.0, 0.3
        if unit == "年" or _paired(plain, match.end()):
            confidence = 0.6
    else:
        try:
            value = float(chinese_number(word))
        except ValueError:
            return None
        if (word[0] in "百千" or word == "零") and not unit:
            return None
        if not unit and not scale and len(re.findall(re.escape(plain[start : match.end() + 1]), plain)) > 2:
            return None  # the same numeral with the same character, again and again, is part of a name
        confidence = 0.85 if unit and unit not in NOUNS else 0.5
    if unit == "位" and plain.startswith("一体", match.end()):
        return _blank(value, "个", "number", 0.4)
    if unit in NOUNS or (unit in ("大", "") and not scale):
        measured = _blank(value, unit if unit in ("市", "所", "馆") else "个", "number", confidence)
    else:
        measured = _blank(value, "类" if unit == "大类" else _unit(scale, unit, ""), "number", confidence)
    if unit == "位":
        measured = replace(measured, unit="人")
    return measured


def _paired(plain: str, end: int) -> bool:
    """Return whether a further numeral with a noun follows at once, as in 一云一池三平台."""
    return bool(re.match(rf"[\u4e00-\u9fff]{{0,2}}[一二三四五六七八九两]{NOUN}", plain[end : end + 6]))


def _rank(match: re.Match[str], plain: str) -> Number | None:
    word = match["rank"].replace(" ", "")
    if word == "首位":
        return _blank(1.0, "位", "rank", 0.8)
    numeral = re.search(rf"{CHINESE}+|\d+", word)
    if numeral is None:
        return None
    try:
        value = float(_numeral(numeral[0]))
    except ValueError:
        return None
    tail = word[numeral.end() :]
    following = plain[match.end() : match.end() + 4].lstrip()
    if word[0] == "第":
        if tail == "梯队":
            return _blank(value, "梯队", "rank", 0.9)
        if (
            not tail
            and not re.match(r"[，。；、,.;）)\s！的名]|$|[¹²³⁴-⁹]", following)
            and numeral[0][0] in "一二三四五六七八九十"
        ):
            return None
        return _blank(value, "位", "rank", 0.9 if tail else 0.7)
    before = plain[max(0, match.start() - 14) : match.start()]
    group = bool(re.match(r"的|[\u4e00-\u9fff]{2}", following)) and not re.match(
        r"[，。；的]?(?:降|升|上|退|位|提|进|跃)", following
    )
    if tail == "强":
        return _blank(value, "个", "rank", 0.6)
    if not tail and not re.search(r"排名|名列|位列|跻身|进入|位居|居|GDP|排行|全国|全区", before):
        return None
    unit = (tail or "个") if group else "位"
    return _blank(value, unit, "rank", 0.8, qualifier="exact" if group else "at_most")


def _parts(match: re.Match[str], plain: str) -> Number | None:
    below, _, above = match["parts"].partition("分之")
    try:
        bottom, top = _numeral(below), _numeral(above)
    except ValueError:
        return None
    if not bottom:
        return None
    # 百分之五, 千分之三, 万分之五: shares of a round hundred or more are per cent, as exact as they are said.
    exponent = bottom.log10()
    if exponent == int(exponent) and exponent >= 2:
        decimals = len(above.partition("点")[2] or above.partition(".")[2])
        unit_of_last = Decimal(100) / bottom * Decimal(1).scaleb(-decimals)
        return _blank(float(top * 100 / bottom), "%", "number", 0.9, precision=float(unit_of_last))
    return _blank(round(float(top / bottom), 6), "1", "fraction", 0.9, qualifier="fraction", precision=0.01)


def _tenths(match: re.Match[str], plain: str) -> Number | None:
    word = match["tenths"]
    value = float(chinese_number(word[0]) * 10) + (5 if word.endswith("半") else 0)
    return _blank(value / 100, "1", "fraction", 0.85, qualifier="fraction", precision=0.1)


def _half(match: re.Match[str], plain: str) -> Number | None:
    word = match["half"]
    unit = re.search(r"(年|天|个月|小时|个小时)$", word)
    qualifier = {"过": "over", "近": "near", "逾": "over", "约": "about"}.get(word[0], "fraction")
    # 尚未达到全国水平的一半: the word that bounds it stands before what it is half of.
    if qualifier == "fraction" and re.search(
        r"(?:未达|不足|不到|不及|低于)[^，。；]{0,16}$", plain[max(0, match.start() - 20) : match.start()]
    ):
        qualifier = "under"
    return _blank(0.5, unit[1] if unit else "1", "fraction", 0.8, qualifier=qualifier, precision=0.1)


def _fold(match: re.Match[str], plain: str) -> Number | None:
    word = match["fold"]
    return _blank(_FOLDS[word], "倍", "number", 0.7, qualifier="about" if word == "倍增" else "exact")


def _several(match: re.Match[str], plain: str) -> Number | None:
    word = match["several"].replace(" ", "")
    size = re.search(r"(?:十万|百万|千万|百亿|千亿|[十百千万亿])", word)
    if size is None:
        return None
    unit = word[size.end() :].lstrip("多余")
    if not unit and word[0] not in "几数":
        return None
    value = float(_MAGNITUDE[size[0]])
    scale = ""
    if size[0][-1] in "万亿":
        scale = size[0][-1]
        value /= SCALES[scale]
    return _blank(value, _unit(scale, unit, ""), "several", 0.7, qualifier="several", precision=value)


def _some(match: re.Match[str], plain: str) -> Number | None:
    word = match["some"]
    unit = {"部门": "个", "部": "个", "地": "个"}.get(word[1:], word[1:]) if word[0] == "多" else word.lstrip("数几若干")
    if word[0] == "几" and unit in ("个", "点", "类", "种", "方", "次", "位", "家", "大", "代", "度", "节", "分", "对"):
        return None
    confidence = 0.7 if word[0] in "多几" else 0.5
    return _blank(math.nan, "人" if unit == "位" else unit or "个", "several", confidence, qualifier="several", precision=0.0)


def _alone(match: re.Match[str], plain: str) -> Number | None:
    parts = re.match(r"(万亿|千万|百万|万|亿|千|百)余?(.+)", match["alone"])
    if parts is None:
        return None
    value = float(_MAGNITUDE[parts[1]])
    scale = "万亿" if parts[1] == "万亿" else parts[1][-1] if parts[1][-1] in "万亿" else ""
    value = value / SCALES[scale] if scale else value
    return _blank(value, _unit(scale, parts[2], ""), "number", 0.7, precision=last_significant_unit(value))


def _class(match: re.Match[str], plain: str) -> Number | None:
    size = match["class"][:-1]
    value = float(_MAGNITUDE[size])
    if size[-1] == "亿":
        value /= 10**8
        return _blank(value, "亿元", "several", 0.6, qualifier="several", precision=value)
    return _blank(value, "个", "several", 0.5, qualifier="several", precision=value)


def _zero(match: re.Match[str], plain: str) -> Number | None:
    return _blank(0.0, _ZERO_UNIT.get(match["zero"][1:], "个"), "number", 0.6)


MAKERS: dict[str, Callable[[re.Match[str], str], Number | None]] = {
    "parts": _parts,
    "rank": _rank,
    "tenths": _tenths,
    "half": _half,
    "fold": _fold,
    "several": _several,
    "some": _some,
    "alone": _alone,
    "class": _class,
    "zero": _zero,
    "number": _arabic,
    "chinese": _chinese,
}
