"""Small documents made for the tests: Word files with whatever a real one may hold, and PDF files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import docx
import pikepdf
import typst
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from decisionbook.render.typst.escape import font_files


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# One grey point: a picture without text.
_HEAD = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
PICTURE = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", _HEAD) + _chunk(b"IDAT", zlib.compress(b"\0\x80")) + _chunk(b"IEND", b"")
BRIEF = """\
大数据与决策研究

2025年第3期（总第270期）

广西壮族自治区信息中心

2025年2月18日

我区数据中心发展情况简析

截至2024年末，全区已建成数据中心82个（其中南宁市40个、柳州市22个、桂林市20个），机架12.5万标准机架，比2023年末的10万标准机架增长25%。
2024年，我区软件和信息技术服务业收入为1020亿元，占全国收入（137000亿元）的0.74%。全区5G基站近13万座，覆盖十二个设区市，约三成的行政村接入千兆光网。

表1 数据中心分布

地区\t数量（个）\t投资（亿元）
南宁市\t40\t35.2
柳州市\t22\t12.8
桂林市\t20\t9.5
合计\t82\t57.5
"""


def brief(folder: Path, text: str = BRIEF, name: str = "brief.txt") -> Path:
    """Write a briefing as plain text."""
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def word(folder: Path, name: str = "draft.docx") -> Path:
    """Write a Word draft with five wrong numbers, tracked changes, merged cells, a footnote mark and a picture."""
    document = docx.Document()
    document.add_heading("我区数据中心发展情况简析", 1)
    first = document.add_paragraph("截至2024年末，全区已建成数据中心")
    first.add_run("82个").bold = True
    first.add_run("（其中南宁市40个、柳州市22个、桂林市30个），机架12.5万标准机架，比2023年末的10万标准机架增长")
    first.add_run("35%").italic = True
    first.add_run("。")
    document.add_paragraph(
        "2024年，我区软件业务收入为452亿元，占全国收入（46266亿元）的0.92%。互联网普及率由71.2%提高到75.2%，提高4%。"
    )
    changed = document.add_paragraph("新增机架")
    attributes = 'w:id="7" w:author="甲" w:date="2025-01-01T00:00:00Z"'
    changed._p.append(parse_xml(f"<w:del {nsdecls('w')} {attributes}><w:r><w:delText>111个</w:delText></w:r></w:del>"))
    changed._p.append(parse_xml(f"<w:ins {nsdecls('w')} {attributes}><w:r><w:t>２２２个</w:t></w:r></w:ins>"))
    table = document.add_table(4, 3)
    for row, cells in enumerate(
        (("地区", "数量（个）", "投资（亿元）"), ("南宁市", "40", "35.2"), ("", "22", "12.8"), ("合计", "72", "48.0"))
    ):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    image = folder / "one.png"
    image.write_bytes(PICTURE)
    document.add_picture(str(image))
    document.save(str(folder / name))
    return folder / name


def pdf(folder: Path, body: str, name: str = "paper.pdf") -> Path:
    """Compile Typst markup to a PDF with the packaged fonts."""
    source = folder / f"{name}.typ"
    source.write_text(
        f'#set text(font: "Noto Serif SC", size: 12pt)\n#set page(width: 16cm, height: 12cm)\n{body}', encoding="utf-8"
    )
    typst.compile(str(source), output=str(folder / name), font_paths=[str(font_files()[0].parent)], ignore_system_fonts=True)
    return folder / name


def locked(path: Path) -> Path:
    """Return a copy of a PDF that opens with a password only."""
    target = path.with_name("locked.pdf")
    with pikepdf.open(path) as opened:
        opened.save(target, encryption=pikepdf.Encryption(owner="a", user="b"))
    return target


def scanned(folder: Path) -> Path:
    """Return a PDF of one page that is a picture."""
    (folder / "page.png").write_bytes(PICTURE)
    return pdf(folder, '#image("page.png", width: 80%)', "scan.pdf")
