"""Large tables column by column: the rows that may break the schema, and a table as a data frame.

A table of a million rows is not looked at cell by cell in Python. A database picks the rows that may have a fault, by
rules that are at least as strict as the schema; the validator then judges only those, with its own words.
"""

from __future__ import annotations

import csv
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

# Below this size a table is validated and read row by row: that takes a moment, and a database a moment to start.
LARGE = 2_000_000
Field = Mapping[str, Any]
# What is surely of a type; what is written in another way is left to the validator.
_PLAIN = {"integer": r"[+-]?\d{1,15}", "number": r"[+-]?\d{1,15}(\.\d{1,15})?", "boolean": "true|false", "string": "(?s).*"}
_LIMITS = {"minimum": "<", "maximum": ">"}
_KNOWN = {"required", "enum", "pattern", "minimum", "maximum"}


def is_large(path: Path) -> bool:
    """Return whether a file is worth the detour."""
    try:
        return path.stat().st_size > LARGE
    except OSError:
        return False


def database() -> duckdb.DuckDBPyConnection:
    """Return a database in memory that fetches nothing; a context manager closes it. What CSV and Parquet need is in it."""
    import duckdb

    return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})


def literal(path: Path) -> str:
    """Return a path as the database reads it: `d[1].csv` is that file, no pattern that fits d1.csv."""
    return glob.escape(str(path))


def suspects(
    path: Path, fields: Sequence[Field], key: Sequence[str], references: Mapping[str, set[str]], most: int
) -> list[int] | None:
    """Return the numbers of the rows that may break the schema, the header being row 1; at most `most`, the first ones.

    `references` are the values that a column may have, of each foreign key of one column. None when the file or its
    schema is not of the simple kind for which this is certain: then every row must be validated.
    """
    import duckdb

    conditions = _conditions(fields)
    if conditions is None:
        return None
    try:
        with database() as cells:
            cells.execute(
                "CREATE TABLE cells AS SELECT * FROM read_csv(?, header=true, all_varchar=true, delim=',', quote='\"', "
                "escape='\"', new_line='\\n', strict_mode=true, max_line_size=10000000, auto_detect=false, columns=?)",
                [literal(path), {str(f["name"]): "VARCHAR" for f in fields}],
            )
            for column, values in references.items():
                cells.execute(f"CREATE TABLE {_name('of ' + column)} AS SELECT unnest(?) AS value", [sorted(values)])
                conditions.append(f"{_name(column)} NOT IN (SELECT value FROM {_name('of ' + column)})")
            if key:
                columns = ", ".join(map(_name, key))
                conditions += [f"{_name(column)} IS NULL" for column in key]
                conditions.append(f"({columns}) IN (SELECT ({columns}) FROM cells GROUP BY {columns} HAVING count(*) > 1)")
            where = " OR ".join(f"coalesce({condition}, false)" for condition in conditions) or "false"
            found = cells.execute(f"SELECT rowid + 2 FROM cells WHERE {where} ORDER BY rowid LIMIT {most}").fetchall()
    except duckdb.Error:
        return None
    return [number for (number,) in found]


def _conditions(fields: Sequence[Field]) -> list[str] | None:
    """Return in SQL when a cell may break its field; None for a field of a kind that is not known here."""
    conditions: list[str] = []
    for field in fields:
        column, kind, limits = _name(field["name"]), field["type"], field.get("constraints") or {}
        if kind not in _PLAIN or not set(limits) <= _KNOWN or field.get("format", "default") != "default":
            return None
        if kind != "string":
            conditions.append(f"NOT regexp_full_match({column}, {_text(_PLAIN[kind])})")
        if limits.get("required"):
            conditions.append(f"{column} IS NULL")
        if "enum" in limits:
            conditions.append(f"{column} NOT IN ({', '.join(_text(value) for value in limits['enum'])})")
        if "pattern" in limits:
            conditions.append(f"NOT regexp_full_match({column}, {_text(limits['pattern'])})")
        for limit, sign in _LIMITS.items():
            if limit in limits:
                conditions.append(f"TRY_CAST({column} AS DOUBLE) {sign} {float(limits[limit])!r}")
    return conditions


def _name(column: object) -> str:
    return '"' + str(column).replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def write_rows_of(path: Path, numbers: Sequence[int], target: Path) -> None:
    """Write the header and the rows with these numbers of a CSV file to another."""
    wanted = set(numbers)
    with path.open(encoding="utf-8", newline="") as source, target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, cells in enumerate(csv.reader(source), start=1):
            if number == 1 or number in wanted:
                writer.writerow(cells)


def read_frame(path: Path, fields: Sequence[Field]) -> pd.DataFrame | None:
    """Return a valid table as a data frame: texts as object with None, numbers as Python reads them, truth as object.

    None when a cell is not of its type.
    """
    import pandas as pd

    names = [str(field["name"]) for field in fields]
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8", usecols=names)[names]
    try:
        for field in fields:
            name, column = str(field["name"]), frame[str(field["name"])]
            if field["type"] == "integer" and not column.isna().any():
                frame[name] = column.astype("int64")
            elif field["type"] in ("integer", "number"):
                # Through Python's own float: the same last digit as a table that was read row by row.
                frame[name] = column.astype(object).astype("float64")
            elif field["type"] == "boolean":
                frame[name] = column.map({"true": True, "1": True, "false": False, "0": False}).astype(object)
            else:
                frame[name] = column.astype(object).where(column.notna(), None)
    except ValueError:
        return None
    return frame
