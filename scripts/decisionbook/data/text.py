"""Text that every output can hold: what is refused where text comes in, and what a spreadsheet must not take for a formula."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..errors import Problem, did_you_mean
from .scratch import replace_file

#: Control characters except tab and line end, lone surrogates, noncharacters: UTF-8, XML, HTML or a terminal has no place for
#: them. Direction overrides and zero-width characters are text; each output shows or drops them as it must.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: What a cell of Excel, WPS or LibreOffice holds. A longer text is no cell, a page that shows it is none either.
LONGEST = 32_767
TEXT_EXPECTED = f"printable text of at most {LONGEST:,} characters"
# Full-width signs too: Excel in Chinese takes them for the plain ones.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# A number with a sign, and with the Chinese words of its unit, which no spreadsheet can calculate with: -3.2%, -1.2亿元.
_SIGNED = re.compile(r"[-+＋－](?:[\d.]*(?:[eE][-+]?\d+)?%?|\d[\d,.]*[%％‰]?[\u4e00-\u9fff]*(?:/[\u4e00-\u9fff]+)?)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def read_text(path: Path) -> str:
    """Return a UTF-8 file with its line ends as they stand: the places of figures are counted in it."""
    with path.open(encoding="utf-8", newline="") as handle:
        return handle.read()


def number_in(text: str) -> float | None:
    """Return the finite number that a text is in digits, of full width too; None for `1_000`, `inf` and all that is no number."""
    plain = text.strip().translate(_FULL_WIDTH)
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return value if math.isfinite(value) else None


def no_file(path: Path, expected: str) -> Problem:
    """Return what is wrong with a path that is no file: a folder, or nothing at all, then with the closest name beside it."""
    if path.is_dir():
        return Problem(str(path), "a folder", expected, "Name the file in it.")
    beside = sorted(p.name for p in path.parent.glob("*") if p.is_file()) if path.parent.is_dir() else []
    return Problem(str(path), "no such file", expected, did_you_mean(path.name, beside))


def text_fault(text: str) -> str:
    """Return what keeps a text out of the outputs, e.g. `the control character '\\x00'`; nothing when nothing does."""
    if found := _UNPRINTABLE.search(text):
        return f"the control character {found[0]!a}"
    return f"a text of {len(text):,} characters" if len(text) > LONGEST else ""


def text_faults(content: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield (place, fault) for each text in nested mappings and lists that has one; a place is `parameters.area[0]`."""
    if isinstance(content, str):
        if found := text_fault(content):
            yield place, found
    elif isinstance(content, Mapping):
        for key, value in content.items():
            name = f"{place}.{key}".lstrip(".") if not text_fault(str(key)) else place
            yield from text_faults(str(key), place)
            yield from text_faults(value, name)
    elif isinstance(content, Sequence) and not isinstance(content, bytes | bytearray):
        for index, value in enumerate(content):
            yield from text_faults(value, f"{place}[{index}]")


def text_problems(content: Any, file: str) -> list[Problem]:
    """Return the texts of a file's content that no output can hold."""
    return [Problem(file, found, TEXT_EXPECTED, "Remove or shorten it.", column=place) for place, found in text_faults(content)]


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet that opens a CSV would take a cell for a formula: a number with a sign is none."""
    return text.startswith(_FORMULA) and not _SIGNED.fullmatch(text)


def formula_free(cell: object) -> object:
    """Return a cell of a table in which numbers stand as text: as `safe_cell`, but -2 stays a number."""
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def safe_cell(cell: object) -> object:
    """Return a cell that a spreadsheet never takes for a formula: text that begins like one gets a quote."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def write_for_excel(path: Path, rows: Iterable[Iterable[object]], safe: Callable[[object], object] = safe_cell) -> None:
    """Write rows as a CSV that Excel opens: a byte-order mark, by which it knows UTF-8, and no cell that is a formula.

    `safe` is `safe_cell`, or `formula_free` for rows in which numbers stand as text.
    """
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    replace_file(path, b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace"))


def write_rows(handle: IO[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV that ends its lines with LF; Python before 3.13 leaves a cell with a CR alone unquoted, which cuts it."""
    plain = csv.writer(handle, lineterminator="\n")
    quoted = csv.writer(handle, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoted if any(isinstance(cell, str) and "\r" in cell for cell in row) else plain).writerow(row)
