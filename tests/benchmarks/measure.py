"""What all benchmarks share: run a command and time it, print a row of ratios, say on what machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Rows = list[tuple[str, float, float]]


def command(line: list[str], folder: Path) -> tuple[float, str]:
    """Run a command and return its seconds and what it said; one that fails ends the benchmark."""
    started = time.perf_counter()
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(line)[:200]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds, done.stdout


def row(table: Rows, name: str, stock: float, ours: float) -> None:
    """Print one comparison as soon as it is known; its ratio is above 1 where ours is faster."""
    if not table:
        print(f"{'':64}{'stock':>10}{'ours':>10}{'ratio':>8}")
    table.append((name, stock, ours))
    print(f"{name:64}{stock:9.2f}s{ours:9.2f}s{stock / ours:7.1f}×", flush=True)


def show_machine(what: str) -> None:
    """Print Python, processors and the load of this moment."""
    load: Callable[[], tuple[float, float, float]] = getattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    averages = ", ".join(f"{x:.1f}" for x in load())
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {averages}, {what}")
