"""Completion in a real shell: the script is sourced and asked as the shell would ask it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decisionbook.cli import _parser, main
from decisionbook.data.declarations import chapter_names
from decisionbook.editions.completion import SHELLS, script, words
from decisionbook.errors import InputError
from decisionbook.project import Project

from .conftest import ROOT, copy_project

# What readline does before it calls the function: it parts the line at spaces and at the equals sign.
ASK = r"""
source "$SCRIPT"
ask() {
  COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}
  read -ra COMP_WORDS <<< "${COMP_LINE//=/ = }"
  [[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
  _decisionbook_complete decisionbook "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  echo "${COMPREPLY[*]}"
}
while IFS= read -r line; do ask "$line"; done
"""

CASES = {
    "decisionbook bu": "build",
    "decisionbook run carb": "carbon_market",
    "decisionbook run carbon_market --ed": "--edition",
    "decisionbook build --edition 2024": "2024.09",
    "decisionbook run carbon_market -p turn": "turnover=",
    "decisionbook run industry_revenue_share -p annualisation=": "翻倍 全国上半年占比",
    "decisionbook run industry_revenue_share -p area=广州": "广州市",
    "decisionbook sweep carbon_market --grid partic": "participation=",
    "decisionbook run carbon_market -d obs": "observations",
    "decisionbook template glos": "glossary",
    "decisionbook diff 2021": "2021.07",
    "decisionbook new x --indicator urb": "urbanisation_rate",
    "decisionbook completion ": "bash zsh tcsh",
    "decisionbook run no_such": "",
}


def asked(lines: list[str], folder: Path, root: Path) -> list[str]:
    """Return what bash offers at the end of each line, with `root` as the working folder."""
    path = folder / "completion.bash"
    path.write_text(script(_parser(), "bash"), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "SCRIPT": str(path)}
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=environment,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_offers_what_the_project_holds(tmp_path: Path) -> None:
    assert dict(zip(CASES, asked(list(CASES), tmp_path, ROOT), strict=True)) == CASES


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_a_hostile_name_is_neither_run_nor_offered(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    for name in ("$(touch pwned)", "`touch pwned`", "x;touch pwned", "桂 林"):
        (project.notebooks / f"{name}.yml").write_text("title: x\n", encoding="utf-8")
    (offered,) = asked(["decisionbook run "], tmp_path, project.root)
    assert offered.split() == [n for n in chapter_names(project) if n.isidentifier()]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_with_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for command in ("build", "run", "sweep", "new", "doctor"):
        assert command in text
    assert "completion --words chapters" in text
    program = shutil.which(shell)
    if program and shell != "tcsh":
        subprocess.run([program, "-n"], input=text, text=True, check=True)


def test_words_are_those_of_the_project(project: Project) -> None:
    assert words(project, "chapters") == chapter_names(project)
    assert "2024.09" in words(project, "editions")
    assert words(project, "parameters", "carbon_market")[:1] == ["area"]
    assert words(project, "values", "carbon_market.no_such") == []
    with pytest.raises(InputError):
        words(project, "nonsense")


def test_outside_a_project_there_is_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--project", str(tmp_path), "completion", "--words", "chapters"]) == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_without_a_shell_windows_is_told_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion"]) == 2
    assert "PowerShell" in capsys.readouterr().err
