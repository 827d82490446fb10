"""Text for Typst: every string becomes a string literal of printable characters, so none can run as code.

Nothing else in this package may put text of a document into Typst source.
"""

from __future__ import annotations

import functools
import re
import struct
import unicodedata
from pathlib import Path

import pylopdf_fonts_zh_cn

#: Printed in place of a character that neither packaged font has and that has no compatibility form.
SUBSTITUTES = {"✕": "×", "✖": "×", "✗": "×", "✘": "×", "✔": "✓", "⁃": "–", "▪": "■", "‧": "·"}

#: A word of Latin letters that may have to be broken to fit a column: an identifier, an address, a path.
_LONG_WORD = re.compile(r"((?=[^\s]*[_./])[!-~]{12,})")
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def font_files() -> tuple[Path, Path]:
    """Return the two packaged font files: sans, then serif."""
    return Path(pylopdf_fonts_zh_cn.sans_path()), Path(pylopdf_fonts_zh_cn.serif_path())


@functools.cache
def font_coverage() -> frozenset[int]:
    """Return the code points that at least one packaged font can print (OpenType `cmap`, format 12)."""
    covered: set[int] = set()
    for path in font_files():
        covered |= _cmap(path.read_bytes())
    return frozenset(covered)


def _cmap(font: bytes) -> set[int]:
    tables = struct.unpack_from(">H", font, 4)[0]
    directory = (struct.unpack_from(">4sIII", font, 12 + 16 * i) for i in range(tables))
    start = next(offset for tag, _, offset, _ in directory if tag == b"cmap")
    covered: set[int] = set()
    for i in range(struct.unpack_from(">H", font, start + 2)[0]):
        at = start + struct.unpack_from(">HHI", font, start + 4 + 8 * i)[2]
        if struct.unpack_from(">H", font, at)[0] != 12:
            continue
        for group in range(struct.unpack_from(">I", font, at + 12)[0]):
            first, last, _ = struct.unpack_from(">III", font, at + 16 + 12 * group)
            covered.update(range(first, last + 1))
    return covered


def printable(text: str) -> str:
    """Return `text` in characters that the packaged fonts have.

    Direction overrides, zero-width and other format characters are dropped: they print nothing and can make a
    line read otherwise than it is. A character without a glyph becomes its compatibility form, or its code
    point in brackets (`〔U+1F600〕`), lone surrogates and control characters too, because PDF/UA forbids the
    empty box that a missing glyph prints, and a silent omission would change the text.
    """
    text = text.replace("\r\n", "\n").translate({13: "\n", 12: " ", 11: " "})
    covered = font_coverage()
    if all((ord(c) in covered and c >= " ") or c in "\n\t" for c in text) and "\u00ad" not in text:
        return text
    return "".join(_printable_character(c, covered) for c in text)


def _printable_character(character: str, covered: frozenset[int]) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F:
        return ""
    if ord(character) in covered and category not in ("Cc", "Cs"):
        return character
    if character in SUBSTITUTES:
        return SUBSTITUTES[character]
    if category.startswith("Z"):
        return " "
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and all(ord(c) in covered for c in plain):
        return plain
    return f"〔U+{ord(character):04X}〕"


def string(text: str) -> str:
    """Return a Typst string literal (code mode) of `text`, white space kept."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


def optional(text: str | None) -> str:
    """Return a string literal, or `none` for None."""
    return "none" if text is None else string(text)


def inline(text: str) -> str:
    """Return markup that prints `text`, runs of white space as one space; nothing for an empty text."""
    parts = _LONG_WORD.split(_SPACES.sub(" ", text))
    # The semicolon ends the expression, so that nothing that follows can continue it.
    return "".join(breakable(part) if i % 2 else f"#{string(part)};" for i, part in enumerate(parts) if part)


def content(text: str) -> str:
    """Return a content block (code mode) that prints `text`."""
    return f"[{inline(text)}]"


def breakable(text: str) -> str:
    """Return markup for an identifier or address: a line may break behind its punctuation, nothing is added."""
    pieces = re.split(r"(?<=[_./\-:=&?])(?=\w)", text)
    return "#breakpoint;".join(f"#{string(piece)};" for piece in pieces if piece)


def is_wide(character: str) -> bool:
    """Return whether a character is set on the full Chinese square (quotes and dashes count)."""
    return unicodedata.east_asian_width(character) in "WF" or character in "“”‘’…—·"


def width_in_ems(text: str) -> float:
    """Return the estimated width of one line in ems: a Chinese character is 1, any other 0.56."""
    return sum(1.0 if is_wide(c) else 0.56 for c in text)
