"""What a page weighs and of what: the budgets of the web book, and a message that says where to save."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

#: Bytes of one page, and of all that pages share from `_static` besides the chart bundle.
PAGE_LIMIT = 300_000
SHARED_LIMIT = 600_000

_PARTS = {
    "pictures of charts": r"<svg\b.*?</svg>",
    "data blocks": r'<script type="application/json"[^>]*>.*?</script>',
    "code": r'<div class="highlight">.*?</div>',
    "tables behind charts": r'<details class="chart-table">.*?</details>',
    "other tables": r"<table\b.*?</table>",
    "marks": r'<(a|span|button) class="evidence.*?</\1>',
}
_PATTERNS = {name: re.compile(pattern, re.DOTALL) for name, pattern in _PARTS.items()}


def parts_of(page: str) -> dict[str, int]:
    """Return the bytes of each kind of content of a page, the heaviest first; what stands in another counts once."""
    found: dict[str, int] = {}
    for name, pattern in _PATTERNS.items():
        found[name] = sum(len(match[0].encode()) for match in pattern.finditer(page))
        page = pattern.sub("", page)
    found["text"] = len(page.encode())
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def too_heavy(html_dir: Path, sizes: Mapping[str, int], shared: Mapping[str, int]) -> tuple[str, ...]:
    """Return a line for each page above its limit with its heaviest parts, and one for shared files above theirs."""
    lines = []
    for name, size in sorted(sizes.items()):
        if size > PAGE_LIMIT:
            parts = list(parts_of((html_dir / name).read_text(encoding="utf-8")).items())[:3]
            lines.append(f"{name}: {_kilobytes(size)}, above {_kilobytes(PAGE_LIMIT)}; most of it {_listed(parts)}")
    total = sum(shared.values())
    if total > SHARED_LIMIT:
        heaviest = sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:3]
        lines.append(f"shared files: {_kilobytes(total)}, above {_kilobytes(SHARED_LIMIT)}; most of it {_listed(heaviest)}")
    return tuple(lines)


def _listed(parts: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {_kilobytes(size)}" for name, size in parts)


def _kilobytes(size: int) -> str:
    return f"{size / 1000:.0f} KB"
