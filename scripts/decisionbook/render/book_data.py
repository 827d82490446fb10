"""What the pages quote: findings, reconciliation, declarations; one JSON file written before Sphinx starts."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from ..reconcile.verdicts import VERDICT_WORDS as VERDICT_WORDS

VERDICT_GLYPHS = {
    "reproduced": "●",
    "within_rounding": "◐",
    "consistent": "○",
    "contradicted": "✕",
    "input": "□",
    "unverifiable": "？",
}


class BookData:
    """The content of book.json, looked up by keys that pages note as their dependencies."""

    def __init__(self, path: Path) -> None:
        self.content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    @property
    def edition(self) -> dict[str, Any]:
        return self.content["edition"]

    @property
    def chapters(self) -> dict[str, dict[str, Any]]:
        return self.content["chapters"]

    def lookup(self, key: str) -> Any:
        """Return what a key stands for, None when there is nothing.

        Keys: `finding:chapter.name`, `figure:id`, `reconciliation:chapter`, `recommendations:chapter`, `chapter:name`, or
        the name of a part of book.json.
        """
        kind, _, rest = key.partition(":")
        if not rest:
            return self.content.get(kind)
        if kind == "finding":
            return self._finding(rest)
        if kind == "figure":
            return self.figures.get(rest)
        if kind == "reconciliation":
            return [row for row in self.content["reconciliation"] if row["chapter"] == rest]
        if kind == "recommendations":
            return [row for row in self.content["recommendations"] if row["chapter"] == rest]
        if kind == "chapter":
            return self.chapters.get(rest)
        return None

    def _finding(self, name: str) -> dict[str, Any] | None:
        finding = self.content["findings"].get(name)
        return finding and {**finding, "answers": [self.figures[i] for i in finding.get("answers", [])]}

    @cached_property
    def figures(self) -> dict[str, dict[str, Any]]:
        """The reconciliation rows by figure_id."""
        return {row["figure_id"]: row for row in self.content["reconciliation"]}


def book_data(app: Sphinx) -> BookData:
    """Return the book's data, read once for each Sphinx application."""
    loaded = getattr(app, "_decisionbook_data", None)
    if loaded is None:
        loaded = BookData(Path(app.config.decisionbook_data))
        app._decisionbook_data = loaded  # type: ignore[attr-defined]
    return loaded


def quote(env: BuildEnvironment, key: str) -> Any:
    """Return what a key stands for and note that the current page depends on it."""
    book = book_data(env.app)
    found = book.lookup(key)
    _quotes(env).setdefault(env.docname, {})[key] = _digest(found)
    return found


def _quotes(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    if not hasattr(env, "decisionbook_quotes"):
        env.decisionbook_quotes = {}  # type: ignore[attr-defined]
    return env.decisionbook_quotes  # type: ignore[attr-defined]


def _digest(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read_pages(env: BuildEnvironment) -> dict[str, str]:
    if not hasattr(env, "decisionbook_pages"):
        env.decisionbook_pages = {}  # type: ignore[attr-defined]
    return env.decisionbook_pages  # type: ignore[attr-defined]


def _page_digest(env: BuildEnvironment, docname: str) -> str:
    return hashlib.sha256(Path(env.doc2path(docname)).read_bytes()).hexdigest()


def note_page(app: Sphinx, doctree: Any) -> None:
    """Note the content that a page was read from."""
    _read_pages(app.env)[app.env.docname] = _page_digest(app.env, app.env.docname)


def outdated_pages(app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Return the pages that quote a changed finding or verdict or whose text changed: Sphinx sees only the times of files."""
    book = book_data(app)
    quoting = [
        docname
        for docname, quoted in _quotes(env).items()
        if docname in env.found_docs and any(_digest(book.lookup(key)) != digest for key, digest in quoted.items())
    ]
    # Sphinx compares times: after a clock that ran ahead was set right, a changed page would seem older than its reading.
    kept = {name: digest for name, digest in _read_pages(env).items() if name in env.found_docs}
    return sorted({*quoting, *(name for name, digest in kept.items() if _page_digest(env, name) != digest)})


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop what a page quoted, before it is read again or after it is gone."""
    _quotes(env).pop(docname, None)
    _read_pages(env).pop(docname, None)
