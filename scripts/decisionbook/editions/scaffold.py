"""`decisionbook new`: a chapter that builds, tests and reconciles from the first minute, with real values of the project."""

from __future__ import annotations

import contextlib
import json
import keyword
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from ..data.declarations import chapter_names, parse_chapter
from ..data.package import Package
from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from ..runs.documents import nbformat
from ..runs.execute import update_committed
from . import steps
from .definition import Edition, find_edition, load_editions, parse_edition
from .publish import records_folder
from .scaffold_series import Series, choose_series, middle_period

_TEMPLATE = Path(__file__).with_name("chapter_template.md")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME, _LONGEST_TITLE = 40, 60
# Names that Windows keeps for devices: a file of that name cannot be opened there.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True)
class Request:
    """What the analyst asked for; None leaves the choice to the project's data."""

    chapter: str
    title: str | None = None
    title_en: str | None = None
    part: str | None = None
    sources: tuple[str, ...] = ()
    indicator: str | None = None
    area: str | None = None
    edition: str | None = None
    module: bool = False


@dataclass(frozen=True)
class Plan:
    """The files that a new chapter writes or changes, and the edition it joins."""

    chapter: str
    edition: Edition
    series: Series
    created: dict[Path, bytes]
    changed: dict[Path, bytes]


def plan_chapter(project: Project, request: Request) -> Plan:
    """Return what `decisionbook new` would write; nothing is written. Raises InputError with every fault it can see."""
    _check_name(project, request)
    edition = _open_edition(project, request.edition)
    package = edition.package(project)
    _check_sources(package, request.sources, edition)
    series = choose_series(package, request.indicator, request.area)
    title = _title("--title", request.title or f"{series.area}{series.indicator_zh}")
    area_en = next(row["name_en"] for row in package.rows("areas") if row["name_zh"] == series.area)
    title_en = _title("--title-en", request.title_en or f"{area_en}: {series.indicator_en}")
    toc = project.book / "_toc.yml"
    part, toc_text = _with_toc_entry(toc, project.shown(toc), request, edition)
    name = request.chapter
    declaration = {
        "title": title, "title_en": title_en, "part": part, "sources": list(request.sources), "data_until": series.end,
        "status": "current", "tables": ["observations"], "parameters": _parameters(series), "rules": ["start < end"],
    }  # fmt: skip
    notebook = _notebook(request, title, series)
    created = {
        project.notebooks / f"{name}.yml": yaml.safe_dump(declaration, allow_unicode=True, sort_keys=False, width=120).encode(),
        project.notebook(name): (nbformat.writes(notebook) + "\n").encode("utf-8"),
    }
    path, text = _with_edition_entry(project, edition, name)
    changed = {path: text, toc: toc_text}
    alternatives = project.root / "tests" / "alternatives.json"
    if alternatives.is_file():
        content = json.loads(alternatives.read_text(encoding="utf-8"))
        other = {"area": series.other_area} if series.other_area else {"start": middle_period(package, series)}
        content = dict(sorted({**content, name: other}.items()))
        changed[alternatives] = json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
    if request.module:
        created |= _module(project, name)
    return Plan(name, edition, series, created, changed)


