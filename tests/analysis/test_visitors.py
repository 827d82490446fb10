"""Visitor measures by kind of place."""

from __future__ import annotations

import pandas as pd

from decisionbook.analysis import visitors


def test_a_place_may_be_of_several_kinds_and_none_is_unsaid():
    assert visitors.place_kinds("机场、火车站、地铁、景区入口") == ["景区", "交通枢纽"]
    assert visitors.place_kinds("高速公路收费站出口") == ["公路"]
    assert visitors.place_kinds(None) == ["未说明"]


def test_the_matrix_counts_measures_and_those_with_an_effect_in_words():
    frame = pd.DataFrame(
        [("慢", "快一些", "景区、地铁"), ("慢", None, "景区"), ("堵", None, None)], columns=["problem", "effect", "place"]
    )
    found = visitors.measure_matrix(frame).to_dict("records")
    assert found == [
        {"problem": "慢", "kind": "景区", "measures": 2, "worded": 1},
        {"problem": "慢", "kind": "交通枢纽", "measures": 1, "worded": 1},
        {"problem": "堵", "kind": "未说明", "measures": 1, "worded": 0},
    ]
