"""Every file that a reader or an analyst gets from hostile data holds it as text, and nothing is written anywhere else."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pikepdf
import pytest
from openpyxl import load_workbook

from . import project as hostile
from . import strings
from .conftest import Made, findings, text_of, tree

# The first line of /etc/passwd, which some of the strings ask for, in no output of any kind.
STOLEN = b"root:x:0"


def plain(text: str) -> str:
    """Return a text without what a renderer may do to it: white space runs together, quotes become curly."""
    return re.sub(r"\s+", "", text.translate(dict(zip(map(ord, "“”‘’"), "\"\"''", strict=True))))


def test_every_command_succeeds(made: Made) -> None:
    assert {name: made.said[name][-600:] for name, code in made.codes.items() if code} == {}


def test_nothing_is_written_outside_the_output_folder(made: Made) -> None:
    after = tree(made.project.root.parent)
    records = {n for n in after if n.startswith(f"{made.project.root.name}/book/editions/published/")}
    assert {n: h for n, h in after.items() if n not in records} == {n: h for n, h in made.before.items() if n not in records}
    assert {Path(n).name for n in records} == {
        f"{hostile.EDITIONS[0]}.findings.json",
        f"{hostile.EDITIONS[1]}.findings.json",
        f"{hostile.EDITIONS[1]}.json",
        "errata.json",
    }
    assert not Path("/tmp/escaped").exists()


def test_file_names_are_plain(made: Made) -> None:
    names = [p.name for p in made.project.build.rglob("*") if "cache" not in p.parts]
    assert [n for n in names if not re.fullmatch(r"[\w.-]+", n)] == []


def test_no_output_holds_what_a_string_asks_to_read(made: Made) -> None:
    read = [p for p in made.project.build.rglob("*") if p.is_file()]
    assert len(read) > 100
    assert [p for p in read if STOLEN in p.read_bytes()] == []


def csv_files(made: Made) -> list[Path]:
    found = [p for folder in (made.edition, made.rerun, made.sweep) for p in folder.rglob("*.csv")]
    # What an analyst's run read, in the words of the analyst's own file: written for the run, not for a spreadsheet.
    return [p for p in found if p.parent != made.rerun / "data"]


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?%?", cell) is not None


def test_no_csv_holds_a_formula(made: Made) -> None:
    found = csv_files(made)
    assert {p.name for p in found} >= {
        "reconciliation.csv",
        "reconciliation-excel.csv",
        "results.csv",
        "diff.csv",
        "glossary.csv",
    }
    formulas, quoted = [], 0
    for path in found:
        for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True):
            cells = [cell for cell in row if cell[:1] and cell[0] in "=+-@\t\r\n＝＋－＠"]
            formulas += [(path.name, cell[:40]) for cell in cells if len(cell) > 1 and not is_number(cell)]
            quoted += sum(cell.startswith(("'=", "'+", "'-", "'@")) for cell in row)
    assert formulas == []
    assert quoted >= len(strings.FORMULAS), "the formulas went through"


def test_rows_of_every_csv_have_their_columns(made: Made) -> None:
    """A line end inside a cell neither cuts a row nor adds one."""
    for path in csv_files(made):
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}, path


def test_an_analysts_cells_reach_the_run_as_they_are(made: Made) -> None:
    rows = list(csv.DictReader(io.StringIO(text_of(made.rerun / "data" / "policy_documents.csv"), newline="")))
    assert [r["title"] for r in rows] == [text.strip(" \t\r\n\u3000\xa0\ufeff") for text in strings.SHOWN.values()]


def test_workbooks_have_formulas_only_where_the_book_wrote_them(made: Made) -> None:
    book = load_workbook(made.edition / "reconciliation.xlsx")
    live = {"印刷数字": {9, 10, 11, 12, 13}, "复核": {2, 7, 8, 9, 10}, "说明": set()}
    texts = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or cell.column in live[sheet.title], (sheet.title, cell.coordinate)
                texts += isinstance(cell.value, str) and "trap(" in cell.value
    assert texts > 10
    with zipfile.ZipFile(made.edition / "reconciliation.xlsx") as archive:
        names = archive.namelist()
    assert not [n for n in names if "externalLink" in n or "vba" in n.lower() or ".." in n]


def test_findings_and_manifest_hold_the_texts_unchanged(made: Made) -> None:
    found = findings(made)
    for key, text in zip(hostile.KEYS, strings.SHOWN.values(), strict=True):
        assert found[f"{hostile.CHAPTER}.{key}"]["value"] == text
    manifest = json.loads(text_of(made.edition / "manifest.json"))
    assert manifest["title"] == f"书·{strings.TITLE}"
    assert manifest["summary"] == strings.EVERYTHING


def test_every_json_and_script_of_data_is_whole(made: Made) -> None:
    for path in [*made.edition.rglob("*.json"), *made.rerun.glob("*.json"), *made.edition.rglob("*.ipynb")]:
        json.loads(text_of(path))
    entries = text_of(made.project.site / "editions.js")
    assert json.loads(entries.partition("=")[2].rstrip(";\n"))["editions"][0]["errata"][0]["text"] == strings.EVERYTHING
    data = text_of(made.edition / "_static" / "reconciliation-data.js")
    json.loads(data.partition("=")[2].rstrip(";\n"))
    assert not re.search("[\u2028\u2029]", data)


def test_no_command_prints_what_drives_a_terminal(made: Made) -> None:
    for name, said in made.said.items():
        assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said) == [], name
    assert "\\u202e" in made.said["diff"] + made.said["params"], "the text itself is still told"
    json.loads(made.said["diff json"])


def pdfs(made: Made) -> list[Path]:
    return [*made.edition.rglob("*.pdf"), *made.rerun.glob("*.pdf")]


def test_pdfs_hold_the_strings_as_text_and_no_action(made: Made) -> None:
    assert len(pdfs(made)) >= 2
    for path in pdfs(made):
        with pikepdf.open(path) as document:
            for thing in document.objects:
                if isinstance(thing, pikepdf.Dictionary):
                    assert thing.get("/S") not in ("/JavaScript", "/Launch", "/SubmitForm", "/GoToR", "/ImportData"), path
                    assert "/JS" not in thing, path
                    assert "/EmbeddedFile" not in str(thing.get("/Type", "")), path
                    address = str(thing.get("/URI", ""))
                    assert not address or address.startswith(("http://", "https://", "mailto:")), address
                    assert "evil.invalid" not in address, address


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_text_of_the_book_on_paper_is_that_of_the_strings(made: Made) -> None:
    path = next(made.edition.glob("decision-reference-*.pdf"))
    shown = subprocess.run(["pdftotext", "-raw", str(path), "-"], capture_output=True, check=True).stdout.decode("utf-8")
    text = plain(shown)
    for name in ("html: script", "markup: jinja", "typst: read", "typst: brackets", "typst: tex", "formulas: command"):
        assert plain(strings.STRINGS[name]) in text, name
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown), "nothing on paper reads otherwise than it is"
