"""How well does the check see errors? Plant thousands in copies of the data and count what is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..data.figures import Figure, last_significant_unit
from ..data.formulas import Formula
from .causes import one_digit_changed, transposed_digits
from .verdicts import reconcile

Plant = Callable[[random.Random, str, Mapping[str, Figure]], "dict[str, Figure] | None"]

KIND_WORDS = {
    "digit swap": "两位数字互换",
    "one digit": "一位数字改变",
    "factor of ten": "差十倍、万倍、亿倍",
    "wrong base": "取错同单位的另一个数",
    "wrong sign": "正负号相反",
    "swapped rows": "两行互换",
    "lone figure": "没有关联的数，一位数字改变",
    "harmless": "无害改动（末位以内）",
}


@dataclass(frozen=True)
class Rate:
    """One row of the self-test: errors of a kind planted, and found (a verdict turned to contradicted)."""

    kind: str
    planted: int
    found: int

    @property
    def rate(self) -> float:
        return self.found / self.planted if self.planted else 0.0


def self_test(figures: Mapping[str, Figure], formulas: Iterable[Formula], *, trials: int, seed: int) -> list[Rate]:
    """Return detection rates by kind of error, over `trials` planted errors of each kind, seeded.

    Errors are planted in figures that stand in a formula, as its result or an input; an error is found when a verdict
    becomes `contradicted` that was not. `harmless` moves a number within its last digit: what is found there is a false
    alarm. `lone figure` plants in figures without a partner, where nothing can be found.
    """
    known = [f for f in formulas if f.figure_id in figures and all(i in figures for _, i in f.inputs)]
    linked = sorted({f.figure_id for f in known} | {i for f in known for _, i in f.inputs})
    linked = [i for i in linked if i in figures and not _vague(figures[i])]
    lone = sorted(i for i in figures if i not in set(linked) and not _vague(figures[i]) and _has_digits(figures[i]))
    touching: dict[str, list[Formula]] = {}
    for formula in known:
        for figure_id in {formula.figure_id, *(i for _, i in formula.inputs)}:
            touching.setdefault(figure_id, []).append(formula)
    generator = random.Random(seed)
    undisturbed: dict[frozenset[str], set[str]] = {}
    rates = []
    for kind, plant in _PLANTS.items():
        pool = lone if kind == "lone figure" else linked
        planted = found = attempts = 0
        while planted < trials and attempts < trials * 20 and pool:
            attempts += 1
            target = generator.choice(pool)
            changed = plant(generator, target, figures)
            if changed is None:
                continue
            planted += 1
            found += _is_found(changed, figures, known, touching, undisturbed)
        rates.append(Rate(kind, planted, found))
    return rates


def _vague(figure: Figure) -> bool:
    return figure.obs_value != figure.obs_value or figure.qualifier.is_vague


def _has_digits(figure: Figure) -> bool:
    return any(c.isdigit() for c in figure.published)


def _is_found(
    changed: dict[str, Figure],
    figures: Mapping[str, Figure],
    formulas: list[Formula],
    touching: Mapping[str, list[Formula]],
    undisturbed: dict[frozenset[str], set[str]],
) -> bool:
    # Only the results of formulas that touch a changed figure can change their verdict; each is judged by all its readings.
    judged = frozenset(f.figure_id for figure_id in changed for f in touching.get(figure_id, ()))
    own = [f for f in formulas if f.figure_id in judged]
    needed = judged | {i for f in own for _, i in f.inputs}
    before = {i: replace(figures[i], finding="") for i in needed if i in figures}
    if judged not in undisturbed:
        undisturbed[judged] = _contradicted(before, own)
    after = {i: replace(changed[i], finding="") if i in changed else figure for i, figure in before.items()}
    return bool(_contradicted(after, own) - undisturbed[judged])


def _contradicted(figures: Mapping[str, Figure], formulas: list[Formula]) -> set[str]:
    return {r.figure.figure_id for r in reconcile(figures, formulas, {}, {}) if r.verdict == "contradicted"}


def _one(figure: Figure, value: float) -> dict[str, Figure] | None:
    return None if value == figure.obs_value else {figure.figure_id: replace(figure, obs_value=value)}


def _swap_digits(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    options = list(transposed_digits(figures[target].published))
    return _one(figures[target], generator.choice(options)) if options else None


def _change_digit(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    options = list(one_digit_changed(figures[target].published))
    return _one(figures[target], generator.choice(options)) if options else None


def _factor(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    return _one(figures[target], figures[target].obs_value * generator.choice([10, 0.1, 1e4, 1e-4, 1e8]))


def _wrong_base(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    unit = figures[target].unit_measure
    others = sorted(i for i, f in figures.items() if f.unit_measure == unit and i != target and f.obs_value == f.obs_value)
    return _one(figures[target], figures[generator.choice(others)].obs_value) if others else None


def _sign(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    return _one(figures[target], -figures[target].obs_value)


def _swap_rows(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    other = _wrong_base(generator, target, figures)
    if other is None:
        return None
    value = other[target].obs_value
    partner = next(i for i in sorted(figures) if figures[i].obs_value == value and i != target)
    return {**other, partner: replace(figures[partner], obs_value=figures[target].obs_value)}


def _harmless(generator: random.Random, target: str, figures: Mapping[str, Figure]) -> dict[str, Figure] | None:
    figure = figures[target]
    if figure.counted or not figure.precision:
        return None
    # A further digit that rounds to the same print, and is printed with that precision.
    finer = min(figure.precision, last_significant_unit(figure.obs_value)) / 10
    return {target: replace(figure, obs_value=figure.obs_value + generator.choice([-4, -3, 3, 4]) * finer * 0.1)}


_PLANTS: dict[str, Plant] = {
    "digit swap": _swap_digits,
    "one digit": _change_digit,
    "factor of ten": _factor,
    "wrong base": _wrong_base,
    "wrong sign": _sign,
    "swapped rows": _swap_rows,
    "lone figure": _change_digit,
    "harmless": _harmless,
}
