"""Execute one notebook under one parameter set and collect its findings."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.context import DRAWING, DRAWINGS, UNSEEN, VARIABLE, RunContext
from ..data.limits import Limits, limits_of
from ..data.reads import VARIABLE as READS_VARIABLE
from ..data.reads import Reads, read_log
from ..data.scratch import replace_file
from ..errors import InputError, Problem, RunFailed
from ..notebook import FINDING_MIME
from .documents import nbformat

GLUE_PREFIX = "application/papermill.record/"
# What executed notebooks name, whatever kernel ran them: everybody has it.
KERNEL = "python3"
_HARMLESS = "the last good build is untouched."


@dataclass(frozen=True)
class RunResult:
    """One executed notebook: where it is, what it found, how long its run took (seconds)."""

    chapter: str
    notebook: Path
    findings: dict[str, dict[str, Any]]
    seconds: float
    cached: bool = False


def execute(
    chapter: str,
    context: RunContext,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    cold: bool = False,
) -> RunResult:
    """Execute a chapter with papermill and write the executed notebook, without run metadata, to `output`.

    `parameters` are those that differ from the notebook's own. The run is held to the limits that the chapter declares,
    where the context does not set others. The kernel is forked from a warm process where that is
    possible, unless `cold` or the variable DECISIONBOOK_COLD says otherwise. Raises InputError for a notebook without
    a `parameters` cell and RunFailed, naming chapter, cell and error, when a cell fails; `output` is written only
    after a run that succeeded. Safe to call from several threads.
    """
    started = time.perf_counter()
    notebook, _ = run_notebook(chapter, context, parameters, cold=cold)
    write_if_changed(notebook, output)
    return RunResult(chapter, output, findings_of(notebook), time.perf_counter() - started)


def run_notebook(
    chapter: str,
    context: RunContext,
    parameters: Mapping[str, Any] | None = None,
    *,
    cold: bool = False,
    seen: bool = True,
) -> tuple[nbformat.NotebookNode, Reads]:
    """Execute a chapter and return the executed notebook, without run metadata, and what its kernel read.

    Where nobody will see the notebook (`seen` is false) its charts are specified and not drawn; findings are the same.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from . import client, kernel, warm

    source = context.project.notebook(chapter)
    notebook = _without_outputs(read_notebook(source, context.project.shown(source)))
    first = _first_moved(notebook) if parameters else len(notebook.cells)
    limits = limits_of(context.project, chapter, context.limits)
    kernel.use_kernelspec()
    with _folder(warm.workspace().new("run")) as folder:
        reads = folder / "reads"
        environment = {VARIABLE: str(context.write(folder / "context.json")), READS_VARIABLE: str(reads)}
        environment[DRAWINGS] = str(context.project.drawings)
        if not seen:
            environment[DRAWING] = UNSEEN
        try:
            # Neither input nor output has a path for papermill, and its working folder stays as it is: it would write
            # the notebook twice a cell and change the folder of the whole process, which runs in other threads share.
            executed = papermill.execute_notebook(
                notebook,
                None,
                parameters=dict(parameters or {}),
                kernel_name=warm.KERNEL,
                language="python",
                progress_bar=False,
                log_output=False,
                engine_name=client.ENGINE,
                limits=limits,
                # A run has nothing to tidy up; the orderly end of a kernel takes a tenth of a second and more.
                shutdown_kernel="immediate",
                config=kernel.configuration(environment, source.parent, cold=cold, limits=limits, chapter=chapter),
                # What a cell says is in the notebook; the kernel's own log would only clutter the progress lines.
                extra_arguments=["--log-level=CRITICAL"],
            )
        except PapermillExecutionError as error:
            place = _place(chapter, error.cell_index, first, str(error.source), _failing_line(error))
            raise RunFailed(_failure(chapter, place, error, limits, parameters or {}, sorted(context.tables))) from None
        except client.RunStopped as error:
            place = _place(chapter, error.index, first, error.source)
            how = f"{error.remedy.format(where=f'under `limits:` in notebooks/{chapter}.yml')}; {_HARMLESS}"
            raise RunFailed(f"{place} {error.what}.\n{how}") from None
        read = read_log(reads)
    normalise(executed)
    return executed, read


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def read_notebook(path: Path, shown: str) -> nbformat.NotebookNode:
    """Return a notebook; raises InputError unless it can be read and has one code cell tagged `parameters`."""
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
    return notebook


