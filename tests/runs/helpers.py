"""Kernels and small chapters for the tests of runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from decisionbook.data.context import RunContext
from decisionbook.project import Project
from decisionbook.runs import kernel, warm


def notebook_of(*sources: str) -> nbformat.NotebookNode:
    """Return a notebook with these code cells, the first of them tagged `parameters`."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    cells[0].metadata["tags"] = ["parameters"]
    return nbformat.v4.new_notebook(cells=cells)


def context_with(project: Project, chapter: str, *sources: str) -> RunContext:
    """Write a chapter without a declaration and return a context to run it in."""
    project.notebooks.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook_of(*sources), project.notebook(chapter))
    return RunContext(project, "test", "2024-09-30")


@contextmanager
def running(
    *sources: str, cold: bool = False, environment: dict[str, str] | None = None, folder: Path | None = None
) -> Iterator[NotebookClient]:
    """Run a kernel that a test can look at while it runs."""
    kernel.use_kernelspec()
    config = kernel.configuration(environment or {}, folder or Path.cwd(), cold=cold)
    client = NotebookClient(
        notebook_of(*sources or ("pass",)), kernel_name=warm.KERNEL, config=config, timeout=60, shutdown_kernel="immediate"
    )
    with client.setup_kernel():
        yield client


def say(client: NotebookClient, source: str) -> str:
    """Execute a cell and return what it printed."""
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1)
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout").strip()


def alive(pid: int) -> bool:
    """Return whether a process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Return whether something comes to hold within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def children(pid: int) -> set[int]:
    """Return the running children of a process."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] not in "ZX":
                found.add(int(entry))
    return found


def server_of(pid: int) -> subprocess.Popen[bytes]:
    """Return the server that forked a kernel: of several each has kernels of its own kind."""
    return next(server.process for server in warm._servers if pid in children(server.process.pid))


def records(folder: Path) -> list[dict[str, object]]:
    """Return the records of the sweep in a folder."""
    path = folder / "runs.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
