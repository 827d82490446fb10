"""One chart of each kind on invented data, shared by the chart tests."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd

from decisionbook import charts
from decisionbook.charts.bundle import draw
from decisionbook.charts.text import text_width

RATIOS = pd.DataFrame(
    {
        "地区": ["全国", "广西", "某某壮族自治区的县级市", "其他"],
        "比值": [8.22, 3.45, 3.9, np.nan],
        "低": [8.215, 3.0, np.nan, 2.0],
        "高": [8.225, 3.9, 5.0, np.nan],
        "目标": [9.0, 2.5, 3.9, 1.0],
    }
)
PATHS = pd.DataFrame(
    {
        "年": [2019, 2020, 2021, 2022] * 3,
        "值": [1, 4, 9, 15, 2, 3, 5, 8.2, 2, 3, 5.5, np.nan],
        "省区": ["广西"] * 4 + ["贵州"] * 4 + ["云南"] * 4,
        "低": [0.5, 3, 8, 13] + [np.nan] * 8,
        "高": [1.5, 5, 10, 17] + [np.nan] * 8,
    }
)
STATES = pd.DataFrame(
    [
        (row, column, ("present", "weak", "absent", "not_stated")[(i + j) % 4])
        for i, row in enumerate(["广东", "广西", "新疆维吾尔自治区"])
        for j, column in enumerate(["感知层", "网络层传输", "平台层", "应用层"])
    ],
    columns=["省区", "环节", "状态"],
)
CHAIN = pd.DataFrame(
    {
        "段": ["上游", "上游", "中游", "下游", "下游", "下游"],
        "环节": ["芯片", "传感器与显示屏", "虚拟现实整机终端制造", "文旅", "教育", "工业"],
        "状态": ["present", "weak", "未载", "有", "absent", "weak"],
        "例": ["甲公司", "", "", "乙", "", ""],
    }
)
EVENTS = pd.DataFrame(
    {
        "日期": ["2021", "2019-03", "2021-07-16", "2022-S1"],
        "事项": ["某行动方案", "某市场上线", "某市试点启动并按期实施到位的一项说明性事件", "某规划"],
        "层级": ["自治区", "国家", "市县", "国家"],
    }
)
GROWTH = charts.Slider("growth", "软件收入年增速", 5, 30, 0.5, 15, "%", 1)
YEARS = charts.Readout("years", "追平所需年数", "log(q_n / q_r) / log((1 + growth / 100) / 1.08)", "年", 1)


def catch_up() -> alt.LayerChart:
    """A slider chart with one readout: 13.8 years at the base value."""
    return charts.what_if(
        sliders=[GROWTH],
        constants={"q_r": 3.45, "q_n": 8.22},
        x=("year", 2022, 2040, 1),
        x_title="年份",
        series={"广西": "q_r * pow((1 + growth / 100) / 1.08, datum.year - 2022)", "全国": "q_n"},
        readouts=[YEARS],
        marker="2022 + years",
        marker_label="追平",
        y_title="比值",
        y_unit="%",
        y_domain=(0, 12),
    )


def samples() -> dict[str, alt.TopLevelMixin]:
    """Return one chart of each builder, by the builder's name."""
    text_years = PATHS.assign(期=PATHS["年"].astype(str) + "年末")
    two = text_years[text_years["年"].isin([2019, 2021])]
    prefectures = list(charts.LAYOUTS["guangxi"])
    provinces = [place[0] for place in charts.LAYOUTS["provinces"].values()]
    area = charts.Slider("area", "建筑面积", 20, 140, 5, 90, "平方米", 0)
    return {
        "dot_plot": charts.dot_plot(
            RATIOS, category="地区", value="比值", title="收入与产值之比", unit="%", digits=2, reference=(4.11, "全国的一半")
        ),
        "interval_plot": charts.interval_plot(
            RATIOS, category="地区", low="低", high="高", value="比值", title="比值", unit="%", reference=(4.11, "一半")
        ),
        "dumbbell": charts.dumbbell(
            RATIOS, category="地区", start="比值", end="目标", start_label="2021年", end_label="目标", title="比值", unit="%"
        ),
        "range_bar": charts.range_bar(RATIOS.iloc[:3], category="地区", start="比值", end="目标", title="比值", unit="%"),
        "waterfall": charts.waterfall(
            pd.DataFrame({"步": ["2019年", "新增", "退役", "合计"], "量": [10, 6.5, -3, 13.5], "计": [1, 0, 0, 1]}),
            category="步", value="量", total="计", title="基站数", unit="万座",
        ),
        "line_chart": charts.line_chart(
            PATHS, x="年", y="值", series="省区", title="基站", unit="万座", x_title="年份", low="低", high="高",
            targets=[(2022, 18, "2022年目标")],
        ),
        "line_chart_text": charts.line_chart(text_years, x="期", y="值", series="省区", title="占比", unit="%", dashed=["云南"]),
        "slope_chart": charts.slope_chart(two, category="省区", period="期", value="值", title="基站", unit="万座"),
        "scatter": charts.scatter(
            RATIOS, x="比值", y="目标", label="地区", x_title="甲", y_title="乙", x_unit="%", y_unit="倍", diagonal=True
        ),
        "heatmap": charts.heatmap(STATES, row="省区", column="环节", state="状态", row_title="省区"),
        "tile_provinces": charts.tile_grid(
            pd.DataFrame({"地": provinces[:-2], "值": np.arange(32) * 1.3}),
            area="地", value="值", title="每万人", unit="座", digits=1,
        ),
        "tile_guangxi": charts.tile_grid(
            pd.DataFrame({"地": prefectures, "值": range(14)}), area="地", value="值", title="投资", unit="亿元", layout="guangxi"
        ),
        "tile_states": charts.tile_grid(
            pd.DataFrame({"地": ["广西", "广东省", "520000"], "状态": ["weak", "有", "absent"]}),
            area="地", state="状态", title="环节",
        ),
        "chain_map": charts.chain_map(CHAIN, stage="段", link="环节", state="状态", note="例"),
        "timeline": charts.timeline(EVENTS, date="日期", event="事项", level="层级", levels=("国家", "自治区", "市县")),
        "small_multiples": charts.small_multiples(
            PATHS, facet="省区", x="年", y="值", title="基站", unit="万座", x_title="年份", columns=3
        ),
        "what_if": catch_up(),
        "what_if_dots": charts.what_if_dots(
            sliders=[area], values={"所需月收入": "area * 20 / 0.3", "对照收入": "5000"}, title="月收入", unit="元", digits=0,
            domain=(0, 12000), reference="area * 20", reference_label="月租金",
            readouts=[charts.Readout("verdict", "结论", "area * 20 / 0.3 > 5000 ? '偏重' : '可负担'")],
        ),
    }  # fmt: skip


