"""A sweep against papermill on the same parameter sets, and what the sweep holds in memory and descriptors over time."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from measure import Rows, command, row

CHAPTER, PARAMETER, LOWEST, HIGHEST = "industry_revenue_share", "growth", 0.0, 40.0
# What stock tools take grows by the run, so a sample of them is enough.
SAMPLE = 20
EVERY_SECONDS = 0.5
BARS = "▁▂▃▄▅▆▇█"
# The median of the last fifth may exceed that of the second by this much: noise of an allocator, not a leak by the run.
FLAT_SHARE, FLAT_MB, FLAT_FILES = 0.05, 8.0, 2.0
_API = """
import sys, time, multiprocessing, papermill
def work(pair):
    papermill.execute_notebook(sys.argv[1], f"{sys.argv[2]}/{pair[0]}.ipynb", {sys.argv[3]: pair[1]}, progress_bar=False,
                               cwd=sys.argv[4])
if __name__ == "__main__":
    pairs = list(enumerate(map(float, sys.argv[6:])))
    with multiprocessing.get_context("fork").Pool(int(sys.argv[5])) as pool:
        started = time.perf_counter()
        pool.map(work, pairs, chunksize=1)
        print(time.perf_counter() - started)
"""


def values(count: int) -> list[float]:
    """Return so many values of the parameter, evenly over its range."""
    step = (HIGHEST - LOWEST) / count
    return [round(LOWEST + step * n, 4) for n in range(count)]


def measure_sweeps(folder: Path, project: Path, count: int, table: Rows) -> None:
    """Print the ratios of a sweep of `count` runs at 1 and 2 workers, and its memory and descriptors over time."""
    sets = folder / "sets.csv"
    sets.write_text("\n".join([PARAMETER, *map(str, values(count))]) + "\n", encoding="utf-8")
    size = min(SAMPLE, count)
    print(f"sweep: {count} runs of {CHAPTER}; stock is measured on {size} of them and multiplied by {count / size:g}")
    for workers in (1, 2):
        stock = {name: run(folder, project, size, workers) * count / size for name, run in (("CLI", by_cli), ("API", by_api))}
        seconds, samples = ours(project, sets, folder / f"sweep-{workers}", workers, count)
        for name, taken in stock.items():
            row(table, f"sweep of {count}, {workers} at a time, against papermill's {name}", taken, seconds)
        print_samples(samples)


def by_cli(folder: Path, project: Path, size: int, workers: int) -> float:
    """Return the seconds of papermill's command line, so many at a time."""
    source = project / "notebooks" / f"{CHAPTER}.ipynb"
    line = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(source.parent), str(source)]
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for done in [
            pool.submit(command, [*line, str(folder / f"cli-{n}.ipynb"), "-p", PARAMETER, str(value)], project)
            for n, value in enumerate(values(size))
        ]:
            done.result()
    return time.perf_counter() - started


def by_api(folder: Path, project: Path, size: int, workers: int) -> float:
    """Return the seconds of papermill's function in as many processes, without their start and imports."""
    source = project / "notebooks" / f"{CHAPTER}.ipynb"
    script = folder / "api.py"
    script.write_text(_API, encoding="utf-8")
    line = [sys.executable, str(script), str(source), str(folder), PARAMETER, str(source.parent), str(workers)]
    return float(command([*line, *map(str, values(size))], project)[1].split()[-1])


def ours(project: Path, sets: Path, out: Path, workers: int, count: int) -> tuple[float, list[tuple[float, int]]]:
    """Return the seconds of the sweep command, start to page, and samples of its megabytes and descriptors."""
    words = ["sweep", CHAPTER, "--table", str(sets), "--workers", str(workers), "-o", str(out)]
    line = [sys.executable, "-m", "decisionbook.cli", "--project", str(project), *words]
    samples: list[tuple[float, int]] = []
    with (out.parent / "sweep.log").open("w+", encoding="utf-8") as log:
        started = time.perf_counter()
        process = subprocess.Popen(line, cwd=project, stdout=log, stderr=log)
        while process.poll() is None:
            # From the first result to the last: before and after it is the start and the page that are seen.
            if 0 < results(out) < count and (sample := lasting(process.pid)):
                samples.append(sample)
            time.sleep(EVERY_SECONDS)
        seconds = time.perf_counter() - started
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(words)}\n{log.read()[-3000:]}")
    return seconds, samples


def results(out: Path) -> int:
    """Return how many runs of a sweep have ended."""
    path = out / "runs.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def lasting(pid: int) -> tuple[float, int] | None:
    """Return megabytes and descriptors of what lives as long as the sweep: command, workers, fork servers, drawing.

    Kernels come and go: what they hold ends with them.
    """
    megabytes, files = 0.0, 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            # A kernel is younger than a second most of the time; nothing that lasts is.
            if process.pid == pid or time.time() - process.create_time() > 5:
                megabytes += process.memory_info().rss / 1e6
                files += process.num_fds()
    except psutil.Error:
        return None  # a process ended while it was looked at
    return megabytes, files


def print_samples(samples: list[tuple[float, int]]) -> None:
    """Print memory and descriptors over time, each with a verdict by the stated rule."""
    rule = f"median of the last fifth against the second: at most {FLAT_SHARE:.0%} and {FLAT_MB:g} MB, {FLAT_FILES:g} files more"
    if len(samples) < 20:
        print(f"    {len(samples)} samples of memory are too few for a verdict; sweep more")
        return
    memory, files = [m for m, _ in samples], [float(f) for _, f in samples]
    for name, series, allowed in (
        ("MB", memory, max(FLAT_MB, FLAT_SHARE * fifth(memory, 2))),
        ("files", files, FLAT_FILES),
    ):
        grown = fifth(series, 5) - fifth(series, 2)
        verdict = "flat" if grown <= allowed else f"GROWS by {grown:.0f}"
        print(f"    {name:5} {sparkline(series)} {min(series):.0f} to {max(series):.0f}: {verdict}")
    print(f"    ({rule})")


def fifth(series: list[float], number: int) -> float:
    """Return the median of the first, second, … fifth of a series."""
    step = len(series) // 5
    return statistics.median(series[step * (number - 1) : step * number])


def sparkline(series: list[float], width: int = 40) -> str:
    """Return a series as bars of text, from zero, so that a small change looks small."""
    width = min(width, len(series))
    edges = [len(series) * n // width for n in range(width + 1)]
    top = max(series) or 1.0
    medians = [statistics.median(series[low:high]) for low, high in itertools.pairwise(edges)]
    return "".join(BARS[round(value / top * (len(BARS) - 1))] for value in medians)
