"""What a reader does with a page, in a browser: copy a citation, send a number's address, come back from a wrong one."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decisionbook.render.html import finish_site
from decisionbook.render.not_found import FILE, site_not_found_page, write_not_found
from decisionbook.render.recalculation import recalculation_script

from .. import evidence_book, minibook
from .conftest import OpenPage, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book as an edition below a path of a site, in a folder of the edition's name."""
    root = tmp_path_factory.mktemp("reader-browser")
    settings = evidence_book.write_sources(root / "source")
    built = minibook.build(root / "source", root / "site" / "books" / minibook.EDITION["id"], **settings)
    finish_site(built, edition=minibook.EDITION)
    write_not_found(built, "小书", minibook.EDITION)
    return built


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Shows the edition's 404.html for whatever is missing, as a web server is told to."""

    page = b""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serving(handler: type, folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    with serving(type("Handler", (_Handler,), {"page": (folder / FILE).read_bytes()}), folder.parents[1]) as address:
        yield f"{address}/books/{minibook.EDITION['id']}/"


@pytest.mark.parametrize("wrong", ["nowhere.html", "a/b/c/d.html", "a/b/", "%E6%B2%A1%E6%9C%89.html"])
def test_from_any_depth_a_wrong_address_leads_home(open_page: OpenPage, served: str, wrong: str) -> None:
    opened = open_page(served + wrong)
    assert "没有这一页" in opened.page.inner_text("h1")
    assert opened.page.evaluate("getComputedStyle(document.body).borderTopWidth") == "3px"
    assert opened.violations == []
    opened.page.click("#home")
    assert opened.page.url == served + "index.html"
    assert "小书" in opened.page.inner_text("h1")


def test_a_wrong_address_in_a_site_leads_to_the_list_of_its_editions(open_page: OpenPage, folder: Path) -> None:
    name = minibook.EDITION["id"]
    page = site_not_found_page("小书", ["2099.01", name]).encode("utf-8")
    handler = type("Handler", (_Handler,), {"page": page})
    with serving(handler, folder.parents[1]) as address:
        opened = open_page(f"{address}/books/{name}/a/nowhere.html")
        assert opened.violations == []
        assert opened.page.evaluate("document.getElementById('home').href") == f"{address}/books/index.html"
        opened = open_page(f"{address}/books/nowhere.html")
        assert opened.page.evaluate("document.getElementById('home').href") == f"{address}/"


def test_opened_from_the_folder_it_leads_to_the_first_page(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / FILE)
    opened.page.click("#home")
    assert opened.page.url == (folder / "index.html").resolve().as_uri()
    assert opened.faults(folder) == []


def pasted(page: Any) -> str:
    """Return what the clipboard holds, by pasting it into the search field."""
    page.click(".db-search-open")
    page.fill("#db-search-input", "")
    page.keyboard.press("Control+v")
    return str(page.input_value("#db-search-input"))


def test_a_citation_is_copied_from_a_folder(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html").page
    page.click("#db-cite summary")
    page.locator(".db-copy-text").first.click()
    wait_for(page, "() => document.querySelector('.db-copy-text').textContent === '已复制'")
    # No address and no day: a file on somebody's disk is not where others can look it up.
    assert pasted(page) == page.locator(".db-citation-text").first.inner_text()


def test_a_citation_of_an_online_page_gets_day_and_address(open_page: OpenPage, served: str) -> None:
    page = open_page(served + "first.html").page
    page.click("#db-cite summary")
    page.locator(".db-copy-text").first.click()
    wait_for(page, "() => document.querySelector('.db-copy-text').textContent === '已复制'")
    day = page.evaluate("new Date().toLocaleDateString('sv')")
    assert pasted(page) == page.locator(".db-citation-text").first.inner_text() + f"[{day}]. {served}first.html."


def test_where_copying_is_refused_the_citation_is_selected(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / "first.html")
    opened.page.context.add_init_script(
        "document.execCommand = () => false; Object.defineProperty(navigator, 'clipboard', {value: undefined});"
    )
    opened.page.reload()
    opened.page.click("#db-cite summary")
    opened.page.locator(".db-copy-text").first.click()
    wait_for(opened.page, "() => document.querySelector('.db-copy-text').textContent === '已选中'")
    assert opened.page.evaluate("String(getSelection())") == opened.page.locator(".db-citation-text").first.inner_text()


def test_the_address_of_a_number_is_copied_and_opens_its_evidence(open_page: OpenPage, folder: Path) -> None:
    opened = open_page(folder / "first.html")
    page = opened.page
    page.click("#num-gap")
    page.click("#db-evidence-view .db-permalink")
    wait_for(page, "() => document.querySelector('.db-permalink').textContent === '已复制'")
    page.keyboard.press("Escape")
    address = pasted(page)
    assert address.endswith("first.html#num-gap")
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("#db-evidence-view:not([hidden])")
    assert page.get_attribute("#num-gap", "aria-expanded") == "true"
    assert opened.violations == []


def figure(figure_id: str, published: str, value: float, unit: str, **changes: Any) -> dict[str, Any]:
    """Return a figure as reconciliation-data.js holds it."""
    same = {"high": None, "factor": 1.0, "counted": False, "precision": 1.0, "qualifier": "exact", "verdict": "input"}
    return {"id": figure_id, "published": published, "value": value, "unit": unit, **same, **changes}


def test_an_input_is_changed_in_the_view_and_the_verdict_follows_at_once(open_page: OpenPage, folder: Path) -> None:
    inputs = {"a": "000-0001", "b": "000-0002"}
    content = {
        "qualifiers": {
            "exact": {"name": "exact", "lower": "half_unit", "upper": "half_unit", "lowerClosed": True, "upperClosed": False}
        },
        "figures": [
            figure("000-0001", "425亿元", 425.0, "亿元"),
            figure("000-0002", "46266亿元", 46266.0, "亿元"),
            figure("000-0003", "0.92%", 0.92, "%", factor=0.01, precision=0.01, verdict="reproduced"),
            figure("000-0004", "75家", 75.0, "家", verdict="contradicted"),
        ],
        "formulas": [
            {
                "figure": "000-0003",
                "reading": "占比",
                "expression": "a/b",
                "tree": ["/", ["name", "a"], ["name", "b"]],
                "inputs": inputs,
            },
            {
                "figure": "000-0004",
                "reading": "和",
                "expression": "a+b",
                "tree": ["+", ["name", "a"], ["name", "b"]],
                "inputs": inputs,
            },
        ],
    }
    (folder / "_static" / "reconciliation-data.js").write_text(recalculation_script(content), encoding="utf-8")
    opened = open_page(folder / "first.html")
    page = opened.page
    page.click("dt .evidence")
    page.click(".evidence-try")
    field = page.get_by_label("把印刷数 425亿元 改为")
    field.wait_for()
    assert "试算 0.918601 %" in page.inner_text(".evidence-tried")
    assert page.is_disabled(".evidence-reset")
    field.fill("850")
    assert "1.8372 %" in page.inner_text(".evidence-tried")
    assert "不符（原：一致）" in page.inner_text(".evidence-tried")
    # What else the print enters is told as well.
    assert "75家（000-0004）：47116" in page.inner_text(".evidence-trying ul:last-of-type")
    page.click(".evidence-reset")
    assert field.input_value() == "425"
    assert "0.918601" in page.inner_text(".evidence-tried")
    assert page.inner_text(".evidence-trying ul:last-of-type") == ""
    assert opened.faults(folder) == []


def test_the_way_up_shows_on_a_long_page_only_when_far_down(open_page: OpenPage, folder: Path) -> None:
    page = open_page(folder / "first.html", height=500).page
    assert not page.is_visible(".db-top")
    page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    page.wait_for_selector(".db-top", state="visible")
    page.click(".db-top")
    wait_for(page, "() => window.pageYOffset < 200")
    assert not open_page(folder / "plain.html").page.is_visible(".db-top")
