"""Remarks on a draft: each relation that does not hold, each quantity printed twice with two values, each slip of unit."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

from ..data.figures import Figure
from ..data.package import Package
from .candidates import Quantity, agrees
from .context import Context
from .draft import Draft
from .known import official_values, reprinted
from .relations import Relation, Sentences, counted, find_relations, group_relations, misplaced_points, table_relations
from .remarks import Checker, Proof, Remark, number_text, slip


def check_draft(package: Package, draft: Draft, earlier: Sequence[Figure] = (), *, official: bool = True) -> Proof:
    """Return the remarks on a draft, the surest first, with every number at most once for each kind."""
    checker = Checker(package, draft)
    sentences = Sentences(draft.quantities, draft.context, checker.ends)
    relations = [
        *find_relations(sentences),
        *table_relations(draft.tables, draft.quantities),
        *group_relations(checker.text, draft.tables, draft.quantities),
    ]
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
    reprinted(checker, earlier)
    if official:
        official_values(checker, earlier)
    best: dict[tuple[str, int], Remark] = {}
    for remark in sorted(checker.proof.remarks, key=lambda r: (-r.sure, r.start)):
        best.setdefault((remark.kind, remark.start), remark)
    checker.proof.remarks = sorted(best.values(), key=lambda r: (r.start, r.kind))
    return checker.proof


def _judge(checker: Checker, relation: Relation) -> bool:
    """Return whether a relation holds; say so where it does not."""
    target, inputs = relation.target, relation.inputs
    judge = {"sum": _judge_sum, "remainder": _judge_remainder, "direction": _judge_direction, "rank": _judge_rank,
             "points": _judge_points, "above_whole": _judge_whole,
             "table_rank": _judge_table_rank}.get(relation.kind)  # fmt: skip
    if judge is not None:
        return judge(checker, relation)
    new, old = inputs
    ratio = new.base / old.base
    value = {"a/b": ratio, "a/b-1": ratio - 1, "1-a/b": 1 - ratio}[relation.expression]
    low, high = _ends(relation.expression, new, old)
    if target.kind == "fraction":
        low, high = low * 0.88, high * 1.12
    if (
        agrees(target, value)
        or any(target.interval.low <= v <= target.interval.high for v in (low, high))
        or low <= target.base <= high
    ):
        return True
    expected = f"{number_text(round(value * 100, max(0, _decimals(target)) + 1))}%"
    share = relation.kind == "share"
    formula = f"{checker.printed(new)}÷{checker.printed(old)}" if share else f"{checker.printed(old)}到{checker.printed(new)}"
    words = (
        f"{'占' if share else '增' if relation.words == 'up' else '降'}{expected}（{formula}），这里写{checker.printed(target)}"
    )
    checker.say(
        relation.kind,
        target,
        expected,
        f"{target.value - value * 100:+.2g}个百分点",
        words,
        relation.sure,
        checker.places(inputs),
    )
    return False


def _decimals(target: Quantity) -> int:
    return max(0, -math.floor(math.log10(target.precision) + 1e-9)) if 0 < target.precision < 1 else 0


def _ends(expression: str, new: Quantity, old: Quantity) -> tuple[float, float]:
    """Return the bounds of a ratio or growth when each end is rounded as printed."""
    half = [0.5 * q.precision * q.factor if q.exact else 0.06 * q.base for q in (new, old)]
    low, high = (new.base - half[0]) / (old.base + half[1]), (new.base + half[0]) / max(old.base - half[1], 1e-12)
    return {"a/b": (low, high), "a/b-1": (low - 1, high - 1), "1-a/b": (1 - high, 1 - low)}[expression]


def _judge_sum(checker: Checker, relation: Relation) -> bool:
    target, every = relation.target, relation.inputs
    # Two splits of one total may follow each other (by sex, by place): the first that closes is the one.
    runs = [every[:size] for size in range(2, len(every) + 1)] if target.kind != "table" else [every]
    if any(abs(target.base - sum(p.base for p in run)) <= _slack(target, run) for run in runs):
        return True
    slips = [run for run in runs if _near(target, run)]
    parts = slips[0] if slips else every
    total = sum(p.base for p in parts)
    off = target.base - total
    if not slips and ((off > 0 and not relation.exact) or (target.kind != "table" and max(p.base for p in parts) > target.base)):
        return True
    sure = relation.sure if relation.exact or off < 0 else 0.55
    if not slips and target.kind != "table" and not relation.exact:
        sure = min(sure, 0.5)
    if not all(q.exact for q in (target, *parts)):
        sure = min(sure, 0.5) if total < target.interval.low or total > target.interval.high else 0.0
    sums = "＋".join(checker.printed(p) for p in parts)
    expected = f"{number_text(total / target.factor)}{target.unit if target.unit != '1' else ''}"
    words = f"分项之和为{expected}（{sums}），这里写{checker.printed(target)}"
    checker.say("sum", target, expected, f"{number_text(off / target.factor)}{target.unit}", words, sure, checker.places(parts))
    return False


def _slack(target: Quantity, parts: Sequence[Quantity]) -> float:
    """Return how far a sum may be off: whole numbers add up exactly, rounded ones within half a unit each."""
    rounded = [p for p in (*parts, target) if p.precision < 1 or (p.factor > 1 and p.dimension != "count")]
    return max(sum(0.5 * p.precision * p.factor for p in rounded), 1e-9 * abs(target.base))


def _near(target: Quantity, parts: Sequence[Quantity]) -> bool:
    """Return whether one slip in the total or in one of the parts would close the sum."""
    total = sum(p.base for p in parts)
    if slip(target.base, total, target.factor):
        return True
    return any((rest := target.base - (total - p.base)) > 0 and slip(p.base, rest, p.factor) for p in parts)


def _judge_remainder(checker: Checker, relation: Relation) -> bool:
    run = (*relation.inputs, relation.target)
    total = sum(q.value for q in run)
    if abs(total - 100) <= sum(q.precision for q in run) / 2 + 1e-9:
        return True
    near = abs(total - 100) < 0.6 or len(run) > 3 or total > 100
    words = f"各项占比合计{number_text(total)}%，不等于100%（{'＋'.join(checker.printed(q) for q in run)}）"
    checker.say("remainder", relation.target, "100%", f"{total - 100:+.4g}个百分点", words, relation.sure if near else 0.45,
                checker.places(relation.inputs))  # fmt: skip
    return False


def _judge_direction(checker: Checker, relation: Relation) -> bool:
    new, old = relation.inputs
    if (new.base > old.base) == (relation.words == "up") or math.isclose(new.base, old.base):
        return not math.isclose(new.base, old.base) or True
    said, found = ("上升", "下降") if relation.words == "up" else ("下降", "上升")
    words = f"写的是{said}，但{checker.printed(old)}到{checker.printed(new)}是{found}"
    checker.say("direction", new, f"{'大于' if relation.words == 'up' else '小于'}{checker.printed(old)}",
                f"{number_text((new.base - old.base) / new.factor)}{new.unit}", words, relation.sure,
                checker.places([old]))  # fmt: skip
    return False


def _judge_rank(checker: Checker, relation: Relation) -> bool:
    second, (first,) = relation.target, relation.inputs
    if (second.value < first.value) == (relation.words == "up"):
        return True
    words = (
        f"写的是名次{'上升' if relation.words == 'up' else '下降'}，但由{checker.printed(first)}到{checker.printed(second)}正相反"
    )
    checker.say("rank", second, "相反方向", f"{second.value - first.value:+g}位", words, relation.sure, checker.places([first]))
    return False


def _judge_table_rank(checker: Checker, relation: Relation) -> bool:
    worse, (better,) = relation.target, relation.inputs
    than = "大于" if relation.words == "down" else "小于"
    words = f"名次在后，数值{checker.printed(worse)}却{than}名次在前的{checker.printed(better)}"
    checker.say("table_rank", worse, f"不{than}{checker.printed(better)}",
                number_text((worse.base - better.base) / worse.factor), words, relation.sure,
                checker.places([better]))  # fmt: skip
    return False


def _judge_points(checker: Checker, relation: Relation) -> bool:
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


def _judge_whole(checker: Checker, relation: Relation) -> bool:
    words = f"占比或率不会超过100%，这里写{checker.printed(relation.target)}"
    checker.say("above_whole", relation.target, "不超过100%", f"{relation.target.value - 100:+g}个百分点", words, relation.sure)
    return False


# ---- The same quantity twice -------------------------------------------------------------------


def _twice(checker: Checker) -> None:
    """Two prints with the same words before and behind them, of the same area and period, but with two values."""
    context = checker.draft.context
    seen: dict[tuple[str, str], list[tuple[Quantity, str, str]]] = defaultdict(list)
    for quantity in checker.draft.quantities:
        if quantity.kind in ("table", "enumeration", "rank") or quantity.unit == "年" or _FUTURE.search(quantity.words):
            continue
        before = _words(_clause(checker.text[max(quantity.sentence, quantity.start - 30) : quantity.start]))
        if (
            quantity.unit in ("%", "个百分点", "‰")
            or "其中" in checker.text[max(quantity.sentence - 60, 0) : quantity.start]
            or len(before) < 3
        ):
            continue  # rates and parts say the same of different things
        behind = _words(checker.text[checker.ends[quantity.key] : checker.ends[quantity.key] + 12])
        for other, their_before, their_behind in seen[quantity.dimension, quantity.unit.lstrip("万亿")]:
            if other.sentence == quantity.sentence:
                continue
            alike = _common(before, their_before, tail=True) + _common(behind, their_behind, tail=False)
            near = slip(quantity.base, other.base, quantity.factor)
            same = before == their_before
            enough = (same and (len(before) >= 8 or alike >= 10)) or (near and ((same and len(before) >= 4) or alike >= 7))
            if not enough or _same_period(context, quantity, other) is False or _spans(quantity) != _spans(other):
                continue
            checker.proof.compared += 1
            if quantity.interval.meets(other.interval) or quantity.base == other.base:
                checker.proof.held += 1
                continue
            if context.area(quantity.start)[0] != context.area(other.start)[0]:
                continue
            scale = any(math.isclose(quantity.base * f, other.base, rel_tol=1e-9) for f in (10, 0.1, 1e4, 1e-4, 1e8, 1e-8))
            sure = min(0.9, 0.3 + 0.03 * alike + 0.2 * near)
            words = f"同一说法在另一处写{checker.printed(other)}，这里写{checker.printed(quantity)}"
            checker.say("unit" if scale else "twice", quantity, checker.printed(other),
                        f"{number_text((quantity.base - other.base) / quantity.factor)}{quantity.unit}", words, sure,
                        checker.places([other]))  # fmt: skip
        seen[quantity.dimension, quantity.unit.lstrip("万亿")].append((quantity, before, behind))


_FUTURE = re.compile(r"力争|目标|预计|规划|到20[2-9]\d年")


def _words(text: str) -> str:
    text = re.sub(r"(?:同比|环比|较上年|比上年)?(?:增长|下降|提高|增加|减少)了?", "|", text)
    return re.sub(r"[\s“”‘’（）()]|约|近|超过?|突破|达到?|为|共|有|已|均", "", text)


def _spans(quantity: Quantity) -> list[str]:
    """Return the parts of a year that a sentence speaks of: what was sold by October is not what was sold in the year."""
    return re.findall(r"\d{1,2}\s*[-—–~至]\s*\d{1,2}\s*月|前[一二三四两]个?季度|[一二三四]季度|[上下]半年|全年", quantity.words)


def _clause(text: str) -> str:
    return re.split(r"[，。；：,;:、\n（(]", text)[-1]


def _common(left: str, right: str, *, tail: bool) -> int:
    """Return how many characters two texts share at the end (or the beginning)."""
    pairs = zip(reversed(left), reversed(right), strict=False) if tail else zip(left, right, strict=False)
    shared = 0
    for a, b in pairs:
        if a != b or a == "|":
            break
        shared += 1
    return shared


def _same_period(context: Context, one: Quantity, other: Quantity) -> bool | None:
    periods = [context.period(q.start, stock=True) for q in (one, other)]
    if all(sure >= 0.8 for _, sure in periods):
        return bool(periods[0][0] == periods[1][0])
    return None
