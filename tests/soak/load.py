"""Loads: a sweep of many light runs watched for growth, and a procurement table of a million rows."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from . import child, smallbook
from .trial import Setting

RUNS = 10_000
ROWS = 1_000_000
FLAT = (
    "proportional memory and open files of all processes of the sweep together are, in the median over the last quarter of "
    "the time, at most a tenth above that over the second quarter"
)
_SAMPLE_EVERY = 5.0
# How many moments of a long sweep the report tells.
_MOMENTS = 10
_COUNTIES = 111
_COMMAND = [sys.executable, "-m", "decisionbook.cli"]


class Watch:
    """Samples of a process and all below it: memory (PSS, bytes), open files, and what `done` counts then."""

    def __init__(self, pid: int, done: Callable[[], int] = lambda: 0) -> None:
        self.process = psutil.Process(pid)
        self.done = done
        self.samples: list[tuple[float, int, int, int]] = []
        self.began = time.monotonic()

    def look(self) -> None:
        memory = files = 0
        with contextlib.suppress(psutil.Error):
            for process in [self.process, *self.process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error, OSError):
                    memory += _proportional(process.pid)
                    files += process.num_fds()
        if memory:
            self.samples.append((time.monotonic() - self.began, memory, files, self.done()))

    def medians(self, first: float, last: float) -> tuple[float, float]:
        """Return the medians of memory and of open files between two fractions of the time."""
        end = self.samples[-1][0]
        chosen = [s for s in self.samples if first * end <= s[0] <= last * end]
        return statistics.median(s[1] for s in chosen), statistics.median(s[2] for s in chosen)

    def over_time(self, moments: int = _MOMENTS) -> list[dict[str, int]]:
        """Return what was seen over equal parts of the time: its end in seconds, what was done by then, medians of the rest."""
        end = self.samples[-1][0]
        found = []
        for part in range(moments):
            inside = [s for s in self.samples if part * end / moments <= s[0] <= (part + 1) * end / moments]
            if inside:
                seen = [statistics.median(s[column] for s in inside) for column in (1, 2)]
                row = {"seconds": inside[-1][0], "runs": inside[-1][3], "memory, MB": seen[0] / 1e6, "open files": seen[1]}
                found.append({name: round(value) for name, value in row.items()})
        return found

    @property
    def peak(self) -> int:
        return max((s[1] for s in self.samples), default=0)


def _proportional(pid: int) -> int:
    """Return the memory of a process, what it shares counted in proportion; its resident memory where that is not told."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) * 1024  # type: ignore[index]
    except (OSError, TypeError):
        return int(psutil.Process(pid).memory_info().rss)


def watched(
    command: list[str],
    log: Path,
    every: float,
    say: Callable[[str], None] = lambda _: None,
    done: Callable[[], int] = lambda: 0,
) -> tuple[int, float, Watch]:
    """Run a command and return its exit code, its seconds and what was seen of it."""
    with log.open("w", encoding="utf-8") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
        watch, told = Watch(process.pid, done), started
        while process.poll() is None:
            watch.look()
            if time.monotonic() - told > 30:
                told = time.monotonic()
                say(log.read_text(encoding="utf-8").rstrip().rpartition("\n")[2])
            time.sleep(every)
        return process.returncode, time.monotonic() - started, watch


