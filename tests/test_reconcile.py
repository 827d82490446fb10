"""Verdicts: hand-worked figures, and proof that a wrong print is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from decisionbook.data.figures import Figure
from decisionbook.data.formulas import Formula
from decisionbook.data.package import Package
from decisionbook.data.published import load_figures, load_formulas, unit_factors
from decisionbook.errors import InputError
from decisionbook.project import Project
from decisionbook.reconcile import count_verdicts, reconcile


@pytest.fixture
def figures(project: Project) -> dict[str, Figure]:
    return load_figures(Package(project))


def one(figures: dict[str, Figure], published: str) -> Figure:
    return next(f for f in figures.values() if f.published == published)


def judge(figures: dict[str, Figure], figure: Figure, formula: Formula) -> str:
    changed = {**figures, figure.figure_id: replace(figure, finding="")}
    rows = reconcile(changed, [formula], {}, {})
    return next(r.verdict for r in rows if r.figure.figure_id == figure.figure_id)


@pytest.mark.parametrize(
    ("value", "precision", "verdict"),
    [
        (0.92, 0.01, "reproduced"),  # 425 / 46266 = 0.9186 %
        (0.919, 0.001, "reproduced"),
        (0.918, 0.001, "within_rounding"),  # bounds of the inputs reach 0.9175 %
        (0.93, 0.01, "contradicted"),
        (9.2, 0.1, "contradicted"),  # a factor of ten
    ],
)
def test_share_of_two_prints(figures: dict[str, Figure], value: float, precision: float, verdict: str) -> None:
    share = replace(one(figures, "0.92%"), obs_value=value, precision=precision)
    own, whole = one(figures, "425 亿元"), one(figures, "46266 亿元")
    formula = Formula(share.figure_id, "x", "a/b", (("a", own.figure_id), ("b", whole.figure_id)))
    assert judge(figures, share, formula) == verdict


def test_a_vague_print_is_consistent_or_contradicted(figures: dict[str, Figure]) -> None:
    half = next(f for f in figures.values() if f.published == "一半" and f.source_id == "000")
    own, whole = one(figures, "3.45%"), one(figures, "8.22%")
    formula = Formula(half.figure_id, "x", "a/b", (("a", own.figure_id), ("b", whole.figure_id)))
    assert judge(figures, half, formula) == "consistent"
    changed = {**figures, own.figure_id: replace(own, obs_value=4.35)}
    assert judge(changed, half, formula) == "contradicted"


def test_the_best_reading_counts_and_all_are_kept(figures: dict[str, Figure]) -> None:
    share = replace(one(figures, "0.92%"), finding="")
    own, whole = one(figures, "425 亿元").figure_id, one(figures, "46266 亿元").figure_id
    formulas = [
        Formula(share.figure_id, "倒置", "b/a", (("a", own), ("b", whole))),
        Formula(share.figure_id, "正", "a/b", (("a", own), ("b", whole))),
    ]
    row = next(
        r for r in reconcile({**figures, share.figure_id: share}, formulas, {}, {}) if r.figure.figure_id == share.figure_id
    )
    assert row.verdict == "reproduced"
    assert dict(row.tried) == {"正": "reproduced", "倒置": "contradicted"}


def test_a_finding_answers_in_another_unit(figures: dict[str, Figure], project: Project) -> None:
    share = replace(one(figures, "0.92%"), finding="chapter.share")
    factors = unit_factors(Package(project))
    finding = {"value": 0.009186, "unit": "1", "low": 0.00918, "high": 0.00919}
    row = next(
        r
        for r in reconcile({**figures, share.figure_id: share}, [], {"chapter.share": finding}, factors)
        if r.figure.figure_id == share.figure_id
    )
    assert (row.verdict, row.answer and round(row.answer.value, 4)) == ("reproduced", 0.9186)


def test_every_figure_has_a_verdict_and_results_without_answer_are_unverifiable(project: Project) -> None:
    package = Package(project)
    figures = load_figures(package)
    rows = reconcile(figures, load_formulas(package), {}, unit_factors(package))
    assert len(rows) == len(figures)
    assert sum(count_verdicts(rows).values()) == len(figures)
    for row in rows:
        if row.answer is None:
            assert row.verdict == ("unverifiable" if row.figure.role == "result" else "input")


def test_later_sources_are_unknown_to_early_editions(project: Project) -> None:
    package = Package(project)
    assert {f.source_id for f in load_figures(package, "2019-12-17").values()} == {"002"}
    assert "001" not in {f.source_id for f in load_figures(package, "2022-12-31").values()}


def test_a_finding_in_a_unit_that_nobody_knows_is_wrong_input(figures: dict[str, Figure], project: Project) -> None:
    share = replace(one(figures, "0.92%"), finding="chapter.share")
    finding = {"value": 92.0, "unit": "万分之", "low": None, "high": None}
    with pytest.raises(InputError, match=r"finding chapter\.share: found the unit '万分之'"):
        reconcile({share.figure_id: share}, [], {"chapter.share": finding}, unit_factors(Package(project)))


def test_a_print_with_decimals_is_not_read_coarsely_and_thousands_are(figures: dict[str, Figure]) -> None:
    share = one(figures, "0.92%")
    assert replace(share, obs_value=11.0, precision=0.1).coarse_interval() is None
    assert replace(share, obs_value=11.0, precision=1.0).coarse_interval() is None
    coarse = replace(share, obs_value=31000.0, precision=1.0).coarse_interval()
    assert coarse is not None
    assert (coarse.low, coarse.high) == (30500, 31500)


def test_a_finding_with_one_bound_has_no_other(figures: dict[str, Figure]) -> None:
    share = replace(one(figures, "0.92%"), finding="chapter.x")
    for value, ends, verdict in (
        (0.9, {"low": 0.9, "high": None}, "within_rounding"),
        (0.9, {"low": None, "high": 0.9}, "contradicted"),
        (1.0, {"low": None, "high": 1.0}, "within_rounding"),
        (1.0, {"low": 1.0, "high": None}, "contradicted"),
    ):
        findings = {"chapter.x": {"value": value, "unit": "%", **ends}}
        rows = reconcile({share.figure_id: share}, [], findings, {"%": share.factor})
        assert [row.verdict for row in rows] == [verdict]
