"""Where the runs of a sweep are executed: processes on this machine, or a Dask cluster that exists."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from ..errors import CheckFailed, DecisionBookError, InputError, Problem, counted

Job = dict[str, Any]
Outcome = dict[str, Any]
# A worker that dies takes the runs of the others with it; a run whose worker dies this often with nothing beside it is given up.
ATTEMPTS = 2
_CELL = re.compile(r", cell (\d+) ")
_KEPT = ("value", "unit", "low", "high")


def run_one(job: Job) -> Outcome:
    """Execute one run and return its outcome: plain data, whatever happens.

    A job has project, edition, as_of, tables (paths by name), chapter, parameters and `keep`. An outcome has status
    (ok or failed), seconds, findings (value, unit, low, high by name); cell and error when it failed; the executed
    notebook as text when it is to be kept.
    """
    from ..data.context import RunContext
    from ..data.known import INTERNAL
    from ..project import Project
    from .documents import nbformat
    from .execute import findings_of, run_notebook

    started = time.perf_counter()
    tables = {name: Path(path) for name, path in job["tables"].items()}
    known = (job["edition"], job["as_of"], tables, job.get("audience", INTERNAL))
    context = RunContext(Project(Path(job["project"])), *known, limits=job.get("limits", {}))
    try:
        notebook, _ = run_notebook(job["chapter"], context, job["parameters"], seen=bool(job.get("keep")))
    except DecisionBookError as error:
        return failure(str(error).splitlines()[0], time.perf_counter() - started)
    except Exception as error:  # one run must not end the sweep, whatever it raises
        return failure(f"{type(error).__name__}: {error}", time.perf_counter() - started)
    found = {name: {key: f.get(key) for key in _KEPT} for name, f in findings_of(notebook).items()}
    outcome = {"status": "ok", "seconds": round(time.perf_counter() - started, 3), "findings": found}
    return {**outcome, "notebook": nbformat.writes(notebook) + "\n"} if job.get("keep") else outcome


def failure(message: str, seconds: float = 0.0) -> Outcome:
    """Return the outcome of a run that failed, with the number of the cell where the message names one."""
    cell = _CELL.search(message)
    return {
        "status": "failed",
        "seconds": round(seconds, 3),
        "findings": {},
        "cell": int(cell[1]) if cell else None,
        "error": message,
    }


# ---- Processes here ---------------------------------------------------------------------------


def run_local(jobs: Iterable[Job], workers: int) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs in `workers` processes and yield each with its outcome as it ends.

    Processes, because the work beside the kernels is Python's own. When one dies, each of the jobs that were under way
    runs again alone: then it is known which one kills its process.
    """
    waiting, suspects, deaths = deque(jobs), deque[Job](), Counter[str]()
    while waiting or suspects:
        if not suspects:
            suspects.extend((yield from _in_one_pool(waiting, workers, 1)))
            continue
        for job in (yield from _in_one_pool(suspects, 1, 0)):
            deaths[job["id"]] += 1
            if deaths[job["id"]] < ATTEMPTS:
                suspects.appendleft(job)
            else:
                yield job, failure("the process that ran it died each time; is there enough memory?")


def _in_one_pool(queue: deque[Job], workers: int, ahead: int) -> Generator[tuple[Job, Outcome], None, list[Job]]:
    """Run the jobs of a queue, yield each with its outcome, and return those under way when a process died.

    At most `ahead` of them wait for a process; what is in the queue still has not been started.
    """
    pending: dict[Future[Outcome], Job] = {}
    pool = _pool(workers)
    clean = False
    try:
        while queue or pending:
            while queue and len(pending) < workers + ahead:
                # In the queue until the pool has it: one that is broken by now takes no job.
                future = pool.submit(run_one, queue[0])
                pending[future] = queue.popleft()
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                outcome = future.result()
                yield pending.pop(future), outcome
        clean = True
    except BrokenProcessPool:
        for future in [f for f in pending if f.done() and f.exception() is None]:
            yield pending.pop(future), future.result()
    finally:
        if not clean:
            # Interrupted or broken: nobody waits for what is under way.
            for process in _workers_of(pool):
                process.terminate()
        pool.shutdown(wait=clean, cancel_futures=True)
    return list(pending.values())


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: this process may have threads, and each worker has a fork server of its own.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin_worker)


def _workers_of(pool: ProcessPoolExecutor) -> list[Any]:
    return list((getattr(pool, "_processes", None) or {}).values())


def _begin_worker() -> None:
    """Leave an interrupt to the parent, and end when the parent is gone, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


# ---- A Dask cluster ---------------------------------------------------------------------------


def run_dask(jobs: Iterable[Job], address: str) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs on the cluster whose scheduler is at `address` and yield each with its outcome as it ends.

    The workers need this package, and the project under the same path. Dask gives the jobs of a worker that dies to
    the others. Raises InputError when the scheduler does not answer or a worker does not see the project.
    """
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        found = f"{type(error).__name__} from {address}"
        raise InputError(Problem("--scheduler", found, "a Dask scheduler that answers, such as tcp://host:8786")) from None
    with client:
        listed = list(jobs)
        needed = sorted({path for job in listed for path in (job["project"], *job["tables"].values())})
        blind = {worker: missing for worker, missing in client.run(unseen, needed).items() if missing}
        if blind:
            found = "; ".join(f"{worker} does not see {', '.join(missing)}" for worker, missing in sorted(blind.items()))
            raise InputError(Problem("--scheduler", found, "workers that see the project under the same path"))
        futures = {client.submit(run_one, job, key=f"decisionbook-{job['id']}", pure=False): job for job in listed}
        for future in as_completed(list(futures), loop=client.loop):
            if future.cancelled():
                continue  # the scheduler is gone, or somebody cancelled it there; it has no record and runs next time
            job = futures.pop(future)
            fault = future.exception()
            yield job, failure(f"{type(fault).__name__}: {fault}") if fault is not None else future.result()
            # What was fetched need not stay in the cluster's memory.
            with contextlib.suppress(Exception):
                future.release()
        if futures:
            raise CheckFailed(f"{counted(len(futures), 'run')} did not come back from {address}; start the sweep again")


def unseen(paths: list[str]) -> list[str]:
    """Return those of the paths that do not exist here; runs on a worker."""
    return [path for path in paths if not Path(path).exists()]


def run_jobs(jobs: list[Job], *, workers: int, scheduler: str | None) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs on the cluster at `scheduler`, or without one in `workers` processes here."""
    return run_dask(jobs, scheduler) if scheduler else run_local(jobs, workers)


def default_workers() -> int:
    """Return how many processes run a sweep: as many as there are processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, len(affinity(0)) if affinity else os.cpu_count() or 1)


def as_job(settings: Mapping[str, Any], run_id: str, parameters: Mapping[str, Any]) -> Job:
    """Return the job of one run from what all runs of a sweep share."""
    return {**settings, "id": run_id, "parameters": dict(parameters)}
