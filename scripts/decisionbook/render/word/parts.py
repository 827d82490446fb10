"""What python-docx has no word for: fields, bookmarks, internal links, footnotes, tables made at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

#: What XML cannot hold, and the marks that turn the direction of the text around them.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def printable_xml(text: str) -> str:
    """Return a text without the characters that a document cannot hold."""
    return _UNWANTED.sub("", text)


def property_text(text: str) -> str:
    """Return a text as a property of a document: the format allows 255 characters."""
    return printable_xml(text)[:255]


def element(tag: str, **attributes: Any) -> Any:
    """Return an element of WordprocessingML; attributes are in its namespace."""
    made = OxmlElement(f"w:{tag}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), str(value))
    return made


_PARAGRAPH_ORDER = (
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl", "numPr", "suppressLineNumbers", "pBdr",
    "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "overflowPunct", "topLinePunct", "autoSpaceDE", "autoSpaceDN",
    "bidi", "adjustRightInd", "snapToGrid", "spacing", "ind", "contextualSpacing", "mirrorIndents", "suppressOverlap", "jc",
    "textDirection", "textAlignment", "textboxTightWrap", "outlineLvl", "divId", "cnfStyle", "rPr", "sectPr", "pPrChange",
)  # fmt: skip


def paragraph_property(properties: Any, tag: str, **attributes: Any) -> None:
    """Set a property of a paragraph or style in the place that the schema gives it: Word refuses others."""
    found = properties.find(qn(f"w:{tag}"))
    if found is None:
        found = element(tag)
        later = {qn(f"w:{name}") for name in _PARAGRAPH_ORDER[_PARAGRAPH_ORDER.index(tag) + 1 :]}
        after = next((child for child in properties if child.tag in later), None)
        properties.append(found) if after is None else after.addprevious(found)
    for key, value in attributes.items():
        found.set(qn(f"w:{key}"), str(value))


def text_run(text: str, *properties: Any) -> Any:
    """Return a run of text with the given run properties; line ends become line breaks."""
    run = element("r")
    if properties:
        own = element("rPr")
        own.extend(properties)
        run.append(own)
    for number, line in enumerate(printable_xml(text).split("\n")):
        if number:
            run.append(element("br"))
        piece = element("t")
        piece.text = line
        piece.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        run.append(piece)
    return run


def add_field(run: Any, instruction: str, shown: str) -> None:
    """Make a run a field: PAGE, PAGEREF; `shown` stands until a program computes it."""
    run._r.extend(field_parts(instruction, shown))


def field_parts(instruction: str, shown: str) -> list[Any]:
    """Return the children of a run that is a field."""
    code, text = element("instrText"), element("t")
    code.text, text.text = f" {instruction} ", shown
    code.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    begin, middle, end = (element("fldChar", fldCharType=kind) for kind in ("begin", "separate", "end"))
    return [begin, code, middle, text, end]


def field_run(instruction: str, shown: str, *properties: Any) -> Any:
    """Return a run that is a field."""
    run = text_run("", *properties)
    for text in run.findall(qn("w:t")):
        run.remove(text)
    run.extend(field_parts(instruction, shown))
    return run


@dataclass
class Bookmarks:
    """Bookmarks by the ids of the book's nodes; Word allows forty plain characters, so they are numbered."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)

    def register(self, docname: str, ids: Iterable[str]) -> None:
        """Give the ids of one node one bookmark."""
        name = f"b{len(set(self.names.values())) + 1}"
        for each in ids:
            self.names.setdefault((docname, each), name)

    def name(self, docname: str, target: str) -> str | None:
        """Return the bookmark of an id, None when the document has none."""
        return self.names.get((docname, target))

    def place(self, docname: str, ids: Sequence[str]) -> list[Any]:
        """Return start and end of the bookmark of a node, once; nothing for a node without one."""
        name = next((self.names[docname, each] for each in ids if (docname, each) in self.names), None)
        if name is None or name in self.placed:
            return []
        self.placed.add(name)
        number = len(self.placed)
        return [element("bookmarkStart", id=number, name=name), element("bookmarkEnd", id=number)]


def internal_link(anchor: str, runs: Iterable[Any]) -> Any:
    """Return a link to a bookmark."""
    link = element("hyperlink", anchor=anchor, history="1")
    link.extend(runs)
    return link


def external_link(document: Any, address: str, runs: Iterable[Any]) -> Any:
    """Return a link out of the document."""
    link = element("hyperlink", history="1")
    link.set(qn("r:id"), document.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    link.extend(runs)
    return link


@dataclass
class Footnotes:
    """The footnotes of a document; python-docx has none, so their part is written when the document is done."""

    style: str
    bodies: list[str] = field(default_factory=list)

    def reference(self, text: str) -> Any:
        """Add a footnote and return the run that refers to it."""
        self.bodies.append(" ".join(printable_xml(text).split()))
        run = element("r")
        properties = element("rPr")
        properties.append(element("vertAlign", val="superscript"))
        run.append(properties)
        run.append(element("footnoteReference", id=len(self.bodies)))
        return run

    def attach(self, document: Any) -> None:
        """Write the part of the footnotes and tell the document of it."""
        marks = "".join(
            f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{mark}/></w:r></w:p></w:footnote>'
            for number, kind, mark in ((-1, "separator", "separator"), (0, "continuationSeparator", "continuationSeparator"))
        )
        notes = "".join(
            f'<w:footnote w:id="{number}"><w:p><w:pPr><w:pStyle w:val="{self.style}"/></w:pPr>'
            '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteRef/></w:r>'
            f'<w:r><w:t xml:space="preserve"> {escape(body)}</w:t></w:r></w:p></w:footnote>'
            for number, body in enumerate(self.bodies, 1)
        )
        head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        content = f"{head}<w:footnotes {nsdecls('w')}>{marks}{notes}</w:footnotes>".encode()
        part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, content, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        settings = document.settings.element
        pair = "".join(f'<w:footnote w:id="{number}"/>' for number in (-1, 0))
        properties = parse_xml(f"<w:footnotePr {nsdecls('w')}>{pair}</w:footnotePr>")
        # The schema wants it before these; Word refuses a document with its settings out of order.
        after = next((child for child in settings if child.tag in (qn("w:endnotePr"), qn("w:compat"), qn("w:rsids"))), None)
        if after is not None:
            after.addprevious(properties)
        else:
            settings.append(properties)
