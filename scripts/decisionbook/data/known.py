"""What of the Data Package an edition may show: rows of later sources are left out, and for the public restricted ones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .formulas import FormulaError, parse_inputs
from .text import write_rows

if TYPE_CHECKING:
    from .package import Package

Line = dict[str, str]
INTERNAL, PUBLIC = "internal", "public"
AUDIENCES = (INTERNAL, PUBLIC)
# The register of restricted rows: table, key (the row's primary key, or * for the whole table), reason.
RESTRICTIONS = "restrictions"


def visible_lines(package: Package, name: str, lines: list[Line]) -> list[Line]:
    """Return the lines of a table that the package's date and audience allow."""
    if package.as_of is not None:
        lines = known_lines(package, name, lines, package.as_of)
    return public_lines(package, name, lines) if package.audience == PUBLIC else lines


def public_lines(package: Package, name: str, lines: list[Line]) -> list[Line]:
    """Return the lines of a table that the public may see: not those on the register, nor what quotes a figure on it."""
    if RESTRICTIONS not in package.tables:
        return lines
    if name == RESTRICTIONS:
        # Even the keys tell what there is.
        return []
    register = package.all_lines(RESTRICTIONS)
    closed = {line["key"] for line in register if line["table"] == name}
    if "*" in closed:
        return []
    columns = package.primary_key(name)
    figures = {line["key"] for line in register if line["table"] == "figures"}
    return [
        line
        for line in lines
        if "/".join(line.get(column) or "" for column in columns) not in closed and not _figures(line) & figures
    ]


def known_lines(package: Package, name: str, lines: list[Line], as_of: str) -> list[Line]:
    """Return the lines of a table (cells as text) that were known by `as_of` (ISO date).

    A line is dated by its source (`source_id`), by `published_by`, by its `figure_id`, or, a formula, by the figures
    that enter it; a line without any of these has no date and stays. What a later source says of an earlier line
    (`later_…`) is blanked.
    """
    if name == "sources":
        return [line for line in lines if line["published_on"] <= as_of]
    sources = {line["source_id"] for line in package.lines("sources")}
    columns = {field["name"] for field in package.fields(name)}
    if "source_id" in columns:
        lines = [line for line in lines if not line.get("source_id") or line["source_id"] in sources]
    if "published_by" in columns:
        lines = [line for line in lines if (line.get("published_by") or "") <= as_of]
    if "figure_id" in columns and "source_id" not in columns:
        figures = {line["figure_id"] for line in package.lines("figures")}
        lines = [line for line in lines if _figures(line) <= figures]
    if "reference_year" in columns:
        # A term is known whatever the date; what it is cited from may have come out later.
        unsaid = {"reference": "", "reference_year": ""}
        lines = [line if (line.get("reference_year") or "") <= as_of[:4] else {**line, **unsaid} for line in lines]
    if "later_source" in columns:
        all_known = len(sources) == len(package.all_lines("sources"))
        lines = [line if all_known or _said_by(line, sources) else _without_later(line) for line in lines]
    return lines


def _figures(line: Line) -> set[str]:
    """Return the figure of a line and, for a formula, those that enter it; an unreadable formula is reported elsewhere."""
    own = {line.get("figure_id") or ""} - {""}
    try:
        return own | {figure for _, figure in parse_inputs(line.get("inputs") or "")}
    except FormulaError:
        return own


def _said_by(line: Line, sources: set[str]) -> bool:
    # Without a named source the cells say what all sources together do not show: later ones are among them.
    named = {source.strip() for source in (line.get("later_source") or "").split(";")} - {""}
    return bool(named) and named <= sources


def _without_later(line: Line) -> Line:
    return {key: "" if key.startswith("later_") else cell for key, cell in line.items()}


def known_files(package: Package) -> dict[str, bytes]:
    """Return the files of the Data Package as the package's date knows them, by their path below data/.

    A table of which nothing is left out keeps its bytes; the others are written as CSV with the cells as they stand.
    """
    files = {package.project.datapackage.name: package.project.datapackage.read_bytes()}
    for name in package.tables:
        lines = package.lines(name)
        content = package.path(name).read_bytes()
        if lines != package.all_lines(name):
            text = io.StringIO(newline="")
            names = [field["name"] for field in package.fields(name)]
            write_rows(text, [names, *([line[column] for column in names] for line in lines)])
            content = text.getvalue().encode("utf-8")
        files[package.resource(name)["path"]] = content
    return files
