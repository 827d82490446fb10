"""Word documents as text: runs in reading order, tables cell by cell, notes, and which version of a tracked change is read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ..data.archives import DAMAGE, LARGEST_DOCUMENT, TooLarge, check_unpacked, damage
from ..errors import InputError, Problem, counted
from .documents import Document

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NS = {"w": _W, "a": "http://schemas.openxmlformats.org/drawingml/2006/main", "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
       "v": "urn:schemas-microsoft-com:vml", "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006"}  # fmt: skip
# What an insertion brought in is read; what a deletion took out is not; a fallback repeats what stands beside it.
_DROPPED = {f"{{{_W}}}del", f"{{{_W}}}moveFrom", f"{{{_NS['mc']}}}Fallback"}
_BREAKS = {f"{{{_W}}}tab": " ", f"{{{_W}}}br": "\n", f"{{{_W}}}cr": "\n", f"{{{_W}}}noBreakHyphen": "-"}


def tag(name: str) -> str:
    """Return a name of WordprocessingML with its namespace."""
    return f"{{{_W}}}{name}"


def parts_of(path: Path, raw: bytes) -> dict[str, bytes]:
    """Return the XML parts of a .docx by name; InputError where the archive holds no document."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [n for n in archive.namelist() if n.startswith("word/") and n.endswith(".xml")]
            check_unpacked(archive, names, LARGEST_DOCUMENT)
            found = {name: archive.read(name) for name in names}
    except TooLarge as error:
        expected = f"a document of at most {LARGEST_DOCUMENT / 1e6:,.0f} MB of text"
        raise InputError(Problem(str(path), str(error), expected, "Split the document.")) from error
    except DAMAGE as error:
        remedy = "Fetch the file again, or open it in Word or WPS and save it as a new document."
        raise InputError(Problem(str(path), damage(error), "a .docx", remedy)) from error
    if "word/document.xml" not in found:
        raise InputError(Problem(str(path), "an archive without word/document.xml", "a .docx", "Save the file as .docx."))
    return found


