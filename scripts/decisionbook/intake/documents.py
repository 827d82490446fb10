"""A document as plain text: .txt in any Chinese encoding, .docx with tables and notes, .pdf with a text layer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.text import no_file
from ..errors import InputError, Problem

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
Say = Callable[[str], None]


@dataclass
class Document:
    """The text of a document, where its pieces came from, and what could not be read.

    `pieces` are (start, end, run) for .docx: the run element that holds a stretch of the text.
    """

    path: Path
    text: str
    kind: str
    notes: list[str] = field(default_factory=list)
    pieces: list[tuple[int, int, Any]] = field(default_factory=list)
    pages: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def silent(_: str) -> None:
    """Say nothing."""


def read_file(path: Path, say: Say = silent) -> Document:
    """Return the text of a document; InputError where nothing can be read, a note where something cannot.

    What the file is, its first bytes say; its suffix only where they do not.
    """
    if not path.is_file():
        raise InputError(no_file(path, "a document (.txt, .docx or .pdf)"))
    raw = path.read_bytes()
    if not raw:
        raise InputError(Problem(str(path), "an empty file", "a document with text"))
    if raw.startswith(_OLD_OFFICE):
        locked = "EncryptedPackage".encode("utf-16-le") in raw
        found = "a document that is locked by a password" if locked else "an old Word document (.doc)"
        remedy = "Open it in Word or WPS, take the password off, and save it as .docx." if locked else "Save it as .docx."
        raise InputError(Problem(str(path), found, "a .txt, .docx or .pdf", remedy))
    if raw.startswith(b"PK"):
        from .word import read_docx

        return read_docx(path, raw)
    if raw[:1024].find(b"%PDF-") >= 0:
        from .pdf import read_pdf

        return read_pdf(path, say)
    if path.suffix.lower() in (".docx", ".pdf"):
        remedy = "The file is damaged: fetch it again, or open it in its program and save it anew."
        raise InputError(Problem(str(path), f"a file that is no {path.suffix}", f"a {path.suffix}", remedy))
    return _text(path, raw)


def _text(path: Path, raw: bytes) -> Document:
    notes: list[str] = []
    for encoding in ("utf-8-sig", "gb18030") if not raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-16",):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError as error:
            fault = error
    else:
        text = raw.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        if bad > len(text) / 50 or b"\0" in raw:
            row = raw[: fault.start].count(b"\n") + 1
            raise InputError(
                Problem(str(path), f"byte 0x{raw[fault.start]:02x}", "text in UTF-8 or GBK", "Save it as UTF-8.", row)
            )
        notes.append(f"{bad} damaged characters stand as \ufffd in the text")
        encoding = "utf-8-sig"
    if encoding != "utf-8-sig":
        notes.append(f"read as {'GB18030 (GBK)' if encoding == 'gb18030' else 'UTF-16'}; the registered text is UTF-8")
    if not text.strip():
        raise InputError(Problem(str(path), "no text", "a document with text"))
    return Document(path, text, "txt", notes)


def squeeze(text: str) -> str:
    """Return a cell's text on one line."""
    return re.sub(r"\s+", " ", text).strip()
