"""Chromium without a network, and pages that remember every request, console error and policy violation."""

from __future__ import annotations

import functools
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from decisionbook.editions.build import build as build_edition
from decisionbook.editions.definition import find_edition
from decisionbook.render.html import finish_site

from .. import minibook
from ..test_build import folder_of, small_project

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no page is opened in a browser")

# The listener must be in the page before its first byte is read; code that a test evaluates there is exempt from the policy.
NOTE_VIOLATIONS = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", function (event) {
  var place = (event.sourceFile || "") + ":" + event.lineNumber;
  window.__violations.push([event.violatedDirective, event.blockedURI, place].join(" "));
});
"""


def wait_for(page: Any, expression: str, arg: Any = None) -> None:
    """Wait until an expression or function holds in a page; Playwright's own wait polls by eval, which the policy forbids."""
    end = time.monotonic() + 15
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, f"never came true: {expression}"
        page.wait_for_timeout(25)


@dataclass
class Opened:
    """An open page and what went wrong in it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        return list(self.page.evaluate("window.__violations"))

    def note_failure(self, request: Any) -> None:
        """Note a request that failed, but not one that the browser itself gave up because the page was left meanwhile."""
        if request.failure != "net::ERR_ABORTED":
            self.console.append(f"failed {request.url}: {request.failure}")

    def faults(self, root: Path | str) -> list[str]:
        """Return requests that left `root` (a folder or an address), console errors and policy violations."""
        base = unquote(root.resolve().as_uri()) if isinstance(root, Path) else root
        outside = [f"request {url}" for url in self.requests if not url.startswith((base, "data:", "blob:"))]
        return outside + [f"console {text}" for text in self.console] + [f"policy {text}" for text in self.violations]


OpenPage = Callable[..., Opened]


@pytest.fixture
def open_page(chromium: Any) -> Iterator[OpenPage]:
    """Return a function that opens an address or file; keyword arguments go to the browser context."""
    contexts: list[Any] = []

    def open_one(target: Path | str, *, width: int = 1280, height: int = 800, **options: Any) -> Opened:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.add_init_script(NOTE_VIOLATIONS)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(unquote(request.url)))
        opened.page.on("requestfailed", opened.note_failure)
        opened.page.on("console", lambda message: opened.console.append(message.text) if message.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
        opened.page.goto(target.resolve().as_uri() if isinstance(target, Path) else target)
        return opened

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book, finished, in a folder whose name has a space and Chinese in it, as folders do."""
    folder = tmp_path_factory.mktemp("browser")
    minibook.write_sources(folder / "source")
    built = minibook.build(folder / "source", folder / "决策 参考" / "html")
    finish_site(built, edition=minibook.EDITION)
    (built / "book.pdf").write_bytes(b"%PDF-1.7\n")
    return built


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished book on real data: the built edition that DECISIONBOOK_BOOK names (its folder), or two chapters built here.

    `DECISIONBOOK_BOOK=_build/book/2024.09 pytest tests/browser/test_accessibility.py` takes every page of that edition.
    """
    named = os.environ.get("DECISIONBOOK_BOOK")
    if named:
        folder = Path(named).resolve()
        assert (folder / "index.html").is_file(), f"DECISIONBOOK_BOOK must name the folder of a built edition, not {folder}"
        return folder
    project = small_project(tmp_path_factory.mktemp("real"))
    if not (project.book / "index.md").is_file():
        # The landing page quotes chapters that this book does not have.
        (project.book / "index.md").write_text("# 封面\n\n供检索的一页。\n", encoding="utf-8")
    build_edition(project, find_edition(project, "2024.09"), pdf=False, say=lambda line: None)
    return folder_of(project)


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The address of the small book on a server that publishes it below a path of its own, as an intranet does."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            below = unquote(urlsplit(path).path)
            known = below.startswith("/intranet/books/")
            return super().translate_path(below.removeprefix("/intranet/books") if known else "/none")

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/intranet/books/"
    server.shutdown()
    server.server_close()
