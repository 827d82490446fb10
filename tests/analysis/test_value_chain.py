"""Value chains: what is not stated widens the bounds and never counts as absent by stealth."""

from __future__ import annotations

import pandas as pd
import pytest

from decisionbook.analysis import value_chain as vc


def test_coverage_takes_unstated_links_at_both_ends():
    cover = vc.coverage(["present", "weak", "absent", "not_stated"], [1, 1, 1, 1], 0.5)
    assert (cover.low, cover.value, cover.high) == pytest.approx((0.375, 0.5, 0.625))


def test_coverage_follows_the_weights():
    cover = vc.coverage(["present", "absent"], [3, 1], 0.5)
    assert (cover.low, cover.high) == (0.75, 0.75)
    with pytest.raises(ValueError, match="weights"):
        vc.coverage(["present"], [0], 0.5)


def test_coverage_of_nothing_stated_is_everything_possible():
    cover = vc.coverage(["not_stated"] * 3, [1, 1, 1], 0.5)
    assert (cover.low, cover.value, cover.high) == (0, 0.5, 1)


def test_stating_a_link_never_widens_the_bounds():
    states = ["present", "weak", "not_stated", "not_stated"]
    before = vc.coverage(states, [1] * 4, 0.5)
    for state in ("present", "weak", "absent"):
        after = vc.coverage([*states[:3], state], [1] * 4, 0.5)
        assert before.low <= after.low
        assert after.high <= before.high


def test_links_to_overtake_counts_unstated_links():
    # 2.5 of 5 against 2 of 4: equal, so one more is needed.
    own = ["present", "present", "weak", "absent", "not_stated"]
    assert vc.links_to_overtake(own, ["present", "present", "absent", "absent"], 0.5) == 1
    assert vc.links_to_overtake(["present"], ["weak"], 0.5) == 0
    assert vc.links_to_overtake(["absent", "not_stated"], ["present"], 0.5) is None


def test_links_to_overtake_takes_the_heaviest_unstated_links_first():
    own, rival = ["absent", "not_stated", "not_stated"], ["present", "absent"]
    assert vc.links_to_overtake(own, rival, 0.5) == 2
    assert vc.links_to_overtake(own, rival, 0.5, [1, 1, 4]) == 1
    assert vc.links_to_overtake(own, rival, 0.5, None, [3, 1]) is None


def test_the_order_of_stages_is_certain_only_where_their_bounds_do_not_meet():
    # The widest bounds hold both others: what is compared with the first and second alone would be called lowest.
    wide, low, high = (["not_stated"] * 3 + ["weak"], ["weak", "absent"], ["present", "present", "absent"])
    covers = {n: vc.coverage(s, [1.0] * len(s), 0.5) for n, s in (("上游", wide), ("中游", low), ("下游", high))}
    assert vc.order_words(covers) == "能断定的只有下游高于中游，其余各段的区间重叠"
    assert "两两重叠，谁高谁低都不能断定" in vc.order_words({**covers, "中游": covers["上游"]})
    assert vc.order_words({"中游": covers["中游"], "下游": covers["下游"]}) == "各段的区间互不重叠，次序可以断定"


def test_a_reversal_is_sought_between_every_two_stages():
    first = ["present"] * 6 + ["absent"] * 6
    stages = {
        "下游": first,
        "中游": ["present"] * 3 + ["weak"] + ["absent"] * 3 + ["not_stated"] * 2,
        "上游": ["weak", "absent"] + ["not_stated"] * 3,
    }
    said = vc.reversal_words({n: (s, [1.0] * len(s)) for n, s in stages.items()}, 0.5)
    assert said == "中游没有交代的2个子环节全都具备才超过下游；上游没有交代的3个子环节至少具备2个才超过中游，全都具备才超过下游"
    never = {"甲": ["present"], "乙": ["absent", "not_stated"], "丙": ["absent"]}
    said = vc.reversal_words({n: (s, [1.0] * len(s)) for n, s in never.items()}, 0.5)
    assert said == "乙没有交代的1个子环节全都具备也不超过甲；丙没有未交代的子环节，不会升位"


def test_doubtful_links_are_read_as_absent_only_when_asked():
    states, remarks = ["weak", "weak"], ["也可读作空缺", None]
    assert vc.read_ambiguous(states, remarks, "也可读作空缺", absent=False) == states
    assert vc.read_ambiguous(states, remarks, "也可读作空缺", absent=True) == ["absent", "weak"]
    with pytest.raises(ValueError, match="strong"):
        vc.read_ambiguous(["strong"], [None], "x", absent=False)


def test_link_weights_are_read_from_text():
    assert vc.link_weights("平台技术=2; 终端入口=0", ["平台技术", "终端入口", "网络技术"]) == {
        "平台技术": 2, "终端入口": 0, "网络技术": 1,
    }  # fmt: skip
    for wrong in ("平台=2", "平台技术", "平台技术=-1", "平台技术=0"):
        with pytest.raises(ValueError, match=r"weight|above"):
            vc.link_weights(wrong, ["平台技术"])


def test_a_gap_needs_national_firms():
    assert vc.gap("absent", 3) == "缺口"
    assert vc.gap("absent", 0) == "全国也未列名"
    assert [vc.gap(s, 1) for s in ("present", "weak", "not_stated")] == ["已有", "薄弱", "未载"]


def test_places_and_firms_are_counted_once():
    provinces = ["广东", "上海", "内蒙古"]
    assert vc.place_of("广东深圳", provinces) == "广东"
    assert vc.place_of("海外", provinces) is None
    places = ["广东", "广东", "上海", "上海", None]
    assert vc.count_firms(["甲", "甲", None, None, "乙"], places) == {"广东": 1, "上海": 2}


def test_names_and_repeats():
    assert vc.names("甲; 乙;甲;") == ["甲", "乙"]
    assert vc.names(None) == []
    assert vc.repeated(["a", "b", "a", "a"], ["x", "x", "y", "y"]) == {"x": 2}
    assert vc.strongest(["absent", "weak"]) == "weak"
    assert vc.strongest([]) == "not_stated"


def test_rows_of_the_briefing_say_nothing_about_another_region():
    frame = pd.DataFrame({"source_id": ["003", None], "state": ["present", "weak"]})
    assert list(vc.of_region(frame, False, {"state": "not_stated"})["state"]) == ["not_stated", "weak"]
    assert list(vc.of_region(frame, True, {"state": "not_stated"})["state"]) == ["present", "weak"]
    assert list(frame["state"]) == ["present", "weak"]