def bundle(chart: alt.TopLevelMixin, name: str = "sample", **described: Any) -> dict[str, Any]:
    """Package a chart with descriptions and a small table of its own."""
    given: dict[str, Any] = {
        "caption": "样例",
        "alt": "广西低于全国",
        "unit": "%",
        "source": "000 二（二）；复算",
        "data": RATIOS,
        "columns": {"地区": "地区", "比值": ("比值", "%")},
        **described,
    }
    return charts.package(chart, name=name, **given)


def at_width(spec: dict[str, Any], width: int) -> dict[str, Any]:
    """Return the specification laid out for a width, as the page's script does it."""
    spec = copy.deepcopy(spec)
    layout = spec["usermeta"]["decisionbook"]["layout"]
    if "height" in layout:
        spec["height"] = layout["height"][width < 480]
        spec["padding"]["right"] = layout["right"][width < 480]
    if layout.get("kind") == "facet":
        columns = layout["narrow_columns"] if width < 480 else layout["columns"]
        spec["columns"] = columns
        spec["spec"]["width"] = (width - layout["inset"] - layout["gap"] * (columns - 1)) // columns
    else:
        spec["width"] = width
    for param in spec["params"]:
        if param["name"] == "db_width":
            param["value"] = width
    return spec


@dataclass(frozen=True)
class Text:
    """A line of text in a picture: what it says and the box that it takes, in pixels."""

    words: str
    left: float
    right: float
    y: float
    size: float


def texts(svg: str) -> list[Text]:
    """Return the visible texts of a picture with their places."""
    return list(_texts(ElementTree.fromstring(svg), 0.0, 0.0))


def _texts(node: ElementTree.Element, x: float, y: float) -> Iterator[Text]:
    moved = re.search(r"translate\(([-\d.e]+),([-\d.e]+)\)", node.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if node.tag.endswith("}text"):
        size = float(node.get("font-size", "0").removesuffix("px"))
        lines = [part.text or "" for part in node] if len(node) else [node.text or ""]
        for number, line in enumerate(lines):
            width = text_width(line, size)
            left = {"end": x - width, "middle": x - width / 2}.get(node.get("text-anchor", "start"), x)
            if line:
                yield Text(line, left, left + width, y + number * 16, size)
    for child in node:
        yield from _texts(child, x, y)


def vertical_rules(svg: str) -> list[float]:
    """Return the horizontal places of the dashed vertical lines of a picture."""
    found: list[float] = []

    def walk(node: ElementTree.Element, x: float) -> None:
        moved = re.search(r"translate\(([-\d.e]+),", node.get("transform", ""))
        x += float(moved[1]) if moved else 0.0
        if node.tag.endswith("}line") and node.get("stroke-dasharray"):
            found.append(x)
        for child in node:
            walk(child, x)

    walk(ElementTree.fromstring(svg), 0.0)
    return found


def drawn_at(spec: dict[str, Any], width: int) -> str:
    """Return the picture of a packaged specification at a width."""
    return draw(at_width(spec, width))
