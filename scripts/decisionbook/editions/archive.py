"""An edition as one ZIP with its checksum: the same edition gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .manifest import MANIFEST
from .sphinx_build import EDITIONS_SCRIPT

STUB = "/* Editions published beside this one are listed here by a published site. */\n"


def archive_bytes(folder: Path, manifest: Mapping[str, Any]) -> bytes:
    """Return an edition as a ZIP: pages, PDF, notebooks with their outputs, data package and manifest.

    Entries are sorted and dated by the day of compilation. They lie in a folder of their own, so that unpacking it
    inside a site overwrites nothing.
    """
    edition_id, (year, month, day) = manifest["edition"], map(int, manifest["compiled"].split("-"))
    root = f"decision-reference-{edition_id}"
    entries = {f"{root}/{edition_id}/{name}": (folder / name).read_bytes() for name in [*manifest["files"], MANIFEST]}
    entries[f"{root}/{EDITIONS_SCRIPT}"] = STUB.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, (max(year, 1980), month, day, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def checksum_line(name: str, content: bytes) -> bytes:
    """Return a line that `sha256sum -c` reads."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
