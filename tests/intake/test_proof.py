"""The proof of a draft: it finds what does not add up, changes nothing, and keeps quiet where all is well."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from decisionbook.cli import main
from decisionbook.data.package import Package
from decisionbook.intake.checks import check_draft
from decisionbook.intake.documents import Document
from decisionbook.intake.draft import make_draft
from decisionbook.intake.proof import proof_file
from decisionbook.project import Project

from .papers import BRIEF, brief, word

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def kinds(project: Project, text: str) -> set[str]:
    package = Package(project)
    draft = make_draft(package, Document(Path("draft.txt"), text, "txt"), "900", formulas=False)
    return {r.kind for r in check_draft(package, draft).remarks if r.sure >= 0.5}


def test_a_sound_draft_gets_no_remark(project: Project, tmp_path: Path) -> None:
    assert proof_file(project, brief(tmp_path), tmp_path / "out", lambda _: None) == []


@pytest.mark.parametrize("words", [["--sure", "5"], ["--sure", "-0.1"], ["--sure", "nan"], ["--measure", "0"]])
def test_a_threshold_outside_its_range_is_refused(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    draft = [] if "--measure" in words else [str(brief(tmp_path))]
    assert main(["--project", str(project.root), "proof", *draft, *words, "-o", str(tmp_path / "out")]) == 2
    assert f"{words[0]}: found {words[1]}; expected" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("桂林市20个）", "桂林市30个）", "sum"),
        ("合计\t82", "合计\t28", "sum"),
        ("增长25%", "增长35%", "growth"),
        ("的0.74%", "的7.4%", "share"),
        ("（137000亿元）", "（137000万元）", "share"),
        ("0.74%。", "0.74%。占比为3.5个百分点。", "unit"),
        ("千兆光网。", "千兆光网。普及率由71.2%提高到75.2%，提高4%。", "points"),
        ("千兆光网。", "千兆光网。机架从12万架增长至10万架。", "direction"),
        ("千兆光网。", "千兆光网。覆盖率达120%。", "above_whole"),
        ("千兆光网。", "千兆光网。呈现三个特点：一是多。二是广。", "count"),
        ("千兆光网。", "千兆光网。排名由第5位上升到第8位。", "rank"),
        ("千兆光网。", "千兆光网。甲、乙、丙分别占50%、30%和25%，三项比重。", "remainder"),
        (
            "合计\t82\t57.5",
            "合计\t82\t57.5\n\n地区\t得分（分）\t排名\n甲\t91.2\t1\n乙\t88.5\t2\n丙\t90.1\t3\n丁\t80.0\t4",
            "table_rank",
        ),
        ("千兆光网。", "千兆光网。\n\n政务云平台注册用户达到4321万人。\n\n政务云平台注册用户达到4312万人。", "twice"),
    ],
)
def test_a_planted_error_is_remarked_as_its_kind(project: Project, right: str, wrong: str, kind: str) -> None:
    assert right in BRIEF
    assert kind not in kinds(project, BRIEF)
    assert kind in kinds(project, BRIEF.replace(right, wrong))


@pytest.mark.parametrize("passage", [
    "地区生产总值617.50亿元，比上年增长5.2%。其中，第一产业37.11亿元，增长2.6%；第二产业339.85亿元，增长4.5%；第三产业240.54亿元，增长6.7%。",
    "总人口496954人，其中，男性249997人，女性246957人；城镇人口295115人，乡村人口201839人。",
    "年末人口94.9万人，比上年末增加0.1万人，其中城镇人口41.4万人，乡村人口53.5万人。",
    "占比由37.1%提升至37.3%，其中制造业由35.1%提升至35.4%。东部完成收入81097亿元。中部完成收入5029亿元。",
])  # fmt: skip
def test_ordinary_prose_of_statistics_raises_no_alarm(project: Project, passage: str) -> None:
    assert kinds(project, passage) == set()


def test_a_number_that_an_earlier_edition_printed_otherwise_is_remarked(project: Project, tmp_path: Path) -> None:
    text = "2022年上半年，我区软件和信息技术服务业收入为452亿元。\n"
    remarks = proof_file(project, brief(tmp_path, text), tmp_path / "out", lambda _: None)
    assert [(r.kind, r.expected) for r in remarks] == [("earlier", "425亿元")]


def test_comments_are_the_only_change_in_a_word_draft(project: Project, tmp_path: Path) -> None:
    path = word(tmp_path)
    remarks = proof_file(project, path, tmp_path / "out", lambda _: None)
    before, after = zipfile.ZipFile(path), zipfile.ZipFile(tmp_path / "out" / path.name)
    touched = {n for n in before.namelist() if before.read(n) != after.read(n)}
    assert touched <= {"word/document.xml", "word/_rels/document.xml.rels", "[Content_Types].xml"}
    comments = etree.fromstring(after.read("word/comments.xml"))
    assert len(comments) == len(remarks) >= 4
    assert "35%" in "".join(comments.itertext())
    root = etree.fromstring(after.read("word/document.xml"))
    marks = [f"{W}commentRangeStart", f"{W}commentRangeEnd"]
    references = [r.getparent() for r in root.iter(f"{W}commentReference")]
    for element in [*root.iter(*marks), *references]:
        element.getparent().remove(element)
    original = etree.fromstring(before.read("word/document.xml"))
    assert etree.tostring(root, method="c14n") == etree.tostring(original, method="c14n")


def test_the_same_draft_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    path = word(tmp_path)
    for name in ("one", "two"):
        proof_file(project, path, tmp_path / name, lambda _: None)
    for name in ("report.html", "report.json", path.name):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_report_escapes_the_draft_and_allows_no_script(project: Project, tmp_path: Path) -> None:
    path = brief(tmp_path, "机架<script>alert(1)</script>从12万架增长至10万架。", "<b>&.txt")
    proof_file(project, path, tmp_path / "out", lambda _: None)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;b&gt;&amp;.txt" in page
    assert "default-src &#x27;none&#x27;; style-src &#x27;sha256-" in page
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["remarks"][0]["kind"] == "direction"


def test_exit_codes_tell_sound_wrong_and_unreadable(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--project", str(project.root), "proof"]
    assert main([*base, str(brief(tmp_path)), "-o", str(tmp_path / "a")]) == 0
    assert main([*base, str(word(tmp_path)), "-o", str(tmp_path / "b")]) == 1
    assert main([*base, str(tmp_path / "brieff.txt")]) == 2
    assert "brief.txt" in capsys.readouterr().err
