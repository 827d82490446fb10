"""Shared fixtures: the project as it is, copies of it to break, the source texts, and one build for all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from decisionbook.project import Project

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Project:
    """The project that is under test; never written to."""
    return Project(ROOT)


def copy_project(target: Path) -> Project:
    """Copy what a build reads into `target`."""
    for name in ("data", "notebooks", "book"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return Project(target)


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, Callable[[str], str]], Project]:
    """Return a function that copies the project and rewrites one of its files."""

    def change(name: str, rewrite: Callable[[str], str]) -> Project:
        copy = copy_project(tmp_path / "project")
        path = copy.root / name
        before = path.read_text(encoding="utf-8")
        after = rewrite(before)
        assert after != before, "the test must change the file"
        path.write_text(after, encoding="utf-8")
        return copy

    return change


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder with the source texts; without it the test is skipped, in CI it fails."""
    named = Path(os.environ.get("DECISIONBOOK_SOURCES", ROOT.parent / "shared" / "sources"))
    if not named.is_dir():
        message = f"the source texts are not at {named}: places are not verified (set DECISIONBOOK_SOURCES)"
        if os.environ.get("DECISIONBOOK_REQUIRE_SOURCES"):
            pytest.fail(message)
        pytest.skip(message)
    return named


needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js is not installed: the page's arithmetic is not compared with Python's"
)

# Any name looked up, and any address but this machine's, fails at once: what works here works without internet.
ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


def chromium_path() -> str | None:
    """Return the browser to start: CHROMIUM, one of the system's, or None for Playwright's own."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))
    return named or next(filter(None, found), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Chromium that reaches nothing but files and this machine; skips where there is none."""
    reason = "playwright is not installed: no page is opened in a browser"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    with sync_api.sync_playwright() as playwright:
        # A container's root may not use Chromium's sandbox; everyone else keeps it.
        arguments = [*ARGUMENTS, "--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else ARGUMENTS
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium can be started (set CHROMIUM to its path): {str(error).splitlines()[0]}")
        yield browser
        browser.close()


# Folders whose modules share what takes long to make: a hostile book and a small one, built once a worker.
_TOGETHER = ("tests/hostile/", "tests/browser/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the modules of such a folder on one worker; any other module is a unit by itself, as `--dist loadscope` says."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFixture(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))

    return ByFixture(config, log)
