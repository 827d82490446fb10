"""A confirmed sheet into data/: every fault named at once, then all files or none, with the way back kept."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..data.coverage import REASONS, account
from ..data.field_words import expected as expected_in
from ..data.formulas import FormulaError, parse, parse_inputs
from ..data.package import Package
from ..data.published import check_places, check_register
from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from .backup import replace_tables
from .documents import Say
from .exclude import built_in
from .numerals import narrow
from .reader import area_names
from .sheet import Sheet, figure_columns, read_sheet
from .units import composed_unit, with_composed

_NUMBER = r"-?\d+(\.\d+)?([eE]-?\d+)?"
_YES, _NO = {"是", "y", "yes", "true", "1", "x", "√", "✓"}, {"否", "n", "no", "false", "0", "×"}
TABLES = ("sources", "units", "indicators", "figures", "formulas", "exclusions")
Row = dict[str, str]


def apply_sheet(project: Project, path: Path, folder: Path, say: Say, *, dry_run: bool = False, partial: bool = False) -> int:
    """Write the confirmed rows of a sheet into data/; return how many figures were added.

    `partial` leaves undecided rows for later; without it an undecided row is a fault. Raises InputError with every
    fault of the sheet; data/ is then as it was.
    """
    package = Package(project)
    sheet = read_sheet(package, path)
    problems: list[Problem] = []
    source = _source(package, sheet, problems)
    text = _kept_text(sheet, source, folder, problems)
    figures, indicators, waiting = _figures(package, sheet, source, text, partial, problems)
    formulas = _formulas(package, sheet, {r["figure_id"] for r in figures}, problems)
    if problems:
        raise InputError(problems)
    units = {str(r["unit_measure"]): r for r in package.rows("units")}
    composed = [row for u in sorted({r["unit_measure"] for r in figures} - set(units)) if (row := composed_unit(u, units))]
    added = {
        "sources": [] if _registered(package, source) else [source],
        "units": composed,
        "indicators": indicators,
        "figures": figures,
        "formulas": formulas,
    }
    with tempfile.TemporaryDirectory() as scratch:
        trial = Project(Path(scratch))
        shutil.copytree(project.data, trial.data)
        for table, rows in added.items():
            _append(package, trial, table, rows)
        added["exclusions"] = _exclusions(Package(trial), source["source_id"], text, sheet, waiting)
        _append(package, trial, "exclusions", added["exclusions"])
        _check(trial, source, folder)
        counted = ", ".join(f"{len(rows)} to {package.resource(t)['path']}" for t, rows in added.items() if rows)
        if dry_run:
            say(f"dry run: would add {counted or 'nothing'}; nothing was written")
            return len(figures)
        if not figures and not added["sources"]:
            say("no row is confirmed: nothing was written")
            return 0
        backup = replace_tables(project, trial, source["source_id"], [t for t, rows in added.items() if rows])
    say(f"added {counted}")
    say(
        f"what was there before is kept in {project.shown(backup)}; "
        f"decisionbook intake --undo {source['source_id']} brings it back"
    )
    return len(figures)


def _registered(package: Package, source: Row) -> bool:
    return any(r["source_id"] == source["source_id"] for r in package.rows("sources"))


def _source(package: Package, sheet: Sheet, problems: list[Problem]) -> Row:
    shown = sheet.shown("source")
    rows = sheet.grids["source"]
    if len(rows) != 1:
        raise InputError([*problems, Problem(shown, f"{len(rows)} rows", "one row, the document's")])
    row = {f["name"]: rows[0].get(f["name"], "") for f in package.fields("sources")}
    for field in package.fields("sources"):
        name, limits = field["name"], field.get("constraints", {})
        value = row[name]
        if limits.get("required") and not value:
            remedy = (
                "Fill it in, or draft again with --date YYYY-MM-DD."
                if name in ("published_on", "date_precision")
                else "Fill it in."
            )
            problems.append(Problem(shown, "an empty cell", str(field.get("title", name)), remedy, 2, name))
        elif value and "pattern" in limits and not re.fullmatch(limits["pattern"], value):
            problems.append(Problem(shown, repr(value), expected_in(field), "", 2, name))
        elif value and "enum" in limits and value not in limits["enum"]:
            problems.append(Problem(shown, repr(value), one_of(limits["enum"]), did_you_mean(value, limits["enum"]), 2, name))
    for known in package.rows("sources"):
        if known["source_id"] == row["source_id"] and known["sha256"] != row["sha256"]:
            found = f"source {row['source_id']}, which is another document ({known['title']})"
            problems.append(
                Problem(shown, found, "a number of its own", "Draft again: the next free number is taken.", 2, "source_id")
            )
    return row


def _kept_text(sheet: Sheet, source: Row, folder: Path, problems: list[Problem]) -> str:
    path = folder / source["file"]
    if not path.is_file():
        found = f"no file {source['file']} in {folder}"
        problems.append(
            Problem(sheet.shown("source"), found, "the text that intake kept", "Name its folder with --sources DIR.", 2, "file")
        )
        return ""
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != source["sha256"]:
        problems.append(Problem(str(path), "a text that was edited since the draft", "the text as drafted", "Draft it again."))
    return raw.decode("utf-8", "replace")


def _decided(cell: str) -> bool | None:
    word = cell.strip().lower()
    return True if word in _YES else False if word in _NO else None


def _figures(
    package: Package, sheet: Sheet, source: Row, text: str, partial: bool, problems: list[Problem]
) -> tuple[list[Row], list[Row], list[tuple[int, int]]]:
    """Return the confirmed rows that are not on record yet, the new indicators, and the places that wait for a decision."""
    shown = sheet.shown("figures")
    taken = {r["figure_id"]: "figures.csv" for r in package.rows("figures")}
    recorded = {(r["figure_id"], str(r["char_start"]), r["published"]) for r in package.rows("figures")}
    waiting: list[tuple[int, int]] = []
    known = {
        "unit_measure": ("units", set(with_composed({str(r["unit_measure"]): r for r in package.rows("units")},
                                                    {c.get("unit_measure", "") for c in sheet.grids["figures"]}))),
        "ref_area": ("areas", {str(r["ref_area"]) for r in package.rows("areas")}),
        "qualifier": ("qualifiers", {str(r["qualifier"]) for r in package.rows("qualifiers")}),
    }  # fmt: skip
    indicators = {str(r["indicator"]): str(r["name_zh"]) for r in package.rows("indicators")}
    kinds = next(f for f in package.fields("indicators") if f["name"] == "kind")["constraints"]["enum"]
    fields = {f["name"]: f for f in package.fields("figures")}
    rows: list[Row] = []
    new: dict[str, Row] = {}
    undecided = []
    for number, cells in zip(sheet.numbers["figures"], sheet.grids["figures"], strict=True):
        choice = _decided(cells["confirm"])
        if choice is None:
            if cells["confirm"]:
                problems.append(Problem(shown, repr(cells["confirm"]), "是 or 否", "", number, "confirm"))
            undecided.append(number)
            if cells.get("char_start", "").isdigit() and cells.get("char_end", "").isdigit():
                waiting.append((int(cells["char_start"]), int(cells["char_end"])))
            continue
        if choice and (cells["figure_id"], cells["char_start"], cells["published"]) in recorded:
            continue  # taken in by an earlier --apply of the same sheet
        reason = cells.get("reason", "")
        if not choice:
            if reason and reason not in REASONS:
                problems.append(Problem(shown, repr(reason), one_of(REASONS), did_you_mean(reason, REASONS), number, "reason"))
            continue
        row = {name: cells.get(name, "") for name in figure_columns(package)}

        def fault(column: str, expected: str, remedy: str = "", row: Row = row, number: int = number) -> None:
            problems.append(
                Problem(shown, repr(row[column]) if row[column] else "an empty cell", expected, remedy, number, column)
            )

        for name, field in fields.items():
            limits, value = field.get("constraints", {}), row[name]
            form = _NUMBER if field["type"] in ("integer", "number") else limits.get("pattern")
            if limits.get("required") and not value and name != "indicator":
                fault(name, field.get("title", name), "This column must be filled.")
            elif value and form and not re.fullmatch(form, value):
                fault(name, expected_in(field), "The unit has a column of its own." if form == _NUMBER and "%" in value else "")
            elif value and "enum" in limits and value not in limits["enum"]:
                fault(name, one_of(limits["enum"]), did_you_mean(value, limits["enum"]))
            elif value and name in known and value not in known[name][1]:
                table, values = known[name]
                fault(
                    name,
                    f"a value of {table}.{name}",
                    did_you_mean(value, sorted(values)) or f"Add it to data/{table}.csv first.",
                )
        if row["figure_id"] in taken:
            fault(
                "figure_id",
                "a number that no other figure has",
                f"It stands in {taken[row['figure_id']]}; figures are never overwritten.",
            )
        taken[row["figure_id"]] = f"row {number}"
        if row["source_id"] != source["source_id"] or not row["figure_id"].startswith(f"{source['source_id']}-"):
            fault("source_id", f"{source['source_id']}, the number of this document")
        if row["char_start"].isdigit() and row["char_end"].isdigit() and text:
            found = text[int(row["char_start"]) : int(row["char_end"])]
            if found != row["published"]:
                again = text.find(row["published"]) if row["published"] else -1
                fault(
                    "published", repr(found), f"It stands first at {again}." if again >= 0 else "The document does not print it."
                )
        _indicator(row, cells, indicators, kinds, new, fault)
        if not row["obs_value"] and row["qualifier"] != "several":
            fault("obs_value", "a number", "Only several (多个, 若干) stands without one.")
        rows.append(row)
    if undecided and not partial:
        listed = ", ".join(map(str, undecided[:8])) + (" …" if len(undecided) > 8 else "")
        remedy = "Decide them, or take what is decided so far with --partial."
        problems.append(
            Problem(
                shown, f"{len(undecided)} rows without a decision (rows {listed})", "是 or 否", remedy, undecided[0], "confirm"
            )
        )
    return rows, list(new.values()), waiting


def _indicator(row: Row, cells: Row, indicators: dict[str, str], kinds: Sequence[str], new: dict[str, Row], fault) -> None:  # type: ignore[no-untyped-def]
    name = row["indicator"]
    if name in indicators or name in new:
        return
    twin = next((key for key, words in indicators.items() if words == cells.get("indicator_zh")), "")
    if name and twin:
        fault("indicator", f"{twin}, which has the name {cells['indicator_zh']}", f'Did you mean "{twin}"?')
        return
    if name and re.fullmatch(r"[a-z][a-z0-9_]*", name) and cells.get("indicator_zh") and cells.get("indicator_en"):
        kind = cells.get("indicator_kind", "")
        if kind in kinds:
            new[name] = {
                "indicator": name,
                "name_zh": cells["indicator_zh"],
                "name_en": cells["indicator_en"],
                "kind": kind,
                "definition": "",
            }
            return
        fault("indicator", f"with a new indicator, indicator_kind one of {one_of(kinds)}")
        return
    near = did_you_mean(name, sorted(indicators)) if name else cells.get("other_indicators", "")[:80]
    fault(
        "indicator", "an indicator of data/indicators.csv, or a new one with indicator_zh, indicator_en and indicator_kind", near
    )


def _formulas(package: Package, sheet: Sheet, added: set[str], problems: list[Problem]) -> list[Row]:
    shown = sheet.shown("formulas")
    known = added | {r["figure_id"] for r in package.rows("figures")}
    recorded = {(r["figure_id"], r["reading"]) for r in package.rows("formulas")}
    rows = []
    for number, cells in zip(sheet.numbers["formulas"], sheet.grids["formulas"], strict=True):
        if _decided(cells["confirm"]) is not True:
            if cells["confirm"] and _decided(cells["confirm"]) is None:
                problems.append(Problem(shown, repr(cells["confirm"]), "是 or 否", "", number, "confirm"))
            continue
        row = {name: cells[name] for name in ("figure_id", "reading", "expression", "inputs")}
        if (row["figure_id"], row["reading"]) in recorded:
            continue
        try:
            inputs = parse_inputs(row["inputs"])
            parse(row["expression"], tuple(name for name, _ in inputs))
        except FormulaError as error:
            problems.append(
                Problem(shown, str(error), "arithmetic over the named inputs", "Correct the formula.", number, "expression")
            )
            continue
        for figure in (f for f in [row["figure_id"], *(f for _, f in inputs)] if f not in known):
            near = (
                did_you_mean(figure, sorted(known)) if figure not in {r.get("figure_id") for r in sheet.grids["figures"]} else ""
            )
            problems.append(
                Problem(shown, repr(figure), "a confirmed figure", near or "Confirm its row as well.", number, "inputs")
            )
        rows.append(row)
    return rows


def _append(package: Package, trial: Project, table: str, rows: Sequence[Row]) -> None:
    """Append rows to a table's file; what stands in it keeps its bytes."""
    if not rows:
        return
    path = trial.data / package.resource(table)["path"]
    before = path.read_bytes()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(
        out, [f["name"] for f in package.fields(table)], lineterminator="\n", extrasaction="ignore", restval=""
    )
    writer.writerows(rows)
    path.write_bytes(before + (b"" if before.endswith(b"\n") else b"\n") + out.getvalue().encode("utf-8"))


