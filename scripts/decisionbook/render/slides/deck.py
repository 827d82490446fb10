"""One chapter as a presentation: title, key findings, charts, verdicts."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from ..word.parts import printable_xml, property_text
from ..word.pictures import Picture
from .native import Bars, Lines

#: The colours of the book on paper (tokens.css), and the typeface that every Windows has.
INK, SOFT, ACCENT, SECOND, LINE = "1F2A33", "5B666F", "B23A2E", "1F6F78", "E2DDD2"
SERIES = (ACCENT, SECOND, "808A92", "9A6B00", "2F6B4F", "5B4B8A")
FONT = "微软雅黑"
WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, INNER = Inches(0.7), Inches(11.93)


@dataclass(frozen=True)
class Finding:
    """One key finding: its number with unit, its sentences, what would reverse it."""

    number: str
    text: str
    flip: str = ""


@dataclass(frozen=True)
class Exhibit:
    """One chart: what it shows, its caption, unit and source, a picture, and what PowerPoint can draw itself."""

    statement: str
    caption: str
    foot: str
    picture: Picture
    drawn: Bars | Lines | None = None


@dataclass(frozen=True)
class Deck:
    """What the slides of one chapter say."""

    title: str
    part: str
    meta: str
    edition: str
    running: str
    findings: Sequence[Finding]
    exhibits: Sequence[Exhibit]
    verdicts: Sequence[tuple[str, int]]
    citation: str
    date: datetime.date | None


def presentation(deck: Deck) -> Any:
    """Return the slides of a chapter; charts that PowerPoint can draw are charts that can be edited."""
    made = Presentation()
    made.slide_width, made.slide_height = WIDTH, HEIGHT
    _title(made, deck)
    for start in range(0, len(deck.findings), 3):
        _findings(made, deck, deck.findings[start : start + 3])
    for exhibit in deck.exhibits:
        _exhibit(made, deck, exhibit)
    _last(made, deck)
    properties = made.core_properties
    properties.title, properties.author, properties.language = property_text(f"{deck.title} {deck.edition}"), "", "zh-CN"
    properties.last_modified_by, properties.revision = "", 1
    when = datetime.datetime.combine(deck.date or datetime.date(2000, 1, 1), datetime.time())
    properties.created = properties.modified = when
    return made


def _slide(made: Any, deck: Deck, title: str, size: float = 26) -> Any:
    # Layout 5 has a title alone: programs list the slides by their titles, and screen readers read them first.
    slide = made.slides.add_slide(made.slide_layouts[5])
    shape = slide.shapes.title
    shape.left, shape.top, shape.width, shape.height = LEFT, Inches(0.45), INNER, Inches(1.0)
    _fill(shape.text_frame, title, size, INK, bold=True, anchor=MSO_ANCHOR.MIDDLE)
    bar = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, WIDTH, Inches(0.08))
    _paint(bar, ACCENT)
    _text(slide, deck.running, LEFT, Inches(7.0), Inches(9), Inches(0.35), 11, SOFT)
    _text(slide, str(len(made.slides)), Inches(11.63), Inches(7.0), Inches(1), Inches(0.35), 11, SOFT, right=True)
    return slide


def _title(made: Any, deck: Deck) -> None:
    slide = _slide(made, deck, deck.title, 44)
    slide.shapes.title.top, slide.shapes.title.height = Inches(2.5), Inches(1.2)
    _text(slide, deck.part, LEFT, Inches(2.0), INNER, Inches(0.5), 16, ACCENT)
    _text(slide, deck.edition, LEFT, Inches(3.8), INNER, Inches(0.5), 20, INK)
    _text(slide, deck.meta, LEFT, Inches(4.4), INNER, Inches(0.9), 14, SOFT)


def _findings(made: Any, deck: Deck, findings: Sequence[Finding]) -> None:
    slide = _slide(made, deck, "要点")
    height = Emu(int(Inches(5.3) / max(1, len(findings))))
    longest = max(len(f.text) + len(f.flip) for f in findings)
    # Characters that a third of the page takes at each size.
    size = next((s for s, most in ((20, 110), (18, 150), (16, 200), (14, 270)) if longest * len(findings) <= most * 3), 12)
    for number, finding in enumerate(findings):
        top = Emu(Inches(1.55) + number * height)
        _text(slide, finding.number, LEFT, top, Inches(3.1), height, 28 if len(finding.number) < 12 else 20, ACCENT, bold=True)
        box = _text(slide, finding.text, Inches(3.95), top, Inches(8.68), height, size, INK)
        if finding.flip:
            _run(box.text_frame.add_paragraph(), finding.flip, size - 2, SOFT)
        if number:
            rule = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, LEFT, top - Inches(0.06), INNER, Pt(0.75))
            _paint(rule, LINE)


def _exhibit(made: Any, deck: Deck, exhibit: Exhibit) -> None:
    slide = _slide(made, deck, exhibit.statement, 24 if len(exhibit.statement) < 56 else 18)
    _text(slide, exhibit.caption, LEFT, Inches(1.45), INNER, Inches(0.4), 14, SOFT)
    left, top, width, height = LEFT, Inches(1.9), INNER, Inches(4.6)
    if exhibit.drawn is not None:
        drawn, place = exhibit.drawn, (left, top, width, height)
        shape = _bars(slide, drawn, *place) if isinstance(drawn, Bars) else _lines(slide, drawn, *place)
    else:
        shape = slide.shapes.add_picture(io.BytesIO(exhibit.picture.data), left, top)
        scale = min(width / shape.width, height / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape.left = int(left + (width - shape.width) / 2)
    shape._element.xpath(".//p:cNvPr")[0].set("descr", printable_xml(exhibit.picture.alt))
    _text(slide, exhibit.foot, LEFT, Inches(6.55), INNER, Inches(0.4), 11, SOFT)


def _bars(slide: Any, bars: Bars, *place: Any) -> Any:
    data = CategoryChartData(number_format="General")
    # PowerPoint draws the first category at the bottom.
    data.categories = [printable_xml(c) for c in reversed(bars.categories)]
    data.add_series(printable_xml(bars.title), list(reversed(bars.values)))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *place, data)
    chart = frame.chart
    _dress(chart, legend=False)
    plot = chart.plots[0]
    plot.gap_width, plot.has_data_labels = 60 if len(bars.values) > 5 else 180, True
    labels = plot.data_labels
    labels.font.size, labels.number_format, labels.number_format_is_linked = Pt(13), "#,##0.##", False
    plot.series[0].format.fill.solid()
    plot.series[0].format.fill.fore_color.rgb = RGBColor.from_string(SECOND)
    for number, category in enumerate(reversed(bars.categories)):
        if category in bars.highlighted:
            fill = plot.series[0].points[number].format.fill
            fill.solid()
            fill.fore_color.rgb = RGBColor.from_string(ACCENT)
    chart.value_axis.visible = chart.value_axis.has_major_gridlines = False
    chart.category_axis.tick_labels.font.size = Pt(13)
    return frame


def _lines(slide: Any, lines: Lines, *place: Any) -> Any:
    data = XyChartData(number_format="General")
    for name, points in lines.series.items():
        series = data.add_series(printable_xml(name))
        for x, y in points:
            series.add_data_point(x, y)
    frame = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, *place, data)
    chart = frame.chart
    _dress(chart, legend=len(lines.series) > 1)
    for number, series in enumerate(chart.plots[0].series):
        series.smooth = False
        series.format.line.width = Pt(2.5)
        series.format.line.color.rgb = RGBColor.from_string(SERIES[number % len(SERIES)])
    for axis, title in ((chart.category_axis, lines.x_title), (chart.value_axis, lines.y_title)):
        axis.has_major_gridlines = axis is chart.value_axis
        axis.tick_labels.font.size = Pt(12)
        axis.format.line.color.rgb = RGBColor.from_string(LINE)
        if axis.has_major_gridlines:
            axis.major_gridlines.format.line.color.rgb = RGBColor.from_string(LINE)
        axis.has_title = bool(title)
        if title:
            _fill(axis.axis_title.text_frame, title, 12, SOFT)
    xs = [x for points in lines.series.values() for x, _ in points]
    chart.category_axis.minimum_scale, chart.category_axis.maximum_scale = min(xs), max(xs)
    return frame


def _dress(chart: Any, *, legend: bool) -> None:
    chart.font.name, chart.font.size, chart.font.color.rgb = FONT, Pt(12), RGBColor.from_string(INK)
    chart.has_title, chart.has_legend = False, legend
    if legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        chart.legend.font.size = Pt(13)


def _last(made: Any, deck: Deck) -> None:
    slide = _slide(made, deck, "复核与出处")
    for number, (words, count) in enumerate(deck.verdicts):
        left = Emu(LEFT + number * Inches(1.95))
        _text(slide, str(count), left, Inches(1.9), Inches(1.9), Inches(0.9), 36, INK, bold=True)
        _text(slide, words, left, Inches(2.75), Inches(1.9), Inches(0.5), 14, SOFT)
    lines = ["每个印刷数字都由登记的输入重算，再与印面核对；逐条结论见复核总表。", deck.citation]
    box = _text(slide, lines[0], LEFT, Inches(3.9), INNER, Inches(1.6), 16, INK)
    for line in filter(None, lines[1:]):
        _run(box.text_frame.add_paragraph(), line, 13, SOFT)


def _text(
    slide: Any, text: str, left: Any, top: Any, width: Any, height: Any, size: float, colour: str, *, bold: bool = False,
    right: bool = False,
) -> Any:  # fmt: skip
    box = slide.shapes.add_textbox(left, top, width, height)
    _fill(box.text_frame, text, size, colour, bold=bold, right=right)
    return box


def _fill(
    frame: Any, text: str, size: float, colour: str, *, bold: bool = False, right: bool = False, anchor: Any = None
) -> None:
    from pptx.enum.text import PP_ALIGN

    frame.word_wrap = True
    if anchor is not None:
        frame.vertical_anchor = anchor
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
    _run(paragraph, text, size, colour, bold=bold)


def _run(paragraph: Any, text: str, size: float, colour: str, *, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = printable_xml(text)
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor.from_string(colour)
    run.font.name = FONT
    east = run._r.get_or_add_rPr().makeelement(qn("a:ea"), {"typeface": FONT})
    latin = run._r.rPr.find(qn("a:latin"))
    latin.addnext(east)


def _paint(shape: Any, colour: str) -> None:
    shape.fill.solid()
    shape.fill.fore_color.rgb = RGBColor.from_string(colour)
    shape.line.fill.background()
    shape.shadow.inherit = False