class _Reader:
    """Collects text and the runs that it came from."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.pieces: list[tuple[int, int, Any]] = []

    def add(self, text: str, run: Any = None) -> None:
        if text:
            if run is not None:
                self.pieces.append((self.length, self.length + len(text), run))
            self.parts.append(text)
            self.length += len(text)


def read_docx(path: Path, raw: bytes) -> Document:
    """Return the text of a .docx: insertions kept, deletions dropped, footnotes at the end."""
    parts = parts_of(path, raw)
    root, damaged = parse_part(parts["word/document.xml"])
    body = root.find(tag("body")) if root is not None else None
    if body is None:
        raise InputError(
            Problem(str(path), "no body in word/document.xml", "a .docx", "Open it in Word or WPS and save it anew.")
        )
    reader = _Reader()
    read_body(body, reader)
    for name, title in (("word/footnotes.xml", "脚注"), ("word/endnotes.xml", "尾注")):
        if name in parts:
            _notes(parse_part(parts[name])[0], title, reader)
    text = "".join(reader.parts)
    if not text.strip():
        raise InputError(Problem(str(path), "no text", "a document with text", "Pictures are not read: save the text itself."))
    document = Document(path, text, "docx", said_of(root), reader.pieces)
    if damaged:
        document.notes.insert(0, f"the document is damaged ({damaged}); what stands before and around the fault was read")
    return document


def parse_part(content: bytes) -> tuple[Any, str]:
    """Return the root of a part and what is wrong with it; a damaged part is read as far as it goes, entities never."""
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True)), ""
    except etree.XMLSyntaxError as error:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
        return etree.fromstring(content, parser), str(error)


def said_of(root: Any) -> list[str]:
    """Return what the reader must know of tracked changes, merged cells and pictures."""
    notes = []
    inserted = len(root.xpath(".//w:ins[.//w:t] | .//w:moveTo[.//w:t]", namespaces=_NS))
    deleted = len(root.xpath(".//w:del[.//w:delText] | .//w:moveFrom[.//w:t]", namespaces=_NS))
    if inserted or deleted:
        kept, dropped = counted(inserted, "insertion"), counted(deleted, "deletion")
        notes.append(f"tracked changes: the final version is read ({kept} kept, {dropped} dropped)")
    merged = len(root.xpath(".//w:tc[w:tcPr/w:gridSpan or w:tcPr/w:vMerge[@w:val='restart']]", namespaces=_NS))
    if merged:
        notes.append(f"{counted(merged, 'merged cell')}: text stands once, in the first of the cells that are covered")
    outside = "[not(ancestor::mc:Fallback)]"
    pictures = len(root.xpath(f".//a:blip{outside} | .//v:imagedata{outside}", namespaces=_NS))
    if pictures:
        notes.append(f"{counted(pictures, 'picture')} not read: a table or chart there must be typed in by hand")
    charts = len(root.xpath(f".//c:chart{outside}", namespaces=_NS))
    if charts:
        notes.append(f"{counted(charts, 'chart')} not read: the data stand in the workbook inside the document")
    return notes


def read_body(body: Any, reader: _Reader) -> None:
    """Read paragraphs and tables in their order; a paragraph is followed by a blank line, a row by a line end."""
    for block in body:
        if block.tag == tag("p"):
            before = reader.length
            _paragraph(block, reader)
            reader.add("\n\n" if reader.length > before else "")
        elif block.tag == tag("tbl"):
            _table(block, reader)
        elif block.tag in (tag("sdt"), tag("ins"), tag("customXml")):
            read_body(
                block.find(tag("sdtContent")) if block.tag == tag("sdt") and block.find(tag("sdtContent")) is not None else block,
                reader,
            )


def _paragraph(paragraph: Any, reader: _Reader, within: bool = False) -> None:
    for run in _runs(paragraph):
        for child in run:
            if child.tag == tag("t"):
                words = child.text or ""
                reader.add(words.replace("\t", " ").replace("\n", " ") if within else words, run)
            elif child.tag in _BREAKS:
                reader.add(" " if within else _BREAKS[child.tag], run)
            elif child.tag in (tag("footnoteReference"), tag("endnoteReference")):
                reader.add(f"[^{child.get(tag('id'))}]", run)


def _runs(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag in _DROPPED:
            continue
        if child.tag == tag("r"):
            yield child
            # The text of a text box stands inside a run.
            for box in child.iter(tag("txbxContent")):
                if not any(a.tag in _DROPPED for a in box.iterancestors()):
                    yield from _runs(box)
        else:
            yield from _runs(child)


def _table(table: Any, reader: _Reader) -> None:
    for row in table.iter(tag("tr")):
        if next(row.iterancestors(tag("tbl"))) is not table:
            continue
        first = True
        for cell in row.findall(f".//{tag('tc')}"):
            if next(cell.iterancestors(tag("tr"))) is not row:
                continue
            reader.add("" if first else "\t")
            first = False
            merge = cell.find(f"{tag('tcPr')}/{tag('vMerge')}")
            if merge is None or merge.get(tag("val")) == "restart":
                for number, paragraph in enumerate(cell.iter(tag("p"))):
                    words = any(t.text for t in paragraph.iter(tag("t")))
                    reader.add(" " if number and words and reader.parts[-1] not in ("\t", " ") else "")
                    _paragraph(paragraph, reader, within=True)
            span = cell.find(f"{tag('tcPr')}/{tag('gridSpan')}")
            reader.add("\t" * (min(int(span.get(tag("val")) or 1), 64) - 1) if span is not None else "")
        reader.add("\n")
    reader.add("\n")


def _notes(root: Any, title: str, reader: _Reader) -> None:
    notes = [n for n in root if n.get(tag("type")) is None] if root is not None else []
    if any("".join(n.itertext()).strip() for n in notes):
        reader.add(f"{title}\n")
        for note in notes:
            reader.add(f"[^{note.get(tag('id'))}] ")
            for paragraph in note.iter(tag("p")):
                # Comments cannot be tied to the runs of a note, so they are not kept as pieces.
                reader.add("".join(t.text or "" for r in _runs(paragraph) for t in r.findall(tag("t"))))
            reader.add("\n")
