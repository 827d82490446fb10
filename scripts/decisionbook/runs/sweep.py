"""Many runs of one chapter: a grid or a table of parameters, checked before anything starts, resumed after a stop."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.context import RunContext
from ..data.declarations import Chapter, Parameter
from ..data.limits import limits_of
from ..data.package import Package
from ..data.reads import Watched
from ..data.scratch import replace_file
from ..data.sheets import read_grid, unplaced
from ..errors import CheckFailed, InputError, Problem, counted, did_you_mean, one_of
from ..project import Project
from .cache import shaping_modules
from .dependencies import surroundings
from .engines import as_job, run_jobs
from .parameters import convert

RECORDS = "runs.jsonl"
NOTEBOOKS = "notebooks"
# More runs than a grid makes by intention; a typing error or one parameter too many makes millions.
MOST_RUNS = 100_000
# Faults of sets that are told one by one.
SHOWN = 40
# A progress line is written at most this often, in seconds.
PROGRESS_EVERY = 2.0
Say = Callable[[str], None]
Values = dict[str, Any]
Record = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One parameter set of a sweep: its number from 1, what varies, and all values that were named, a default too."""

    number: int
    varied: Values
    values: Values
    id: str


# ---- Parameter sets ---------------------------------------------------------------------------


def grid_sets(chapter: Chapter, package: Package, words: Sequence[str], most: int = MOST_RUNS) -> list[Values]:
    """Return every combination of `name=a,b,…` words, the last name varying fastest; `*` stands for all areas or choices.

    Raises InputError with every word and value that does not fit, and for more than `most` combinations.
    """
    areas = package.areas_by_name()
    axes: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for word in words:
        name, sign, text = word.partition("=")
        parameter = chapter.parameters.get(name)
        if not sign or not text:
            problems.append(Problem("--grid", repr(word), "name=value,value,…"))
        elif parameter is None:
            near = did_you_mean(name, chapter.parameters)
            problems.append(Problem("--grid", f"an unknown parameter {name!r}", f"one of {one_of(chapter.parameters)}", near))
        elif name in axes:
            problems.append(Problem("--grid", f"{name} a second time", "each name once", "Put all its values into one list."))
        else:
            everything = list(parameter.choices) or (sorted(areas) if parameter.type == "area" else [])
            axes[name] = everything if text == "*" and everything else []
            for part in [] if axes[name] else text.split(","):
                value, fault = _value(parameter, part.strip(), areas)
                axes[name].append(value)
                if fault:
                    problems.append(Problem("--grid", repr(part), *fault, column=name, kind="parameter"))
    if problems:
        raise InputError(problems)
    count = math.prod(map(len, axes.values()))
    if count > most:
        found = f"{' × '.join(f'{len(values)}' for values in axes.values())} = {count:,} runs"
        raise InputError(Problem("--grid", found, f"at most {most:,}", f"Give fewer values, or --most-runs {count}."))
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _value(parameter: Parameter, text: str, areas: Mapping[str, str]) -> tuple[Any, tuple[str, str] | None]:
    """Return a value as the parameter's type, and what was expected with a remedy when the contract refuses it."""
    try:
        value = convert(parameter, text)
    except ValueError as error:
        return None, (str(error), "")
    return value, parameter.fault(value, areas)


def table_sets(chapter: Chapter, package: Package, path: Path) -> dict[int, Values]:
    """Return one parameter set for each row, by its number, of a CSV, XLSX or Parquet file whose heads are parameters.

    An empty cell leaves the parameter as it is. Raises InputError with every fault.
    """
    areas = package.areas_by_name()
    grid = read_grid(path, (chapter.name,))
    header, *rows = grid.rows
    problems = unplaced(path, grid)
    for index, head in enumerate(header):
        if head and head not in chapter.parameters:
            near, expected = did_you_mean(head, chapter.parameters), one_of(chapter.parameters)
            problems.append(Problem(str(path), f"an unknown parameter {head!r}", expected, near, 1, head))
        elif head and head in header[:index]:
            problems.append(Problem(str(path), f"{head} a second time", "each name once", "Remove a column.", 1, head))
    sets: dict[int, Values] = {}
    for number, row in zip(grid.numbers[1:], rows, strict=True):
        values: Values = sets.setdefault(number, {})
        for head, cell in zip(header, row, strict=False):
            if head not in chapter.parameters or cell == "":
                continue
            values[head], fault = _value(chapter.parameters[head], cell, areas)
            if fault:
                problems.append(Problem(str(path), repr(cell), *fault, row=number, column=head))
    if problems:
        raise InputError(problems)
    return sets


