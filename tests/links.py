"""Relative links of our Markdown: their files and anchors exist. Run it on the whole project: `python -m tests.links`."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors.index import slugify

ROOT = Path(__file__).resolve().parents[1]
# An address with a scheme is not ours to look up: the check works without a network.
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_LABEL = re.compile(r"^\(([^)\s]+)\)=\s*$", re.MULTILINE)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_PARSER = MarkdownIt("commonmark").enable("table")


def pages(root: Path) -> list[Path]:
    """Return every Markdown file and notebook that a person reads."""
    found = [
        *root.glob("*.md"),
        *(root / "docs").rglob("*.md"),
        *(root / "book").rglob("*.md"),
        *(root / "notebooks").glob("*.ipynb"),
    ]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


@cache
def text_of(path: Path) -> str:
    """Return the Markdown of a page; of a notebook that of its text cells."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return _FRONT.sub("", path.read_text(encoding="utf-8"))


def links(text: str) -> Iterator[str]:
    """Return the targets of all links and pictures in a Markdown text."""
    for token in _PARSER.parse(text):
        for child in token.children or []:
            if child.type in ("link_open", "image"):
                yield str(child.attrs["href" if child.type == "link_open" else "src"])


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return what a link into a page may name: the slugs of its headings, counted as GitHub does, and its labels."""
    text = text_of(path)
    tokens = _PARSER.parse(text)
    found: list[str] = []
    for head, inline in itertools.pairwise(tokens):
        if head.type == "heading_open":
            slug = slugify("".join(c.content for c in inline.children or [] if c.type in ("text", "code_inline")))
            count = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in found)
            found.append(f"{slug}-{count}" if count else slug)
    return frozenset([*found, *_LABEL.findall(text)])


def broken_links(root: Path) -> list[str]:
    """Return one line for each relative link whose file or anchor is not there."""
    faults = []
    known = pages(root)
    labels = {label for page in known for label in _LABEL.findall(text_of(page))}
    for page in known:
        for target in links(text_of(page)):
            name, _, anchor = unquote(target).partition("#")
            if _ELSEWHERE.match(target) or (not name and anchor in labels):
                continue
            file = (page.parent / name).resolve() if name else page
            # Pages and chapters lie beside each other once the book is built.
            if not file.exists() and page.parent.name in ("book", "notebooks"):
                file = next((p for p in (root / f / name for f in ("book", "notebooks")) if p.exists()), file)
            shown = page.relative_to(root).as_posix()
            if not file.exists():
                faults.append(f"{shown}: the link {target} leads to no file; mend its path")
            elif anchor and file.suffix in (".md", ".ipynb") and anchor not in anchors(file):
                faults.append(f"{shown}: {file.name} has no heading or label {anchor!r}; link to one of its headings")
    return faults


if __name__ == "__main__":
    problems = broken_links(ROOT)
    print("\n".join(problems) or f"{len(pages(ROOT))} pages: every relative link leads somewhere")
    sys.exit(1 if problems else 0)