def _without_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop the stored outputs, which the run replaces: papermill copies the notebook more than once."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def _first_moved(notebook: nbformat.NotebookNode) -> int:
    """Return the index from which papermill counts one cell more than the notebook has: it puts the parameters there."""
    tags = [set(cell.metadata.get("tags", [])) for cell in notebook.cells]
    injected = [n for n, of in enumerate(tags) if "injected-parameters" in of]
    # One that was stored is replaced, and nothing moves.
    return len(tags) if injected else next(n for n, of in enumerate(tags) if "parameters" in of) + 1


def _failing_line(error: Any) -> int | None:
    """Return the line (from 1) at which a cell failed, by its traceback; None where there is none of it."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback or []))
    found = re.findall(rf"Cell In\[{error.exec_count}\], line (\d+)", text)
    return int(found[-1]) if found else None


def _place(chapter: str, index: int, first_moved: int, source: str, line: int | None = None) -> str:
    """Return chapter, cell as the notebook counts it, and the line that failed, or else the cell's first line of code."""
    lines = source.splitlines()
    code = [text for text in lines if text.strip() and not text.strip().startswith("#")]
    shown, where = (code[0] if code else "(empty cell)").strip(), ""
    if line is not None and 0 < line <= len(lines) > 1 and lines[line - 1].strip():
        shown, where = lines[line - 1].strip(), f"line {line}: "
    return f"chapter {chapter}, cell {index + (index < first_moved)} ({where}“{shown[:80]}”)"


def _failure(chapter: str, place: str, error: Any, limits: Limits, parameters: Mapping[str, Any], tables: Sequence[str]) -> str:
    # A cell that failed without an error: its kernel had no room left for one.
    mute = error.ename == "CellExecutionError" and not error.evalue
    if error.ename.endswith("MemoryError") or mute:
        said = ", it seems: it failed, and its kernel could not say why" if mute else f" ({error.evalue})" if error.evalue else ""
        return (
            f"{place} needs more than {limits.memory_mb} MB of memory{said}.\n"
            f"Work on fewer rows, or raise memory_mb (--memory MB) under `limits:` in notebooks/{chapter}.yml; {_HARMLESS}"
        )
    # An InputError of ours already says file, row and remedy; other errors keep their name.
    what = error.evalue if error.ename == "InputError" else f"{error.ename}: {error.evalue}"
    return f"{place}: {what}\n{_how_to_see(chapter, parameters, tables)}; {_HARMLESS}"


def _how_to_see(chapter: str, parameters: Mapping[str, Any], tables: Sequence[str]) -> str:
    """Return where to look: in JupyterLab the notebook runs with its own parameters and the book's data."""
    if tables:
        named = ", ".join(f"data/{name}.csv" for name in tables)
        return f"It ran on your data: see that they hold the rows and values that this cell looks for, as {named} does"
    given = ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
    how = f"set {given} in its first code cell and run it" if given else "run it"
    return f"To see it fail, open notebooks/{chapter}.ipynb in JupyterLab, {how}"


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


def write_if_changed(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook unless the file has this content already: then it keeps its time."""
    content = (nbformat.writes(notebook) + "\n").encode("utf-8")
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook as nbformat does, in one replacement: a reader sees the old file or the new one."""
    replace_file(path, (nbformat.writes(notebook) + "\n").encode("utf-8"))


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
