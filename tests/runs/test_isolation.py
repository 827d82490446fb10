"""Runs apart: no secret reaches a notebook, no network, and time, memory and output have an end that is told."""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import dataclasses
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from papermill.exceptions import PapermillExecutionError

from decisionbook.data.context import RunContext
from decisionbook.data.declarations import load_chapter
from decisionbook.data.limits import Limits, limits_of, parse_limits
from decisionbook.errors import InputError, RunFailed
from decisionbook.project import Project
from decisionbook.runs import confine, execute, warm
from decisionbook.runs.cache import RunCache
from decisionbook.runs.execute import read_notebook, run_notebook
from decisionbook.runs.surroundings import inherited

from ..conftest import copy_project
from .helpers import alive, children, context_with, running, say, within

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc; memory and namespaces are Linux's"),
]
KINDS = pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "one", "GITHUB_TOKEN": "two", "https_proxy": "http://me:three@proxy:1", "PYTHON_API_KEY": "four",
    "JUPYTER_TOKEN": "five", "MY_DATABASE": "six",
}  # fmt: skip


def with_limits(context: RunContext, **limits: Any) -> RunContext:
    return dataclasses.replace(context, limits=limits)


def printed(context: RunContext, chapter: str, *, cold: bool = False) -> str:
    """Run a chapter and return what its last cell printed."""
    notebook, _ = run_notebook(chapter, context, cold=cold)
    return "".join(o.get("text", "") for o in notebook.cells[-1].outputs).strip()


def failure(context: RunContext, chapter: str, *, cold: bool = False) -> str:
    """Run a chapter that is stopped, see that nothing of it stays, and return what is told."""
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with pytest.raises(RunFailed) as caught:
        run_notebook(chapter, context, cold=cold)
    servers = {s.process.pid for s in warm._servers}
    kept = before | servers | {pid for server in servers for pid in _drawing(server)}
    assert within(30, lambda: not any(alive(p.pid) for p in psutil.Process().children(recursive=True) if p.pid not in kept))
    return str(caught.value)


def _drawing(server: int) -> set[int]:
    return {pid for pid in children(server) if (Path(warm.workspace().path) / f"d{server}").exists()}


# ---- Variables --------------------------------------------------------------------------------


@KINDS
def test_no_secret_of_the_environment_reaches_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cold: bool) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    look = (
        "import json, os\nown = open('/proc/self/environ').read()\nchild = os.popen('env').read()\n"
        "print(json.dumps([dict(os.environ), own, child]))"
    )
    seen, own, child = json.loads(printed(context_with(Project(tmp_path), "look", "pass", look), "look", cold=cold))
    assert not set(SECRETS) & set(seen)
    for text in (json.dumps(seen), own, child):
        assert not any(f"{name}=" in text or value in re.findall(r"\w+", text) for name, value in SECRETS.items())
    for name in ("PATH", "HOME", "TZ"):
        assert seen[name] == os.environ[name]


def test_a_chapter_names_the_variables_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DATABASE", "six")
    context = context_with(Project(tmp_path), "asks", "pass", "import os\nprint(os.environ.get('MY_DATABASE'))")
    assert printed(context, "asks") == "None"
    (tmp_path / "notebooks" / "asks.yml").write_text("limits:\n  environment: [MY_DATABASE]\n", encoding="utf-8")
    assert printed(context, "asks") == "six"


def test_what_python_and_its_libraries_need_is_inherited() -> None:
    needed = {"PATH", "LANG", "LC_ALL", "PYTHONHASHSEED", "OMP_NUM_THREADS", "JUPYTER_PATH", "DECISIONBOOK_PROJECT"}
    assert set(inherited(dict.fromkeys([*needed, *SECRETS], "x"))) == needed
    assert inherited({"GITHUB_TOKEN": "x", "HOME": "y"}, ["GITHUB_TOKEN"]) == {"GITHUB_TOKEN": "x", "HOME": "y"}


