"""What a kill left behind is gone before the next build starts, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from decisionbook.data.scratch import replace_file
from decisionbook.editions.recovery import recover
from decisionbook.project import Project


def test_half_written_entries_go_and_whole_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    whole = [project.cached_runs / "ab" / "1.json", project.drawings / "cd" / "2.json"]
    for path in whole:
        path.parent.mkdir(parents=True)
        replace_file(path, b"{}", shared=True)
        assert [p.name for p in path.parent.iterdir()] == [path.name]

    def killed(source: Path, target: Path) -> None:
        os._exit(9)

    for path in whole:
        # A process that dies between writing and renaming.
        if (child := os.fork()) == 0:
            monkeypatch.setattr(os, "replace", killed)
            replace_file(path.with_name("3.json"), b"{}", shared=True)
        os.waitpid(child, 0)
        assert len(list(path.parent.iterdir())) == 2
    recover(project, project.built("2024.09"), project.work("2024.09"), lambda line: None)
    assert [sorted(path.parent.iterdir()) for path in whole] == [[path] for path in whole]


def test_a_failure_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(b"old")

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(target)

    monkeypatch.setattr(os, "replace", refuse)
    for shared in (True, False):
        with pytest.raises(PermissionError):
            replace_file(path, b"new", shared=shared)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]
