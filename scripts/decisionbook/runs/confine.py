"""What holds a kernel within its limits, applied inside the kernel's own process before its first cell.

The network is closed twice. Where the system lets a user have network namespaces (Linux), the process moves into one
that has nothing but a loopback of its own: native code and child processes are then cut off too. Everywhere an audit
hook turns Python's attempt into an error that says what happened. Memory is limited by RLIMIT_DATA on Linux: it counts
what a process can write to, not the address space that engines reserve and never touch. Output is counted where it is
written, before it fills this process or that of the client.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import ipaddress
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

VARIABLE = "DECISIONBOOK_LIMITS"
# Between the limit that a cell meets and the hard one: telling of the error takes memory too.
HEADROOM_MB = 256
_MARGIN_MB = 64
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_CAPABILITY_VERSION = 0x20080522
_REACHING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"})
_ASKING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


class NetworkBlocked(OSError):
    """A run tried to use the network, which it may not."""


class OutputLimit(RuntimeError):
    """A run printed or showed more than it may."""


def confine(limits: dict[str, Any]) -> None:
    """Hold this process, which is to become a kernel, within its limits: network, memory, output."""
    where = f"`limits:` in notebooks/{limits['chapter']}.yml"
    if not limits["network"]:
        _refuse_network(where)
    _limit_memory(limits["memory_mb"])
    _limit_output(limits["output_mb"], where)


def start_confined_kernel() -> None:
    """Become a kernel as `python -m ipykernel_launcher` would start it, within the limits that a variable names."""
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    limits = json.loads(os.environ[VARIABLE])
    if not limits["network"]:
        close_network()
    confine(limits)
    from ipykernel import kernelapp

    sys.argv[0] = "ipykernel_launcher"
    kernelapp.launch_new_instance()


# ---- Network ----------------------------------------------------------------------------------


def close_network() -> bool:
    """Move this process into a network namespace of its own; return whether the system allows that.

    Only a process with one thread can, so this comes before all imports that start threads.
    """
    if not network_closes():
        return False
    _leave_network()
    return True


def network_closes() -> bool:
    """Return whether this system gives a process of this user a network namespace of its own."""
    return sys.platform == "linux" and _in_child(_leave_network)


def _in_child(step: Callable[[], None]) -> bool:
    """Return whether a step succeeds, tried in a child: one that stops halfway would leave this process nobody's."""
    child = os.fork()
    if not child:
        status = 1
        try:
            step()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _leave_network() -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:  # this process may do so as it is
        _raise_loopback()
        return
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as handle:
            handle.write(content)
    _raise_loopback()
    # The namespace came with every privilege in it; a notebook needs none.
    libc.capset((ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)())


def _raise_loopback() -> None:
    """Let processes of the namespace speak with each other over 127.0.0.1."""
    import fcntl

    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _refuse_network(where: str) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REACHING:
            address = arguments[1] if len(arguments) > 1 else None
            host, port = address[:2] if isinstance(address, tuple) and len(address) >= 2 else (None, None)
        elif event in _ASKING:
            host, port = arguments[0], arguments[1] if len(arguments) > 1 else None
        else:
            return
        # Sockets of the file system, and what is connected already, have no host.
        if host is None or _is_here(host, listening=event == "socket.bind"):
            return
        shown = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        target = f"{shown}:{port}" if port not in (None, 0, "") else shown
        raise NetworkBlocked(
            errno.EACCES,
            f"a run has no network, and this one tried to reach {target}. Put what it fetches into a table (-d TABLE=FILE), "
            f"or allow it: --allow-network, or network: true under {where}",
        )

    sys.addaudithook(hook)


def _is_here(host: Any, *, listening: bool) -> bool:
    """Return whether a host is this machine itself, by its loopback or its own name."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text in ("", "0.0.0.0", "::"):
        return not listening  # to listen there is to listen to everybody
    if text.lower() in ("localhost", socket.gethostname().lower()):
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


# ---- Memory -----------------------------------------------------------------------------------


def _limit_memory(megabytes: int) -> None:
    if sys.platform != "linux":
        return  # elsewhere the system takes the limit and does not hold to it
    import resource

    from ipykernel.zmqshell import ZMQInteractiveShell

    ceiling = resource.getrlimit(resource.RLIMIT_DATA)[1]
    hard = (megabytes + HEADROOM_MB) << 20
    hard = hard if ceiling == resource.RLIM_INFINITY else min(hard, ceiling)
    resource.setrlimit(resource.RLIMIT_DATA, (min(megabytes << 20, hard), hard))
    show = ZMQInteractiveShell.showtraceback

    def show_with_headroom(*arguments: Any, **named: Any) -> Any:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        return show(*arguments, **named)

    ZMQInteractiveShell.showtraceback = show_with_headroom  # type: ignore[method-assign]
    soft = min(megabytes << 20, hard)
    threading.Thread(target=_watch_memory, args=(soft, hard), name="memory limit", daemon=True).start()


def _watch_memory(soft: int, hard: int) -> None:
    """Tell the cell a moment before its last byte is gone.

    Many small objects leave nothing for an error to be made of: the interpreter would then end without a word.
    """
    import resource

    main = threading.main_thread().ident
    page = resource.getpagesize()
    while True:
        time.sleep(0.05)
        with open("/proc/self/statm", encoding="ascii") as handle:
            data = int(handle.read().split()[5]) * page
        if data > soft - (_MARGIN_MB << 20) and _runs_a_cell(sys._current_frames().get(main or 0)):
            resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main or 0), ctypes.py_object(MemoryError))
            return


def _runs_a_cell(frame: Any) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "run_code":
            return True
        frame = frame.f_back
    return False


# ---- Output -----------------------------------------------------------------------------------


def _limit_output(megabytes: int, where: str) -> None:
    from ipykernel.displayhook import ZMQShellDisplayHook
    from ipykernel.iostream import OutStream
    from ipykernel.zmqshell import ZMQDisplayPublisher

    most, used = megabytes << 20, 0
    write, publish, show = OutStream.write, ZMQDisplayPublisher.publish, ZMQShellDisplayHook.write_format_data

    def count(size: int) -> None:
        nonlocal used
        # Beside the cells' own thread nobody could be told; the client counts what comes from there.
        if threading.current_thread() is threading.main_thread():
            used += size
            if used > most:
                raise OutputLimit(
                    f"the run puts out more than {megabytes} MB. Show part of it (df.head()), or write it to a file; "
                    f"or raise output_mb under {where}"
                )

    def counted_write(self: Any, string: str) -> int | None:
        count(len(string))
        return write(self, string)

    def counted_publish(self: Any, data: Any, *arguments: Any, **named: Any) -> None:
        count(size_of(data))
        publish(self, data, *arguments, **named)

    def counted_show(self: Any, format_dict: Any, md_dict: Any = None) -> None:
        count(size_of(format_dict))
        show(self, format_dict, md_dict)

    OutStream.write = counted_write  # type: ignore[method-assign]
    ZMQDisplayPublisher.publish = counted_publish  # type: ignore[method-assign]
    ZMQShellDisplayHook.write_format_data = counted_show  # type: ignore[method-assign]


def size_of(content: Any) -> int:
    """Return about how long JSON-like content is when written."""
    if isinstance(content, dict):
        return sum(size_of(key) + size_of(value) for key, value in content.items())
    if isinstance(content, list | tuple):
        return sum(map(size_of, content))
    return len(content) if isinstance(content, str | bytes) else 8
