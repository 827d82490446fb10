"""Records and tables of sweeps: whole or not at all, of one state of the project, none lost when a worker dies."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from decisionbook.data.context import RunContext
from decisionbook.data.known import AUDIENCES
from decisionbook.data.reads import Watched
from decisionbook.errors import CheckFailed, InputError
from decisionbook.project import Project
from decisionbook.runs import dependencies, engines
from decisionbook.runs import sweep as sweep_module
from decisionbook.runs.sweep import Run, digest_of_inputs, input_files, record_file, run_sweep
from decisionbook.runs.sweep_results import write_results

from ..conftest import copy_project
from .deaths import dies_once
from .helpers import records, within


def test_records_survive_a_cut_off_line_and_refuse_another_sweep(tmp_path: Path) -> None:
    said: list[str] = []
    with record_file(tmp_path, "tiny", said.append) as (_, add):
        add({"id": "a", "chapter": "tiny", "text": "值\n二"})
        with pytest.raises(InputError, match="another sweep"), record_file(tmp_path, "tiny", said.append):
            pass
    with (tmp_path / "runs.jsonl").open("ab") as handle:
        handle.write(b'{"id":"b","cha')
    with record_file(tmp_path, "tiny", said.append) as (found, add):
        assert list(found) == ["a"]
        add({"id": "c", "chapter": "tiny"})
    assert len(said) == 1
    assert [r["id"] for r in records(tmp_path)] == ["a", "c"]
    with pytest.raises(InputError, match="runs of tiny"), record_file(tmp_path, "other", said.append):
        pass


def test_a_record_that_does_not_fit_on_the_disk_leaves_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = os.write, [40]

    def nearly_full(descriptor: int, line: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken, left[0] = min(left[0], len(line)), max(0, left[0] - len(line))
        return write(descriptor, line[:taken])

    with record_file(tmp_path, "tiny", print) as (found, add):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", nearly_full)
            add({"id": "a", "chapter": "tiny"})
            with pytest.raises(OSError, match=r"runs\.jsonl"):
                add({"id": "b", "chapter": "tiny"})
        add({"id": "c", "chapter": "tiny"})
        assert list(found) == ["a", "c"]
    assert [r["id"] for r in records(tmp_path)] == ["a", "c"]


def sweep_of(project: Project, folder: Path, *steps: int, say: Callable[[str], None] = print, **more: Any) -> list[Any]:
    """Sweep over steps in which nothing is executed: what a run gives is up to the test."""
    runs = [Run(n, {"step": step}, {"step": step}, f"r{step}") for n, step in enumerate(steps, start=1)]
    return run_sweep("tiny", RunContext(project, "2024.09", "2024-09-30"), runs, folder, workers=1, say=say, **more)


def test_what_runs_while_a_file_changes_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ids of its records were made from the content before; it need not be another one by the end."""
    project, out = copy_project(tmp_path / "project"), tmp_path / "out"
    units = project.data / "units.csv"

    def run(jobs: list[engines.Job], **_: object) -> Iterator[tuple[engines.Job, engines.Outcome]]:
        for number, job in enumerate(jobs):
            if number == 1:
                units.write_bytes(units.read_bytes())
            yield job, {"status": "ok", "seconds": 0.1, "findings": {}}

    monkeypatch.setattr(sweep_module, "run_jobs", run)
    with pytest.raises(CheckFailed, match=r"data/units\.csv changed while the sweep ran.* Start the same command again"):
        sweep_of(project, out, 1, 2, 3, watched=Watched(input_files(project, "tiny")))
    assert [r["id"] for r in records(out)] == ["r1"]


def test_records_that_are_used_again_or_left_aside_are_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(jobs: list[engines.Job], **_: object) -> Iterator[tuple[engines.Job, engines.Outcome]]:
        for job in jobs:
            yield job, engines.failure("too slow") if job["id"] == "r2" else {"status": "ok", "seconds": 0.1, "findings": {}}

    monkeypatch.setattr(sweep_module, "run_jobs", run)
    said: list[str] = []
    sweep_of(project, tmp_path, 1, 2, say=said.append)
    assert not any("retry" in line or "not in" in line for line in said)
    sweep_of(project, tmp_path, 2, 3, say=said.append)
    assert "  1 of 2 runs are there already, 1 of them failed: --retry-failed runs those again" in said
    assert "  not in the tables: 1 recorded run of other parameters or data" in said


