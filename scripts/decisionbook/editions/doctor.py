"""`decisionbook doctor`: what is installed, what is missing, what that costs and what to do."""

from __future__ import annotations

import importlib.util
import json
import locale
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from ..errors import EXIT_CHECK_FAILED, EXIT_OK, InputError
from ..project import Project, find_project
from ..runs import confine, warm

# Below these a build, or a sweep beside it, does not get to its end.
_LEAST_DISK, _GOOD_DISK = 200_000_000, 1_000_000_000
_GOOD_MEMORY = 2_000_000_000
_EXTRAS = {"test": "the tests", "lab": "JupyterLab", "audit": "the check for known vulnerabilities"}
_PROGRAMS = (
    (("chromium", "chromium-browser", "google-chrome"), "Chromium", "the browser tests are skipped", "apt-get install chromium"),
    (("pdftotext",), "Poppler", "the tests of the PDF's text are skipped", "apt-get install poppler-utils"),
    (("node",), "Node.js", "the tests do not compare the page's arithmetic with Python's", "install Node.js"),
    (("git",), "Git", "changes of data and notebooks leave no history", "install git"),
    (("libreoffice", "soffice"), "LibreOffice", "Word and slides are not tried in an office program", "install LibreOffice"),
)


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `ok`, `note` (works with less) or `missing` (something needed is not there)."""

    state: str
    what: str
    found: str
    cost: str = ""
    remedy: str = ""


def examine(start: Path | None) -> list[Finding]:
    """Return everything worth knowing about this machine and the project at or above `start`."""
    try:
        project: Project | None = find_project(start)
    except InputError as error:
        project = None
        fault = error.problems[0]
    found = [*_python(), *_packages(project), *_fonts(), *_kernels(), *_programs(), *_system()]
    if project is None:
        found.append(Finding("missing", "Project", fault.found, "no command but --help works here", fault.remedy))
    else:
        found += [*_folders(project), *_sources(project)]
    return found


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 when something needed is missing, otherwise 0."""
    return EXIT_CHECK_FAILED if any(f.state == "missing" for f in findings) else EXIT_OK


