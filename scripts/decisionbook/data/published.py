"""The register of published figures: every row of data/figures.csv joined with its unit and qualifier."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, Problem, did_you_mean
from .figures import Figure, Qualifier, qualifier_of
from .formulas import Formula, FormulaError, evaluate, parse, parse_inputs
from .known import RESTRICTIONS
from .package import Package, Row
from .text import read_text


def qualifiers(package: Package) -> dict[str, Qualifier]:
    """Return the closed table of qualifiers by name."""
    return {row["qualifier"]: qualifier_of(row) for row in package.rows("qualifiers")}


def unit_factors(package: Package) -> dict[str, float]:
    """Return for each unit its factor to the base unit of its dimension (万户 gives 10000)."""
    return {row["unit_measure"]: row["factor"] for row in package.rows("units")}


def unit_ratio(package: Package, unit: str, other: str) -> float:
    """Return how many of `other` are one of `unit`: 1 from 万户 to 户 gives 10000.

    Raises InputError for a unit that units.csv does not have, and between two dimensions.
    """
    units = {row["unit_measure"]: row for row in package.rows("units")}
    shown = package.project.shown(package.path("units"))
    for name in (unit, other):
        if name not in units:
            raise InputError(Problem(shown, f"no unit {name!r}", "a unit of this table", did_you_mean(name, units)))
    here, there = units[unit], units[other]
    if here["dimension"] != there["dimension"]:
        found = f"{unit} ({here['dimension']}) and {other} ({there['dimension']})"
        raise InputError(Problem(shown, found, "two units of one dimension", "Ask for the value in a unit of its own dimension."))
    return here["factor"] / there["factor"]


def load_figures(package: Package, as_of: str | None = None) -> dict[str, Figure]:
    """Return the published figures by figure_id; with `as_of` (ISO date) only those of sources out by then."""
    known = qualifiers(package)
    units = {row["unit_measure"]: row for row in package.rows("units")}
    dates = {row["source_id"]: row["published_on"] for row in package.rows("sources")}
    return {
        row["figure_id"]: Figure(
            figure_id=row["figure_id"],
            source_id=row["source_id"],
            section=row["section"] or "",
            published=row["published"],
            # A print such as 多个 holds no number; NaN keeps it out of every formula, and its interval is unbounded.
            obs_value=math.nan if row["obs_value"] is None else row["obs_value"],
            obs_value_high=row["obs_value_high"],
            unit_measure=row["unit_measure"],
            factor=units[row["unit_measure"]]["factor"],
            counted=units[row["unit_measure"]]["dimension"] in ("count", "rank") and units[row["unit_measure"]]["factor"] == 1,
            indicator=row["indicator"],
            ref_area=row["ref_area"],
            time_period=row["time_period"] or "",
            qualifier=known[row["qualifier"]],
            precision=row["precision"] or 0.0,
            role=row["role"],
            chapter=row["chapter"] or "",
            finding=row["finding"] or "",
            note=row["note"] or "",
        )
        for row in package.rows("figures")
        if as_of is None or dates[row["source_id"]] <= as_of
    }


def load_formulas(package: Package) -> list[Formula]:
    """Return the formulas; raises InputError for one that cannot be parsed."""
    formulas, problems = _parse_formulas(package)
    if problems:
        raise InputError(problems)
    return formulas


def _parse_formulas(package: Package) -> tuple[list[Formula], list[Problem]]:
    shown = package.project.shown(package.path("formulas"))
    formulas, problems = [], []
    for number, row in enumerate(package.rows("formulas"), start=2):
        try:
            formula = Formula(row["figure_id"], row["reading"], row["expression"], parse_inputs(row["inputs"] or ""))
            parse(formula.expression, formula.names)
        except FormulaError as error:
            expected = "arithmetic over the named inputs"
            problems.append(Problem(shown, str(error), expected, "Correct the formula.", number, "expression"))
        else:
            formulas.append(formula)
    return formulas, problems


def check_register(package: Package) -> list[Problem]:
    """Return what the schema cannot see: unknown inputs, cycles, division by zero, figures answered twice."""
    formulas, problems = _parse_formulas(package)
    if problems:
        return problems
    shown = package.project.shown(package.path("formulas"))
    figures = load_figures(package)
    rows = {(r["figure_id"], r["reading"]): n for n, r in enumerate(package.rows("formulas"), start=2)}
    for formula in formulas:
        row = rows[formula.figure_id, formula.reading]
        unknown = [f for _, f in formula.inputs if f not in figures]
        for figure in unknown:
            problems.append(
                Problem(shown, f"input {figure!r}", "a figure_id of figures.csv", did_you_mean(figure, figures), row, "inputs")
            )
        if not unknown and formula.figure_id in figures:
            try:
                evaluate(formula.tree, {n: figures[f].base_value for n, f in formula.inputs})
            except FormulaError as error:
                problems.append(Problem(shown, str(error), "a formula with a value", "Correct it.", row, "expression"))
            if figures[formula.figure_id].finding:
                remedy = "Keep the finding or the formula, not both."
                found = f"{formula.figure_id} has a finding and a formula"
                problems.append(Problem(shown, found, "one answer for a figure", remedy, row, "figure_id"))
    problems += _check_restrictions(package)
    problems += [
        Problem(shown, " -> ".join(cycle), "formulas without a cycle", "Break it at one of them.", None, "inputs")
        for cycle in _cycles(formulas)
    ]
    return problems


def _check_restrictions(package: Package) -> list[Problem]:
    """Return the restricted rows that do not exist: a slip there would publish what it means to hold back."""
    if RESTRICTIONS not in package.tables:
        return []
    shown = package.project.shown(package.path(RESTRICTIONS))
    problems = []
    for number, row in enumerate(package.rows(RESTRICTIONS), start=2):
        table, key = row["table"], row["key"]
        if table not in package.tables:
            near = did_you_mean(table, package.tables)
            problems.append(Problem(shown, f"no table {table!r}", "a table of the Data Package", near, number, "table"))
            continue
        columns = package.primary_key(table)
        keys = {"/".join(line[c] or "" for c in columns) for line in package.lines(table)} if columns else set()
        if key != "*" and key not in keys:
            expected = f"a key ({'/'.join(columns)}) of {table}, or * for all of it" if columns else f"*: {table} has no key"
            problems.append(Problem(shown, repr(key), expected, did_you_mean(key, keys), number, "key"))
    return problems


def _cycles(formulas: Iterable[Formula]) -> list[list[str]]:
    # Figures that follow from each other in a ring would let an error answer for itself.
    uses: dict[str, set[str]] = {}
    for formula in formulas:
        uses.setdefault(formula.figure_id, set()).update(f for _, f in formula.inputs)
    done: set[str] = set()
    found: list[list[str]] = []

    def visit(figure: str, path: list[str]) -> None:
        if figure in path:
            found.append([*path[path.index(figure) :], figure])
            return
        if figure in done or len(found) > 20:
            return
        for used in sorted(uses.get(figure, ())):
            visit(used, [*path, figure])
        done.add(figure)

    for figure in sorted(uses):
        visit(figure, [])
    return found


def check_places(package: Package, sources: Path) -> tuple[list[Problem], int]:
    """Compare every place with the source texts in `sources`; return the problems and the places compared."""
    problems: list[Problem] = []
    checked = 0
    texts: dict[str, str] = {}
    shown = package.project.shown(package.path("sources"))
    figures = package.rows("figures")
    for number, row in enumerate(package.rows("sources"), start=2):
        path = sources / row["file"]
        if not path.is_file():
            problems.append(Problem(shown, f"no file {row['file']} in {sources}", "the source text", "", number, "file"))
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != row["sha256"]:
            touched = [r["figure_id"] for r in figures if r["source_id"] == row["source_id"]]
            span = f"{touched[0]} to {touched[-1]} ({len(touched)} figures)" if touched else "no figures"
            found = f"SHA-256 {digest[:12]}… of {row['file']}"
            remedy = f"The text was edited: read again {span}."
            problems.append(Problem(shown, found, f"{row['sha256'][:12]}…", remedy, number, "sha256"))
        texts[row["source_id"]] = read_text(path)
    for table in package.tables:
        if not {"source_id", "char_start", "char_end"} <= {f["name"] for f in package.fields(table)}:
            continue
        for number, row in enumerate(package.rows(table), start=2):
            if row["source_id"] in texts and row["char_start"] is not None:
                problem = _place_problem(package, table, number, row, texts[row["source_id"]])
                problems += [problem] if problem else []
                checked += 1
    return problems, checked


def _place_problem(package: Package, table: str, number: int, row: Row, text: str) -> Problem | None:
    shown = package.project.shown(package.path(table))
    start, end = row["char_start"], row["char_end"]
    if not 0 <= start < end <= len(text):
        return Problem(shown, f"{start} to {end}", f"a place within 0 to {len(text)}", "", number, "char_start")
    published = row.get("published")
    if published is None or text[start:end] == published:
        return None
    elsewhere = text.find(published)
    remedy = f"It stands first at {elsewhere}." if elsewhere >= 0 else "The source does not print it."
    return Problem(shown, f"{text[start:end]!r} at {start}", repr(published), remedy, number, "char_start")
