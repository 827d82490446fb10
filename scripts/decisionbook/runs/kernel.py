"""Warm kernels: a Jupyter kernel provisioner whose kernels are forked from a process that has done the imports.

The kernelspec `decisionbook` below `JUPYTER_FOLDER` selects it; papermill, nbclient, nbval and any other client start
such kernels by that name once the folder is in JUPYTER_PATH (`python -m decisionbook.runs.kernel` prints it). Kernels
of one process share what its fork server inherited when it started: PYTHONHASHSEED, and all else that Python and its
libraries read from the environment while they are imported. A server is replaced when such a variable or a file of
this package changes. Where a process cannot be forked the ordinary provisioner serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict, Unicode
from traitlets.config import Config

from ..data.limits import Limits
from . import confine
from .surroundings import inherited
from .warm import COLD, JUPYTER_FOLDER, WarmProcess, available, broken, import_key, server_for, workspace

_LAUNCHER = ["-m", "ipykernel_launcher"]
_CONFINED = "from decisionbook.runs.confine import start_confined_kernel; start_confined_kernel()"
_log = logging.getLogger(__name__)


def use_kernelspec() -> None:
    """Let Jupyter clients in this process find the kernelspec `decisionbook` and its provisioner."""
    # Installing the project registers it for every process; a checkout may be newer than what was installed.
    name, value = "decisionbook-fork", f"{ForkProvisioner.__module__}:{ForkProvisioner.__name__}"
    factory = KernelProvisionerFactory
    factory.provisioners.setdefault(name, EntryPoint(name, value, factory.GROUP_NAME))
    paths = [p for p in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if p]
    if str(JUPYTER_FOLDER) not in paths:
        os.environ["JUPYTER_PATH"] = os.pathsep.join([str(JUPYTER_FOLDER), *paths])


def configuration(
    environment: Mapping[str, str], folder: Path, *, cold: bool = False, limits: Limits | None = None, chapter: str = ""
) -> Config:
    """Return the configuration with which a client runs a notebook in `folder` with additional variables.

    With `limits` the kernel inherits no other variables than it needs, and is held to them.
    """
    provisioner = {"environment": dict(environment), "folder": str(folder), "cold": cold}
    if limits is not None:
        provisioner["limits"] = {**asdict(limits), "chapter": chapter}
    client = f"{WarmClient.__module__}.{WarmClient.__name__}"
    return Config({"ForkProvisioner": provisioner, "KernelManager": {"client_class": client}})


_told: set[str] = set()


def _tell_once(message: str) -> None:
    if message not in _told:
        _told.add(message)
        _log.warning(message)


class ForkProvisioner(LocalProvisioner):
    """Provision a kernel by a fork; by the ordinary start of a process where that is not possible."""

    environment = Dict(help="Variables for the kernel besides those of its client.").tag(config=True)
    folder = Unicode(help="The kernel's working folder, when the client names none.").tag(config=True)
    limits = Dict(help="What the kernel may use; nothing limits it when this is empty.").tag(config=True)
    cold = Bool(False, help="Start an ordinary process.").tag(config=True)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Add the environment of the run, and give the kernel sockets that only this user can reach."""
        given = kwargs.get("env")
        around = dict(os.environ if given is None else given)
        if self.limits:
            around = inherited(around, self.limits["environment"]) | {confine.VARIABLE: json.dumps(self.limits)}
        kwargs["env"] = {**around, **self.environment}
        if self.folder:
            kwargs.setdefault("cwd", self.folder)
        if os.name == "posix":
            # A profile of the user's own may run code and change what cells print.
            kwargs["env"]["IPYTHONDIR"] = str(workspace().path / "ipython")
            manager = self.parent
            if manager is not None and manager.transport == "tcp" and not manager.shell_port:
                # Parallel TCP kernels lose races for ports, and anybody on the machine may speak to them.
                manager.cache_ports = False
                manager.transport = "ipc"
                manager.ip = str(workspace().new("k"))
                if not manager.connection_file:
                    manager.connection_file = f"{manager.ip}.json"
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch a kernel and return its connection information."""
        process = None
        if self.limits:
            # What child processes print is in the notebook; an echo of it would fill the terminal of the command.
            kwargs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | kwargs
        if not self.cold and cmd[1:3] == _LAUNCHER:
            process = await self._fork(cmd[3:], kwargs)
        if process is None:
            if self.limits and cmd[1:3] == _LAUNCHER:
                cmd = [cmd[0], "-c", _CONFINED, *cmd[3:]]
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.cwd = cast(Any, process), process.pid, kwargs.get("cwd") or Path.cwd()
        # Signals go through the server: a process group of this number might by now be somebody else's.
        self.pgid = None
        return self.connection_info

    async def _fork(self, arguments: list[str], kwargs: Mapping[str, Any]) -> WarmProcess | None:
        if not available():
            if not os.environ.get(COLD):
                _tell_once("kernels cannot be forked on this system; each starts as a process of its own")
            return None
        folder = kwargs.get("cwd")
        environment = dict(kwargs["env"])
        with contextlib.ExitStack() as opened:
            output = [_descriptor(kwargs.get(name), n, opened) for n, name in ((1, "stdout"), (2, "stderr"))]
            network = not self.limits or self.limits["network"]
            key = import_key(environment, network=network)
            if key in broken:
                return None
            try:
                request = [arguments, environment, os.path.abspath(folder) if folder else os.getcwd()]
                process = server_for(environment, key, network=network).launch(request, output)
            except OSError as error:
                _tell_once(f"the fork server does not start ({error}); each kernel starts as a process of its own")
                return None
        while process.pid is None and process.poll() is None:
            await asyncio.sleep(0.002)
        if process.pid is None:
            broken.add(key)
            _tell_once("the fork server ended while it started; each kernel starts as a process of its own")
            return None
        await self._bound(process)
        return process

    async def _bound(self, process: WarmProcess) -> None:
        """Wait for the kernel's sockets: a client that connects too early tries again only after a tenth of a second."""
        info = self.connection_info
        if info.get("transport") == "ipc":
            deadline = time.monotonic() + 5.0
            sockets = [f"{info['ip']}-{info[name]}" for name in ("hb_port", "iopub_port", "shell_port", "control_port")]
            while not all(map(os.path.exists, sockets)) and process.poll() is None and time.monotonic() < deadline:
                await asyncio.sleep(0.002)

    async def wait(self) -> int | None:
        """Wait for the kernel to end and return its exit status."""
        await self._ended()
        return await super().wait()

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and see it go: clients look again only after a tenth of a second."""
        await super().kill(restart)
        await self._ended(5.0)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Give a kernel that was asked to end a moment to do so, before clients begin to look every tenth of a second."""
        await self._ended(1.0)

    async def _ended(self, timeout: float | None = None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while await self.poll() is None and (deadline is None or time.monotonic() < deadline):
            await asyncio.sleep(0.005)

    async def cleanup(self, restart: bool = False) -> None:
        """Leave nothing behind, also when the client never waited for the end."""
        await super().cleanup(restart)
        if isinstance(self.process, WarmProcess) and not restart:
            self.process.close()


def _descriptor(stream: Any, default: int, opened: contextlib.ExitStack) -> int:
    """Return the descriptor that a kernel's output goes to, as subprocess.Popen would understand `stream`."""
    number = default if stream is None else stream.fileno() if hasattr(stream, "fileno") else int(stream)
    try:
        os.fstat(number)
    except OSError:  # DEVNULL and PIPE are negative numbers; a daemon's standard streams may be closed.
        number = os.open(os.devnull, os.O_WRONLY)
        opened.callback(os.close, number)
    return number


class WarmClient(AsyncKernelClient):
    """A client that does not wait for silence: it is ready when the kernel has answered on both of its channels."""

    def start_channels(
        self, shell: bool = True, iopub: bool = True, stdin: bool = True, hb: bool = True, control: bool = True
    ) -> None:
        """Start the channels but for the heartbeat: the manager sees the process itself."""
        super().start_channels(shell, iopub, stdin, False, control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # type: ignore[override]
        """Wait for a reply and, on the other channel, for the end of that request; raises RuntimeError.

        The stock client asks once a second and then listens until nothing has come for 0.2 seconds.
        """
        deadline = time.monotonic() + (timeout or float("inf"))
        while True:
            request = self.kernel_info()
            reply = await self._message(self.get_shell_msg, request, "kernel_info_reply", 1.0)
            # A subscription may begin after its first message was sent: then ask again.
            if reply and await self._message(self.get_iopub_msg, request, "status", 0.2):
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _message(self, get: Any, request: str, kind: str, timeout: float) -> dict[str, Any] | None:
        from queue import Empty

        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = await get(timeout=left)
            except Empty:
                return None
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == kind:
                return message
        return None


if __name__ == "__main__":
    print(JUPYTER_FOLDER)
