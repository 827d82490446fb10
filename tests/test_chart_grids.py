"""Cells of a matrix on a phone: what they say without their colour."""

from __future__ import annotations

import pandas as pd
import pytest

from decisionbook import charts
from decisionbook.charts.grids import cell_texts


@pytest.mark.parametrize("words", ["18", "尚无", "1 条"])
@pytest.mark.parametrize("span", [20.0, 34.0, 46.0, 120.0])
def test_no_cell_drops_its_glyph_for_its_words(words: str, span: float) -> None:
    present, absent = charts.PRESENCE[0], charts.PRESENCE[-1]
    shown = cell_texts([present, absent, present], [words, "", "5"], True, span)
    assert all(text.startswith(state.glyph) for text, state in zip(shown, (present, absent, present), strict=True))
    # A matrix writes all its cells one way: beside the glyph, or below it.
    assert len({"\n" in text for text in (shown[0], shown[2]) if text != present.glyph}) <= 1


def test_a_narrow_matrix_sets_words_below_their_glyphs() -> None:
    columns = [f"列{n}" for n in range(9)]
    frame = pd.DataFrame([{"r": r, "c": c, "s": "present", "t": str(n * 5)} for r in ("甲", "乙") for n, c in enumerate(columns)])
    spec = charts.heatmap(frame, row="r", column="c", state="s", text="t").to_dict()
    rows = next(iter(spec["datasets"].values()))
    assert {row["cell_narrow"][:2] for row in rows} == {"●\n"}
    assert {row["cell_wide"][:2] for row in rows} == {"● "}
