"""A short, seeded part of the soak trials: one process makes a few of each fault; nothing may be lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from decisionbook.editions.lock import building, locked
from decisionbook.errors import CheckFailed

from ..runs.helpers import within
from . import child, smallbook
from .command import ORDER, SHORT, main
from .report import BEGIN, DOCS, END, add_result, read_report, tables
from .trial import Fault, Result, Setting, Stopped, make

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted and counted through Linux")
SEED = 8


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a short run."""
    report = tmp_path_factory.mktemp("soak") / "report.json"
    words = [sys.executable, "-m", "tests.soak", "--short", "--seed", str(SEED), "--report", str(report)]
    ended = subprocess.run(words, cwd=smallbook.ROOT, capture_output=True, text=True, check=False)
    assert report.is_file(), ended.stdout + ended.stderr
    return json.loads(report.read_text(encoding="utf-8"))["faults"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_nothing_is_lost_by(name: str, short: dict[str, Any]) -> None:
    result = short[name]
    if result["skipped"]:
        pytest.skip(result["skipped"])
    assert result["losses"] == []
    assert result["trials"] >= SHORT[name]


def test_the_committed_report_is_without_losses_and_is_what_the_docs_say() -> None:
    found = read_report()["faults"]
    assert set(found) <= set(ORDER)
    assert [loss for result in found.values() for loss in result["losses"]] == []
    killed = sum(result["trials"] for name, result in found.items() if name.endswith("-kill"))
    assert killed >= 500
    text = DOCS.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == tables(read_report(), ORDER)


def test_a_report_is_made_in_pieces_and_no_piece_counts_twice(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    first = Result("build-kill", "t", "r", trials=3, losses=["trial 2: gone"], seconds=2.0, facts={"a": 1, "b": 1})
    add_result(first, 1, report)
    add_result(Result("clock", "t", "r", trials=7), 1, report)
    add_result(Result("build-kill", "t", "r", trials=4, seconds=1.5, facts={"b": 2}), 2, report, more=True)
    row = read_report(report)["faults"]["build-kill"]
    assert (row["trials"], row["losses"], row["seconds"]) == (7, ["trial 2: gone"], 3.5)
    assert (row["seed"], row["facts"]) == ([1, 2], {"a": 1, "b": 2})
    assert read_report(report)["faults"]["clock"]["trials"] == 7
    with pytest.raises(ValueError, match="seed 2"):
        add_result(first, 2, report, more=True)
    with pytest.raises(SystemExit):
        main(["--only", "clock", "--add", "--seed", "1", "--report", str(report)])
    add_result(first, 2, report)
    assert read_report(report)["faults"]["build-kill"]["trials"] == 3


def test_a_series_of_a_load_becomes_a_table_of_its_own() -> None:
    moments = [{"seconds": 5, "runs": 10}, {"seconds": 10, "runs": 2000}]
    row = {"title": "A load", "rule": "It is flat.", "losses": [], "facts": {"runs": 2000, "over time": moments}}
    text = tables({"faults": {"many-runs": row}}, ORDER)
    assert "| runs | 2,000 |" in text
    assert "| seconds | runs |\n| ---: | ---: |\n| 5 | 10 |\n| 10 | 2,000 |" in text


# ---- The harness sees what it looks for -------------------------------------------------------


def test_a_trial_that_raises_is_a_loss(tmp_path: Path) -> None:
    def broken(setting: Setting) -> Any:
        yield []
        yield ["gone"]
        raise ValueError("harness")

    result = make(Fault("x", "x", "x", 3, broken), tmp_path, 3, 1, lambda _: None)
    assert result.trials == 2
    assert result.losses[0] == "trial 2: gone"
    assert "ValueError: harness" in result.losses[1]


def test_trials_that_were_made_before_a_stop_count(tmp_path: Path) -> None:
    def interrupted(setting: Setting) -> Any:
        yield []
        yield ["gone"]
        raise KeyboardInterrupt

    with pytest.raises(Stopped) as stopped:
        make(Fault("x", "x", "x", 9, interrupted), tmp_path, 9, 1, lambda _: None)
    assert (stopped.value.result.trials, stopped.value.result.losses) == (2, ["trial 2: gone"])


def test_an_orphan_and_half_written_files_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "from tests.soak import child\n"
        "from pathlib import Path\n"
        "child.PATIENCE = 0.3\n"
        "child.adopt_orphans()\n"
        "start = lambda: subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']) and 0\n"
        f"ended = child.run(start, folder=Path({str(tmp_path)!r}))\n"
        "print(ended.code, len(child.orphans()), len(child.descendants()))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=smallbook.ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["0", "1", "0"] or said.split() == ["0", "1", "1"]
    for name in (".2024.09.new", ".staging-x", ".new-abc", ".publish.lock.12", "index.html"):
        (tmp_path / "site" / name).mkdir(parents=True)
    assert len(child.leftovers(tmp_path / "site")) == 4


def test_a_kill_falls_before_the_named_step(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()

    def act() -> int:
        for number in range(5):
            (target / str(number)).write_text("x", encoding="utf-8")
        return 0

    free = child.run(act, folder=tmp_path / "out")
    assert (free.code, free.steps) == (0, 5)
    for path in target.iterdir():
        path.unlink()
    assert child.run(act, folder=tmp_path / "out", kill_at=3).code is None
    assert sorted(p.name for p in target.iterdir()) == ["0", "1"]
    assert child.run(act, folder=tmp_path / "out", kill_after=Random(1).uniform(30, 40)).code == 0


# ---- Locks ------------------------------------------------------------------------------------


def test_a_lock_whose_number_is_another_process_by_now_is_taken_over(tmp_path: Path) -> None:
    """In a container the numbers begin anew: the number of the killed publish may be this very process."""
    from decisionbook.editions import lock

    dead = {**lock._this_process(), "started": "an-earlier-start/12345"}
    (tmp_path / lock.LOCK).write_text(json.dumps(dead), encoding="utf-8")
    (tmp_path / f"{lock.LOCK}.{os.getpid()}").write_text(json.dumps(dead), encoding="utf-8")
    said: list[str] = []
    with locked(tmp_path, said.append):
        assert any("taking over" in line for line in said)
        with pytest.raises(CheckFailed, match="another publish is running"), locked(tmp_path, said.append):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_build_waits_for_another_and_says_for_whom(tmp_path: Path) -> None:
    from threading import Event, Thread

    from decisionbook.project import Project

    project, said, inside, leave, done = Project(tmp_path), [], Event(), Event(), Event()  # type: ignore[var-annotated]

    def first() -> None:
        with building(project, lambda _: None):
            inside.set()
            leave.wait(30)

    def second() -> None:
        with building(project, said.append):
            done.set()

    threads = [Thread(target=first), Thread(target=second)]
    threads[0].start()
    assert inside.wait(30)
    threads[1].start()
    assert within(30, lambda: bool(said))
    assert not done.is_set()
    leave.set()
    for thread in threads:
        thread.join(30)
    assert done.is_set()
    assert f"process {os.getpid()}" in said[0]
    assert "waiting for it" in said[0]
