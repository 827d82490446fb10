"""Temporary folders: those of the living stay, those of the dead go."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.data.scratch import PREFIX, Scratch, remove_dead, replace_file, scratch_folder
from decisionbook.errors import system_fault

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="locks on folders need a POSIX system")


def test_a_folder_of_a_living_process_stays_and_that_of_a_dead_one_goes(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom decisionbook.data.scratch import Scratch\n"
        "s = Scratch(sys.argv[1])\nprint(s.path, flush=True)\nsys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    left = Path(other.stdout.readline().strip())
    (tmp_path / "somebody's").mkdir()
    (left / "file").write_text("x", encoding="utf-8")
    remove_dead(str(tmp_path))
    assert (left / "file").is_file()
    other.kill()
    other.communicate()
    own = Scratch(str(tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([own.path.name, "somebody's"])
    own.remove()


def test_a_scratch_folder_is_private_and_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch_folder() as folder:
        assert folder.name.startswith(PREFIX)
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_holder_is_removed_at_any_age(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}empty").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)
    remove_dead(str(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == [f"{PREFIX}link"]


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "Make room"), (errno.EROFS, "--site"), (errno.EMFILE, "open files")]
)
def test_what_the_machine_refuses_is_said_in_words(
    number: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    monkeypatch.setattr("decisionbook.project.find_project", refuse)
    assert main(["params"]) == 1
    told = capsys.readouterr().err
    assert os.strerror(number) in told
    assert "/some/file" in told
    assert words in told


def test_a_folder_that_could_not_be_copied_whole_is_said_in_words_too() -> None:
    reason = f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}: 'a' -> 'b'"
    told = system_fault(shutil.Error([("a", "b", reason), ("c", "d", reason)]))
    assert told is not None
    assert told.startswith(f"{os.strerror(errno.ENOSPC)} (b).")


def test_a_fault_of_the_program_is_no_fault_of_the_machine() -> None:
    assert system_fault(FileNotFoundError(errno.ENOENT, "No such file")) is None


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ipynb"
    replace_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    monkeypatch.undo()
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.ipynb", b"old")]
    replace_file(path, b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.ipynb", b"new")]
