"""kill -9 at random moments, and right before random steps on the disk, of build, sweep, cache write and publish."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import nbformat

from decisionbook.data.context import RunContext
from decisionbook.data.reads import Reads
from decisionbook.editions import steps
from decisionbook.editions.definition import find_edition
from decisionbook.editions.publish import add_erratum, publish, records_folder
from decisionbook.editions.recovery import recover
from decisionbook.editions.verify import verify
from decisionbook.project import Project
from decisionbook.runs.cache import RunCache

from ..editions.builds import contents, tiny_project
from ..runs.helpers import notebook_of
from . import child, smallbook
from .bench import Bench, silent
from .child import Ended, digest
from .trial import Setting

GRID = 6
# How a message says that a process went away under a run.
_DEATH = ("died", "ended its kernel")


def build_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill a build that has something to do; every fifth one has to run its notebooks too."""
    bench, done = Bench(setting.folder), 0
    with child.private_temp(bench.temp):
        while done < setting.count:
            before = bench.variant
            bench.turn()
            if setting.random.random() < 0.2:
                shutil.rmtree(bench.project.build / "cache", ignore_errors=True)
            typical = statistics.median(bench.seconds[-9:])
            how: dict[str, object] = {"kill_after": setting.random.uniform(0.02, 1.3) * typical}
            if setting.random.random() < 0.5:
                how = {"kill_at": setting.random.randint(1, bench.steps)}
            ended = bench.build(**how)
            if ended.code is not None and ended.code != 0:
                yield [f"an undisturbed build ended with {ended.code}: {ended.said[-600:]}"]
                done += 1
                continue
            losses = child.orphans() + bench.check_site() + bench.check_standing(before)
            losses += bench.check_next_build() + bench.check_site()
            if ended.code is None:
                done += 1
                yield [f"{loss} (killed {how})" for loss in losses]
            elif losses:
                yield losses
        setting.facts["seconds of a build"] = round(statistics.median(bench.seconds), 2)


def helper_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill one of the processes that a build starts: the fork server, a kernel, the process that draws."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            before = bench.variant
            bench.turn()
            shutil.rmtree(bench.project.build / "cache", ignore_errors=True)
            ended = bench.build(meanwhile=lambda pid: _kill_one_below(pid, setting.random, 0.9))
            losses = [] if ended.code in (0, 1) else [f"the build ended with {ended.code}: {ended.said[-600:]}"]
            if ended.code and not any(words in ended.said for words in _DEATH):
                losses.append(f"nothing says that a kernel died: {ended.said[-300:]}")
            losses += child.orphans() + bench.check_site() + bench.check_standing(before) + bench.check_next_build()
            yield losses


def _kill_one_below(pid: int, random: Random, longest: float) -> None:
    """Wait a moment, then kill one of the processes below `pid`, if there is one."""
    time.sleep(random.uniform(0.05, longest))
    below = [p for p in child.descendants() if p != pid]
    if below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(below), signal.SIGKILL)


# ---- Sweeps -----------------------------------------------------------------------------------


def _records(folder: Path) -> list[dict[str, object]]:
    path = folder / "runs.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _sweep(bench: Bench, out: Path, *more: str, workers: int = 2, **how: object) -> Ended:
    steps_ = ",".join(str(10 + n) for n in range(GRID))
    return bench.command("sweep", "alpha", "--grid", f"step={steps_}", "--workers", str(workers), "-o", str(out), *more, **how)


