"""Fork servers as their client sees them: one for this process, started when it is needed, and its kernels."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import itertools
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.scratch import Scratch
from . import forkserver
from .surroundings import inherited

KERNEL = "decisionbook"
JUPYTER_FOLDER = Path(__file__).resolve().parent / "jupyter"
COLD = "DECISIONBOOK_COLD"
_SERVER_CODE = "from decisionbook.runs.forkserver import main; main()"
_PACKAGE = Path(__file__).resolve().parents[1]
# What is read while Python starts and libraries are imported: a kernel that differs in it needs a server of its own.
_READ_AT_IMPORT = re.compile(r"PYTHON|PYDEVD|LC_|LANG|LD_|DYLD_|VIRTUAL_ENV$|\w+_NUM_THREADS$")
# A path of a Unix socket has at most 104 characters on some systems.
_LONGEST_FOLDER = 57


def available() -> bool:
    """Return whether kernels can be forked here."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and not os.environ.get(COLD)


class Workspace:
    """A folder of this process that only its user can read: sockets, connection files, files of runs."""

    def __init__(self) -> None:
        base = tempfile.gettempdir()
        self._scratch = Scratch(base if len(base) < _LONGEST_FOLDER else "/tmp")
        self.path = self._scratch.path
        self.owner = os.getpid()
        self._numbers = itertools.count(1)

    def new(self, prefix: str) -> Path:
        """Return a path in the folder that nothing has yet."""
        return self.path / f"{prefix}{next(self._numbers)}"

    def remove(self) -> None:
        """Remove the folder, unless this process only inherited it."""
        if self.owner == os.getpid():
            self._scratch.remove()


class WarmProcess:
    """A forked kernel, with the part of subprocess.Popen that a provisioner uses. It ends when this object goes."""

    stdin = stdout = stderr = None

    def __init__(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._unread = b""
        self.pid: int | None = None
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, None while the kernel runs; that of a kill when its server is gone."""
        if self.returncode is not None:
            return self.returncode
        try:
            part = self._channel.recv(4096)
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        *lines, self._unread = (self._unread + part).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.pid = said.get("pid", self.pid)
            self.returncode = said.get("exit", self.returncode)
        if not part and self.returncode is None:
            self.returncode = -signal.SIGKILL
        if self.returncode is not None:
            self._channel.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when there is one; raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(KERNEL, timeout or 0)
            select.select([self._channel], [], [], left)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Signal the kernel's process group. Its server does it, which knows that the group is still the kernel's."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                self._channel.send(bytes([number]))

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Give the kernel up: its server kills it."""
        self._channel.close()
        if self.returncode is None:
            self.returncode = -signal.SIGKILL


class _Server:
    """The client's side of one fork server."""

    def __init__(self, key: str, environment: Mapping[str, str], workspace: Workspace, *, network: bool) -> None:
        self.key, self.owner, self.retired = key, os.getpid(), False
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVER_CODE, str(theirs.fileno()), str(workspace.path), "open" if network else "closed"],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # A kernel could read what its server was started with; its own variables come with its request.
                env=inherited(environment),
                cwd=workspace.path,
                # A Ctrl-C at the terminal is for the command, which then closes the socket.
                start_new_session=True,
            )

    def usable(self, key: str) -> bool:
        return self.key == key and not self.retired and self.owner == os.getpid() and self.process.poll() is None

    def launch(self, request: Sequence[Any], output: list[int]) -> WarmProcess:
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            forkserver.send(self._control, list(request), [theirs.fileno(), *output])
        return WarmProcess(ours)

    def retire(self) -> None:
        """Let the server end with the last of its kernels."""
        if self.owner == os.getpid() and not self.retired:
            self.retired = True
            with self._lock, contextlib.suppress(OSError):
                forkserver.send(self._control, "retire", [])

    def stop(self) -> None:
        """End the server and its kernels now."""
        self._control.close()
        if self.owner == os.getpid():
            try:
                self.process.wait(2.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


_servers: list[_Server] = []
_workspace: Workspace | None = None
_guard = threading.RLock()
# Servers that ended while they started: the next kernel does not wait for another of the kind.
broken: set[str] = set()


def workspace() -> Workspace:
    """Return the private folder of this process; a forked copy of a process gets one of its own."""
    global _workspace
    with _guard:
        if _workspace is None or _workspace.owner != os.getpid() or not _workspace.path.is_dir():
            _workspace = Workspace()
        return _workspace


def prepare(environment: Mapping[str, str] | None = None, *, network: bool = False) -> None:
    """Start the fork server of this process, so that it imports while the caller does something else."""
    if available():
        with contextlib.suppress(OSError):
            merged = {**os.environ, **(environment or {}), **_kernelspec()["env"]}
            server_for(merged, import_key(merged, network=network), network=network)


def stop() -> None:
    """End the kernels and servers of this process and remove its private folder; the next kernel starts anew."""
    global _workspace
    with _guard:
        servers, _servers[:] = _servers[:], []
        broken.clear()
        for server in servers:
            server.stop()
        if _workspace is not None:
            _workspace.remove()
            _workspace = None


atexit.register(stop)


def _kernelspec() -> dict[str, Any]:
    return json.loads((JUPYTER_FOLDER / "kernels" / KERNEL / "kernel.json").read_text(encoding="utf-8"))


def server_for(environment: Mapping[str, str], key: str, *, network: bool) -> _Server:
    """Return the server whose kernels have this key, started when there is none."""
    with _guard:
        for server in reversed(_servers):
            if server.usable(key):
                return server
        for server in _servers:
            # One that differs in the network alone stays: chapters that may use it alternate with those that may not.
            if server.key.partition(":")[2] != key.partition(":")[2]:
                server.retire()
        _servers[:] = [s for s in _servers if s.owner == os.getpid() and s.process.poll() is None]
        _servers.append(_Server(key, environment, workspace(), network=network))
        return _servers[-1]


def import_key(environment: Mapping[str, str], *, network: bool = True) -> str:
    """Return what a server must have in common with a kernel: network, environment at import, the imported files."""
    digest = hashlib.sha256()
    environment = inherited(environment)
    for name in sorted(n for n in environment if _READ_AT_IMPORT.match(n)):
        digest.update(f"{name}={environment[name]}\0".encode("utf-8", "surrogateescape"))
    for path in sorted(_PACKAGE.rglob("*.py")):
        if path.relative_to(_PACKAGE).parts[0] not in ("cli.py", "editions", "render", "reconcile"):
            status = path.stat()
            digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\0".encode())
    return f"{'open' if network else 'closed'}:{digest.hexdigest()}"
