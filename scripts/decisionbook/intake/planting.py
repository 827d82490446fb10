"""How well does the proof see errors? Plant them in the printed sources and count what is remarked that was not before."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.coverage import read_sources
from ..data.package import Package
from ..reconcile.causes import one_digit_changed, transposed_digits
from .checks import check_draft
from .dictionary import load_dictionary
from .documents import Document
from .draft import Draft, make_draft
from .known import known_figures
from .printed import Number
from .reader import project_rules
from .remarks import SHOWN, Proof

Edit = tuple[int, int, str]
Plant = Callable[[random.Random, str, Number, Sequence[Number]], "list[Edit]"]


@dataclass(frozen=True)
class Rate:
    """Errors of one kind: planted and found, in numbers that stand in a relation on record, and in any number."""

    kind: str
    planted: int
    linked: int
    linked_known: int
    any_planted: int
    any: int
    any_known: int


@dataclass(frozen=True)
class Alarm:
    """What the proof says of a source as it is printed."""

    source_id: str
    numbers: int
    compared: int
    alone: int
    known: int
    words: tuple[str, ...]


def _digits(text: str, number: Number) -> str:
    return text[number.core[0] : number.core[1]]


def _written(value: float, like: str) -> str:
    decimals = len(like.partition(".")[2])
    return f"{value:.{decimals}f}" if decimals else f"{value:.10g}"


def _swap(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    options = [_written(v, _digits(text, number)) for v in transposed_digits(_digits(text, number))]
    return [(*number.core, generator.choice(options))] if options else []


def _one(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    options = [_written(v, _digits(text, number)) for v in one_digit_changed(_digits(text, number)) if v > 0]
    return [(*number.core, generator.choice(options))] if options else []


def _ten(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    value = float(_digits(text, number).replace(",", "")) * generator.choice([10, 0.1])
    return [(*number.core, f"{value:.10g}")]


def _base(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    same = sorted({_digits(text, o) for o in others if o.unit == number.unit and o.value != number.value})
    return [(*number.core, generator.choice(same))] if same else []


_SIGNS = {
    "增长": "下降",
    "上升": "下降",
    "提高": "降低",
    "上涨": "下跌",
    "下降": "上升",
    "减少": "增加",
    "增加": "减少",
    "增至": "降至",
    "提升": "降低",
}


def _sign(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    before = text[max(0, number.start - 12) : number.start]
    found = [m for m in re.finditer("|".join(_SIGNS), before) if not re.search(r"[。；]", before[m.end() :])]
    if not found:
        return []
    start = number.start - len(before)
    return [(start + found[-1].start(), start + found[-1].end(), _SIGNS[found[-1][0]])]


def _rows(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    near = [o for o in others if o.unit == number.unit and o.value != number.value and abs(o.start - number.start) < 400]
    if not near:
        return []
    other = generator.choice(near)
    return [(*number.core, _digits(text, other)), (*other.core, _digits(text, number))]


def _unit(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    tail = text[number.core[1] : number.end]
    for old, new in (("个百分点", "%"), ("万", "亿"), ("亿", "万"), ("%", "个百分点")):
        if old in tail:
            place = number.core[1] + tail.index(old)
            return [(place, place + len(old), new)]
    return []


def _harmless(generator: random.Random, text: str, number: Number, others: Sequence[Number]) -> list[Edit]:
    """The same number written another way: full-width digits, a thousands separator, a blank before the unit."""
    digits = _digits(text, number)
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in digits)
    ways = [wide, f"{digits} "] + ([f"{int(digits):,}"] if digits.isdigit() and len(digits) > 3 else [])
    return [(*number.core, generator.choice(ways))]


PLANTS: dict[str, Plant] = {
    "digit swap": _swap,
    "one digit": _one,
    "factor of ten": _ten,
    "wrong base": _base,
    "wrong sign": _sign,
    "swapped rows": _rows,
    "unit slip": _unit,
    "harmless": _harmless,
}


class Printed:
    """One source as it is printed, with what the proof says of it before anything is planted."""

    def __init__(self, package: Package, source_id: str, published_on: str, text: str) -> None:
        self.package, self.source_id, self.published_on, self.text = package, source_id, published_on, text
        self.dictionary = load_dictionary(package, without=source_id)
        self.rules = project_rules(package)
        self.earlier = known_figures(package, published_on, source_id)
        draft = self.draft(text)
        self.numbers = [n for n in draft.numbers if re.fullmatch(r"\d[\d.]*", _digits(text, n)) and n.value > 0]
        linked = self._linked()
        self.linked = [n for n in self.numbers if any(n.start < e and n.end > s for s, e in linked)]
        # What is remarked as printed cannot be found a second time.
        marked = [(s, e) for r in self.proof(draft, True).remarks for s, e, _ in ((r.start, r.end, ""), *r.others)]
        self.linked, self.numbers = (
            [n for n in some if not any(n.start < e and n.end > s for s, e in marked)] for some in (self.linked, self.numbers)
        )
        self.before = {known: self._remarks(self.proof(draft, known)) for known in (False, True)}

    def _linked(self) -> list[tuple[int, int]]:
        from ..data.published import load_formulas

        named = {i for f in load_formulas(self.package) for i in (f.figure_id, *(k for _, k in f.inputs))}
        return [
            (r["char_start"], r["char_end"])
            for r in self.package.rows("figures")
            if r["figure_id"] in named and r["source_id"] == self.source_id
        ]

    def draft(self, text: str) -> Draft:
        """Return the numbers of a text read in the place of this source, without its own rows."""
        document = Document(Path(self.source_id), text, "txt")
        return make_draft(self.package, document, self.source_id, published_on=self.published_on, without=self.source_id,
                          rules=self.rules, dictionary=self.dictionary, formulas=False)  # fmt: skip

    def proof(self, draft: Draft, known: bool) -> Proof:
        """Return the proof of a text in the place of this source, with or without what was known before it."""
        return check_draft(self.package, draft, self.earlier if known else (), official=known)

    def _remarks(self, proof: Proof) -> set[tuple[str, int]]:
        return {(r.kind, r.start) for r in proof.remarks if r.sure >= SHOWN}

    def are_found(self, edits: Sequence[Edit]) -> tuple[bool, bool]:
        """Return whether the edits bring a remark, from the text alone and with what was known before."""
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]

        def before(place: int) -> int:
            shift = 0
            for start, end, new in sorted(edits):
                if place >= start + shift + len(new):
                    shift += len(new) - (end - start)
            return place - shift

        draft = self.draft(text)
        found = ({(kind, before(place)) for kind, place in self._remarks(self.proof(draft, known))} for known in (False, True))
        alone, known = (bool(now - self.before[k]) for k, now in zip((False, True), found, strict=True))
        return alone, known


def measure(package: Package, folder: Path, trials: int, seed: int) -> tuple[list[Rate], list[Alarm]]:
    """Return detection by kind of error and the alarms on the sources as printed; seeded.

    Each source is read without its own rows; `known` adds what was published before it. An error is found when a remark
    appears that the printed text does not get.
    """
    texts = read_sources(package, folder)
    sources = [Printed(package, r["source_id"], r["published_on"], texts[r["source_id"]]) for r in package.rows("sources")]
    generator = random.Random(seed)
    rates = []
    for kind, plant in PLANTS.items():
        counts = [
            _planted(generator, plant, [(s, n) for s in sources for n in getattr(s, pool)], trials)
            for pool in ("linked", "numbers")
        ]
        rates.append(Rate(kind, *counts[0], *counts[1]))
    alarms = []
    for source in sources:
        proof = source.proof(source.draft(source.text), True)
        remarks = tuple(f"{r.kind} {r.sure:.2f} {r.words}" for r in proof.remarks if r.sure >= SHOWN)
        alone, known = (len(source.before[k]) for k in (False, True))
        alarms.append(Alarm(source.source_id, proof.numbers, proof.compared, alone, known, remarks))
    return rates, alarms


def _planted(generator: random.Random, plant: Plant, pool: Sequence[tuple[Printed, Number]], trials: int) -> tuple[int, int, int]:
    planted = alone = known = attempts = 0
    while planted < trials and attempts < trials * 30 and pool:
        attempts += 1
        source, number = generator.choice(pool)
        edits = plant(generator, source.text, number, source.numbers)
        if not edits or all(source.text[s:e] == new for s, e, new in edits):
            continue
        planted += 1
        found = source.are_found(edits)
        alone, known = alone + found[0], known + found[1]
    return planted, alone, known


def print_rates(rates: Sequence[Rate], alarms: Sequence[Alarm], say: Callable[[str], None]) -> None:
    """Print what was planted and found, the alarms on the printed sources, and what cannot be seen."""
    say(
        "Found: a remark that the printed text does not get. "
        "Alone: from the text itself; known: with what was published before it."
    )
    say("                 numbers in a relation on record      any number with digits")
    say("error            planted    alone    known            planted    alone    known")
    for r in rates:
        cells = [f"{n / d:8.1%}" if d else "       –" for n, d in ((r.linked, r.planted), (r.linked_known, r.planted))]
        more = [f"{n / d:8.1%}" if d else "       –" for n, d in ((r.any, r.any_planted), (r.any_known, r.any_planted))]
        note = "  (false alarms)" if r.kind == "harmless" else ""
        say(f"{r.kind:16} {r.planted:7} {' '.join(cells)}            {r.any_planted:7} {' '.join(more)}{note}")
    say("\nThe sources as printed:")
    say("source numbers  compared  remarks alone  known   remarks per 100 numbers")
    for a in alarms:
        say(f"{a.source_id:6} {a.numbers:7} {a.compared:9} {a.alone:14} {a.known:6} {100 * a.known / max(1, a.numbers):12.1f}")
        for words in a.words:
            say(f"         {words}")
    total, remarks = sum(a.numbers for a in alarms), sum(a.known for a in alarms)
    say(
        f"all    {total:7} {sum(a.compared for a in alarms):9} {sum(a.alone for a in alarms):14} {remarks:6} "
        f"{100 * remarks / max(1, total):12.1f}"
    )
    say("Not to be seen: a wrong number that no other number of the text, the earlier sources or the observations depends on.")
