"""`decisionbook doctor`: every line is found on this machine, and a lack is seen when there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.editions import doctor
from decisionbook.project import Project
from decisionbook.runs import warm

from .conftest import ROOT, copy_project


def states(project: Project | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in doctor.examine(project.root if project else Path("/")):
        found.setdefault(finding.what, []).append(finding.state)
    return found


def test_a_ready_machine_is_said_to_be_ready(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--project", str(project.root), "doctor"]) == 0
    text = capsys.readouterr().out
    for what in (
        "Python",
        "Packages",
        "Lock",
        "Fonts",
        "Kernel",
        "Warm kernels",
        "Network of runs",
        "Chromium",
        "Node.js",
        "Git",
        "Encoding",
        "Disk",
        "Source texts",
    ):
        assert f"{what}: " in text


def test_json_says_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--project", str(project.root), "doctor", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {f["what"] for f in listed} == set(states(project))
    assert set(listed[0]) == {"state", "what", "found", "cost", "remedy"}


def test_every_lack_says_what_it_costs_or_what_to_do(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor.metadata, "distributions", list)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor.locale, "getencoding", lambda: "cp936")
    monkeypatch.setattr(doctor, "_memory", lambda: 500_000_000)
    monkeypatch.setattr(doctor, "_writable", lambda folder: False)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 1))
    monkeypatch.setattr(doctor.confine, "network_closes", lambda: False)
    monkeypatch.setenv(warm.COLD, "1")
    monkeypatch.setenv("DECISIONBOOK_SOURCES", str(tmp_path))
    found = doctor.examine(project.root)
    lacks = [f for f in found if f.state != "ok"]
    assert {f.what for f in lacks} >= {
        "Packages", "Packages for the tests", "Packages for JupyterLab", "Fonts", "Warm kernels", "Network of runs", "Chromium",
        "Poppler", "Git", "Node.js", "LibreOffice", "Encoding", "Memory", "Write access", "Disk", "Source texts",
    }  # fmt: skip
    assert all(f.cost and f.remedy for f in lacks)
    assert doctor.exit_code(found) == 1


def test_what_is_only_useful_does_not_fail(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert doctor.exit_code(doctor.examine(project.root)) == 0


def test_another_version_than_the_lock_is_noted(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "\nnumpy==" in text
    (project.root / "requirements.lock").write_text(text.replace("\nnumpy==", "\nnumpy==0.0."), encoding="utf-8")
    (lock,) = [f for f in doctor.examine(project.root) if f.what == "Lock"]
    assert lock.state == "note"
    assert "numpy" in lock.found


def test_a_folder_without_a_project_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--project", str(tmp_path), "doctor"]) == 1
    assert "--project DIR" in capsys.readouterr().out


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom decisionbook.cli import main\nmain(['--project', sys.argv[1], 'doctor'])\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'sphinx', 'altair', 'frictionless', 'nbformat', 'jupyter_client'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
