"""Measure this project against the stock tools, on the same notebooks, in one run; prints a table of ratios.

    python tests/benchmarks/run.py [--quick] [--sweep N] [--chapters NAME ...] [--skip-pages]

Stock is papermill's command line, once a notebook, then `jupyter-book build` on what it wrote; its rebuild is that of
a book that executes its notebooks into its own cache. Works in a temporary copy of the project. Both sides have
compiled bytecode; each total includes the start of its commands. Numbers in seconds hold for one machine at one
moment, ratios for longer: the load of the machine is printed with them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml
from measure import Rows, command, row, show_machine
from sweeps import CHAPTER, measure_sweeps

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
    parser.add_argument("--sweep", type=int, default=1000, metavar="N", help="runs of the sweep (default: 1000; 0: none)")
    parser.add_argument("--quick", action="store_true", help="a few minutes: three chapters, no pages, a sweep of 60")
    options = parser.parse_args()
    # A benchmark that does not let Python keep bytecode measures the compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        only = options.chapters or ([CHAPTER, "carbon_market", "housing_burden"] if options.quick else None)
        sweep = min(60, options.sweep) if options.quick else options.sweep
        measure(Path(folder), only, pages=not options.skip_pages and not only, sweep=sweep)
    return 0


def measure(folder: Path, only: Sequence[str] | None, *, pages: bool, sweep: int) -> None:
    """Measure all, in a copy of the project below `folder`."""
    project = folder / "project"
    for name in ("data", "notebooks", "book"):
        shutil.copytree(ROOT / name, project / name)
    # The package too: an edit while this runs would change what is measured.
    code = folder / "code" / "decisionbook"
    shutil.copytree(ROOT / "scripts" / "decisionbook", code, ignore=shutil.ignore_patterns("__pycache__"))
    os.environ["PYTHONPATH"] = str(code.parent)
    command([sys.executable, "-m", "compileall", "-q", str(code)], folder)
    chapters, edition = trim(project, only)
    show_machine(f"{len(chapters)} chapters")
    python = sys.executable
    command([python, "-m", "decisionbook.cli", "--project", str(project), "params"], project)
    table: Rows = []
    start_of_commands(project, table)
    executed = folder / "stock"
    executed.mkdir()
    stock_runs = sum(papermill(project, name, executed) for name in chapters)
    for workers in (1, 2):
        shutil.rmtree(project / "_build", ignore_errors=True)
        seconds = command([python, "-c", _RUN, str(project), str(workers)], project)[0]
        row(table, f"all {len(chapters)} chapters, cold, {workers} at a time", stock_runs, seconds)

    warm(project, edition, chapters[0], executed, table)
    if sweep:
        measure_sweeps(folder, project, sweep, table)
    if pages:
        measure_pages(folder, project, executed, stock_runs, table)
    print("\nratio = stock / ours; above 1, ours is faster")
    show_machine(f"{len(chapters)} chapters")


def start_of_commands(project: Path, table: Rows) -> None:
    """The help screens, which ought to be there at once: ours against papermill's."""
    lines = [[sys.executable, "-m", module, "--help"] for module in ("papermill", "decisionbook.cli")]
    stock, ours = (statistics.median(command(line, project)[0] for _ in range(5)) for line in lines)
    row(table, "--help (aim: under 0.30 s)", stock, ours)


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


def warm(project: Path, edition: dict[str, str], chapter: str, executed: Path, table: Rows) -> None:
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


def measure_pages(folder: Path, project: Path, executed: Path, stock_runs: float, table: Rows) -> None:
    """The whole HTML book, a rebuild without change, and one with a changed cell of a table."""
    stock_line = stock_book(folder / "stock-book", executed, "off")
    stock_pages = command(stock_line, folder)[0]
    # A book that executes: its notebooks find the project by this variable.
    os.environ["DECISIONBOOK_PROJECT"] = str(project)
    caching_line = stock_book(folder / "caching-book", executed, "cache")
    caching = command(caching_line, folder)[0]
    caching_again = command(caching_line, folder)[0]
    shutil.rmtree(project / "_build", ignore_errors=True)
    line = [sys.executable, "-m", "decisionbook.cli", "--project", str(project), "build"]
    seconds, said = command(line, project)
    # Both are of the PDF: the pages written as Typst, and its compile.
    pdf = lap(said, "typst") + lap(said, "pdf")
    row(table, "whole book, HTML, cold", stock_runs + stock_pages, seconds - pdf)
    print(f"{'':4}of ours: {laps(said)}; typst and pdf are left out of the line above; stock has no PDF")
    unchanged, _ = command(line, project)
    stock_again = command(stock_line, folder)[0]
    row(table, "rebuild, nothing changed (stock: pages only)", stock_again, unchanged)
    row(table, "whole book, against jupyter-book that executes", caching, seconds - pdf)
    row(table, "rebuild, nothing changed, against its cache", caching_again, unchanged)
    change(project / "data" / "visitor_measures.csv", "机场、火车站", "机场、车站")
    seconds, said = command([*line, "--no-pdf"], project)
    ran = [m[1] for m in re.finditer(r"\] (\w+): \d+ findings, [\d.]+ s", said)]
    row(table, f"rebuild, one cell changed (ran {', '.join(ran) or 'nothing'})", stock_runs + stock_again, seconds)


def stock_book(book: Path, executed: Path, execution: str) -> list[str]:
    """Write a plain Jupyter Book of the executed notebooks and return the command that builds it."""
    shutil.copytree(executed, book)
    names = sorted(p.stem for p in book.glob("*.ipynb"))
    settings = {"execute_notebooks": execution, "timeout": 600}
    (book / "_config.yml").write_text(yaml.safe_dump({"title": "Stock", "execute": settings}), encoding="utf-8")
    toc = {"format": "jb-book", "root": names[0], "chapters": [{"file": n} for n in names[1:]]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    return [str(Path(sys.executable).with_name("jupyter-book")), "build", str(book)]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def laps(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if re.search(r"\bruns [\d.]+ s", line)), "")


def lap(said: str, name: str) -> float:
    match = re.search(rf"\b{name} ([\d.]+) s", laps(said))
    return float(match[1]) if match else 0.0


if __name__ == "__main__":
    sys.exit(main())
