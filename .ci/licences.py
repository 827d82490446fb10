"""Write docs/reference/licences.md: what requirements.lock installs, under which licences, and what is no longer released.

`make licences` runs it; a test compares the file with what it would write. Needs no network.
"""

from __future__ import annotations

import importlib.metadata as metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "reference" / "licences.md"
#: Licences that ask for no more than to be named; by their SPDX name.
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "OFL-1.1", "PSF-2.0",
    "Zlib",
})  # fmt: skip
#: How packages write a licence that has an SPDX name; "BSD" without a number is one of the two.
SPELLINGS = {
    "Apache 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause", "BSD License": "BSD-3-Clause", "ISC License (ISCL)": "ISC", "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}  # fmt: skip
#: Packages under another licence, or under none that their metadata names, and why they may be used.
REASONS = {
    "axe-playwright-python": "names no licence in its metadata; its repository is under MIT; tests only",
    "certifi": "MPL-2.0 asks for the source of changed files; it is used unchanged, as a list of certificates",
    "codespell": "GPL-2.0; a tool that checks spelling, run by hand and in CI, never part of the book or the package",
    "docutils": "offered as public domain and BSD; the GPL covers an Emacs mode that is not installed",
    "fqdn": "MPL-2.0, unchanged; only with JupyterLab (extra lab)",
    "hypothesis": "MPL-2.0, unchanged; tests only",
    "pathspec": "MPL-2.0, unchanged; mypy uses it (tests only)",
    "pikepdf": "MPL-2.0, unchanged; tests only",
    "pypdfium2": "BSD-3-Clause and Apache-2.0; the libraries inside PDFium are permissive too",
    "shtab": "MPL-2.0, unchanged; writes the completion scripts of the command line",
    "text-unidecode": "offered under the Artistic License too, which is chosen; Frictionless uses it unchanged",
    "tqdm": "MPL-2.0 and MIT, unchanged; papermill's progress bar",
}
#: Tools that build wheels and the version of spring or summer 2024 that began a new series: a wheel made by an older one has
#: had no release since. It says when the newest release that the lock takes was made; the installed metadata hold no date.
BUILT_BY = {"bdist_wheel": (0, 44), "setuptools": (71,), "flit": (3, 10), "poetry-core": (1, 9, 1), "hatchling": (1, 25)}
_PINNED = "kept back on purpose: Jupyter Book 1.x fixes it, and Jupyter Book 2 cannot build offline"
_DONE = "does one small, finished thing; nothing is left to release"
_SPHINX = "part of Sphinx, pure Python; a stable format"
#: What looks unreleased for long, or is in maintenance only, and why it stays.
STALE = {
    "accessible-pygments": "colours of code for pydata-sphinx-theme; " + _DONE,
    "alabaster": _PINNED,
    "defusedxml": _DONE + "; JupyterLab and nbconvert use it against hostile XML",
    "docutils": _PINNED,
    "isoduration": _DONE + " (durations for JSON schemas in JupyterLab)",
    "jedi": "completion in IPython, kept by its maintainers; built with an old tool",
    "jupyter-book": "1.x is in maintenance; 2.x fetches its theme at build time and cannot build offline (docs/explanation)",
    "jupyterlab-pygments": _DONE + " (a style sheet)",
    "locket": _DONE + " (file locks for Dask)",
    "markdown-it-py": _PINNED,
    "mdurl": _DONE + " (addresses in Markdown)",
    "myst-parser": _PINNED,
    "nbval": "runs the committed notebooks in CI; replaced by papermill and a comparison of ours if it breaks; tests only",
    "notebook-shim": _DONE + " (JupyterLab)",
    "openpyxl": "3.1 is stable and reads what Excel and WPS write; its releases are rare",
    "overrides": _DONE + " (a decorator in jupyter-events)",
    "pandocfilters": _DONE + " (nbconvert)",
    "parso": "parser of jedi, kept by its maintainers; built with an old tool",
    "partd": _DONE + " (Dask)",
    "pexpect": _DONE + " (IPython)",
    "pip-requirements-parser": "pip-audit reads the lock with it; audit only",
    "ptyprocess": _DONE + " (terminals of JupyterLab)",
    "pybtex-docutils": "comes with Jupyter Book 1.x (bibliographies), which the book does not use",
    "pylopdf-fonts-zh-cn": "carries two font files under the OFL; fonts do not age, and no other package has them",
    "python-pptx": "last release August 2024; the only library for the format; slides are an extra output, the book needs none",
    "rfc3339-validator": _DONE + " (JSON schemas)",
    "rfc3986": _DONE + " (addresses; Frictionless)",
    "rfc3986-validator": _DONE + " (JSON schemas)",
    "shellingham": _DONE + " (names the shell, for typer)",
    "sortedcontainers": _DONE + " (Dask, hypothesis)",
    "sphinx": _PINNED,
    "sphinx-comments": "comes with Jupyter Book 1.x, not switched on",
    "sphinx-copybutton": "comes with Jupyter Book 1.x, not switched on",
    "sphinx-jupyterbook-latex": "comes with Jupyter Book 1.x; the book makes its PDF with Typst",
    "sphinx-multitoc-numbering": "comes with Jupyter Book 1.x, not switched on",
    "sphinx-thebe": "comes with Jupyter Book 1.x, switched off: it would load a remote script",
    "sphinxcontrib-applehelp": _SPHINX,
    "sphinxcontrib-devhelp": _SPHINX,
    "sphinxcontrib-htmlhelp": _SPHINX,
    "sphinxcontrib-qthelp": _SPHINX,
    "sphinxcontrib-serializinghtml": _SPHINX,
    "stack-data": _DONE + " (tracebacks in IPython)",
    "terminado": _DONE + " (terminals of JupyterLab)",
    "text-unidecode": _DONE + " (transliteration tables; Frictionless)",
    "uri-template": _DONE + " (JSON schemas)",
    "zict": _DONE + " (Dask)",
}
HEAD = """\
# Licences

Made by `make licences` from the installed packages' own metadata; do not edit. What `requirements.lock` installs on this kind
of machine, {count} packages of {locked} in the lock; the others ({others}) are for other systems.

`runtime`: needed to build the book or to run the package. `development`: tests, JupyterLab, audit. A licence is allowed when it
asks for no more than to be named ({allowed}); any other, copyleft among
them, has its reason in the table. A test fails for a licence that is not allowed and has no reason.

| package | version | for | licence | reason |
| --- | --- | --- | --- | --- |
"""
AGE = """
## No release for long

Installed packages carry no date of release. What they carry is the tool that built them: a wheel made by a version from before
the middle of 2024 shows that the release in the lock is older than about two years, or that it was built with an old tool. These
{count} packages are such, or are known to be in maintenance only; a test fails for one without a reason.

| package | version | built by | why it stays |
| --- | --- | --- | --- |
"""


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    """Return the packages of the lock."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {normal(name) for name in re.findall(r"(?m)^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==", text)}


def runtime() -> set[str]:
    """Return what the package's own dependencies need in turn, on this machine."""
    from packaging.requirements import Requirement

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    found: set[tuple[str, str]] = set()
    waiting = [(normal(r.name), extra) for r in map(Requirement, wanted) for extra in ("", *r.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(normal(need.name), e) for e in ("", *need.extras)]
    return {name for name, _ in found}


def installed() -> list[dict[str, str]]:
    """Return name, version and licence of the lock's packages that are installed, by name."""
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--with-system"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    known = locked()
    rows = [{"name": normal(r["Name"]), "version": r["Version"], "licence": r["License"]} for r in listed]
    return sorted((r for r in rows if r["name"] in known), key=lambda r: r["name"])


def names_of(licence: str) -> set[str]:
    """Return the SPDX names in a licence as a package writes it; a choice counts as all of its sides."""
    parts = re.split(r";| AND | OR |, ", licence) if licence not in SPELLINGS else [licence]
    return {SPELLINGS.get(part.strip(), part.strip()) for part in parts}


def builder(name: str) -> str:
    """Return the tool that built an installed package's wheel, as its metadata name it."""
    found = re.search(r"(?m)^Generator: (.*)$", metadata.distribution(name).read_text("WHEEL") or "")
    return found[1].strip() if found else ""


def is_old(built: str) -> bool:
    """Return whether a wheel was built by a tool from before the middle of 2024."""
    tool = built.split(" ")[0]
    version = tuple(int(n) for n in re.findall(r"\d+", built)[:3])
    return tool in BUILT_BY and version < BUILT_BY[tool]


def report() -> str:
    """Return the page."""
    rows, needed, every = installed(), runtime(), locked()
    names = {r["name"] for r in rows}
    text = HEAD.format(
        count=len(rows), locked=len(every), others=", ".join(sorted(every - names)), allowed=", ".join(sorted(ALLOWED))
    )
    for row in rows:
        spdx = " and ".join(sorted(names_of(row["licence"])))
        use = "runtime" if row["name"] in needed else "development"
        text += f"| {row['name']} | {row['version']} | {use} | {spdx} | {REASONS.get(row['name'], '')} |\n"
    stale = [r for r in rows if r["name"] in STALE]
    text += AGE.format(count=len(stale))
    for row in stale:
        text += f"| {row['name']} | {row['version']} | {builder(row['name'])} | {STALE[row['name']]} |\n"
    return text


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(report(), encoding="utf-8", newline="\n")
    print(f"wrote {TARGET.relative_to(ROOT)}")