def plan(
    chapter: Chapter,
    package: Package,
    sets: Iterable[Values],
    base: Values,
    where: str,
    known_as: str,
    left_out: Callable[[str], None] | None = None,
    rows: Sequence[int] = (),
) -> list[Run]:
    """Return the runs of a sweep, every one checked against the chapter's contract; equal sets are run once.

    `base` are the values that all runs share, `known_as` the digest of all else that shapes a run, `rows` the numbers of
    the sets in a table. Raises InputError with the faults of every set, or when there is none; with `left_out`, which is
    for sets that nobody wrote down one by one, those that do not fit are told to it instead, in a line for each reason.
    """
    areas = package.areas_by_name()
    problems: list[Problem] = []
    unfit: dict[tuple[str, str], tuple[int, str]] = {}
    runs: dict[str, Run] = {}
    for number, varied in enumerate(sets, start=1):
        values = {**base, **varied}
        try:
            chapter.check(values, areas, where=where if rows else f"{where}, set {number}")
        except InputError as error:
            row = rows[number - 1] if rows else None
            problems += [replace(p, row=row) for p in error.problems] if left_out is None else []
            for problem in error.problems:
                count, first = unfit.get((problem.column, problem.expected), (0, problem.found))
                unfit[problem.column, problem.expected] = count + 1, first
            continue
        # 5.0 from a table and 5 from a file of parameters are one value, and so are a default that is named and one that is not.
        everything = {**{name: parameter.default for name, parameter in chapter.parameters.items()}, **values}
        whole = {n: int(v) if isinstance(v, float) and v.is_integer() else v for n, v in everything.items()}
        text = json.dumps([known_as, whole], ensure_ascii=False, sort_keys=True)
        run_id = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        runs.setdefault(run_id, Run(len(runs) + 1, varied, values, run_id))
    if not runs and not problems:
        problems.append(Problem(where, "no parameter set", "at least one"))
    if len(problems) > SHOWN:
        more = counted(len(problems) - SHOWN, "more fault")
        problems = [*problems[:SHOWN], Problem(where, more, "sets that fit")]
    if left_out is not None:
        for (column, expected), (count, first) in unfit.items():
            rule = " ".join(filter(None, [column, expected]))
            left_out(f"{counted(count, 'set')} in which {rule} does not hold, such as {first}")
    if problems:
        raise InputError(problems)
    return list(runs.values())


