"""The whole built site made fit for a folder: pages rewritten, what nobody uses removed, what remains measured."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..errors import DecisionBookError
from .html_rewrite import CHART_DATA, MOVED, rewrite_page
from .html_weight import too_heavy

# What Sphinx, its themes and its extensions copy into every site. Removed where no page, sheet or script names it;
# files that are not listed here are the book's own and always stay.
THIRD_PARTY = (
    "_static/scripts/*", "_static/styles/*", "_static/vendor/*", "_static/locales/*", "_static/images/logo_*",
    "_static/*webpack-macros.html", "_static/.gitignore", "_static/*/.gitignore", "_static/*.map",
    "_static/basic.css", "_static/pygments.css", "_static/graphviz.css", "_static/doctools.js", "_static/jquery*.js",
    "_static/documentation_options.js", "_static/language_data.js", "_static/searchtools.js", "_static/translations.js",
    "_static/sphinx_highlight.js", "_static/underscore*.js", "_static/_sphinx_javascript_frameworks_compat.js",
    "_static/*-stemmer.js", "_static/file.png", "_static/minus.png", "_static/plus.png", "_static/mystnb*.css",
    "_static/sphinx-design*.css", "_static/design-style*.css", "_static/design-tabs.js", "_sphinx_design_static/*",
    "_static/sphinx-thebe*", "_static/togglebutton*", "_static/copybutton*", "_static/clipboard.min.js",
    "_static/copy-button.svg", "_static/check-solid.svg", "searchindex.js", "_sources/*",
)  # fmt: skip
BUNDLES = ("_static/*vega*.js",)

_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")


class OfflineError(DecisionBookError, ValueError):
    """A page would load something from the network; the message names page, element and remedy."""


@dataclass(frozen=True)
class FinishReport:
    """What finish_site did and what the site weighs, in bytes.

    `shared_bytes` counts what pages load from `_static` besides the chart bundle and the chart data of single pages;
    `too_heavy` names what is above the budgets; `unused` are files of the book's own that no page names (data that
    scripts load by a made-up name).
    """

    pages: int
    rewritten: int
    removed_files: int
    shared_bytes: int
    bundle_bytes: int
    largest_page: tuple[str, int]
    too_heavy: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """Return one line for the build log."""
        name, size = self.largest_page
        return (
            f"{self.pages} pages ({self.rewritten} rewritten), shared assets {self.shared_bytes / 1000:.0f} KB, "
            f"chart bundle {self.bundle_bytes / 1000:.0f} KB, largest page {name} {size / 1000:.0f} KB"
        )


def finish_site(
    html_dir: Path, *, edition: Mapping[str, Any], csp: bool = True, keep: Sequence[str] = (), language: str = "zh-CN"
) -> FinishReport:
    """Make the site that Sphinx built in `html_dir` open from a folder without internet, in place.

    Inline styles move to `_static/moved/`, named by content; remote scripts and sheets go; each page gets a content security
    policy (`csp`), a referrer policy, its language, and the id of the edition (`edition["id"]`). Third-party files that
    nothing names are removed, unless a pattern of `keep` matches their path. The result depends on the input alone, and a
    second run changes nothing. Raises OfflineError when a page loads an image or frame from the network or holds code of
    its own, with every such place.
    """
    pages = sorted(html_dir.rglob("*.html"), key=lambda path: path.relative_to(html_dir).as_posix())
    counts: Counter[str] = Counter()
    problems: list[str] = []
    used: set[str] = set()
    sizes: dict[str, int] = {}
    rewritten = 0
    for path in pages:
        name = path.relative_to(html_dir).as_posix()
        if any(fnmatch(name, pattern) for pattern in THIRD_PARTY):
            continue
        source = path.read_bytes().decode("utf-8")
        page = rewrite_page(
            source, root="../" * name.count("/"), edition_id=str(edition.get("id", "")), language=language, csp=csp
        )
        for file, content in page.files.items():
            _write(html_dir / file, content)
        rewritten += _write(path, page.html)
        counts += page.counts
        problems += [f"{name}: {problem}" for problem in page.problems]
        used |= {resolved for address in page.references if (resolved := _resolve(name, address))}
        sizes[name] = len(page.html.encode("utf-8"))
    used, sheet_problems = _follow(html_dir, used)
    problems += sheet_problems
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise OfflineError(f"the book must not need the network, nor run code of its pages:\n{listed}")
    removed = _remove_unused(html_dir, used, keep)
    return _report(html_dir, used, sizes, counts, rewritten, removed)


def _write(path: Path, text: str) -> bool:
    """Write a file unless it already holds the text; return whether it was written."""
    content = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def _resolve(page: str, address: str) -> str:
    """Return the path below the site's root of an address on a page; "" when it leads out of the site."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(address)))
    return "" if path.startswith(("..", "/")) else path


