"""The register of advice and its reverse: what falls with a figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from decisionbook.analysis import registers

ROOT = Path(__file__).parents[2]
FORMULAS = pd.DataFrame(
    [("f3", "和", "a+b", "a=f1;b=f2"), ("f4", "倍", "a*2", "a=f3"), ("f9", "一量两处", "a", "a=f8")],
    columns=["figure_id", "reading", "expression", "inputs"],
)
ADVICE = pd.DataFrame(
    [
        ("R-1", "f1", "001", "done"),
        ("R-2", "f4;f7", "003", "partly"),
        ("R-3", None, None, "not_seen"),
        ("R-4", "f8;f8", "001", "not_seen"),
    ],
    columns=["recommendation_id", "figures", "later_source", "later_status"],
)


def test_what_follows_from_a_figure_falls_with_it():
    assert registers.dependents(FORMULAS, "f1") == {"f1", "f3", "f4"}
    assert registers.dependents(FORMULAS, "f4") == {"f4"}


def test_a_circle_of_formulas_ends():
    circle = pd.DataFrame([("a", "", "x", "x=b"), ("b", "", "x", "x=a")], columns=FORMULAS.columns)
    assert registers.dependents(circle, "a") == {"a", "b"}


def test_advice_loses_all_or_part_of_its_support():
    found = registers.fallen(ADVICE, FORMULAS, "f1").set_index("recommendation_id")
    assert found["outcome"].to_dict() == {"R-1": "全部", "R-2": "部分"}
    assert found.loc["R-2", "share"] == pytest.approx(0.5)
    assert registers.fallen(ADVICE, FORMULAS, "unknown").empty


def test_the_most_loaded_figure_stands_first_and_repeated_ids_count_once():
    load = registers.load_table(ADVICE, FORMULAS)
    # f1 and f4 take two and one; among those with one, losing all support counts before losing a part.
    assert load["figure_id"].tolist() == ["f1", "f8", "f4", "f7"]
    assert load.set_index("figure_id").loc["f8", ["whole", "part", "total"]].tolist() == [1, 0, 1]
    assert load.set_index("figure_id").loc["f1", ["whole", "part", "total"]].tolist() == [1, 1, 2]


def test_a_later_status_is_known_only_once_its_source_is_out():
    assert registers.known_later(ADVICE, {"001"}).tolist() == ["done", "none", "none", "not_seen"]
    assert registers.known_later(ADVICE, set()).tolist() == ["none"] * 4


def test_a_reprinted_document_is_one_document_with_its_exact_date():
    columns = ["document_id", "title", "document_number", "issuer", "level", "issued", "theme", "source_id"]
    frame = pd.DataFrame(
        [
            ("D1", "数字广西发展“十四五”规划", None, "党委、政府", "自治区", "2021", "x", "003"),
            ("D2", "《数字广西发展“十四五”规划》", "桂数发〔2021〕29号", None, "自治区", "2021-11-26", "x", "000"),
            ("D3", "别的规划", None, None, "国家", None, "x", "000"),
        ],
        columns=columns,
    )
    merged = registers.merge_documents(frame)
    assert merged["issued"].tolist() == ["2021-11-26", None]
    assert merged.loc[0, ["document_number", "issuer", "sources"]].tolist() == ["桂数发〔2021〕29号", "党委、政府", "000、003"]


@pytest.mark.parametrize(
    ("theme", "group"),
    [
        ("云计算监管", "安全与监管"),
        ("云计算", "产业与企业"),
        ("资金人才", "资金人才与参与"),
        ("碳交易", "碳市场"),
        (None, "其他"),
        ("诗歌", "其他"),
    ],
)
def test_narrow_themes_come_before_wide_ones(theme, group):
    assert registers.theme_group(theme) == group


def test_every_theme_of_the_registers_has_a_group_and_the_chapter_offers_all_groups():
    for table in ("recommendations", "policy_documents"):
        themes = pd.read_csv(ROOT / f"data/{table}.csv")["theme"].dropna()
        assert [t for t in themes if registers.theme_group(t) == registers.OTHER] == []
    declared = yaml.safe_load((ROOT / "notebooks/policy_timeline.yml").read_text(encoding="utf-8"))
    assert declared["parameters"]["theme"]["choices"] == ["全部", *(name for name, _ in registers.THEME_GROUPS)]


def test_figures_that_no_reading_gives_are_conflicts():
    frame = pd.DataFrame(
        [
            ("t", 75, "家", 75, 75),
            ("a", 40, "家", 40, 40),
            ("b", 38, "家", 38, 38),
            ("s", 78.4, "家", 78.35, 78.45),
            ("v", float("nan"), "家", 0, 0),
        ],
        columns=["figure_id", "obs_value", "unit_measure", "low", "high"],
    )
    rules = pd.DataFrame(
        [
            ("t", "和", "a+b", "a=a;b=b"),
            ("s", "和", "a+b", "a=a;b=b"),
            ("s", "另读", "a+b+0.4", "a=a;b=b"),
            ("a", "含糊", "v", "v=v"),
        ],
        columns=FORMULAS.columns,
    )
    assert registers.conflicts(frame, rules, {"家": 1.0}) == ["t"]


@pytest.mark.parametrize(
    ("period", "until", "expected"),
    [
        ("2021", "2021-07-31", True),
        ("2021-11-26", "2021-07-31", False),
        ("2019-S1", "2019-12-17", True),
        ("2019-S2", "2019-06", False),
        (None, "2024", False),
    ],
)
def test_a_period_counts_from_its_beginning(period, until, expected):
    assert registers.before(period, until) is expected


def test_a_long_title_loses_its_bracket_before_it_is_cut():
    title = "关于进一步优化防控措施的通知（二十条，共二十条，逐条列出，全文刊发于当日）"
    assert registers.shortened(title) == "关于进一步优化防控措施的通知"
    assert registers.shortened("字" * 40) == "字" * 33 + "…"


def test_labels_that_stand_twice_get_their_id():
    assert registers.distinct_labels(["甲", "乙", "甲"], ["1", "2", "3"]) == ["甲（1）", "乙", "甲（3）"]