def many_runs(setting: Setting, runs: int = RUNS) -> Iterator[list[str]]:
    """Sweep one light chapter over many parameter sets and see that memory and open files stay flat."""
    project = smallbook.small_project(setting.folder / "p")
    table, out, log = setting.folder / "sets.csv", setting.folder / "out", setting.folder / "log"
    table.write_text("step\n" + "".join(f"{n}\n" for n in range(runs)), encoding="utf-8")
    smallbook.write_chapter(project, "light", smallbook.LIGHT)
    words = ["--project", str(project.root), "sweep", "light", "--table", str(table), "--workers", "2", "-o", str(out)]
    records = out / "runs.jsonl"

    def done() -> int:
        return records.read_bytes().count(b"\n") if records.is_file() else 0

    with child.private_temp(setting.folder / "t") as temp:
        code, seconds, watch = watched([*_COMMAND, *words], log, _SAMPLE_EVERY if runs > 1000 else 0.3, print, done)
        (early_memory, early_files), (late_memory, late_files) = watch.medians(0.25, 0.5), watch.medians(0.75, 1.0)
        setting.facts |= {
            "runs": runs, "seconds": round(seconds), "runs a second": round(runs / seconds, 1),
            "memory early, MB": round(early_memory / 1e6), "memory late, MB": round(late_memory / 1e6),
            "memory at most, MB": round(watch.peak / 1e6),
            "open files early": round(early_files), "open files late": round(late_files), "samples": len(watch.samples),
            "over time": watch.over_time(),
        }  # fmt: skip
        losses = [] if code == 0 else [f"the sweep ended with {code}: {log.read_text(encoding='utf-8')[-400:]}"]
        ids = [json.loads(line)["id"] for line in records.read_text(encoding="utf-8").splitlines()]
        losses += [] if len(ids) == len(set(ids)) == runs else [f"{len(ids)} records of {len(set(ids))} runs, wanted {runs}"]
        losses += [] if late_memory <= 1.1 * early_memory else ["memory grows"]
        losses += [] if late_files <= 1.1 * early_files else ["open files grow"]
        yield losses + child.orphans() + child.temp_left(temp)


# ---- A million rows ---------------------------------------------------------------------------


def write_procurement(
    path: Path, rows: int, seed: int, scenes: list[str], faults: dict[int, tuple[str, str]] | None = None
) -> None:
    """Write a procurement table; `faults` puts a cell (column, text) into a row, counted as a spreadsheet does."""
    choose = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["year", "county", "project", "scene", "amount"])
        columns = ["year", "county", "project", "scene", "amount"]
        for number in range(2, rows + 2):
            scene = choose.choice(scenes) if choose.random() < 0.4 else ""
            row = [str(choose.randint(2020, 2024)), f"县{choose.randrange(_COUNTIES):03d}", f"项目{number}", scene]
            row.append(f"{choose.lognormvariate(4, 1.2):.2f}")
            if faults and number in faults:
                column, text = faults[number]
                row[columns.index(column)] = text
            writer.writerow(row)


def scene_names(root: Path) -> list[str]:
    """Return the names of scenes that the project's own table gives as examples."""
    with (root / "data" / "county_scenes.csv").open(encoding="utf-8", newline="") as handle:
        return sorted({name for row in csv.DictReader(handle) for name in row["examples"].split(";")})


def many_rows(setting: Setting, rows: int = ROWS) -> Iterator[list[str]]:
    """Run the county chapter on a procurement table of many rows; then with three faults, each of which must be named."""
    root = smallbook.ROOT
    scenes = scene_names(root)
    table, out = setting.folder / "big.csv", setting.folder / "out"
    write_procurement(table, rows, 1, scenes)
    words = [
        "--project",
        str(root),
        "run",
        "county_smart_cities",
        "-d",
        f"procurement_records={table}",
        "-o",
        str(out),
        "--no-page",
    ]
    with child.private_temp(setting.folder / "t") as temp:
        log = setting.folder / "log"
        code, seconds, watch = watched([*_COMMAND, *words], log, 0.2)
        said = log.read_text(encoding="utf-8")
        setting.facts |= {
            "rows": rows, "size, MB": round(os.path.getsize(table) / 1e6), "seconds": round(seconds, 1),
            "memory at most, MB": round(watch.peak / 1e6),
        }  # fmt: skip
        losses = [] if code == 0 else [f"the run ended with {code}: {said[-600:]}"]
        if code == 0 and f"{rows} rows in the place of" not in said:
            losses.append("the run does not say how many rows it took")
        yield losses + child.orphans() + child.temp_left(temp)
        last = rows + 1
        faults = {last // 3: ("amount", "12万"), last // 2: ("year", ""), last: ("amount", "-5")}
        write_procurement(table, rows, 1, scenes, faults)
        code, seconds, watch = watched([*_COMMAND, *words], log, 0.2)
        said = log.read_text(encoding="utf-8")
        setting.facts |= {"seconds until faults are told": round(seconds, 1), "memory then, MB": round(watch.peak / 1e6)}
        losses = [] if code == 2 else [f"a table with faults ended with {code}: {said[-600:]}"]
        for number, (column, text) in faults.items():
            told = [line for line in said.splitlines() if f"row {number}, column {column}" in line and (text or "empty") in line]
            losses += [] if told else [f"the fault in row {number} is not told: {said[-600:]}"]
        yield losses + child.orphans()
