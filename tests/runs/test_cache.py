"""The cache of runs: what changed runs again, all that depends on it and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import decisionbook
from decisionbook.cli import main
from decisionbook.data.context import RunContext
from decisionbook.data.known import INTERNAL, PUBLIC
from decisionbook.editions.lock import writing
from decisionbook.errors import RunFailed
from decisionbook.project import Project
from decisionbook.runs import batch, cache, dependencies
from decisionbook.runs.batch import run_all
from decisionbook.runs.execute import execute, read_notebook, run_notebook

from ..conftest import copy_project
from .helpers import context_with

# What each of them reads alone: carbon_market and visitor_flow a table and a helper; two of them share a helper.
CHAPTERS = ["base_station_growth", "carbon_market", "visitor_flow"]


def context_of(project: Project) -> RunContext:
    return RunContext(project, "2024.09", "2024-09-30")


def ran(project: Project, say: Callable[[str], None] = lambda _: None, **parameters: dict[str, object]) -> list[str]:
    """Build the chapters and return those that were run."""
    chapters = {name: parameters.get(name, {}) for name in CHAPTERS}
    results = run_all(chapters, context_of(project), project.build / "work" / "runs", say)
    assert list(results) == CHAPTERS
    return [name for name, result in results.items() if not result.cached]


def stale(project: Project, as_of: str = "2024-09-30", say: Callable[[str], None] = print) -> list[str]:
    """Return the chapters that a build would run."""
    found = cache.RunCache(RunContext(project, "2024.09", as_of), say=say)
    notebooks = {name: read_notebook(project.notebook(name), name) for name in CHAPTERS}
    keys = {name: found.key(name, notebooks[name], {}) for name in CHAPTERS}
    return [name for name in CHAPTERS if found.find(keys[name], notebooks[name]) is None]


def outputs(project: Project) -> dict[str, bytes]:
    return {name: (project.build / "work" / "runs" / f"{name}.ipynb").read_bytes() for name in CHAPTERS}


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = copy_project(tmp_path_factory.mktemp("filled") / "project")
    assert ran(project) == CHAPTERS
    return project


@pytest.fixture
def project(filled: Project, tmp_path: Path) -> Project:
    """A project with a full cache, to be changed."""
    shutil.copytree(filled.root, tmp_path / "project")
    return Project(tmp_path / "project")


def test_nothing_changed_nothing_runs_nothing_is_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch.warm, "prepare", lambda: pytest.fail("a server was started"))
    folder = project.build / "work" / "runs"
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    said: list[str] = []
    assert ran(project, said.append) == []
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    assert [line.split(", ")[-1] for line in said] == ["cached"] * 3
    assert [line.split()[1].rstrip(":") for line in said] == CHAPTERS


def test_a_cached_result_is_byte_for_byte_that_of_a_run(project: Project) -> None:
    before = outputs(project)
    shutil.rmtree(project.build / "work")
    assert ran(project) == []
    assert outputs(project) == before
    name = next(iter(_numbers(project, "carbon_market")))
    values = {"carbon_market": {name: _numbers(project, "carbon_market")[name]}}
    assert ran(project, **values) == ["carbon_market"]
    changed = outputs(project)
    shutil.rmtree(project.build / "work")
    assert ran(project, **values) == []
    assert outputs(project) == changed


def _numbers(project: Project, chapter: str) -> dict[str, object]:
    """Return another allowed value for each numeric parameter of a chapter."""
    from decisionbook.data.declarations import load_chapter

    found: dict[str, object] = {}
    for p in load_chapter(project, chapter).parameters.values():
        if p.type == "number" and isinstance(p.default, int | float) and p.maximum is not None:
            found[p.name] = (p.default + p.maximum) / 2
    return found


def test_one_cell_of_a_table_runs_the_chapters_that_read_it(project: Project) -> None:
    rewrite(project.data / "visitor_measures.csv", "机场、火车站", "机场、车站")
    assert ran(project) == ["visitor_flow"]
    assert ran(project) == []
    rewrite(project.data / "visitor_measures.csv", "机场、车站", "机场、火车站")
    assert ran(project) == [], "the earlier result is still there"
    for table, expected in (
        ("blockchain_cases", ["carbon_market"]),
        ("policy_documents", ["carbon_market"]),  # none of these chapters reads it; the table before is still another
        ("units", CHAPTERS),
    ):
        rewrite(project.data / f"{table}.csv", "\n", "\n\n")
        assert stale(project) == expected, table


@pytest.mark.parametrize("name", ["data/visitor_measures.csv", "notebooks/visitor_flow.yml", "notebooks/visitor_flow.ipynb"])
def test_a_result_is_kept_only_when_its_files_did_not_change_while_it_ran(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither when the first content is back by the end: what the run has read is then the other one's."""
    path, run = project.root / name, batch.run_notebook
    if name.startswith("data"):
        rewrite(path, "机场、火车站", "机场、车站")
    else:
        rewrite(path, "5", "6") if name.endswith("yml") else rewrite(path, '"gates = 5', '"gates = 6')
    before = path.read_bytes()

    def meanwhile(*given: object, **more: object) -> object:
        path.write_bytes(before.replace(b"gates = 6", b"gates = 7") if name.endswith("ipynb") else before + b"\n")
        done = run(*given, **more)  # type: ignore[arg-type]
        path.write_bytes(before)
        return done

    monkeypatch.setattr(batch, "run_notebook", meanwhile)
    assert ran(project) == ["visitor_flow"]
    assert stale(project) == ["visitor_flow"], "a later build takes a number that no file gives any more"


