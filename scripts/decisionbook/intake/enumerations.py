"""Listed names that amount to a number: six towns named one after another, four stages before the words 四个阶段."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .printed import Number

# Shorter lists are mostly examples.
_FEWEST = 5


@dataclass(frozen=True)
class Listing:
    """Names in a row: where they stand, how many they are, and whether 等 leaves the list open."""

    start: int
    end: int
    items: int
    open: bool


def listed_areas(text: str, areas: Iterable[str]) -> Iterator[Listing]:
    """Yield runs of area names of the register joined by 、 (three or more)."""
    names = {n for n in areas if len(n) > 1}
    names |= {n[:-1] for n in names if len(n) > 2 and n[-1] in "市县省"}
    one = "(?:" + "|".join(sorted(map(re.escape, names), key=lambda n: (-len(n), n))) + ")(?:市|县|区|省)?"
    if not names:
        return
    for match in re.finditer(rf"{one}(?:、{one})+(?:[、和及与]|以及)?(?:{one})?", text):
        items = len(re.findall(one, match[0]))
        if items > 2:
            yield Listing(match.start(), match.end(), items, text.startswith("等", match.end()))


def counted_listings(text: str, numbers: Iterable[Number]) -> Iterator[tuple[Listing, Number]]:
    """Yield lists that a count follows at once (甲、乙、丙三个阶段), with the count that they should amount to."""
    for number in numbers:
        if (
            number.kind != "number"
            or number.unit not in ("个", "类", "项", "种", "级", "方", "家", "市")
            or number.qualifier != "exact"
        ):
            continue
        before = text[max(0, number.start - 120) : number.start]
        match = re.search(
            r"([\u4e00-\u9fffA-Za-z0-9“”·]{2,14}(?:、[\u4e00-\u9fffA-Za-z0-9“”·]{2,14})+(?:[和及与][\u4e00-\u9fffA-Za-z“”]{2,14})?)(等?)$",
            before,
        )
        if match is None:
            continue
        named = match[1].removesuffix("等")
        start = number.start - len(before) + match.start(1)
        items = 1 + named.count("、") + bool(re.search(r"、[^、]*[\u4e00-\u9fff](?:和|及|与)[^、]+$", named))
        yield Listing(start, start + len(named), items, named != match[1] or bool(match[2])), number


def areas_as_numbers(text: str, areas: Iterable[str], taken: Iterable[tuple[int, int]]) -> list[Number]:
    """Return long lists of area names as candidate figures, each the count of its names; 等地 makes a list an example."""
    held = list(taken)
    return [
        Number(one.start, one.end, text[one.start : one.end], float(one.items), None, "个", "exact", 1.0, "enumeration", 0.4,
               (one.start, one.end))
        for one in listed_areas(text, areas)
        if one.items >= _FEWEST
        and not text.startswith("等地", one.end)
        and not any(s < one.end and e > one.start for s, e in held)
    ]  # fmt: skip
