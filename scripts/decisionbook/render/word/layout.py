"""The page of GB/T 9704-2012: A4, type area 156 x 225 mm, 22 lines of 28 characters, its four levels of type.

Sizes are in points (二号 22, 三号 16, 四号 14, 小四 12, 五号 10.5, 小五 9). Not every machine has the typefaces that the standard
names: each has fallbacks in the font table, which Word and LibreOffice follow.
"""

from __future__ import annotations

import datetime
import io
import math
import zipfile
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from lxml import etree

from .parts import add_field, paragraph_property, printable_xml, property_text

SONG, HEI, KAI, FANG, TITLE = "宋体", "黑体", "楷体", "仿宋", "方正小标宋简体"
LATIN = "Times New Roman"
_FALLBACKS = {
    TITLE: "小标宋,华文中宋,SimSun,Noto Serif CJK SC,宋体",
    HEI: "SimHei,Noto Sans CJK SC,Noto Sans SC",
    KAI: "楷体_GB2312,KaiTi,STKaiti,AR PL UKai CN",
    FANG: "仿宋_GB2312,FangSong,STFangsong,Noto Serif CJK SC",
    SONG: "SimSun,Noto Serif CJK SC,Noto Serif SC",
}
DOTS = (WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
LINES, CHARACTERS = 22, 28
TYPE_WIDTH, TYPE_HEIGHT = Mm(156), Mm(225)
#: Twips from line to line, and how much narrower than its 16 points a character stands. A grid of characters would do the
#: same in Word; LibreOffice stretches every text to it.
LINE_PITCH = int(TYPE_HEIGHT.pt * 20 / LINES)
CHARACTER_SPACE = math.floor((TYPE_WIDTH.pt / CHARACTERS - 16) * 20)
BODY, CAPTION, TABLE_TEXT, NOTE, FOOTNOTE, CODE, FLIP, CONTENTS = (
    "Body Text", "Caption", "Book Table", "Book Note", "Book Footnote", "Book Code", "Book Flip", "Book Contents",
)  # fmt: skip


def new_document(running: str) -> Any:
    """Return an empty document with the page, the styles and the running head of the standard."""
    document = Document()
    _fonts(document)
    _styles(document)
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.left_margin = Mm(37), Mm(28)
    section.bottom_margin, section.right_margin = Mm(297 - 37 - 225), Mm(210 - 28 - 156)
    section.header_distance, section.footer_distance = Mm(20), Mm(25)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    for name, value in (("type", "lines"), ("linePitch", LINE_PITCH)):
        grid.set(qn(f"w:{name}"), str(value))
    document.settings.odd_and_even_pages_header_footer = True
    section.different_first_page_header_footer = True
    for header in (section.header, section.even_page_header):
        paragraph = header.paragraphs[0]
        paragraph.style = document.styles[NOTE]
        paragraph.add_run(running)
    # — 1 —: outside on odd and on even pages alike, a character away from the edge of the type area.
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        paragraph = footer.paragraphs[0]
        paragraph.style = document.styles[NOTE]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if side == "right" else WD_ALIGN_PARAGRAPH.LEFT
        _indent(paragraph._p.get_or_add_pPr(), **{f"{side}Chars": 100})
        for piece in ("— ", None, " —"):
            run = paragraph.add_run(piece or "")
            run.font.size = Pt(14)
            _east(run._r.get_or_add_rPr(), SONG)
            if piece is None:
                add_field(run, "PAGE", "1")
    return document


def _styles(document: Any) -> None:
    styles = document.styles
    _style(styles["Normal"], FANG, 16)
    normal = styles["Normal"].paragraph_format
    normal.space_before = normal.space_after = Pt(0)
    body = _named(styles, BODY)
    _style(body, FANG, 16)
    _exact(body.paragraph_format)
    _indent(body.element.get_or_add_pPr(), firstLineChars=200)
    body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(CHARACTER_SPACE))
    body.element.get_or_add_rPr().find(qn("w:sz")).addprevious(spacing)
    for name, font, points, bold in (
        ("Title", TITLE, 26, False), ("Subtitle", KAI, 16, False), ("Heading 1", TITLE, 22, False), ("Heading 2", HEI, 16, False),
        ("Heading 3", KAI, 16, False), ("Heading 4", FANG, 16, True),
    ):  # fmt: skip
        style = styles[name]
        _style(style, font, points)
        style.font.bold, style.font.italic = bold, False
        _plain_borders(style)
        given = style.paragraph_format
        given.keep_with_next = True
        given.space_before, given.space_after = (Pt(29), Pt(29)) if name == "Heading 1" else (Pt(0), Pt(0))
        if name in ("Title", "Subtitle", "Heading 1"):
            given.alignment = WD_ALIGN_PARAGRAPH.CENTER
            given.line_spacing = 1.2
        else:
            _exact(given)
            _indent(style.element.get_or_add_pPr(), firstLineChars=200)
    for name, font, size in (
        (CAPTION, HEI, 12), (TABLE_TEXT, SONG, 10.5), (NOTE, KAI, 10.5), (FOOTNOTE, SONG, 9), (CODE, SONG, 9), (FLIP, KAI, 14),
        (CONTENTS, FANG, 14),
    ):  # fmt: skip
        style = _named(styles, name)
        _style(style, font, size)
        style.font.bold = style.font.italic = False
        style.paragraph_format.line_spacing = 1.15
        paragraph_property(style.element.get_or_add_pPr(), "snapToGrid", val=0)
    styles[CAPTION].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    styles[CAPTION].paragraph_format.space_before = Pt(8)
    styles[CAPTION].paragraph_format.keep_with_next = True
    _indent(styles[FLIP].element.get_or_add_pPr(), firstLineChars=200)
    for name in ("List Bullet", "List Number"):
        _style(styles[name], FANG, 16)
        _exact(styles[name].paragraph_format)


