"""A page of the book as one HTML file that opens anywhere: sheets and script inside, nothing loaded, no way out of it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import CheckFailed
from ..render.html import OfflineError
from ..render.html_rewrite import rewrite_page

_ARTICLE = re.compile(r'<article class="db-article">.*</article>', re.DOTALL)
_CONTENTS = re.compile(r'<aside class="db-toc">\s*(<nav.*?</nav>)', re.DOTALL)
_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"([^>]*)>')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_SPEC = re.compile(r'<script type="application/json" class="db-spec">.*?</script>', re.DOTALL)
_HREF = re.compile(r'(<a\b[^>]*?)\shref="(?!#|https?:)[^"]*"')
_UNUSED_SHEETS = ("search.css", "editions.css")
# Shows what is printed where, from data inside the page; charts stay pictures, so their script is not here.
_SCRIPTS = ("evidence.js",)
_OWN_SHEET = """
.db-rerun { position: sticky; top: 0; z-index: 5; padding: 8px 24px; border-bottom: 2px solid var(--db-accent);
  background: var(--db-card); color: var(--db-ink); font-size: 15px; line-height: 1.7; }
.db-rerun strong { color: var(--db-accent); margin-right: .8em; }
.db-standalone .db-page { display: block; max-width: 60rem; margin: 0 auto; padding: 0 20px; }
.db-standalone .db-main { max-width: none; padding-top: 24px; }
.db-standalone .db-contents { margin: 16px 0 0; font-size: 14px; color: var(--db-soft); }
.db-standalone .db-contents summary { cursor: pointer; }
.db-standalone .db-contents .db-toc-title { display: none; }
.db-standalone h1, .db-standalone h2, .db-standalone h3, .db-standalone [id] { scroll-margin-top: 64px; }
.db-standalone .db-contents ul { list-style: none; margin: 0; padding-left: 1em; }
.db-standalone :is(.whatif-control input, .whatif-scale, .whatif-reset, .whatif-foot) { display: none; }
@media print { .db-rerun { position: static; padding: 0 0 6pt; } .db-standalone .db-contents { display: none; } }
"""


def standalone_page(site: Path, name: str, *, mark: str, about: str, footer: Sequence[str]) -> str:
    """Return the page `name` of a site that Sphinx has built as one file.

    `mark` and `about` (plain text) stand above it on every screen, `footer` below. Raises OfflineError when something in the page
    would be loaded from the network, or is code of its own.
    """
    source = (site / f"{name}.html").read_text(encoding="utf-8")
    if problems := rewrite_page(source, root="", csp=False).problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise OfflineError(f"the page must not need the network, nor run code of its own:\n{listed}")
    found = _ARTICLE.search(source)
    if found is None:
        raise CheckFailed('book/_templates/layout.html has no <article class="db-article">; a page alone needs one')
    article = _HREF.sub(r"\1", _SPEC.sub("", found[0]))
    contents = _CONTENTS.search(source)
    title = _TITLE.search(source)
    sheets = "".join(_sheet(site, match) for match in _SHEET.finditer(source))
    scripts = [_text(site / "_static" / name) for name in _SCRIPTS if (site / "_static" / name).is_file()]
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title[1] if title else name}（{html.escape(mark)}）</title>\n"
        f"{sheets}<style>{_OWN_SHEET}</style>\n</head>\n"
        '<body class="db-chapter db-standalone">\n<a class="db-skip" href="#main">跳到正文</a>\n'
        f'<div class="db-rerun" role="note"><strong>{html.escape(mark)}</strong>{html.escape(about)}</div>\n'
        '<div class="db-page">\n'
        + (f'<details class="db-contents"><summary>本页目录</summary>{contents[1]}</details>\n' if contents else "")
        + f'<main id="main" class="db-main" tabindex="-1">\n{article}\n</main>\n</div>\n'
        '<footer class="db-footer"><div class="db-footer-inner">'
        + "".join(f"<p>{html.escape(line)}</p>" for line in footer)
        + "</div></footer>\n"
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _sheet(site: Path, match: re.Match[str]) -> str:
    path = site / match[1].split("?")[0]
    if path.name in _UNUSED_SHEETS or not path.is_file():
        return ""
    media = re.search(r'media="[^"]*"', match[2])
    return f"<style{' ' + media[0] if media else ''}>\n{_text(path)}</style>\n"


def _text(path: Path) -> str:
    """Return a sheet or script that may stand inside a page."""
    text = path.read_text(encoding="utf-8")
    if re.search(r"</(?:style|script)", text, re.IGNORECASE):
        raise CheckFailed(f"{path.name} holds an end tag and cannot stand inside a page")
    return text


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes or chr(39) + 'none' + chr(39)}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
