"""Hostile data in Chromium: nothing of it runs, loads or leaves, on any page, and the reader sees it as text."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser.conftest import NOTE_VIOLATIONS
from . import strings
from .conftest import Made

pytestmark = [pytest.mark.browser]

# Where the test's server shows the site.
BELOW = "/intranet/books"
# In every frame before anything else: what a string calls, what it could open, and what it could change.
TRAP = """
window.__trapped = [];
window.trap = function (what) { window.__trapped.push(String(what)); };
["alert", "confirm", "prompt", "open", "print"].forEach(function (name) {
  window[name] = function () { window.__trapped.push(name); };
});
"""
# What no data may become. Scripts of the book are files; a page that stands alone has its own, bound by their hashes.
ACTIVE = """() => {
  const bad = [], policy = document.querySelector("meta[http-equiv='Content-Security-Policy']");
  const alone = policy && /script-src 'sha256-/.test(policy.content);
  document.querySelectorAll("*").forEach((e) => {
    const tag = e.tagName.toLowerCase();
    if (["iframe", "object", "embed", "base", "foreignobject", "noscript", "image"].includes(tag)) bad.push(tag);
    if (tag === "img" && !/^(data:|_)/.test(e.getAttribute("src") || "")) bad.push("img " + e.getAttribute("src"));
    if (tag === "script" && !e.hasAttribute("src") && e.type !== "application/json" && !alone) bad.push("script");
    // The search dialog's own form, and the sliders that Vega makes, lead nowhere.
    const own = tag === "form" && !e.hasAttribute("action") && (e.method === "dialog" || e.className === "vega-bindings");
    if (tag === "form" && !own) bad.push("form " + e.method);
    if (tag === "meta" && /refresh/i.test(e.httpEquiv)) bad.push("refresh");
    for (const a of e.attributes) {
      if (/^on/i.test(a.name) || a.name === "autofocus" || a.name === "srcdoc") bad.push(tag + " " + a.name);
      const address = a.value.replace(/[\\s\\u0000-\\u001f]/g, "");
      if (/^(xlink:)?href$|^src$|action$/.test(a.name) && /^(javascript|vbscript|data:text)/i.test(address)) bad.push(a.value);
      if (/^(xlink:)?href$|^src$/.test(a.name) && /evil\\.invalid/.test(address)) bad.push(a.value);
    }
  });
  return bad;
}"""


class Watched:
    """A page and everything that went wrong in it."""

    def __init__(self, browser: Any, target: Path | str, base: str = "file:") -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.add_init_script(NOTE_VIOLATIONS + TRAP)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("console", lambda m: self.faults.append(f"console {m.text}") if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(f"error {error}"))
        self.page.on("download", lambda download: self.faults.append(f"download {download.url}"))
        self.page.on("popup", lambda popup: self.faults.append(f"popup {popup.url}"))
        self.base = base
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed {request.url}"))
        self.page.goto(target if isinstance(target, str) else target.resolve().as_uri())

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"request {request.url}")

    def close(self) -> list[str]:
        """Return what happened in the page's life, and close it."""
        for frame in self.page.frames:
            self.faults += [f"ran {what}" for what in frame.evaluate("window.__trapped || []")]
        self.faults += [f"policy {text}" for text in self.page.evaluate("window.__violations")]
        self.faults += [f"element {text}" for text in self.page.evaluate(ACTIVE)]
        self.faults += [f"cookie {cookie['name']}" for cookie in self.context.cookies()]
        self.context.close()
        return self.faults


