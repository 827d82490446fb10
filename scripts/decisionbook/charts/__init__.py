"""Charts of the book: one look, direct labels, the home region in the accent colour.

Builders take a tidy frame and the names of its columns and return an Altair chart;
:func:`package` turns a chart into the mime bundle that a notebook emits.
"""

from __future__ import annotations

from .. import schemas as _schemas  # noqa: F401  # first: what altair validates with
from .bars import dot_plot, dumbbell, interval_plot, range_bar, waterfall
from .bundle import Readout, Slider, package
from .grids import chain_map, heatmap, tile_grid
from .interactive import what_if, what_if_dots, with_sliders
from .panels import small_multiples, timeline
from .places import LAYOUTS, place_code
from .series import line_chart, scatter, slope_chart
from .states import PRESENCE, PROGRESS, VERDICTS, State
from .theme import DARK_TOKENS, TOKENS, ChartError, enable_theme, format_number

# Enabled on import, so that a chart shown anywhere, packaged or not, has the look of the book.
enable_theme()

__all__ = [
    "DARK_TOKENS",
    "LAYOUTS",
    "PRESENCE",
    "PROGRESS",
    "TOKENS",
    "VERDICTS",
    "ChartError",
    "Readout",
    "Slider",
    "State",
    "chain_map",
    "dot_plot",
    "dumbbell",
    "enable_theme",
    "format_number",
    "heatmap",
    "interval_plot",
    "line_chart",
    "package",
    "place_code",
    "range_bar",
    "scatter",
    "slope_chart",
    "small_multiples",
    "tile_grid",
    "timeline",
    "waterfall",
    "what_if",
    "what_if_dots",
    "with_sliders",
]


def __dir__() -> list[str]:
    # What is offered after `charts.` and the Tab key: the builders, not the modules they stand in.
    return list(__all__)
