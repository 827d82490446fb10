"""What a text says of its own numbers: sums, shares, growth, ranks and counts, found by the words between them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .candidates import Quantity
from .context import Context
from .enumerations import counted_listings
from .printed import Number
from .tables import Table

_UP = "增长|增加|提高|提升|上升|上涨|扩大|增至|升至|增到|升到|跃升|攀升|增幅|涨"
_DOWN = "下降|减少|降低|降至|降到|减至|缩减|压减|压缩|缩短|下滑|回落|降"
_PARTS = re.compile(r"其中|包括|分别[为是有达：:]|分为|含")
_TOTAL = re.compile(r"共计|合计|总计|一共|总共|共有?|累计")
_CHANGE = re.compile(rf"(?P<up>{_UP})|(?P<down>{_DOWN})")
_SUM_ROW = re.compile(r"^\s*(?:合\s*计|总\s*计|小\s*计|共\s*计|总\s*数|全部)")


@dataclass(frozen=True)
class Relation:
    """One thing that should hold: the target, the expression over the inputs, and how surely the words say so.

    `kind` is one of sum, share, growth, points, direction, remainder, rank, count, above_whole. `exact` False says that the
    parts may leave something out.
    """

    kind: str
    target: Quantity
    inputs: tuple[Quantity, ...]
    expression: str
    sure: float
    words: str = ""
    exact: bool = True


class Sentences:
    """The quantities of a text by sentence, with the words between them."""

    def __init__(self, found: Sequence[Quantity], context: Context, ends: dict[str, int]) -> None:
        self.context, self.ends = context, ends
        self.groups: list[list[Quantity]] = []
        for quantity in found:
            if quantity.kind == "enumeration":
                continue
            if self.groups and self.groups[-1][-1].sentence == quantity.sentence:
                self.groups[-1].append(quantity)
            else:
                self.groups.append([quantity])

    def between(self, left: Quantity, right: Quantity) -> str:
        """Return the words from the end of one number to the beginning of the next."""
        return self.context.text[self.ends[left.key] : right.start]

    def before(self, quantity: Quantity, reach: int = 24) -> str:
        """Return the words before a number, within its sentence."""
        return self.context.text[max(quantity.sentence, quantity.start - reach) : quantity.start]

    def after(self, quantity: Quantity, reach: int = 24) -> str:
        """Return the words after a number, within its sentence."""
        end = self.ends[quantity.key]
        return self.context.text[end : min(end + reach, self.context.sentence(quantity.start)[1])]


def _level(quantity: Quantity) -> bool:
    return quantity.dimension not in ("ratio", "rank") and quantity.kind != "rank" and quantity.value > 0


def find_relations(sentences: Sentences) -> Iterator[Relation]:
    """Yield what the sentences of a text say of their numbers."""
    for index, group in enumerate(sentences.groups):
        following = [q for later in sentences.groups[index + 1 : index + 7] for q in later if q.start - group[-1].start < 500]
        yield from _sums(sentences, group, following)
        yield from _shares(sentences, group)
        yield from _fractions(sentences, group)
        yield from _changes(sentences, group)
        yield from _wholes(sentences, group)
        yield from _ranks(sentences, group)
    yield from _hundreds(sentences)


def _sums(sentences: Sentences, group: Sequence[Quantity], following: Sequence[Quantity]) -> Iterator[Relation]:
    for place, total in enumerate(group):
        if not _level(total) or total.kind == "table":
            continue
        # Growth may stand between a total and its parts, and between the parts: 617亿元，增长5.2%。其中，甲37亿元，增长2.6%；…
        rest = [q for q in (*group[place + 1 :], *following) if not (q.dimension == "ratio" and q.unit in ("%", "个百分点"))]
        if not rest or rest[0].unit != total.unit:
            continue
        opening = sentences.between(total, rest[0])
        cue = _PARTS.search(opening)
        if re.search(rf"(?:{_UP}|{_DOWN}|新增)了?\s*$", sentences.before(total, 8)):
            continue  # 比上年末增加0.1万人，其中…: the parts are those of the level before it
        if cue is None or len(opening) > 70 or opening.count("。") > 1 or len(opening) - cue.start() > 34:
            continue
        end = sentences.context.text.find("。", rest[0].start)
        parts = _list_of(sentences, [q for q in rest if end < 0 or q.start < end], total)
        bracket = bool(re.search(r"[（(]\s*其中", opening))
        if len(parts) > 1:
            closed = bracket or "分别" in opening or "分为" in opening
            yield _sum(total, parts, 0.85 if bracket else 0.6, exact=closed)
    for place, total in enumerate(group):
        if place > 1 and _level(total) and _TOTAL.search(sentences.between(group[place - 1], total)[-6:]):
            parts = _list_of(sentences, group[:place][::-1], total, back=True)[::-1]
            if len(parts) > 1:
                yield _sum(total, parts, 0.7, exact=True)


def _list_of(sentences: Sentences, rest: Sequence[Quantity], total: Quantity, *, back: bool = False) -> list[Quantity]:
    parts: list[Quantity] = []
    for quantity in rest:
        if quantity.unit != total.unit or not _level(quantity):
            break
        if parts:
            gap = sentences.between(quantity, parts[-1]) if back else sentences.between(parts[-1], quantity)
            listed = re.search(r"[、，,；;和及]", gap) and not re.search(r"其中|比[^重例]|较|到|至", gap)
            if len(gap) > 44 or not listed:
                break
        parts.append(quantity)
    return parts


def _sum(total: Quantity, parts: Sequence[Quantity], sure: float, *, exact: bool) -> Relation:
    return Relation("sum", total, tuple(parts), "+".join("abcdefghijklmnopqrstuvwxyz"[: len(parts)]), sure, exact=exact)


def _shares(sentences: Sentences, group: Sequence[Quantity]) -> Iterator[Relation]:
    for place, share in enumerate(group):
        if share.unit != "%" or share.value > 100 or not share.exact:
            continue
        before = [q for q in group[:place] if _level(q)]
        if len(before) < 2 or group[place - 1] is not before[-1]:
            continue
        part, whole = before[-2], before[-1]
        if part.dimension != whole.dimension or part.unit.lstrip("万亿") != whole.unit.lstrip("万亿"):
            continue
        gap = sentences.between(part, whole)
        close = sentences.between(whole, share)
        if "占" in gap and len(gap) < 40 and re.fullmatch(r"[）)\s]*(?:总[数量额])?的?\s*(?:比重|比例)?[为达约]?", close):
            yield Relation("share", share, (part, whole), "a/b", 0.9)
        elif (
            "占" not in gap
            and len(gap) < 90
            and re.search(r"占(?:比|全[^，。]{0,8}|[^，。]{0,10}总[^，。]{0,6})?的?(?:比重|比例)?[为达]?$", close)
            and len(close) < 18
        ):
            # 总量 … 其中甲 …，占 p%: the second level is the part of the first.
            if whole.base < part.base and "其中" in gap:
                yield Relation("share", share, (whole, part), "a/b", 0.6)
        elif re.search(r"率[为达]?$", close) and len(close) < 12 and len(gap) < 16 and whole.base <= part.base:
            yield Relation("share", share, (whole, part), "a/b", 0.6)


def _fractions(sentences: Sentences, group: Sequence[Quantity]) -> Iterator[Relation]:
    """A fraction with its level in brackets behind it: 3.01万亿美元，其中三分之一（1.04万亿美元）."""
    for whole, share, part in zip(group, group[1:], group[2:], strict=False):
        bracket = re.fullmatch(r"\s*[（(][约近]?", sentences.between(share, part))
        levels = whole.dimension == part.dimension and _level(whole) and _level(part)
        if share.kind == "fraction" and bracket and levels and re.search("其中|占", sentences.between(whole, share)):
            yield Relation("share", share, (part, whole), "a/b", 0.75)


def _changes(sentences: Sentences, group: Sequence[Quantity]) -> Iterator[Relation]:
    for place in range(len(group) - 1):
        first, second = group[place], group[place + 1]
        if first.dimension != second.dimension or first.dimension == "rank" or first.kind == "rank":
            continue
        gap = sentences.between(first, second)
        if len(gap) > 40:
            continue
        third = group[place + 2] if place + 2 < len(group) else None
        lead = sentences.between(group[place - 1], first) if place else sentences.before(first, 30)
        from_to = re.search(r"(?:从|由)[^，。；]{0,26}$", lead)
        to = re.search(
            rf"(?:{_UP}|{_DOWN})[^，。；、\d]{{0,8}}(?:至|到|为|了)?[^，。；、]{{0,12}}$|(?:至|到)[^，。；、]{{0,12}}$", gap
        )
        compared = re.search(r"(?<![同环占])(?:比|较|相比)[^，。；]{0,26}$", gap)
        if from_to and to:
            new, old, word = second, first, _CHANGE.search(gap)
        elif compared:
            new, old = first, second
            word = (
                _CHANGE.search(sentences.after(second, 12))
                if third is None or third.start - sentences.ends[second.key] < 14
                else None
            )
        else:
            continue
        if word:
            yield Relation("direction", new, (new, old), "a-b", 0.85, "up" if word["up"] else "down")
        if third is not None and third.start - sentences.ends[second.key] < 18:
            yield from _rate(sentences, new, old, second, third)


def _rate(sentences: Sentences, new: Quantity, old: Quantity, last: Quantity, third: Quantity) -> Iterator[Relation]:
    word = _CHANGE.search(sentences.between(last, third))
    plain = re.fullmatch(
        r"[）)]?[，,、]?\s*(?:同比|环比|较上年|比上年|累计|年均|净)?[增长加提高升上涨幅下降减少低回落扩大缩压短]{1,4}(?:了|达|约|近|为)*\s*",
        sentences.between(last, third),
    )
    if word is None or plain is None or not third.exact:
        return
    if third.unit == "%" and new.dimension != "ratio":
        yield Relation("growth", third, (new, old), "a/b-1" if word["up"] else "1-a/b", 0.9, "up" if word["up"] else "down")
    elif new.unit == "%" and third.unit in ("%", "个百分点"):
        yield Relation("points", third, (new, old), "a-b" if word["up"] else "b-a", 0.85, third.unit)


def _wholes(sentences: Sentences, group: Sequence[Quantity]) -> Iterator[Relation]:
    for share in group:
        if share.unit == "%" and share.value > 100:
            words = sentences.before(share, 14)
            if re.search(r"占[^增]{0,12}$|(?:覆盖|普及|渗透|满意|合格|办结|通过|占有)率(?:达|为|超|约)?[^增]{0,3}$", words):
                yield Relation("above_whole", share, (share,), "a", 0.85)


def _hundreds(sentences: Sentences) -> Iterator[Relation]:
    shares = [q for group in sentences.groups for q in group if q.unit == "%" and 0 < q.value < 100 and q.kind != "table"]
    run: list[Quantity] = []
    for share in [*shares, None]:
        if share is not None and run and _in_one_breath(sentences, run[-1], share):
            run.append(share)
            continue
        if 3 <= len(run) <= 9 and all(q.exact for q in run):
            words = sentences.context.text[max(0, run[0].start - 60) : sentences.ends[run[-1].key]].rpartition("。")[2]
            if (
                re.search(r"占比|比重|份额|权重|分别占|占", words)
                and not re.search(f"{_UP}|{_DOWN}", words)
                and 94 <= sum(q.value for q in run) <= 112
            ):
                yield Relation("remainder", run[-1], tuple(run[:-1]), "100-sum", 0.55)
        run = [share] if share is not None else []


def _in_one_breath(sentences: Sentences, left: Quantity, right: Quantity) -> bool:
    gap = sentences.between(left, right)
    return left.exact and len(gap) < 46 and "。" not in gap


def _ranks(sentences: Sentences, group: Sequence[Quantity]) -> Iterator[Relation]:
    for place in range(len(group) - 1):
        first, second = group[place], group[place + 1]
        gap = sentences.between(first, second)
        if first.dimension == second.dimension == "rank" and first.kind == "rank":
            word = re.search(r"(?P<up>上升|升至|前进|跃升|提升|跃居)|(?P<down>下降|降至|退|下滑|跌)", gap)
            if second.kind == "rank" and word and re.search(r"(?:从|由)[^，。；]{0,26}$", sentences.before(first, 30)):
                yield Relation("rank", second, (first,), "a-b", 0.85, "up" if word["up"] else "down")


def table_relations(tables: Sequence[Table], found: Sequence[Quantity]) -> Iterator[Relation]:
    """Yield the totals of tables: a row or a column that is named as the sum of the others."""
    for table in tables:
        at = {(c.row, c.column): q for row in table.cells for c in row for q in found if c.start <= q.start < c.end}
        rows, columns = len(table.cells), max((len(r) for r in table.cells), default=0)
        names = [next((c.text for c in row if c.text), "") for row in table.cells]
        heads = [c.text for c in table.cells[0]]
        for row in (n for n, name in enumerate(names) if _SUM_ROW.match(name)):
            above = max((n for n in range(row) if _SUM_ROW.match(names[n]) and n > 0), default=-1)
            body = range(above + 1, row) if row > 1 else range(row + 1, rows)
            for column in range(columns):
                total = at.get((row, column))
                parts = [at[r, column] for r in body if (r, column) in at]
                if total and len(parts) > 1 and len(parts) >= len(body) - 1 and not _average(heads, column):
                    yield _sum(total, parts, 0.9, exact=True)
        for column in (n for n, head in enumerate(heads) if _SUM_ROW.match(head)):
            for row in range(1, rows):
                total = at.get((row, column))
                parts = [q for c in range(columns) if c != column and (q := at.get((row, c))) and total and q.unit == total.unit]
                if total and len(parts) > 1:
                    yield _sum(total, parts, 0.75, exact=True)
        yield from _ranked(table, at, heads)


def _average(heads: Sequence[str], column: int) -> bool:
    return column < len(heads) and bool(re.search(r"均|率|排名|位次|名次|序号|增|单价|同比", heads[column]))


def _ranked(table: Table, at: dict[tuple[int, int], Quantity], heads: Sequence[str]) -> Iterator[Relation]:
    """A column of ranks against the column of values before it: neither must run against the other."""
    for column in (n for n, head in enumerate(heads) if re.search(r"排名|位次|名次", head)):
        values = next((c for c in range(column - 1, -1, -1) if sum((r, c) in at for r in range(1, len(table.cells))) > 2), None)
        if values is None:
            continue
        pairs = sorted(
            (at[r, column].value, at[r, values]) for r in range(1, len(table.cells)) if (r, column) in at and (r, values) in at
        )
        falls = sum(a[1].base >= b[1].base for a, b in itertools.pairwise(pairs))
        down = falls * 2 >= len(pairs) - 1
        for (_, better), (_, worse) in itertools.pairwise(pairs):
            if (better.base < worse.base) == down and better.base != worse.base:
                yield Relation("table_rank", worse, (better,), "a-b", 0.7, "down" if down else "up")


def counted(text: str, numbers: Sequence[Number], by_start: dict[int, Quantity]) -> Iterator[tuple[Relation, int, int, int]]:
    """Yield counts that names stand beside (甲、乙、丙三个阶段; 六个方面:甲、乙…): the relation, the list's place, the names."""
    for listing, number in counted_listings(text, numbers):
        quantity = by_start.get(number.start)
        if quantity is not None and not listing.open and listing.items > 2 and number.value < 20:
            yield Relation("count", quantity, (), "n", 0.55), listing.start, listing.end, listing.items
    for number in numbers:
        quantity = by_start.get(number.start)
        if (
            quantity is None
            or number.qualifier != "exact"
            or number.kind != "number"
            or not 2 <= number.value < 13
            or quantity.dimension != "count"
        ):
            continue
        opening = re.match(r"[^，。：:;；、\n\d]{0,12}[：:。]\s*", text[number.end : number.end + 24])
        if opening is None:
            continue
        start = number.end + opening.end()
        last = _ordinals(text[start : start + 2500])
        if last > 1:
            yield Relation("count", quantity, (), "n", 0.6), start, start + 2, last
        elif "：" in opening[0] or ":" in opening[0]:
            named = re.match(r"[^。；;：:\n]{6,160}", text[start:])
            items = (
                1 + named[0].count("、") + bool(re.search(r"、[^、]*(?:和|及|与)[^、]+$", named[0]))
                if named and "、" in named[0]
                else 0
            )
            if named and items > 2 and not re.search(r"[，,]|等|\d", named[0]):
                yield Relation("count", quantity, (), "n", 0.55), start, start + len(named[0]), items


