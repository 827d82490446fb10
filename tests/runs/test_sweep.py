"""Sweeps: every set checked first, failures collected, nothing run twice, the same tables however it was stopped."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from decisionbook.cli import main
from decisionbook.data.declarations import load_chapter
from decisionbook.data.package import Package
from decisionbook.editions import run_commands
from decisionbook.editions.sweep_page import _table as sweep_table
from decisionbook.editions.sweep_page import compared, meanings
from decisionbook.errors import InputError
from decisionbook.project import Project
from decisionbook.runs import engines
from decisionbook.runs.sweep import (
    duration,
    grid_sets,
    plan,
    table_sets,
)

from ..conftest import copy_project
from .helpers import alive, notebook_of, records, within

CHAPTER = "industry_revenue_share"
TINY = """\
title: 小章
title_en: A small chapter
part: 数字产业
sources: ["000"]
data_until: 2022
status: current
limits: {environment: [TINY_LOG]}
parameters:
  area: {type: area, default: 广西, meaning: 地区}
  step: {type: integer, default: 1, minimum: 0, maximum: 99, meaning: 步}
"""
CELLS = (
    "area = '广西'\nstep = 1",
    "import os, time\nfrom decisionbook import notebook as nb\np = nb.start('tiny', globals())",
    "assert p.step != 13, 'unlucky'\nfolder = os.environ.get('TINY_LOG')\n"
    "if folder:\n    open(os.path.join(folder, f'{p.area}-{p.step}-{os.getpid()}'), 'w').close()\n    time.sleep(0.3)",
    "nb.record('double', 2 * p.step, unit='个')\nnb.record('name', '=' + p.area)",
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a chapter that runs in an instant."""
    project = copy_project(tmp_path_factory.mktemp("sweep") / "project")
    (project.notebooks / "tiny.yml").write_text(TINY, encoding="utf-8")
    nbformat.write(notebook_of(*CELLS), project.notebook("tiny"))
    return project


def sweep(project: Project, folder: Path, *words: str) -> int:
    return main(["--project", str(project.root), "sweep", "tiny", "-o", str(folder), "--workers", "2", *words])


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


# ---- Parameter sets ---------------------------------------------------------------------------


def test_grids_and_tables_give_typed_sets(project: Project, tmp_path: Path) -> None:
    chapter, package = load_chapter(project, CHAPTER), Package(project)
    expected = [{"growth": g, "annualisation": a} for g in (10, 12.5) for a in chapter.parameters["annualisation"].choices]
    assert grid_sets(chapter, package, ["growth=10, 12.5", "annualisation=*"]) == expected
    (tmp_path / "t.csv").write_bytes("growth,area\n10,\n,广东\n".encode("gbk"))
    assert table_sets(chapter, package, tmp_path / "t.csv") == {2: {"growth": 10}, 3: {"area": "广东"}}


