"""Publishing: a whole edition at once, never altered, one writer at a time, whole after a kill at any moment."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from decisionbook.cli import main
from decisionbook.editions import steps
from decisionbook.editions.definition import find_edition
from decisionbook.editions.lock import LOCK
from decisionbook.editions.publish import add_erratum, publish, records_folder
from decisionbook.editions.site import read_script
from decisionbook.editions.verify import verify
from decisionbook.errors import CheckFailed, InputError
from decisionbook.project import Project

from .builds import contents, make_build, tiny_project


def silent(_: str) -> None:
    pass


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path / "project")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def published(project: Project, site: Path, *ids: str) -> None:
    for edition_id in ids:
        publish(project, find_edition(project, edition_id), site, say=silent)


def entries(site: Path) -> list[dict[str, Any]]:
    listed = read_script(site / "editions.js")
    assert listed is not None
    return listed["editions"]


def test_a_published_edition_is_the_build_and_is_listed_newest_first(project: Project, site: Path) -> None:
    published(project, site, "2000.01", "2001.06")
    assert contents(site / "2000.01") == contents(project.build / "book" / "2000.01")
    assert [e["id"] for e in entries(site)] == ["2001.06", "2000.01"]
    assert entries(site)[1]["pages"] == ["alpha.html", "beta.html", "index.html"]
    landing = (site / "index.html").read_text(encoding="utf-8")
    assert landing.index("2001.06 版") < landing.index("2000.01 版")
    for words in ("2000.01的新意。", "回溯重建版", "数据截至 2000-01-31", '"2001.06/decision-reference-2001.06.pdf"', "最新"):
        assert words in landing
    assert "<script" not in landing
    assert "style=" not in landing
    assert verify(site).problems == []
    assert verify(site).notes == []


def test_the_site_has_a_page_for_addresses_that_no_edition_has(project: Project, site: Path) -> None:
    published(project, site, "2000.01")
    first = (site / "404.html").read_text(encoding="utf-8")
    published(project, site, "2001.06")
    second = (site / "404.html").read_text(encoding="utf-8")
    assert '["2000.01"]' in first
    assert '["2001.06", "2000.01"]' in second
    published(project, site, "2000.01")
    assert (site / "404.html").read_text(encoding="utf-8") == second
    assert "各版里都没有这个地址" in second


def test_the_manifest_and_the_snapshot_are_kept_with_the_project(project: Project, site: Path) -> None:
    published(project, site, "2000.01")
    record = records_folder(project)
    assert (record / "2000.01.json").read_bytes() == (site / "2000.01" / "manifest.json").read_bytes()
    assert (record / "2000.01.findings.json").is_file()
    assert verify(site, record).notes == []


def test_the_archive_unpacks_to_the_edition_and_is_the_same_every_time(project: Project, site: Path, tmp_path: Path) -> None:
    published(project, site, "2000.01")
    published(project, tmp_path / "other site", "2000.01")
    archive = site / "2000.01.zip"
    assert archive.read_bytes() == (tmp_path / "other site" / "2000.01.zip").read_bytes()
    line = (site / "2000.01.zip.sha256").read_text(encoding="utf-8")
    assert line == f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  2000.01.zip\n"
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path / "unpacked")
    assert contents(tmp_path / "unpacked" / "decision-reference-2000.01" / "2000.01") == contents(site / "2000.01")


def test_publishing_again_changes_nothing(project: Project, site: Path) -> None:
    published(project, site, "2000.01", "2001.06")
    before = {p: p.stat().st_mtime_ns for p in site.rglob("*") if p.is_file()}
    published(project, site, "2001.06", "2000.01")
    assert {p: p.stat().st_mtime_ns for p in site.rglob("*") if p.is_file()} == before


def test_a_published_edition_is_not_altered(project: Project, site: Path) -> None:
    published(project, site, "2000.01")
    before = contents(site)
    make_build(project, find_edition(project, "2000.01"), alpha="other numbers")
    with pytest.raises(CheckFailed) as refused:
        published(project, site, "2000.01")
    said = str(refused.value)
    assert "changed  alpha.html" in said
    assert "beta.html" not in said
    assert "new-edition NEW_ID --from 2000.01" in said
    assert contents(site) == before


def test_a_fresh_clone_knows_what_was_published(project: Project, site: Path, tmp_path: Path) -> None:
    published(project, site, "2000.01")
    make_build(project, find_edition(project, "2000.01"), alpha="other numbers")
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(CheckFailed, match=r"the committed record in 1 file:"):
        published(project, elsewhere, "2000.01")
    assert not (elsewhere / "2000.01").exists()
    result = publish(project, find_edition(project, "2000.01"), elsewhere, rebuilt=True, say=silent)
    assert result.rebuilt
    assert entries(elsewhere)[0]["rebuilt"] is True
    assert "本地重建" in (elsewhere / "index.html").read_text(encoding="utf-8")
    assert (records_folder(project) / "2000.01.json").read_bytes() == (site / "2000.01" / "manifest.json").read_bytes()
    assert any("is not the one on record" in note for note in verify(elsewhere, records_folder(project)).notes)


def test_a_published_folder_that_somebody_edited_is_named(project: Project, site: Path) -> None:
    published(project, site, "2000.01")
    (site / "2000.01" / "alpha.html").write_text("edited", encoding="utf-8")
    (site / "2000.01" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CheckFailed) as refused:
        published(project, site, "2000.01")
    said = str(refused.value)
    assert "edited by hand" in said
    assert "changed  alpha.html" in said
    assert "extra    notes.txt" in said
    assert "unpack 2000.01.zip" in said
    assert (site / "2000.01" / "alpha.html").read_text(encoding="utf-8") == "edited"


def test_an_erratum_leaves_every_byte_of_the_edition(project: Project, site: Path) -> None:
    published(project, site, "2000.01", "2001.06")
    before = contents(site / "2000.01")
    add_erratum(project, "2000.01", site, "第一章 <b>份额</b> 有误。", "2026-12-01", silent)
    assert contents(site / "2000.01") == before
    assert entries(site)[1]["errata"] == [{"text": "第一章 <b>份额</b> 有误。", "date": "2026-12-01"}]
    landing = (site / "index.html").read_text(encoding="utf-8")
    assert "勘误（2026-12-01）：第一章 &lt;b&gt;份额&lt;/b&gt; 有误。" in landing
    assert "2000.01" in json.loads((records_folder(project) / "errata.json").read_text(encoding="utf-8"))
    assert verify(site).problems == []
    published(project, site, "2001.06")
    assert len(entries(site)[1]["errata"]) == 1
    with pytest.raises(InputError, match="Publish it first"):
        add_erratum(project, "1999.01", site, "x", "", silent)


@pytest.mark.parametrize("text", ["有\x1b[31m误", "有\x00误", "有\udcff误", "有\x9b误"])
def test_a_notice_that_no_page_can_hold_is_refused(project: Project, site: Path, text: str) -> None:
    published(project, site, "2000.01")
    before = contents(site)
    with pytest.raises(InputError, match="--erratum: found the control character"):
        add_erratum(project, "2000.01", site, text, "", silent)
    assert contents(site) == before


def test_the_command_line_publishes_warns_and_verifies(project: Project, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--project", str(project.root)]
    assert main([*base, "publish", "2000.01", "--site", str(site)]) == 0
    assert main([*base, "publish", "2000.01", "--site", str(site), "--erratum", "有误。", "--date", "2026-12-01"]) == 0
    assert main([*base, "verify", str(site)]) == 0
    assert "all as published" in capsys.readouterr().out
    assert main([*base, "publish", "2000.01", "--site", str(site), "--erratum", "有误。", "--date", "soon"]) == 2
    assert main([*base, "publish", "2009.01", "--site", str(site)]) == 2
    assert "no edition '2009.01'" in capsys.readouterr().err


def test_only_a_whole_build_is_published(project: Project, site: Path) -> None:
    edition = find_edition(project, "2000.01")
    folder = make_build(project, edition, pdf=False)
    with pytest.raises(InputError, match="without --no-pdf"):
        publish(project, edition, site, say=silent)
    folder = make_build(project, edition)
    (folder / "beta.html").write_text("edited", encoding="utf-8")
    with pytest.raises(CheckFailed, match="was edited by hand"):
        publish(project, edition, site, say=silent)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"decisionbook build --edition 2000\.01"):
        publish(project, edition, site, say=silent)
    assert not site.exists()


def run_and_kill(project: Project, site: Path, edition_id: str, at: int) -> bool:
    """Publish in a child process that is killed (SIGKILL) at its n-th step; return whether it came that far."""
    child = os.fork()
    if not child:
        count = 0

        def kill(_: str) -> None:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

        steps.checkpoint = kill
        try:
            published(project, site, edition_id)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_moment_leaves_the_site_whole(project: Project, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    published(project, wanted, "2000.01", "2001.06")
    at = 0
    while True:
        at += 1
        site = tmp_path / f"site {at}"
        published(project, site, "2000.01")
        before = contents(site / "2000.01")
        (records_folder(project) / "2001.06.json").unlink(missing_ok=True)
        killed = run_and_kill(project, site, "2001.06", at)
        report = verify(site)
        assert report.problems == [], f"killed at step {at}"
        assert contents(site / "2000.01") == before
        published(project, site, "2001.06")
        assert contents(site) == contents(wanted), f"killed at step {at}, then published again"
        assert (records_folder(project) / "2001.06.json").is_file()
        if not killed:
            break
    assert at > 25, "the kill must have been tried at every step"


def test_a_full_disk_loses_nothing(project: Project, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(project, site, "2000.01")
    before = contents(site)
    written = 0

    def full(step: str) -> None:
        nonlocal written
        written += step.startswith("half of")
        if written > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), step)

    monkeypatch.setattr(steps, "checkpoint", full)
    with pytest.raises(CheckFailed, match="No space left on device"):
        published(project, site, "2001.06")
    assert contents(site) == before
    assert not [p for p in site.iterdir() if p.name.startswith(".")], "what was half written is gone"
    monkeypatch.undo()
    published(project, site, "2001.06")
    assert verify(site).problems == []


def test_a_target_that_cannot_be_written_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"Cannot publish to .*file"):
        published(project, tmp_path / "file" / "site", "2000.01")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    try:
        if not os.access(closed, os.W_OK):
            with pytest.raises(CheckFailed, match="Permission denied"):
                published(project, closed, "2000.01")
            assert contents(closed) == {}
    finally:
        closed.chmod(0o755)


def test_one_publish_at_a_time(project: Project, site: Path) -> None:
    published(project, site, "2000.01")
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    lock = site / LOCK
    try:
        lock.write_text(json.dumps({"pid": other.pid, "host": socket.gethostname()}), encoding="utf-8")
        with pytest.raises(CheckFailed, match=f"held by process {other.pid}"):
            published(project, site, "2001.06")
        assert lock.is_file()
    finally:
        other.kill()
        other.wait()
    said: list[str] = []
    publish(project, find_edition(project, "2001.06"), site, say=said.append)
    assert any("taking over" in line for line in said)
    assert not lock.exists()


@pytest.mark.parametrize("left", ["", "{", "[]"])
def test_a_lock_that_was_cut_short_is_taken_over(project: Project, site: Path, left: str) -> None:
    site.mkdir()
    (site / LOCK).write_text(left, encoding="utf-8")
    published(project, site, "2000.01")
    assert not (site / LOCK).exists()


def test_a_lock_of_another_machine_is_respected(project: Project, site: Path) -> None:
    site.mkdir()
    (site / LOCK).write_text(json.dumps({"pid": 1, "host": "another"}), encoding="utf-8")
    with pytest.raises(CheckFailed, match="process 1 on another"):
        published(project, site, "2000.01")
