"""A published site keeps its promises: everything in it is its own, and every page says so to the browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ..conftest import ROOT
from .conftest import Made, text_of

#: Absolute addresses that a site may hold, by how they begin, and why. None of them is ever loaded.
ALLOWED = {
    "http://www.w3.org/": "names of XML languages (SVG, MathML, XLink); no address to a browser",
    "https://vega.github.io/schema/": "name of the language of a chart; Vega reads it as a name",
    "https://specs.frictionlessdata.io/": "link to the format of the data",
    "https://creativecommons.org/": "link of the licence for readers",
    "https://www.stats.gov.cn/": "link to a source of official statistics",
}
_ADDRESS = re.compile(r"(?:https?:)?//[a-zA-Z0-9][\w.-]*\.[a-zA-Z]{2,}[^\s\"'<>)\\]*")
# Vega's own bundle: documentation addresses in its messages. It has a request in it too (for data by URL), which the policy of
# every page stops; the browser tests see that none is made.
BUNDLE = "vega-bundle.js"
# What only the strings of the fixture say.
_HOSTILE = "evil.invalid"


class Head(HTMLParser):
    """The policies of a page, and what a policy without exceptions would stop."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.metas: dict[str, str] = {}
        self.order: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            key = (values.get("http-equiv") or values.get("name") or "").lower()
            self.metas[key] = values.get("content", "")
        self.order.append(tag if tag != "meta" else f"meta {values.get('http-equiv', values.get('name', '')).lower()}")
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}" for name in values if name == "style" or (name.startswith("on") and "-" not in name)]


def site_files(made: Made, *suffixes: str) -> list[Path]:
    found = [p for p in made.project.site.rglob("*") if p.suffix in suffixes]
    return sorted(found) + [p for folder in (made.rerun, made.sweep) for p in sorted(folder.glob("*")) if p.suffix in suffixes]


def test_every_page_has_a_policy_before_anything_loads(made: Made) -> None:
    pages = made.pages()
    names = {p.name for p in pages}
    assert {"index.html", "hostile_chapter.html", "light_chapter.html", "comparison.html", "reconciliation.html"} <= names
    for path in pages:
        head = Head(text_of(path))
        policy = head.metas.get("content-security-policy", "")
        assert policy.startswith("default-src 'none'"), path
        assert "unsafe-eval" not in policy, path
        assert "http" not in policy, path
        assert "*" not in policy.replace("'unsafe-inline'", ""), path
        script = re.search(r"script-src([^;]*)", policy)
        assert script is None or "unsafe-inline" not in script[1], path
        assert "base-uri 'none'" in policy, path
        assert "form-action 'none'" in policy, path
        assert head.metas.get("referrer") == "no-referrer", path
        loading = [i for i, tag in enumerate(head.order) if tag in ("script", "link", "style", "img")]
        assert head.order.index("meta content-security-policy") < min(loading), path


def test_no_page_of_the_site_has_inline_code(made: Made) -> None:
    for path in sorted(made.project.site.rglob("*.html")):
        head = Head(text_of(path))
        # A server shows 404.html at any depth, where no file of the book is found: its one sheet and script are bound by hashes.
        bound = ["<style>", "<script>"] if path.name == "404.html" else []
        assert [fault for fault in head.inline if fault not in bound] == [], path
        assert not bound or head.metas["content-security-policy"].count("sha256-") == 2


def test_no_file_of_the_site_names_an_address_that_is_not_listed(made: Made) -> None:
    """In markup, sheets and scripts; what stands in text of the data is only text, and the browser tests see it load nothing."""
    found: dict[str, set[str]] = {}
    for path in site_files(made, ".css", ".js", ".svg"):
        if path.name == BUNDLE or "reconciliation-data" in path.name or path.name == "editions.js" or "search" in path.stem:
            continue
        text = re.sub(r"/\*.*?\*/", "", text_of(path), flags=re.DOTALL)
        found[path.name] = {a for a in _ADDRESS.findall(text) if not a.startswith(tuple(ALLOWED)) and _HOSTILE not in a}
    for path in site_files(made, ".html"):
        attributes = re.findall(r"<[a-zA-Z][^<>]*>", text_of(path))
        loads = re.findall(
            r"\s(?:src|href|srcset|poster|data|action|xlink:href)=\"((?:https?:)?//[^\"]*)\"", " ".join(attributes)
        )
        found[path.name] = {a for a in loads if not a.startswith(tuple(ALLOWED))}
    assert {name: sorted(bad) for name, bad in found.items() if bad} == {}
    assert len(found) > 25


#: The preferences that pages keep: light or dark. Nothing that a reader typed or read.
STORED = {"db-theme"}


@pytest.mark.parametrize("path", sorted((ROOT / "book" / "_static").glob("*.js")), ids=lambda p: p.name)
def test_the_books_own_scripts_neither_evaluate_nor_track(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/|(?m:^\s*//.*$)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for pattern in (
        r"\beval\(",
        r"new Function",
        r"setTimeout\(\s*[\"'`]",
        r"document\.write",
        r"\.cookie\b",
        r"sendBeacon",
        r"WebSocket",
        r"EventSource",
        r"XMLHttpRequest",
        r"\bfetch\(",
        r"serviceWorker",
        r"indexedDB",
        r"sessionStorage",
        r"\.outerHTML\s*=",
        r"insertAdjacentHTML",
        r"postMessage",
    ):
        assert not re.search(pattern, text), pattern
    for use in re.finditer(r"localStorage\.(?:get|set|remove)Item\(([^,)]*)", text):
        named = re.search(rf"\b{re.escape(use[1].strip())}\s*=\s*[\"']([\w-]+)", text) or re.match(
            r"[\"']([\w-]+)", use[1].strip()
        )
        assert named, use[0]
        assert named[1] in STORED, named[1]
    for assigned in re.findall(r"\.innerHTML\s*=\s*([^;]+)", text):
        assert assigned.strip() in ('""', "''"), "text reaches a page as text"
