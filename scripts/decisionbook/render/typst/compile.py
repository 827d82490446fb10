"""Typst source to PDF/UA-1, with the packaged fonts only and nothing from the clock."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typst

from ...errors import CheckFailed
from .escape import font_files

_PLACE = re.compile(r"┌─\s*(?P<file>.+?):(?P<line>\d+):(?P<column>\d+)")
_ERROR = re.compile(r"^error: (?P<message>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class CompileReport:
    """How long a compile took (seconds), how many pages came out, and what Typst warned of.

    `starts` gives the printed page that each chapter of the book starts on.
    """

    seconds: float
    pages: int
    warnings: tuple[str, ...] = ()
    starts: Mapping[str, int] = field(default_factory=dict)


class TypstFailed(CheckFailed):
    """Typst refused the source; `file` and `line` say where, `diagnostic` is all that it said."""

    def __init__(self, message: str, diagnostic: str = "", hints: Sequence[str] = ()) -> None:
        self.diagnostic = diagnostic
        place = _PLACE.search(_from_first_error(diagnostic))
        self.file = place["file"].strip() if place else ""
        self.line = int(place["line"]) if place else None
        where = f"{self.file}, line {self.line}: " if place else ""
        advice = f" ({'; '.join(hints)})" if hints else ""
        super().__init__(f"{where}{message}{advice}")


def _from_first_error(diagnostic: str) -> str:
    found = _ERROR.search(diagnostic)
    return diagnostic[found.start() :] if found else diagnostic


@functools.cache
def _fonts() -> typst.Fonts:
    """Return the fonts that a page may use, read once.

    Those inside the Typst wheel serve mathematics alone: the page design names the packaged fonts for text, without
    fallback.
    """
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(font_files()[0].parent)])


def compile_pdf(
    typ_path: Path, pdf_path: Path, *, root: Path, strict: bool = True, inputs: Mapping[str, str] | None = None
) -> CompileReport:
    """Compile `typ_path` to a tagged PDF/UA-1 at `pdf_path` and report seconds and pages.

    `root` is the folder that absolute paths in the source start from, and the only one that it can read; `inputs` are
    what the source asks for by name: the page of the book that a chapter alone refers to. The file is the same bytes
    for the same source. Raises TypstFailed when Typst refuses the source, with its file and line, and, if `strict`,
    when it warns (a layout that does not settle, a font it does not know).
    """
    started = time.perf_counter()
    if not typ_path.is_file():
        raise TypstFailed(f"{typ_path} does not exist; build it with the Sphinx builder typst first")
    compiler = typst.Compiler(
        input=str(typ_path), root=str(root), font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=dict(inputs or {})
    )
    try:
        data, warned = compiler.compile_with_warnings(format="pdf", pdf_standards=["ua-1"])
        pages = int(compiler.query("<db-end>", field="value", one=True))
        starts = json.loads(compiler.query("<db-pages>", field="value"))
    except typst.TypstError as error:
        raise TypstFailed(error.message, error.diagnostic, error.hints) from error
    if strict and warned:
        raise TypstFailed(warned[0].message, warned[0].diagnostic, warned[0].hints)
    if not isinstance(data, bytes):
        raise TypstFailed("Typst returned no PDF")
    pdf_path.parent.mkdir(parents=True, exist_ok=True)
    pdf_path.write_bytes(data)
    seconds = time.perf_counter() - started
    return CompileReport(round(seconds, 3), pages, tuple(w.message for w in warned), dict(starts[0] if starts else []))
