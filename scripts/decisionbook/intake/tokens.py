"""Every number of a text: where it stands, what it says, or why it is no figure."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ..data.coverage import TOKEN
from .exclude import Rule, built_in
from .grammar import (
    AFTER_WORD,
    ARABIC,
    BEFORE_WORD,
    CHINESE,
    DURATIONS,
    MORE,
    NOUNS,
    QUALIFIER_OF,
    SAME_UNIT,
    SCALE,
    SCALES,
    UNIT,
)
from .numerals import arabic_number, chinese_number, narrow


@dataclass(frozen=True)
class Number:
    """One number of a text as a figure row would have it; `start` to `end` is what is printed, `core` the numeral.

    `value` is NaN where the words hold no number (多个). `confidence` says how sure the reader is that it is a figure.
    """

    start: int
    end: int
    published: str
    value: float
    high: float | None
    unit: str
    qualifier: str
    precision: float
    kind: str
    confidence: float
    core: tuple[int, int]


@dataclass(frozen=True)
class Excluded:
    """One numeric token that is no figure, with the reason and the rule."""

    start: int
    end: int
    text: str
    reason: str
    note: str
    rule: Rule | None = None


@dataclass(frozen=True)
class Reading:
    """What the reader made of a text."""

    numbers: tuple[Number, ...]
    excluded: tuple[Excluded, ...]


_NOUN = "(?:" + "|".join(sorted(NOUNS, key=lambda n: (-len(n), n))) + ")"
_MASTER = re.compile(
    rf"""
    (?P<before>{BEFORE_WORD}\s*)?
    (?:
      (?P<parts>(?:[一二三四五六七八九十百两]+|\d+)分之(?:[一二三四五六七八九十百零点两]+|\d+(?:\.\d+)?))
    | (?P<rank>第\s*(?:{CHINESE}+|\d+)\s*(?:位|名|个|家|梯队)?|首位|前\s*(?:{CHINESE}+|\d+)\s*(?:名|位|强)?)
    | (?P<tenths>[一二三四五六七八九两]成半?(?![为功立长本果员都熟效品型就交因]))
    | (?P<half>(?:过|近|逾|约)?(?:一\s*半(?!以上的?[天会])|半数)|半(?=年|天|个月|小时|个小时)(?:年|天|个月|小时|个小时))
    | (?P<fold>翻[一两二三]番|翻番|翻倍|倍增)
    | (?P<several>(?<![多少总次参指系函倍位岁基用级以向在奇])(?:数|几|上|好几|成)(?:十|百|千|万|亿|十万|百万|千万|百亿|千亿)\s*[多余]?\s*(?:{UNIT})?)
    | (?P<some>(?<![很许更太最诸好大])多(?:个(?!性|体|人)|家|项|部门|部(?!委|分)|地)|(?<![无第])几(?:{UNIT})|(?<![多少总次人参指系函倍位岁基大据个户分])数(?:位|家|名|年|天|月|项|种)(?![据字码])|若干{UNIT}?)
    | (?P<class>(?:十|百|千|万|十万|百万|千万|亿|十亿|百亿|千亿|万亿)级(?!别))
    | (?P<alone>(?<=[近超过约足逾达到])(?:千万|百万|万|亿|千|百)(?=余?(?:{UNIT}))[余]?{UNIT})
    | (?P<zero>零(?:成本|事故|投诉|收费|费用|跑腿|差错|中断|泄露|排放))
    | (?:(?P<low>{ARABIC})\s*(?P<lowunit>%|{SCALE}?{UNIT})?\s*(?:[-—–~]+|至|到)\s*)?(?P<number>{ARABIC})
      \s*(?P<moreA>{MORE})?\s*(?P<scale>{SCALE})?(?P<tail>\d+(?:千万|百万|万|千))?\s*(?P<more>{MORE})?\s*(?P<unit>{UNIT}|大类|大(?!型|量|于|力|会|众|数|家|气|规|部)|{_NOUN})?
    | (?P<hundred>百分之)?(?<![唯统专])(?P<chinese>(?:{CHINESE}|双(?=[码证卡])|万(?=[一二三四五六七八九零])|亿(?=[一二三四五六七八九零]))+(?:点[零一二三四五六七八九]+)?)
      (?P<moreC>{MORE})?(?P<cscale>万亿|亿|万)?(?P<moreD>{MORE})?(?P<cunit>大类|大(?!型|量|于|力|会|众|数|家|气|规|部)|{UNIT}|{_NOUN})?
    )
    (?P<after>\s?{AFTER_WORD}|(?<=[倍年月天周时])[多余](?![个家项户]))?
    """,
    re.VERBOSE,
)
_ONE_MEASURE = re.compile(r"一(?:个|套|张|名|份|条|场|家|项|款|支|座|辆|台|处|所|间|栋|艘|位|件|年多|年余)")
_MAGNITUDE = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8} | SCALES
_FOLDS = {"翻一番": 2.0, "翻番": 2.0, "翻倍": 2.0, "倍增": 2.0, "翻两番": 4.0, "翻二番": 4.0, "翻三番": 8.0}
_ZERO_UNIT = {"成本": "元", "费用": "元", "收费": "元", "事故": "起", "投诉": "件"}


def read_numbers(text: str, rules: Sequence[Rule] | None = None) -> Reading:
    """Return the numbers of a text and what was excluded.

    Every numeric token of `decisionbook.data.coverage` is in one of the two.
    """
    plain = narrow(text)
    barred = _Spans(plain, built_in() if rules is None else rules)
    numbers, excluded = [], []
    for match in _MASTER.finditer(plain):
        core = _core(match)
        rule = barred.holding(*core)
        if rule is not None and not _stronger(match, rule):
            continue
        number = _number(text, plain, match, core)
        if number is not None:
            numbers.append(number)
    numbers = _sorted(numbers)
    taken = [(n.start, n.end) for n in numbers]
    starts = [s for s, _ in taken]
    for match in TOKEN.finditer(plain):
        index = bisect.bisect_right(starts, match.end() - 1) - 1
        if index >= 0 and taken[index][1] > match.start():
            continue
        rule = barred.holding(*match.span()) or barred.meeting(*match.span())
        reason, note = (rule.reason, rule.note) if rule else ("idiom", "未成数量的字")
        excluded.append(Excluded(match.start(), match.end(), text[match.start() : match.end()], reason, note, rule))
    return Reading(tuple(numbers), tuple(excluded))


class _Spans:
    """The matches of the rules in a text, by where they begin."""

    def __init__(self, plain: str, rules: Sequence[Rule]) -> None:
        self.found = sorted(
            ((m.start(), m.end(), order, rule) for order, rule in enumerate(rules) for m in rule.compiled.finditer(plain)),
            key=lambda s: s[:3],
        )
        self.starts = [s[0] for s in self.found]
        self.longest = max((end - start for start, end, *_ in self.found), default=0)

    def _near(self, start: int, end: int) -> Iterator[tuple[int, int, int, Rule]]:
        index = bisect.bisect_left(self.starts, end)
        while index > 0:
            index -= 1
            if self.starts[index] + self.longest < start:
                return
            yield self.found[index]

    def holding(self, start: int, end: int) -> Rule | None:
        """Return the first rule a match of which holds the whole span."""
        hits = [(order, rule) for left, right, order, rule in self._near(start, end) if left <= start and right >= end]
        return min(hits, key=lambda h: h[0])[1] if hits else None

    def meeting(self, start: int, end: int) -> Rule | None:
        hits = [(order, rule) for left, right, order, rule in self._near(start, end) if left < end and right > start]
        return min(hits, key=lambda h: h[0])[1] if hits else None


def _core(match: re.Match[str]) -> tuple[int, int]:
    for name in ("number", "chinese"):
        if match[name]:
            return match.start("low") if match["low"] else match.start(name), match.end(name)
    return match.start() + len(match["before"] or ""), match.end() - len(match["after"] or "")


def _stronger(match: re.Match[str], rule: Rule) -> bool:
    """Return whether a number with a unit outweighs a rule that only its digits meet (60% at the head of a line)."""
    return bool(match["number"] and match["unit"] in ("%", "个百分点") and rule.reason in ("ordinal", "contents list or running head"))


def _sorted(numbers: Iterable[Number]) -> list[Number]:
    kept: list[Number] = []
    for number in sorted(numbers, key=lambda n: (n.start, -n.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def _number(text: str, plain: str, match: re.Match[str], core: tuple[int, int]) -> Number | None:
    for name, make in _MAKERS.items():
        if match[name]:
            made = make(match, plain)
            break
    else:
        return None
    if made is None:
        return None
    qualifier = _qualifier(match, made, plain)
    made = _in_context(made, plain, match)
    start = match.start() if match["before"] and qualifier != "exact" else core[0] if not match["hundred"] else match.start("hundred")
    end = match.end()
    if match["after"] and qualifier == made.qualifier and not _touching_after(match):
        end -= len(match["after"])
    while end > start and plain[end - 1] in " \t\r\n":
        end -= 1
    if qualifier == "exact" and _BOUND.search(plain[max(0, core[0] - 10) : core[0]]):
        qualifier = QUALIFIER_OF[_BOUND.search(plain[max(0, core[0] - 10) : core[0]])[1]]  # type: ignore[index]
    # A qualifier cut off by a page break stands further left and does not touch: it counts, but is not printed with it.
    if qualifier == "exact" and not match["before"]:
        gap = re.search(rf"({BEFORE_WORD})\s*$", plain[max(0, core[0] - 12) : core[0]])
        if gap:
            qualifier = QUALIFIER_OF[gap[1]]
    precision = made.precision
    if qualifier == "more" and made.kind == "number":
        precision = max(precision, _last_unit(made.value))
    return replace(made, start=start, end=end, published=text[start:end], qualifier=qualifier, precision=precision, core=core)


def _in_context(made: Number, plain: str, match: re.Match[str]) -> Number:
    """Return the number with the unit that the words around it complete: 每平方米补贴7元 is 元/平方米."""
    if made.kind == "rank" or made.kind == "several":
        return made
    sentence = plain[max(plain.rfind("。", 0, match.start()), match.start() - 90, 0) : match.start()]
    following = plain[match.end() : match.end() + 6]
    if made.unit == "元" and "每平方米" in sentence:
        return replace(made, unit="元/平方米")
    if made.unit == "个" and made.precision < 1 and re.search(r"每千人口?[^，。]{0,16}[托床]位", sentence):
        return replace(made, unit="个/千人")
    if made.unit == "名" and re.search(r"(?:前进|上升|提升|下降|后退|下滑|跃升)了?\s*$", sentence):
        return replace(made, unit="位")
    if made.unit in ("万", "亿") and re.match(r"[\u4e00-\u9fff]{0,3}(?:市民|居民|群众|游客|人口|村民)", following):
        return replace(made, unit=f"{made.unit}人")
    return made


_BOUND = re.compile(r"(至少|不少于|不低于|不超过|至多|最多)[^，。；、\d]{1,6}$")


def _touching_after(match: re.Match[str]) -> bool:
    return match["after"].strip() in QUALIFIER_OF or match["after"].strip() in "多余+"


def _qualifier(match: re.Match[str], made: Number, plain: str) -> str:
    word = (match["before"] or "").strip()
    if word == "突破" and made.unit in ("项", "个") and re.match(r"[^，。]{0,4}(?:技术|难题|瓶颈)", plain[match.end() : match.end() + 8]):
        return "exact"
    if word:
        return QUALIFIER_OF[word]
    after = (match["after"] or "").strip()
    if match["moreA"] or match["more"] or match["moreC"] or match["moreD"] or after in ("多", "余", "+"):
        return "more" if made.qualifier == "exact" else made.qualifier
    if after == "内" and made.unit not in DURATIONS:
        return made.qualifier
    return QUALIFIER_OF.get(after, made.qualifier) if after else made.qualifier


def _blank(value: float, unit: str, kind: str, confidence: float, **other: object) -> Number:
    number = Number(0, 0, "", value, None, unit, "exact", 1.0, kind, confidence, (0, 0))
    return replace(number, **other)  # type: ignore[arg-type]


def _last_unit(value: float) -> float:
    digits = Decimal(repr(value)).normalize()
    return float(Decimal(1).scaleb(int(digits.as_tuple().exponent))) if value and not math.isnan(value) else 1.0


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
    if match["low"]:
        low, low_precision = arabic_number(match["low"])
        if low < value:
            high, value, precision = float(value), low, min(low_precision, precision)
    made = _blank(float(value), _unit(scale, unit, "1" if precision < 1 and not scale else ""), "number", confidence)
    return replace(made, precision=float(precision), high=high, qualifier="exact" if high is None else "range")


_BARE = re.compile(r"^[\u4e00-\u9fff]\d{1,2}[\u4e00-\u9fff]$")


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
    if unit in NOUNS or unit in ("大", "") and not scale:
        measured = _blank(value, unit if unit in ("市", "所", "馆") else "个", "number", confidence)
    else:
        measured = _blank(value, "类" if unit == "大类" else _unit(scale, unit, ""), "number", confidence)
    if unit == "位":
        measured = replace(measured, unit="人")
    return measured


def _paired(plain: str, end: int) -> bool:
    """Return whether a further numeral with a noun follows at once, as in 一云一池三平台."""
    return bool(re.match(rf"[\u4e00-\u9fff]{{0,2}}[一二三四五六七八九两]{_NOUN}", plain[end : end + 6]))


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
        if not tail and not re.match(r"[，。；、,.;）)\s！的名]|$|[¹²³⁴-⁹]", following) and numeral[0][0] in "一二三四五六七八九十":
            return None
        return _blank(value, "位", "rank", 0.9 if tail else 0.7)
    before = plain[max(0, match.start() - 14) : match.start()]
    group = bool(re.match(r"的|[\u4e00-\u9fff]{2}", following)) and not re.match(r"[，。；的]?(?:降|升|上|退|位|提|进|跃)", following)
    if tail == "强":
        return _blank(value, "个", "rank", 0.6)
    if not tail and not re.search(r"排名|名列|位列|跻身|进入|位居|居|GDP|排行|全国|全区", before):
        return None
    unit = (tail or "个") if group else "位"
    return _blank(value, unit, "rank", 0.8, qualifier="exact" if group else "at_most")


def _parts(match: re.Match[str], plain: str) -> Number | None:
    below, _, above = match["parts"].partition("分之")
    if below in ("百", "100"):
        return _blank(float(_numeral(above)), "%", "number", 0.9)
    bottom = _numeral(below)
    if not bottom:
        return None
    return _blank(round(float(_numeral(above) / bottom), 6), "1", "fraction", 0.9, qualifier="fraction", precision=0.01)


def _tenths(match: re.Match[str], plain: str) -> Number | None:
    word = match["tenths"]
    value = float(chinese_number(word[0]) * 10) + (5 if word.endswith("半") else 0)
    return _blank(value / 100, "1", "fraction", 0.85, qualifier="fraction", precision=0.1)


def _half(match: re.Match[str], plain: str) -> Number | None:
    word = match["half"]
    unit = re.search(r"(年|天|个月|小时|个小时)$", word)
    qualifier = {"过": "over", "近": "near", "逾": "over", "约": "about"}.get(word[0], "fraction")
    # 尚未达到全国水平的一半: the word that bounds it stands before what it is half of.
    if qualifier == "fraction" and re.search(r"(?:未达|不足|不到|不及|低于)[^，。；]{0,16}$", plain[max(0, match.start() - 20) : match.start()]):
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
    parts = re.match(r"(千万|百万|万|亿|千|百)余?(.+)", match["alone"])
    if parts is None:
        return None
    value = float(_MAGNITUDE[parts[1]])
    scale = parts[1][-1] if parts[1][-1] in "万亿" else ""
    value = value / SCALES[scale] if scale else value
    return _blank(value, _unit(scale, parts[2], ""), "number", 0.7, precision=_last_unit(value))


def _class(match: re.Match[str], plain: str) -> Number | None:
    size = match["class"][:-1]
    value = float(_MAGNITUDE[size])
    if size[-1] == "亿":
        value /= 10**8
        return _blank(value, "亿元", "several", 0.6, qualifier="several", precision=value)
    return _blank(value, "个", "several", 0.5, qualifier="several", precision=value)


def _zero(match: re.Match[str], plain: str) -> Number | None:
    return _blank(0.0, _ZERO_UNIT.get(match["zero"][1:], "个"), "number", 0.6)


_MAKERS = {
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
