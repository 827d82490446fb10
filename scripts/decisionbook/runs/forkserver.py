"""The fork server: a process that has imported what chapters need, and forks a Jupyter kernel for each run.

It speaks over one inherited socket pair and has no address of its own, so that nobody else can reach it. Each kernel
has a socket pair too: the server says its process id and its exit status there, takes signals to pass on, and kills
the kernel when the other end closes. When its parent goes, however it goes, the server kills its kernels, removes the
folder of sockets and ends. It is single-threaded: only then is a fork safe.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import socket
import struct
import sys
import time
from typing import Any, NamedTuple

from . import confine

# Modules of analysis/ are left out: which of them a chapter imports is part of what its run depends on.
PRELOADED = (
    "numpy",
    "pandas",
    "scipy.optimize",
    "altair",
    "vl_convert",
    "myst_nb.ext.glue",
    "decisionbook.notebook",
    "decisionbook.charts",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    # Imported late by every kernel: two thirds of the start of a forked one.
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "pdb",
    "sqlite3",
    "tornado.platform.asyncio",
)
# Large, and used by some chapters: imported while the server has nothing to do.
WHEN_IDLE = ("scipy.stats",)
_IDLE_SECONDS = 0.3
_HEADER = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1


class Request(NamedTuple):
    """What a client asks for: a kernel with these arguments, environment, working folder and descriptors."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str | None
    output: list[int]


def send(connection: socket.socket, content: Any, descriptors: list[int]) -> None:
    """Send one message with open file descriptors."""
    body = json.dumps(content).encode("ascii")
    header = _HEADER.pack(len(body))
    if descriptors:
        socket.send_fds(connection, [header], descriptors)
    else:
        connection.sendall(header)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """Return the next message with its descriptors, None at the end of the connection."""
    descriptors = array.array("i")
    flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
    header, ancillary, _, _ = connection.recvmsg(_HEADER.size, socket.CMSG_LEN(3 * descriptors.itemsize), flags)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    rest = _exactly(connection, _HEADER.size - len(header)) if header else None
    if rest is None:
        return None
    body = _exactly(connection, _HEADER.unpack(header + rest)[0])
    return None if body is None else (json.loads(body), list(descriptors))


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def preload() -> dict[str, str]:
    """Import what kernels need and return the variables that libraries set meanwhile.

    What cannot be imported here fails in the kernel, where its cell is named.
    """
    before = dict(os.environ)
    for name in PRELOADED:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        _rehearse()
    return {name: value for name, value in os.environ.items() if before.get(name) != value}


def _rehearse() -> None:
    """Make a small chart, so that what libraries import and remember at their first use is there for every kernel."""
    import pandas as pd

    from decisionbook.charts import bundle, dot_plot, drawn

    drawn.engine()
    frame = pd.DataFrame({"name": ["a", "b"], "value": [1.0, 2.0]})
    frame.to_string()
    bundle.canonical_spec(dot_plot(frame, category="name", value="value", title="value", unit="%"))


