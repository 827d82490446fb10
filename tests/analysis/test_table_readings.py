"""Readings of the firm table: every cut is tried, and the chance of a fit is counted, not guessed."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from decisionbook.analysis import table_readings as tr
from decisionbook.analysis.intervals import Interval

DATA = Path(__file__).parents[2] / "data"
PRINTED = [Interval(335.555, 335.565), Interval(4393.5, 4394.5), Interval(424.5, 425.5)]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def printed_readings() -> list[tr.Reading]:
    firms = rows("metaverse_firms")
    values = [float(r["revenue_10k_cny"]) for r in firms]
    return tr.readings(values, [r["year"] for r in firms], [r["firm_resolved"] for r in firms], 3, "2020")


def test_every_cut_into_blocks_is_tried_under_every_rule():
    found = tr.readings([1.0, 2.0, 3.0, 4.0], ["2020"] * 4, list("abcd"), 3, "2020")
    assert len(found) == math.comb(3, 2) * len(tr.RULES)
    assert {r.starts for r in found} == {(2, 3), (2, 4), (3, 4)}
    assert next(r.sums for r in found if r.starts == (2, 4)) == (1.0, 5.0, 4.0)


def test_each_reading_splits_one_total_when_all_years_count(printed_readings):
    totals = {round(sum(r.sums), 2) for r in printed_readings if r.rule == "各年都计"}
    assert len(totals) == 1


def test_rules_choose_the_rows_they_name():
    years, firms = ["2020", "2021", "2020"], ["a", "b", "b"]
    assert tr.counted(years, firms, "只计所选年份", "2020") == [True, False, True]
    assert tr.counted(years, firms, "各年都计", "2020") == [True, True, True]
    assert tr.counted(years, firms, "每家取最近年", "2020") == [True, True, False]
    with pytest.raises(ValueError, match="one of"):
        tr.counted(years, firms, "最近", "2020")


def test_no_reading_of_the_print_closes_all_three_totals_and_one_closes_the_other_two(printed_readings):
    assert tr.closing(printed_readings, PRINTED) == []
    left = tr.leaving_one_out(printed_readings, PRINTED)
    assert list(left) == [1]
    assert left[1] == [tr.Reading((4, 11), "只计所选年份", (335.56, 4934.23, 425.0))]


def test_registered_readings_are_among_those_enumerated(printed_readings):
    revenue = {r["firm_id"]: float(r["revenue_10k_cny"]) for r in rows("metaverse_firms")}
    sums: dict[str, dict[str, float]] = {}
    for row in rows("metaverse_reading_candidates"):
        kept = sums.setdefault(row["reading"], {})
        kept[row["scenario"]] = kept.get(row["scenario"], 0.0) + revenue[row["firm_id"]] * int(row["counted"])
    registered = {tuple(round(v, 2) for v in kept.values()) for kept in sums.values()}
    assert registered <= {r.sums for r in printed_readings}


def test_the_misprint_is_an_exchange_of_neighbours():
    assert tr.misprints(4934, "相邻两位对调") == [4394, 4943, 9434]
    assert 4394 in tr.misprints(4934, "任意两位对调")
    assert len(tr.misprints(1234, "任意两位对调")) == 6
    # Six exchanges, and 4 places of 9 other digits less the leading nought.
    assert len(tr.misprints(1234, "对调或一位误植")) == 6 + 35
    assert tr.misprints(1011, "相邻两位对调") == [1101]
    with pytest.raises(ValueError, match="one of"):
        tr.misprints(12, "漏印")


def test_chance_of_a_hit_counts_the_numbers_that_would_fit():
    assert tr.chance_of_hit([15.0, 18.2], None, 10, 19) == pytest.approx(0.2)
    # 4934 and its neighbours' exchanges 4394 and 4943 lie in the range, 9434 does not.
    assert tr.chance_of_hit([4934.23], "相邻两位对调", 4001, 5000) == pytest.approx(3 / 1000)
    with pytest.raises(ValueError, match="empty"):
        tr.chance_of_hit([1.0], None, 5, 4)


def test_a_wider_family_of_misprints_or_more_sums_never_fits_less():
    narrow = tr.chance_of_hit([4934.23], tr.MISPRINTS[0], 4000, 6000)
    wide = tr.chance_of_hit([4934.23], tr.MISPRINTS[2], 4000, 6000)
    more = tr.chance_of_hit([4934.23, 4784.2], tr.MISPRINTS[0], 4000, 6000)
    assert narrow < wide
    assert narrow < more


def test_no_set_of_the_printed_rows_makes_the_printed_total():
    values = [float(r["revenue_10k_cny"]) for r in rows("metaverse_firms")]
    assert tr.subset_hits(values, PRINTED[1]) == 0
    assert tr.subset_hits(values, PRINTED[2]) >= 1


def test_subsets_are_counted_once_each():
    assert tr.subset_hits([1.0, 2.0, 3.0], Interval(3.0, 3.5)) == 2
    with pytest.raises(ValueError, match="more than"):
        tr.subset_hits([1.0] * 21, Interval(1.0, 2.0))