def exercise(page: Any) -> None:
    """Do what makes a page put data into its document: charts, sliders, evidence, tables of all figures, search, editions."""
    for chart in page.query_selector_all(".db-chart[id]"):
        chart.scroll_into_view_if_needed()
        page.wait_for_timeout(150)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for slider in page.query_selector_all("input[type=range]:not([disabled])"):
        slider.press("ArrowRight")
    for mark in page.query_selector_all("[data-evidence][aria-haspopup=dialog]")[:40]:
        mark.evaluate("(e) => e.click()")
    for field in page.query_selector_all("main input[type=search], main select"):
        field.evaluate(
            "(e) => { e.value = e.options ? e.options[e.options.length - 1].value : 'trap';"
            " e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); }"
        )
    for row in page.query_selector_all("main tbody tr")[:60]:
        row.evaluate("(e) => { (e.querySelector('button, summary, a[href^=\"#\"]') || e).click(); }")
    for name in (".db-edition-button", ".db-search-open"):
        if page.query_selector(f"{name}:not([disabled])"):
            page.evaluate(f"document.querySelector('{name}').click()")
    if page.query_selector("#db-search-dialog[open] input, dialog[open] input[type=search]"):
        for query in ("trap", "</script>", "<img src=x onerror=trap('query')>", "eval", "公式"):
            page.fill("dialog[open] input[type=search]", query)
            page.wait_for_timeout(120)


def test_nothing_runs_on_any_page(made: Made, chromium: Any) -> None:
    faults = {}
    pages = made.pages()
    assert len(pages) > 10
    for path in pages:
        watched = Watched(chromium, path)
        exercise(watched.page)
        if found := watched.close():
            faults[path.name] = found[:6]
    assert faults == {}


@pytest.fixture
def served(made: Made) -> Iterator[str]:
    """The address of the published site on a server that shows it below a path, as an intranet does, and nothing beside it."""

    class Below(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix(BELOW) if path.startswith(BELOW) else "/nothing")

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Below, directory=str(made.project.site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{BELOW}/"
    server.shutdown()
    server.server_close()


def test_a_published_site_below_a_path_asks_for_nothing_beside_it(made: Made, chromium: Any, served: str) -> None:
    """The browser of these tests finds no name: what would leave the site fails, and is seen."""
    edition = made.edition.name
    for name in ("", f"{edition}/index.html", f"{edition}/hostile_chapter.html", f"{edition}/reconciliation.html"):
        watched = Watched(chromium, served + name, served)
        exercise(watched.page)
        assert watched.page.inner_text("h1"), name
        assert watched.close() == [], name


def test_a_page_that_asks_for_something_else_is_seen(chromium: Any, made: Made, served: str) -> None:
    page = made.project.site / "leaving.html"
    page.write_text('<!DOCTYPE html><img src="/beside.png"><img src="https://evil.invalid/x.png"><body class="">')
    try:
        watched = Watched(chromium, f"{served}leaving.html", served)
        watched.page.evaluate("document.cookie = 'a=1'")
        found = " ".join(watched.close())
    finally:
        page.unlink()
    for words in ("request http://127.0.0.1", "/beside.png", "failed https://evil.invalid/x.png", "cookie a"):
        assert words in found, found


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def test_the_reader_sees_the_strings_as_text(made: Made, chromium: Any) -> None:
    watched = Watched(chromium, made.project.site / made.edition.name / "hostile_chapter.html")
    cells = watched.page.eval_on_selector_all("#tab-hostile tbody tr td:first-child", "(all) => all.map((e) => e.textContent)")
    watched.close()
    assert list(map(plain, cells)) == [plain(text) for text in strings.SHOWN.values()]


def test_the_trap_itself_works(chromium: Any, tmp_path: Path) -> None:
    """Without escaping each kind of string is seen: the tests above can fail."""
    unsafe = "".join(strings.HTML[name] for name in ("image", "svg", "iframe", "script"))
    (tmp_path / "x.html").write_text(
        f"<!DOCTYPE html><html><body class=''>{unsafe}<a href=\"javascript:trap()\">x</a></body></html>"
    )
    watched = Watched(chromium, tmp_path / "x.html")
    watched.page.wait_for_timeout(200)
    found = " ".join(watched.close())
    for words in ("ran script", "ran image", "ran svg", "element iframe", "element javascript:trap()", "element script"):
        assert words in found, found
