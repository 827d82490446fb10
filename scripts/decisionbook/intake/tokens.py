"""Every number of a text: where it stands, what it says, or why it is no figure."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..data.coverage import TOKEN
from ..data.figures import last_significant_unit
from .exclude import Rule, built_in
from .grammar import (
    AFTER_WORD,
    ARABIC,
    BEFORE_WORD,
    CHINESE,
    DURATIONS,
    MORE,
    QUALIFIER_OF,
    SCALE,
    UNIT,
)
from .makers import MAKERS, NOUN, is_negative
from .numerals import narrow
from .printed import Excluded, Number, Reading

_MASTER = re.compile(
    rf"""
    (?P<before>{BEFORE_WORD}\s*)?
    (?:
      (?P<parts>(?:[一二三四五六七八九十百千万亿两]+|\d+)分之(?:[一二三四五六七八九十百零点两]+|\d+(?:\.\d+)?))
    | (?P<rank>第\s*(?:{CHINESE}+|\d+)\s*(?:位|名|个|家|梯队)?|首位|前\s*(?:{CHINESE}+|\d+)\s*(?:名|位|强)?)
    | (?P<tenths>[一二三四五六七八九两]成半?(?![为功立长本果员都熟效品型就交因]))
    | (?P<half>(?:过|近|逾|约)?(?:一\s*半(?!以上的?[天会])|半数)|半(?=年|天|个月|小时|个小时)(?:年|天|个月|小时|个小时))
    | (?P<fold>翻[一两二三]番|翻番|翻倍|倍增)
    | (?P<several>(?<![多少总次参指系函倍位岁基用级以向在奇])(?:数|几|上|好几|成)
        (?:十|百|千|万|亿|十万|百万|千万|百亿|千亿)\s*[多余]?\s*(?:{UNIT})?)
    | (?P<some>(?<![很许更太最诸好大])多(?:个(?!性|体|人)|家|项|部门|部(?!委|分)|地)|(?<![无第])几(?:{UNIT})
        |(?<![多少总次人参指系函倍位岁基大据个户分])数(?:位|家|名|年|天|月|项|种)(?![据字码])|若干{UNIT}?)
    | (?P<class>(?:十|百|千|万|十万|百万|千万|亿|十亿|百亿|千亿|万亿)级(?!别))
    | (?P<alone>(?<=[近超过约足逾达到])(?:万亿|千万|百万|万|亿|千|百)(?=余?(?:{UNIT}))[余]?{UNIT})
    | (?P<zero>零(?:成本|事故|投诉|收费|费用|跑腿|差错|中断|泄露|排放))
    | (?P<minus>(?<![\dA-Za-z%‰])[-–](?=\d)|(?<!正)负的?(?=\d))?
      (?:(?P<low>{ARABIC})\s*(?P<lowunit>%|{SCALE}?{UNIT})?\s*
        (?:(?:~|至|到)\s*(?P<minushigh>-)|[-—–~]+|至|到)\s*)?(?P<number>{ARABIC})
      \s*(?P<moreA>{MORE})?\s*(?P<scale>{SCALE})?(?P<tail>\d+(?:千万|百万|万|千))?\s*(?P<more>{MORE})?\s*(?P<unit>{UNIT}|大类|大(?!型|量|于|力|会|众|数|家|气|规|部)|{NOUN})?
    | (?P<hundred>百分之)?(?<![唯统专])(?P<chinese>(?:{CHINESE}|双(?=[码证卡])
        |万(?=[一二三四五六七八九零])|亿(?=[一二三四五六七八九零]))+(?:点[零一二三四五六七八九]+)?)
      (?P<moreC>{MORE})?(?P<cscale>万亿|亿|万)?(?P<moreD>{MORE})?(?P<cunit>大类|大(?!型|量|于|力|会|众|数|家|气|规|部)|{UNIT}|{NOUN})?
    )
    (?P<after>\s?{AFTER_WORD}|(?<=[倍年月天周时])[多余](?![个家项户]))?
    """,
    re.VERBOSE,
)


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
    return bool(
        match["number"] and match["unit"] in ("%", "个百分点") and rule.reason in ("ordinal", "contents list or running head")
    )


def _sorted(numbers: Iterable[Number]) -> list[Number]:
    kept: list[Number] = []
    for number in sorted(numbers, key=lambda n: (n.start, -n.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def _number(text: str, plain: str, match: re.Match[str], core: tuple[int, int]) -> Number | None:
    for name, make in MAKERS.items():
        if match[name]:
            made = make(match, plain)
            break
    else:
        return None
    if made is None:
        return None
    qualifier = _qualifier(match, made, plain)
    made = _in_context(made, plain, match)
    first = "minus" if is_negative(match, plain) else "hundred" if match["hundred"] else ""
    start = match.start() if match["before"] and qualifier != "exact" else match.start(first) if first else core[0]
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
        precision = max(precision, last_significant_unit(made.value))
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
    if (
        word == "突破"
        and made.unit in ("项", "个")
        and re.match(r"[^，。]{0,4}(?:技术|难题|瓶颈)", plain[match.end() : match.end() + 8])
    ):
        return "exact"
    if word:
        return QUALIFIER_OF[word]
    after = (match["after"] or "").strip()
    if match["moreA"] or match["more"] or match["moreC"] or match["moreD"] or after in ("多", "余", "+"):
        return "more" if made.qualifier == "exact" else made.qualifier
    if after == "内" and made.unit not in DURATIONS:
        return made.qualifier
    return QUALIFIER_OF.get(after, made.qualifier) if after else made.qualifier
