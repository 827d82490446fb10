"""What the page 版本变化 of an edition shows, from its own snapshot and the published one before it."""

from __future__ import annotations

import hashlib
from typing import Any

from ..project import Project
from .definition import Edition
from .diff import Snapshot, compare, previous_edition
from .snapshot import compact


def compared_with(project: Project, edition: Edition, before: Snapshot | None) -> str:
    """Return what a build must note of the edition it is compared with: another snapshot, another page."""
    previous = previous_edition(project, edition)
    digest = "" if before is None else hashlib.sha256(compact(before).encode()).hexdigest()
    return "" if previous is None else f"{previous.id} {digest}".strip()


def changes_page(project: Project, edition: Edition, before: Snapshot | None, snapshot: Snapshot) -> dict[str, Any]:
    """Return the changes for the page, or the reason why there is nothing to compare with."""
    if before is not None:
        return compare(before, snapshot)
    previous = previous_edition(project, edition)
    if previous is None:
        return {"reason": "这是第一版，没有更早的一版可以比较。"}
    return {"reason": f"前一版{previous.id}尚未发布，没有可以比较的记录。"}