def _exclusions(package: Package, source_id: str, text: str, sheet: Sheet, waiting: Sequence[tuple[int, int]]) -> list[Row]:
    """Return the rules that account for what is no figure: the reader's own where they do, else the place in its words."""
    left = [t for t in account(package, {source_id: text}) if not t.accounted]
    left = [t for t in left if not any(t.start < end and t.end > start for start, end in waiting)]
    if not left:
        return []
    plain = narrow(text)
    numbers = [int(r["rule_id"][2:]) for r in package.rows("exclusions")]
    patterns: dict[str, tuple[str, str]] = {}
    held: set[int] = set()
    for rule in built_in(area_names(package)):
        spans = [(m.start(), m.end(), m[0]) for m in rule.compiled.finditer(plain)]
        hits = [(t, s) for t in left if t.start not in held for s in spans if s[0] <= t.start and s[1] >= t.end]
        if not hits:
            continue
        held |= {t.start for t, _ in hits}
        # A list of words is long: only those that stand in the text are kept.
        words = "|" in rule.pattern and rule.note in ("惯用语与名称", "地名")
        pattern = "|".join(re.escape(w) for w in sorted({s[2] for _, s in hits})) if words else rule.pattern
        patterns.setdefault(pattern, (rule.reason, rule.note))
    said = {
        int(r["char_start"]): r.get("reason", "")
        for g in ("figures", "excluded")
        for r in sheet.grids[g]
        if r.get("char_start", "").isdigit()
    }
    covered = [re.compile(p, re.MULTILINE) for p in patterns]
    for token in left:
        if token.start in held and any(
            m.start() <= token.start and m.end() >= token.end for p in covered for m in p.finditer(text)
        ):
            continue
        reason = next((said[s] for s in range(token.start, token.start - 4, -1) if said.get(s)), "idiom")
        context = re.escape(text[max(0, token.start - 4) : token.end + 4])
        patterns.setdefault(context, (reason, "个别用法"))
    first = max(numbers, default=0) + 1
    return [
        {"rule_id": f"X-{first + index:03}", "pattern": pattern, "scope": source_id, "reason": reason, "note": note}
        for index, (pattern, (reason, note)) in enumerate(patterns.items())
    ]


def _check(trial: Project, source: Row, folder: Path) -> None:
    """Validate the data as they would be; raise InputError with what fails, in terms of the project's own files."""
    package = Package(trial)
    problems = package.validate(TABLES) or check_register(package)
    if not problems:
        faults, _ = check_places(package, folder)
        problems = [f for f in faults if f.file.endswith("figures.csv") or source["file"] in f.found]
    if problems:
        raise InputError(problems)
