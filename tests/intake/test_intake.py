"""From a document to rows in data/: drafted, confirmed, validated, written as a whole, and taken back."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

from decisionbook.cli import main
from decisionbook.data.coverage import account
from decisionbook.data.package import Package
from decisionbook.data.published import check_places
from decisionbook.errors import InputError
from decisionbook.intake.apply import apply_sheet
from decisionbook.intake.backup import undo
from decisionbook.project import Project

from .papers import BRIEF, brief

Rows = list[dict[str, str]]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """A copy of the project's data, and nothing else."""
    shutil.copytree(ROOT / "data", tmp_path / "project" / "data")
    return Project(tmp_path / "project")


def read(path: Path) -> Rows:
    return list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))


def write(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def state(project: Project) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(project.data.iterdir())}


def drafted(project: Project, folder: Path, name: str = "sheet.csv", text: str = BRIEF) -> Path:
    sheet = folder / name
    assert main(["--project", str(project.root), "intake", str(brief(folder, text)), "-o", str(sheet)]) == 0
    return sheet


def confirm(sheet: Path, change: Callable[[dict[str, str]], None] = lambda row: None) -> None:
    rows = read(sheet)
    for row in rows:
        row["confirm"] = "是"
        if not row["indicator"]:
            row |= {"indicator": "intake_example", "indicator_zh": "示例", "indicator_en": "Example", "indicator_kind": "count"}
        change(row)
    write(sheet, rows)
    formulas = read(sheet.with_suffix(".formulas.csv"))
    for row in formulas:
        row["confirm"] = "是"
    write(sheet.with_suffix(".formulas.csv"), formulas)


def test_a_draft_registers_the_text_and_changes_no_data(own: Project, tmp_path: Path) -> None:
    before = state(own)
    sheet = drafted(own, tmp_path)
    (source,) = read(sheet.with_suffix(".source.csv"))
    assert (source["source_id"], source["published_on"], source["date_precision"]) == ("005", "2025-02-18", "day")
    assert (source["title"], source["series"]) == ("我区数据中心发展情况简析", "大数据与决策研究 2025年第3期（总第270期）")
    kept = tmp_path / source["file"]
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == source["sha256"]
    text = kept.read_text(encoding="utf-8")
    for row in read(sheet):
        assert text[int(row["char_start"]) : int(row["char_end"])] == row["published"]
    assert state(own) == before


