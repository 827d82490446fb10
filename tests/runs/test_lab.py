"""What JupyterLab does with a chapter: the plain python3 kernel, no command line, no network."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from jupyterlab_server.settings_utils import get_settings
from nbclient import NotebookClient

from decisionbook import charts, notebook
from decisionbook.errors import InputError
from decisionbook.project import find_project
from decisionbook.runs.execute import findings_of, normalise

from ..conftest import ROOT

CHAPTER = ROOT / "notebooks" / "base_station_growth.ipynb"


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    """A kernel as JupyterLab starts it, in which a chapter's imports have run."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(CHAPTER.parent))
    client.execute_interactive("from decisionbook import notebook as nb\nfrom decisionbook import charts", timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def reply(client: BlockingKernelClient, request: str, code: str) -> dict[str, Any]:
    return getattr(client, request)(code, len(code), reply=True, timeout=60)["content"]


@pytest.mark.parametrize(("name", "module"), [("nb", notebook), ("charts", charts)])
def test_tab_offers_what_a_chapter_may_use_and_nothing_else(kernel: BlockingKernelClient, name: str, module: Any) -> None:
    assert sorted(reply(kernel, "complete", f"{name}.")["matches"]) == sorted(module.__all__)


def test_help_shows_signature_and_docstring(kernel: BlockingKernelClient) -> None:
    text = reply(kernel, "inspect", "nb.find")["data"]["text/plain"]
    assert "override" in text
    assert "Return the value of an indicator" in text


def test_a_notebook_outside_the_project_is_told_what_its_user_can_do(kernel: BlockingKernelClient, tmp_path: Path) -> None:
    found = executed(kernel, f"from decisionbook.project import find_project\nfind_project({str(tmp_path)!r})")
    assert "papermill --cwd PROJECT/notebooks" in found
    assert "--project" not in found, "an option of a command that this user did not start"
    with pytest.raises(InputError, match="--project DIR"):
        find_project(tmp_path)


def executed(client: BlockingKernelClient, code: str, cell: str | None = None) -> str:
    """Execute a cell as JupyterLab does, which tells its id, and return the error's message, an empty text without one."""
    # After an error a kernel answers what is already queued with "aborted"; the next request of a test must not be among it.
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
    client.shell_channel.send(message)
    while (answer := client.get_shell_msg(timeout=120))["parent_header"].get("msg_id") != message["header"]["msg_id"]:
        pass
    assert answer["content"]["status"] in ("ok", "error")
    return str(answer["content"].get("evalue", ""))


def test_a_cell_that_is_run_again_records_anew_and_another_cell_may_not(kernel: BlockingKernelClient) -> None:
    assert executed(kernel, 'p = nb.start("visitor_flow", globals())', "first") == ""
    assert executed(kernel, 'nb.record("again", 1.0)', "one") == ""
    assert executed(kernel, 'nb.record("again", 2.0)', "one") == ""
    assert "used once" in executed(kernel, 'nb.record("again", 2.0)', "two")
    assert "used once" in executed(kernel, 'nb.record("again", 2.0)')
    assert "used once" in executed(kernel, 'nb.record("twice", 1.0); nb.record("twice", 1.0)', "three")


def test_a_run_from_the_first_cell_to_the_last_gives_the_committed_findings() -> None:
    committed = nbformat.read(CHAPTER, as_version=4)
    again = nbformat.read(CHAPTER, as_version=4)
    for cell in again.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(again, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(CHAPTER.parent)}}).execute()
    normalise(again)
    values = [{name: f["value"] for name, f in findings_of(n).items()} for n in (again, committed)]
    assert values[0] == values[1]


def test_charts_are_shown_without_a_network() -> None:
    """JupyterLab has no renderer of Vega-Lite 6: it shows the picture beside it, which needs nothing else."""
    shown = [
        output["data"]
        for cell in nbformat.read(CHAPTER, as_version=4).cells
        for output in cell.get("outputs", [])
        if "application/vnd.vegalite.v6+json" in output.get("data", {})
    ]
    assert shown
    for data in shown:
        assert data["image/svg+xml"].startswith("<svg")
        assert "http" not in data["image/svg+xml"].replace("http://www.w3.org/", "")


def test_lab_asks_nothing_that_needs_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    named = re.search(
        r'JUPYTER_CONFIG_PATH="\$\(CURDIR\)/([^"]+)" \$\(BIN\)/jupyter lab', (ROOT / "Makefile").read_text(encoding="utf-8")
    )
    assert named
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(ROOT / named[1]))
    plugin = "@jupyterlab/apputils-extension:notification"
    share = Path(sys.prefix, "share", "jupyter", "lab")
    settings = get_settings(str(share / "settings"), str(share / "schemas"), "", schema_name=plugin)[0]
    found = settings["schema"]["properties"]
    assert (found["fetchNews"]["default"], found["checkForUpdates"]["default"]) == ("false", False)
