"""`decisionbook proof`: the numbers of a draft against each other and against what is known, before it is printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..data.package import Package
from ..data.scratch import replace_file
from ..errors import InputError, Problem, counted
from ..project import Project
from .checks import check_draft
from .documents import Document, read_file
from .draft import make_draft
from .known import known_figures
from .remarks import KINDS, SHOWN, Remark, by_kind
from .report import as_html, as_json


def proof_file(
    project: Project, path: Path, folder: Path, say: Callable[[str], None], *, sure: float | None = None
) -> list[Remark]:
    """Check a draft and write report.html, report.json and, for .docx, the draft with comments; return the remarks."""
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(str(folder), "a file", "a folder for the report", "Name another with -o DIR."))
    package = Package(project)
    document = read_file(path, say)
    draft = make_draft(package, document, "000", formulas=False)
    proof = check_draft(package, draft, known_figures(package, "", twin_of(package, document)))
    remarks = [r for r in proof.remarks if r.sure >= (SHOWN if sure is None else sure)]
    folder.mkdir(parents=True, exist_ok=True)
    commented = _commented(document, remarks, folder) if document.kind == "docx" else None
    replace_file(folder / "report.html", as_html(project, document, proof, remarks).encode("utf-8"))
    replace_file(folder / "report.json", as_json(document, proof, remarks).encode("utf-8"))
    for note in document.notes:
        say(f"note: {note}")
    say(f"{counted(proof.numbers, 'number')} read, {counted(proof.compared, 'relation')} compared, {proof.held} hold, "
        f"{counted(len(remarks), 'remark')}")  # fmt: skip
    for remark in sorted(remarks, key=lambda r: (-r.sure, r.start)):
        place = document.text.count("\n", 0, remark.start) + 1
        say(
            f"  {remark.sure:.0%} {KINDS[remark.kind]}, line {place}, "
            f"{' '.join(remark.printed.split())}: {' '.join(remark.words.split())}"
        )
    kinds = ", ".join(f"{n} {kind}" for kind, n in by_kind(remarks).items())
    say(f"report: {folder / 'report.html'}{f' ({kinds})' if kinds else ''}")
    if commented:
        say(f"draft with comments: {commented}")
    return remarks


def twin_of(package: Package, document: Document) -> str:
    """Return the registered source that the draft is, word for word: its own figures would only repeat it."""
    return next((str(r["source_id"]) for r in package.rows("sources") if r["sha256"] == document.sha256), "")


def _commented(document: Document, remarks: Sequence[Remark], folder: Path) -> Path | None:
    from .comments import with_comments

    target = folder / document.path.name
    if target.resolve() == document.path.resolve():
        target = folder / f"{document.path.stem}-comments.docx"
    try:
        content, missed = with_comments(document, remarks)
    except Exception as error:  # a document that only our own reader can open keeps its report
        document.notes.append(f"no comments could be set in the document ({type(error).__name__}); the report has them all")
        return None
    if missed:
        document.notes.append(f"{missed} remarks stand in notes or fields that hold no comment; the report has them")
    target.write_bytes(content)
    return target
