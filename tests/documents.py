"""Documents whose commands are run as written: README and the pages of docs/."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from decisionbook.cli import main
from decisionbook.project import Project

from .conftest import copy_project


@dataclass
class Command:
    """One command of a document, the lines that it is said to print, and its exit code (`# exit code 2` says another than 0)."""

    words: list[str]
    expected: list[str] = field(default_factory=list)
    code: int = 0


def blocks(path: Path, kind: str) -> list[str]:
    """Return the fenced blocks of a document."""
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```", path.read_text(encoding="utf-8"))


def commands(console: str) -> list[Command]:
    """Return the commands of a console block."""
    found: list[Command] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            code = re.search(r"# exit code (\d)", line)
            found.append(Command(shlex.split(line[2:], comments=True), code=int(code[1]) if code else 0))
        else:
            found[-1].expected.append(line)
    return found


def printed(line: str, said: str) -> bool:
    """Return whether a line of a document stands in the output; … stands for anything."""
    return re.search("(?m)^" + ".*".join(map(re.escape, line.split("…"))) + "$", said) is not None


def follow(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command of the project as a document says, and compare what it prints."""
    assert command.words[0] == "decisionbook", command.words
    capsys.readouterr()
    code = main(command.words[1:])
    said = "".join(capsys.readouterr())
    assert code == command.code, said
    assert [line for line in command.expected if not printed(line, said)] == [], said


def project_with(folder: Path, *chapters: str) -> Project:
    """Return a copy of the project with its newest edition alone, unpublished, and with these chapters only."""
    project = copy_project(folder)
    for path in project.editions.rglob("*"):
        if path.is_file() and path.name != "2024.09.yml":
            path.unlink()
    newest = project.editions / "2024.09.yml"
    content = yaml.safe_load(newest.read_text(encoding="utf-8")) | {"chapters": list(chapters), "parameters": {}}
    newest.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for path in project.notebooks.glob("*.*"):
        if path.stem not in chapters:
            path.unlink()
    return project
