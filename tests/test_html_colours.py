"""The colours of the pages: readable on every ground in both modes, written down once."""

from __future__ import annotations

import re

import pytest

from . import minibook


def tokens(mode: str) -> dict[str, str]:
    text = (minibook.BOOK / "_static" / "tokens.css").read_text(encoding="utf-8")
    block = {"light": r":root \{(.*?)\n\}", "dark": r':root\[data-theme="dark"\] \{(.*?)\}'}[mode]
    found = re.search(block, text, re.DOTALL)
    assert found
    return dict(re.findall(r"--db-([\w-]+): (#[0-9A-F]{6});", found[1]))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2, 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_is_readable_on_every_ground(mode: str) -> None:
    colours = tokens("light") | (tokens("dark") if mode == "dark" else {})
    for ground in ("paper", "card", "wash"):
        for text in ("ink", "soft", "accent", "second", "good", "warn-text"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["warn-text"], colours["warn-wash"]) >= 4.5
    assert contrast(colours["accent"], colours["accent-wash"]) >= 4.5
    assert contrast(colours["paper"], colours["accent"]) >= 4.5


def test_both_ways_into_the_dark_give_the_same_colours() -> None:
    text = (minibook.BOOK / "_static" / "tokens.css").read_text(encoding="utf-8")
    blocks = re.findall(r"\{\s*color-scheme: dark;(.*?)\}", text, re.DOTALL)
    assert len(blocks) == 2
    assert len({re.sub(r"\s+", " ", block).strip() for block in blocks}) == 1


def test_no_colour_is_written_outside_the_tokens() -> None:
    for name in ("decisionbook.css", "components.css"):
        text = (minibook.BOOK / "_static" / name).read_text(encoding="utf-8")
        text = re.sub(r'url\("data:[^"]*"\)', "", text)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,)])", re.sub(r"#[\w-]+[^{};]*\{", "{", text)) == []