def test_every_fault_of_every_set_is_told_before_anything_runs(project: Project, tmp_path: Path) -> None:
    chapter, package = load_chapter(project, CHAPTER), Package(project)
    with pytest.raises(InputError) as caught:
        grid_sets(chapter, package, ["growht=1", "growth=fast", "horizon", "area=广西", "area=广东"])
    assert len(caught.value.problems) == 4
    with pytest.raises(InputError) as caught:
        plan(chapter, package, [{"growth": 900.0}, {"area": "广酉"}, {"growth": 5.0}], {}, "--grid", "x")
    assert [p.file for p in caught.value.problems] == ["--grid, set 1", "--grid, set 2"]
    (tmp_path / "t.csv").write_text("growth,speed,growth\nx,1,2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        table_sets(chapter, package, tmp_path / "t.csv")
    assert {(p.row, p.column) for p in caught.value.problems} == {(1, "speed"), (1, "growth"), (2, "growth")}
    (tmp_path / "t.csv").write_text("growth,area\nfast,广西\n\n900,广酉\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        table_sets(chapter, package, tmp_path / "t.csv")
    assert [(p.row, p.column) for p in caught.value.problems] == [(2, "growth"), (4, "growth"), (4, "area")]
    same = plan(chapter, package, [{"growth": 5.0}, {"growth": 5}, {"growth": 6}], {}, "--grid", "x")
    assert [r.number for r in same] == [1, 2]


def test_a_default_that_is_named_and_one_that_is_not_are_one_set(project: Project) -> None:
    chapter, package = load_chapter(project, "carbon_market"), Package(project)
    for name, parameter in chapter.parameters.items():
        if parameter.default is None:
            continue
        runs = plan(chapter, package, [{}, {name: parameter.default}], {}, "--grid", "x")
        assert [(run.number, run.values) for run in runs] == [(1, {})], name
    years = chapter.parameters["years"].default
    assert len(plan(chapter, package, [{}, {"years": years + 1}], {}, "--grid", "x")) == 2
    assert len(plan(chapter, package, [{}, {"years": years}], {"years": years + 1}, "--grid", "x")) == 2


def test_a_set_that_breaks_a_rule_is_told_with_its_row_or_counted(project: Project) -> None:
    chapter, package = load_chapter(project, "carbon_market"), Package(project)
    same = {"area": "全国"}
    with pytest.raises(InputError) as caught:
        plan(chapter, package, [{}, same], {}, "my.csv", "x", rows=[2, 5])
    assert [(p.file, p.row, p.expected) for p in caught.value.problems] == [("my.csv", 5, "area != nation")]
    said: list[str] = []
    sets = grid_sets(chapter, package, ["area=*", "years=1,2"])
    runs = plan(chapter, package, sets, {}, "--grid", "x", said.append)
    assert len(runs) == len(sets) - 2
    assert said == ["2 sets in which area != nation does not hold, such as area = '全国', nation = '全国'"]
    with pytest.raises(InputError) as caught:
        plan(chapter, package, [{**same, "years": 1 + n / 10} for n in range(59)], {}, "--grid", "x")
    assert len(str(caught.value).splitlines()) == 41


def test_a_grid_of_too_many_runs_is_refused_before_it_is_made(tiny: Project, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "tiny", "--grid", "area=" + ",".join(["广西"] * 20_000), "step=" + ",".join(["1"] * 50_000)]
    assert main(["--project", str(tiny.root), *words]) == 2
    told = capsys.readouterr().err
    assert "20000 × 50000 = 1,000,000,000 runs; expected at most 100,000" in told
    assert "--most-runs 1000000000" in told
    chapter, package = load_chapter(tiny, "tiny"), Package(tiny)
    with pytest.raises(InputError, match=r"2 × 2 = 4 runs; expected at most 3"):
        grid_sets(chapter, package, ["area=广西,广东", "step=1,2"], 3)
    assert len(grid_sets(chapter, package, ["area=广西,广东", "step=1,2"], 4)) == 4


def test_a_grid_in_another_unit_is_told_by_its_first_faults(tiny: Project, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "tiny", "--grid", "step=" + ",".join(str(1000 + n) for n in range(266))]
    assert main(["--project", str(tiny.root), *words]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 41
    assert told[-1].startswith("--grid: found 226 more faults")


def test_a_parameter_is_varied_or_given_and_not_both(tiny: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(tiny, tmp_path / "out", "--grid", "step=1,2", "-p", "area=广东", "-p", "step=3") == 2
    assert "found step in both --grid and -p; expected one of the two" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_finding_is_refused_before_anything_runs(
    tiny: Project, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", CHAPTER, "--grid", "growth=10", "-o", str(tmp_path / "out"), "--finding", "revenue_shar"]
    assert main(["--project", str(project.root), *words]) == 2
    assert "an unknown finding 'revenue_shar'" in (told := capsys.readouterr().err)
    assert 'Did you mean "revenue_share"?' in told
    assert not (tmp_path / "out").exists()


def test_wrong_sets_start_nothing(tiny: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(tiny, tmp_path / "out", "--grid", "step=1,100", "area=广酉") == 2
    told = capsys.readouterr().err
    assert "0–99" in told
    assert 'Did you mean "广西"' in told
    assert not (tmp_path / "out").exists()
    assert sweep(tiny, tmp_path / "out") == 2


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.6, 200, 7500)] == ["0 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]


# ---- Runs -------------------------------------------------------------------------------------


def test_a_page_compares_findings_that_differ_from_each_other() -> None:
    def record(a: float, b: float, text: str) -> dict[str, object]:
        found = {"low": a, "step": a, "same": 7.0, "middle": a, "other": b, "text": text}
        return {"findings": {name: {"value": value, "unit": ""} for name, value in found.items()}}

    records = [record(1, 4, "x"), record(2, 3, "y")]
    assert compared(records, ["middle"], ["step"]) == ["middle", "other"]
    # One that is missing in a run is another series.
    del records[1]["findings"]["low"]  # type: ignore[attr-defined]
    records += [record(5, 6, "z")]
    assert compared(records, ["other"], ["step"]) == ["other", "low", "middle"]


def test_a_page_says_in_the_words_of_the_chapter_what_a_finding_is(project: Project) -> None:
    chapter = load_chapter(project, "industry_revenue_share")

    def meant(*areas: str) -> str:
        found = [{"area": area, "nation": "全国", "revenue_share": float(n)} for n, area in enumerate(areas)]
        records = [{"findings": {k: {"value": v, "unit": ""} for k, v in values.items()}} for values in found]
        return meanings(project, chapter, records)["revenue_share"]

    assert re.match(r"〔此值〕 ?%.*广西.*占全国", meant("广西", "广西")), "what is the same in all runs is filled in"
    assert re.match(r"〔此值〕 ?%.*….*占全国", meant("广西", "广东")), "what differs is left open"
    assert "广西" not in meant("广西", "广东")


def test_a_ranking_prints_quantities_with_thousands_and_years_without() -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", sweep_table(["年", "值", "词"], [[2022, 6480.0, "<"], [2023, 1492000.5, None]]))
    assert cells == ["2022", "6,480", "&lt;", "2023", "1,492,000", "—"]


def test_a_sweep_collects_failures_and_writes_tables_and_page(
    tiny: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    monkeypatch.setattr(run_commands, "FAILURES_SHOWN", 1)
    out = tmp_path / "out"
    assert sweep(tiny, out, "--grid", "step=1,13,3", "area=广西,广东", "--keep-notebooks") == 1
    told = capsys.readouterr().out
    assert "[6/6]" in told
    assert "failed: step=13, area=广西: " in told
    assert f"and 1 more in {out / 'failures.csv'}" in told
    failed = rows(out / "failures.csv")
    assert [(r["step"], r["area"], r["cell"]) for r in failed] == [("13", "广西", "3"), ("13", "广东", "3")]
    assert all("unlucky" in r["error"] for r in failed)
    tidy = rows(out / "results.csv")
    doubled = ["{run} {step} {area} {value} {unit}".format(**r) for r in tidy if r["finding"] == "double"]
    assert doubled == ["1 1 广西 2 个", "2 1 广东 2 个", "5 3 广西 6 个", "6 3 广东 6 个"]
    assert {r["text"] for r in tidy if r["finding"] == "name"} == {"'=广西", "'=广东"}
    typed = duckdb.sql(f"SELECT run, step, value, text FROM '{out / 'results.parquet'}' ORDER BY ALL").fetchall()
    assert typed[0] == (1, 1.0, 2.0, None)
    assert {t[3] for t in typed} == {None, "=广西", "=广东"}
    assert [r["status"] for r in rows(out / "runs.csv")] == ["ok", "ok", "failed", "failed", "ok", "ok"]
    page = (out / "comparison.html").read_text(encoding="utf-8")
    assert "<svg" in page
    # The book's own rule for charts, which keep their width there, is the more particular one otherwise.
    assert ".sweep figure .db-chart svg:not(.db-room) { max-width: max(100%, 30rem); }" in page
    assert "unlucky" in page
    assert "分析者重算" in page
    assert not re.search(r"<script|<link|\ssrc=|https?://(?!www\.w3\.org)", page)
    assert len(list((out / "notebooks").glob("*.ipynb"))) == 4
    before = (out / "runs.jsonl").read_bytes()
    assert sweep(tiny, out, "--grid", "step=1,13,3", "area=广西,广东") == 1
    assert (out / "runs.jsonl").read_bytes() == before, "what is there already is not run again, failures neither"
    assert sweep(tiny, out, "--grid", "step=13", "--retry-failed") == 1
    assert len(records(out)) == 7


def test_a_killed_sweep_goes_on_where_it_was(tiny: Project, tmp_path: Path) -> None:
    """Each run leaves a file of its own: after a kill -9 and a second start every finished run was run once."""
    out, log = tmp_path / "out", tmp_path / "log"
    log.mkdir()
    words = ["sweep", "tiny", "--grid", "step=20,21,22,23,24,25,26,27", "-o", str(out), "--workers", "2"]
    environment = {**os.environ, "TINY_LOG": str(log)}
    command = [sys.executable, "-m", "decisionbook.cli", "--project", str(tiny.root), *words]
    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(records(out)) < 2:
        assert first.poll() is None
        time.sleep(0.05)
    children = [int(p) for p in Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text(encoding="ascii").split()]
    first.send_signal(signal.SIGKILL)
    first.wait()
    finished = {json.dumps(r["parameters"], sort_keys=True) for r in records(out)}
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in children):
        assert time.monotonic() < deadline, "a worker outlived the sweep"
        time.sleep(0.1)
    before = {p.name for p in log.iterdir()}
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    assert f"{len(finished)} of 8 runs are there already" in second.stdout
    assert len({r["id"] for r in records(out)}) == len(records(out)) == 8
    again = {name.split("-")[1] for name in {p.name for p in log.iterdir()} - before}
    assert not {json.dumps({"step": int(step)}) for step in again} & finished


def test_runs_whose_charts_nobody_sees_find_what_single_runs_find(project: Project) -> None:
    """A sweep that keeps no notebooks draws nothing; its findings are those of a run that draws."""
    job = {"project": str(project.root), "edition": "2024.09", "as_of": "2024-09-30", "tables": {}, "chapter": CHAPTER}
    unseen, kept = (engines.run_one({**job, "parameters": {"growth": 55}, "keep": keep}) for keep in (False, True))
    assert "<svg" in kept.pop("notebook")
    assert unseen["status"] == "ok", unseen
    assert len(unseen["findings"]) > 10
    assert unseen["findings"] == kept["findings"]


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker(tiny: Project, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    told = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    base = [sys.executable, "-m", "dask"]
    log = tmp_path / "log"
    log.mkdir()
    environment = {**os.environ, "TINY_LOG": str(log)}
    scheduler = [*base, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    worker = [*base, "worker", "--scheduler-file", str(told), "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    worker += ["--local-directory", str(tmp_path / "dask")]
    started = [subprocess.Popen(scheduler, **quiet)]  # type: ignore[call-overload]
    try:
        assert within(60, lambda: told.is_file() and bool(told.read_bytes()))
        address = json.loads(told.read_text(encoding="utf-8"))["address"]
        started += [subprocess.Popen(worker, env=environment, **quiet) for _ in range(2)]  # type: ignore[call-overload]
        out = tmp_path / "out"
        words = ["sweep", "tiny", "--grid", "step=20,21,22,23,24,25,26,27", "-o", str(out), "--scheduler", address]
        command = [sys.executable, "-m", "decisionbook.cli", "--project", str(tiny.root), *words]
        deadline = time.monotonic() + 60
        while "ready" not in ready(address):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(records(out)) < 2 and run.poll() is None:
            time.sleep(0.05)
        started[1].kill()
        output, errors = run.communicate(timeout=120)
        assert run.returncode == 0, output + errors
        assert len({r["id"] for r in records(out)}) == len(records(out)) == 8
        assert all(r["status"] == "ok" for r in records(out))
    finally:
        for process in started:
            process.kill()
            process.wait()


def ready(address: str) -> str:
    from distributed import Client

    try:
        with Client(address, timeout="2s", set_as_default=False) as client:
            return "ready" if len(client.scheduler_info()["workers"]) == 2 else ""
    except OSError:
        return ""