def test_a_run_draws_the_charts_that_changed(project: Project) -> None:
    folder = project.drawings
    before, drawn = outputs(project), set(folder.rglob("*.json"))
    shutil.rmtree(project.cached_runs)
    assert ran(project) == CHAPTERS
    assert (outputs(project), set(folder.rglob("*.json"))) == (before, drawn)
    values = {name: dict([next(iter(_numbers(project, name).items()))]) for name in ("carbon_market", "visitor_flow")}
    assert ran(project, **values) == list(values)
    assert 1 <= len(set(folder.rglob("*.json")) - drawn) < len(drawn)


def test_the_schema_of_a_table_counts_like_its_cells(project: Project) -> None:
    content = json.loads(project.datapackage.read_text(encoding="utf-8"))
    next(r for r in content["resources"] if r["name"] == "visitor_measures")["schema"]["missingValues"] = ["", "-"]
    project.datapackage.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    assert stale(project) == ["visitor_flow"]


def test_one_parameter_runs_its_chapter(project: Project) -> None:
    name, value = next(iter(_numbers(project, "visitor_flow").items()))
    assert ran(project, visitor_flow={name: value}) == ["visitor_flow"]
    assert stale(project) == []
    rewrite(project.notebook("visitor_flow"), '"gates = 5', '"gates = 6')
    assert stale(project) == ["visitor_flow"]


def test_the_declaration_of_a_chapter_counts(project: Project) -> None:
    rewrite(project.notebooks / "visitor_flow.yml", "maximum: 5", "maximum: 6")
    assert stale(project) == ["visitor_flow"]


def test_another_date_runs_everything(project: Project) -> None:
    assert stale(project, as_of="2024-12-31") == CHAPTERS


def test_one_prose_cell_runs_nothing_and_is_in_the_page(project: Project) -> None:
    before = nbformat.read(project.build / "work" / "runs" / "visitor_flow.ipynb", as_version=4)
    path = project.notebook("visitor_flow")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0]["source"] = "# 另一个题目"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("新的一段。", id="new"))
    nbformat.write(notebook, path)
    assert ran(project) == []
    after = nbformat.read(project.build / "work" / "runs" / "visitor_flow.ipynb", as_version=4)
    assert [c.source for c in after.cells[:2]] == ["# 另一个题目", "新的一段。"]
    assert [c.outputs for c in after.cells if c.cell_type == "code"] == [c.outputs for c in before.cells if c.cell_type == "code"]