def digest_of_inputs(context: RunContext, chapter: str) -> str:
    """Return a digest of all that shapes a run beside its parameters: notebook, declaration, date, data, code, libraries."""
    project = context.project
    files = [*input_files(project, chapter), *(path for _, path in sorted(context.tables.items()))]
    known = f"{context.edition}\0{context.as_of}\0{context.audience}\0{surroundings(project)}"
    limits = limits_of(project, chapter, context.limits).shaping()
    total = hashlib.sha256(f"{chapter}\0{known}\0{sorted(context.tables)}\0{limits}".encode("utf-8", "surrogateescape"))
    for path in files:
        content = _code(path) if path.suffix == ".ipynb" else path.read_bytes()
        total.update(path.name.encode() + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest()


def input_files(project: Project, chapter: str) -> list[Path]:
    """Return the files of the project that shape a run."""
    files = [project.notebook(chapter), project.notebooks / f"{chapter}.yml", project.datapackage]
    return [*files, *sorted(project.data.rglob("*.csv")), *shaping_modules().values()]


def _code(notebook: Path) -> bytes:
    """Return the code of a notebook with its tags, which say where parameters go; prose and stored outputs shape no run."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [["".join(c["source"]), sorted(c["metadata"].get("tags", []))] for c in cells if c["cell_type"] == "code"]
    return json.dumps(code).encode("utf-8", "surrogatepass")


# ---- Records ----------------------------------------------------------------------------------


@contextmanager
def record_file(folder: Path, chapter: str, say: Say) -> Iterator[tuple[dict[str, Record], Callable[[Record], None]]]:
    """Open the records of a sweep's folder for this process alone: those that are there by id, and a way to add one.

    One line a finished run, written at once. A last line that a stop cut off is taken away. Raises InputError when the
    folder belongs to another chapter or another process writes there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORDS
    with path.open("a+b") as handle:
        _lock(handle, path)
        handle.seek(0)
        content = handle.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            say("  the last record was cut off; its run is run again")
            handle.truncate(len(whole))
        records: dict[str, Record] = {}
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                record = json.loads(line)
                records[record["id"]] = record
            except (ValueError, KeyError, TypeError):
                problem = Problem(str(path), "a line that is no record", "one JSON record a line", "Remove the line.", number)
                raise InputError(problem) from None
            if record.get("chapter") != chapter:
                remedy = "Name another folder with -o."
                raise InputError(Problem(str(path), f"runs of {record.get('chapter')}", f"runs of {chapter}", remedy, number))

        def add(record: Record) -> None:
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
            _append(handle.fileno(), line + b"\n", path)
            records[record["id"]] = record

        yield records, add


def _append(descriptor: int, line: bytes, path: Path) -> None:
    """Append a line, in one call of the system where it takes all of it: a stop leaves it whole or a tail that is taken away."""
    before, left = os.fstat(descriptor).st_size, line
    try:
        while left:
            # A disk that is nearly full takes a part, and says so with the next call.
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        os.ftruncate(descriptor, before)
        raise OSError(error.errno, error.strerror, str(path)) from None


def _lock(handle: Any, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not on this system: two sweeps in one folder are then up to the analyst
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        remedy = "Wait for it, or name another folder with -o."
        raise InputError(Problem(str(path), "another sweep writing here", "a folder of its own", remedy)) from None


# ---- The sweep --------------------------------------------------------------------------------


def run_sweep(
    chapter: str,
    context: RunContext,
    runs: Sequence[Run],
    folder: Path,
    *,
    workers: int,
    scheduler: str | None = None,
    keep: bool = False,
    retry: bool = False,
    say: Say = print,
    watched: Watched | None = None,
) -> list[Record]:
    """Run what `folder` has no record of and return the records of all runs, in their order.

    A failed run is a record like another: it is run again only when `retry` says so. With `keep` the executed
    notebooks are written to `folder`/notebooks, by id. Raises CheckFailed when one of the `watched` files, from which the
    ids of the runs were made, changes: nobody knows which content a run has read then.
    """
    settings = {
        "project": str(context.project.root.resolve()),
        "edition": context.edition,
        "as_of": context.as_of,
        "audience": context.audience,
        "tables": {name: str(path.resolve()) for name, path in sorted(context.tables.items())},
        "limits": dict(context.limits),
        "chapter": chapter,
        "keep": keep,
    }
    by_id = {run.id: run for run in runs}
    with record_file(folder, chapter, say) as (records, add):
        jobs = [as_job(settings, run.id, run.values) for run in runs if _wanted(records.get(run.id), folder, run, keep, retry)]
        if len(jobs) < len(runs):
            known = {run.id for run in runs} - {job["id"] for job in jobs}
            failed = sum(records[i]["status"] != "ok" for i in known)
            retried = f", {failed} of them failed: --retry-failed runs those again" if failed else ""
            say(f"  {len(known)} of {len(runs)} runs are there already{retried}")
        if others := len(records.keys() - by_id.keys()):
            say(f"  not in the tables: {counted(others, 'recorded run')} of other parameters or data")
        progress = _Progress(len(jobs), say)
        outcomes = run_jobs(jobs, workers=min(workers, max(1, len(jobs))), scheduler=scheduler, say=say) if jobs else iter(())
        for job, outcome in outcomes:
            if watched is not None and (changed := watched.changed()):
                raise CheckFailed(
                    f"{context.project.shown(changed[0])} changed while the sweep ran; what ran at that time is not recorded. "
                    "Start the same command again."
                )
            notebook = outcome.pop("notebook", None)
            if notebook is not None:
                (folder / NOTEBOOKS).mkdir(exist_ok=True)
                replace_file(folder / NOTEBOOKS / f"{job['id']}.ipynb", notebook.encode("utf-8"))
            add({"id": job["id"], "chapter": chapter, "parameters": by_id[job["id"]].values, **outcome})
            progress.step(outcome["status"] == "ok")
        return [records[run.id] for run in runs]


def _wanted(record: Mapping[str, Any] | None, folder: Path, run: Run, keep: bool, retry: bool) -> bool:
    if record is None or (retry and record["status"] != "ok"):
        return True
    return keep and record["status"] == "ok" and not (folder / NOTEBOOKS / f"{run.id}.ipynb").is_file()


class _Progress:
    """Says how far a sweep is and how long the rest takes at the pace so far."""

    def __init__(self, total: int, say: Say) -> None:
        self.total, self.say = total, say
        self.done = self.failed = 0
        self.started = self.last = time.monotonic()

    def step(self, succeeded: bool) -> None:
        self.done += 1
        self.failed += not succeeded
        now = time.monotonic()
        if self.done == self.total or now - self.last >= PROGRESS_EVERY:
            self.last = now
            pace = (now - self.started) / self.done
            left = f"{duration(pace * (self.total - self.done))} left" if self.done < self.total else duration(now - self.started)
            failed = f", {self.failed} failed" if self.failed else ""
            self.say(f"  [{self.done}/{self.total}] {1 / pace if pace else 0:.1f} runs a second{failed}, {left}")


def duration(seconds: float) -> str:
    """Return a time in words: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