_ORDINALS = "一二三四五六七八九"


def _ordinals(text: str) -> int:
    """Return how far a list that begins at once counts: 一是…二是…三是 gives 3; 0 where none begins."""
    if not re.match(r"\s*一是", text):
        return 0
    place, count = 0, 0
    for character in _ORDINALS:
        found = text.find(f"{character}是", place)
        # A second 一是 begins another list.
        again = text.find("一是", place + 1) if count else -1
        if found < 0 or 0 <= again < found:
            break
        place, count = found + 1, count + 1
    return count


def group_relations(text: str, tables: Sequence[Table], found: Sequence[Quantity]) -> Iterator[Relation]:
    """Yield what the text says of a group of rows (merged cells of the first column) against the sum of its cells."""
    for table in tables:
        groups: dict[str, list[Quantity]] = {}
        name = ""
        for row in table.cells[1:]:
            name = row[0].text or name
            cells = [q for q in found for c in row[1:] if c.start <= q.start < c.end]
            if name and cells:
                groups.setdefault(name, []).append(cells[-1])
        for name, cells in groups.items():
            if len(cells) < 2 or len(groups) < 2 or len({c.unit for c in cells}) > 1:
                continue
            for quantity in found:
                if (
                    quantity.kind == "table"
                    or quantity.dimension != cells[0].dimension
                    or not 0 < table.start - quantity.start < 900
                ):
                    continue
                near = text[max(quantity.sentence, quantity.start - 34) : quantity.start]
                if name in near and max(near.rfind(n) for n in groups) == near.rfind(name):
                    yield _sum(quantity, cells, 0.55, exact=True)
                    break


def misplaced_points(sentences: Sentences) -> Iterator[Quantity]:
    """Yield percentage points that no change and no distance stands before: 占比为3.45个百分点."""
    for group in sentences.groups:
        for quantity in group:
            words = sentences.before(quantity, 26)
            if (
                quantity.unit == "个百分点"
                and not re.search(rf"{_UP}|{_DOWN}|高|低|差|快|慢|回|收窄|贡献|拉动|超|加快|放缓|压|扩", words)
                and re.search(r"占|率|比重|份额|为|达", words)
            ):
                yield quantity
