"""Sweeps on a Dask cluster: a scheduler without workers, and workers that compute with other means, are told at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decisionbook.errors import CheckFailed, InputError
from decisionbook.project import Project
from decisionbook.runs import engines

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster in this process, without workers at first."""
    with distributed.LocalCluster(n_workers=0, threads_per_worker=1, processes=False, dashboard_address=None) as made:
        yield made


@pytest.fixture
def worked(cluster: Any) -> Iterator[str]:
    """The address of the cluster with one worker."""
    cluster.scale(1)
    cluster.wait_for_workers(1, timeout=30)
    yield cluster.scheduler_address
    cluster.scale(0)


def job(project: Project, /, **more: Any) -> engines.Job:
    return {"id": "a", "project": str(project.root), "tables": {}} | more


def ran(monkeypatch: pytest.MonkeyPatch, address: str, *jobs: engines.Job, said: list[str] | None = None) -> list[str]:
    monkeypatch.setattr(engines, "run_one", lambda given: {"status": "ok", "id": given["id"]})
    lines: list[str] = [] if said is None else said
    return [outcome["status"] for _, outcome in engines.run_dask(jobs, address, lines.append)]


def test_a_scheduler_without_workers_is_said_and_refused(cluster: Any, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.2)
    said: list[str] = []
    with pytest.raises(InputError, match=r"--scheduler: found no worker at .*; expected at least one. Start one: dask worker"):
        ran(monkeypatch, cluster.scheduler_address, job(project), said=said)
    assert said == [f"  {cluster.scheduler_address} has no workers yet; waiting 0.2 s for the first"]


def test_a_worker_like_this_machine_runs_what_it_is_given(worked: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    assert ran(monkeypatch, worked, job(project), job(project, id="b"), said=said) == ["ok", "ok"]
    assert said == []


def test_a_worker_that_does_not_see_the_project_is_refused(
    worked: str, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"which does not see {tmp_path / 'gone'}; expected workers that see the project"):
        ran(monkeypatch, worked, job(project, project=str(tmp_path / "gone")))


def test_a_worker_with_another_library_is_refused_before_anything_runs(
    worked: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = engines.computed_with(str(project.root))
    assert any(part.startswith("pandas ") for part in here)
    # The first to ask is this machine, the second the worker.
    answers = iter([here, *[(*here[:-1], "pandas 1.0")] * 9])
    monkeypatch.setattr(engines, "computed_with", lambda root: next(answers))
    monkeypatch.setattr(engines, "run_like_here", None)
    with pytest.raises(InputError, match=r"which has pandas 1\.0 in place of .*; expected workers with what this machine"):
        ran(monkeypatch, worked, job(project))


def test_a_worker_with_another_package_is_refused(worked: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object) -> str:
        raise AttributeError("module has no attribute 'unlike'")

    monkeypatch.setattr(engines, "unlike", lacking)
    with pytest.raises(InputError, match=r"which answers AttributeError: .*expected workers with the same decisionbook"):
        ran(monkeypatch, worked, job(project))


def test_a_worker_that_comes_later_with_another_library_ends_the_sweep(
    worked: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_refuse_unfit", lambda *_: None)
    here = engines.computed_with(str(project.root))
    answers = iter([here, *[("Python 2", *here[1:])] * 9])
    monkeypatch.setattr(engines, "computed_with", lambda root: next(answers))
    with pytest.raises(CheckFailed, match=r"computes with other means \(Python 2 in place of Python 3.*same requirements\.lock"):
        ran(monkeypatch, worked, job(project))


def test_the_means_of_a_run_are_python_machine_lock_code_and_libraries(project: Project) -> None:
    means = engines.computed_with(str(project.root))
    assert [part.split()[0] for part in means[2:4]] == ["requirements.lock", "decisionbook"]
    assert engines.unlike(str(project.root), means) == ""
    assert engines.unlike(str(project.root), ["x", *means[1:]]) == f"{means[0]} in place of x"


def test_a_cluster_that_loses_its_last_worker_is_said_and_goes_on_with_the_next(
    cluster: Any, worked: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOOK_SECONDS", 0.1)
    under_way, go = threading.Event(), threading.Event()

    def slow(given: engines.Job) -> dict[str, Any]:
        under_way.set()
        go.wait(30)
        return {"status": "ok", "id": given["id"]}

    monkeypatch.setattr(engines, "run_one", slow)
    said: list[str] = []

    def lose_and_start() -> None:
        under_way.wait(30)
        cluster.scale(0)
        for _ in range(300):
            if said:
                break
            time.sleep(0.1)
        go.set()
        cluster.scale(1)

    helper = threading.Thread(target=lose_and_start)
    helper.start()
    outcomes = [outcome["status"] for _, outcome in engines.run_dask([job(project)], worked, said.append)]
    helper.join()
    assert outcomes == ["ok"]
    assert said[0] == f"  {worked} has no worker left; waiting for one (Ctrl-C ends the sweep, what is done is kept)"
