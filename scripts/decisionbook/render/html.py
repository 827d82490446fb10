"""The web book: what Sphinx needs to write our pages, and what happens to them afterwards.

`setup` is called by the Sphinx extension of the book; `finish_site` by the build, once Sphinx is done.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from . import html_math, html_page, html_tables
from .html_site import FinishReport, OfflineError, finish_site

__all__ = ["FinishReport", "OfflineError", "finish_site", "setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register MathML, tables that scroll inside themselves, and the variables that layout.html uses."""
    html_math.setup(app)
    html_tables.setup(app)
    app.connect("builder-inited", _without_stock_search)
    app.connect("html-page-context", html_page.add_page_context)
    app.connect("env-get-updated", _pages_with_old_navigation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _without_stock_search(app: Sphinx) -> None:
    # Sphinx's index splits Chinese at word borders it guesses; the book has its own, so neither index nor page is made.
    app.builder.search = False  # type: ignore[attr-defined]


def _pages_with_old_navigation(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return all pages when a title or the order of the chapters changed: each shows them in its navigation.

    Sphinx rewrites only the page whose source changed, and the others would keep the old title.
    """
    if app.builder.format != "html":
        return []
    digests: dict[str, str] = getattr(env, "decisionbook_navigation", {})
    current = html_page.navigation_digest(env)
    if digests.get(app.builder.name) == current:
        return []
    env.decisionbook_navigation = {**digests, app.builder.name: current}  # type: ignore[attr-defined]
    return sorted(env.found_docs)