def test_no_table_of_a_sweep_has_a_head_twice(tmp_path: Path) -> None:
    import duckdb

    values = {"years": 2.0, "unit": "甲", "Status": "乙"}
    found = {name: {"value": 1.0, "unit": "年", "low": None, "high": None} for name in ("years", "seconds", "YEARS", "share")}
    record = {"findings": found, "status": "ok", "seconds": 0.5}
    assert len(write_results([Run(1, values, values, "a")], [record], tmp_path)) == 3
    heads = (tmp_path / "runs.csv").read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    assert heads == [
        "run", "years", "unit_parameter", "Status_parameter", "status", "seconds",
        "years_finding", "seconds_finding", "YEARS_finding_finding", "share",
    ]  # fmt: skip
    typed = duckdb.sql(f"SELECT years, unit_parameter, unit FROM '{tmp_path / 'results.parquet'}'").fetchall()
    assert typed == [(2.0, "甲", "年")] * 4


def test_tables_of_a_sweep_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"findings": {}, **engines.failure("no")}
    write_results([Run(1, {"a": 1}, {"a": 1}, "a")], [failed], tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in before:
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", lambda a, b, name=name: full() if Path(b).name == name else shutil.move(a, b))
            with pytest.raises(OSError, match="No space"):
                write_results([Run(1, {"a": 2}, {"a": 2}, "b")], [failed], tmp_path)
        assert (tmp_path / name).read_bytes() == before[name]
    assert {p.name for p in tmp_path.iterdir()} == before.keys()


def test_records_are_of_one_set_of_libraries(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    context = RunContext(project, "2024.09", "2024-09-30")
    before = digest_of_inputs(context, "visitor_flow")
    assert digest_of_inputs(context, "visitor_flow") == before
    monkeypatch.setattr(dependencies, "_version", lambda library: "1999")
    assert digest_of_inputs(context, "visitor_flow") != before


def test_records_are_of_one_audience(project: Project) -> None:
    """What the public may not know is another content of the same tables."""
    digests = {digest_of_inputs(RunContext(project, "2024.09", "2024-09-30", audience=a), "visitor_flow") for a in AUDIENCES}
    assert len(digests) == len(AUDIENCES) == 2


def test_records_are_of_one_place_of_the_parameters(tmp_path: Path) -> None:
    """The tag says where the values of a run go; the sources of the cells stay what they are."""
    project = copy_project(tmp_path / "project")
    context, path = RunContext(project, "2024.09", "2024-09-30"), project.notebook("visitor_flow")
    before = digest_of_inputs(context, "visitor_flow")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    given = next(cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    given["source"] = "".join(given["source"]).splitlines(keepends=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert digest_of_inputs(context, "visitor_flow") == before, "a source in lines is the same source"
    other = next(cell for cell in cells if cell is not given)
    given["metadata"]["tags"], other["metadata"]["tags"] = other["metadata"].get("tags", []), given["metadata"]["tags"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert digest_of_inputs(context, "visitor_flow") != before


def test_a_worker_that_dies_costs_no_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the one that waits behind the deadly one each time."""
    monkeypatch.setattr(engines, "run_one", dies_once)
    jobs = [{"id": name, "project": str(tmp_path)} for name in ("a", "once", "b", "deadly", "c")]
    outcomes = [(job["id"], outcome["status"]) for job, outcome in engines.run_local(jobs, 1)]
    assert sorted(name for name, _ in outcomes) == sorted(job["id"] for job in jobs)
    assert {name for name, status in outcomes if status != "ok"} == {"deadly"}


def test_workers_that_die_while_a_record_is_written_cost_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is broken then before the next job goes to it."""
    monkeypatch.setattr(engines, "run_one", dies_once)
    pools: list[ProcessPoolExecutor] = []
    make = engines._pool
    monkeypatch.setattr(engines, "_pool", lambda workers: pools.append(make(workers)) or pools[-1])
    jobs = [{"id": name, "project": str(tmp_path)} for name in "vwxyz"]
    came = []
    for job, outcome in engines.run_local(jobs, 1):
        came.append((job["id"], outcome["status"]))
        if len(came) == 1:
            for process in engines._workers_of(pools[-1]):
                process.kill()
            assert within(20, lambda: bool(pools[-1]._broken))  # type: ignore[attr-defined]
    assert sorted(came) == [(name, "ok") for name in "vwxyz"]
