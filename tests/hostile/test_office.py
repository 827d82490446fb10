"""Hostile data in Word documents, slides and workbooks: text and nothing else, whole for the programs that open them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from lxml import etree
from openpyxl import load_workbook

from . import strings
from .conftest import Made
from .test_outputs import plain

# The fields that the book itself writes: numbers of pages.
FIELD = re.compile(r"\s*(PAGE|PAGEREF b\d+ \\h)\s*")
# What a program would run, fetch or take in when it opens a document.
ACTIVE = {"object", "oleObj", "altChunk", "control", "fldSimple", "dde", "ddeLink", "attachedTemplate", "subDoc", "script"}
DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


def documents(made: Made) -> list[Path]:
    return sorted(p for p in made.office.rglob("*") if p.suffix in (".docx", ".pptx", ".xlsx"))


def parts(content: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Return the parts of a document by name, those of the workbooks inside it too."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for part in package.namelist():
            inside = package.read(part)
            yield f"{name}: {part}", inside
            if part.endswith(".xlsx"):
                yield from parts(inside, f"{name}: {part}")


def faults_of(path: Path) -> list[str]:
    """Return what a document must not hold: what runs, loads, leads elsewhere, turns text, or breaks it."""
    found = []
    for name, content in parts(path.read_bytes(), path.name):
        if re.search(r"vba|activeX|externalLink|\.\.", name, re.IGNORECASE):
            found.append(name)
        if not name.endswith((".xml", ".rels")):
            continue
        try:
            root = etree.fromstring(content, PARSER)
        except etree.XMLSyntaxError as error:
            found.append(f"{name}: {error}")
            continue
        if root.getroottree().docinfo.doctype or DIRECTION.search(content.decode()):
            found.append(f"{name}: a document type, or a mark of direction")
        for element in root.iter(etree.Element):
            kind = etree.QName(element).localname
            address = element.get("Target", "") if element.get("TargetMode") == "External" else ""
            if kind in ACTIVE or (kind == "instrText" and not FIELD.fullmatch(element.text or "")):
                found.append(f"{name}: {kind} {element.text}")
            if address and (not re.match(r"https?://", address) or "evil.invalid" in address):
                found.append(f"{name}: {address}")
            if element.get("action"):
                found.append(f"{name}: {element.get('action')}")
            if kind == "f" and "spreadsheetml" in etree.QName(element).namespace:
                found.append(f"{name}: formula {element.text}")
    return found


def test_office_documents_hold_nothing_that_runs_loads_or_leads_elsewhere(made: Made) -> None:
    found = documents(made)
    assert [p.suffix for p in found] == [".xlsx", ".docx", ".pptx"]
    assert [fault for path in found for fault in faults_of(path)] == []


def test_the_word_document_shows_the_strings_as_text(made: Made) -> None:
    document = Document(str(next(p for p in documents(made) if p.suffix == ".docx")))
    cells = {plain(cell.text) for table in document.tables for row in table.rows for cell in row.cells}
    for name in ("html: script", "html: entity", "markup: jinja", "typst: read", "formulas: command"):
        assert plain(strings.STRINGS[name]) in cells, name
    assert plain(DIRECTION.sub("", strings.TITLE)) in plain(document.paragraphs[0].text)


def test_a_workbook_of_charts_has_text_where_a_formula_was_given(made: Made) -> None:
    book = load_workbook(next(p for p in documents(made) if p.suffix == ".xlsx"))
    texts = [cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "s"]
    assert f"'{strings.FORMULAS['command']}" in texts


@pytest.mark.parametrize("damage", ["field", "address", "object", "direction", "entity", "broken"])
def test_each_fault_of_a_document_is_seen(tmp_path: Path, damage: str) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    content = {
        "field": f"<w:p {space}><w:instrText>DDEAUTO c:\\\\calc</w:instrText></w:p>",
        "address": '<x><y Target="javascript:trap()" TargetMode="External"/></x>',
        "object": f"<w:p {space}><w:object/></w:p>",
        "direction": "<x>\u202e</x>",
        "entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        "broken": "<x><script></x>",
    }[damage]
    path = tmp_path / "x.docx"
    for text, count in (("<x>\u200d</x>", 0), (content, 1)):
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("word/document.xml", text)
        assert len(faults_of(path)) == count
