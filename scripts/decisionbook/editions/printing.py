"""Everything an edition has on paper: the book, each chapter on its own, and its one-page brief.

A PDF is kept under the hash of what it was made from, so that a rebuild compiles only what changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckFailed
from ..render.typst.compile import CompileReport, compile_pdf

#: Folders of the edition, by the folder of the Typst source that they are made from.
FOLDERS = {"chapters": "pdf", "briefs": "briefs"}
_PICTURE = re.compile(r'"(/pictures/[0-9a-f]+\.\w+)"')


@dataclass(frozen=True)
class Printed:
    """The book's report, the chapters and briefs that were compiled anew, and how many PDF files there are."""

    book: CompileReport
    compiled: tuple[str, ...]
    files: int


def print_edition(source: Path, target: Path, name: str, kept: Path) -> Printed:
    """Write `target/<name>`, `target/pdf/` and `target/briefs/` from the Typst source of a book.

    `kept` holds the PDF files of earlier builds. Raises TypstFailed when Typst refuses a page, CheckFailed when a
    brief is longer than its page.
    """
    design = _digest(sorted(source.glob("*.typ")))
    everything = sorted(path for path in source.rglob("*") if path.is_file())
    book = _compiled(source, source / "book.typ", kept, _key(design, _digest(everything), {}), {})
    work = []
    for folder in FOLDERS:
        for path in sorted((source / folder).glob("*.typ")):
            inputs = {"page": str(book.starts[path.stem])} if path.stem in book.starts else {}
            pictures = [source / found[1:] for found in sorted(set(_PICTURE.findall(path.read_text(encoding="utf-8"))))]
            work.append((path, _key(design, _digest([path, *pictures]), inputs), inputs))
    new = [path for path, key, _ in work if not (kept / f"{key}.pdf").is_file()]
    # Typst itself runs beside Python, and its own threads leave a small page's second core idle.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        reports = list(pool.map(lambda job: _compiled(source, job[0], kept, job[1], job[2]), work))
    for (path, _, _), report in zip(work, reports, strict=True):
        if path.parent.name == "briefs" and report.pages != 1:
            raise CheckFailed(
                f"the brief of {path.stem} takes {report.pages} pages; it must fit one. Shorten its key findings, or "
                f"declare a lower chart as brief_chart in notebooks/{path.stem}.yml"
            )
    made = {target / name: _key(design, _digest(everything), {})}
    made |= {target / FOLDERS[path.parent.name] / f"{path.stem}.pdf": key for path, key, _ in work}
    for path, key in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept / f"{key}.pdf", path)
    for path in kept.iterdir():
        if path.stem not in made.values():
            path.unlink()
    return Printed(book, tuple(f"{path.parent.name}/{path.stem}" for path in new), len(made))


def _compiled(source: Path, path: Path, kept: Path, key: str, inputs: Mapping[str, str]) -> CompileReport:
    """Return the report of a PDF that is kept already, or compile it; its report stands beside it."""
    pdf, noted = kept / f"{key}.pdf", kept / f"{key}.json"
    if pdf.is_file() and noted.is_file():
        content = json.loads(noted.read_text(encoding="utf-8"))
        return CompileReport(0.0, content["pages"], (), content["starts"])
    report = compile_pdf(path, pdf, root=source, inputs=inputs)
    noted.write_text(json.dumps({"pages": report.pages, "starts": dict(report.starts)}), encoding="utf-8")
    return report


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.parent.name}/{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _key(design: str, content: str, inputs: Mapping[str, str]) -> str:
    fonts = importlib.metadata.version("pylopdf-fonts-zh-cn")
    parts = [design, content, json.dumps(dict(inputs), sort_keys=True), importlib.metadata.version("typst"), fonts]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
