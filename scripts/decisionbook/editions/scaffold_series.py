"""The series of official statistics that a new chapter begins with: real values, chosen by rule or by the analyst."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.figures import decimals
from ..data.package import Package
from ..errors import InputError, Problem, did_you_mean, one_of

HOME = "广西"
_LEAST = 2


@dataclass(frozen=True)
class Series:
    """One indicator of one area in one vintage, and another area whose series covers the same ends."""

    indicator: str
    indicator_zh: str
    indicator_en: str
    vintage: str
    area: str
    unit: str
    unit_en: str
    digits: int
    start: str
    end: str
    other_area: str
    # The other indicators that the area has a series of.
    alternatives: tuple[str, ...] = ()

    @property
    def change_unit(self) -> tuple[str, str]:
        """The unit of a difference, in both languages: per cent differ by percentage points."""
        return ("百分点", "percentage points") if self.unit == "%" else (self.unit, self.unit_en)


def choose_series(package: Package, indicator: str | None, area: str | None) -> Series:
    """Return the series of `indicator` for `area` (Chinese name) that has most periods.

    Without an indicator, the one with most periods; of several with equally many, the first in indicators.csv.
    Raises InputError when nothing known by the package's date fits, naming what does.
    """
    areas = package.areas_by_name()
    names = {code: name for name, code in areas.items()}
    area = area or HOME
    if area not in areas:
        raise InputError(Problem("--area", repr(area), "the name of an area in areas.csv", did_you_mean(area, areas)))
    found: dict[tuple[str, str], dict[str, dict[str, tuple[float, str]]]] = {}
    for row in package.rows("observations"):
        by_area = found.setdefault((row["indicator"], row["vintage"] or ""), {})
        by_area.setdefault(row["ref_area"], {})[row["time_period"]] = (row["obs_value"], row["unit_measure"])
    known = {row["indicator"]: row for row in package.rows("indicators")}
    order = list(known)
    fitting = [
        key for key, by_area in found.items()
        if len(by_area.get(areas[area], {})) >= _LEAST and len({unit for _, unit in by_area[areas[area]].values()}) == 1
    ]  # fmt: skip
    usable = sorted({name for name, _ in fitting}, key=order.index)
    if not usable:
        remedy = "Choose another area with --area, or add rows to data/observations.csv."
        raise InputError(Problem("--area", f"{area}, for which no indicator has two periods", "an area with a series", remedy))
    if indicator is not None and indicator not in usable:
        expected = f"an indicator with two periods of {area} in data/observations.csv: {one_of(usable, 20)}"
        raise InputError(Problem("--indicator", repr(indicator), expected, did_you_mean(indicator, usable)))
    candidates = [key for key in fitting if indicator in (None, key[0])]
    best = min(candidates, key=lambda key: (-len(found[key][areas[area]]), order.index(key[0]), key[1]))
    own = found[best][areas[area]]
    start, end = min(own), max(own)
    unit = own[end][1]
    others = [
        names[code] for code, periods in found[best].items()
        if code != areas[area] and {start, end} <= periods.keys() and periods[end][0] != own[end][0]
    ]  # fmt: skip
    row = known[best[0]]
    unit_en = next(u["name_en"] for u in package.rows("units") if u["unit_measure"] == unit)
    return Series(
        indicator=best[0],
        indicator_zh=row["name_zh"],
        indicator_en=_inside_a_sentence(row["name_en"]),
        vintage=best[1],
        area=area,
        unit=unit,
        unit_en=unit_en or unit,
        digits=max(decimals(value) for value, _ in own.values()),
        start=start,
        end=end,
        # With no second area the same one is looked at over a shorter span.
        other_area=others[0] if others else "",
        alternatives=tuple(name for name in usable if name != best[0]),
    )


def middle_period(package: Package, series: Series) -> str:
    """Return a period between the ends of the series, or the last when there are but two."""
    code = next(row["ref_area"] for row in package.rows("areas") if row["name_zh"] == series.area)
    periods = sorted(
        {
            row["time_period"]
            for row in package.rows("observations")
            if (row["indicator"], row["ref_area"], row["vintage"] or "") == (series.indicator, code, series.vintage)
        }
    )
    return periods[len(periods) // 2]


def _inside_a_sentence(name: str) -> str:
    # GDP and IT stay as they are.
    return name[:1].lower() + name[1:] if name[1:2].islower() else name
