"""The draft with Word comments at its numbers, and nothing else in it changed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from .documents import Document
from .remarks import KINDS, Remark
from .word import parse_part, parts_of, tag

AUTHOR, INITIALS = "数字校对", "校"
# Only these parts say that there are comments; every other part keeps its bytes.
_TOUCHED = ("word/document.xml", "word/comments.xml", "word/_rels/document.xml.rels", "[Content_Types].xml")


def comment_text(remark: Remark) -> str:
    """Return what stands in the margin: kind, what was compared, difference, how sure."""
    lines = [f"【{KINDS[remark.kind]}】{remark.printed}：{remark.words}", f"相差：{remark.difference}。把握：{remark.sure:.0%}"]
    return "\n".join(lines)


def with_comments(document: Document, remarks: Sequence[Remark]) -> tuple[bytes, int]:
    """Return the .docx with a comment at each remark's number, and how many remarks have no place to hold one.

    A comment marks the whole run that holds the number: splitting the run would change the document.
    """
    import docx
    from docx.text.run import Run

    raw = document.path.read_bytes()
    root, _ = parse_part(parts_of(document.path, raw)["word/document.xml"])
    # The same run in two parsings of one part: by its path.
    places = {root.getroottree().getpath(run): index for index, run in enumerate(root.iter(tag("r")))}
    word = docx.Document(io.BytesIO(raw))
    runs = list(word.element.body.iter(tag("r")))
    missed = 0
    for remark in remarks:
        held = [run for start, end, run in document.pieces if start < remark.end and end > remark.start]
        paths = [run.getroottree().getpath(run) for run in held]
        elements = [_outside_boxes(runs[places[path]]) for path in paths if places.get(path, len(runs)) < len(runs)]
        if not elements:
            missed += 1
            continue
        first, last = Run(elements[0], word), Run(elements[-1], word)  # type: ignore[arg-type]
        comment = word.add_comment([first, last], text=comment_text(remark), author=AUTHOR, initials=INITIALS)
        # The clock has no place in a file that is to be the same twice.
        date = comment._comment_elm.attrib  # type: ignore[attr-defined]
        date.pop(tag("date"), None)
    out = io.BytesIO()
    word.save(out)
    return _only_comments(raw, out.getvalue()), missed


def _outside_boxes(run: Any) -> Any:
    """Return the run itself, or the run that holds its text box: Word takes no comments inside one."""
    boxes = list(run.iterancestors(tag("txbxContent")))
    return next(boxes[-1].iterancestors(tag("r"))) if boxes else run


def _only_comments(before: bytes, after: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(before)) as old,
        zipfile.ZipFile(io.BytesIO(after)) as new,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        fresh = set(new.namelist())
        for item in old.infolist():
            content = new.read(item.filename) if item.filename in _TOUCHED and item.filename in fresh else old.read(item.filename)
            made.writestr(zipfile.ZipInfo(item.filename, item.date_time), content, zipfile.ZIP_DEFLATED)
        for name in sorted(fresh - set(old.namelist())):
            if name in _TOUCHED:
                made.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), new.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