def as_text(findings: Iterable[Finding]) -> str:
    """Return one line a finding, and below it what its lack costs and how to mend it."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:8}{finding.what}: {finding.found}")
        if finding.cost or finding.remedy:
            lines.append(f"{'':8}  {'; '.join(filter(None, (finding.cost, finding.remedy)))}")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> str:
    """Return the findings as a JSON list."""
    return json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=1)


def _python() -> list[Finding]:
    from packaging.specifiers import SpecifierSet

    # The metadata give the bounds in no order; ">=" sorts behind "<".
    needed = ",".join(sorted(map(str, SpecifierSet(metadata.metadata("decisionbook")["Requires-Python"] or "")), reverse=True))
    version = platform.python_version()
    if SpecifierSet(needed).contains(version):
        return [Finding("ok", "Python", f"{version} (needs {needed})")]
    remedy = f"Make the environment with a Python {needed}."
    return [Finding("missing", "Python", f"{version}, not {needed}", "packages of the lock do not install", remedy)]


def _packages(project: Project | None) -> list[Finding]:
    """Return which declared packages are missing or too old, and how the installed ones differ from the lock."""
    from packaging.requirements import Requirement

    installed = {_normal(d.name): d.version for d in metadata.distributions() if d.name}
    lacking: dict[str, list[str]] = {}
    for text in metadata.requires("decisionbook") or []:
        requirement = Requirement(text)
        extra = next((e for e in _EXTRAS if requirement.marker and not requirement.marker.evaluate({"extra": ""})
                      and requirement.marker.evaluate({"extra": e})), "")  # fmt: skip
        if requirement.marker and not extra and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = installed.get(_normal(requirement.name))
        if version is None:
            lacking.setdefault(extra, []).append(requirement.name)
        elif not requirement.specifier.contains(version, prereleases=True):
            lacking.setdefault(extra, []).append(f"{requirement.name} {version} (needs {requirement.specifier})")
    mend = "make setup, or: python -m pip install --require-hashes --no-deps -r requirements.lock"
    found = []
    if needed := lacking.get(""):
        found.append(Finding("missing", "Packages", f"not installed: {', '.join(needed)}", "the book is not built", mend))
    else:
        found.append(Finding("ok", "Packages", "all that the book needs"))
    for extra, words in _EXTRAS.items():
        if extra in lacking:
            names = ", ".join(lacking[extra])
            found.append(Finding("note", f"Packages for {words}", f"not installed: {names}", f"{words} cannot run", mend))
    lock = project.root / "requirements.lock" if project else None
    if lock is not None and lock.is_file():
        wanted = re.findall(r"(?m)^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ \\;]+)", lock.read_text(encoding="utf-8"))
        locked: dict[str, set[str]] = {}
        for name, version in wanted:
            locked.setdefault(_normal(name), set()).add(version)
        other = [f"{n} {installed[n]}" for n, versions in locked.items() if n in installed and installed[n] not in versions]
        if other:
            cost = "numbers agree as printed, but files may differ in bytes from those of other machines"
            shown = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
            found.append(Finding("note", "Lock", f"installed in other versions: {shown}", cost, mend))
        else:
            found.append(Finding("ok", "Lock", f"{sum(n in installed for n in locked)} packages as requirements.lock has them"))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _fonts() -> list[Finding]:
    spec = importlib.util.find_spec("pylopdf_fonts_zh_cn")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    files = [p for p in folder.rglob("*") if p.suffix in (".ttf", ".ttc", ".otf")] if folder else []
    if files:
        return [Finding("ok", "Fonts", f"{len(files)} packaged Chinese fonts; fonts of this machine are not used")]
    cost = "charts and PDF cannot be drawn"
    return [Finding("missing", "Fonts", "no packaged Chinese fonts", cost, "python -m pip install pylopdf-fonts-zh-cn")]


def _kernels() -> list[Finding]:
    from jupyter_core.paths import jupyter_path

    found = []
    if any((Path(folder) / "python3" / "kernel.json").is_file() for folder in jupyter_path("kernels")):
        found.append(Finding("ok", "Kernel", "python3 is registered"))
    else:
        remedy = "python -m ipykernel install --sys-prefix"
        found.append(Finding("missing", "Kernel", "no kernel named python3", "no notebook runs in JupyterLab or nbval", remedy))
    registered = {e.name for e in metadata.entry_points(group="jupyter_client.kernel_provisioners")}
    specification = warm.JUPYTER_FOLDER / "kernels" / warm.KERNEL / "kernel.json"
    if "decisionbook-fork" not in registered or not specification.is_file():
        remedy = "python -m pip install --no-deps --editable ."
        found.append(Finding("note", "Warm kernels", "the provisioner is not registered", "other clients start cold", remedy))
    elif warm.available():
        found.append(Finding("ok", "Warm kernels", "kernels are forked from a warm process"))
    else:
        why = f"{warm.COLD} is set" if os.environ.get(warm.COLD) else "this system cannot fork a process"
        remedy = f"unset {warm.COLD}" if os.environ.get(warm.COLD) else "On Windows, work in WSL."
        found.append(Finding("note", "Warm kernels", why, "each run takes one to two seconds longer", remedy))
    if confine.network_closes():
        found.append(Finding("ok", "Network of runs", "closed by the system: a notebook, its child processes, native code"))
    else:
        cost = "Python's own attempts are refused; a child process or native code of a notebook reaches the network"
        remedy = "Run chapters that you did not write where users may have network namespaces (Linux)."
        found.append(Finding("note", "Network of runs", "this system gives a user no network namespace", cost, remedy))
    return found


def _programs() -> list[Finding]:
    found = []
    for names, title, cost, remedy in _PROGRAMS:
        place = next(filter(None, map(shutil.which, names)), None)
        found.append(Finding("ok", title, place) if place else Finding("note", title, "not found", cost, remedy))
    return found


def _system() -> list[Finding]:
    found = []
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") == "utf8" or sys.flags.utf8_mode:
        found.append(Finding("ok", "Encoding", f"UTF-8 ({platform.system()})"))
    else:
        cost = "the book is not affected: its files name UTF-8; the terminal may not show Chinese"
        found.append(Finding("note", "Encoding", encoding, cost, "Set the variable PYTHONUTF8=1."))
    memory = _memory()
    cores = os.cpu_count() or 1
    if memory is None:
        found.append(Finding("note", "Memory", f"unknown on this system; {cores} processors"))
    elif memory >= _GOOD_MEMORY:
        found.append(Finding("ok", "Memory", f"{memory / 1e9:.1f} GB, {cores} processors"))
    else:
        cost = "a build may be slow"
        found.append(Finding("note", "Memory", f"{memory / 1e9:.1f} GB", cost, "Run sweeps with --workers 1."))
    return found


def _memory() -> int | None:
    """Return the memory of this machine in bytes, None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _folders(project: Project) -> list[Finding]:
    found = [Finding("ok", "Project", str(project.root))]
    for folder, cost in ((project.build, "nothing can be built"), (project.notebooks, "no chapter can be changed or added")):
        nearest = folder if folder.is_dir() else folder.parent
        if _writable(nearest):
            found.append(Finding("ok", "Write access", project.shown(folder)))
        else:
            remedy = "Have the folder made writable, or copy the project to one that is."
            state = "missing" if folder == project.build else "note"
            found.append(Finding(state, "Write access", f"none to {project.shown(folder)}", cost, remedy))
    free = shutil.disk_usage(project.root).free
    if free >= _GOOD_DISK:
        found.append(Finding("ok", "Disk", f"{free / 1e9:.1f} GB free"))
    else:
        state, cost = ("missing", "a build does not fit") if free < _LEAST_DISK else ("note", "sweeps and editions may not fit")
        found.append(Finding(state, "Disk", f"{free / 1e6:.0f} MB free", cost, "Make room; decisionbook clean --all helps."))
    return found


def _writable(folder: Path) -> bool:
    # Permissions do not tell all: a disk may be mounted read-only, and Windows has rights of its own.
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _sources(project: Project) -> list[Finding]:
    named = os.environ.get("DECISIONBOOK_SOURCES")
    folder = Path(named) if named else project.root.parent / "shared" / "sources"
    count = len(list(folder.glob("*.txt"))) if folder.is_dir() else 0
    if count:
        return [Finding("ok", "Source texts", f"{count} in {folder}")]
    remedy = "Set DECISIONBOOK_SOURCES, or: decisionbook check --sources DIR"
    return [Finding("note", "Source texts", f"none in {folder}", "places of the printed figures are not verified", remedy)]