def test_another_version_of_a_library_or_lock_runs_everything(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    real = dependencies._version
    for library in ("pandas", "altair"):
        with monkeypatch.context() as patch:
            patch.setattr(dependencies, "_version", lambda name, changed=library: "99" if name == changed else real(name))
            assert stale(project) == CHAPTERS
    assert stale(project) == []
    (project.root / "requirements.lock").write_text("pandas==99\n", encoding="utf-8")
    assert stale(project) == CHAPTERS


START = "import pandas as pd\nfrom decisionbook import notebook as nb\np = nb.start('visitor_flow', globals())"
DRIVER = """
import sys
from pathlib import Path
import decisionbook
assert str(Path(decisionbook.__file__)).startswith(sys.argv[2]), decisionbook.__file__
from decisionbook.data.context import RunContext
from decisionbook.project import Project
from decisionbook.runs.batch import run_all
project = Project(Path(sys.argv[1]))
results = run_all({c: {} for c in sys.argv[3:]}, RunContext(project, "2024.09", "2024-09-30"), project.build / "driver", print)
print("ran", *[n for n, r in results.items() if not r.cached])
"""


def test_one_helper_function_runs_the_chapters_that_import_it(project: Project, tmp_path: Path) -> None:
    code = tmp_path / "code"
    shutil.copytree(Path(decisionbook.__file__).parent, code / "decisionbook", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "PYTHONPATH": str(code)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def driven() -> list[str]:
        command = [sys.executable, "-c", DRIVER, str(project.root), str(code), *CHAPTERS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].split()[1:]

    assert driven() == [], "the same bytes elsewhere are the same modules"
    importers = {"carbon": ["carbon_market"], "growth": ["base_station_growth", "carbon_market"], "counties": []}
    for module, expected in importers.items():
        path = code / "decisionbook" / "analysis" / f"{module}.py"
        path.write_text(path.read_text(encoding="utf-8") + "\n\ndef added() -> int:\n    return 1\n", encoding="utf-8")
        assert driven() == expected, module


def test_a_helper_that_a_late_cell_imports_counts_like_one_of_the_first(project: Project) -> None:
    context = context_with(project, "reads", "x = 1", START, "from decisionbook.analysis import counties")
    _, reads = run_notebook("reads", context, {}, seen=False)
    assert {"decisionbook.notebook", "decisionbook.analysis.counties"} <= set(reads.modules)


def test_a_result_for_one_audience_is_none_for_the_other(project: Project) -> None:
    """What the public may not know is another content of the same tables."""
    for audience, cached in ((INTERNAL, True), (PUBLIC, False), (PUBLIC, True)):
        context = RunContext(project, "2024.09", "2024-09-30", audience=audience)
        results = run_all({"visitor_flow": {}}, context, project.build / "work" / audience, lambda _: None)
        assert results["visitor_flow"].cached is cached, audience


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "not JSON"])
def test_a_damaged_entry_is_told_removed_and_run_again(project: Project, damage: str) -> None:
    before = outputs(project)
    entries = sorted(project.cached_runs.glob("*/*.json"))
    assert len(entries) == 3
    victim = next(p for p in entries if '"visitor_flow\\"' in p.read_text(encoding="utf-8"))
    content = victim.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + (b"1" if content[middle : middle + 1] != b"1" else b"2") + content[middle + 1 :]
    victim.write_bytes({"truncated": content[:middle], "flipped": flipped, "empty": b"", "not JSON": b"[1]"}[damage])
    said: list[str] = []
    assert stale(project, say=said.append) == ["visitor_flow"]
    assert "is damaged" in said[0]
    assert victim.name in said[0]
    assert not victim.exists()
    if damage == "truncated":
        assert ran(project) == ["visitor_flow"]
        assert outputs(project) == before
        assert ran(project) == []


def test_the_cache_stays_within_its_bounds(project: Project) -> None:
    entries = sorted(project.cached_runs.glob("*/*.json"))
    for age, path in enumerate(entries):
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    small = cache.RunCache(context_of(project), entries=2)
    small.make_room()
    assert sorted(project.cached_runs.glob("*/*.json")) == entries[1:]
    assert not entries[0].parent.exists()
    cache.RunCache(context_of(project), size=entries[2].stat().st_size).make_room()
    assert sorted(project.cached_runs.glob("*/*.json")) == entries[2:]