def _named(styles: Any, name: str) -> Any:
    return styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)


def _style(style: Any, east: str, size: float) -> None:
    style.font.name, style.font.size = LATIN, Pt(size)
    style.font.color.rgb = RGBColor(0, 0, 0)
    _east(style.element.get_or_add_rPr(), east)


def _east(properties: Any, font: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    # A theme's font would win over the one named here.
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), font)


def _exact(paragraph_format: Any) -> None:
    paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph_format.line_spacing = Pt(LINE_PITCH / 20)


def _indent(properties: Any, **values: int) -> None:
    for name, value in values.items():
        # Programs that do not count characters use the width of 三号 characters.
        paragraph_property(properties, "ind", **{name: value, name.removesuffix("Chars"): round(value / 100 * 320)})


def _plain_borders(style: Any) -> None:
    for name in ("w:pBdr", "w:contextualSpacing"):
        for found in style.element.findall(f".//{qn(name)}"):
            found.getparent().remove(found)


def _fonts(document: Any) -> None:
    part = next(r.target_part for r in document.part.rels.values() if r.reltype == RELATIONSHIP_TYPE.FONT_TABLE)
    table = parse_xml(part.blob)
    for name, fallbacks in _FALLBACKS.items():
        table.append(parse_xml(
            f'<w:font {nsdecls("w")} w:name="{name}"><w:altName w:val="{fallbacks}"/><w:charset w:val="86"/>'
            '<w:family w:val="auto"/><w:pitch w:val="default"/></w:font>'
        ))  # fmt: skip
    part._blob = etree.tostring(table, xml_declaration=True, encoding="UTF-8", standalone=True)


def describe(document: Any, title: str, author: str, keywords: Sequence[str], date: datetime.date | None) -> None:
    """Set the properties of a document; `date` is the edition's, never the clock's."""
    properties = document.core_properties
    properties.title, properties.author, properties.language = property_text(title), property_text(author), "zh-CN"
    properties.keywords, properties.comments = property_text("、".join(keywords)), ""
    properties.last_modified_by = property_text(author)
    properties.revision = 1
    when = datetime.datetime.combine(date or datetime.date(2000, 1, 1), datetime.time())
    properties.created = properties.modified = when


def packed(document: Any) -> bytes:
    """Return the bytes of a document or presentation: the same parts give the same bytes on every day.

    Whatever wrote a text into it, no part holds a mark that turns its direction.
    """
    made = io.BytesIO()
    document.save(made)
    result = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = source.read(name)
            target.writestr(entry, printable_xml(content.decode()).encode() if name.endswith((".xml", ".rels")) else content)
    return result.getvalue()
