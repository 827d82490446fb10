"""One built page made fit for a folder without internet and for a strict content security policy.

Only the tags that must change are written anew; every other byte of the page stays as Sphinx wrote it, so that case
in SVG, spacing in text and data blocks survive. The page is read by the standard library's HTML parser.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

# `file:` beside 'self': Firefox lets 'self' match nothing when a page is opened from a folder. A page that came over
# http cannot load from `file:` at all, so this opens nothing there. Nothing is fetched, framed or submitted.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: data:; "
    "font-src 'self' file:; base-uri 'none'; form-action 'none'"
)
MOVED = "_static/moved"
#: The specifications of one page's charts each; no page loads another's.
CHART_DATA = "_static/chart-data"
#: What charts.js reads the specifications of a page's charts from, by the chart's name.
SPECS_GLOBAL = "decisionbookSpecs"

_REMOTE = re.compile(r"\s*(?:https?:|ftp:|wss?:)?//", re.IGNORECASE)
_SCRIPT_TYPES = {"", "text/javascript", "application/javascript", "text/ecmascript", "module"}
# Scripts that ask the network for something wherever they are placed.
_UNWANTED = re.compile(r"thebe|mathjax|fontawesome|require(?:\.min)?\.js|googletagmanager|plausible|hypothes", re.IGNORECASE)
_RAW_ATTRIBUTE = re.compile(r"""([^\s"'>/=][^\s>/=]*)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?""")
_LOADING = {  # attributes through which an element loads something by itself
    "img": ("src", "srcset"), "source": ("src", "srcset"), "video": ("src", "poster"), "audio": ("src",), "track": ("src",),
    "iframe": ("src",), "embed": ("src",), "object": ("data",), "input": ("src",), "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}  # fmt: skip

Attributes = list[tuple[str, str | None]]


@dataclass
class Page:
    """A rewritten page: its HTML, the files that hold what was moved out, what it refers to, what was done."""

    html: str
    files: dict[str, str] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def digest(text: str, length: int = 12) -> str:
    """Return the first hexadecimal digits of a text's SHA-256: equal content, equal name."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def rewrite_page(source: str, *, root: str, edition_id: str = "", language: str = "zh-CN", csp: bool = True) -> Page:
    """Return the page without inline style and without remote addresses.

    `root` is the way from the page to the site's root (`""` or `"../"`). Running it on its own result changes nothing.
    Remote images and frames cannot be removed without losing content: they are listed in `problems`. So is code in the
    page, a script or a handler: no template of the book writes any, so that it is a text that nobody escaped, or raw HTML.
    """
    rewriter = _Rewriter(source, root=root, edition_id=edition_id, language=language, csp=csp)
    rewriter.feed(source)
    rewriter.close()
    return rewriter.result()


class _Rewriter(HTMLParser):
    def __init__(self, source: str, *, root: str, edition_id: str, language: str, csp: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.source, self.root, self.language = source, root, language
        self.page = Page(source)
        self.edits: list[tuple[int, int, str]] = []
        self.old_metas: list[tuple[int, int, str]] = []
        self.rules: dict[str, str] = {}
        self.chart = ""
        self.specs: dict[str, tuple[int, int, str]] = {}
        self.pending: tuple[str, int, int, dict[str, str | None]] | None = None
        self.head_end = self.charset_end = self.head_start = -1
        self.metas = {"referrer": '<meta name="referrer" content="no-referrer">'}
        if edition_id:
            self.metas["edition"] = f'<meta name="edition" content="{_quoted(edition_id)}">'
        if csp:
            content = _quoted(CONTENT_SECURITY_POLICY).replace("&#x27;", "'")
            self.metas["content-security-policy"] = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", source))]

    def _offset(self) -> int:
        line, column = self.getpos()
        return self.line_starts[line - 1] + column

    # Tags

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        start = self._offset()
        raw = self.get_starttag_text() or ""
        end = start + len(raw)
        values = dict(attrs)
        self._note_references(tag, values)
        if tag in ("script", "style"):
            self.pending = (tag, start, end, values)
            return
        if "data-name" in values and "db-chart" in (values.get("class") or "").split():
            self.chart = values["data-name"] or ""
        if tag == "head":
            self.head_start = end
        elif tag == "meta":
            self._meta(values, start, end)
        elif tag == "base" or (tag == "link" and self._unwanted_link(values)):
            self._remove(start, end, "removed remote links")
            return
        elif tag in _LOADING:
            for name in _LOADING[tag]:
                if any(_REMOTE.match(part) for part in (values.get(name) or "").split(",")):
                    self.page.problems.append(f"<{tag} {name}={values[name]!r}> loads from the network; store it in the book")
        if tag == "iframe" and values.get("srcdoc") is not None:
            self.page.problems.append("<iframe srcdoc> holds a page of its own; write its content into the book")
        changed = self._clean(tag, attrs)
        if changed != attrs:
            self.edits.append((start, end, _tag_text(raw, tag, changed)))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        if self.pending is not None:
            # `<style/>` in an SVG is empty; a `<script/>` that says nothing is no loss either.
            _, start, end, _ = self.pending
            self.pending = None
            self._remove(start, end, "removed empty elements")

    def handle_endtag(self, tag: str) -> None:
        start = self._offset()
        if tag == "head":
            self.head_end = start
        if self.pending is None or self.pending[0] != tag:
            return
        _, opened, content_start, values = self.pending
        self.pending = None
        closed = self.source.index(">", start) + 1
        content = self.source[content_start:start]
        if tag == "style":
            self._move_style(opened, closed, content, values)
        else:
            self._move_script(opened, closed, content, values)

    # What is moved or removed

    def _move_style(self, start: int, end: int, content: str, values: dict[str, str | None]) -> None:
        if not content.strip():
            self._remove(start, end, "removed empty elements")
            return
        media = f' media="{_quoted(values["media"] or "")}"' if values.get("media") else ""
        name = self._file(content.strip() + "\n", "css")
        self.edits.append((start, end, f'<link rel="stylesheet" href="{name}"{media}>'))
        self.page.counts["moved styles"] += 1

    def _move_script(self, start: int, end: int, content: str, values: dict[str, str | None]) -> None:
        if (values.get("type") or "").strip().lower() not in _SCRIPT_TYPES:
            # A data block: no browser runs it. A chart's is read when the chart comes near the screen, and then from a file.
            if values.get("class") == "db-spec" and self.chart and _is_json(content):
                self.specs[self.chart] = (start, end, content.strip())
            return
        source = values.get("src")
        if source is not None:
            if _REMOTE.match(source) or _UNWANTED.search(source):
                self._remove(start, end, "removed scripts")
                self.page.references.discard(_local(source))
            return
        if not content.strip() or _UNWANTED.search(content):
            self._remove(start, end, "removed scripts")
            return
        self._code("<script>", content)

    def _move_specs(self) -> None:
        """Move the specifications of the page's charts into one script, of which each chart's block keeps the address."""
        if not self.specs:
            return
        charts = ",\n".join(f"{json.dumps(name)}:{spec}" for name, (_, _, spec) in self.specs.items())
        name = self._file(
            f"window.{SPECS_GLOBAL}=Object.assign(window.{SPECS_GLOBAL}||{{}},{{\n{charts}\n}});\n", "js", CHART_DATA
        )
        for start, end, _ in self.specs.values():
            self.edits.append((start, end, f'<script type="application/json" class="db-spec" data-src="{name}"></script>'))
        self.page.counts["moved chart specifications"] += len(self.specs)

    def _clean(self, tag: str, attrs: Attributes) -> Attributes:
        """Return the attributes without style and script addresses; the language of the page set."""
        kept: Attributes = []
        added: list[str] = []
        for name, value in attrs:
            text = (value or "").strip()
            if name == "style":
                if text:
                    added.append(self._rule(text))
                self.page.counts["moved style attributes"] += 1
            elif name.startswith("on") and len(name) > 2 and "-" not in name:
                self._code(f"<{tag} {name}>", text)
            elif re.match(r"\s*javascript:", value or "", re.IGNORECASE):
                self.page.counts["removed script addresses"] += 1
            else:
                kept.append((name, value))
        if added:
            old = next((value or "" for name, value in kept if name == "class"), None)
            if old is None:
                kept.append(("class", " ".join(added)))
            else:
                kept = [(n, " ".join([old, *added]).strip() if n == "class" else v) for n, v in kept]
        if tag == "html" and dict(kept).get("lang") != self.language:
            kept = [("lang", self.language), *((n, v) for n, v in kept if n != "lang")]
        return kept

    def _rule(self, style: str) -> str:
        declarations = ";".join(part.strip() for part in style.split(";") if part.strip())
        name = f"m-{digest(declarations, 8)}"
        # The class three times: as strong as an inline style was against the sheets of the book, yet a script may
        # still set element.style over it.
        self.rules[name] = f".{name}.{name}.{name}{{{declarations}}}"
        return name

    def _code(self, where: str, code: str) -> None:
        """Note code in the page: moved into a file it would run, and the policy of the page could not hold it back."""
        what = "a text that was not escaped, or raw HTML; a script of the book is a file in book/_static"
        self.page.problems.append(f"{where} {' '.join(code.split())[:60]!r} is code in the page: {what}")

    def _unwanted_link(self, values: dict[str, str | None]) -> bool:
        address = values.get("href") or ""
        relation = (values.get("rel") or "").lower().split()
        if _REMOTE.match(address) or "dns-prefetch" in relation or "preconnect" in relation:
            return True
        return "preload" in relation and bool(_UNWANTED.search(address))

    def _meta(self, values: dict[str, str | None], start: int, end: int) -> None:
        if "charset" in values:
            self.charset_end = end
        name = (values.get("http-equiv") or values.get("name") or "").lower()
        if name in self.metas:
            # Ours from an earlier run, or another's: either way it is written again where it belongs.
            self.old_metas.append((start, end, ""))
        elif name == "refresh" and _REMOTE.match((values.get("content") or "").partition("=")[2].strip(" '\"")):
            self._remove(start, end, "removed remote links")

    def _note_references(self, tag: str, values: dict[str, str | None]) -> None:
        for name in ("src", "href", "xlink:href", "poster", "data", "srcset", "data-src"):
            for part in (values.get(name) or "").split(",") if name == "srcset" else [values.get(name) or ""]:
                address = part.split()[0] if name == "srcset" and part.split() else part
                if _local(address) and not (tag == "link" and self._unwanted_link(values)):
                    self.page.references.add(_local(address))

    def _file(self, content: str, suffix: str, folder: str = MOVED) -> str:
        name = f"{folder}/{digest(content)}.{suffix}"
        self.page.files[name] = content
        self.page.references.add(self.root + name)
        return self.root + name

    def _remove(self, start: int, end: int, what: str) -> None:
        self.edits.append((start, end, ""))
        self.page.counts[what] += 1

    # The result

    def result(self) -> Page:
        """Put what the whole page needs into its head, and apply the edits."""
        self._move_specs()
        tail = []
        if self.rules:
            sheet = self._file("\n".join(sorted(self.rules.values())) + "\n", "css")
            tail.append(f'<link rel="stylesheet" href="{sheet}">')
        if self.head_start < 0:
            self.page.problems.append("the page has no <head>")
            return self.page
        first = self.charset_end if self.charset_end >= 0 else self.head_start
        block = "\n" + "\n".join(self.metas.values())
        if self.source.startswith(block, first):
            # Already finished: only what repeats them further on goes.
            self.edits += [edit for edit in self.old_metas if edit[0] >= first + len(block)]
        else:
            self.edits += [*self.old_metas, (first, first, block)]
        if tail:
            place = self.head_end if self.head_end >= 0 else first
            self.edits.append((place, place, "\n".join(tail) + "\n"))
        pieces, position = [], 0
        for start, end, replacement in sorted(self.edits, key=lambda edit: edit[:2]):
            pieces += [self.source[position:start], replacement]
            position = end
        self.page.html = "".join(pieces) + self.source[position:]
        return self.page


def _quoted(text: str) -> str:
    return html.escape(text, quote=True)


def _is_json(text: str) -> bool:
    """Return whether a data block may become part of a script: JSON runs nothing there."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _local(address: str) -> str:
    """Return an address below the site without query and fragment, or "" for all others."""
    address = re.split(r"[?#]", address.strip(), maxsplit=1)[0]
    return "" if not address or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", address) else address


def _tag_text(raw: str, tag: str, new: Attributes) -> str:
    """Return a start tag with new attributes; names keep the case they had (SVG tells viewBox from viewbox)."""
    opened = re.match(r"<[^\s/>]+", raw)
    spelled = _RAW_ATTRIBUTE.findall(raw[opened.end() if opened else 0 :].rstrip("/>"))
    case = {name.lower(): name for name in spelled}
    parts = [opened.group(0) if opened else f"<{tag}"]
    for name, value in new:
        parts.append(case.get(name, name) if value is None else f'{case.get(name, name)}="{_quoted(value)}"')
    return " ".join(parts) + ("/>" if raw.endswith("/>") else ">")
