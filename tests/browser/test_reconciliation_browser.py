"""复核总表 in the browser: what is said of a figure is said of the numbers as they stand in the page."""

from __future__ import annotations

import json
import shutil
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


def test_what_a_reader_must_see_comes_first_and_rows_tell_area_period_and_source(open_page: OpenPage, real: Path) -> None:
    rows = json.loads((real / "reconciliation.json").read_text(encoding="utf-8"))
    page = open_page(real / "reconciliation.html").page
    contradicted = sorted(row["figure_id"] for row in rows if row["verdict"] == "contradicted")
    listed = page.locator(".db-rec-table tbody tr[id]")
    found = [listed.nth(n).get_attribute("id") for n in range(len(contradicted))]
    assert found == [f"figure-{figure_id}" for figure_id in contradicted]
    half = next(row for row in rows if row["time_period"] == "2022-S1" and row["unit"] == "亿元")
    page.fill("#db-rec-text", half["figure_id"])
    place = page.inner_text(f"#figure-{half['figure_id']} .db-rec-where")
    assert place.endswith(f" · 2022 年上半年 · 来源 {half['source_id']}")
    page.click(f"#figure-{half['figure_id']} .db-rec-open")
    opened = page.inner_text(".db-rec-detail")
    assert "2022 年上半年" in opened
    assert "2022-S1" not in opened
    page.fill("#db-rec-text", "")
    page.select_option("#db-rec-order", "id")
    assert listed.first.get_attribute("id") == f"figure-{min(row['figure_id'] for row in rows)}"


def test_a_link_to_a_figure_opens_it_on_its_page_of_the_list(open_page: OpenPage, real: Path) -> None:
    rows = json.loads((real / "reconciliation.json").read_text(encoding="utf-8"))
    last = max(row["figure_id"] for row in rows if row["verdict"] == "input")
    page = open_page(real / "reconciliation.html").page
    page.evaluate(f"location.hash = 'figure-{last}'")
    page.wait_for_selector(f"#figure-{last} [aria-expanded=true]")


def test_a_formula_without_a_value_says_so_and_can_be_mended(open_page: OpenPage, real: Path) -> None:
    rows = json.loads((real / "reconciliation.json").read_text(encoding="utf-8"))
    row = next(r for r in rows if r.get("expression") == "a/b" and r["verdict"] == "reproduced")
    page = open_page(real / "reconciliation.html").page
    page.fill("#db-rec-text", row["figure_id"])
    page.click(f"#figure-{row['figure_id']} .db-rec-open")
    field = page.locator(f".db-rec-detail input[aria-label^='{row['inputs']['b']}']")
    before = field.input_value()
    field.fill("0")
    shown = page.locator(f"#figure-{row['figure_id']}")
    assert "缺数据" in shown.inner_text()
    assert shown.locator("td.right").inner_text() == "—"
    assert "算不出数" in page.inner_text(".db-rec-detail")
    field.fill(before)
    assert "一致" in shown.inner_text()
    assert "缺数据" not in shown.inner_text()


def test_a_print_that_a_chapter_answers_is_judged_against_its_finding(open_page: OpenPage, real: Path, tmp_path: Path) -> None:
    book = tmp_path / "book"
    shutil.copytree(real, book)
    rows = json.loads((book / "reconciliation.json").read_text(encoding="utf-8"))
    row = next(r for r in rows if r.get("expression") and r["verdict"] == "reproduced")
    # The answer stays, the formula goes: as where a chapter computes what no formula does.
    script = book / "_static" / "reconciliation-data.js"
    name, _, text = script.read_text(encoding="utf-8").partition("=")
    data = json.loads(text.strip().removesuffix(";"))
    data["formulas"] = [f for f in data["formulas"] if f["figure"] != row["figure_id"]]
    figure = next(f for f in data["figures"] if f["id"] == row["figure_id"])
    figure["finding"] = "chapter.finding"
    script.write_text(f"{name}={json.dumps(data)};\n", encoding="utf-8")
    page = open_page(book / "reconciliation.html").page
    page.fill("#db-rec-text", row["figure_id"])
    page.click(f"#figure-{row['figure_id']} .db-rec-open")
    shown = page.locator(f"#figure-{row['figure_id']}")
    assert "一致" in shown.inner_text()
    page.locator(f".db-rec-detail input[aria-label^='{row['figure_id']}']").fill(str(figure["value"] * 7 + 99))
    assert "不符（原：一致）" in "".join(shown.inner_text().split())