def test_builds_at_the_same_time_share_the_cache(project: Project) -> None:
    shutil.rmtree(project.cached_runs)
    failed: list[BaseException] = []

    def build(folder: str) -> None:
        try:
            run_all({"visitor_flow": {}}, context_of(project), project.build / folder, lambda _: None)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=build, args=(f"build{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({(project.build / f"build{n}" / "visitor_flow.ipynb").read_bytes() for n in range(3)}) == 1
    files = [p.name for p in project.cached_runs.rglob("*") if p.is_file()]
    assert len(files) == 1, "no temporary file, no second copy"


@pytest.mark.parametrize(
    "source",
    [
        "pd.read_csv(folder / 'units.csv')",
        "open(folder / 'units.csv').read()",
        "open(bytes(folder / 'units.csv'), 'rb')",
        "os.open(str(folder / 'units.csv'), os.O_RDONLY)",
        "(folder / '..' / 'data' / 'units.csv').read_text()",
    ],
)
def test_data_read_by_other_means_fails_the_run_and_is_named(project: Project, tmp_path: Path, source: str) -> None:
    folder = f"import os, pathlib\nfolder = pathlib.Path({str(project.data)!r})"
    context = context_with(project, "reads", "x = 1", START, f"{folder}\n{source}")
    with pytest.raises(RunFailed, match=r"data/units\.csv: found opened by other means than `nb`"):
        execute("reads", context, tmp_path / "out.ipynb")


def test_the_data_folder_is_not_opened_to_reach_its_files_by_a_handle(project: Project, tmp_path: Path) -> None:
    source = f"import os\nhandle = os.open({str(project.data)!r}, os.O_RDONLY)\nos.open('units.csv', os.O_RDONLY, dir_fd=handle)"
    with pytest.raises(RunFailed, match=r"data/: found opened by other means than `nb`"):
        execute("reads", context_with(project, "reads", "x = 1", START, source), tmp_path / "out.ipynb")


def test_other_files_may_be_read(project: Project, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("a\n1\n", encoding="utf-8")
    context = context_with(project, "reads", "x = 1", START, f"nb.tables('units')\npd.read_csv({str(own)!r})")
    execute("reads", context, tmp_path / "out.ipynb")


def test_the_first_failure_in_order_is_told_and_the_others_are_kept(project: Project) -> None:
    name = "carbon_market"
    rewrite(project.notebook(name), '"from decisionbook import charts', '"1 / 0\\n",\n    "from decisionbook import charts')
    rewrite(project.data / "visitor_measures.csv", "机场、火车站", "机场、车站")
    with pytest.raises(RunFailed, match=r"chapter carbon_market, cell \d+ .*ZeroDivisionError"):
        ran(project)


def test_clean_spares_a_folder_that_somebody_writes_to(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    sweeps = project.build / "sweeps"
    for name in ("alpha", "beta"):
        (sweeps / name).mkdir(parents=True)
        (sweeps / name / "runs.jsonl").write_text("{}", encoding="utf-8")
    with writing(sweeps / "alpha", print):
        assert main(["--project", str(project.root), "clean", "--all"]) == 0
        assert "_build/sweeps/alpha stays: a run or a sweep is writing there" in capsys.readouterr().out
        assert [p.name for p in sweeps.iterdir()] == ["alpha"]
        assert (sweeps / "alpha" / "runs.jsonl").is_file()
    assert main(["--project", str(project.root), "clean", "--all"]) == 0
    assert not sweeps.exists()


def test_clean_spares_what_is_published(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    kept = {"site", "intake"}
    for name in ("site", "intake", "book", "office", "runs", "sweeps"):
        (project.build / name).mkdir()
        (project.build / name / "file").write_text("x", encoding="utf-8")
    assert main(["--project", str(project.root), "clean"]) == 0
    assert {p.name for p in project.build.iterdir()} == {*kept, "book", "office", "runs", "sweeps"}
    assert main(["--project", str(project.root), "clean", "--all"]) == 0
    assert {p.name for p in project.build.iterdir()} == kept
    assert "_build/book" in capsys.readouterr().out
    assert main(["--project", str(project.root), "clean", "--all"]) == 0


def test_a_result_file_is_json_that_names_what_it_depends_on(project: Project) -> None:
    entry = json.loads(next(iter(project.cached_runs.glob("*/*.json"))).read_bytes())
    assert "figures" in entry["depends"]["tables"]
    assert "decisionbook.notebook" in entry["depends"]["modules"]
    assert not any(m.startswith("decisionbook.runs") for m in entry["depends"]["modules"])
