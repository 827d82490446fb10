"""What a run may use: time, memory, output, network, variables. A chapter declares it, a command may override it.

Under the key `limits` of notebooks/<chapter>.yml; every key is optional:

    limits:
      cell_seconds: 600       # a cell that takes longer ends the run
      run_seconds: 3600       # so does a run
      memory_mb: 4096         # default: half of the machine's memory, at most 8192
      output_mb: 20           # what the cells of one run print and show
      network: true           # default: false
      environment: [MY_PATH]  # variables of the analyst's own that the notebook may see
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from ..errors import InputError, Problem, did_you_mean, one_of
from ..project import Project
from .yaml_files import read_yaml

_MOST_MEMORY_MB = 8192
_NAME = re.compile(r"[A-Za-z_]\w*")


def _default_memory() -> int:
    """Return half of the machine's memory in megabytes, so that two runs at once leave the machine usable."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (AttributeError, ValueError, OSError):
        return _MOST_MEMORY_MB
    return min(_MOST_MEMORY_MB, max(1024, whole // 2))


@dataclass(frozen=True)
class Limits:
    """What one run may use; sizes in megabytes, times in seconds."""

    cell_seconds: int = 600
    run_seconds: int = 3600
    memory_mb: int = _default_memory()
    output_mb: int = 20
    network: bool = False
    environment: tuple[str, ...] = ()

    def overridden(self, values: Mapping[str, Any]) -> Limits:
        """Return these limits with those that a command sets; None leaves a limit as it is."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def shaping(self) -> list[Any]:
        """Return what of the limits may change a run's results: the network and the values of the variables it sees."""
        return [self.network, [[name, os.environ.get(name)] for name in sorted(self.environment)]]


def limits_of(project: Project, chapter: str, overrides: Mapping[str, Any] | None = None) -> Limits:
    """Return the limits that a chapter declares, overridden; without a declaration the defaults. Raises InputError."""
    path = project.notebooks / f"{chapter}.yml"
    try:
        status = path.stat()
    except OSError:
        return Limits().overridden(overrides or {})
    return _declared(path, project.shown(path), status.st_mtime_ns, status.st_size).overridden(overrides or {})


@lru_cache(maxsize=64)
def _declared(path: Any, shown: str, _time: int, _size: int) -> Limits:
    content = read_yaml(path, shown) or {}
    limits, problems = parse_limits(content.get("limits") if isinstance(content, dict) else None, shown)
    if problems:
        raise InputError(problems)
    return limits


def parse_limits(content: Any, shown: str) -> tuple[Limits, list[Problem]]:
    """Return the limits under the key `limits` of a declaration, with every fault in them."""
    if content is None:
        return Limits(), []
    known = [field.name for field in fields(Limits)]
    if not isinstance(content, dict):
        return Limits(), [Problem(shown, f"limits {content!r}", f"keys and values: {one_of(known)}", column="limits")]
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in known:
            near = did_you_mean(str(key), known)
            problems.append(Problem(shown, f"an unknown key {key!r} of limits", one_of(known), near, column="limits"))
        elif expected := _fault(key, value):
            problems.append(Problem(shown, f"{key} {value!r}", expected, column="limits"))
        else:
            values[key] = tuple(value) if key == "environment" else value
    return Limits(**values), problems


def _fault(key: str, value: Any) -> str:
    """Return what is expected of a limit, an empty text when it fits."""
    if key == "network":
        return "" if isinstance(value, bool) else "true or false"
    if key == "environment":
        names = isinstance(value, list) and all(isinstance(name, str) and _NAME.fullmatch(name) for name in value)
        return "" if names else "a list of names of variables"
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return "" if whole else f"a whole number of {'megabytes' if key.endswith('_mb') else 'seconds'}, at least 1"
