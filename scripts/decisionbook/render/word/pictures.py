"""Charts as pictures for Word and slides: PNG at twice the size of the screen, drawn offline with the packaged fonts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...charts.drawing import register_fonts
from ..typst.figures import svg_points

_SCALE = 2.0


@dataclass(frozen=True)
class Picture:
    """A picture with its natural width in points and the text for those who cannot see it."""

    data: bytes
    points: float
    alt: str
    name: str

    @classmethod
    def of_chart(cls, chart: Any) -> Picture:
        """Return the picture of a chart node."""
        svg = chart.get("svg", "")
        return cls(png(svg), svg_points(svg), chart.get("alt", ""), chart.get("name", "chart"))

    @classmethod
    def of_file(cls, path: Path, alt: str) -> Picture:
        """Return the picture of an image file: SVG is drawn, others stay as they are."""
        if path.suffix == ".svg":
            svg = path.read_text(encoding="utf-8")
            return cls(png(svg), svg_points(svg), alt, path.stem)
        return cls(path.read_bytes(), 360.0, alt, path.stem)


def png(svg: str) -> bytes:
    """Return an SVG as PNG, at twice its size in pixels."""
    import vl_convert

    register_fonts()
    return vl_convert.svg_to_png(svg, scale=_SCALE)
