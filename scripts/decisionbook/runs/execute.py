"""Execute one notebook under one parameter set and collect its findings."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from ..data.context import VARIABLE, RunContext
from ..errors import InputError, Problem, RunFailed
from ..notebook import FINDING_MIME

GLUE_PREFIX = "application/papermill.record/"
KERNEL = "python3"


@dataclass(frozen=True)
class RunResult:
    """One executed notebook: where it is, what it found, how long its run took (seconds)."""

    chapter: str
    notebook: Path
    findings: dict[str, dict[str, Any]]
    seconds: float


def execute(
    chapter: str,
    context: RunContext,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    timeout: int = 600,
) -> RunResult:
    """Execute a chapter with papermill and write the executed notebook, without run metadata, to `output`.

    `parameters` are those that differ from the notebook's own. Raises InputError for a notebook without a
    `parameters` cell and RunFailed, naming chapter, cell and error, when a cell fails; `output` is written only
    after a run that succeeded.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    source = context.project.notebook(chapter)
    require_parameters_cell(source, context.project.shown(source))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="db-") as folder, _environment(context, Path(folder)):
        executed = Path(folder) / "executed.ipynb"
        try:
            papermill.execute_notebook(
                str(source),
                str(executed),
                parameters=dict(parameters or {}),
                kernel_name=KERNEL,
                progress_bar=False,
                log_output=False,
                execution_timeout=timeout,
                cwd=str(source.parent),
                # Parallel TCP kernels lose races for ports, and anyone on the machine may speak to them. The sockets lie
                # in the run's own folder: by default they share one name in the working folder, and runs meet there.
                config=Config({"KernelManager": {"transport": "ipc", "ip": str(Path(folder) / "ipc")}}),
                # What a cell says is in the notebook; the kernel's own log would only clutter the progress lines.
                extra_arguments=["--log-level=CRITICAL"],
            )
        except PapermillExecutionError as error:
            raise RunFailed(_failure(chapter, error)) from None
        notebook = nbformat.read(executed, as_version=4)
    normalise(notebook)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(notebook, output)
    return RunResult(chapter, output, findings_of(notebook), time.perf_counter() - started)


def require_parameters_cell(path: Path, shown: str) -> None:
    """Raise InputError unless the notebook can be read and has one code cell tagged `parameters`."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise InputError(Problem(shown, "no such notebook", "a notebook")) from None
    except Exception as error:  # nbformat raises several kinds for a broken file, none of them documented
        raise InputError(Problem(shown, f"{type(error).__name__}: {error}", "a notebook in nbformat 4")) from error
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1 or tagged[0].cell_type != "code":
        raise InputError(
            Problem(
                shown,
                f"{len(tagged)} cells tagged `parameters`",
                "one code cell with that tag",
                "Tag the first code cell `parameters`: papermill puts an analyst's values after it.",
            )
        )


@contextmanager
def _environment(context: RunContext, folder: Path) -> Iterator[None]:
    """Name the context file to the kernel for the length of one run."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(context.write(folder / "context.json"))
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _failure(chapter: str, error: Any) -> str:
    lines = [line for line in str(error.source).splitlines() if line.strip() and not line.strip().startswith("#")]
    first = lines[0].strip() if lines else "(empty cell)"
    # An InputError of ours already says file, row and remedy; other errors keep their name.
    what = error.evalue if error.ename == "InputError" else f"{error.ename}: {error.evalue}"
    return (
        f"chapter {chapter}, cell {error.cell_index + 1} (“{first[:80]}”): {what}\n"
        f"Open notebooks/{chapter}.ipynb in JupyterLab to see it fail; the last good build is untouched."
    )


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Drop what changes from run to run: papermill and execution metadata, timings, kernel versions."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": KERNEL}
    for index, cell in enumerate(notebook.cells):
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"injected-{index}"
        for key in ("papermill", "execution", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            cell.metadata.pop("tags")


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook as nbformat does, in one replacement: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def findings_of(notebook: nbformat.NotebookNode) -> dict[str, dict[str, Any]]:
    """Return the findings that an executed notebook recorded, by name."""
    found: dict[str, dict[str, Any]] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            content = output.get("data", {}).get(GLUE_PREFIX + FINDING_MIME)
            if content is not None:
                found[content["name"]] = dict(content)
    return found


def update_committed(context: RunContext, chapter: str) -> RunResult:
    """Execute a chapter with its defaults and store the outputs in the committed notebook."""
    return execute(chapter, context, context.project.notebook(chapter))
