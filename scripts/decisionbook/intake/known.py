"""A draft against what was printed before and what is officially known."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from ..data.figures import Figure
from ..data.package import Package, Row
from ..data.published import load_figures
from .candidates import Quantity
from .remarks import Checker, number_text, slip


def reprinted(checker: Checker, earlier: Sequence[Figure]) -> None:
    """Remark on passages that repeat an earlier source but for one number: what stands between two agreeing runs should agree."""
    by_source: dict[str, list[Figure]] = defaultdict(list)
    for figure in earlier:
        by_source[figure.source_id].append(figure)
    mine = [q for q in checker.draft.quantities if q.kind != "enumeration"]
    for figures in by_source.values():
        theirs = [f for f in figures if not re.search(r"[\u4e00-\u9fff]、", f.published)]
        blocks = SequenceMatcher(
            None, [(q.value, q.unit) for q in mine], [(f.obs_value, f.unit_measure) for f in theirs], autojunk=False
        ).get_matching_blocks()
        long = [b for b in blocks if b.size]
        for left, right in itertools.pairwise(long):
            gap = (right.a - left.a - left.size, right.b - left.b - left.size)
            if gap[0] != gap[1] or not 0 < gap[0] < 3 or left.size + right.size < 5 or min(left.size, right.size) < 1:
                continue
            for step in range(gap[0]):
                quantity, figure = mine[left.a + left.size + step], theirs[left.b + left.size + step]
                if _dimension(quantity.unit) != _dimension(figure.unit_measure):
                    continue
                theirs_printed = f"{re.sub(chr(10), '', figure.published)}（{figure.figure_id}）"
                words = f"来源{figure.source_id}同一段文字印作{theirs_printed}，这里写{checker.printed(quantity)}"
                sure = 0.85 if min(left.size, right.size) > 1 else 0.6
                checker.say("earlier", quantity, figure.published,
                            f"{number_text((quantity.base - figure.base_value) / quantity.factor)}{quantity.unit}", words,
                            sure)  # fmt: skip


def _dimension(unit: str) -> str:
    return unit.lstrip("万亿").replace("个百分点", "%") or "个"


def official_values(checker: Checker, earlier: Sequence[Figure]) -> None:
    """Figures of earlier sources and official observations of the same indicator, area and period."""
    package, draft = checker.package, checker.draft
    units = {r["unit_measure"]: r for r in package.rows("units")}
    known: dict[tuple[str, str, str], list[tuple[float, float, str, str, str]]] = defaultdict(list)
    for row in package.rows("observations"):
        if isinstance(row["obs_value"], float) and row["unit_measure"] in units:
            factor = units[row["unit_measure"]]["factor"]
            name = f"{row['publisher']}《{row['title']}》{row['observation_id']}"
            known[row["indicator"], row["ref_area"], row["time_period"]].append(
                (row["obs_value"] * factor, factor, row["unit_measure"], name, "official")
            )
    for figure in earlier:
        if figure.qualifier.qualifier == "exact" and figure.time_period and figure.obs_value_high is None:
            known[figure.indicator, figure.ref_area, figure.time_period].append(
                (
                    figure.base_value,
                    figure.factor,
                    figure.unit_measure,
                    f"来源{figure.source_id}（{figure.figure_id}）",
                    "earlier",
                )
            )
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
            sure = 0.65 if slip(quantity.base, base, quantity.factor) else 0.5
            checker.say(kind, quantity, f"{number_text(base / factor)}{unit}",
                        f"{number_text((quantity.base - base) / quantity.factor)}{quantity.unit}", words, sure)  # fmt: skip


def known_figures(package: Package, published_on: str, without: str) -> list[Figure]:
    """Return the figures of sources that were out by a date, in the order of their places."""
    dates = {r["source_id"]: r["published_on"] for r in package.rows("sources")}
    places: dict[str, Row] = {r["figure_id"]: r for r in package.rows("figures")}
    kept = [
        f
        for f in load_figures(package).values()
        if f.source_id != without and (not published_on or dates[f.source_id] <= published_on)
    ]
    return sorted(kept, key=lambda f: (f.source_id, places[f.figure_id]["char_start"]))


def _scale(
    checker: Checker, quantity: Quantity, indicator: str, area: str,
    known: Mapping[tuple[str, str, str], list[tuple[float, float, str, str, str]]],
) -> None:  # fmt: skip
    """A value a thousand times off everything on record for the same indicator and area has lost 万 or 亿."""
    held = [v for (i, a, _), values in known.items() if i == indicator and a == area for v in values]
    ratios = [
        abs(math.log10(quantity.base / v[0]))
        for v in held
        if v[0] > 0 and quantity.base > 0 and _dimension(v[2]) == _dimension(quantity.unit)
    ]
    if ratios and min(ratios) > 2.7:
        near = held[0]
        times = f"{10 ** round(min(ratios)):,}倍"
        on_record = f"同一指标在{near[3]}为{number_text(near[0] / near[1])}{near[2]}"
        words = f"{on_record}，这里写{checker.printed(quantity)}，相差约{times}"
        checker.say("unit", quantity, f"{number_text(near[0] / near[1])}{near[2]}上下", times, words, 0.65)
