"""The Data Package: read its tables, and validate them against their schema."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from . import bulk, reads
from .known import INTERNAL, visible_lines
from .schema_faults import problems_of
from .scratch import scratch_folder
from .text import TEXT_EXPECTED, is_formula, text_fault, text_problems

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Package:
    """The tables of one project; `replaced` puts an analyst's file in the place of a table for one run.

    With `as_of` (ISO date) only what was known by then is read, for the audience `public` without the restricted rows;
    an analyst's own file is read whole.
    """

    def __init__(
        self,
        project: Project,
        replaced: Mapping[str, Path] | None = None,
        as_of: str | None = None,
        audience: str = INTERNAL,
    ) -> None:
        self.project = project
        self.as_of = as_of
        self.audience = audience
        self.replaced = dict(replaced or {})
        for name in self.replaced:
            self.resource(name)
        self._rows: dict[str, list[Row]] = {}
        self._lines: dict[str, list[dict[str, str]]] = {}
        reads.start(project.data)

    @cached_property
    def descriptor(self) -> Row:
        """The content of datapackage.json; raises InputError when it is no JSON."""
        path = self.project.datapackage
        try:
            with reads.permitted():
                content = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(Problem(self.project.shown(path), str(error), "a JSON descriptor in UTF-8")) from error
        shown = self.project.shown(path)
        if problems := [*text_problems(content, shown), *_unfit_names(content, shown)]:
            raise InputError(problems)
        return content

    @property
    def tables(self) -> list[str]:
        return [r["name"] for r in self.descriptor["resources"]]

    def resource(self, name: str) -> Row:
        """Return the descriptor of a table; an unknown name is an InputError with the closest match."""
        for resource in self.descriptor["resources"]:
            if resource["name"] == name:
                return resource
        raise InputError(
            Problem(
                self.project.shown(self.project.datapackage),
                f"no table {name!r}",
                f"one of {one_of(self.tables)}",
                did_you_mean(name, self.tables),
            )
        )

    def path(self, name: str) -> Path:
        """Return the file that a table is read from in this run."""
        return self.replaced.get(name, self.project.data / self.resource(name)["path"])

    def fields(self, name: str) -> list[Row]:
        """Return the columns of a table as its schema describes them."""
        return self.resource(name)["schema"]["fields"]

    def primary_key(self, name: str) -> list[str]:
        """Return the columns whose cells together name a row of a table; a table without a key has none."""
        key = self.resource(name)["schema"].get("primaryKey") or []
        return [key] if isinstance(key, str) else list(key)

    def areas_by_name(self) -> dict[str, str]:
        """Return area codes by Chinese name."""
        return {row["name_zh"]: row["ref_area"] for row in self.rows("areas")}

    def catalogue(self) -> list[Row]:
        """Return what the book's data catalogue says of each table: title, description, key, fields, row count."""
        listed = []
        for resource in self.descriptor["resources"]:
            schema = resource["schema"]
            references: dict[str, str] = {}
            for key in schema.get("foreignKeys", []):
                target = f"{key['reference']['resource'] or resource['name']}.{key['reference']['fields'][0]}"
                references |= dict.fromkeys(key["fields"], target)
            fields = []
            for field in schema["fields"]:
                entry = {
                    "name": field["name"],
                    "title": field.get("title", ""),
                    "type": field["type"],
                    "constraints": field.get("constraints", {}),
                }
                if field["name"] in references:
                    entry["reference"] = references[field["name"]]
                fields.append(entry)
            listed.append(
                {
                    "name": resource["name"],
                    "title": resource.get("title", resource["name"]),
                    "description": resource.get("description", ""),
                    "path": resource["path"],
                    "key": self.primary_key(resource["name"]),
                    "rows": len(self.rows(resource["name"])),
                    "fields": fields,
                }
            )
        return listed

    def rows(self, name: str) -> list[Row]:
        """Return a table as dictionaries with typed values; an empty cell is None. Read once a Package."""
        if name not in self._rows:
            types = {f["name"]: f["type"] for f in self.fields(name)}
            self._rows[name] = [
                {key: _typed(cell, types.get(key, "string")) for key, cell in line.items()} for line in self.lines(name)
            ]
        return self._rows[name]

    def lines(self, name: str) -> list[dict[str, str]]:
        """Return a table as dictionaries of the cells as they stand, by date and audience. Read once a Package."""
        if name not in self._lines:
            lines = self.all_lines(name)
            self._lines[name] = lines if name in self.replaced else visible_lines(self, name, lines)
        return self._lines[name]

    def all_lines(self, name: str) -> list[dict[str, str]]:
        """Return a table as dictionaries of the cells as they stand, whatever the date."""
        with self._open(name) as handle:
            return list(csv.DictReader(handle))

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table as a data frame: strings as object with None, numbers as float64 with NaN."""
        import pandas as pd

        fields = self.fields(name)
        if name in self.replaced and name not in self._rows and bulk.is_large(self.path(name)):
            with self._open(name), reads.permitted():
                large = bulk.read_frame(self.path(name), fields)
            if large is not None:
                return large
        frame = pd.DataFrame(self.rows(name), columns=[f["name"] for f in fields])
        for field in fields:
            key = str(field["name"])
            if field["type"] in ("number", "integer"):
                frame[key] = pd.to_numeric(frame[key])
            elif field["type"] != "boolean":
                frame[key] = frame[key].astype(object).where(frame[key].notna(), None)
        return frame

    def _open(self, name: str) -> Any:
        path = self.path(name)
        if not path.is_file():
            raise InputError(Problem(self.project.shown(path), "no such file", f"the table {name}"))
        reads.note_table(name)
        with reads.permitted():
            return path.open(encoding="utf-8", newline="")

    def validate(self, names: Iterable[str] | None = None, most: int = 200) -> list[Problem]:
        """Return every breach of the schema: types, constraints, keys and foreign keys, at most `most` a table."""
        from .. import schemas  # noqa: F401  # first: what frictionless validates with

        # isort: split
        import frictionless

        wanted = list(names or self.tables)
        problems = [p for name in wanted for p in self._unreadable(name)]
        if problems:
            return problems
        descriptor = json.loads(json.dumps(self.descriptor))
        for resource in descriptor["resources"]:
            resource["path"] = str(self.path(resource["name"]))
        # Paths are absolute here only because replaced tables lie outside data/; the committed descriptor's are not.
        with frictionless.system.use_context(trusted=True):
            package = frictionless.Package.from_descriptor(descriptor)
            for name in wanted:
                suspects = self._suspects(name, most)
                found = self._judged(package.get_resource(name), name, suspects, most)
                if suspects is not None and len(suspects) >= 2 * most and len(found) < most:
                    # There were more to judge, and those that were judged do not have all the faults.
                    found = self._judged(package.get_resource(name), name, None, most)
                problems += found
        return problems

    def _judged(self, resource: Any, name: str, rows: list[int] | None, most: int) -> list[Problem]:
        """Return what the validator finds in these rows of a table, or in all of them."""
        if rows == []:
            return []
        with scratch_folder() as made:
            path = self.path(name)
            if rows is not None:
                path = made / "few.csv"
                bulk.write_rows_of(self.path(name), rows, path)
            resource.path = str(path)
            report = resource.validate(limit_errors=most)
            errors = [error.to_dict() for error in report.tasks[0].errors]
            return problems_of(self, name, path, errors, rows, most)

    def _suspects(self, name: str, most: int) -> list[int] | None:
        """Return the rows of a large table that may break its schema; None when every row is to be validated."""
        if not bulk.is_large(self.path(name)):
            return None
        schema = self.resource(name)["schema"]
        references: dict[str, set[str]] = {}
        for foreign in schema.get("foreignKeys", []):
            target = foreign["reference"]["resource"]
            columns, targets = foreign["fields"], foreign["reference"]["fields"]
            if target in ("", name) or len(columns) != 1 or columns[0] in references:
                return None
            references[columns[0]] = {line[targets[0]] for line in self.all_lines(target)}
        # One more than is told: a key that comes twice has two rows, of which one is a fault.
        return bulk.suspects(self.path(name), self.fields(name), self.primary_key(name), references, 2 * most)

    def _unreadable(self, name: str) -> list[Problem]:
        path = self.path(name)
        shown = self.project.shown(path)
        if not path.is_file():
            return [Problem(shown, "no such file", f"the table {name}", "Restore the file, or take it out of datapackage.json.")]
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            row = path.read_bytes()[: error.start].count(b"\n") + 1
            found = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
            return [Problem(shown, found, "text in UTF-8", "Save the file as “CSV UTF-8”.", row)]
        if faults := self._unfit_cells(name, text):
            return faults
        header = next(csv.reader(io.StringIO(text, newline="")), [])
        expected = [f["name"] for f in self.fields(name)]
        problems = []
        for missing in (f for f in expected if f not in header):
            near = did_you_mean(missing, [h for h in header if h not in expected])
            found = "no such column" + (f" ({near.replace('Did you mean', 'is it')})" if near else "")
            problems.append(Problem(shown, found, f"the columns {', '.join(expected)}", "Add the column.", 1, missing))
        for extra in (h for h in header if h not in expected):
            near = did_you_mean(extra, [f for f in expected if f not in header])
            problems.append(
                Problem(shown, f"an unknown column {extra!r}", one_of(expected, 30), near or "Remove the column.", 1, extra)
            )
        if not problems and header != expected:
            problems.append(
                Problem(shown, f"columns in the order {', '.join(header)}", ", ".join(expected), "Put them in that order.", 1)
            )
        return problems

    def _unfit_cells(self, name: str, text: str) -> list[Problem]:
        """Return the cells that no output can hold, and those that a spreadsheet would take for formulas: readers download them.

        An analyst's table was seen cell by cell when it was brought into the schema's order, and nobody downloads it.
        """
        if name in self.replaced:
            return []
        shown = self.project.shown(self.path(name))
        problems: list[Problem] = []
        names: list[str] = []
        number = 0
        try:
            for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
                names = names or cells
                for column, cell in zip(names, cells, strict=False):
                    if found := text_fault(cell):
                        problems.append(Problem(shown, found, TEXT_EXPECTED, "Remove or shorten it.", number, column))
                    elif len(cell) > 1 and is_formula(cell):
                        found, remedy = f"{cell[:40]!r}, a formula to a spreadsheet", "Begin it with another character."
                        problems.append(Problem(shown, found, "text or a number", remedy, number, column))
        except csv.Error as error:
            problems.append(Problem(shown, str(error), "cells in CSV", "Close every quotation mark.", number + 1))
        return problems


def _unfit_names(descriptor: Row, shown: str) -> list[Problem]:
    """Return tables whose name or path is more than a plain file name: each edition writes its copy under it."""
    problems = []
    for resource in descriptor.get("resources", []):
        for key, pattern in (("name", r"[a-z0-9][a-z0-9_-]{0,79}"), ("path", r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}\.csv")):
            if not re.fullmatch(pattern, str(resource.get(key, ""))):
                found = f"{key} {resource.get(key)!r}"
                problems.append(Problem(shown, found, "a plain name, such as housing and housing.csv", "Rename it."))
    return problems


def _typed(cell: str | None, kind: str) -> Any:
    if cell is None or cell == "":
        return None
    if kind == "string" or kind == "date":
        return cell
    try:
        if kind == "integer":
            return int(cell)
        if kind == "number":
            return float(cell)
    except ValueError:
        return cell  # validate() names the cell; reading does not hide it.
    if kind == "boolean":
        return True if cell.lower() in _TRUE else False if cell.lower() in _FALSE else cell
    return cell
