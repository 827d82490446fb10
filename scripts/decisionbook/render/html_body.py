"""The body of a page after Sphinx wrote it: its last English words, marks that keep to their numbers, lean code and tables.

Code is folded away on every page and yet made half of its bytes: Pygments wraps each name, dot and bracket.
"""

from __future__ import annotations

import re

from pygments.token import STANDARD_TYPES

# Words that Sphinx and MyST-NB write in English whatever the language of the book, and marks that they leave out.
_REPLACEMENTS = (
    ('title="Link to this heading"', 'title="这一节的链接"'),
    ('title="Link to this image"', 'title="这张图的链接"'),
    ('title="Link to this table"', 'title="这张表的链接"'),
    ('title="Link to this equation"', 'title="这个公式的链接"'),
    ('title="Link to this code"', 'title="这段代码的链接"'),
    ('aria-label="Toggle hidden content"', 'aria-label="展开或收起"'),
    ('<section id="english-abstract"', '<section id="english-abstract" lang="en"'),
    ('<span class="english"', '<span class="english" lang="en"'),
    ('<th class="head', '<th scope="col" class="head'),
    ('<th class="stub', '<th scope="row" class="stub'),
)

# The kinds of token that components.css colours (a test holds the two together); all others lose their wrapping.
COLOURED = frozenset("c c1 cm ch k kn kc kd ow s1 s2 sd sa si se mi mf nb nt nd".split())  # noqa: SIM905 - a list to read
_PLAIN = "|".join(sorted({name for name in STANDARD_TYPES.values() if name} - COLOURED))
_CODE = re.compile(r'(?<=<div class="highlight"><pre>).*?(?=</pre>)', re.DOTALL)
_PLAIN_TOKEN = re.compile(rf'<span class="(?:{_PLAIN})">([^<]*)</span>|<span></span>')
_REPEATED = re.compile(r'(<span class="(\w+)">[^<]*)</span>((?:<span class="\2">[^<]*</span>)+)')

_SINGLE_PARAGRAPH = re.compile(r"<(t[dh])\b([^>]*)><p>((?:(?!</?p\b).)*?)</p>\s*</\1>", re.DOTALL)
_ROW_CLASS = re.compile(r'<tr class="row-(?:odd|even)">')

# A mark stays with the number before it and with the count or word after it: U+2060 joins letters, U+00A0 is a space that
# does not break. Not after white space: a row of marks must be able to break somewhere.
_MARK_AFTER_TEXT = re.compile(r'(?<![\s\u3000\u2060])(?=<(?:span|a|button) class="evidence)')
_MARK_AFTER_SPACE = re.compile(r'(?<=\S) (?=<(?:span|a|button) class="evidence)')
_SPACE_AFTER_MARK = re.compile(r'(<(?:span|a|button) class="evidence[^>]*>[^<]*</(?:span|a|button)>) (?=\S)')


def finished_body(body: str) -> str:
    """Return the body as the book shows it; what a reader sees, hears and copies stays the same, but for the words."""
    for english, chinese in _REPLACEMENTS:
        body = body.replace(english, chinese)
    return joined_marks(lean_tables(lean_code(body)))


def joined_marks(body: str) -> str:
    """Return the HTML with verdict marks that begin no line and part from nothing that belongs to them."""
    body = _MARK_AFTER_SPACE.sub("\u00a0", body)
    body = _SPACE_AFTER_MARK.sub("\\1\u00a0", body)
    return _MARK_AFTER_TEXT.sub("\u2060", body)


def lean_code(body: str) -> str:
    """Return the HTML with only those tokens of code wrapped that have a colour, neighbours of one colour as one."""

    def lean(found: re.Match[str]) -> str:
        return _REPEATED.sub(_one_span, _PLAIN_TOKEN.sub(r"\1", found[0]))

    return _CODE.sub(lean, body)


def _one_span(found: re.Match[str]) -> str:
    return found[1] + re.sub(r"<[^>]*>", "", found[3]) + "</span>"


def lean_tables(body: str) -> str:
    """Return the HTML with cells that hold their one paragraph directly, and rows without the classes odd and even."""
    return _ROW_CLASS.sub("<tr>", _SINGLE_PARAGRAPH.sub(r"<\1\2>\3</\1>", body))
