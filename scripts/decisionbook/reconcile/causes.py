"""What may have gone wrong in a contradicted print: mechanical candidates, how many were tried, what chance would hit."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..data.figures import Figure, Qualifier, last_significant_unit
from ..data.formulas import Formula, FormulaError
from .verdicts import Reconciled, answer_by_formula, verdict_of

KIND_WORDS = {
    "rounding": "舍入方式",
    "transposed digits": "两位数字互换",
    "one digit": "一位数字有误",
    "factor 10": "差十倍",
    "factor 10^4": "差一万倍",
    "factor 10^8": "差一亿倍",
    "base year": "基期有误",
    "scope": "范围有误",
}
_FACTORS = {"factor 10": (10.0, 0.1), "factor 10^4": (1e4, 1e-4), "factor 10^8": (1e8, 1e-8)}


# A slip in a number is judged by its digits, even where 约 stands before it: within a tolerance almost any slip would do.
_EXACT = Qualifier("exact", "half_unit", "half_unit", True, False, None)


@dataclass(frozen=True)
class Cause:
    """One kind of error: how many changes of the print were tried, which would close it, what chance would hit."""

    kind: str
    tried: int
    hits: tuple[str, ...]
    chance: float

    @property
    def words(self) -> str:
        """The cause in words for the page; `chance` as a share of equally likely true values."""
        hits = "、".join(self.hits[:3])
        return f"{KIND_WORDS[self.kind]}（试{self.tried}种，{hits}可闭合，偶然命中约{self.chance:.1%}）"


def search_causes(row: Reconciled, figures: Mapping[str, Figure], formulas: Iterable[Formula]) -> list[Cause]:
    """Return the kinds of error that would close a contradicted print, the least likely by chance first.

    Each kind changes the print (or an input, for base year and scope) in every way that the kind allows and asks for
    the verdict again. The chance is the share of true values, spread evenly over the decade of the print, that some
    change of that kind would have closed.
    """
    figure = replace(row.figure, qualifier=_EXACT)
    causes: list[Cause] = []
    for kind, prints in _changed_prints(figure).items():
        hits = tuple(f"{p.obs_value:g}" for p in prints if _closes(p, row))
        if hits:
            # A print of another power of ten lies in another decade, as wide beside it as this one in its own.
            chance = _even_chance(figure, len(prints)) if kind in _FACTORS else _chance(figure, prints)
            causes.append(Cause(kind, len(prints), hits, chance))
    for kind, (count, inputs) in _changed_inputs(figure, figures, formulas).items():
        if inputs:
            causes.append(Cause(kind, count, tuple(inputs), _even_chance(figure, count)))
    return sorted(causes, key=lambda c: (c.chance, c.kind))


def _closes(figure: Figure, row: Reconciled) -> bool:
    return row.answer is not None and verdict_of(figure, row.answer) == "reproduced"


def _changed_prints(figure: Figure) -> dict[str, list[Figure]]:
    # A slip is in the digits; the sign, often a word such as 下降, stays.
    sign = math.copysign(1.0, figure.obs_value)
    kinds = {
        "transposed digits": [replace(figure, obs_value=sign * v) for v in transposed_digits(figure.published)],
        "one digit": [replace(figure, obs_value=sign * v) for v in one_digit_changed(figure.published)],
        "rounding": [replace(figure, obs_value=v) for v in _other_rounding(figure)],
    }
    for kind, factors in _FACTORS.items():
        kinds[kind] = [replace(figure, obs_value=figure.obs_value * f, precision=figure.precision * f) for f in factors]
    return kinds


def _number_text(published: str) -> str:
    match = re.search(r"\d+(?:\.\d+)?", published.replace(",", ""))
    return match[0] if match else ""


def transposed_digits(published: str) -> Iterator[float]:
    """Return every number that two digits in each other's place would print: 4394 gives 4934 and others."""
    digits = list(_number_text(published))
    seen = {"".join(digits)}
    for i, j in itertools.combinations([k for k, c in enumerate(digits) if c.isdigit()], 2):
        swapped = digits.copy()
        swapped[i], swapped[j] = swapped[j], swapped[i]
        text = "".join(swapped)
        if text not in seen:
            seen.add(text)
            yield float(text)


def one_digit_changed(published: str) -> Iterator[float]:
    """Return every number that differs from the print in one digit."""
    text = _number_text(published)
    for index, digit in enumerate(text):
        if digit.isdigit():
            for other in "0123456789":
                if other != digit:
                    yield float(text[:index] + other + text[index + 1 :])


def _other_rounding(figure: Figure) -> Iterator[float]:
    unit = figure.precision or last_significant_unit(figure.obs_value)
    yield from (figure.obs_value - unit, figure.obs_value + unit)


def _changed_inputs(
    figure: Figure, figures: Mapping[str, Figure], formulas: Iterable[Formula]
) -> dict[str, tuple[int, list[str]]]:
    """Try other periods (base year) and other areas (scope) of the same indicator in the place of each input."""
    found: dict[str, tuple[int, list[str]]] = {"base year": (0, []), "scope": (0, [])}
    for formula in (f for f in formulas if f.figure_id == figure.figure_id):
        for position, (name, input_id) in enumerate(formula.inputs):
            used = figures[input_id]
            for other in figures.values():
                if (
                    other.indicator != used.indicator
                    or other.figure_id in (input_id, figure.figure_id)
                    or math.isnan(other.obs_value)
                ):
                    continue
                kind = "base year" if other.ref_area == used.ref_area else "scope"
                if kind == "base year" and other.time_period == used.time_period:
                    continue
                inputs = (*formula.inputs[:position], (name, other.figure_id), *formula.inputs[position + 1 :])
                count, hits = found[kind]
                try:
                    answer = answer_by_formula(figure, replace(formula, inputs=inputs), figures)
                except FormulaError:
                    continue
                if verdict_of(figure, answer) == "reproduced" and other.figure_id not in hits:
                    hits.append(other.figure_id)
                found[kind] = (count + 1, hits)
    return found


def _decade(figure: Figure) -> tuple[float, float]:
    power = 10.0 ** math.floor(math.log10(abs(figure.obs_value))) if figure.obs_value else 1.0
    return power, 9 * power


def _width(figure: Figure) -> float:
    return max(figure.precision, last_significant_unit(figure.obs_value) if not figure.precision else figure.precision, 1e-12)


def _even_chance(figure: Figure, count: int) -> float:
    """Return the share of a decade that `count` numbers of the print's width cover, none of them over another."""
    return min(1.0, count * _width(figure) / _decade(figure)[1])


def _chance(figure: Figure, prints: Iterable[Figure]) -> float:
    """Return the share of the print's decade that lies within half a unit of some changed print."""
    low, length = _decade(figure)
    spans = []
    for changed in prints:
        interval, half = changed.interval, _width(changed) / 2
        left, right = (
            (interval.low, interval.high) if not interval.is_point else (changed.obs_value - half, changed.obs_value + half)
        )
        left, right = sorted((abs(left), abs(right)))
        left, right = max(left, low), min(right, low + length)
        if left < right:
            spans.append((left, right))
    total, reach = 0.0, -math.inf
    for left, right in sorted(spans):
        total += max(0.0, right - max(left, reach))
        reach = max(reach, right)
    return min(1.0, total / length)
