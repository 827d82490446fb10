"""What changed between two editions: found, explained, and sorted by what matters."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from decisionbook.cli import main
from decisionbook.editions.diff import compare, record_path
from decisionbook.editions.diff_text import as_text
from decisionbook.editions.snapshot import Phrase, compact

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
    changes = compare(snapshot(), changed(share=[1.2, "%"]), {"alpha": {"share": Phrase("占 1.20%", ".2f")}})
    (moved,) = changes["moved"]
    assert (moved["old"], moved["new"], moved["unit"], moved["words"]) == (0.9, 1.2, "%", "占 1.20%")
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


def test_wording_is_counted_and_not_listed() -> None:
    changes = compare(snapshot(), changed(sentence="bbbb"))
    assert changes["texts"] == 1
    assert changes["moved"] == []
    assert "1 generated texts read differently" in as_text(changes)


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
