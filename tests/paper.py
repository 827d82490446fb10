"""What can be read off a printed page: where its words stand, how large they are, where its links lead."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pdfplumber
import pikepdf

MILLIMETRE = 72 / 25.4
#: Glyphs of the verdicts: they are signs, set as small as a note number.
MARKS = "●◐○×□？?"
_OPENING, _CLOSING = "“‘（《〔", "。，、；：？！”’）》〕,.-–;:\u00ad"
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)
_WORD = re.compile(r'<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*?)</word>')


@dataclass(frozen=True)
class Word:
    """A word on a page, its box in points from the upper left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


def words(pdf: Path) -> Iterator[tuple[Word, float, float]]:
    """Yield every word with the width and height of its page."""
    listed = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True).stdout.decode()
    for number, (width, height, body) in enumerate(_PAGE.findall(listed), 1):
        for left, top, right, bottom, text in _WORD.findall(body):
            yield Word(number, float(left), float(top), float(right), float(bottom), text), float(width), float(height)


def outside(pdf: Path, side: float, top: float, bottom: float) -> list[Word]:
    """Return the words that reach into the margins (millimetres).

    The box of a mark of punctuation may: it is set at half its width at the end of a line, and the ink is inside.
    """
    hair = 1.5
    found = []
    for word, width, height in words(pdf):
        letter = word.bottom - word.top
        left = side * MILLIMETRE - hair - (0.6 * letter if word.text[0] in _OPENING else 0)
        right = width - side * MILLIMETRE + hair + (0.6 * letter if word.text[-1] in _CLOSING else 0)
        below = height - bottom * MILLIMETRE + hair
        if word.left < left or word.right > right or word.top < top * MILLIMETRE - hair or word.bottom > below:
            found.append(word)
    return found


def least_size(pdf: Path, below: float = 0.0, above: float = float("inf")) -> float:
    """Return the size in points of the smallest letter that stands between two heights of a page, marks not counted."""
    with pdfplumber.open(pdf) as opened:
        sizes = [
            float(letter["size"])
            for page in opened.pages
            for letter in page.chars
            if letter["text"].strip() and letter["text"] not in MARKS and below <= letter["top"] <= above
        ]
    return round(min(sizes), 2)


def page_labels(pdf: pikepdf.Pdf) -> list[str]:
    """Return the printed number of every page, as a reader shows it."""
    return [str(page.label) for page in pdf.pages]


def broken_links(pdf: pikepdf.Pdf) -> list[str]:
    """Return the links inside a document that lead to no page of it."""
    pages = {page.objgen for page in pdf.pages}
    named = {str(name) for name in _names(pdf)}
    broken = []
    for number, page in enumerate(pdf.pages, 1):
        for annotation in page.get("/Annots", []):
            action: Any = annotation.get("/A", {})
            target = annotation.get("/Dest", action.get("/D"))
            if target is None:
                if action.get("/S") != "/URI":
                    broken.append(f"page {number}: a link without a target")
            elif isinstance(target, pikepdf.Array):
                if target[0].objgen not in pages:
                    broken.append(f"page {number}: a page that is not there")
            elif str(target) not in named:
                broken.append(f"page {number}: {target}")
    return broken


def links(pdf: pikepdf.Pdf) -> int:
    """Return the number of links inside a document."""
    return sum(
        "/Dest" in annotation or "/D" in annotation.get("/A", {}) for page in pdf.pages for annotation in page.get("/Annots", [])
    )


def _names(pdf: pikepdf.Pdf) -> list[str]:
    if "/Names" in pdf.Root and "/Dests" in pdf.Root.Names:
        return [str(name) for name, _ in pikepdf.NameTree(pdf.Root.Names.Dests).items()]
    return []


def is_accessible(pdf: pikepdf.Pdf) -> bool:
    """Return whether a document says that it is tagged and meets PDF/UA-1."""
    with pdf.open_metadata() as metadata:
        return bool(pdf.Root.MarkInfo.Marked) and metadata.get("pdfuaid:part") == "1"
