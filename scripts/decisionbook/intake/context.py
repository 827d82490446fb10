"""What a number is about, guessed from the words around it: sentence, area and period."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .numerals import chinese_number, narrow

_WORLD, _NATION = "WLD", "100000"
_HOME_WORDS = ("我区", "全区", "自治区", "我省", "全省")
_END = re.compile(r"[。！？!?；;]|\n\s*\n|\r?\n(?=[^\n]*\t)")
_Y = r"(?P<y>(?:19|20)\d\d)"
_PERIOD = re.compile(
    rf"(?P<range>(?:19|20)\d\d\s*年?\s*[-—–~至到]+\s*(?:19|20)\d\d)\s*年"
    rf"|{_Y}\s*年(?:(?P<half>[上下])半年|第?(?P<quarter>[一二三四])季度|前(?P<first>[一二三四两])个?季度"
    rf"|\s*(?P<m1>\d{{1,2}})\s*[-—–~至到]+\s*(?P<m2>\d{{1,2}})\s*月|\s*(?P<m>\d{{1,2}})\s*月(?:份)?(?:\s*(?P<d>\d{{1,2}})\s*日)?(?P<mend>末|底)?|(?P<end>年?末|年?底|底|末))?(?P<since>以来)?"
)
_QUARTERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4}


@dataclass(frozen=True)
class Period:
    """A date in the text and the time period that it names."""

    start: int
    end: int
    period: str


class Context:
    """Sentences, areas and periods of one text, each found once."""

    def __init__(self, text: str, areas: Mapping[str, str], home: str) -> None:
        self.text = text
        self.home = home
        ends = [0, *(m.end() for m in _END.finditer(text)), len(text)]
        self._bounds = sorted(set(ends))
        self.codes = _area_words(areas, home)
        self._areas = sorted(_area_mentions(text, self.codes))
        self._area_starts = [a[0] for a in self._areas]
        self._periods = list(_period_mentions(narrow(text)))
        self._period_starts = [p.start for p in self._periods]
        self.default_area = self._most_named()

    def sentence(self, place: int) -> tuple[int, int]:
        """Return where the sentence that holds a place begins and ends."""
        index = bisect.bisect_right(self._bounds, place)
        return self._bounds[index - 1], self._bounds[min(index, len(self._bounds) - 1)]

    def paragraph(self, place: int) -> tuple[int, int]:
        """Return where the paragraph round a place begins and ends."""
        left = self.text.rfind("\n\n", 0, place)
        right = self.text.find("\n\n", place)
        return (0 if left < 0 else left + 2), (len(self.text) if right < 0 else right)

    def excerpt(self, start: int, end: int, reach: int = 22) -> str:
        """Return the number in its words on one line, for the analyst's eye."""
        left, right = self.text[max(0, start - reach) : start], self.text[end : end + reach]
        return re.sub(r"\s+", " ", f"{left}【{self.text[start:end]}】{right}").strip()

    def area(self, place: int) -> tuple[str, float]:
        """Return the area that a number is most likely of, and how sure that is."""
        start, _ = self.sentence(place)
        index = bisect.bisect_right(self._area_starts, place) - 1
        if index >= 0 and self._areas[index][0] >= start:
            return self._areas[index][2], 0.8
        before = self.paragraph(place)[0]
        if index >= 0 and self._areas[index][0] >= before:
            return self._areas[index][2], 0.6
        near = self._areas[max(0, index - 7) : index + 1]
        if near:
            names = [a[2] for a in near]
            return max(dict.fromkeys(reversed(names)), key=names.count), 0.4
        return self.default_area, 0.3

    def period(self, place: int, *, stock: bool) -> tuple[str, float]:
        """Return the time period that a number is most likely of; `stock` takes the end of a half-year, not its length."""
        start, _ = self.sentence(place)
        index = bisect.bisect_right(self._period_starts, place) - 1
        if index >= 0 and self._periods[index].start >= start:
            return _of_kind(self._periods[index].period, stock), 0.8
        if index >= 0 and self._periods[index].start >= max(self.paragraph(place)[0], start - 60):
            return _of_kind(self._periods[index].period, stock), 0.5
        return "", 0.4

    def _most_named(self) -> str:
        names = [a[2] for a in self._areas[:40]]
        return max(dict.fromkeys(names), key=names.count) if names else self.home


def _of_kind(period: str, stock: bool) -> str:
    half = re.fullmatch(r"(\d{4})-S([12])", period)
    return f"{half[1]}-{'06' if half[2] == '1' else '12'}" if half and stock else period


def _area_words(areas: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the words that name an area, with its code; 市, 县 and 省 may be left off."""
    words: dict[str, str] = {}
    for code, name in areas.items():
        words[name] = code
        if len(name) > 2 and name[-1] in "市县省":
            words.setdefault(name[:-1], code)
    words |= dict.fromkeys(_HOME_WORDS, home)
    words |= dict.fromkeys(("全国", "我国", "国内", "中国"), _NATION)
    words |= dict.fromkeys(("全球", "世界", "国际市场"), _WORLD)
    return words


def _area_mentions(text: str, words: Mapping[str, str]) -> Iterable[tuple[int, int, str]]:
    pattern = "|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w)) if len(w) > 1)
    for match in re.finditer(pattern, text):
        # 中国电信, 中国—东盟 and the like name bodies, not the country.
        if match[0] in ("中国", "世界", "国际市场") and re.match(
            r"[—\-·]|电信|移动|联通|科学|工程|信通|信息|软件|银行|建设|级", text[match.end() : match.end() + 3]
        ):
            continue
        yield match.start(), match.end(), words[match[0]]


def _period_mentions(text: str) -> Iterable[Period]:
    for m in _PERIOD.finditer(text):
        yield Period(m.start(), m.end(), _iso(m))


def _iso(m: re.Match[str]) -> str:
    if m["range"]:
        first, last = re.findall(r"(?:19|20)\d\d", m["range"])
        return f"{first}/{last}"
    year = m["y"]
    if m["half"]:
        return f"{year}-S{1 if m['half'] == '上' else 2}"
    if m["quarter"]:
        return f"{year}-Q{_QUARTERS[m['quarter']]}"
    if m["first"]:
        return f"{year}-01/{year}-{3 * int(chinese_number(m['first'])):02}"
    if m["m1"]:
        return f"{year}-{int(m['m1']):02}/{year}-{int(m['m2']):02}"
    if m["m"] and 1 <= int(m["m"]) <= 12:
        day = f"-{int(m['d']):02}" if m["d"] else ""
        return f"{year}-{int(m['m']):02}{day}"
    return f"{year}-12" if m["end"] else year
