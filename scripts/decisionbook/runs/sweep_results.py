"""The results of a sweep as tables: one row a finding of a run, one row a run, one row a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.bulk import database, literal
from ..data.scratch import replace_file, scratch_folder
from ..data.text import write_for_excel, write_rows
from .sweep import Record, Run

RESULTS, WIDE, PARQUET, FAILED = "results.csv", "runs.csv", "results.parquet", "failures.csv"
_FINDING = ("finding", "value", "text", "unit", "low", "high")
# Heads of our own in any of the tables: a parameter of such a name gets another.
_OURS = frozenset({"run", "status", "seconds", "cell", "error", *_FINDING})
_TYPES = {"run": "BIGINT", "value": "DOUBLE", "low": "DOUBLE", "high": "DOUBLE"}


def varied_names(runs: Sequence[Run]) -> list[str]:
    """Return the parameters that the runs of a sweep set, in the order in which they first do."""
    return list(dict.fromkeys(name for run in runs for name in run.varied))


def write_results(runs: Sequence[Run], records: Sequence[Record], folder: Path) -> list[Path]:
    """Write the tables of a sweep and return their paths.

    results.csv and results.parquet (run, parameters, finding, value or text, unit, low, high), runs.csv (one row a
    run) and, when there are any, failures.csv. No table has a head twice: a finding that is named like a parameter is
    NAME_finding in runs.csv, and a parameter that is named like one of the other columns NAME_parameter. Each table takes
    the place of the last one whole.
    """
    names = varied_names(runs)
    shown = _distinct(names, _OURS, "_parameter")
    heads = ["run", *shown, *_FINDING]
    rows = list(_tidy(runs, records, names))
    write_for_excel(folder / RESULTS, [heads, *rows])
    _write_parquet(folder / PARQUET, heads, rows, {
        head: _type(run.values.get(name) for run in runs) for head, name in zip(shown, names, strict=True)
    })  # fmt: skip
    found = list(dict.fromkeys(name for record in records for name in record["findings"]))
    wide = ["run", *shown, "status", "seconds"]
    write_for_excel(folder / WIDE, [[*wide, *_distinct(found, wide, "_finding")], *_wide(runs, records, names, found)])
    failed = [(run, record) for run, record in zip(runs, records, strict=True) if record["status"] != "ok"]
    if not failed:
        (folder / FAILED).unlink(missing_ok=True)
    else:
        lines = [[run.number, *(run.values.get(n) for n in names), record.get("cell"), record["error"]] for run, record in failed]
        write_for_excel(folder / FAILED, [["run", *shown, "cell", "error"], *lines])
    return [folder / name for name in (RESULTS, PARQUET, WIDE, *([FAILED] if failed else []))]


def _distinct(names: Sequence[str], taken: Iterable[str], ending: str) -> list[str]:
    """Return names of which none is taken; capitals make no other name, since some readers of Parquet see none."""
    known = {name.casefold() for name in taken}
    heads = []
    for name in names:
        while name.casefold() in known:
            name += ending
        known.add(name.casefold())
        heads.append(name)
    return heads


def _tidy(runs: Sequence[Run], records: Sequence[Record], names: Sequence[str]) -> Iterable[list[Any]]:
    for run, record in zip(runs, records, strict=True):
        for name, finding in record["findings"].items():
            value = finding["value"]
            number, text = (None, value) if isinstance(value, str) else (value, None)
            values = [run.values.get(n) for n in names]
            yield [run.number, *values, name, number, text, finding["unit"], finding["low"], finding["high"]]


def _wide(runs: Sequence[Run], records: Sequence[Record], names: Sequence[str], found: Sequence[str]) -> Iterable[list[Any]]:
    for run, record in zip(runs, records, strict=True):
        findings: Mapping[str, Any] = record["findings"]
        values = [findings[name]["value"] if name in findings else None for name in found]
        yield [run.number, *(run.values.get(n) for n in names), record["status"], record["seconds"], *values]


def _type(values: Iterable[Any]) -> str:
    known = [v for v in values if v is not None]
    if known and all(isinstance(v, bool) for v in known):
        return "BOOLEAN"
    if known and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        return "DOUBLE"
    return "VARCHAR"


def _write_parquet(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]], types: Mapping[str, str]) -> None:
    """Write the same rows as Parquet, with typed columns and the texts as they are."""
    with scratch_folder() as made:
        plain = made / "rows.csv"
        with plain.open("w", encoding="utf-8", errors="replace", newline="") as handle:
            write_rows(handle, [heads, *rows])
        columns = {name: types.get(name) or _TYPES.get(name, "VARCHAR") for name in heads}
        with database() as cells:
            name = literal(plain)
            read = cells.read_csv(name, header=True, dtype=columns, sep=",", quotechar='"', escapechar='"', na_values="")
            read.write_parquet(str(made / path.name))
        replace_file(path, (made / path.name).read_bytes())
