"""The evidence behind the numbers of a page as data: every text is made here, the page only places it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .book_data import BookData
from .chapter_head import period_words
from .directives import interval_text, number

EFFECT_WORDS = {"yes": "改变结论", "no": "不改变结论"}
# Verdicts that the note of a figure helps to understand.
_NOTED = ("consistent", "contradicted", "unverifiable")
# A formula of more characters than this is shown with letters, which the list of inputs explains.
LONGEST_FORMULA = 64
# Decimals that the evidence shows beyond those of the print.
MORE = 2
# As many inputs of one kind are listed; of more, their number is told.
LISTED = 12
SIGNS = {"*": " × ", "/": " ÷ ", "+": " + ", "-": " − ", "**": "^"}
_TOKEN = re.compile(r"\*\*|[-+*/()]|[A-Za-z_]\w*|[\d.]+(?:e[-+]?\d+)?|\S")


@dataclass
class Shown:
    """The findings and figures that a page explains; `cited` are figures that only appear as inputs of others.

    `decimals` tells with how many decimals the page prints a finding at most.
    """

    findings: set[str] = field(default_factory=set)
    decimals: dict[str, int] = field(default_factory=dict)
    figures: set[str] = field(default_factory=set)
    cited: set[str] = field(default_factory=set)


def known_figures(book: BookData, ids: Iterable[str]) -> list[str]:
    """Return those figures that this edition knows, as many as are listed."""
    return [figure_id for figure_id in ids if figure_id in book.figures][:LISTED]


def figure_inputs(book: BookData, row: Mapping[str, Any]) -> list[str]:
    """Return the figures that a figure was recomputed from, by its formula or by the finding that answers it."""
    if row.get("inputs"):
        return [figure_id for figure_id in row["inputs"].values() if figure_id in book.figures]
    finding = book.content["findings"].get(row["finding"]) if row["finding"] else None
    return known_figures(book, finding.get("figures", ())) if finding else []


def page_data(book: BookData, shown: Shown, page: str = "") -> dict[str, Any]:
    """Return the evidence of one page: `figures` by id, `findings` by key, `sources` and `chapters` by id with their titles.

    What is empty is left out, and so is the chapter of what was computed on the page itself.
    """
    figures = {figure_id: figure_data(book, book.figures[figure_id], page) for figure_id in sorted(shown.figures)}
    figures |= {figure_id: _cited(book.figures[figure_id]) for figure_id in sorted(shown.cited)}
    findings = {key_on(page, name): finding_data(book, name, page, shown.decimals.get(name)) for name in sorted(shown.findings)}
    chapters = {f["chapter"] for f in [*figures.values(), *findings.values()] if f.get("chapter")}
    printed = {figure_id[:3] for figure_id in figures}
    return {
        "figures": dict(sorted(figures.items())),
        "findings": findings,
        "sources": {s["source_id"]: s["title"] for s in book.content["sources"] if s["source_id"] in printed},
        "chapters": {name: book.chapters[name]["title"] for name in sorted(chapters & set(book.chapters))},
    }


def key_on(page: str, name: str) -> str:
    """Return the key of a finding in the data of a page: findings of the page itself go by their short names."""
    return name.removeprefix(f"{page}.")


def _cited(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"published": closed_up(row["published"]), "section": row["section"]}


def closed_up(published: str) -> str:
    """Return a printed number without the line ends that the print has inside it."""
    return re.sub(r"\s*[\r\n]+\s*", "", published)


def figure_data(book: BookData, row: Mapping[str, Any], page: str = "") -> dict[str, Any]:
    """Return what is shown of a figure that a mark judges; values and bounds are in its printed unit."""
    inputs = figure_inputs(book, row)
    formula, lettered = formula_text(row.get("expression") or "", row.get("inputs") or {}, book)
    name = row["finding"] if row["finding"] in book.content["findings"] else ""
    contradicted = row["verdict"] == "contradicted"
    content = {
        **_cited(row),
        "verdict": row["verdict"],
        "printed": _stands_for(row),
        "value": recomputed(row) if row["finding_value"] else "",
        "bounds": "" if _is_point(row.get("bounds")) else interval_text(row.get("bounds")),
        "formula": formula,
        "reading": row.get("reading") or "",
        "inputs": inputs,
        "letters": list(row["inputs"]) if lettered else [],
        "chapter": name.partition(".")[0] if key_on(page, name) == name else "",
        "effect": EFFECT_WORDS.get(row["changes_conclusion"], row["changes_conclusion"]) if contradicted else "",
        "cause": row["cause"] if contradicted else "",
        "note": row["note"] if row["verdict"] in _NOTED else "",
    }
    if name and not row.get("inputs"):
        content |= basis(book, name, book.content["findings"][name])
    return {key: value for key, value in content.items() if value}


def finding_data(book: BookData, name: str, page: str = "", decimals: int | None = None) -> dict[str, Any]:
    """Return what is shown of a finding: the figures that it answers, or, for a derived value, where it comes from.

    `decimals` is how many the page prints; its value is shown with two more.
    """
    finding = book.lookup(f"finding:{name}")
    if finding["answers"]:
        return {"answers": [row["figure_id"] for row in finding["answers"]]}
    bounds = {"low": finding["low"], "high": finding["high"], "low_closed": True, "high_closed": True}
    content = {
        "value": amount(finding["value"], finding["unit"], None if decimals is None else decimals + MORE),
        "bounds": "" if _is_point(bounds) else interval_text(bounds),
        "inputs": known_figures(book, finding.get("figures", ())),
        "chapter": name.partition(".")[0] if key_on(page, name) == name else "",
        **basis(book, name, finding),
    }
    return {key: value for key, value in content.items() if value}


def basis(book: BookData, name: str, finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a finding rests on beside printed figures: official values, tables, parameters, and its code.

    `more` is the number of printed figures that are not listed. A value that nothing went into is a `constant`.
    """
    statistics = book.content.get("observations", {})
    tables = {table["name"]: table["title"] for table in book.content.get("tables", ())}
    parameters = {p["name"]: p for p in book.chapters.get(name.partition(".")[0], {}).get("parameters", ())}
    listed = [statistics[i] for i in finding.get("observations", ()) if i in statistics]
    return {
        "more": max(0, len(finding.get("figures", ())) - LISTED),
        "statistics": [*listed[:LISTED], *([f"等共 {len(listed)} 个数"] if len(listed) > LISTED else [])],
        "tables": [f"{tables.get(table, table)}，{rows} 行" for table, rows in (finding.get("tables") or {}).items()],
        "parameters": [_parameter(parameters[p]) for p in finding.get("parameters", ()) if p in parameters],
        "code": finding.get("code", ""),
        "constant": bool(finding.get("constant")),
    }