def write_chapter(project: Project, plan: Plan) -> None:
    """Run the chapter in a copy, then write all its files; whatever fails, the project is as it was before."""
    with tempfile.TemporaryDirectory(prefix="decisionbook-new-") as folder:
        copy = Project(Path(folder))
        shutil.copytree(project.data, copy.data)
        shutil.copytree(project.editions, copy.editions)
        for path, content in {**plan.created, **plan.changed}.items():
            target = copy.root / path.relative_to(project.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        declared = copy.notebooks / f"{plan.chapter}.yml"
        parse_chapter(declared, plan.chapter, project.shown(declared))
        # Committed notebooks hold the outputs of the newest edition, which need not be the one that the chapter joins.
        newest = load_editions(copy)[-1]
        update_committed(newest.context(copy), plan.chapter)
        executed = copy.notebook(plan.chapter).read_bytes()
    files = {**plan.created, project.notebook(plan.chapter): executed, **plan.changed}
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    done: list[Path] = []
    try:
        for path, content in files.items():
            done.append(path)
            steps.replace(path, content)
    except BaseException:
        for path in done:
            with contextlib.suppress(OSError):
                path.with_name(f".{path.name}.new").unlink(missing_ok=True)
                old = before[path]
                path.unlink(missing_ok=True) if old is None else path.write_bytes(old)
        raise


def _check_name(project: Project, request: Request) -> None:
    name = request.chapter
    pages = {path.stem for path in project.book.glob("*.md")}
    reason = ""
    if not _NAME.fullmatch(name):
        reason = "it is a file, a web address and a Python name at once: small letters, digits and single underscores"
    elif keyword.iskeyword(name) or name in _DEVICES:
        reason = "the name is taken by Python or by Windows"
    elif len(name) > _LONGEST_NAME:
        reason = f"at most {_LONGEST_NAME} characters, so that it fits on a command line and in a file name"
    elif name in chapter_names(project) or project.notebook(name).exists():
        reason = "a chapter has this name"
    elif name in pages:
        reason = "a page of the book has this name"
    elif request.module and any(path.exists() for path in _module_paths(project, name)):
        reason = "a module or a test of this name exists"
    elif request.module and not (project.root / "scripts" / "decisionbook" / "analysis").is_dir():
        remedy = "Leave --module out, or work in a checkout of the project."
        raise InputError(Problem("--module", "a project without scripts/decisionbook/analysis", "the source code", remedy))
    if reason:
        raise InputError(Problem("CHAPTER", repr(name), "a new name such as rural_broadband", f"Choose another: {reason}."))


def _open_edition(project: Project, edition_id: str | None) -> Edition:
    """Return the edition that the chapter joins; a published one is closed."""
    edition = find_edition(project, edition_id)
    published = (records_folder(project) / f"{edition.id}.json").is_file() or (project.site / edition.id).is_dir()
    if published:
        remedy = (
            f"Begin a new one, then name it: decisionbook new-edition YYYY.MM --from {edition.id}; "
            "decisionbook new CHAPTER --edition YYYY.MM"
        )
        raise InputError(Problem("--edition", f"{edition.id}, which is published and stays as it is", "an open edition", remedy))
    return edition


def _check_sources(package: Package, sources: tuple[str, ...], edition: Edition) -> None:
    known = [row["source_id"] for row in package.rows("sources")]
    problems = [
        Problem("--source", repr(s), f"a source known by {edition.as_of}: {one_of(known)}", did_you_mean(s, known))
        for s in sources
        if s not in known
    ]
    if problems:
        raise InputError(problems)


def _title(option: str, text: str) -> str:
    # Markdown, YAML and Typst escape what they must; a line break or a role would still be more than a title.
    if not text.strip() or len(text) > _LONGEST_TITLE or not text.isprintable() or re.search(r"[`{}<>$\\*_\[\]#|]", text):
        expected = f"one line of at most {_LONGEST_TITLE} characters, without marks of Markdown"
        raise InputError(Problem(option, repr(text), expected))
    return text.strip()


def _parameters(series: Series) -> dict[str, dict[str, str]]:
    return {
        "area": {"type": "area", "default": series.area, "meaning": "要考察的地区", "meaning_en": "the area under study"},
        "start": {"type": "period", "default": series.start, "meaning": "首期", "meaning_en": "first period"},
        "end": {"type": "period", "default": series.end, "meaning": "末期", "meaning_en": "last period"},
    }


def _notebook(request: Request, title: str, series: Series) -> Any:
    """Return the chapter's notebook, not yet run, from the template: a MyST notebook with names in ${…}."""
    from myst_nb.core.read import read_myst_markdown_notebook

    unit_zh, unit_en = series.change_unit
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=title,
        chapter=request.chapter,
        chapter_text=_literal(request.chapter),
        slug=request.chapter.replace("_", "-"),
        area=_literal(series.area),
        start=_literal(series.start),
        end=_literal(series.end),
        indicator=_literal(series.indicator),
        vintage=_literal(series.vintage),
        indicator_zh=series.indicator_zh,
        indicator_text=_literal(series.indicator_zh),
        indicator_en=series.indicator_en,
        unit=series.unit,
        unit_text=_literal(series.unit),
        unit_en=series.unit_en,
        change_unit=unit_zh,
        change_unit_text=_literal(unit_zh),
        change_unit_en=unit_en,
        digits=series.digits,
        modules=f"flips, growth, {request.chapter}" if request.module else "flips, growth",
        pace=f"{request.chapter}.yearly_pace(a, b, months)" if request.module else "growth.monthly_pace(a, b, months) * 12",
    )
    notebook = read_myst_markdown_notebook(text)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{cell.cell_type[0]}{number:02}"
        cell["metadata"] = nbformat.from_dict({"tags": ["parameters"]} if "parameters" in cell.metadata.get("tags", []) else {})
    notebook["metadata"] = nbformat.from_dict({})
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _with_edition_entry(project: Project, edition: Edition, name: str) -> tuple[Path, bytes]:
    """Return the edition's file and its text with the chapter at the end of its list, comments kept."""
    path = next(p for p in sorted(project.editions.glob("*.yml")) if parse_edition(p, project.shown(p)).id == edition.id)
    text = path.read_text(encoding="utf-8")
    wanted = [*edition.chapters, name]
    text = _insert_after_last(text, rf"^(\s*)- {re.escape(edition.chapters[-1])}\s*(#.*)?$", f"- {name}")
    if yaml.safe_load(text)["chapters"] != wanted:
        remedy = "Write each chapter on a line of its own, as `  - NAME`; then start the command again."
        raise InputError(Problem(project.shown(path), "chapters in another form", "a list of chapters, one a line", remedy))
    return path, text.encode("utf-8")


