"""Two commands at once, a cluster that loses a worker, kernels that misbehave, and a machine that lacks tools."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat

from decisionbook.cli import main
from decisionbook.editions.definition import find_edition
from decisionbook.editions.publish import publish
from decisionbook.errors import DecisionBookError

from ..editions.builds import contents, tiny_project
from ..runs.helpers import notebook_of
from . import child
from .bench import Bench, silent
from .child import Ended
from .trial import Setting, Skip

GRID = 6
_STEPS = ",".join(str(10 + n) for n in range(GRID))


def _both(
    folder: Path, one: child.Action, other: child.Action, delay: float, kill_after: float | None = None
) -> tuple[Ended, Ended]:
    """Run two actions at once, the second `delay` seconds later; with `kill_after` the first is killed then."""
    first = child.start(one, folder=folder / "one")
    time.sleep(delay)
    second = child.start(other, folder=folder / "other")
    ended = child.finish(first, folder / "one", kill_after=kill_after)
    return ended, child.finish(second, folder / "other")


def two_builds(setting: Setting) -> Iterator[list[str]]:
    """Build twice at once, and in every third trial kill the first: the other waits or takes over, and says so."""
    bench = Bench(setting.folder)
    build = ["--project", str(bench.project.root), "build"]
    with child.private_temp(bench.temp):
        for number in range(setting.count):
            before = bench.variant
            bench.turn()
            delay, kill = setting.random.uniform(0, 0.6), setting.random.uniform(0.3, 2.5) if number % 3 == 0 else None
            one, other = _both(setting.folder, lambda: main(build), lambda: main(build), delay, kill)
            losses = [f"a build ended with {e.code}: {e.said[-500:]}" for e in (one, other) if e.code not in (0, None)]
            if other.code != 0:
                losses.append("the build that was not killed did not succeed")
            told = one.said + other.said
            # A first one that was killed before it had the lock left nobody to wait for.
            met = one.code is not None or "chapters, as of" in one.said
            if met and not any(words in told for words in ("waiting for it", "taking over", "Nothing has changed")):
                losses.append(f"nobody says that there were two: {told[-500:]}")
            yield losses + child.orphans() + bench.check_standing(before) + bench.check_next_build() + bench.check_site()


def two_publishes(setting: Setting) -> Iterator[list[str]]:
    """Publish two editions, or one twice, to one site at once, from one project or from two."""
    project = tiny_project(setting.folder / "p")
    other_project = tiny_project(setting.folder / "q")
    wanted, site = setting.folder / "wanted", setting.folder / "site"
    for edition_id in ("2000.01", "2001.06"):
        publish(project, find_edition(project, edition_id), wanted, say=silent)
    for _ in range(setting.count):
        shutil.rmtree(site, ignore_errors=True)
        second = setting.random.choice((project, other_project))
        ids = setting.random.choice((("2000.01", "2001.06"), ("2001.06", "2000.01"), ("2001.06", "2001.06")))

        def act(which: int, ids: tuple[str, str] = ids, owner: tuple[object, object] = (project, second)) -> int:
            from_project = owner[which]
            try:
                publish(from_project, find_edition(from_project, ids[which]), site, say=silent)  # type: ignore[arg-type]
            except DecisionBookError as error:
                print(error)
                return error.exit_code
            return 0

        delay = setting.random.uniform(0, 0.05)
        ended = _both(setting.folder, lambda a=act: a(0), lambda a=act: a(1), delay)
        losses = [f"a publish ended with {e.code}: {e.said[-400:]}" for e in ended if e.code not in (0, 1)]
        clear = ("another publish is running", "taken by another")
        losses += [f"unclear: {e.said[-400:]}" for e in ended if e.code == 1 and not any(w in e.said for w in clear)]
        if all(e.code for e in ended):
            losses.append("neither of two publishes succeeded")
        for edition_id in ("2000.01", "2001.06"):
            publish(project, find_edition(project, edition_id), site, say=silent)
        losses += [] if contents(site) == contents(wanted) else ["the site is another than after one publish after the other"]
        yield losses + child.leftovers(site, project.build, other_project.build) + child.orphans()


def build_and_publish(setting: Setting) -> Iterator[list[str]]:
    """Publish to another site while a build replaces what is published: a whole edition or none, never a mixture."""
    bench = Bench(setting.folder)
    root = str(bench.project.root)
    site = bench.folder / "other site"
    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            before = bench.variant
            bench.turn()
            words = ["--project", root, "publish", "--rebuilt", "--site", str(site)]
            actions = (lambda: main(["--project", root, "build"]), lambda w=words: main(w))
            one, other = _both(setting.folder, *actions, setting.random.uniform(0, 1.5))
            losses = [] if one.code == 0 else [f"the build ended with {one.code}: {one.said[-500:]}"]
            if other.code not in (0, 1) or "Traceback" in other.said:
                losses.append(f"the publish ended with {other.code}: {other.said[-500:]}")
            if other.code == 0 and child.digest(site / bench.target.name) not in (
                bench.whole[before],
                bench.whole[bench.variant],
            ):
                losses.append("a mixture was published")
            shutil.rmtree(site, ignore_errors=True)
            yield losses + child.orphans() + bench.check_site() + bench.check_next_build()


def two_sweeps(setting: Setting) -> Iterator[list[str]]:
    """Sweep twice into one folder at once, with own data: one works undisturbed, the other says who works there."""
    bench = Bench(setting.folder)
    table = setting.folder / "observations.csv"
    shutil.copyfile(bench.project.data / "observations.csv", table)
    with child.private_temp(bench.temp):
        for number in range(setting.count):
            out = setting.folder / "sweep"
            words = [
                "--project",
                str(bench.project.root),
                "sweep",
                "alpha",
                "--grid",
                f"step={_STEPS}",
                "--workers",
                "1",
                "-o",
                str(out),
            ]
            words += ["-d", f"observations={table}"] if number % 2 else []
            ended = _both(setting.folder, lambda w=words: main(w), lambda w=words: main(w), setting.random.uniform(0.2, 1.0))
            codes = sorted(e.code if e.code is not None else -9 for e in ended)
            losses = [] if codes == [0, 1] else [f"the sweeps ended with {codes}: {ended[0].said[-300:]} {ended[1].said[-300:]}"]
            refused = next((e.said for e in ended if e.code == 1), "")
            if "another run or sweep is writing there" not in refused:
                losses.append(f"the refusal is unclear: {refused[-300:]}")
            records = _records(out)
            if len({str(r["id"]) for r in records}) != len(records) or len(records) != GRID:
                losses.append(f"{len(records)} records, wanted {GRID}")
            losses += child.orphans() + child.leftovers(out) + child.temp_left(bench.temp)
            shutil.rmtree(out, ignore_errors=True)
            yield losses


def _records(folder: Path) -> list[dict[str, object]]:
    path = folder / "runs.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


# ---- Dask -------------------------------------------------------------------------------------


def dying_worker(setting: Setting) -> Iterator[list[str]]:
    """Sweep on a Dask cluster of two workers and kill one of them on the way."""
    try:
        import distributed
    except ImportError:
        raise Skip("dask.distributed is not installed") from None
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
            with _cluster(address, setting.folder) as workers:
                _wait_for_workers(distributed, address)
                out = setting.folder / "sweep"
                words = ["--project", str(bench.project.root), "sweep", "alpha", "--grid", f"step={_STEPS}", "-o", str(out)]
                delay = setting.random.uniform(0.5, 3.0)
                log = setting.folder / "log"
                with log.open("w", encoding="utf-8") as handle:
                    command = [sys.executable, "-m", "decisionbook.cli", *words, "--scheduler", address]
                    run = subprocess.Popen(command, stdout=handle, stderr=subprocess.STDOUT)
                    while not _records(out) and run.poll() is None:
                        time.sleep(0.05)
                    time.sleep(delay / 10)
                    workers[0].kill()
                    code = run.wait(300)
            records = _records(out)
            losses = [] if code == 0 else [f"the sweep ended with {code}: {log.read_text(encoding='utf-8')[-500:]}"]
            if len({str(r["id"]) for r in records}) != len(records) or len(records) != GRID:
                losses.append(f"{len(records)} records, wanted {GRID}")
            shutil.rmtree(out, ignore_errors=True)
            yield losses + child.orphans()


@contextlib.contextmanager
def _cluster(address: str, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    base = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [*base, "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"]
    worker = [
        *base,
        "worker",
        address,
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--local-directory",
        str(folder / "dask"),
    ]
    started = [subprocess.Popen(command, **quiet) for command in (scheduler, worker, worker)]  # type: ignore[call-overload]
    try:
        yield started[1:]
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _wait_for_workers(distributed: object, address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), distributed.Client(address, timeout="5s", set_as_default=False) as client:  # type: ignore[attr-defined]
            client.wait_for_workers(2, timeout=60)
            return
    raise Skip("the Dask cluster did not start")


# ---- Kernels ----------------------------------------------------------------------------------

_BAD = {
    "hang": ("import time\ntime.sleep(3600)", "cell_seconds: 2"),
    "spin": ("while True:\n    pass", "cell_seconds: 2"),
    "flood": ("line = 'x' * 9999 + '\\n'\nfor _ in range(10_000):\n    print(line)", "output_mb: 5"),
    "allocate": ("kept = []\nwhile True:\n    kept.append(bytearray(b'1') * 20_000_000)", "memory_mb: 1024"),
    "die": ("import os\nos._exit(3)", "cell_seconds: 60"),
}
_DECLARED = """\
title: 坏章
title_en: A bad chapter
part: 数字产业
sources: ["000"]
data_until: 2022
status: current
parameters: {{}}
limits: {{{limit}}}
"""


def bad_kernels(setting: Setting) -> Iterator[list[str]]:
    """Run a chapter whose kernel hangs, spins, floods its output (100 MB), allocates without end, or dies."""
    bench = Bench(setting.folder)
    with child.private_temp(bench.temp):
        for number in range(setting.count):
            name = list(_BAD)[number % len(_BAD)]
            code, limit = _BAD[name]
            start = "from decisionbook import notebook as nb\np = nb.start('bad', globals())"
            nbformat.write(notebook_of("pass", start, code), bench.project.notebook("bad"))
            (bench.project.notebooks / "bad.yml").write_text(_DECLARED.format(limit=limit), encoding="utf-8")
            out = setting.folder / "run"
            ended = bench.command("run", "bad", "--no-page", "-o", str(out), timeout=120)
            losses = [] if ended.code == 1 else [f"{name} ended with {ended.code}: {ended.said[-500:]}"]
            named = limit.partition(":")[0]
            words = ("ended its kernel",) if name == "die" else (named,)
            if not any(word in ended.said for word in (*words, "MemoryError")) or "cell 3" not in ended.said:
                losses.append(f"{name}: the message does not say what happened: {ended.said[-500:]}")
            if "Traceback" in ended.said:
                losses.append(f"{name}: a traceback: {ended.said[-500:]}")
            (bench.project.notebooks / "bad.yml").unlink()
            bench.project.notebook("bad").unlink()
            shutil.rmtree(out, ignore_errors=True)
            bench.turn()
            yield losses + child.orphans() + bench.check_site() + bench.check_next_build()


def missing_tools(setting: Setting) -> Iterator[list[str]]:
    """Build, publish and verify where no program can be found (no Chromium, git, pdftotext) and hardly a variable is set."""
    bench = Bench(setting.folder)
    nothing = setting.folder / "no programs"
    nothing.mkdir()

    def prepare() -> None:
        kept = {name: os.environ[name] for name in ("TMPDIR", "PYTHONPATH") if name in os.environ}
        os.environ.clear()
        os.environ.update(kept, PATH=str(nothing))

    with child.private_temp(bench.temp):
        for _ in range(setting.count):
            bench.turn()
            shutil.rmtree(bench.project.build / "cache", ignore_errors=True)
            losses = []
            for words in (["build"], ["verify", str(bench.project.site)]):
                ended = bench.command(*words, prepare=prepare)
                losses += [] if ended.code == 0 else [f"{words[0]} ended with {ended.code}: {ended.said[-500:]}"]
            losses += [] if child.digest(bench.target) == bench.whole[bench.variant] else ["the build is another"]
            yield losses + child.orphans() + bench.check_site() + bench.check_next_build()
