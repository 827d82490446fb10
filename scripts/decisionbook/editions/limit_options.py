"""The options with which a command sets limits of its runs in the place of those that chapters declare."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .definition import Edition


def add_limits(command: argparse.ArgumentParser) -> None:
    """Add the options to a command; what is not given stays as the chapters declare it (data.limits)."""
    group = command.add_argument_group("limits of a run", "in the place of those under `limits:` in notebooks/CHAPTER.yml")
    group.add_argument("--timeout", dest="run_seconds", type=_whole, metavar="SECONDS", help="for a whole run (default: 3600)")
    group.add_argument("--cell-timeout", dest="cell_seconds", type=_whole, metavar="SECONDS", help="for a cell (default: 600)")
    memory = "on Linux (default: half of the machine's, at most 8192)"
    group.add_argument("--memory", dest="memory_mb", type=_whole, metavar="MB", help=memory)
    network = "let notebooks use the network, which is closed to them otherwise"
    group.add_argument("--allow-network", dest="network", action="store_const", const=True, help=network)


def with_limits(edition: Edition, options: argparse.Namespace) -> Edition:
    """Return the edition with the limits that a command's options set."""
    names = ("run_seconds", "cell_seconds", "memory_mb", "network")
    given: dict[str, Any] = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return replace(edition, limits=given) if given else edition


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected a whole number, at least 1")
    return int(text)