def observation_words(
    rows: Iterable[Mapping[str, Any]], areas: Mapping[str, str], indicators: Mapping[str, str]
) -> dict[str, str]:
    """Return official values in words by their ids: 国家统计局《…》：地区生产总值，广西，2022，26,300.87 亿元."""
    return {
        str(row["observation_id"]): (
            f"{row['publisher']}《{row['title']}》：{indicators.get(row['indicator'], row['indicator'])}，"
            f"{areas.get(row['ref_area'], row['ref_area'])}，{period_words(row['time_period'] or '')}，"
            f"{amount(row['obs_value'], row['unit_measure'])}"
        )
        for row in rows
        if row["obs_value"] is not None
    }


def _parameter(parameter: Mapping[str, Any]) -> str:
    value = parameter["value"]
    if isinstance(value, bool):
        value = "是" if value else "否"
    shown = "未给" if value is None else f"{value}{'' if value == '' else parameter['unit']}"
    return f"{parameter['meaning']}：{shown}" if shown else parameter["meaning"]


def amount(value: float | str, unit: str, decimals: int | None = None) -> str:
    """Return a value with its unit: a pure number (unit 1) alone, 0.9186% without a space.

    At `decimals`, yet never at fewer than two significant digits; without, and at most, at six significant digits.
    """
    if isinstance(value, str):
        return value
    text = number(value, 6)
    if decimals is not None and "." in text:
        least = 1 - math.floor(math.log10(abs(value)))
        text = f"{value:,.{min(max(decimals, least), len(text.partition('.')[2]))}f}".replace("-", "−")
    return _with_unit(text, unit)


def _with_unit(text: str, unit: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + ({"1": "", "%": "%"}.get(unit, f" {unit}") if unit else "")


def recomputed(row: Mapping[str, Any]) -> str:
    """Return what was recomputed of a figure with two decimals more than were printed.

    More where fewer would hide what made the verdict: that it lies within the printed number or not, or differs from it.
    """
    value, unit = float(row["finding_value"]), row["unit"]
    found = re.search(r"\d[\d,]*(?:\.(\d+))?", closed_up(row["published"]))
    # A number in words (a half) has no decimals to go by: four significant digits.
    text = amount(value, "", len(found[1] or "") + MORE) if found else number(value)
    for more in range(len(text.partition(".")[2]) + 1, 12):
        if _relation(_plain(text), row) == _relation(value, row):
            break
        text = f"{value:,.{more}f}".replace("-", "−")
    return _with_unit(text, unit)


def _plain(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _relation(value: float, row: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """Return whether a value is the printed one, and whether it lies below or above what the print stands for."""
    printed = row.get("printed") or {}
    low, high = printed.get("low"), printed.get("high")
    same = bool(row.get("obs_value")) and math.isclose(value, float(row["obs_value"]), rel_tol=1e-9)
    below = low is not None and (value < low or (value == low and not printed["low_closed"]))
    above = high is not None and (value > high or (value == high and not printed["high_closed"]))
    return same, below, above


def _is_point(bounds: Mapping[str, Any] | None) -> bool:
    return not bounds or (bounds["low"] == bounds["high"])


def _stands_for(row: Mapping[str, Any]) -> str:
    """Return the interval that a printed number stands for; nothing for a count, which stands for itself."""
    return "" if _is_point(row.get("printed")) else interval_text(row["printed"])


def is_repeat(row: Mapping[str, Any]) -> bool:
    """Return whether a figure is checked only against the same number printed elsewhere: its formula is one input alone."""
    return bool(row.get("expression")) and row["expression"] in (row.get("inputs") or {})


def formula_text(expression: str, inputs: Mapping[str, str], book: BookData) -> tuple[str, bool]:
    """Return a formula with × ÷ − and the printed inputs in it, and whether letters had to stay because it is long.

    An expression that is one input alone (a reprint is compared with its original) says no more than the input.
    """
    if not expression or is_repeat({"expression": expression, "inputs": inputs}):
        return "", False
    printed = {letter: closed_up(book.figures[i]["published"]) for letter, i in inputs.items() if i in book.figures}
    text = "".join(_formula_parts(expression, printed))
    if len(text) <= LONGEST_FORMULA:
        return text, False
    return "".join(_formula_parts(expression, {})), True


def _formula_parts(expression: str, printed: Mapping[str, str]) -> Iterator[str]:
    before = ""
    for token in _TOKEN.findall(expression):
        if token in SIGNS:
            # A sign at the start or behind another belongs to its number.
            yield "−" if token == "-" and before in ("", "(", *SIGNS) else SIGNS[token]
        elif token in printed:
            text = printed[token]
            yield f"（{text}）" if re.search(r"[-+−*/×÷~～—]", text) else text
        else:
            yield token
        before = token
