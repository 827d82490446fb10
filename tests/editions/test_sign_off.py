"""Signatures: who signs, in which order, and what voids them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from decisionbook.cli import main
from decisionbook.editions.definition import ROLES, find_edition
from decisionbook.editions.manifest import describe, write_manifest
from decisionbook.editions.sign_off import find_current, office_facts
from decisionbook.editions.sphinx_build import edition_config
from decisionbook.project import Project
from decisionbook.render.typst.edition import read_edition

from .builds import edition_content, make_build, write_edition

SEEN, CHANGED = "a" * 64, "b" * 64


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with one edition and a working build whose findings have a known hash."""
    project = Project(tmp_path)
    write_edition(project, edition_content("2000.01", "2000-01-31", issue_number="第1期", distribution=["甲处", "乙处"]))
    make_build(project, find_edition(project, None))
    monkeypatch.setattr("decisionbook.editions.sign_off.describe", lambda project, edition: {"title": edition.title})
    found(project, SEEN)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "datapackage.json").write_text("{}", encoding="utf-8")
    return project


def found(project: Project, digest: str) -> None:
    """Say that the working build holds other findings."""
    folder = project.build / "book" / "2000.01"
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, {**content, "findings_hash": digest})


def sign(role: str, name: str, *more: str) -> int:
    return main(["sign", "2000.01", "--role", role, "--name", name, "--date", "2000-02-01", *more])


def sign_all() -> None:
    for role, name in zip(ROLES, ("甲", "乙", "丙", "丁"), strict=True):
        assert sign(role, name) == 0


def test_four_signatures_make_an_issued_edition(built: Project) -> None:
    assert find_current(built, "2000.01").draft
    sign_all()
    edition = find_current(built, "2000.01")
    assert not edition.draft
    assert [s["name"] for s in office_facts(edition)["signatures"]] == ["甲", "乙", "丙", "丁"]


def test_a_later_change_of_a_finding_voids_every_signature(built: Project, capsys: pytest.CaptureFixture[str]) -> None:
    sign_all()
    found(built, CHANGED)
    edition = find_current(built, "2000.01")
    assert edition.draft
    assert office_facts(edition)["signatures"] == []
    assert main(["sign", "2000.01"]) == 0
    assert capsys.readouterr().out.count("void: the findings have changed since") == 4


def test_the_roles_sign_in_their_order(built: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign("签发", "丁") == 1
    assert "执笔、复核、审核" in capsys.readouterr().err


def test_who_wrote_does_not_check(built: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign("执笔", "甲") == 0
    assert "still to sign: 复核, 审核, 签发; until then it prints 送审稿" in capsys.readouterr().out
    assert sign("复核", "甲") == 1
    assert "second pair of eyes" in capsys.readouterr().err


def test_an_unknown_role_a_missing_name_and_a_wrong_date_are_wrong_input(
    built: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sign", "2000.01", "--role", "审", "--name", " ", "--date", "2000-02-31"]) == 2
    said = capsys.readouterr().err
    assert "--role" in said
    assert "--name" in said
    assert "--date" in said


@pytest.mark.parametrize("name", ["李\x1b[0m四", "李\ud800", "李\n四", "李\u0085四"])
def test_a_name_that_no_page_can_hold_is_not_written(built: Project, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = built.editions / "2000.01.yml"
    before = path.read_bytes()
    assert sign("执笔", name) == 2
    assert "--name: found " in capsys.readouterr().err
    assert path.read_bytes() == before
    find_edition(built, "2000.01")


def test_an_old_build_cannot_be_signed(
    built: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("decisionbook.editions.sign_off.describe", lambda project, edition: {"title": "另一本"})
    assert sign("执笔", "甲") == 1
    assert "older than the project" in capsys.readouterr().err


def test_withdrawing_takes_back_the_later_roles_too(built: Project) -> None:
    sign_all()
    assert main(["sign", "2000.01", "--withdraw", "审核"]) == 0
    assert list(find_current(built, "2000.01").valid_signatures) == ["执笔", "复核"]


def test_signing_keeps_the_text_of_the_edition_file(built: Project) -> None:
    path = built.editions / "2000.01.yml"
    before = "# 手写的说明\n" + path.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    sign_all()
    text = path.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert main(["sign", "2000.01", "--withdraw", "执笔"]) == 0
    assert path.read_text(encoding="utf-8") == before


def test_a_name_with_quotes_and_colons_survives(built: Project) -> None:
    assert sign("执笔", '甲: "乙" #') == 0
    assert find_edition(built, "2000.01").signatures[0].name == '甲: "乙" #'


def test_a_new_edition_begins_unsigned(built: Project) -> None:
    sign_all()
    assert main(["new-edition", "2000.02", "--from", "2000.01"]) == 0
    assert find_edition(built, "2000.02").signatures == ()


def test_a_draft_says_so_on_cover_and_heads_and_an_issued_edition_does_not(built: Project) -> None:
    draft = read_edition(edition_config(find_current(built, "2000.01")), "书")
    assert "送审稿" in (draft.mark or "")
    assert "送审稿" in draft.running
    assert ("期号", "第1期") in draft.facts
    assert ("分发", "甲处、乙处") in draft.facts
    sign_all()
    issued = read_edition(edition_config(find_current(built, "2000.01")), "书")
    assert "送审稿" not in issued.source()
    assert any("签发 丁" in line for line in issued.imprint)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"audience": "pubic"}, "public"),
        ({"distribution": "甲处"}, "a list of names"),
        ({"signatures": [{"role": "执笔"}]}, "decisionbook sign"),
        ({"signatures": [{"role": "执毕", "name": "甲", "date": "2000-02-01", "findings": SEEN}]}, "执笔"),
    ],
)
def test_a_faulty_office_entry_is_wrong_input(built: Project, more: dict[str, object], words: str) -> None:
    with pytest.raises(Exception, match="found") as raised:
        write_edition(built, edition_content("2000.03", "2000-03-31", **more))
    assert words in str(raised.value)


def test_signatures_are_part_of_what_a_build_is_made_from(project: Project) -> None:
    assert {"signatures", "audience", "issue_number", "distribution"} <= describe(project, find_edition(project, None)).keys()
