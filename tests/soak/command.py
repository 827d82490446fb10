"""The command line of the soak trials, and which faults there are."""

from __future__ import annotations

import argparse
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import bench, child, disk, kills, load, together
from .report import REPORT, add_result, as_text, seeds_of, update_docs
from .trial import Fault, Result, Stopped, make

_WHOLE = "The published site keeps every byte, the last good build is wholly the old or the new one"
_NEXT = "the next build succeeds, equals an undisturbed one byte for byte and runs no notebook twice"
_SWEPT = "Every finished run was run once; a second start ends with the tables of an undisturbed sweep."

FAULTS = (
    Fault("build-kill", "`kill -9` of a build", f"{_WHOLE}; {_NEXT}.", 120, kills.build_kills),
    Fault("helper-kill", "`kill -9` of a kernel, the fork server or the drawing process of a build",
          f"{_WHOLE}; the message says what died; {_NEXT}.", 20, kills.helper_kills),
    Fault("sweep-kill", "`kill -9` of a sweep", _SWEPT, 40, kills.sweep_kills),
    Fault("worker-kill", "`kill -9` of a worker, a fork server or a kernel of a sweep",
          "The sweep ends by itself; with `--retry-failed` it is whole, and nothing good is run again.", 15, kills.worker_kills),
    Fault("cache-kill", "`kill -9` while the cache of runs is written",
          "An entry is whole or absent, never wrong; what is absent can be stored again.", 150, kills.cache_kills),
    Fault("publish-kill", "`kill -9` of a publish or a notice",
          "Published editions keep every byte; publishing again gives the site that was wanted.", 240, kills.publish_kills),
    Fault("full-disk", "disk full (a small file system)", f"{_WHOLE}; the message names the cause; with room, {_NEXT}.",
          20, disk.full_disk),
    Fault("failing-write", "one write, rename or removal refused (no room, no permission, broken disk)",
          f"{_WHOLE}; the message names the cause; {_NEXT}.", 40, disk.failing_write),
    Fault("read-only", "read-only file system", f"Build, publish, run and sweep say so and change nothing; afterwards {_NEXT}.",
          8, disk.read_only),
    Fault("damaged-cache", "entries of the cache cut short or changed",
          f"They are told, removed and never taken; a build runs their chapters again; {_NEXT}.", 60, disk.damaged_cache),
    Fault("damaged-site", "a published file cut short, changed, removed or added", "`verify` fails and names it.",
          60, disk.damaged_site),
    Fault("clock", "the clock jumps by up to twelve years, between builds and during one", f"{_WHOLE}; {_NEXT}.",
          20, disk.jumping_clock),
    Fault("two-builds", "two builds at once, in every third trial one of them killed",
          f"One waits and says for whom, or takes over; {_NEXT}.", 20, together.two_builds),
    Fault("two-publishes", "two publishes to one site at once, from one project or two",
          "One waits, or is refused by a message that names the other; the site is that of one after the other.",
          60, together.two_publishes),
    Fault("build-and-publish", "a publish while a build replaces what is published", "A whole edition or none, never a mixture.",
          10, together.build_and_publish),
    Fault("two-sweeps", "two sweeps into one folder at once", "One works undisturbed, the other says who is at work there.",
          8, together.two_sweeps),
    Fault("dying-worker", "a Dask worker killed during a sweep", "The other worker takes its runs; none is missing or run twice.",
          3, together.dying_worker),
    Fault("bad-kernel", "a kernel that hangs, spins, prints 100 MB, allocates without end, or dies",
          "It is ended, cell and limit are named, nothing outlives it.", 10, together.bad_kernels),
    Fault("missing-tools", "no program on the path: Chromium, git, pdftotext", "Build and verify work, byte for byte the same.",
          3, together.missing_tools),
)  # fmt: skip
LOADS = (
    Fault("many-runs", "A sweep of 10,000 light runs",
          f"A light run reads one table and records one finding. Nothing may grow: {load.FLAT}.", 1, load.many_runs),
    Fault("many-rows", "A procurement table of a million rows through the county chapter",
          "First a table without fault, then one with three, each of which is told with file, row, column and what was expected.",
          2, load.many_rows),
)  # fmt: skip
EVERYTHING = (*FAULTS, *LOADS)
ORDER = tuple(fault.name for fault in EVERYTHING)
TRIALS = sum(fault.share for fault in FAULTS)


# What `make test` keeps: together some 40 seconds. What other tests hold (sweeps, kernels, Dask, cache) is not repeated.
SHORT = {
    "build-kill": 1, "cache-kill": 6, "publish-kill": 10, "full-disk": 1, "failing-write": 1, "damaged-site": 6,
    "two-builds": 1, "two-publishes": 4,
}  # fmt: skip


def _chosen(options: argparse.Namespace) -> list[Fault]:
    named = [fault for fault in EVERYTHING if not options.only or fault.name in options.only]
    if options.short:
        return [fault for fault in named if fault.name in SHORT]
    return [fault for fault in named if fault in FAULTS or not options.no_load]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trials and return 1 when anything was lost, 130 when somebody stopped them, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description="Long trials of faults and loads; writes a report and the table in the docs."
    )
    parser.add_argument("--trials", type=int, metavar="N", help=f"faults in all (default: {TRIALS}, or the share of --only)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of all trials (default: 1)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", choices=ORDER, help="one kind of fault or load")
    parser.add_argument("--short", action="store_true", help="a few trials of most faults; no load")
    parser.add_argument("--no-load", action="store_true", help="faults only")
    parser.add_argument("--add", action="store_true", help="add to the trials in the report, of which each needs another seed")
    parser.add_argument("--report", type=Path, default=REPORT, metavar="FILE", help="where the JSON goes")
    options = parser.parse_args(arguments)
    chosen = _chosen(options)
    made = [fault.name for fault in chosen if options.add and options.seed in seeds_of(fault.name, options.report)]
    if made:
        parser.error(f"the report has the trials of seed {options.seed} already: {', '.join(made)}; name another --seed")
    shares = sum(fault.share for fault in chosen if fault in FAULTS) or 1
    child.adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM):  # in the background a shell has them ignored
        signal.signal(number, signal.default_int_handler)
    results: list[Result] = []
    stopped = False
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    bench.template = folder / "bench"
    try:
        for number, fault in enumerate(chosen, start=1):
            count = fault.share
            if options.short:
                count = SHORT[fault.name]
            elif options.trials and fault in FAULTS:
                count = max(1, round(fault.share * options.trials / shares))
            print(f"[{number}/{len(chosen)}] {fault.name}: {count} trial(s)", flush=True)
            try:
                results.append(make(fault, folder, count, options.seed, print))
            except Stopped as stop:
                results.append(stop.result)
                stopped = True
            if results[-1].trials or not stopped:
                add_result(results[-1], options.seed, options.report, more=options.add)
            print(as_text(results[-1:]), flush=True)
            if stopped:
                child.orphans()
                break
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.report == REPORT:
        update_docs(ORDER)
    print("\n" + as_text(results))
    return 130 if stopped else int(any(result.losses for result in results))
