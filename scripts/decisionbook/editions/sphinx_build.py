"""Run Sphinx on an assembled source: HTML and Typst from the same doctrees, warnings are errors."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from ..data.package import Package
from ..errors import CheckFailed, counted
from ..project import Project
from .assemble import BOOK_DATA
from .definition import Edition
from .manifest import look_hash
from .sign_off import office_facts

EDITIONS_SCRIPT = "editions.js"


def build_pages(
    project: Project,
    edition: Edition,
    source: Path,
    work: Path,
    target: Path,
    *,
    pdf: bool,
    say: Callable[[str], None],
    lap: Callable[[str], None],
) -> None:
    """Write the HTML book and, unless told otherwise, its PDF, one PDF a chapter and the briefs into `target`.

    Raises CheckFailed with Sphinx's own messages when a page has a fault: a missing finding, a broken reference.
    """
    from ..render.html import finish_site
    from ..render.not_found import write_not_found
    from ..render.search import write_index

    _drop_pages_of_another_look(project, work)
    html = work / "html"
    say("  pages …")
    _sphinx("html", project, edition, source, html, work, pdf=pdf)
    lap("html")
    shutil.copytree(html, target, ignore=shutil.ignore_patterns(".buildinfo", ".doctrees"))
    for line in finish_site(target, edition=edition_config(edition), csp=True).too_heavy:
        say(f"  too heavy: {line}")
    index = write_index(target, Package(project).rows("glossary"))
    say(f"  search: {index.sections} sections, index {index.index_bytes / max(1, index.text_bytes):.2f} times the text")
    write_not_found(target, edition.title, {"id": edition.id, "label": edition.label})
    lap("offline")
    if pdf:
        from .printing import print_edition

        say("  PDF …")
        typst = work / "typst"
        _sphinx("typst", project, edition, source, typst, work, pdf=pdf)
        lap("typst")
        printed = print_edition(typst, target, f"decision-reference-{edition.id}.pdf", work / "pdf")
        say(f"  PDF: {printed.book.pages} pages, compiled in {printed.book.seconds:.1f} s; {printed.files - 1} smaller ones")
        lap("pdf")


def _drop_pages_of_another_look(project: Project, work: Path) -> None:
    """Start afresh when code, templates or tools changed: Sphinx rewrites only pages whose text changed."""
    stamp, look = work / "look", look_hash(project)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != look:
        for name in ("doctrees", "html", "typst"):
            shutil.rmtree(work / name, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        stamp.write_text(look, encoding="utf-8")


def edition_config(edition: Edition) -> dict[str, Any]:
    """Return what the page templates and the PDF template say about the edition."""
    office = office_facts(edition)
    citation = f"《{edition.title}》，{edition.label}，编制于{edition.compiled}，数据截至{edition.as_of}。"
    return {
        "id": edition.id,
        "title": edition.title,
        "label": edition.label,
        "draft": edition.draft,
        "as_of": edition.as_of,
        "compiled": edition.compiled,
        "reconstruction": edition.reconstruction,
        "citation": citation,
        "facts": [
            (words, office[key])
            for words, key in (("期号", "issue_number"), ("范围", "audience"), ("分发", "distribution"))
            if office[key]
        ],
        "imprint": [
            "本书对公开印行的决策简报逐数复算，是独立的复核，不是简报编印单位的出版物。",
            f"本版为{edition.label}：只用{edition.as_of}以前已公布的材料，编制日期{edition.compiled}。"
            if edition.reconstruction
            else f"数据截至{edition.as_of}，编制日期{edition.compiled}。",
            "文字与整理的数据以 CC BY 4.0 许可，程序以 MIT 许可；简报原文与官方统计的权利属于其发布机构。",
            "　".join(f"{s['role']} {s['name']}（{s['date']}）" for s in office["signatures"]) or "本版尚未签发，为送审稿。",
            f"引用：{citation}",
        ],
    }


def book_overrides(edition: Edition, source: Path, *, pdf: bool) -> dict[str, Any]:
    """Return the Sphinx configuration of a whole edition, assembled in `source`."""
    described = edition_config(edition)
    return {
        "decisionbook_data": str(source / BOOK_DATA),
        "decisionbook_edition": described,
        "html_context": {
            "book_title": "决策参考",
            "book_subtitle": "可复算版",
            "edition": {**described, "label": edition.mark or "正式版"},
            "disclaimer": "本书为独立复算，不是简报编印单位的出版物。",
            # Without a PDF there is no link to one.
            "pdf": f"decision-reference-{edition.id}.pdf" if pdf else "",
            "chapter_pdfs": pdf,
            "notebooks": True,
            # Beside the edition, not in it: editions published later are known to the pages of earlier ones.
            "editions_script": f"../{EDITIONS_SCRIPT}",
        },
    }


def _sphinx(builder: str, project: Project, edition: Edition, source: Path, output: Path, work: Path, *, pdf: bool) -> None:
    run_sphinx(builder, project, source, output, work, book_overrides(edition, source, pdf=pdf))


def run_sphinx(builder: str, project: Project, source: Path, output: Path, work: Path, overrides: Mapping[str, Any]) -> None:
    """Run one Sphinx builder on an assembled source, with the doctrees of `work`; `overrides` are configuration values.

    Raises CheckFailed with Sphinx's own messages: a warning is an error.
    """
    from jupyter_book.sphinx import build_sphinx

    log = io.StringIO()
    with redirect_stdout(log), redirect_stderr(log):
        outcome = build_sphinx(
            str(source),
            str(output),
            path_config=str(source / "_config.yml"),
            confoverrides={"nitpicky": True, "latex_individualpages": False, **overrides},
            doctreedir=str(work / "doctrees"),
            builder=builder,
            warningiserror=True,
            keep_going=True,
            noconfig=True,
        )
    (work / f"sphinx-{builder}.log").write_text(log.getvalue(), encoding="utf-8", errors="replace")
    for saved in re.findall(r"\S*sphinx-err-\w+\.log", log.getvalue()):
        # Sphinx keeps a traceback among the temporary files; what it says is in the log of the build.
        Path(saved).unlink(missing_ok=True)
    if outcome:
        raise CheckFailed(_explain(builder, log.getvalue(), source))


def _explain(builder: str, log: str, source: Path) -> str:
    """Return the warnings of a failed build with the paths of the project instead of those of the work folder."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    lines = [line for line in plain.splitlines() if re.search(r"WARNING|ERROR|Exception|Error:", line)]
    if not lines:
        lines = plain.strip().splitlines()[-15:]
    text = "\n".join(dict.fromkeys(lines)).replace(f"{source}/", "")
    return f"Sphinx ({builder}) found {counted(len(lines), 'fault')}; the last good build is untouched:\n{text}"
