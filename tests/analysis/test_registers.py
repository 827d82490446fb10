"""The register of advice and its reverse: what falls with a figure."""

from __future__ import annotations

import re
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
    # f1 and f8 each take all support from one; f1 touches one more.
    assert load["figure_id"].tolist() == ["f1", "f8", "f4", "f7"]
    assert load.set_index("figure_id").loc["f8", ["whole", "part", "total"]].tolist() == [1, 0, 1]
    assert load.set_index("figure_id").loc["f1", ["whole", "part", "total"]].tolist() == [1, 1, 2]


def test_losing_all_support_counts_before_the_number_of_recommendations_touched():
    advice = pd.DataFrame([("R-1", "a;b"), ("R-2", "a;c"), ("R-3", "d")], columns=["recommendation_id", "figures"])
    load = registers.load_table(advice, FORMULAS)
    assert load[["figure_id", "whole", "total"]].to_numpy().tolist()[:2] == [["d", 1, 1], ["a", 0, 2]]


def test_counts_of_listed_items_are_no_quantities():
    advice = ADVICE.assign(enumerations=[None, "f7", None, "f8"])
    assert registers.supports(registers.quantities(advice)) == {"R-1": ["f1"], "R-2": ["f4"], "R-3": [], "R-4": []}
    assert registers.fallen(registers.quantities(advice), FORMULAS, "f1")["outcome"].tolist() == ["全部", "全部"]


def test_a_figure_is_either_a_quantity_or_an_enumeration_for_all_advice():
    advice, figures = (pd.read_csv(ROOT / f"data/{name}.csv", dtype=str) for name in ("recommendations", "figures"))
    basis = registers.supports(advice)
    listed = registers.supports(advice.assign(figures=advice["enumerations"]))
    assert all(set(listed[r]) <= set(basis[r]) for r in basis)
    every = {f for found in listed.values() for f in found}
    assert [r for r in basis if set(basis[r]) & every != set(listed[r])] == []
    kinds = dict(zip(*(pd.read_csv(ROOT / "data/indicators.csv")[c] for c in ("indicator", "kind")), strict=True))
    used = figures[figures["figure_id"].isin({f for found in basis.values() for f in found})]
    vague = used["qualifier"] == "several"
    assert set(used.loc[vague, "figure_id"]) <= every
    assert set(used.loc[used["figure_id"].isin(every) & ~vague, "indicator"].map(kinds)) == {"count"}


def test_a_later_status_stands_with_its_source_and_its_note_cites_no_other():
    for row in pd.read_csv(ROOT / "data/recommendations.csv", dtype=str).fillna("").to_dict("records"):
        assert bool(row["later_status"]) == bool(row["later_source"]), row["recommendation_id"]
        assert set(re.findall(r"来源(\d{3})", row["later_note"])) <= {row["later_source"]}, row["recommendation_id"]


def test_a_later_status_is_known_only_once_its_source_is_out():
    assert registers.known_later(ADVICE, {"001"}).tolist() == ["done", "none", "none", "not_seen"]
    assert registers.known_later(ADVICE, set()).tolist() == ["none"] * 4


def test_a_reprinted_document_is_one_document_with_its_exact_date():
    columns = ["document_id", "title", "document_number", "issuer", "level", "issued", "theme", "source_id", "note"]
    frame = pd.DataFrame(
        [
            ("D1", "数字广西发展“十四五”规划", None, "党委、政府", "自治区", "2021", "x", "003", "简称"),
            ("D2", "《数字广西发展“十四五”规划》", "桂数发〔2021〕29号", None, "自治区", "2021-11-26", "x", "000", None),
            ("D3", "别的规划", None, None, "国家", None, "x", "000", None),
        ],
        columns=columns,
    )
    merged = registers.merge_documents(frame)
    assert merged["issued"].tolist() == ["2021-11-26", None]
    assert merged.loc[0, ["document_number", "issuer", "sources"]].tolist() == ["桂数发〔2021〕29号", "党委、政府", "000、003"]
    assert merged["note"].tolist() == ["简称", None]


def test_the_national_plan_is_one_document_under_its_short_and_its_full_name():
    documents = pd.read_csv(ROOT / "data/policy_documents.csv", dtype=str)
    merged = registers.merge_documents(documents).set_index("document_id")
    assert merged.loc["D-004-004", ["issued", "sources"]].tolist() == ["2021-03", "003、004"]
    assert "D-003-026" not in merged.index


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
    assert registers.shortened("字" * 40) == "字" * 40
    assert registers.shortened("字" * 80) == "字" * 67 + "…"


def test_labels_that_stand_twice_get_their_id():
    assert registers.distinct_labels(["甲", "乙", "甲"], ["1", "2", "3"]) == ["甲（1）", "乙", "甲（3）"]