# ---- Network ----------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[int]:
    """A server on this machine that answers whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):  # which ends it
                while True:
                    server.accept()[0].close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@KINDS
@pytest.mark.parametrize(
    "attempt",
    [
        "import urllib.request\nurllib.request.urlopen('http://example.org/data.csv')",
        "import pandas as pd\npd.read_csv('https://example.org/data.csv')",
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "import socket\nsocket.create_server(('0.0.0.0', 0))",
    ],
    ids=["urllib", "pandas", "socket", "datagram", "listening"],
)
def test_a_notebook_that_tries_the_network_is_told_so_at_its_cell(tmp_path: Path, attempt: str, cold: bool) -> None:
    told = failure(context_with(Project(tmp_path), "reach", "pass", attempt), "reach", cold=cold)
    assert f"chapter reach, cell 2 (line 2: “{attempt.splitlines()[1]}”)" in told
    assert "a run has no network, and this one tried to reach" in told
    assert "--allow-network" in told
    assert "network: true under `limits:` in notebooks/reach.yml" in told


@KINDS
def test_child_processes_and_native_code_have_no_network_either(tmp_path: Path, listener: int, cold: bool) -> None:
    """Where the system has namespaces: a process that no audit hook sees does not reach even this machine."""
    if not confine.network_closes():
        pytest.skip("this system does not let a user make a network namespace")
    code = f"import socket; socket.create_connection(('127.0.0.1', {listener}), timeout=5); print('reached')"
    run = f"import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {code!r}], capture_output=True, text=True))"
    context = context_with(Project(tmp_path), "child", "pass", run)
    assert "ConnectionRefusedError" in printed(context, "child", cold=cold)
    assert "reached" in printed(with_limits(context, network=True), "child", cold=cold)


def test_an_ordinary_user_gets_a_network_of_nothing_and_no_privilege(listener: int) -> None:
    """The namespace comes with every privilege in it, which a notebook must not keep."""
    if not confine.network_closes():
        pytest.skip("this system does not let a user make a network namespace")
    # That user may not be able to read this Python: what it would import late is imported now.
    for late in ("ascii", "idna", "utf-8"):
        codecs.lookup(late)

    def step() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            # As after the start of a program: only then may a process map its own user.
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
        user = os.getuid()
        assert confine.close_network()
        assert os.getuid() == user
        assert "CapEff:\t0000000000000000" in Path("/proc/self/status").read_text(encoding="ascii")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", listener), timeout=5)

    assert confine._in_child(step)


def test_where_no_namespace_is_given_the_process_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise PermissionError("no namespaces here")

    before = os.readlink("/proc/self/ns/net")
    monkeypatch.setattr(confine, "_leave_network", refused)
    assert not confine.network_closes()
    assert not confine.close_network()
    assert os.readlink("/proc/self/ns/net") == before


@KINDS
def test_a_notebook_may_speak_with_itself(tmp_path: Path, cold: bool) -> None:
    inside = (
        "import multiprocessing, socket, threading\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname(), timeout=5)\n"
        "a, b = socket.socketpair(); a.send(b'x')\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    print(sum(pool.map(abs, [-1, -2])), b.recv(1))"
    )
    assert printed(context_with(Project(tmp_path), "inside", "pass", inside), "inside", cold=cold) == "3 b'x'"


def test_the_network_is_allowed_by_a_declaration_or_a_command_and_is_part_of_the_key(tmp_path: Path, listener: int) -> None:
    project = copy_project(tmp_path / "project")
    cell = f"import socket\nsocket.create_connection(('localhost', {listener}), timeout=5)\nprint('reached')"
    context = context_with(project, "open", "pass", cell)
    assert "reached" not in _attempt(context)
    assert printed(with_limits(context, network=True), "open") == "reached"
    notebook = read_notebook(project.notebook("open"), "open")
    contexts = (context, with_limits(context, network=True), with_limits(context, memory_mb=2000))
    keys = {RunCache(c).key("open", notebook, {}) for c in contexts}
    assert len(keys) == 2, "the network shapes a result, the memory does not"
    (project.notebooks / "open.yml").write_text("limits:\n  network: true\n", encoding="utf-8")
    assert printed(context, "open") == "reached"


def _attempt(context: RunContext) -> str:
    try:
        return printed(context, "open")
    except RunFailed as error:
        return str(error).replace("tried to reach", "")


def test_open_and_closed_kernels_alternate_without_new_servers(tmp_path: Path) -> None:
    context = context_with(Project(tmp_path), "both", "pass", "import os\nprint(os.getppid())")
    pids = [printed(with_limits(context, network=n % 2 == 1), "both") for n in range(4)]
    assert pids[:2] == pids[2:]
    assert pids[0] != pids[1]


# ---- Time -------------------------------------------------------------------------------------


@KINDS
def test_a_cell_and_a_run_that_take_too_long_are_stopped(tmp_path: Path, cold: bool) -> None:
    stubborn = "import signal, subprocess, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsubprocess.Popen(['sleep', '600'])"
    context = context_with(Project(tmp_path), "slow", "pass", stubborn, "time.sleep(600)")
    told = failure(with_limits(context, cell_seconds=3), "slow", cold=cold)
    assert "chapter slow, cell 3 (“time.sleep(600)”) took longer than 3 s" in told
    assert "raise cell_seconds (--cell-timeout SECONDS) under `limits:` in notebooks/slow.yml" in told
    steady = context_with(Project(tmp_path), "steady", "import time", *["time.sleep(0.7)"] * 4)
    told = failure(with_limits(steady, cell_seconds=30, run_seconds=2), "steady", cold=cold)
    assert re.search(r"cell \d .* the run took longer than 2 s", told)


# ---- Memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greedy", "cold"),
    [
        ("kept = []\nwhile True:\n    kept.append(bytearray(10_000_000))", True),
        ("kept = []\nwhile True:\n    kept.append({'a': 1})", False),
        ("import numpy as np\nkept = [np.ones(2_000_000) for _ in range(10**6)]", False),
    ],
    ids=["large", "small", "numpy"],
)
def test_a_run_that_allocates_without_end_is_stopped(tmp_path: Path, greedy: str, cold: bool) -> None:
    context = with_limits(context_with(Project(tmp_path), "greedy", "pass", greedy), memory_mb=700, cell_seconds=60)
    told = failure(context, "greedy", cold=cold)
    # Which line asks for what is one too many is nobody's to say.
    named = re.search(r"^chapter greedy, cell 2 \((?:line \d: )?“(.*)”\) needs more than 700 MB of memory", told)
    assert named, told
    assert named[1] in greedy
    assert "raise memory_mb (--memory MB) under `limits:` in notebooks/greedy.yml" in told


@KINDS
def test_a_kernel_that_native_code_ends_is_told_with_its_cell(tmp_path: Path, cold: bool) -> None:
    context = context_with(Project(tmp_path), "native", "pass", "x = 1", "import os\nos.abort()")
    told = failure(context, "native", cold=cold)
    assert "chapter native, cell 3 (“import os”) ended its kernel (signal 6, SIGABRT)" in told
    assert "--memory MB" in told


@KINDS
def test_the_default_leaves_room_for_what_chapters_use(tmp_path: Path, cold: bool) -> None:
    """Frames, threads and the drawing engine reserve much more than they use: the limit does not count that."""
    work = (
        "import threading, time\nimport altair as alt, pandas as pd, vl_convert, duckdb\n"
        "threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(60)]\n[t.start() for t in threads]\n"
        "spec = alt.Chart(pd.DataFrame({'a': range(1000)})).mark_bar().encode(x='a:Q').to_dict()\n"
        "vl_convert.vegalite_to_svg(spec)\nframe = pd.DataFrame({c: range(10**6) for c in 'abcdefgh'})\n"
        "print(duckdb.sql('select count(*) from frame').fetchall()[0][0])"
    )
    context = with_limits(context_with(Project(tmp_path), "works", "pass", work), memory_mb=4096)
    assert printed(context, "works", cold=cold) == "1000000"


# ---- Output -----------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize(
    ("flood", "told_by"),
    [
        ("print('x' * 100_000_000)", "puts out more than 20 MB"),
        ("for _ in range(10**9):\n    print('x' * 1000)", "puts out more than 20 MB"),
        ("from IPython.display import HTML\nHTML('x' * 100_000_000)", "puts out more than 20 MB"),
        ("import os\nos.system('yes 0123456789')", "put out more than 20 MB and was stopped"),
    ],
    ids=["one print", "many prints", "shown", "child process"],
)
def test_a_flood_of_output_is_stopped_and_fills_no_memory(tmp_path: Path, flood: str, told_by: str, cold: bool) -> None:
    context = with_limits(context_with(Project(tmp_path), "flood", "pass", flood), cell_seconds=60)
    printed(context_with(Project(tmp_path), "calm", "pass", "pass"), "calm", cold=cold)
    before = psutil.Process().memory_info().rss
    told = failure(context, "flood", cold=cold)
    named = re.search(r"^chapter flood, cell 2 \((?:line \d: )?“(.*)”\)", told)
    assert named, told
    assert named[1] in flood
    assert told_by in told
    assert "raise output_mb under `limits:` in notebooks/flood.yml" in told
    assert psutil.Process().memory_info().rss - before < 200 << 20


# ---- Declarations and stock tools --------------------------------------------------------------


def test_limits_are_declared_and_every_fault_is_told(tmp_path: Path) -> None:
    given = {"cell_seconds": 0, "memory": 5, "network": "no", "environment": "HOME", "output_mb": 3}
    limits, problems = parse_limits(given, "notebooks/x.yml")
    assert limits.output_mb == 3
    said = "\n".join(map(str, problems))
    assert len(problems) == 4
    for part in ("at least 1", 'Did you mean "memory_mb"?', "true or false", "a list of names"):
        assert part in said
    assert parse_limits(["network"], "x")[1]
    project = copy_project(tmp_path / "project")
    path = project.notebooks / "industry_revenue_share.yml"
    path.write_text(path.read_text(encoding="utf-8") + "limits:\n  run_seconds: 77\n", encoding="utf-8")
    assert load_chapter(project, "industry_revenue_share").limits.run_seconds == 77
    overridden = limits_of(project, "industry_revenue_share", {"memory_mb": 9, "run_seconds": None})
    assert overridden == Limits(run_seconds=77, memory_mb=9)
    path.write_text(path.read_text(encoding="utf-8").replace("run_seconds", "run_second"), encoding="utf-8")
    with pytest.raises(InputError, match="run_seconds"):
        limits_of(project, "industry_revenue_share")


def test_a_kernel_that_a_stock_client_starts_is_not_confined(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DATABASE", "six")
    look = f"import os, socket\nsocket.create_connection(('127.0.0.1', {listener}))\nprint(os.environ['MY_DATABASE'])"
    with running() as client:
        assert say(client, look) == "six"


def test_a_cell_that_fails_without_a_word_is_told_as_want_of_memory() -> None:
    mute = PapermillExecutionError(1, 2, "kept = []", "CellExecutionError", "", [])
    told = execute._failure("greedy", "cell 2 (“kept = []”)", mute, Limits(memory_mb=700), {}, ())
    assert "cell 2 (“kept = []”) needs more than 700 MB of memory, it seems" in told
    known = PapermillExecutionError(1, 2, "kept = []", "CellExecutionError", "a reason", [])
    assert "CellExecutionError: a reason" in execute._failure("greedy", "cell 2", known, Limits(), {}, ())
