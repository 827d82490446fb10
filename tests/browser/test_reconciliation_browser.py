"""复核总表 in the browser: what is said of a figure is said of the numbers as they stand in the page."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import OpenPage


def test_cause_and_note_stand_only_beside_the_numbers_as_printed(open_page: OpenPage, real: Path) -> None:
    rows = json.loads((real / "reconciliation.json").read_text(encoding="utf-8"))
    row = next(r for r in rows if r["verdict"] == "contradicted" and r["cause"] and r["note"])
    opened = open_page(real / "reconciliation.html")
    page = opened.page
    page.fill("#db-rec-text", row["figure_id"])
    page.click(f"#figure-{row['figure_id']} .db-rec-open")
    assert row["cause"] in page.inner_text(".db-rec-detail")
    field = page.locator(f".db-rec-detail input[aria-label^='{row['figure_id']}']")
    field.fill(str(float(field.input_value()) * 3))
    assert "可能原因" not in page.inner_text(".db-rec-detail")
    assert row["note"][:12] not in page.inner_text(".db-rec-detail")
    page.get_by_role("button", name="全部复位").click()
    assert row["cause"] in page.inner_text(".db-rec-detail")
    assert opened.faults(real.parent) == []


def test_a_recomputed_value_has_its_unit_and_the_choice_of_chapters_their_titles(open_page: OpenPage, real: Path) -> None:
    rows = json.loads((real / "reconciliation.json").read_text(encoding="utf-8"))
    row = next(r for r in rows if r["unit"] == "亿元" and r["finding_value"])
    page = open_page(real / "reconciliation.html").page
    page.fill("#db-rec-text", row["figure_id"])
    assert page.inner_text(f"#figure-{row['figure_id']} td.right").endswith(" 亿元")
    chapters = page.locator("#db-rec-chapter option").all_inner_texts()
    assert chapters[0] == "全部"
    assert not [name for name in chapters if name.isascii()]
