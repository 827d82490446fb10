"""What may follow from what: sums, shares, growth, remainders, and the same quantity printed again."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..data.figures import Figure, Qualifier, printed_interval
from ..data.formulas import evaluate, parse
from ..data.intervals import Interval, round_half_up
from .context import Context
from .grammar import UNIT
from .printed import Number

# The kinds, and what the sheet calls them.
READINGS = {
    "sum": "分项求和",
    "share": "两数之比",
    "growth": "期末比基期",
    "remainder": "占比余额",
    "again": "一量两处",
    "earlier": "同早前来源核对",
    "listing": "列举计数核对",
}
_SHARE = re.compile(r"占|比重|比例|份额|率|达到?|之比|为|其中|来自")
_GROWTH = re.compile(r"增长|增速|增幅|提高|提升|上升|上涨|下降|减少|降低|下滑|增加|同比|环比|翻")
_SUM = re.compile(r"其中|包括|分别|共|合计|总计|累计|总|由|含")
# How far in characters the parts, levels and tables of a number may stand from it.
_REACH, _TABLE_REACH = 240, 1600
_MOST_PARTS, _MOST_READINGS = 12, 2


@dataclass(frozen=True)
class Quantity:
    """A number with what is needed to calculate with it, in the base unit of its dimension."""

    key: str
    start: int
    value: float
    interval: Interval
    factor: float
    dimension: str
    unit: str
    precision: float
    exact: bool
    sentence: int
    paragraph: int
    words: str
    kind: str

    @property
    def base(self) -> float:
        return self.value * self.factor


@dataclass(frozen=True)
class Candidate:
    """A formula that may answer for a number: its kind, the expression, its inputs by key, and how sure that is."""

    key: str
    kind: str
    expression: str
    inputs: tuple[tuple[str, str], ...]
    confidence: float

    @property
    def reading(self) -> str:
        return READINGS[self.kind]

    @property
    def inputs_text(self) -> str:
        return ";".join(f"{name}={key}" for name, key in self.inputs)


def quantities(
    numbers: Sequence[Number], keys: Sequence[str], context: Context, units: Mapping[str, Mapping[str, object]],
    qualifiers: Mapping[str, Qualifier],
) -> list[Quantity]:  # fmt: skip
    """Return the numbers that hold a value as quantities, in the order of the text."""
    made = []
    for key, number in zip(keys, numbers, strict=True):
        if math.isnan(number.value):
            continue
        row = units.get(number.unit)
        factor, dimension = (float(str(row["factor"])), str(row["dimension"])) if row else (1.0, f"?{number.unit}")
        interval = printed_interval(number.value, number.high, number.precision, qualifiers[number.qualifier])
        start, end = context.sentence(number.start)
        text = context.text[start:end]
        made.append(
            Quantity(key, number.start, number.value, interval.scaled(factor), factor, dimension, number.unit, number.precision,
                     number.qualifier == "exact" and number.high is None, start, context.paragraph(number.start)[0], text,
                     number.kind)
        )  # fmt: skip
    return made


def candidates(
    found: Sequence[Quantity],
    context: Context,
    earlier: Iterable[Figure] = (),
    meant: Mapping[str, frozenset[str]] | None = None,
) -> list[Candidate]:
    """Return the formulas that may hold among the quantities of one text, and with figures of earlier sources.

    `meant` names for a quantity the indicators that its words speak of, where a dictionary is at hand.
    """
    made: list[Candidate] = []
    for target in found:
        near = [q for q in found if abs(q.start - target.start) < _REACH and q.key != target.key]
        made += _sums(target, near)
        made += _ratios(target, near)
    made += _table_sums(found)
    made += _remainders(found)
    made += _again(found, context)
    made += _listings(found)
    made += _with_earlier(found, list(earlier), meant or {})
    best: dict[tuple[str, str, frozenset[str]], Candidate] = {}
    for candidate in sorted(made, key=lambda c: (-c.confidence, c.expression, c.inputs)):
        best.setdefault((candidate.key, candidate.kind, frozenset(k for _, k in candidate.inputs)), candidate)
    kept: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in best.values():
        if len(kept[candidate.key, candidate.kind]) < _MOST_READINGS:
            kept[candidate.key, candidate.kind].append(candidate)
    return sorted((c for some in kept.values() for c in some), key=lambda c: (c.key, -c.confidence, c.expression, c.inputs))


def agrees(target: Quantity, value: float, bounds: Interval | None = None) -> bool:
    """Return whether a value in the base unit is what the target prints, at its printed precision."""
    printed = value / target.factor
    if target.exact and math.isclose(round_half_up(printed, target.precision or 1.0), target.value, rel_tol=1e-9, abs_tol=1e-12):
        return True
    return value in target.interval if bounds is None else target.interval.meets(bounds)


def _sums(target: Quantity, near: Sequence[Quantity]) -> Iterable[Candidate]:
    """Parts on end that add up to a number of the same unit just before or just behind them."""
    if target.dimension in ("rank", "ratio") or target.value <= 0 or target.kind == "enumeration":
        return
    same = [q for q in near if q.unit == target.unit and q.value > 0 and q.kind == target.kind]
    after = [q for q in same if q.start > target.start][:_MOST_PARTS]
    before = [q for q in same if q.start < target.start][-_MOST_PARTS:]
    for parts in _runs(after) + _runs(before[::-1]):
        if not _adds_up(target, parts):
            continue
        named = bool(_SUM.search(target.words))
        same_sentence = all(p.sentence == target.sentence for p in parts)
        if _rarity(target) == 0 and not (named and same_sentence and max(p.value for p in parts) > 1):
            continue
        yield _sum_of(
            target, parts, min(0.95, 0.35 + 0.1 * len(parts) + 0.15 * named + 0.15 * same_sentence + _rarity(target) / 2)
        )


def _adds_up(target: Quantity, parts: Sequence[Quantity]) -> bool:
    return abs(sum(p.base for p in parts) - target.base) <= max(target.precision * 0.51, 1e-9 * target.value) * target.factor


def _sum_of(target: Quantity, parts: Sequence[Quantity], confidence: float) -> Candidate:
    names = "abcdefghijklmnop"[: len(parts)]
    return Candidate(target.key, "sum", "+".join(names), tuple((n, p.key) for n, p in zip(names, parts, strict=True)), confidence)


def _runs(ordered: list[Quantity]) -> list[list[Quantity]]:
    """Return the runs of two and more that begin with the nearest or the next to nearest."""
    runs = (ordered[skip : skip + size] for skip in range(2) for size in range(2, len(ordered) + 1 - skip))
    return [sorted(r, key=lambda q: q.start) for r in runs if len(r) > 1]


def _table_sums(found: Sequence[Quantity]) -> Iterable[Candidate]:
    """Cells of a table that add up to a number of the text around it: on end, or any two where chance is out of question."""
    cells = [q for q in found if q.kind == "table" and q.dimension not in ("ratio", "rank")]
    if len(cells) < 3:
        return
    for target in found:
        if target.kind == "table" or target.dimension in ("ratio", "rank") or _rarity(target) < 0.1:
            continue
        same = [c for c in cells if c.dimension == target.dimension and abs(c.start - target.start) < _TABLE_REACH]
        for first in range(len(same)):
            for size in range(2, min(_MOST_PARTS, len(same) - first) + 1):
                if _adds_up(target, same[first : first + size]):
                    yield _sum_of(target, same[first : first + size], min(0.95, 0.5 + _rarity(target)))
        if _rarity(target) >= 0.4:
            yield from (_sum_of(target, pair, 0.6) for pair in itertools.combinations(same, 2) if _adds_up(target, pair))


def _ratios(target: Quantity, near: Sequence[Quantity]) -> Iterable[Candidate]:
    """A percentage or a fraction between two levels of one dimension, or of two shares; growth between two levels."""
    if target.dimension != "ratio" or target.unit not in ("%", "1"):
        return
    levels = [q for q in near if q.value > 0 and q.kind not in ("rank", "enumeration")]
    place = target.start - target.sentence
    clause = target.words[max(0, place - 30) : place + 14]
    bounded = math.isfinite(target.interval.low) and math.isfinite(target.interval.high)
    for first, second in itertools.permutations(levels, 2):
        shares = first.unit == second.unit == "%" and target.unit == "1"
        if first.dimension != second.dimension or (first.dimension == "ratio" and not shares) or first.dimension == "rank":
            continue
        together = first.sentence == second.sentence == target.sentence
        if not bounded and not (together and max(first.start, second.start) - target.start < 0):
            continue
        ratio = first.base / second.base
        far = (abs(first.start - target.start) + abs(second.start - target.start)) / 1200
        weight = 0.2 * (first.sentence == target.sentence) + 0.15 * (second.sentence == target.sentence) + _rarity(target) - far
        weak = min(_rarity(first), _rarity(second)) == 0 and _rarity(target) < 0.3 and not together
        inputs = (("a", first.key), ("b", second.key))
        spoken = (_SHARE.search(clause) or shares) and not weak and ratio <= 1 + 1e-9
        if spoken and agrees(target, ratio, None if target.exact else _bounds("a/b", first, second)):
            yield Candidate(target.key, "share", "a/b", inputs, min(0.95, 0.35 + weight))
        if _GROWTH.search(clause) and target.unit == "%" and not weak:
            for expression, value in (("a/b-1", ratio - 1), ("1-a/b", 1 - ratio)):
                if value > 0 and agrees(target, value):
                    yield Candidate(target.key, "growth", expression, inputs, min(0.95, 0.45 + weight))


def _rarity(target: Quantity) -> float:
    """Return more for a print that chance hits less often: 0.92 % says more than 50 %."""
    return (0.0, 0.0, 0.1, 0.3, 0.4)[min(_digits(target), 4)]


def _bounds(expression: str, first: Quantity, second: Quantity) -> Interval | None:
    from ..analysis.intervals import formula_bounds

    tree = parse(expression, ("a", "b"))
    values = {"a": first.base, "b": second.base}
    try:
        return formula_bounds(tree, {"a": first.interval, "b": second.interval}, evaluate(tree, values))
    except ValueError:
        return None


def _remainders(found: Sequence[Quantity]) -> Iterable[Candidate]:
    """Shares on end that make up one hundred per cent within their rounding: the last is what the others leave."""
    shares = [q for q in found if q.unit == "%" and q.exact and 0 < q.value < 100]
    for size in range(3, 9):
        for first in range(len(shares) - size + 1):
            run = shares[first : first + size]
            slack = sum(q.precision for q in run) / 2
            if run[-1].start - run[0].start < 120 * size and abs(sum(q.value for q in run) - 100) <= max(slack, 1e-9) * 0.75:
                names = "abcdefgh"[: size - 1]
                inputs = tuple((n, q.key) for n, q in zip(names, run, strict=False))
                yield Candidate(run[-1].key, "remainder", "-".join(["1", *names]), inputs, 0.85)


def _again(found: Sequence[Quantity], context: Context) -> Iterable[Candidate]:
    """The same value of the same kind and the same noun in another sentence: the first print answers for the later ones."""
    seen: dict[tuple[float, str], list[Quantity]] = defaultdict(list)
    for quantity in found:
        if quantity.kind == "enumeration":
            continue
        kind = (round(quantity.base, 9), quantity.dimension)
        for other in seen[kind]:
            if other.sentence == quantity.sentence or (quantity.value == 1 and _rarity(quantity) == 0):
                continue
            score = _same_noun(context, quantity, other) + 0.4 * _rare_value(quantity)
            if score >= 0.5:
                yield Candidate(quantity.key, "again", "a", (("a", other.key),), min(0.95, 0.3 + 0.5 * score))
                break
        seen[kind].append(quantity)


def _same_noun(context: Context, one: Quantity, other: Quantity) -> float:
    """Return how much of what is counted or measured two prints share: the noun behind them, or the words before."""
    behind = [_noun(context.text[q.start : q.start + 16]) for q in (one, other)]
    before = [_pairs(context.text[max(q.sentence, q.start - 14) : q.start]) for q in (one, other)]
    return max(0.7 * _alike(*behind) + 0.3 * _alike(*before), 0.8 * _alike(*before))


def _noun(text: str) -> frozenset[str]:
    bare = re.sub(
        rf"^\s*(?:第|前|约|近|超过?|突破)?\s*[\d.,零一二三四五六七八九十百千两]+\s*[余多]?[万亿]?\s*(?:{UNIT}|大)?[余多]?\s*",
        "",
        text,
    )
    return _pairs(re.split(r"[，。、；：:,;（）()\s]", bare)[0][:6])


def _listings(found: Sequence[Quantity]) -> Iterable[Candidate]:
    """A count printed after as many names were listed earlier in the text."""
    listed = [q for q in found if q.kind == "enumeration"]
    for target in found:
        before = [
            q for q in listed if q.start < target.start and q.value == target.value and target.start - q.start < _TABLE_REACH
        ]
        if before and target.dimension == "count" and target.kind == "number" and target.exact and target.value > 3:
            yield Candidate(target.key, "listing", "a", (("a", before[-1].key),), 0.55)


def _rare_value(quantity: Quantity) -> float:
    return (0.0, 0.0, 0.25, 0.7, 1.0)[min(_digits(quantity), 4)]


def _digits(quantity: Quantity) -> int:
    """Return how many significant digits are printed: 0.70 has two, 500 one."""
    whole = f"{quantity.value / quantity.precision:.0f}" if 0 < quantity.precision < 1 else f"{quantity.value:.0f}".rstrip("0")
    return len(whole)


def _pairs(text: str) -> frozenset[str]:
    return frozenset(run[i : i + 2] for run in re.split(r"[^\u4e00-\u9fffA-Za-z]+", text) for i in range(len(run) - 1))


def _alike(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / min(len(left), len(right)) if left and right else 0.0


def _with_earlier(
    found: Sequence[Quantity], earlier: Sequence[Figure], meant: Mapping[str, frozenset[str]]
) -> Iterable[Candidate]:
    """The same value and unit in an earlier source, whose indicator is spoken of here or whose neighbours match as well."""
    held: dict[tuple[float, str], list[tuple[int, Figure]]] = defaultdict(list)
    for index, figure in enumerate(earlier):
        held[figure.obs_value, figure.unit_measure].append((index, figure))
    hits = [(q, held.get((q.value, q.unit), [])) for q in found]
    for position, (quantity, figures) in enumerate(hits):
        best: tuple[float, Figure] | None = None
        for index, figure in figures:
            # A reprint carries its numbers in the same order: neighbours that match as well make chance unlikely.
            neighbours = sum(
                any(
                    0 < (other - index) * (near - position) <= 9 and f.source_id == figure.source_id for other, f in hits[near][1]
                )
                for near in range(max(0, position - 3), min(len(hits), position + 4))
                if near != position
            )
            spoken = figure.indicator in meant.get(quantity.key, frozenset())
            score = 0.12 * neighbours + 0.3 * _rare_value(quantity) + 0.25 * spoken
            if best is None or score > best[0]:
                best = (score, figure)
        if best and best[0] >= 0.45:
            yield Candidate(quantity.key, "earlier", "a", (("a", best[1].figure_id),), min(0.95, 0.25 + best[0]))