def test_a_draft_guesses_area_period_unit_and_formula(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    rows = {r["published"]: r for r in read(sheet)}
    revenue, nation, cell = rows["1020亿元"], rows["137000亿元"], rows["35.2"]
    assert (revenue["indicator"], revenue["ref_area"], revenue["time_period"]) == ("software_revenue", "450000", "2024")
    assert nation["ref_area"] == "100000"
    assert (cell["unit_measure"], cell["ref_area"], cell["section"]) == ("亿元", "450100", "导语表1")
    found = {(r["reading"].rstrip("2"), r["expression"]) for r in read(sheet.with_suffix(".formulas.csv"))}
    assert {("分项求和", "a+b+c"), ("期末比基期", "a/b-1"), ("两数之比", "a/b")} <= found


def test_confirmed_rows_pass_every_check_of_the_data(own: Project, tmp_path: Path, sources: Path) -> None:
    sheet = drafted(own, tmp_path)
    confirm(sheet, lambda row: row.update(confirm="否") if row["published"] == "约三成" else None)
    added = apply_sheet(own, sheet, tmp_path, lambda _: None)
    assert added == len(read(sheet)) - 1
    package = Package(own)
    assert package.validate(["sources", "figures", "formulas", "exclusions", "indicators"]) == []
    for file in sources.glob("*.txt"):
        shutil.copy(file, tmp_path)
    assert check_places(package, tmp_path)[0] == []
    text = next(tmp_path.glob("005_*.txt")).read_text(encoding="utf-8")
    assert [t for t in account(package, {"005": text}) if not t.accounted] == []


def test_every_fault_is_named_at_once_and_nothing_is_written(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)

    def spoil(row: dict[str, str]) -> None:
        if row["published"] == "1020亿元":
            row |= {
                "indicator": "sofware_revenue",
                "ref_area": "45000",
                "time_period": "2024年",
                "qualifier": "exakt",
                "published": "102亿元",
            }

    confirm(sheet, spoil)
    before = state(own)
    with pytest.raises(InputError) as caught:
        apply_sheet(own, sheet, tmp_path, lambda _: None)
    found = {p.column: p for p in caught.value.problems}
    assert set(found) == {"indicator", "ref_area", "time_period", "qualifier", "published"}
    assert "software_revenue" in found["indicator"].remedy
    assert "exact" in found["qualifier"].remedy
    assert all(p.row for p in caught.value.problems)
    assert state(own) == before


def test_undecided_rows_stop_the_sheet_unless_it_is_partial(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    rows = read(sheet)
    chosen = next(r for r in rows if r["published"] == "1020亿元")
    chosen["confirm"] = "是"
    write(sheet, rows)
    with pytest.raises(InputError, match="without a decision"):
        apply_sheet(own, sheet, tmp_path, lambda _: None)
    assert apply_sheet(own, sheet, tmp_path, lambda _: None, partial=True) == 1
    text = next(tmp_path.glob("005_*.txt")).read_text(encoding="utf-8")
    left = [t.text for t in account(Package(own), {"005": text}) if not t.accounted]
    assert "40" in left, "what waits for a decision must not be excluded"
    confirm(sheet)
    assert apply_sheet(own, sheet, tmp_path, lambda _: None) == len(rows) - 1


def test_a_figure_on_record_is_never_overwritten(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    confirm(sheet)
    apply_sheet(own, sheet, tmp_path, lambda _: None)
    before = state(own)
    said: list[str] = []
    assert apply_sheet(own, sheet, tmp_path, said.append) == 0
    rows = read(sheet)
    rows[0]["char_start"], rows[0]["char_end"], rows[0]["published"] = (
        rows[1][k] for k in ("char_start", "char_end", "published")
    )
    write(sheet, rows)
    with pytest.raises(InputError, match="never overwritten"):
        apply_sheet(own, sheet, tmp_path, lambda _: None)
    assert state(own) == before


def test_a_dry_run_writes_nothing_and_undo_brings_back_what_was(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    confirm(sheet)
    before = state(own)
    said: list[str] = []
    apply_sheet(own, sheet, tmp_path, said.append, dry_run=True)
    assert state(own) == before
    assert "to figures.csv" in said[0]
    apply_sheet(own, sheet, tmp_path, said.append)
    assert state(own) != before
    undo(own, "005", said.append)
    assert state(own) == before
    with pytest.raises(InputError, match="nothing kept"):
        undo(own, "005", said.append)


def test_undo_refuses_where_later_work_would_be_lost(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    confirm(sheet)
    apply_sheet(own, sheet, tmp_path, lambda _: None)
    with (own.data / "figures.csv").open("a", encoding="utf-8") as handle:
        handle.write("\n")
    with pytest.raises(InputError, match="changed since"):
        undo(own, "005", lambda _: None)


def test_numbers_below_zero_come_into_the_data_with_their_sign(own: Project, tmp_path: Path) -> None:
    text = f"{BRIEF}\n园区利润为-1.2亿元，产值同比增长－15.5%，投诉率为千分之三。\n"
    sheet = drafted(own, tmp_path, "sheet.csv", text)
    confirm(sheet)
    apply_sheet(own, sheet, tmp_path, lambda _: None)
    added = {
        r["published"]: (r["obs_value"], r["unit_measure"]) for r in read(own.data / "figures.csv") if r["source_id"] == "005"
    }
    assert [added[p] for p in ("-1.2亿元", "－15.5%", "千分之三")] == [("-1.2", "亿元"), ("-15.5", "%"), ("0.3", "%")]


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
def test_a_stopped_write_leaves_every_table_as_it_was(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    import decisionbook.intake.backup as module

    sheet = drafted(own, tmp_path)
    confirm(sheet)
    before, swap, calls = state(own), module.swap, []

    def fail_once(source: Path, target: Path) -> None:
        calls.append(target.name)
        if len(calls) == 3:
            raise fault
        swap(source, target)

    monkeypatch.setattr(module, "swap", fail_once)
    with pytest.raises(type(fault)):
        apply_sheet(own, sheet, tmp_path, lambda _: None)
    assert {k: v for k, v in state(own).items() if not k.startswith(".")} == before
    with pytest.raises(InputError, match="nothing kept"):
        undo(own, "005", lambda _: None)


def test_undo_brings_back_what_a_killed_apply_left_half_new(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path)
    confirm(sheet)
    before, contents = state(own), {path.name: path.read_bytes() for path in own.data.iterdir()}
    apply_sheet(own, sheet, tmp_path, lambda _: None)
    written = [name for name, digest in state(own).items() if before[name] != digest]
    assert len(written) > 1
    # A kill after the first table: the others are still those of before.
    for name in written[1:]:
        (own.data / name).write_bytes(contents[name])
    undo(own, "005", lambda _: None)
    assert state(own) == before


def test_a_workbook_offers_lists_and_is_read_back(own: Project, tmp_path: Path) -> None:
    sheet = drafted(own, tmp_path, "sheet.xlsx")
    book = load_workbook(sheet)
    page = book["figures"]
    heads = [c.value for c in page[1]]
    lists = {str(v.sqref).rstrip("0123456789:").split(":")[0]: v.formula1 for v in page.data_validations.dataValidation}
    assert len(lists) >= 6
    assert book["lists"].sheet_state == "hidden"
    for row in page.iter_rows(min_row=2):
        cells = dict(zip(heads, row, strict=True))
        cells["confirm"].value = "是"
        if not cells["indicator"].value:
            for name, text in (
                ("indicator", "intake_example"),
                ("indicator_zh", "示例"),
                ("indicator_en", "Example"),
                ("indicator_kind", "count"),
            ):
                cells[name].value = text
    book.save(sheet)
    assert apply_sheet(own, sheet, tmp_path, lambda _: None) == page.max_row - 1


def test_the_same_document_is_not_registered_twice(
    own: Project, tmp_path: Path, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = next(sources.glob("001_*.txt"))
    code = main(["--project", str(own.root), "intake", str(known), "-o", str(tmp_path / "s.xlsx"), "--sources", str(tmp_path)])
    assert code == 2
    assert "the same text as source 001" in capsys.readouterr().err


def test_a_sheet_that_may_hold_work_is_not_written_over(own: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = drafted(own, tmp_path)
    before = sheet.read_bytes()
    assert main(["--project", str(own.root), "intake", str(tmp_path / "brief.txt"), "-o", str(sheet)]) == 2
    assert "move it away" in capsys.readouterr().err
    assert sheet.read_bytes() == before
