"""Measure this project against the stock tools, on the same notebooks, in one run; prints a table of ratios.

    python tests/benchmarks/run.py [--chapters NAME ...] [--skip-pages]

Stock is papermill's command line, once a notebook, then `jupyter-book build` on what it wrote. Works in a temporary
copy of the project. Both sides have compiled bytecode; each total includes the start of its commands. Numbers in
seconds hold for one machine at one moment, ratios for longer: load of the machine is printed with them.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
_RUN = """
import sys
from pathlib import Path
from decisionbook.editions.build import run_chapters
from decisionbook.editions.definition import find_edition
from decisionbook.project import Project
project = Project(Path(sys.argv[1]))
run_chapters(project, find_edition(project, None), project.build / "benchmark", lambda _: None, workers=int(sys.argv[2]))
"""
_WARM = """
import sys, time
from pathlib import Path
from decisionbook.data.context import RunContext
from decisionbook.project import Project
from decisionbook.runs import execute
execute.normalise = lambda notebook: None  # which would drop papermill's times of the cells
context = RunContext(Project(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
execute.run_notebook(sys.argv[4], context)
for _ in range(5):
    started = time.perf_counter()
    notebook, _ = execute.run_notebook(sys.argv[4], context)
    wall = time.perf_counter() - started
    cells = sum(c.metadata.papermill.duration or 0 for c in notebook.cells if c.cell_type == "code")
    print(wall, cells)
"""


def main() -> int:
    """Run the benchmark and return 0; a command that fails ends it with its output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chapters", nargs="+", metavar="NAME", help="these chapters only (then without pages)")
    parser.add_argument("--skip-pages", action="store_true", help="measure runs, not pages")
    options = parser.parse_args()
    # A benchmark that does not let Python keep bytecode measures the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        measure(Path(folder), options.chapters, pages=not options.skip_pages and not options.chapters)
    return 0


def measure(folder: Path, only: Sequence[str] | None, *, pages: bool) -> None:
    project = folder / "project"
    for name in ("data", "notebooks", "book"):
        shutil.copytree(ROOT / name, project / name)
    # The package too: an edit while this runs would change what is measured.
    code = folder / "code" / "decisionbook"
    shutil.copytree(ROOT / "scripts" / "decisionbook", code, ignore=shutil.ignore_patterns("__pycache__"))
    os.environ["PYTHONPATH"] = str(code.parent)
    command([sys.executable, "-m", "compileall", "-q", str(code)], folder)
    chapters, edition = trim(project, only)
    show_machine(len(chapters))
    python = sys.executable
    command([python, "-m", "decisionbook.cli", "--project", str(project), "params"], project)
    table: list[tuple[str, float, float]] = []

    executed = folder / "stock"
    executed.mkdir()
    stock_runs = sum(papermill(project, name, executed) for name in chapters)
    for workers in (1, 2):
        shutil.rmtree(project / "_build", ignore_errors=True)
        seconds = command([python, "-c", _RUN, str(project), str(workers)], project)[0]
        row(table, f"all {len(chapters)} chapters, cold, {workers} at a time", stock_runs, seconds)

    warm(project, edition, chapters[0], executed, table)
    if pages:
        measure_pages(folder, project, executed, stock_runs, table)
    print("\nratio = stock / ours; above 1, ours is faster")
    show_machine(len(chapters))


def trim(project: Path, only: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """Keep the newest edition, with all or some of its chapters; return them and the edition."""
    files = {p: yaml.safe_load(p.read_text(encoding="utf-8")) for p in (project / "book" / "editions").glob("*.yml")}
    path = max(files, key=lambda p: str(files[p]["as_of"]))
    content = files[path]
    content["chapters"] = [c for c in content["chapters"] if not only or c in only]
    # Stock papermill runs the defaults; so does the newest edition.
    content["parameters"] = {}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return content["chapters"], {"id": content["id"], "as_of": str(content["as_of"])}


def papermill(project: Path, chapter: str, target: Path) -> float:
    source = project / "notebooks" / f"{chapter}.ipynb"
    line = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(source.parent), str(source)]
    return command([*line, str(target / source.name)], project)[0]


def warm(project: Path, edition: dict[str, str], chapter: str, executed: Path, table: list[tuple[str, float, float]]) -> None:
    """One more run of a chapter: what it costs beyond its cells, here and with papermill's command line."""
    said = command([sys.executable, "-c", _WARM, str(project), edition["id"], edition["as_of"], chapter], project)[1]
    pairs = [tuple(map(float, line.split())) for line in said.splitlines() if re.match(r"[\d.]+ [\d.]+$", line)]
    over = statistics.median(wall - cells for wall, cells in pairs)
    stock = []
    for _ in range(3):
        wall = papermill(project, chapter, executed)
        import nbformat

        notebook = nbformat.read(executed / f"{chapter}.ipynb", as_version=4)
        stock.append(wall - sum(c.metadata.papermill.duration or 0 for c in notebook.cells if c.cell_type == "code"))
    own = statistics.median(cells for _, cells in pairs)
    row(table, f"one more run ({chapter}), over its cells' {own:.2f} s", statistics.median(stock), over)


def measure_pages(folder: Path, project: Path, executed: Path, stock_runs: float, table: list[tuple[str, float, float]]) -> None:
    """The whole HTML book, a rebuild without change, and one with a changed cell of a table."""
    book = folder / "stock-book"
    shutil.copytree(executed, book)
    names = sorted(p.stem for p in book.glob("*.ipynb"))
    (book / "_config.yml").write_text("title: Stock\nexecute:\n  execute_notebooks: 'off'\n", encoding="utf-8")
    toc = {"format": "jb-book", "root": names[0], "chapters": [{"file": n} for n in names[1:]]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    stock_line = ["jupyter-book", "build", str(book)]
    stock_line[0] = str(Path(sys.executable).with_name("jupyter-book"))
    stock_pages = command(stock_line, folder)[0]
    shutil.rmtree(project / "_build", ignore_errors=True)
    line = [sys.executable, "-m", "decisionbook.cli", "--project", str(project), "build"]
    seconds, said = command(line, project)
    pdf = lap(said, "pdf")
    row(table, "whole book, HTML, cold", stock_runs + stock_pages, seconds - pdf)
    print(f"{'':4}of ours: {laps(said)}; the PDF is left out of the line above; stock has none")
    unchanged, _ = command(line, project)
    stock_again = command(stock_line, folder)[0]
    row(table, "rebuild, nothing changed (stock: pages only)", stock_again, unchanged)
    change(project / "data" / "visitor_measures.csv", "机场、火车站", "机场、车站")
    seconds, said = command([*line, "--no-pdf"], project)
    ran = [m[1] for m in re.finditer(r"\] (\w+): \d+ findings, [\d.]+ s", said)]
    row(table, f"rebuild, one cell changed (ran {', '.join(ran) or 'nothing'})", stock_runs + stock_again, seconds)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def laps(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if re.search(r"\bruns [\d.]+ s", line)), "")


def lap(said: str, name: str) -> float:
    match = re.search(rf"\b{name} ([\d.]+) s", laps(said))
    return float(match[1]) if match else 0.0


def command(line: list[str], folder: Path) -> tuple[float, str]:
    """Run a command and return its seconds and what it said; one that fails ends the benchmark."""
    started = time.perf_counter()
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(line)[:200]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds, done.stdout


def row(table: list[tuple[str, float, float]], name: str, stock: float, ours: float) -> None:
    if not table:
        print(f"{'':64}{'stock':>9}{'ours':>9}{'ratio':>8}")
    table.append((name, stock, ours))
    print(f"{name:64}{stock:8.2f}s{ours:8.2f}s{stock / ours:7.1f}×", flush=True)


def show_machine(chapters: int) -> None:
    load: Callable[[], tuple[float, float, float]] = getattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    averages = ", ".join(f"{x:.1f}" for x in load())
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {averages}, {chapters} chapters")


if __name__ == "__main__":
    sys.exit(main())
