"""Pictures that were drawn before, by what they were drawn from: a run that changes one table draws one chart anew.

A run's kernel has the folder of the pictures in the variable DECISIONBOOK_DRAWINGS; without it nothing is kept. A name
is the digest of the specification, of the drawing engine and of the fonts, so that an entry never goes stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..data.context import DRAWINGS as VARIABLE
from ..data.scratch import replace_file

# What shapes a picture beside its specification.
_ENGINE = ("vl-convert-python", "pylopdf-fonts-zh-cn")
_DIGEST = 64


def key_of(kind: str, version: str, spec: Mapping[str, Any]) -> str:
    """Return the digest of a picture: its kind, the version of the language, the engine and the specification."""
    content = json.dumps([kind, version, engine(), spec], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def engine() -> tuple[str, ...]:
    """Return what draws, with versions."""
    return tuple(f"{name} {importlib.metadata.version(name)}" for name in _ENGINE)


def find(key: str) -> Any:
    """Return the picture of this key, None where there is none or its file is damaged: then it is drawn anew."""
    path = _path(key)
    if path is None:
        return None
    try:
        digest, body = (content := path.read_bytes())[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(body).hexdigest().encode("ascii") != digest:
            return None
        os.utime(path)  # the least recently used ones make room
        return json.loads(body)
    except (OSError, ValueError):
        return None


def keep(key: str, drawn: Any) -> None:
    """Store a picture, whole or not at all; a folder that cannot be written to is no fault of the run."""
    path = _path(key)
    if path is None:
        return
    body = json.dumps(drawn, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, hashlib.sha256(body).hexdigest().encode("ascii") + body, shared=True)


def _path(key: str) -> Path | None:
    folder = os.environ.get(VARIABLE)
    return Path(folder, key[:2], f"{key[2:]}.json") if folder else None
