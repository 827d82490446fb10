"""Archives that others made, workbooks and Word documents: how large they may be, and what their damage raises."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable

#: What a workbook may hold when unpacked. One of a million rows and ten columns holds some 500 MB.
LARGEST_WORKBOOK = 1_000_000_000
#: What the text of a Word document may hold when unpacked; no briefing comes near this.
LARGEST_DOCUMENT = 200_000_000
#: What zipfile, lxml and openpyxl raise over damaged content; the errors of both XML parsers are errors of syntax.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, SyntaxError, RuntimeError,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError,
)  # fmt: skip


class TooLarge(Exception):
    """The parts of an archive are larger than the limit; the text says how large."""


def check_unpacked(archive: zipfile.ZipFile, names: Iterable[str], most: int) -> None:
    """Raise TooLarge when these parts unpack to more than `most` bytes: a small archive may hold more than a machine does.

    Sizes are those of the archive's directory; zipfile never unpacks more of a part than its entry there says.
    """
    size = sum(archive.getinfo(name).file_size for name in names)
    if size > most:
        raise TooLarge(f"{size / 1e6:,.0f} MB when unpacked")


def damage(error: Exception) -> str:
    """Return in one line what is wrong with an archive."""
    said = " ".join(str(error).split())
    return f"a damaged file ({type(error).__name__}{f': {said[:120]}' if said else ''})"
