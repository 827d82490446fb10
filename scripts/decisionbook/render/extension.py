"""The Sphinx extension of the book: glued findings, directives, chapter heads, charts, the Typst builder."""

from __future__ import annotations

from typing import Any

from myst_nb.ext.glue.domain import NbGlueDomain
from sphinx.application import Sphinx

from .. import __version__
from . import book_data, cards, evidence, findings, reader
from .chapter_head import insert_chapter_head
from .directives import ParametersDirective, RecommendationsDirective, ReconciliationDirective
from .edition_blocks import EditionChanges, EditionHas
from .html import setup as setup_html
from .nodes import setup as setup_nodes
from .numbers import NumberedReferences
from .pages import DIRECTIVES, download_link
from .slides.builder import setup as setup_slides
from .typst.builder import setup as setup_typst
from .word.builder import setup as setup_word


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything; called by Sphinx."""
    app.add_config_value("decisionbook_data", "", "", str)
    # Jupyter Book always sets the options of sphinx-comments, which is left out because it loads script from elsewhere.
    app.add_config_value("comments_config", {}, "", dict)
    setup_nodes(app)
    setup_html(app)
    setup_typst(app)
    setup_word(app)
    setup_slides(app)
    evidence.setup(app)
    reader.setup(app)
    cards.setup(app)
    # The domain exists once MyST-NB is loaded; its text role is replaced, its other roles stay.
    app.setup_extension("myst_nb")
    NbGlueDomain.roles = {**NbGlueDomain.roles, "text": findings.FindingRole()}
    app.add_directive("reconciliation", ReconciliationDirective)
    app.add_directive("parameters", ParametersDirective)
    app.add_directive("recommendations", RecommendationsDirective)
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.add_directive("edition-has", EditionHas)
    app.add_directive("edition-changes", EditionChanges)
    app.add_role("download-link", download_link)
    app.add_post_transform(NumberedReferences)
    app.add_post_transform(findings.MarksAfterUnits)
    app.add_post_transform(findings.NoSpacesBetweenCharacters)
    app.add_post_transform(findings.KeyFindings)
    app.connect("doctree-read", insert_chapter_head)
    app.connect("doctree-read", book_data.note_page)
    app.connect("env-purge-doc", book_data.forget_page)
    app.connect("env-get-outdated", book_data.outdated_pages)
    app.connect("builder-inited", _number_formats)
    return {"version": __version__, "parallel_read_safe": False, "parallel_write_safe": True, "env_version": 3}


def _number_formats(app: Sphinx) -> None:
    # Chinese captions read 图 1 and 表 1; Sphinx's own Chinese catalogue writes "图 %s " with a colon in places.
    app.config.numfig_format = {**app.config.numfig_format, "figure": "图 %s", "table": "表 %s", "section": "第 %s 节"}
