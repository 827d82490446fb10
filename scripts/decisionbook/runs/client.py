"""The papermill engine of runs: stops a run that takes too long or puts out too much, and says in which cell."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets import Instance

from ..data.limits import Limits
from .confine import size_of

ENGINE = "decisionbook"


class RunStopped(Exception):
    """A run was ended from outside its cells: why, what to do, and the cell that ran then.

    In `remedy` {where} stands for the place where a limit is declared.
    """

    def __init__(self, what: str, remedy: str, index: int, source: str) -> None:
        super().__init__(what)
        self.what, self.remedy, self.index, self.source = what, remedy, index, source


def death(status: int | None, memory_mb: int) -> tuple[str, str]:
    """Return in words how a kernel ended and what to do about it, by the status of its process: -9 is signal 9, 3 exit 3."""
    memory = f"raise memory_mb (--memory MB, now {memory_mb}) {{where}}, or work on fewer rows"
    if status is None:
        return "ended its kernel", "Run the notebook in JupyterLab to see where"
    if status >= 0:
        return f"ended its kernel (exit {status})", "Code in it or in a library ended the process, as os._exit does"
    names = {s.value: s.name for s in signal.Signals}
    said = ", ".join(filter(None, (f"signal {-status}", names.get(-status))))
    if names.get(-status) == "SIGKILL":
        return f"ended its kernel ({said})", f"Somebody killed it, or the machine had no memory left: then {memory}"
    return f"ended its kernel ({said})", f"Native code failed in it. Where that was for want of memory, {memory}"


class LimitedClient(PapermillNotebookClient):
    """A notebook client that holds a run to its limits of time and output."""

    limits = Instance(Limits)

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order; raises RunStopped when a limit or the kernel's death ends the run."""
        self._ends = time.monotonic() + self.limits.run_seconds
        self._put_out = 0
        self._flooded = False
        try:
            super().papermill_execute_cells()
        except DeadKernelError:
            if self._flooded:
                what = f"put out more than {self.limits.output_mb} MB and was stopped"
                raise self._stopped(what, "Show less, write it to a file, or raise output_mb {where}") from None
            raise self._stopped(*self._death()) from None
        except CellTimeoutError:
            if time.monotonic() >= self._ends:
                what = f"was stopped: the run took longer than {self.limits.run_seconds} s"
                raise self._stopped(what, "Raise run_seconds (--timeout SECONDS) {where}") from None
            what = f"took longer than {self.limits.cell_seconds} s and was stopped"
            raise self._stopped(what, "Make it quicker, or raise cell_seconds (--cell-timeout SECONDS) {where}") from None

    def _get_timeout(self, cell: Any) -> float:  # type: ignore[override]
        return max(0.01, min(self.limits.cell_seconds, self._ends - time.monotonic()))

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:  # type: ignore[override]
        """Take a message of the kernel; the one that is too much ends the run.

        The kernel counts too, and tells the cell; what child processes print is counted only here.
        """
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "update_display_data"):
            self._put_out += size_of(msg["content"])
            if self._put_out > (self.limits.output_mb + 1) << 20:
                self._flooded = True
                task: asyncio.Future[Any] | None = self.task_poll_for_reply
                if task is not None:
                    task.cancel()
                return None
        return super().process_message(msg, cell, cell_index)

    def _death(self) -> tuple[str, str]:
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        status = process.poll() if process is not None else None
        return death(status, self.limits.memory_mb)

    def _stopped(self, what: str, remedy: str) -> RunStopped:
        running = [n for n, c in enumerate(self.nb.cells) if c.metadata.get("papermill", {}).get("start_time")]
        index = running[-1] if running else 0
        return RunStopped(what, remedy, index, self.nb.cells[index].source)


class LimitedEngine(NBClientEngine):
    """Papermill's own engine with the limited client in the place of its client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:  # type: ignore[override]
        """Execute a notebook; `options` are traits of the client, `limits` among them."""
        timeouts = {"startup_timeout": options.pop("start_timeout", 60), "timeout": None, "iopub_timeout": 30}
        for name in ("input_path", "log_output", "stdout_file", "stderr_file", "execution_timeout"):
            options.pop(name, None)
        return LimitedClient(nb_man, kernel_name=kernel_name, **timeouts, **options).execute()


papermill_engines.register(ENGINE, LimitedEngine)
