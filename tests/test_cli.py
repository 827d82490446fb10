"""The command line: quick help, clear errors, exit codes."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from decisionbook import editions, runs
from decisionbook.cli import _parser, main
from decisionbook.data.declarations import load_chapter
from decisionbook.project import Project

from .conftest import ROOT

CHAPTER = "industry_revenue_share"


def said(capsys: pytest.CaptureFixture[str], *words: str, root: Path = ROOT) -> tuple[int, str]:
    code = main(["--project", str(root), *words])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom decisionbook.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'sphinx', 'altair', 'yaml', 'frictionless', 'nbformat'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "build" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("words", [["--help"], ["params", CHAPTER], ["run", CHAPTER, "-p", "area=广酉"]])
def test_an_encoding_that_cannot_hold_chinese_ends_no_command(encoding: str, words: list[str]) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "decisionbook.cli", "--project", str(ROOT), *words]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == (2 if words[0] == "run" else 0), done.stderr
    assert b"Traceback" not in done.stderr
    if words[0] == "params":
        shown = done.stdout.decode(encoding)
        assert "产业收入占比".encode("ascii", "backslashreplace").decode() in shown or "产业收入占比" in shown
        assert "a name (name_zh) in data/areas.csv" in shown


def test_help_fits_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    commands = next(a.choices for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert len(lines) <= len(commands) + 15, "each command is told in one line"


UNKNOWN_WORDS = {
    "a command": (["biuld"], "found an unknown command 'biuld'", 'Did you mean "build"?'),
    "an option": (["build", "--editon", "2024.09"], "found an unknown option --editon", 'Did you mean "--edition"?'),
    "an option with a value": (["build", "--editon=2024.09"], "found an unknown option --editon", 'Did you mean "--edition"?'),
    "a choice": (["completion", "bsh"], "found an unknown SHELL 'bsh'", 'Did you mean "bash"?'),
    "one word too many": (["clean", "everything"], "one word too many, 'everything'", "decisionbook clean --help"),
    "a parameter without its option": (["run", CHAPTER, "growth=25"], "'growth=25'", "A parameter is written -p growth=25."),
    "nothing where a word must be": (["sweep"], "CHAPTER", "decisionbook sweep --help"),
    "an option without its value": (["build", "--edition"], "expected one argument", "decisionbook build --help"),
}


@pytest.mark.parametrize("kind", UNKNOWN_WORDS)
def test_a_mistyped_command_line_gets_a_suggestion(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, found, suggestion = UNKNOWN_WORDS[kind]
    with pytest.raises(SystemExit) as stop:
        main(words)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert found in said
    assert suggestion in said


def test_an_unknown_table_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "template", "observatons")
    assert (code, 'Did you mean "observations"?' in text) == (2, True)


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "decisionbook", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "decisionbook")


def test_run_without_a_chapter_is_told_unless_all_are_updated(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "run")
    assert (code, CHAPTER in text) == (2, True)


@pytest.mark.parametrize(
    "command", sorted(next(a.choices for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)))
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"decisionbook {command}" in capsys.readouterr().out


def test_params_lists_type_default_range_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "params", CHAPTER)
    assert code == 0
    for word in ("growth  (number)", "15%", "-20–60", "nominal annual growth"):
        assert word in text


BAD_PARAMETERS = {
    "unknown name": (["-p", "growht=12"], 'Did you mean "growth"?'),
    "wrong type": (["-p", "growth=fast"], "a number"),
    "out of range": (["-p", "growth=600"], "-20–60"),
    "named as a parameter": (["-p", "growth=600"], "parameter growth: found 600"),
    "unknown area": (["-p", "area=广酉"], 'Did you mean "广西"?'),
    "not a choice": (["-p", "annualisation=翻翻"], 'Did you mean "翻倍"?'),
    "not a period": (["-p", "period=2022H1"], "a period such as"),
    "no assignment": (["-p", "growth"], "name=value"),
    "cross-field": (["-p", "target_year=2050", "-p", "horizon=2045"], "target_year < horizon"),
    "no integer": (["-p", "horizon=2045.5"], "a whole number"),
}


@pytest.mark.parametrize("kind", BAD_PARAMETERS)
def test_bad_parameters_never_reach_a_kernel(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_kernel(*_: object, **__: object) -> None:
        raise AssertionError("a kernel was started for wrong input")

    # Imported before the patch: a module that is first imported under it would keep the stand-in for later tests.
    for package in (editions, runs):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    for module in [m for n, m in sys.modules.items() if n.startswith("decisionbook.") and hasattr(m, "execute")]:
        if callable(module.execute):
            monkeypatch.setattr(module, "execute", no_kernel)
    words, expected = BAD_PARAMETERS[kind]
    code, text = said(capsys, "run", CHAPTER, *words, "-o", str(tmp_path / "out"))
    assert code == 2
    assert expected in text
    assert not (tmp_path / "out").exists()


def test_all_faults_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "run", CHAPTER, "-p", "growht=12", "-p", "horizon=soon")
    assert code == 2
    assert "growht" in text
    assert "soon" in text


def test_an_unknown_chapter_or_edition_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "run", "industry_revenue")
    assert (code, f'Did you mean "{CHAPTER}"?' in text) == (2, True)
    code, text = said(capsys, "build", "--edition", "2024.9")
    assert (code, 'Did you mean "2024.09"?' in text) == (2, True)


def test_a_sweep_names_what_is_too_many_or_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, "sweep", CHAPTER)
    assert (code, "found neither --grid nor --table" in text) == (2, True)
    code, text = said(capsys, "sweep", CHAPTER, "--grid", "growth=1", "--table", str(tmp_path / "sets.csv"))
    assert (code, "found both --grid and --table" in text) == (2, True)


def test_a_parameter_file_in_another_form_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("growth 20\n", encoding="utf-8")
    code, text = said(capsys, "run", CHAPTER, "-f", str(tmp_path / "p.yml"), "-o", str(tmp_path / "out"))
    assert code == 2
    assert "found 'growth 20'; expected one `name: value` a line" in text


def test_a_folder_or_a_file_of_sources_that_is_not_there_is_told_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, "check", "--sources", str(tmp_path / "none"))
    assert (code, "--sources: found no folder" in text) == (2, True)
    code, text = said(capsys, "check", "--sources", str(tmp_path))
    assert code == 2
    assert text.count("column file: found no file 000_") == text.count("no file 000_") == 1


def test_no_project_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, "build", root=tmp_path)
    assert code == 2
    assert "--project DIR" in text


def test_a_parameter_file_is_read_and_overridden(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("growth: 20\ngdp_growth: 5\n", encoding="utf-8")
    code, text = said(capsys, "run", CHAPTER, "-f", str(tmp_path / "p.yml"), "-p", "growth=25", "-o", str(tmp_path / "out"))
    assert code == 0, text
    findings = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    finding = findings[f"{CHAPTER}.catch_up_years"]
    assert finding["parameters"] == {"growth": 25, "gdp_growth": 5}
    # ln(8.22 / 3.45) / ln(1.25 / (1.05 * 1.03))
    assert finding["value"] == pytest.approx(5.9961, abs=1e-4)


def test_a_notebook_without_a_parameters_cell_is_wrong_input(
    broken: Callable[[str, Callable[[str], str]], Project], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    project = broken(f"notebooks/{CHAPTER}.ipynb", lambda t: t.replace('"parameters"', '"parameter"'))
    code, text = said(capsys, "run", CHAPTER, "-o", str(tmp_path / "out"), root=project.root)
    assert code == 2
    assert f"notebooks/{CHAPTER}.ipynb: found 0 cells tagged `parameters`" in text


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_the_parameters_cell_is_the_declaration(path: Path, project: Project) -> None:
    notebook = nbformat.read(path, as_version=4)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    namespace: dict[str, object] = {}
    exec(cell.source, namespace)
    namespace.pop("__builtins__")
    assert namespace == load_chapter(project, path.stem).defaults


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_committed_notebooks_carry_outputs_and_no_run_metadata(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert any(c.outputs for c in code)
    assert not any(o.output_type in ("error", "stream") for c in code for o in c.outputs)
    assert "papermill" not in notebook.metadata
    assert not any({"papermill", "execution"} & set(c.metadata) for c in code)


@pytest.mark.parametrize(
    "start",
    [
        "import decisionbook.runs.execute",
        "import decisionbook.editions.build",
        "from decisionbook import notebook as nb, charts",
        "import decisionbook.runs.forkserver",
        "from decisionbook.cli import main; main(['check'])",
    ],
)
def test_commands_and_kernels_do_without_the_grammars_of_a_format_that_nothing_has(start: str) -> None:
    code = (
        f"import sys\n{start}\n"
        "assert 'rfc3987_syntax' not in sys.modules, 'a second at each start'\n"
        "import rfc3987_syntax"  # a notebook that wants it has it
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_pipe_that_is_closed_early_stops_what_is_said_and_not_the_work(tmp_path: Path) -> None:
    done = tmp_path / "done"
    code = (
        "import sys, pathlib\n"
        "from decisionbook import cli\n"
        "def work(options):\n    [print('x' * 999, flush=True) for _ in range(999)]\n"
        f"    pathlib.Path({str(done)!r}).touch()\n    return 1\n"
        "cli._check = work\n"
        "sys.exit(cli.main(['check']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 1, "the exit code is the command's own"
    assert (process.stderr.read(), done.exists()) == ("", True)