def sweep_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill a sweep, start it again: every finished run was run once, and the tables are those of an undisturbed sweep."""
    bench, done = Bench(setting.folder), 0
    with child.private_temp(bench.temp):
        whole = bench.folder / "whole"
        first = _sweep(bench, whole)
        if first.code:
            yield [f"an undisturbed sweep ended with {first.code}: {first.said[-600:]}"]
            return
        typical, wanted = first.seconds, (whole / "results.csv").read_bytes()
        while done < setting.count:
            out = bench.folder / "sweep"
            # A worker more costs some seconds of a processor: most trials do with one.
            workers = setting.random.choice((1, 1, 2))
            ended = _sweep(bench, out, workers=workers, kill_after=setting.random.uniform(0.1, 1.05) * typical)
            if ended.code is None:
                done += 1
            losses = child.orphans()
            there = len(_records(out))
            again = _sweep(bench, out, workers=workers)
            records = _records(out)
            if again.code != 0:
                losses.append(f"the second start ended with {again.code}: {again.said[-600:]}")
            elif (out / "results.csv").read_bytes() != wanted:
                losses.append("the tables are others than those of an undisturbed sweep")
            if len({r["id"] for r in records}) != len(records):
                losses.append("a run was run twice")
            if there and f"{there} of {GRID} runs are there already" not in again.said:
                losses.append(f"{there} records, but: {again.said[:300]}")
            losses += child.orphans() + child.leftovers(out) + child.temp_left(bench.temp) + bench.check_site()
            typical = 0.8 * typical + 0.2 * (again.seconds if not there else typical)
            shutil.rmtree(out)
            if ended.code is None or losses:
                yield losses


def worker_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill a worker, fork server or kernel of a sweep: the sweep ends by itself, and a retry makes it whole."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        out = bench.folder / "sweep"
        for _ in range(setting.count):
            ended = _sweep(bench, out, meanwhile=lambda pid: _kill_one_below(pid, setting.random, 3.0))
            losses = [] if ended.code in (0, 1) else [f"the sweep ended with {ended.code}: {ended.said[-600:]}"]
            good = {str(r["id"]) for r in _records(out) if r["status"] == "ok"}
            failed = [str(r["error"]) for r in _records(out) if r["status"] != "ok"]
            losses += [f"unclear: {error}" for error in failed if not any(words in error for words in _DEATH)]
            again = _sweep(bench, out, "--retry-failed")
            if again.code != 0:
                losses.append(f"the retry ended with {again.code}: {again.said[-600:]}")
            ids = [str(r["id"]) for r in _records(out) if r["status"] == "ok"]
            if len(ids) != GRID or len(set(ids)) != GRID or not good <= set(ids):
                losses.append(f"{len(ids)} good records of {len(set(ids))} runs, wanted {GRID}")
            losses += child.orphans() + child.temp_left(bench.temp)
            shutil.rmtree(out)
            yield losses


# ---- Cache ------------------------------------------------------------------------------------


def cache_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill a process that writes results into the cache: an entry is whole or absent, and none is ever wrong."""
    project = smallbook.small_project(setting.folder / "p")
    context = RunContext(project, smallbook.EDITION, "2024-09-30")
    plain = notebook_of("step = 1", "nb.show()")
    executed = nbformat.from_dict(plain)
    text = "".join(f"{number:09d}\n" for number in range(60_000))
    executed.cells[1]["outputs"] = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    reads = Reads(("observations",), ("decisionbook.notebook",))
    keys = {n: RunCache(context, say=silent).key("alpha", plain, {"step": n}) for n in range(3)}

    def write() -> int:
        cache = RunCache(context, say=silent)
        for n, key in keys.items():
            cache.store("alpha", {"step": n}, key, executed, reads)
        return 0

    first = child.run(write, folder=setting.folder / "out")
    for _ in range(setting.count):
        shutil.rmtree(project.cached_runs)
        ended = None
        while ended is None or ended.code is not None:  # one that was quicker than its kill is no trial
            shutil.rmtree(project.cached_runs, ignore_errors=True)
            if setting.random.random() < 0.5:
                ended = child.run(write, folder=setting.folder / "out", kill_at=setting.random.randint(1, first.steps))
            else:
                after = setting.random.uniform(0, 1.1) * first.seconds
                ended = child.run(write, folder=setting.folder / "out", kill_after=after)
        said: list[str] = []
        cache = RunCache(context, say=said.append)
        losses = []
        for key in keys.values():
            found = cache.find(key, plain)
            if found is not None and found.cells[1].outputs[0].text != text:
                losses.append("an entry is not what was stored")
        losses += [f"the cache was damaged: {line}" for line in said]
        recover(project, project.build / "book" / smallbook.EDITION, project.build / "work" / smallbook.EDITION, silent)
        write()
        losses += [] if all(cache.find(key, plain) for key in keys.values()) else ["an entry cannot be stored again"]
        yield losses + child.leftovers(project.build) + child.orphans()


# ---- Publish ----------------------------------------------------------------------------------


def publish_kills(setting: Setting) -> Iterator[list[str]]:
    """Kill a publish or a notice: the published editions are whole, and publishing again gives what was wanted."""
    project, base = tiny_project(setting.folder / "p"), setting.folder / "base"
    old, new = (find_edition(project, edition_id) for edition_id in ("2000.01", "2001.06"))
    publish(project, old, base, say=silent)
    records = contents(records_folder(project))
    wanted = setting.folder / "wanted"
    shutil.copytree(base, wanted)
    publish(project, new, wanted, say=silent)
    before, site = digest(base / "2000.01"), setting.folder / "site"
    longest = 0.0
    for _ in range(setting.count):
        notice = setting.random.random() < 0.2
        ended: Ended | None = None
        while ended is None or ended.code is not None:
            _restore(project, records)
            shutil.rmtree(site, ignore_errors=True)
            shutil.copytree(base, site)
            ended = _killed_publish(setting, project, site, notice, longest or 0.2)
            if ended.code is not None:
                longest = ended.seconds
        report = verify(site)
        losses = [f"the site is not whole: {problem}" for problem in report.problems]
        losses += [] if digest(site / "2000.01") == before else ["a published edition changed"]
        if notice:
            add_erratum(project, "2000.01", site, "有误。", "2026-12-01", silent)
            losses += [] if digest(site / "2000.01") == before else ["a notice changed the edition"]
        else:
            publish(project, new, site, say=silent)
            losses += [] if contents(site) == contents(wanted) else ["publishing again gives another site"]
            losses += [] if (records_folder(project) / "2001.06.json").is_file() else ["the record is missing"]
        yield losses + child.orphans() + child.leftovers(site, project.build)


def _restore(project: Project, records: dict[str, bytes]) -> None:
    folder = records_folder(project)
    for path in folder.iterdir():
        if path.name not in records:
            path.unlink()
    for name, content in records.items():
        (folder / name).write_bytes(content)


def _killed_publish(setting: Setting, project: Project, site: Path, notice: bool, longest: float) -> Ended:
    new = find_edition(project, "2001.06")

    def act() -> int:
        if notice:
            add_erratum(project, "2000.01", site, "有误。", "2026-12-01", silent)
        else:
            publish(project, new, site, say=silent)
        return 0

    folder, random = setting.folder / "out", setting.random
    kind = random.choice(("time", "step", "checkpoint"))
    if kind == "time":
        return child.run(act, folder=folder, kill_after=random.uniform(0, longest))
    if kind == "step":
        return child.run(act, folder=folder, kill_at=random.randint(1, 20 if notice else 70))
    at = random.randint(1, 8 if notice else 40)

    def prepare() -> None:
        count = 0

        def checkpoint(_: str) -> None:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

        steps.checkpoint = checkpoint

    return child.run(act, folder=folder, prepare=prepare)
