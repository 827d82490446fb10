"""Warm kernels: as private, separate and mortal as ordinary ones, and with the same results."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError, DeadKernelError

from decisionbook.data import scratch
from decisionbook.data.context import RunContext
from decisionbook.errors import RunFailed
from decisionbook.project import Project
from decisionbook.runs import kernel, warm
from decisionbook.runs.execute import execute, run_notebook

from ..conftest import ROOT
from .helpers import alive, children, context_with, notebook_of, running, say, server_of, within

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc; kernels are forked on Linux and macOS"),
]

POLLUTE = """
import builtins, math, os, random, signal, sys, tempfile, numpy, pandas
math.leaked = builtins.leaked = sys.leaked = 1
numpy.leaked = 1
pandas.set_option("display.max_rows", 7)
os.environ["LEAKED"] = "1"
os.chdir("/")
os.umask(0)
signal.signal(signal.SIGUSR1, lambda *_: None)
kept = open("/dev/zero", "rb")
sys.path.append("/leaked")
random.seed(1); numpy.random.seed(1)
print(os.getpid())
"""
LOOK = """
import builtins, json, math, os, random, signal, sys, threading, time, numpy, pandas
now = os.umask(0); os.umask(now)
fds = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd") if n != "0"]
names = [os.readlink(f) for f in fds if os.path.lexists(f)]
signals = [s for s in signal.valid_signals() if isinstance(s, signal.Signals)]
print(json.dumps({
  "leaked": [m.__name__ for m in (math, builtins, sys, numpy) if hasattr(m, "leaked")],
  "rows": pandas.get_option("display.max_rows"),
  "environment": {k: v for k, v in os.environ.items() if k not in ("JPY_PARENT_PID", "_", "DECISIONBOOK_DRAWING")},
  "folder": os.getcwd(), "umask": now, "path": sys.path,
  "argv": sys.argv[0].rpartition("/")[2].removesuffix(".py"),
  "handlers": {s.name: str(signal.getsignal(s)).partition(" at ")[0] for s in signals},
  "blocked": [int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
  "files": sorted({p.partition(":")[0] for p in names} - {"/dev/null"}),
  "sockets": sum(p.startswith("socket") for p in names),
  "leader": os.getsid(0) == os.getpid(), "main": __name__, "zone": time.tzname,
  "random": [random.random(), float(numpy.random.random())],
}))
"""


def test_a_run_leaves_nothing_to_the_next_and_looks_like_an_ordinary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    with running(folder=tmp_path) as first:
        pid = int(say(first, POLLUTE))
        # A second kernel while the first one lives: descriptors of the one must not be open in the other.
        with running(folder=tmp_path, environment={"OWN": "1"}) as second:
            warm = json.loads(say(second, LOOK))
    with running(folder=tmp_path, environment={"OWN": "1"}) as third:
        again = json.loads(say(third, LOOK))
    with running(folder=tmp_path, environment={"OWN": "1"}, cold=True) as ordinary:
        cold = json.loads(say(ordinary, LOOK))
    assert not alive(pid)
    assert warm["leaked"] == []
    assert warm["environment"]["OWN"] == "1"
    assert warm["folder"] == str(tmp_path)
    assert warm["random"] != again["random"]
    for look in (warm, again, cold):
        look.pop("random")
    assert warm == again
    assert warm == cold


def test_an_interrupt_stops_the_cell_and_not_the_kernel(tmp_path: Path) -> None:
    began = tmp_path / "began"
    with running() as client:

        def interrupt() -> None:
            assert within(40, began.exists)
            client.km.provisioner.process.send_signal(signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
            say(client, f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(40)")
        assert say(client, "print('still here')") == "still here"


def test_a_restart_forgets() -> None:
    with running() as client:
        before = int(say(client, "import os\nx = 1\nprint(os.getpid())"))
        client.kc.stop_channels()
        from jupyter_core.utils import run_sync

        run_sync(client.km.restart_kernel)(now=False)
        client.start_new_kernel_client()
        after, known = say(client, "import os\nprint(os.getpid(), 'x' in globals())").split()
        assert (int(after) != before, known) == (True, "False")
        assert not alive(before)


def test_a_cell_that_takes_too_long_is_told_and_its_kernel_ends(tmp_path: Path) -> None:
    execute("calm", context_with(Project(tmp_path), "calm", "pass"), tmp_path / "calm.ipynb")
    context = context_with(Project(tmp_path), "slow", "pass", "import time\ntime.sleep(60)")
    before = _kernels()  # the drawing process of each server
    with pytest.raises(RunFailed, match=r"chapter slow, cell 2 .* took longer than 3 s"):
        execute("slow", dataclasses.replace(context, limits={"cell_seconds": 3}), tmp_path / "out.ipynb")
    assert _kernels() == before
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize(
    ("end", "how"), [("os._exit(3)", "(exit 3)"), ("os.kill(os.getpid(), 9)", "(signal 9, SIGKILL)")], ids=["exit", "signal"]
)
def test_the_death_of_a_kernel_is_told_as_it_was(tmp_path: Path, end: str, how: str) -> None:
    context = context_with(Project(tmp_path), "dies", "pass", f"import os\n{end}")
    with pytest.raises(RunFailed, match=r"chapter dies, cell 2 .* ended its kernel") as told:
        execute("dies", context, tmp_path / "out.ipynb")
    assert how in str(told.value)
    # A process that ends itself says nothing of memory; one that is killed may have had none.
    assert ("memory" in str(told.value)) == ("SIGKILL" in how)
    assert "{where}" not in str(told.value)
    with running() as client:
        pid = client.km.provisioner.pid
        with pytest.raises(DeadKernelError):
            say(client, f"import os\n{end}")
        assert client.km.provisioner.process.wait(20) == (3 if "_exit" in end else -9)
        assert not alive(pid)


def test_the_death_of_the_server_takes_its_kernels_and_the_next_run_gets_another() -> None:
    with running() as client:
        pid = client.km.provisioner.pid
        server = server_of(pid)
        os.kill(server.pid, signal.SIGKILL)
        assert within(20, lambda: not alive(pid))
        with pytest.raises(DeadKernelError):
            say(client, "1")
    with running() as client:
        assert say(client, "print(1)") == "1"


def test_several_kernels_at_once_keep_apart(tmp_path: Path) -> None:
    context = context_with(
        Project(tmp_path),
        "many",
        "number = 0",
        "import os, time\ntime.sleep(0.1)\nprint(number, os.getpid(), os.environ['DECISIONBOOK_CONTEXT'])",
    )
    here = os.getcwd()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda n: run_notebook("many", context, {"number": n})[0], range(1, 7)))
    said = [run.cells[-1].outputs[0].text.split() for run in runs]
    assert [int(s[0]) for s in said] == [1, 2, 3, 4, 5, 6]
    assert len({s[1] for s in said}) == len({s[2] for s in said}) == 6
    assert os.getcwd() == here
    assert within(20, lambda: not any(alive(int(s[1])) for s in said))


PARENT = """
import os, sys, time
sys.path.insert(0, {root!r})
from tests.runs.helpers import running, say
from decisionbook.runs import kernel, warm
with running() as client:
    inner = say(client, "import os, subprocess\\nchild = subprocess.Popen(['sleep', '600'])\\nprint(os.getpid(), child.pid)")
    print(inner, warm._servers[-1].process.pid, warm.workspace().path, flush=True)
    {end}
"""


@pytest.mark.parametrize(
    "end",
    ["time.sleep(600)", "os._exit(1)", "os.fork() or time.sleep(600); time.sleep(600)"],
    ids=["killed", "crashed", "killed with a fork of it alive"],
)
def test_nothing_outlives_a_parent_that_dies(end: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(root=str(ROOT), end=end)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    words = parent.stdout.readline().split()
    pids, folder = [int(w) for w in words[:3]], Path(words[3])
    forked = children(parent.pid) - set(pids)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    try:
        assert within(20, lambda: not any(map(alive, pids))), [alive(p) for p in pids]
        assert within(20, lambda: not folder.exists()), list(folder.rglob("*"))
    finally:
        for pid in forked:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def base() -> Iterator[Path]:
    """A temporary folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as made:
        yield Path(made)


def test_what_a_killed_parent_and_server_left_is_removed_by_the_next_process(base: Path) -> None:
    command = [sys.executable, "-c", PARENT.format(root=str(ROOT), end="time.sleep(600)")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(base)})
    assert parent.stdout is not None
    words = parent.stdout.readline().split()
    left, other = Path(words[3]), base / "db-of-another"
    other.mkdir()
    scratch.remove_dead(str(base))
    assert left.parent == base
    assert left.is_dir(), "its owner lives"
    # The server first, and both too quickly for either to tidy up after the other.
    for pid in (int(words[2]), parent.pid):
        os.kill(pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert left.is_dir()
    assert within(20, lambda: not any(alive(int(w)) for w in words[:1]))
    scratch.remove_dead(str(base))
    assert not left.exists()
    assert other.is_dir(), "a folder of another name is somebody else's"


def test_a_parent_that_ends_leaves_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARENT.format(root=str(ROOT), end="pass")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert not any(alive(int(w)) for w in words[:3])
    assert not Path(words[3]).exists()


def test_sockets_and_keys_are_the_user_s_alone() -> None:
    with running() as client:
        folder = warm.workspace().path
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
        assert client.km.transport == "ipc"
        # The kernel's own; the servers that stay for the next kernel have sockets in the same private folder.
        own = Path(client.km.ip).name
        sockets = [p for p in folder.rglob("*") if stat.S_ISSOCK(p.lstat().st_mode) and p.name.startswith(own)]
        assert len(sockets) >= 4
        assert Path(client.km.ip).parent == folder
        assert stat.S_IMODE(Path(client.km.connection_file).stat().st_mode) & 0o077 == 0
    # The kernel takes its sockets down as it ends, a moment after the client has let go.
    assert within(20, lambda: not any(p.exists() for p in sockets))
    assert not Path(client.km.connection_file if client.km else "none").exists()


def test_the_server_is_single_threaded_and_has_no_address() -> None:
    with running() as client:
        server = server_of(client.km.provisioner.pid).pid
        assert len(os.listdir(f"/proc/{server}/task")) == 1
        inodes = {os.readlink(f"/proc/{server}/fd/{n}") for n in os.listdir(f"/proc/{server}/fd")}
        bound = [line.split() for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()[1:]]
        folder = str(warm.workspace().path)
        assert not [b for b in bound if len(b) > 7 and f"socket:[{b[6]}]" in inodes and b[7].startswith(folder)]


def test_another_environment_at_import_gets_another_server() -> None:
    with running() as first:
        server = server_of(first.km.provisioner.pid)
        with running(environment={"PYTHONHASHSEED": "4711"}) as second:
            assert server_of(second.km.provisioner.pid).pid != server.pid
            assert say(second, "print(hash('a'))") == _hash(4711)
            assert say(first, "print('the first still answers')") == "the first still answers"
    assert within(20, lambda: server.poll() is not None)


def _hash(seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return subprocess.run(
        [sys.executable, "-c", "print(hash('a'))"], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def _kernels() -> set[int]:
    return {k for server in warm._servers for k in children(server.process.pid)}


def _no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "available", lambda: False)


def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no processes left")

    monkeypatch.setattr(kernel, "server_for", refuse)


def _server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    warm.stop()
    monkeypatch.setattr(warm, "_SERVER_CODE", "import time; time.sleep(0.3); raise SystemExit(1)")


@pytest.mark.parametrize("trouble", [_no_fork, _no_server, _server_ends])
def test_where_nothing_can_be_forked_an_ordinary_kernel_serves(
    trouble: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trouble(monkeypatch)  # type: ignore[operator]
    monkeypatch.setattr(kernel, "_told", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with running(environment={"OWN": "2"}) as client:
                assert not isinstance(client.km.provisioner.process, warm.WarmProcess)
                assert say(client, "import os\nprint(os.environ['OWN'])") == "2"
    assert len([r for r in caplog.records if "process of its own" in r.message]) == 1
    warm.stop()  # which forgets the trouble


def test_cold_by_choice_says_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(warm.COLD, "1")
    with running() as client:
        assert not isinstance(client.km.provisioner.process, warm.WarmProcess)
    assert not caplog.records


@pytest.mark.parametrize("tool", ["papermill", "nbclient", "nbval"])
def test_stock_tools_use_it_by_name(tool: str, tmp_path: Path) -> None:
    """The tools themselves start and end the kernel, and nothing is left of it."""
    path, out = tmp_path / "n.ipynb", tmp_path / "out.ipynb"
    book = notebook_of("x = 1", "import os, sys\nprint('forked' if 'altair' in sys.modules else 'ordinary')")
    book.cells[0].execution_count, book.cells[1].execution_count = 1, 2
    book.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="forked\n")]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)
    commands = {
        "papermill": ["papermill", "-k", warm.KERNEL, "--language", "python", "-p", "x", "2", str(path), str(out)],
        "nbclient": ["jupyter", "execute", f"--kernel_name={warm.KERNEL}", f"--output={out.stem}", str(path)],
        "nbval": [
            "pytest",
            "--nbval",
            f"--nbval-kernel-name={warm.KERNEL}",
            "-p",
            "no:cacheprovider",
            f"--rootdir={tmp_path}",
            str(path),
        ],
    }
    environment = {**os.environ, "JUPYTER_PATH": str(warm.JUPYTER_FOLDER), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", *commands[tool]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if tool != "nbval":
        assert nbformat.read(out, as_version=4).cells[-1].outputs[0].text == "forked\n"
    assert not list(tmp_path.glob(f"{scratch.PREFIX}*"))


def test_a_chapter_has_the_same_outputs_on_a_warm_and_a_cold_kernel(project: Project, tmp_path: Path) -> None:
    context = RunContext(project, "2024.09", "2024-09-30")
    for name, cold in (("warm", False), ("cold", True)):
        execute("industry_revenue_share", context, tmp_path / name, {"growth": 20}, cold=cold)
    assert (tmp_path / "warm").read_bytes() == (tmp_path / "cold").read_bytes()
