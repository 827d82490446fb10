"""A run that kills its worker. Workers of tests import this module alone, so that they start at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any


def dies_once(job: dict[str, Any]) -> dict[str, Any]:
    """Kill the worker process: the first time, or each time when the job says so."""
    mark = Path(job["project"]) / job["id"]
    if job["id"] == "deadly" or (job["id"] == "once" and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"status": "ok", "id": job["id"]}
