"""What layout.html needs to know about a page: the parts of the book, its place among them, its scripts."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .html_body import finished_body

# Scripts beside page.js, in this order, each with what a page must contain to need it ("" for every page).
# A script that does not exist (yet) is not linked, so that the book builds without search or charts.
_ALL_FIGURES = 'id="db-reconciliation"'
SCRIPTS = {
    "search.js": "",
    "editions.js": "",
    "evidence.js": 'class="evidence',
    "charts.js": 'class="chart ',
    "whatif.js": 'class="whatif"',
    "chart-tools.js": 'class="chart-tools"',
    "reconciliation-data.js": _ALL_FIGURES,
    "engine.js": _ALL_FIGURES,
    "reconciliation.js": _ALL_FIGURES,
}
# Likewise the sheets beside the four that every page has.
SHEETS = {
    "search.css": "",
    "editions.css": "",
    "evidence.css": 'class="evidence',
    "charts.css": 'class="chart ',
    "reconciliation.css": _ALL_FIGURES,
}


def add_page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add what layout.html names at its head to the variables of a page (at html-page-context)."""
    body = context["body"] = finished_body(context.get("body", ""))
    # docutils writes a viewport of its own beside the layout's.
    context["metatags"] = re.sub(r'<meta[^>]*name="viewport"[^>]*>\n?', "", context.get("metatags", "")).rstrip()
    parts: list[dict[str, Any]] = [
        {"caption": caption, "pages": [_entry(app, pagename, *page) for page in pages]} for caption, pages in book_parts(app.env)
    ]
    context["nav_parts"] = parts
    context["page_part"] = next((p["caption"] for p in parts if any(e["current"] for e in p["pages"])), "")
    context["is_landing"] = pagename == app.config.root_doc
    # `layout: wide` in a page's front matter gives a long table the room of the page's contents.
    context["is_wide"] = app.env.metadata.get(pagename, {}).get("layout") == "wide"
    context["page_scripts"] = [name for name, marker in SCRIPTS.items() if marker in body and _static_file(app, name)]
    # sphinx-design's grids need its own sheet; its file name holds a hash.
    design = [_name(sheet) for sheet in context.get("css_files", []) if "sphinx-design" in _name(sheet)]
    context["theme_styles"] = design if 'class="sd-' in body else []
    context["page_styles"] = [name for name, marker in SHEETS.items() if marker in body and _static_file(app, name)]


def _name(asset: Any) -> str:
    return str(getattr(asset, "filename", asset))


def _static_file(app: Sphinx, name: str) -> bool:
    return any((Path(app.confdir) / folder / name).is_file() for folder in app.config.html_static_path)


def book_parts(env: BuildEnvironment) -> list[tuple[str, list[tuple[str, str, list[str]]]]]:
    """Return the parts in order: caption and pages, each page with its name, title and the names of its subpages.

    Read from the toctrees of the root page; Sphinx's own `toctree()` resolves every one of them again for each page.
    """
    cached: dict[str, Any] = env.temp_data.setdefault("decisionbook_parts", {})
    key = env.config.root_doc
    if key not in cached:
        toctrees = env.get_doctree(key).findall(addnodes.toctree)
        cached[key] = [
            (tree.get("caption") or "", [_page(env, doc, title) for title, doc in tree["entries"] if doc in env.titles])
            for tree in toctrees
        ]
    return list(cached[key])


def _page(env: BuildEnvironment, docname: str, title: str | None) -> tuple[str, str, list[str]]:
    return docname, title or env.titles[docname].astext(), list(env.toctree_includes.get(docname, []))


def _entry(app: Sphinx, pagename: str, docname: str, title: str, children: list[str]) -> dict[str, Any]:
    below = _below(app.env, docname)
    entry: dict[str, Any] = {
        "href": app.builder.get_relative_uri(pagename, docname),
        "title": title,
        "current": pagename == docname or pagename in below,
        "here": pagename == docname,
        "children": [],
    }
    if entry["current"]:
        entry["children"] = [_entry(app, pagename, *_page(app.env, child, None)) for child in children]
    return entry


def _below(env: BuildEnvironment, docname: str) -> set[str]:
    found: set[str] = set()
    queue = list(env.toctree_includes.get(docname, []))
    while queue:
        child = queue.pop()
        if child not in found:
            found.add(child)
            queue += env.toctree_includes.get(child, [])
    return found


def navigation_digest(env: BuildEnvironment) -> str:
    """Return a digest of all that the navigation shows: order, captions and titles."""
    env.temp_data.pop("decisionbook_parts", None)
    titles = {name: title.astext() for name, title in env.titles.items()}
    shown = [book_parts(env), titles, env.toctree_includes]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
