"""Run Sphinx on an assembled source: HTML and Typst from the same doctrees, warnings are errors."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..data.package import Package
from ..errors import CheckFailed, counted, one_of
from ..project import Project
from .assemble import BOOK_DATA
from .definition import Edition
from .manifest import look_hash
from .recovery import drop_pages
from .sign_off import office_facts

EDITIONS_SCRIPT = "editions.js"
_PAGE_ENDINGS = (".md", ".ipynb")


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

    drop_pages_of_another(work, look_hash(project), edition, pages_of(source))
    html = work / "html"
    say("  pages …")
    _sphinx("html", project, edition, source, html, work, pdf=pdf)
    lap("html")
    shutil.copytree(html, target, ignore=shutil.ignore_patterns(".buildinfo", ".doctrees"))
    _drop_unnamed(target)
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


def pages_of(source: Path) -> list[str]:
    """Return the pages of an assembled source, without their endings, in the order of their names."""
    return sorted(p.relative_to(source).with_suffix("").as_posix() for p in source.rglob("*") if p.suffix in _PAGE_ENDINGS)


def drop_pages_of_another(work: Path, look: str, edition: Edition, pages: Iterable[str]) -> None:
    """Start afresh when the look (`look_hash`), the pages or the readers of the edition are others than in the last build.

    Sphinx rewrites only pages whose text changed, and leaves those whose source is gone: a chapter taken out, or what
    only an internal edition may show, would stay in every build after it.
    """
    shaping = json.dumps([look, edition.audience, list(edition.chapters), list(pages)])
    stamp, now = work / "look", hashlib.sha256(shaping.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8", errors="replace") != now:
        stamp.unlink(missing_ok=True)
        drop_pages(work)
        work.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now, encoding="utf-8")


def _drop_unnamed(site: Path) -> None:
    """Remove pictures and downloads that no page names any more: Sphinx keeps those of an earlier text."""
    held = [path for name in ("_images", "_downloads") for path in sorted((site / name).rglob("*")) if path.is_file()]
    text = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html")) if held else ""
    for path in held:
        if quote(path.name) not in text and path.name not in text:
            path.unlink()


def refuse_strays(site: Path, pages: Collection[str]) -> None:
    """Raise CheckFailed for a page, on screen or on paper, that is none of `pages`: it may show what this edition may not."""
    from ..render.not_found import FILE

    shown = [path.relative_to(site) for path in site.rglob("*.html")]
    paper = [path.relative_to(site) for name in ("pdf", "briefs") for path in (site / name).rglob("*.pdf")]
    known = {FILE, *(f"{page}.html" for page in pages), *(f"{name}/{page}.pdf" for page in pages for name in ("pdf", "briefs"))}
    if strays := sorted({path.as_posix() for path in (*shown, *paper) if not path.parts[0].startswith("_")} - known):
        raise CheckFailed(
            f"the build would hold {counted(len(strays), 'page')} that the edition does not have: {one_of(strays)}; the last "
            "good build is untouched. Build again: every page is then written anew."
        )


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

    Raises CheckFailed with Sphinx's own messages: a warning is an error; KeyboardInterrupt when it was interrupted.
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
    if isinstance(outcome, KeyboardInterrupt):
        # Sphinx takes it for one more error of a page, and tells those that it had collected.
        raise KeyboardInterrupt
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
