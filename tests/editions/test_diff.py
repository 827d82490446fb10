"""What changed between two editions: found, explained, and sorted by what matters."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from decisionbook.cli import main
from decisionbook.editions.clauses import clauses_of, phrases
from decisionbook.editions.diff import compare, record_path
from decisionbook.editions.diff_text import as_text
from decisionbook.editions.snapshot import compact

from .builds import snapshot, tiny_project


def changed(**findings: list[Any] | str) -> dict[str, Any]:
    new = copy.deepcopy(snapshot("2001.06"))
    new["findings"]["alpha"].update(findings)
    return new


def test_equal_editions_differ_in_nothing() -> None:
    changes = compare(snapshot(), snapshot("2001.06"))
    assert changes["moved"] == changes["verdicts"] == changes["parameters"] == []
    assert changes["texts"] == 0
    assert "findings that moved: 0" in as_text(changes)


def test_a_moved_finding_has_values_difference_and_share() -> None:
    changes = compare(snapshot(), changed(share=[1.2, "%"]))
    (moved,) = changes["moved"]
    assert (moved["old"], moved["new"], moved["unit"], moved["words"]) == (0.9, 1.2, "%", "占 〔1.20〕%")
    assert moved["form"] == ".2f"
    assert moved["difference"] == pytest.approx(0.3)
    assert moved["relative"] == pytest.approx(1 / 3)
    assert "alpha.share: 0.9 % -> 1.2 %" in as_text(changes)


def test_the_last_binary_digits_are_no_change() -> None:
    assert compare(snapshot(), changed(share=[0.9 * (1 + 1e-13), "%"]))["moved"] == []


def test_key_findings_come_first_then_the_largest_change() -> None:
    old = snapshot()
    old["findings"]["alpha"].update(small=[100, ""], zero=[0, ""], other_unit=[1, "万元"])
    new = changed(share=[0.91, "%"], count=[30, "个"], small=[101, ""], zero=[1, ""], other_unit=[1, "亿元"])
    order = [m["finding"].partition(".")[2] for m in compare(old, new)["moved"]]
    assert order == ["share", "other_unit", "zero", "count", "small"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda s: s["chapters"]["alpha"]["parameters"].update(growth=12), "parameter"),
        (lambda s: s["chapters"]["alpha"]["sources"].append("001"), "source"),
        (lambda s: s["statistics"].update({"O-2": "o2"}), "statistics"),
        (lambda s: s["statistics"].update({"O-1": "revised"}), "data"),
        (lambda s: s["sources"]["000"]["tables"].update(figures="f1"), "data"),
        (lambda s: s["tables"].update(areas="a1"), "data"),
        (lambda s: s["chapters"]["alpha"].update(code="c1"), "code"),
        (lambda s: s.update(library="l1"), "code"),
        (lambda s: None, "date"),
    ],
)
def test_the_cause_is_told(change: Any, cause: str) -> None:
    new = changed(share=[1.2, "%"])
    change(new)
    assert compare(snapshot(), new)["moved"][0]["causes"] == [cause]


def test_chapters_verdicts_figures_displays_and_parameters() -> None:
    new = changed(added=[1, ""])
    del new["findings"]["alpha"]["count"]
    new["chapters"]["beta"] = {**new["chapters"]["alpha"], "title": "乙章"}
    new["findings"]["beta"] = {"b": [1, ""]}
    new["chapters"]["alpha"] = {
        **new["chapters"]["alpha"],
        "charts": {"fig-b": "图乙"},
        "parameters": {"area": "贵州", "growth": 10},
    }
    new["verdicts"] = {"reproduced": ["000-0002"], "contradicted": ["000-0001"], "input": ["001-0001", "001-0002"]}
    new["sources"]["001"] = {"title": "来源乙", "tables": {}}
    changes = compare(snapshot(), new)
    assert changes["chapters"]["added"] == [{"name": "beta", "title": "乙章"}]
    assert [v["figure_id"] for v in changes["verdicts"]] == ["000-0001", "000-0002"], "the new contradiction comes first"
    assert changes["figures"] == {"added": {"001": 2}, "withdrawn": ["000-0003"]}
    assert [d["caption"] for d in changes["displays"]["added"]] == ["图乙"]
    assert [d["caption"] for d in changes["displays"]["withdrawn"]] == ["图甲"]
    assert changes["parameters"] == [{"chapter": "alpha", "title": "甲章", "parameter": "area", "old": "广西", "new": "贵州"}]
    assert changes["findings"] == {"added": ["alpha.added"], "withdrawn": ["alpha.count"]}
    text = as_text(changes)
    for words in (
        "chapters added: 1",
        "sources added: 1",
        "000-0001: reproduced -> contradicted",
        "2 of source 001",
        "alpha.area: 广西 -> 贵州",
    ):
        assert words in text


def dated(year: int, growth: float, rule: str = "翻倍") -> dict[str, Any]:
    """Return a snapshot whose text quotes a growth of a year and what a rule gives."""
    new = copy.deepcopy(snapshot(f"{year}.12"))
    new["findings"]["alpha"].update(year=[year, "年"], growth=[growth, "%"], rule=rule, whole=[growth * 50, "亿元"])
    new["clauses"]["alpha"] += ["全国 {{year}} 年增 {{growth:.1f}}%", "按“{{rule}}”推得 {{whole:.0f}} 亿元"]
    return new


def test_numbers_of_another_year_or_rule_stand_with_both_sentences_and_no_difference() -> None:
    changes = compare(dated(2021, 16.4), dated(2023, 14.0, "上半年占比"))
    found = {m["finding"].partition(".")[2]: m for m in changes["moved"]}
    for name in ("growth", "whole"):
        assert found[name]["reworded"]
        assert found[name]["difference"] is found[name]["relative"] is None
    assert found["growth"]["old_words"] == "全国 2021 年增 〔16.4〕%"
    assert [(s["old"], s["new"]) for s in changes["sentences"]] == [
        ("全国 2021 年增 16.4%", "全国 2023 年增 14.0%"),
        ("按“翻倍”推得 820 亿元", "按“上半年占比”推得 700 亿元"),
    ]
    assert "growth: 16.4 % -> 14 %  (its sentence changed" in as_text(changes)


def test_an_amount_in_the_same_sentence_has_a_difference() -> None:
    (moved,) = [m for m in compare(dated(2021, 16.4), dated(2021, 14.0))["moved"] if m["finding"] == "alpha.growth"]
    assert not moved["reworded"]
    assert moved["difference"] == pytest.approx(-2.4)
    assert compare(dated(2021, 16.4), dated(2021, 14.0))["sentences"] == []


def test_a_number_whose_earlier_sentence_is_not_known_has_no_difference() -> None:
    old = snapshot()
    del old["clauses"]
    (moved,) = compare(old, changed(share=[1.2, "%"]))["moved"]
    assert (moved["reworded"], moved["difference"], moved["old_words"]) == (False, None, "")


def test_changed_words_are_counted_and_their_sentences_listed() -> None:
    changes = compare(snapshot(), changed(sentence="高于"))
    assert changes["texts"] == 1
    assert changes["moved"] == []
    (sentence,) = changes["sentences"]
    assert (sentence["old"], sentence["new"]) == ("本章共 10 个，低于全国", "本章共 10 个，高于全国")
    assert "1 generated texts read differently" in as_text(changes)


def test_clauses_keep_names_and_lose_markup() -> None:
    prose = (
        "**广西**（见{numref}`tab-a`）占 {glue:text}`share_low:.2f`–{glue:text}`share_high:.2f`%，[来源](a.md)；没有数的一句。"
    )
    assert clauses_of(prose) == ["广西占 {{share_low:.2f}}–{{share_high:.2f}}%，来源"]
    found = phrases(clauses_of(prose), {"share_low": (0.9, "%"), "share_high": (1.2, "%")}, own="〔{}〕")
    assert found["share_low"].words == "广西占 〔0.90〕–1.20%，来源"
    assert found["share_low"].frame == found["share_high"].frame == "广西占 〔〕–〔〕%，来源"


def test_a_snapshot_survives_being_committed() -> None:
    assert json.loads(compact(snapshot())) == snapshot()


def test_a_number_of_findings_below_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_project(tmp_path)
    assert main(["--project", str(tmp_path), "diff", "2000.01", "2001.06", "--most", "-5"]) == 2
    assert "--most: found -5; expected 0 or more" in capsys.readouterr().err


def test_the_command_reads_published_and_working_editions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tiny_project(tmp_path / "project")
    base = ["--project", str(project.root), "diff", "2000.01", "2001.06"]
    record_path(project, "2001.06").parent.mkdir()
    record_path(project, "2001.06").write_text(compact(changed(share=[1.2, "%"])), encoding="utf-8")
    assert main(base) == 0
    assert "alpha.share" in capsys.readouterr().out
    assert main([*base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["moved"][0]["new"] == 1.2
    (project.build / "book" / "2000.01" / "snapshot.json").unlink()
    assert main(base) == 2
    assert "decisionbook build --edition 2000.01" in capsys.readouterr().err