def _follow(html_dir: Path, used: Iterable[str]) -> tuple[set[str], list[str]]:
    """Return all files that the used ones lead to: through url() in sheets, by file name in scripts."""
    found: set[str] = set()
    problems: list[str] = []
    queue = sorted(used)
    named = {path.name: path.relative_to(html_dir).as_posix() for path in _third_party(html_dir)}
    while queue:
        name = queue.pop()
        path = html_dir / name
        if name in found or not path.is_file():
            continue
        found.add(name)
        if path.suffix == ".css":
            for match in _CSS_URL.finditer(path.read_text(encoding="utf-8")):
                address = match[1] or match[2]
                if re.match(r"(?:https?:)?//", address):
                    problems.append(f"{name}: {address} is on the network; store it in the book")
                elif not address.startswith(("data:", "#")):
                    queue.append(_resolve(name, re.split(r"[?#]", address)[0]))
        elif path.suffix == ".js" and not any(fnmatch(name, pattern) for pattern in BUNDLES):
            text = path.read_text(encoding="utf-8")
            # A source map is for its makers: naming one does not make it needed.
            queue += [target for file, target in sorted(named.items()) if file in text and not file.endswith(".map")]
    return found, problems


def _third_party(html_dir: Path) -> list[Path]:
    return [
        path
        for path in sorted(html_dir.rglob("*"))
        if path.is_file() and any(fnmatch(path.relative_to(html_dir).as_posix(), pattern) for pattern in THIRD_PARTY)
    ]


def _remove_unused(html_dir: Path, used: set[str], keep: Sequence[str]) -> int:
    removed = 0
    for path in _third_party(html_dir):
        name = path.relative_to(html_dir).as_posix()
        if name not in used and not any(fnmatch(name, pattern) for pattern in keep):
            path.unlink()
            removed += 1
            for parent in path.relative_to(html_dir).parents:
                folder = html_dir / parent
                if folder != html_dir and not any(folder.iterdir()):
                    folder.rmdir()
    # What an earlier run moved out of pages that have changed since.
    for path in sorted(path for folder in (MOVED, CHART_DATA) for path in (html_dir / folder).glob("*")):
        if path.relative_to(html_dir).as_posix() not in used:
            path.unlink()
            removed += 1
    return removed


def _report(
    html_dir: Path, used: set[str], sizes: Mapping[str, int], counts: Counter[str], rewritten: int, removed: int
) -> FinishReport:
    files = [path for path in html_dir.glob("_static/**/*") if path.is_file()]
    static = {path.relative_to(html_dir).as_posix(): path.stat().st_size for path in files}
    bundles = {name for name in static if any(fnmatch(name, pattern) for pattern in BUNDLES)}
    shared = {name: static[name] for name in static if name in used - bundles and not name.startswith(f"{CHART_DATA}/")}
    return FinishReport(
        pages=len(sizes),
        rewritten=rewritten,
        removed_files=removed,
        shared_bytes=sum(shared.values()),
        bundle_bytes=sum(static[name] for name in bundles),
        largest_page=max(sizes.items(), key=lambda item: (item[1], item[0]), default=("", 0)),
        too_heavy=too_heavy(html_dir, sizes, shared),
        unused=tuple(sorted(set(static) - used - bundles)),
        counts=dict(sorted(counts.items())),
    )