class Server:
    """The loop of the fork server; `serve` returns a request in each new kernel, and None when the server ends."""

    def __init__(self, control: socket.socket, drawing: int = 0) -> None:
        self.control = control
        self.drawing = drawing
        self.parent = os.getppid()
        self.kernels: dict[int, socket.socket] = {}
        self.retired = False
        self.later = list(WHEN_IDLE)
        self.wake, self.waker = socket.socketpair()
        for end in (self.wake, self.waker):
            end.setblocking(False)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def serve(self) -> Request | None:
        """Answer until the parent goes; in a forked child, return what it was asked to run."""
        while not (self.retired and not self.kernels):
            waiting = [self.wake, *self.kernels.values()] + ([] if self.retired else [self.control])
            # The socket tells when the parent goes. The wait has an end for the case that a copy of its end lives on in
            # a child that the parent forked without exec.
            ready = select.select(waiting, [], [], _IDLE_SECONDS if self.later else 1.0)[0]
            if os.getppid() != self.parent:
                break
            if not ready and self.later:
                with contextlib.suppress(Exception):
                    importlib.import_module(self.later.pop(0))
            if self.wake in ready:
                with contextlib.suppress(BlockingIOError):
                    self.wake.recv(4096)
            for pid, channel in list(self.kernels.items()):
                if channel in ready:
                    self._listen(pid, channel)
            self._reap()
            if self.control in ready:
                message = receive(self.control)
                if message is None:
                    break
                if message[0] == "retire":
                    self.retired = True
                elif self._fork(message[1][0]):
                    arguments, environment, folder = message[0]
                    return Request(arguments, environment, folder, message[1][1:])
                else:
                    for descriptor in message[1][1:]:
                        os.close(descriptor)
        return None

    def _fork(self, descriptor: int) -> bool:
        """Fork a kernel; return whether this is the new process."""
        channel = socket.socket(fileno=descriptor)
        server = os.getpid()
        pid = os.fork()
        if pid:
            self.kernels[pid] = channel
            with contextlib.suppress(OSError):
                channel.sendall(b'{"pid": %d}\n' % pid)
            return False
        os.setsid()
        _die_with_parent(server)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for end in (self.control, self.wake, self.waker, channel, *self.kernels.values()):
            end.close()
        self.kernels.clear()
        return True

    def _listen(self, pid: int, channel: socket.socket) -> None:
        """Pass signals on; a closed channel means that nobody wants the kernel any more."""
        try:
            numbers = channel.recv(64)
        except OSError:
            numbers = b""
        for number in numbers or bytes([signal.SIGKILL]):
            try:
                os.killpg(pid, number)
            except ProcessLookupError:
                # The kernel has been forked a moment ago and leads no group yet.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        if not numbers:
            os.waitpid(pid, 0)
            self.kernels.pop(pid).close()

    def _reap(self) -> None:
        for pid, channel in list(self.kernels.items()):
            if hasattr(os, "waitid"):
                # Not yet reaped, its process group cannot be anybody else's: what the kernel left running goes with it.
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    continue
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with contextlib.suppress(OSError):
                    channel.sendall(b'{"exit": %d}\n' % os.waitstatus_to_exitcode(status))
                self.kernels.pop(pid).close()

    def close(self) -> None:
        """Kill every kernel and the drawing process, and wait for their end."""
        for pid in [*self.kernels, *([self.drawing] if self.drawing else [])]:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def start_drawing(folder: str) -> tuple[int, str]:
    """Fork the process that draws for all kernels and return its id and the address of its socket."""
    from decisionbook.charts import drawing

    server, path = os.getpid(), os.path.join(folder, f"d{os.getpid()}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        pid = os.fork()
        if pid:
            return pid, path
        try:
            os.setsid()
            _die_with_parent(server)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            gc.enable()
            drawing.serve(listener)
        finally:
            os._exit(0)


def _die_with_parent(parent: int) -> None:
    """Ask the system to kill this process when the server is gone; elsewhere the kernel's own poller sees it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def become_kernel(request: Request, set_by_imports: dict[str, str]) -> None:
    """Turn this forked process into an IPython kernel as `python -m ipykernel_launcher` would start it."""
    for number, descriptor in enumerate(request.output, start=1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update({**set_by_imports, **request.environment})
    if limits := os.environ.get(confine.VARIABLE):
        confine.confine(json.loads(limits))
    if request.folder:
        os.chdir(request.folder)
    time.tzset()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    gc.enable()
    from ipykernel import kernelapp

    sys.argv = ["ipykernel_launcher", *request.arguments]
    # The class took its default from the environment when it was imported, in the server.
    kernelapp.IPKernelApp.launch_instance(argv=request.arguments, parent_handle=os.getppid())


def main() -> None:
    """Serve until the parent goes.

    Arguments: the number of the socket's descriptor, the folder to remove at the end, and whether the kernels' network
    is open or closed.
    """
    descriptor, folder, network = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    if sys.path and sys.path[0] == "":
        del sys.path[0]  # as in ipykernel_launcher: the working folder is no place to import from
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    # A request to end is an orderly end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if network == "closed":
        confine.close_network()  # now, while there is one thread
    gc.disable()
    set_by_imports = preload()
    # What has been imported stays for good: a collection in a kernel need not touch, and so copy, its pages.
    gc.freeze()
    drawing = 0
    with contextlib.suppress(Exception):  # then every kernel draws for itself
        drawing, set_by_imports["DECISIONBOOK_DRAWING"] = start_drawing(folder)
    server = Server(control, drawing)
    pid = os.getpid()
    try:
        request = server.serve()
    finally:
        if os.getpid() == pid:
            server.close()
            if not server.retired:
                shutil.rmtree(folder, ignore_errors=True)
    if request is not None:
        become_kernel(request, set_by_imports)


if __name__ == "__main__":
    main()