def _with_toc_entry(path: Path, shown: str, request: Request, edition: Edition) -> tuple[str, bytes]:
    """Return the part of the book that the chapter joins and the table of contents with it, comments kept."""
    text = path.read_text(encoding="utf-8")
    parts = {part["caption"]: [c["file"] for c in part["chapters"]] for part in yaml.safe_load(text)["parts"]}
    with_chapters = [caption for caption, files in parts.items() if set(files) & set(edition.chapters)]
    part = request.part or with_chapters[-1]
    if part not in with_chapters:
        expected = f"a part with chapters: {one_of(with_chapters)}"
        remedy = did_you_mean(part, with_chapters) or f"Or add the part to {shown} with one of its chapters."
        raise InputError(Problem("--part", repr(part), expected, remedy))
    last = parts[part][-1]
    text = _insert_after_last(text, rf"^(\s*)- file: {re.escape(last)}\s*(#.*)?$", f"- file: {request.chapter}")
    after = {p["caption"]: [c["file"] for c in p["chapters"]] for p in yaml.safe_load(text)["parts"]}
    if after != {**parts, part: [*parts[part], request.chapter]}:
        remedy = "Write each chapter on a line of its own; then start the command again."
        raise InputError(Problem(shown, "parts in another form", "one `- file: NAME` a line", remedy))
    return part, text.encode("utf-8")


def _insert_after_last(text: str, pattern: str, line: str) -> str:
    """Return the text with a line, as far indented, after the last line that matches."""
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    if not matches:
        return text
    return f"{text[: matches[-1].end()]}\n{matches[-1][1]}{line}{text[matches[-1].end() :]}"


def _module_paths(project: Project, name: str) -> tuple[Path, Path]:
    analysis, tests = project.root / "scripts" / "decisionbook" / "analysis", project.root / "tests" / "analysis"
    return analysis / f"{name}.py", tests / f"test_{name}.py"


def _module(project: Project, name: str) -> dict[Path, bytes]:
    """Return a module of pure functions for the chapter and its test."""
    module, test = _module_paths(project, name)
    code = (
        f'"""Pure functions of the chapter {name}: numbers in, numbers out."""\n\n'
        "from __future__ import annotations\n\nfrom .growth import monthly_pace\n\n\n"
        "def yearly_pace(start: float, end: float, months: float) -> float:\n"
        '    """Return the average change a year, in the unit of the levels: 10 to 16 in 24 months gives 3."""\n'
        "    return monthly_pace(start, end, months) * 12\n"
    )
    check = (
        f'"""The arithmetic of the chapter {name}."""\n\nfrom __future__ import annotations\n\nimport pytest\n\n'
        f"from decisionbook.analysis.{name} import yearly_pace\n\n\n"
        "def test_the_pace_is_the_change_spread_over_the_years() -> None:\n"
        "    assert yearly_pace(10, 16, 24) == pytest.approx(3)\n\n\n"
        "def test_a_fall_is_a_negative_pace() -> None:\n"
        "    assert yearly_pace(16, 10, 24) == pytest.approx(-3)\n"
    )
    return {module: code.encode("utf-8"), test: check.encode("utf-8")}
