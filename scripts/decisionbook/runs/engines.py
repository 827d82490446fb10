"""Where the runs of a sweep are executed: processes on this machine, or a Dask cluster that exists."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import re
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import CheckFailed, DecisionBookError, InputError, Problem, counted

Job = dict[str, Any]
Outcome = dict[str, Any]
# A worker that dies takes the runs of the others with it; a run whose worker dies this often with nothing beside it is given up.
ATTEMPTS = 2
# How long, in seconds, a scheduler may be without a worker before the sweep is refused: they may be starting.
PATIENCE = 30.0
# Between two looks at whether the cluster still has workers.
LOOK_SECONDS = 5.0
# In the outcome of a job that a worker did not run: how it differs.
UNLIKE = "unlike"
_SAME = "Start it in the same checkout and .venv, made from the same requirements.lock."
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


def run_dask(jobs: Iterable[Job], address: str, say: Callable[[str], None] = print) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs on the cluster whose scheduler is at `address` and yield each with its outcome as it ends.

    The workers need the project under the same path, and what it was computed with here: Python, libraries, this
    package. Dask gives the jobs of a worker that dies to the others. Raises InputError when the scheduler does not
    answer, has no worker within PATIENCE seconds, or has one that is not as it must be; CheckFailed when such a one
    comes later.
    """
    from distributed import Client, as_completed

    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        found = f"{type(error).__name__} from {address}"
        raise InputError(Problem("--scheduler", found, "a Dask scheduler that answers, such as tcp://host:8786")) from None
    with client:
        listed = list(jobs)
        _await_worker(client, address, say)
        here = {root: computed_with(root) for root in sorted({job["project"] for job in listed})}
        _refuse_unfit(client, here, sorted({*here, *(path for job in listed for path in job["tables"].values())}))
        futures = {
            client.submit(run_like_here, job, here[job["project"]], key=f"decisionbook-{job['id']}", pure=False): job
            for job in listed
        }
        with _told_when_deserted(client, address, say):
            for future in as_completed(list(futures), loop=client.loop):
                if future.cancelled():
                    continue  # the scheduler is gone, or somebody cancelled it there; it has no record and runs next time
                job = futures.pop(future)
                fault = future.exception()
                outcome = failure(f"{type(fault).__name__}: {fault}") if fault is not None else future.result()
                if UNLIKE in outcome:
                    raise CheckFailed(f"A worker of {address} computes with other means ({outcome[UNLIKE]}). {_SAME}")
                yield job, outcome
                # What was fetched need not stay in the cluster's memory.
                with contextlib.suppress(Exception):
                    future.release()
        if futures:
            raise CheckFailed(f"{counted(len(futures), 'run')} did not come back from {address}; start the sweep again")


def _await_worker(client: Any, address: str, say: Callable[[str], None]) -> None:
    if client.scheduler_info()["workers"]:
        return
    say(f"  {address} has no workers yet; waiting {PATIENCE:g} s for the first")
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        remedy = f"Start one: dask worker {address} --nthreads 1, in the same checkout and .venv."
        raise InputError(Problem("--scheduler", f"no worker at {address}", "at least one", remedy)) from None


@contextlib.contextmanager
def _told_when_deserted(client: Any, address: str, say: Callable[[str], None]) -> Iterator[None]:
    """Say meanwhile when the last worker has gone, and when one has come: the runs that are left wait for it."""
    over = threading.Event()

    def look() -> None:
        deserted = False
        while not over.wait(LOOK_SECONDS):
            try:
                none_left = not client.scheduler_info()["workers"]
            except Exception:  # the scheduler does not answer now: its runs end with that, or it answers again
                continue
            if none_left and not deserted:
                say(f"  {address} has no worker left; waiting for one (Ctrl-C ends the sweep, what is done is kept)")
            elif deserted and not none_left:
                say(f"  {address} has workers again")
            deserted = none_left

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()


def _refuse_unfit(client: Any, here: Mapping[str, Sequence[str]], needed: Sequence[str]) -> None:
    """Raise InputError with the workers that do not see these paths, or else compute with other means than `here`."""
    blind = {worker: missing for worker, missing in _asked(client, unseen, list(needed)).items() if missing}
    found = [f"{worker}, which does not see {', '.join(missing)}" for worker, missing in sorted(blind.items())]
    expected, remedy = "workers that see the project under the same path", ""
    if not blind:
        answers = [answer for root, means in here.items() for answer in sorted(_asked(client, unlike, root, means).items())]
        found = [f"{worker}, which has {other}" for worker, other in answers if other]
        expected, remedy = "workers with what this machine computes with", _SAME
    if found:
        raise InputError(Problem("--scheduler", one, expected, remedy) for one in found)


def _asked(client: Any, question: Callable[..., Any], *about: Any) -> dict[str, Any]:
    """Return what each worker says to a question; that it has another `decisionbook` when it does not understand it."""
    answers = client.run(question, *about, on_error="return")
    faults = {worker: answer for worker, answer in answers.items() if isinstance(answer, BaseException)}
    if faults:
        found = [f"{worker}, which answers {type(fault).__name__}: {fault}" for worker, fault in sorted(faults.items())]
        raise InputError(Problem("--scheduler", one, "workers with the same decisionbook", _SAME) for one in found)
    return dict(answers)


@lru_cache(maxsize=4)
def computed_with(root: str) -> tuple[str, ...]:
    """Return what a run is computed with on this machine: Python, machine, lock, libraries, the code of this package."""
    from ..project import Project
    from .cache import shaping_modules
    from .dependencies import surroundings

    python, machine, lock, *libraries = surroundings(Project(Path(root)))
    code = hashlib.sha256()
    for name, path in sorted(shaping_modules().items()):
        code.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    locked, package = f"requirements.lock {lock[:12] or 'none'}", f"decisionbook {code.hexdigest()[:12]}"
    return f"Python {' '.join(python.split())}", machine, locked, package, *libraries


def unlike(root: str, wanted: Sequence[str]) -> str:
    """Return in words how this machine computes otherwise than `wanted`, an empty text when it does not; runs on a worker."""
    pairs = zip(computed_with(root), wanted, strict=True)
    return "; ".join(f"{here} in place of {there}" for here, there in pairs if here != there)


def run_like_here(job: Job, wanted: Sequence[str]) -> Outcome:
    """Run a job where it is computed with what is `wanted`; runs on a worker, which may have come after the sweep began."""
    other = unlike(job["project"], wanted)
    return {UNLIKE: other} if other else run_one(job)


def unseen(paths: list[str]) -> list[str]:
    """Return those of the paths that do not exist here; runs on a worker."""
    return [path for path in paths if not Path(path).exists()]


def run_jobs(
    jobs: list[Job], *, workers: int, scheduler: str | None, say: Callable[[str], None] = print
) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs on the cluster at `scheduler`, or without one in `workers` processes here."""
    return run_dask(jobs, scheduler, say) if scheduler else run_local(jobs, workers)


def default_workers() -> int:
    """Return how many processes run a sweep: as many as there are processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, len(affinity(0)) if affinity else os.cpu_count() or 1)


def as_job(settings: Mapping[str, Any], run_id: str, parameters: Mapping[str, Any]) -> Job:
    """Return the job of one run from what all runs of a sweep share."""
    return {**settings, "id": run_id, "parameters": dict(parameters)}
