"""Remarks on a draft: each relation that does not hold, each quantity printed twice with two values, each slip of unit."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from ..data.figures import Figure
from ..data.package import Package, Row
from ..data.published import load_figures
from ..reconcile.causes import one_digit_changed, transposed_digits
from .candidates import Quantity, agrees
from .draft import Draft
from .relations import Relation, Sentences, counted, find_relations, group_relations, misplaced_points, table_relations

KINDS = {
    "sum": "合计与分项",
    "share": "比重与基数",
    "growth": "增幅与两端",
    "points": "百分点",
    "direction": "升降方向",
    "remainder": "占比合计",
    "above_whole": "超过百分之百",
    "rank": "名次升降",
    "table_rank": "名次与数值",
    "count": "条数与列举",
    "twice": "同一数量两处不一",
    "unit": "单位量级",
    "earlier": "与早前各期不一",
    "official": "与官方数据不一",
}
# Below this a remark costs more attention than it saves.
SHOWN = 0.5


@dataclass(frozen=True)
class Remark:
    """One remark: what was compared, both values, the difference, the place, and how sure it is."""

    kind: str
    start: int
    end: int
    printed: str
    expected: str
    difference: str
    words: str
    sure: float
    others: tuple[tuple[int, int, str], ...] = ()
    excerpt: str = ""


@dataclass
class Proof:
    """The remarks on a draft, and how much was compared."""

    numbers: int = 0
    compared: int = 0
    held: int = 0
    remarks: list[Remark] = field(default_factory=list)


class _Checker:
    def __init__(self, package: Package, draft: Draft) -> None:
        self.package, self.draft, self.text = package, draft, draft.document.text
        self.number = dict(zip(draft.keys, draft.numbers, strict=True))
        self.ends = {k: n.end for k, n in self.number.items()}
        self.proof = Proof(len(draft.numbers))
        self.by_key = {q.key: q for q in draft.quantities}

    def say(self, kind: str, target: Quantity, expected: str, difference: str, words: str, sure: float,
            others: Sequence[tuple[int, int, str]] = ()) -> None:  # fmt: skip
        number = self.number[target.key]
        self.proof.remarks.append(
            Remark(kind, number.start, number.end, number.published, expected, difference, words, round(sure, 2), tuple(others),
                   self.draft.context.excerpt(number.start, number.end))
        )  # fmt: skip

    def places(self, quantities: Sequence[Quantity]) -> list[tuple[int, int, str]]:
        return [(self.number[q.key].start, self.number[q.key].end, self.number[q.key].published) for q in quantities]

    def printed(self, quantity: Quantity) -> str:
        return re.sub(r"\s+", "", self.number[quantity.key].published)


def check_draft(package: Package, draft: Draft, earlier: Sequence[Figure] = (), *, official: bool = True) -> Proof:
    """Return the remarks on a draft, the surest first, with every number at most once for each kind."""
    checker = _Checker(package, draft)
    sentences = Sentences(draft.quantities, draft.context, checker.ends)
    relations = [*find_relations(sentences), *table_relations(draft.tables, draft.quantities),
                 *group_relations(checker.text, draft.tables, draft.quantities)]
    for relation in relations:
        checker.proof.compared += 1
        checker.proof.held += _judge(checker, relation)
    for quantity in misplaced_points(sentences):
        words = f"占比与率用%，个百分点只用于两个百分数之差；这里写{checker.printed(quantity)}"
        checker.say("unit", quantity, f"{number_text(quantity.value)}%", "单位", words, 0.7)
    by_start = {q.start: q for q in draft.quantities}
    for relation, start, end, items in counted(checker.text, draft.numbers, by_start):
        checker.proof.compared += 1
        if items == relation.target.value:
            checker.proof.held += 1
        else:
            said = f"{'后面' if start > relation.target.start else '前面'}列举{items}项，这里写{checker.printed(relation.target)}"
            checker.say("count", relation.target, str(items), f"{relation.target.value - items:+g}", said, relation.sure,
                        [(start, end, checker.text[start:end])])  # fmt: skip
    _twice(checker)
    _reprinted(checker, earlier)
    if official:
        _official(checker, earlier)
    best: dict[tuple[str, int], Remark] = {}
    for remark in sorted(checker.proof.remarks, key=lambda r: (-r.sure, r.start)):
        best.setdefault((remark.kind, remark.start), remark)
    checker.proof.remarks = sorted(best.values(), key=lambda r: (r.start, r.kind))
    return checker.proof


def number_text(value: float) -> str:
    """Return a value as a reader would print it, without binary noise."""
    return f"{float(f'{value:.10g}'):.10g}" if math.isfinite(value) else "–"


def _judge(checker: _Checker, relation: Relation) -> bool:
    """Return whether a relation holds; say so where it does not."""
    target, inputs = relation.target, relation.inputs
    judge = {"sum": _judge_sum, "remainder": _judge_remainder, "direction": _judge_direction, "rank": _judge_rank,
             "points": _judge_points, "above_whole": _judge_whole, "table_rank": _judge_table_rank}.get(relation.kind)  # fmt: skip
    if judge is not None:
        return judge(checker, relation)
    new, old = inputs
    ratio = new.base / old.base
    value = {"a/b": ratio, "a/b-1": ratio - 1, "1-a/b": 1 - ratio}[relation.expression]
    low, high = _ends(relation.expression, new, old)
    if agrees(target, value) or any(target.interval.low <= v <= target.interval.high for v in (low, high)) or low <= target.base <= high:
        return True
    expected = f"{number_text(round(value * 100, max(0, _decimals(target)) + 1))}%"
    share = relation.kind == "share"
    formula = f"{checker.printed(new)}÷{checker.printed(old)}" if share else f"{checker.printed(old)}到{checker.printed(new)}"
    words = f"{'占' if share else '增' if relation.words == 'up' else '降'}{expected}（{formula}），这里写{checker.printed(target)}"
    checker.say(relation.kind, target, expected, f"{target.value - value * 100:+.4g}个百分点", words, relation.sure, checker.places(inputs))
    return False


def _decimals(target: Quantity) -> int:
    return max(0, -math.floor(math.log10(target.precision) + 1e-9)) if 0 < target.precision < 1 else 0


def _ends(expression: str, new: Quantity, old: Quantity) -> tuple[float, float]:
    """Return the bounds of a ratio or growth when each end is rounded as printed."""
    half = [0.5 * q.precision * q.factor if q.exact else 0.06 * q.base for q in (new, old)]
    low, high = (new.base - half[0]) / (old.base + half[1]), (new.base + half[0]) / max(old.base - half[1], 1e-12)
    return {"a/b": (low, high), "a/b-1": (low - 1, high - 1), "1-a/b": (1 - high, 1 - low)}[expression]


def _judge_sum(checker: _Checker, relation: Relation) -> bool:
    target, parts = relation.target, relation.inputs
    total = sum(p.base for p in parts)
    # Whole numbers add up exactly; rounded ones within half a unit each.
    slack = sum(0.5 * p.precision * p.factor for p in (*parts, target) if p.precision < 1 or p.factor > 1 and p.dimension != "count")
    off = target.base - total
    if abs(off) <= max(slack, 1e-9 * abs(target.base)):
        return True
    if off > 0 and not relation.exact and not _slip(target.base, total, target.factor):
        return True
    sure = relation.sure if relation.exact or off < 0 else 0.55
    if not all(q.exact for q in (target, *parts)):
        sure = min(sure, 0.5) if total < target.interval.low or total > target.interval.high else 0.0
    sums = "＋".join(checker.printed(p) for p in parts)
    expected = f"{number_text(total / target.factor)}{target.unit if target.unit != '1' else ''}"
    words = f"分项之和为{expected}（{sums}），这里写{checker.printed(target)}"
    checker.say("sum", target, expected, f"{number_text(off / target.factor)}{target.unit}", words, sure, checker.places(parts))
    return False


def _slip(printed: float, other: float, factor: float) -> bool:
    """Return whether one slip of the hand turns one value into the other: a digit, two digits swapped, a shifted point."""
    left, right = number_text(printed / factor), number_text(other / factor)
    if len(left.replace(".", "")) < 3:
        return False
    if any(math.isclose(printed * f, other, rel_tol=1e-9) for f in (10, 0.1, 100, 0.01, 1e4, 1e-4, 1e8, 1e-8)):
        return True
    return any(math.isclose(v, float(right), rel_tol=1e-9) for v in (*transposed_digits(left), *one_digit_changed(left)))


def _judge_remainder(checker: _Checker, relation: Relation) -> bool:
    run = (*relation.inputs, relation.target)
    total = sum(q.value for q in run)
    if abs(total - 100) <= sum(q.precision for q in run) / 2 + 1e-9:
        return True
    near = abs(total - 100) < 0.6 or len(run) > 3
    words = f"各项占比合计{number_text(total)}%，不等于100%（{'＋'.join(checker.printed(q) for q in run)}）"
    checker.say("remainder", relation.target, "100%", f"{total - 100:+.4g}个百分点", words, relation.sure if near else 0.45,
                checker.places(relation.inputs))  # fmt: skip
    return False


def _judge_direction(checker: _Checker, relation: Relation) -> bool:
    new, old = relation.inputs
    if (new.base > old.base) == (relation.words == "up") or math.isclose(new.base, old.base):
        return not math.isclose(new.base, old.base) or True
    said, found = ("上升", "下降") if relation.words == "up" else ("下降", "上升")
    words = f"写的是{said}，但{checker.printed(old)}到{checker.printed(new)}是{found}"
    checker.say("direction", new, f"{'大于' if relation.words == 'up' else '小于'}{checker.printed(old)}",
                f"{number_text((new.base - old.base) / new.factor)}{new.unit}", words, relation.sure, checker.places([old]))  # fmt: skip
    return False


def _judge_rank(checker: _Checker, relation: Relation) -> bool:
    second, (first,) = relation.target, relation.inputs
    if (second.value < first.value) == (relation.words == "up"):
        return True
    words = f"写的是名次{'上升' if relation.words == 'up' else '下降'}，但由{checker.printed(first)}到{checker.printed(second)}正相反"
    checker.say("rank", second, "相反方向", f"{second.value - first.value:+g}位", words, relation.sure, checker.places([first]))
    return False


def _judge_table_rank(checker: _Checker, relation: Relation) -> bool:
    worse, (better,) = relation.target, relation.inputs
    words = f"名次在后，数值{checker.printed(worse)}却{'大' if relation.words == 'down' else '小'}于名次在前的{checker.printed(better)}"
    checker.say("table_rank", worse, f"不{'大' if relation.words == 'down' else '小'}于{checker.printed(better)}",
                number_text((worse.base - better.base) / worse.factor), words, relation.sure, checker.places([better]))  # fmt: skip
    return False


def _judge_points(checker: _Checker, relation: Relation) -> bool:
    third, (new, old) = relation.target, relation.inputs
    points = abs(new.value - old.value)
    rate = abs(new.value / old.value - 1) * 100
    slack = (new.precision + old.precision + third.precision) / 2
    is_points = abs(third.value - points) <= slack + 1e-9
    is_rate = abs(third.value - rate) <= third.precision + 100 * slack / old.value
    if (third.unit == "个百分点" and is_points) or (third.unit == "%" and is_rate and not is_points):
        return True
    expected = f"{number_text(round(points, 4))}个百分点"
    if third.unit == "%" and is_points:
        words = f"{checker.printed(old)}到{checker.printed(new)}相差{expected}，这里写成%"
        checker.say("points", third, expected, "单位", words, 0.85, checker.places([old, new]))
    elif third.unit == "个百分点" or not is_rate:
        words = f"{checker.printed(old)}到{checker.printed(new)}相差{expected}，这里写{checker.printed(third)}"
        checker.say("points", third, expected, f"{third.value - points:+.4g}", words, relation.sure, checker.places([old, new]))
    return False


def _judge_whole(checker: _Checker, relation: Relation) -> bool:
    words = f"占比或率不会超过100%，这里写{checker.printed(relation.target)}"
    checker.say("above_whole", relation.target, "不超过100%", f"{relation.target.value - 100:+g}个百分点", words, relation.sure)
    return False


# ---- The same quantity twice -------------------------------------------------------------------


def _twice(checker: _Checker) -> None:
    """Two prints with the same words before and behind them, of the same area and period, but with two values."""
    context = checker.draft.context
    seen: dict[tuple[str, str], list[tuple[Quantity, str, str]]] = defaultdict(list)
    for quantity in checker.draft.quantities:
        if quantity.kind in ("table", "enumeration", "rank") or quantity.unit == "年" or _FUTURE.search(quantity.words):
            continue
        before = _words(checker.text[max(quantity.sentence, quantity.start - 16) : quantity.start])
        behind = _words(checker.text[checker.ends[quantity.key] : checker.ends[quantity.key] + 12])
        for other, their_before, their_behind in seen[quantity.dimension, quantity.unit.lstrip("万亿")]:
            if other.sentence == quantity.sentence:
                continue
            alike = _common(before, their_before, tail=True) + _common(behind, their_behind, tail=False)
            enough = _common(before, their_before, tail=True) >= 4 and alike >= 7
            if not enough or _same_period(context, quantity, other) is False:
                continue
            checker.proof.compared += 1
            if quantity.interval.meets(other.interval) or quantity.base == other.base:
                checker.proof.held += 1
                continue
            if context.area(quantity.start)[0] != context.area(other.start)[0]:
                continue
            slip = _slip(quantity.base, other.base, quantity.factor)
            scale = any(math.isclose(quantity.base * f, other.base, rel_tol=1e-9) for f in (10, 0.1, 1e4, 1e-4, 1e8, 1e-8))
            sure = min(0.9, 0.3 + 0.03 * alike + 0.2 * slip)
            words = f"同一说法在另一处写{checker.printed(other)}，这里写{checker.printed(quantity)}"
            checker.say("unit" if scale else "twice", quantity, checker.printed(other),
                        f"{number_text((quantity.base - other.base) / quantity.factor)}{quantity.unit}", words, sure, checker.places([other]))  # fmt: skip
        seen[quantity.dimension, quantity.unit.lstrip("万亿")].append((quantity, before, behind))


_FUTURE = re.compile(r"力争|目标|预计|规划|到20[2-9]\d年")


def _words(text: str) -> str:
    text = re.sub(r"(?:同比|环比|较上年|比上年)?(?:增长|下降|提高|增加|减少)了?", "|", text)
    return re.sub(r"[\s“”‘’（）()]|约|近|超过?|突破|达到?|为|共|有|已|均", "", text)


def _common(left: str, right: str, *, tail: bool) -> int:
    """Return how many characters two texts share at the end (or the beginning)."""
    pairs = zip(reversed(left), reversed(right), strict=False) if tail else zip(left, right, strict=False)
    shared = 0
    for a, b in pairs:
        if a != b or a == "|":
            break
        shared += 1
    return shared


def _same_period(context: object, one: Quantity, other: Quantity) -> bool | None:
    periods = [context.period(q.start, stock=True) for q in (one, other)]  # type: ignore[attr-defined]
    if all(sure >= 0.8 for _, sure in periods):
        return bool(periods[0][0] == periods[1][0])
    return None


# ---- Against what was known before -------------------------------------------------------------


def _reprinted(checker: _Checker, earlier: Sequence[Figure]) -> None:
    """Passages that repeat an earlier source number by number, but for one: what stands between two agreeing runs should agree."""
    by_source: dict[str, list[Figure]] = defaultdict(list)
    for figure in earlier:
        by_source[figure.source_id].append(figure)
    mine = [q for q in checker.draft.quantities if q.kind != "enumeration"]
    for figures in by_source.values():
        theirs = [f for f in figures if not re.search(r"[\u4e00-\u9fff]、", f.published)]
        blocks = SequenceMatcher(None, [(q.value, q.unit) for q in mine], [(f.obs_value, f.unit_measure) for f in theirs], autojunk=False).get_matching_blocks()
        long = [b for b in blocks if b.size]
        for left, right in zip(long, long[1:], strict=False):
            gap = (right.a - left.a - left.size, right.b - left.b - left.size)
            if gap[0] != gap[1] or not 0 < gap[0] < 3 or left.size + right.size < 5 or min(left.size, right.size) < 1:
                continue
            for step in range(gap[0]):
                quantity, figure = mine[left.a + left.size + step], theirs[left.b + left.size + step]
                if _dimension(quantity.unit) != _dimension(figure.unit_measure):
                    continue
                words = f"来源{figure.source_id}同一段文字印作{re.sub(chr(10), '', figure.published)}（{figure.figure_id}），这里写{checker.printed(quantity)}"
                sure = 0.85 if min(left.size, right.size) > 1 else 0.6
                checker.say("earlier", quantity, figure.published,
                            f"{number_text((quantity.base - figure.base_value) / quantity.factor)}{quantity.unit}", words, sure)  # fmt: skip


def _dimension(unit: str) -> str:
    return unit.lstrip("万亿").replace("个百分点", "%") or "个"


def _official(checker: _Checker, earlier: Sequence[Figure]) -> None:
    """Figures of earlier sources and official observations of the same indicator, area and period."""
    package, draft = checker.package, checker.draft
    units = {r["unit_measure"]: r for r in package.rows("units")}
    known: dict[tuple[str, str, str], list[tuple[float, float, str, str, str]]] = defaultdict(list)
    for row in package.rows("observations"):
        if isinstance(row["obs_value"], float) and row["unit_measure"] in units:
            factor = units[row["unit_measure"]]["factor"]
            name = f"{row['publisher']}《{row['title']}》{row['observation_id']}"
            known[row["indicator"], row["ref_area"], row["time_period"]].append((row["obs_value"] * factor, factor, row["unit_measure"], name, "official"))
    for figure in earlier:
        if figure.qualifier.qualifier == "exact" and figure.time_period and figure.obs_value_high is None:
            key = (figure.indicator, figure.ref_area, figure.time_period)
            known[key].append((figure.base_value, figure.factor, figure.unit_measure, f"来源{figure.source_id}（{figure.figure_id}）", "earlier"))
    for key, number in checker.number.items():
        quantity, matches = checker.by_key.get(key), draft.matches.get(key, [])
        if quantity is None or not matches or matches[0].score < 0.75 or number.kind not in ("number", "table"):
            continue
        area, area_sure = draft.context.area(number.start)
        period, period_sure = draft.context.period(number.start, stock=False)
        if area_sure < 0.8 or period_sure < 0.8:
            continue
        _scale(checker, quantity, matches[0].indicator, area, known)
        for base, factor, unit, name, kind in known.get((matches[0].indicator, area, period), []):
            if _dimension(unit) != _dimension(quantity.unit) or (unit == "%") != (quantity.unit == "%"):
                continue
            checker.proof.compared += 1
            tolerance = max(quantity.precision * quantity.factor, 0.005 * abs(base)) * (1 if quantity.exact else 12)
            if abs(quantity.base - base) <= tolerance:
                checker.proof.held += 1
                continue
            words = f"{name}同一指标同一时期为{number_text(base / factor)}{unit}，这里写{checker.printed(quantity)}；口径或有不同"
            sure = 0.65 if _slip(quantity.base, base, quantity.factor) else 0.5
            checker.say(kind, quantity, f"{number_text(base / factor)}{unit}",
                        f"{number_text((quantity.base - base) / quantity.factor)}{quantity.unit}", words, sure)  # fmt: skip


def known_figures(package: Package, published_on: str, without: str) -> list[Figure]:
    """Return the figures of sources that were out by a date, in the order of their places."""
    dates = {r["source_id"]: r["published_on"] for r in package.rows("sources")}
    places: dict[str, Row] = {r["figure_id"]: r for r in package.rows("figures")}
    kept = [f for f in load_figures(package).values() if f.source_id != without and (not published_on or dates[f.source_id] <= published_on)]
    return sorted(kept, key=lambda f: (f.source_id, places[f.figure_id]["char_start"]))


def _scale(
    checker: _Checker, quantity: Quantity, indicator: str, area: str,
    known: Mapping[tuple[str, str, str], list[tuple[float, float, str, str, str]]],
) -> None:  # fmt: skip
    """A value a thousand times off everything on record for the same indicator and area has lost 万 or 亿."""
    held = [v for (i, a, _), values in known.items() if i == indicator and a == area for v in values]
    ratios = [abs(math.log10(quantity.base / v[0])) for v in held if v[0] > 0 and quantity.base > 0 and _dimension(v[2]) == _dimension(quantity.unit)]
    if ratios and min(ratios) > 2.7:
        near = held[0]
        words = f"同一指标在{near[3]}为{number_text(near[0] / near[1])}{near[2]}，这里写{checker.printed(quantity)}，相差约{10 ** round(min(ratios)):,}倍"
        checker.say("unit", quantity, f"{number_text(near[0] / near[1])}{near[2]}上下", f"{10 ** round(min(ratios)):,}倍", words, 0.65)


def by_kind(remarks: Sequence[Remark]) -> Mapping[str, int]:
    """Return how many remarks there are of each kind, in the order of KINDS."""
    return {kind: n for kind in KINDS if (n := sum(r.kind == kind for r in remarks))}


def shown(remarks: Sequence[Remark], sure: float) -> Iterator[Remark]:
    return (r for r in remarks if r.sure >= sure)
