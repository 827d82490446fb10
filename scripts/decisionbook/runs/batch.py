"""Run many chapters: what the cache has is taken from there, the rest runs on a few warm kernels at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..data.context import RunContext
from ..data.limits import limits_of
from ..errors import counted
from . import warm
from .cache import RunCache
from .execute import RunResult, findings_of, normalise, read_notebook, run_notebook, write_if_changed

Say = Callable[[str], None]


def default_workers() -> int:
    """Return how many chapters run at once: two, so that a build leaves room on a desk computer."""
    return min(2, os.cpu_count() or 1)


def run_all(
    chapters: Mapping[str, Mapping[str, Any]],
    context: RunContext,
    folder: Path,
    say: Say,
    *,
    workers: int | None = None,
    use_cache: bool = True,
) -> dict[str, RunResult]:
    """Execute chapters, given with their parameters, into `folder`; return the results by name in the given order.

    Raises what the first chapter in that order raises which fails. Chapters that were done by then are in the cache.
    """
    cache = RunCache(context, say=say)
    results: dict[str, RunResult] = {}
    pool = ThreadPoolExecutor(workers or default_workers(), thread_name_prefix="chapter")
    try:
        pending: dict[str, RunResult | Future[RunResult]] = {}
        for name, parameters in chapters.items():
            found = _from_cache(name, parameters, context, cache, folder) if use_cache else None
            if found is None:
                warm.prepare(network=limits_of(context.project, name, context.limits).network)
                pending[name] = pool.submit(_run, name, parameters, context, cache, folder)
            else:
                pending[name] = found
        for number, (name, waited) in enumerate(pending.items(), start=1):
            result = results[name] = waited if isinstance(waited, RunResult) else waited.result()
            how = "cached" if result.cached else f"{result.seconds:.1f} s"
            say(f"  [{number}/{len(chapters)}] {name}: {counted(len(result.findings), 'finding')}, {how}")
    except KeyboardInterrupt:
        warm.stop()  # otherwise the chapters that run now would be waited for
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return results


def _from_cache(
    chapter: str, parameters: Mapping[str, Any], context: RunContext, cache: RunCache, folder: Path
) -> RunResult | None:
    started = time.perf_counter()
    source = context.project.notebook(chapter)
    notebook = read_notebook(source, context.project.shown(source))
    executed = cache.find(cache.key(chapter, notebook, parameters), notebook)
    if executed is None:
        return None
    normalise(executed)
    output = folder / f"{chapter}.ipynb"
    write_if_changed(executed, output)
    return RunResult(chapter, output, findings_of(executed), time.perf_counter() - started, cached=True)


def _run(chapter: str, parameters: Mapping[str, Any], context: RunContext, cache: RunCache, folder: Path) -> RunResult:
    started = time.perf_counter()
    source = context.project.notebook(chapter)
    key = cache.key(chapter, read_notebook(source, context.project.shown(source)), parameters)
    executed, reads = run_notebook(chapter, context, parameters)
    output = folder / f"{chapter}.ipynb"
    write_if_changed(executed, output)
    cache.store(chapter, parameters, key, executed, reads)
    return RunResult(chapter, output, findings_of(executed), time.perf_counter() - started)
