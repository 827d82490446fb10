"""PDF files with a text layer as text: wrapped lines joined to paragraphs, tables cell by cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem, counted
from .documents import Document, Say, squeeze

_FOLIO = re.compile(r"[-—–·\s]*(?:第\s*)?\d{1,4}(?:\s*页)?[-—–·\s]*")
# Justified lines are spread: a blank between Chinese characters, or between them and digits, is no blank of the text.
_SPREAD = re.compile(r"(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff\d])|(?<=\d) +(?=[\u4e00-\u9fff])")
# From this many pages on, a line says how far the reading is.
_SAY_FROM, _SAY_EVERY = 20, 20


def read_pdf(path: Path, say: Say) -> Document:
    """Return the text of a PDF page by page; InputError for a password, a damaged file and a scan without text."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    notes: list[str] = []
    lines: list[tuple[str, bool]] = []
    blank, unread, pictures = [], [], 0
    try:
        with pdfplumber.open(path) as pdf:
            total = len(pdf.pages)
            for number, page in enumerate(pdf.pages, start=1):
                if total >= _SAY_FROM and number % _SAY_EVERY == 0:
                    say(f"  page {number} of {total}")
                try:
                    found = _page(page)
                    pictures += len(page.images)
                except Exception as error:  # a page that cannot be read must not lose the others
                    unread.append(f"{number} ({type(error).__name__})")
                    continue
                finally:
                    page.close()
                if not found:
                    blank.append(number)
                lines += found
    except PdfminerException as error:
        if isinstance(error.args[0] if error.args else None, PDFPasswordIncorrect):
            remedy = "Open it with its password and save a copy without one."
            raise InputError(Problem(str(path), "a PDF that is locked by a password", "a PDF that opens", remedy)) from error
        raise _damaged(path, error) from error
    except (ValueError, TypeError, KeyError, OSError, RecursionError) as error:
        raise _damaged(path, error) from error
    text = _joined(lines)
    if not text.strip():
        if unread or not total:
            raise _damaged(path, ValueError(f"none of {total} pages can be read"))
        said = f"{counted(total, 'page')} without a text layer ({counted(pictures, 'picture')})"
        remedy = "It is a scan: recognise its text (OCR) with a scanner's program or WPS, and save it as .docx or .txt."
        raise InputError(Problem(str(path), said, "a PDF with text", remedy))
    if blank:
        notes.append(f"{len(blank)} of {total} pages have no text layer and were not read: {_few(blank)}")
    if unread:
        notes.append(f"{len(unread)} of {total} pages are damaged and were not read: {_few(unread)}")
    if pictures:
        notes.append(f"{counted(pictures, 'picture')} not read: a table or chart there must be typed in by hand")
    return Document(path, text, "pdf", notes, pages=total)


def _damaged(path: Path, error: Exception) -> InputError:
    remedy = "The file is damaged: fetch it again, or open it in a viewer and print it to a new PDF."
    return InputError(Problem(str(path), f"{type(error).__name__}: {squeeze(str(error))[:80] or 'unreadable'}", "a PDF", remedy))


def _few(values: list[Any]) -> str:
    return ", ".join(map(str, values[:12])) + (" …" if len(values) > 12 else "")


def _page(page: Any) -> list[tuple[str, bool]]:
    """Return the lines of a page with whether a line runs to the right edge; rows of tables hold tabs."""
    tables = [t for t in page.find_tables() if len(t.rows) > 1 and max(len(r.cells) for r in t.rows) > 1]
    boxes = [t.bbox for t in tables]

    def outside(item: Any) -> bool:
        middle, height = (item["x0"] + item["x1"]) / 2, (item["top"] + item["bottom"]) / 2
        return not any(x0 <= middle <= x1 and top <= height <= bottom for x0, top, x1, bottom in boxes)

    found = page.filter(lambda item: item["object_type"] != "char" or outside(item)).extract_text_lines(return_chars=False)
    right = max((line["x1"] for line in found), default=0.0)
    size = max((line["bottom"] - line["top"] for line in found), default=12.0)
    items = [
        (line["top"], [(_SPREAD.sub("", line["text"]), line["x1"] > right - 1.5 * size and len(line["text"]) > 12)])
        for line in found
    ]
    for table in tables:
        rows = [("\t".join(squeeze(cell or "") for cell in row), False) for row in table.extract()]
        items.append((table.bbox[1], [("", False), *rows, ("", False)]))
    return [line for _, some in sorted(items, key=lambda i: i[0]) for line in some]


def _joined(lines: list[tuple[str, bool]]) -> str:
    """Join lines that were wrapped at the right edge; what stands alone is a paragraph of its own."""
    out: list[str] = []
    carry = ""
    for text, full in lines:
        if _FOLIO.fullmatch(text):
            continue
        if "\t" in text or not text:
            out += [carry, text] if carry else [text]
            carry = ""
            continue
        latin = carry[-1:].isascii() and carry[-1:].isalnum() and text[:1].isascii() and text[:1].isalpha()
        carry += (" " if latin else "") + text
        if not full:
            out += [carry, ""]
            carry = ""
    out.append(carry)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n") + "\n"
