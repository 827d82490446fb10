"""The colours of the pages: readable on every ground in both modes, written down once."""

from __future__ import annotations

import itertools
import json
import math
import re

import pytest

from decisionbook.charts.grids import STRENGTHS
from decisionbook.charts.panels import LEVEL_MARKS
from decisionbook.charts.states import PRESENCE, PROGRESS, VERDICTS, State
from decisionbook.charts.theme import DARK_TOKENS, TOKENS, tones

from . import minibook
from .conftest import ROOT

#: Each mode's colours of charts, by name.
CHARTS = {"light": TOKENS, "dark": DARK_TOKENS}
#: The colours that lines, dots and bars are told apart by; all others come with a sign of their own.
SERIES = ("accent", "second", "grey")


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


# Charts


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_stand_out_from_their_ground(mode: str) -> None:
    colours = CHARTS[mode]
    for ground in ("paper", "card"):
        for mark in ("accent", "second", "grey", "good", "warn", "ink"):
            assert contrast(colours[mark], colours[ground]) >= 3, (mark, ground)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_in_cells_is_readable_on_its_tint(mode: str) -> None:
    colours = CHARTS[mode]
    names = {TOKENS[name]: name for name in reversed(TOKENS)}
    steps = {strength for strengths in STRENGTHS.values() for strength in strengths}
    states = [*PRESENCE, *PROGRESS, *VERDICTS, *(State("", "", "", "second", step) for step in sorted(steps))]
    for state in states:
        fill, text = colours[names[state.fill]], colours[names[state.text]]
        assert contrast(text, mixed(fill, colours["paper"], state.strength)) >= 4.5, state


def mixed(colour: str, ground: str, share: float) -> str:
    """Return a colour of some opacity on a ground."""
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02X}" for a, b in pairs)


# Full dichromacy after Machado, Oliveira and Fernandes 2009 (doi:10.1109/TVCG.2009.113), severity 1.0, on linear RGB.
VISIONS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
#: CIEDE2000 between marks that are told apart by colour alone; 2.3 is just noticeable side by side.
APART = 10.0


def seen(colour: str, vision: str) -> tuple[float, float, float]:
    """Return a colour as CIELAB (D65) as it looks to a vision."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    r, g, b = (min(1.0, max(0.0, sum(w * c for w, c in zip(row, linear, strict=True)))) for row in VISIONS[vision])
    xyz = (
        (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047,
        0.2126729 * r + 0.7151522 * g + 0.0721750 * b,
        (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Return CIEDE2000 (Sharma, Wu and Dalal 2005, doi:10.1002/col.20070)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = math.hypot(a1 * stretch, b1), math.hypot(a2 * stretch, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if c1 * c2 == 0 else h1 + turn / 2
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = 1 + sum(
        weight * math.cos(math.radians(times * hue + shift))
        for weight, times, shift in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    )
    sl = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    rotation *= math.sin(math.radians(60 * math.exp(-((((hue - 275 + 180) % 360 - 180) / 25) ** 2))))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * dc / sc * dh / sh)


def least_apart(colours: dict[str, str], one: str, other: str) -> float:
    """Return the smallest difference of two colours over all visions."""
    return min(difference(seen(colours[one], vision), seen(colours[other], vision)) for vision in VISIONS)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # four pairs of the test data of Sharma, Wu and Dalal
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_difference_is_that_of_the_standard(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    found = difference(one, other)
    assert found == pytest.approx(difference(other, one), abs=1e-9)
    assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_series_are_told_apart_whatever_cones_the_reader_has(mode: str) -> None:
    for one, other in itertools.combinations(SERIES, 2):
        assert least_apart(CHARTS[mode], one, other) >= APART, (one, other)


def test_colour_alone_tells_apart_only_those_series() -> None:
    assert set(tones(["广西", "全国", "其他"], None, ["全国"])) == {TOKENS[name] for name in SERIES}


@pytest.mark.parametrize("scale", [PRESENCE, PROGRESS, VERDICTS])
def test_states_differ_by_sign_and_word(scale: tuple[State, ...]) -> None:
    assert len({state.glyph for state in scale}) == len({state.label for state in scale}) == len(scale)


def test_levels_of_a_timeline_differ_by_shape_and_sign() -> None:
    assert len({shape for shape, _, _ in LEVEL_MARKS}) == len({sign for _, _, sign in LEVEL_MARKS}) == len(LEVEL_MARKS)


def test_where_colours_look_alike_to_some_a_sign_or_a_word_stands_in_the_chart() -> None:
    signs, names = re.compile(r"[●◐○▲△✕□■◆・？—]"), {TOKENS[name]: name for name in reversed(TOKENS)}
    checked = 0
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                svg = "".join(output.get("data", {}).get("image/svg+xml", ""))
                marks = re.sub(r"<text.*?</text>", "", svg, flags=re.DOTALL)
                used = {names[c] for c in re.findall(r'(?:fill|stroke)="(#[0-9A-F]{6})"', marks)} & {*SERIES, "good", "warn"}
                pairs = itertools.combinations(sorted(used), 2)
                if any(least_apart(CHARTS[mode], *pair) < APART for pair in pairs for mode in CHARTS):
                    checked += 1
                    assert len(set(signs.findall(svg))) >= 2, (path.name, used)
    assert checked
