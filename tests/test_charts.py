"""Charts: specification, data and layout, never pixels."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from itertools import pairwise

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisionbook import charts
from decisionbook.charts.axes import spread
from decisionbook.charts.bars import interval_label
from decisionbook.charts.bundle import CHART_MIME, SVG_MIME, plain, readout_values, slim
from decisionbook.charts.panels import date_key
from decisionbook.charts.series import place_labels
from decisionbook.charts.text import wrap_text
from decisionbook.charts.theme import nice_domain

from .chart_samples import GROWTH, RATIOS, YEARS, bundle, catch_up, drawn_at, samples, texts, vertical_rules

SAMPLES = samples()
PACKAGED = {name: bundle(chart, name=name.replace("_", "-")) for name, chart in SAMPLES.items()}
PHONE = 324  # a screen of 360 px less the margins of the page


@pytest.fixture(params=sorted(SAMPLES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_same_chart_gives_the_same_bytes_whatever_was_drawn_before(kind: str) -> None:
    alt.layer(alt.Chart().mark_point(), alt.Chart().mark_line()).add_params(alt.selection_point())
    again = bundle(samples()[kind], name=kind.replace("_", "-"))
    assert json.dumps(again) == json.dumps(PACKAGED[kind])


def test_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib, json; from tests.chart_samples import bundle, samples;"
        "print(hashlib.sha256(json.dumps([bundle(c) for c in samples().values()]).encode()).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    assert len({subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}) == 1


def test_only_the_colours_of_the_book_are_used(kind: str) -> None:
    """A colour outside the tokens would stay as it is in dark mode."""
    allowed = set(charts.TOKENS.values())
    for text in (json.dumps(PACKAGED[kind][CHART_MIME]), PACKAGED[kind][SVG_MIME]):
        assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", text)) <= allowed
    painted = set(re.findall(r'(?:fill|stroke)="([^"]+)"', PACKAGED[kind][SVG_MIME]))
    assert {p for p in painted if not p.startswith("url(")} <= allowed | {"none", "transparent"}


def test_text_is_readable_and_inside_the_picture(kind: str) -> None:
    spec = PACKAGED[kind][CHART_MIME]
    for width in (PHONE, 640):
        svg = drawn_at(spec, width)
        found = texts(svg)
        assert found
        assert min(t.size for t in found) >= 11
        outside = [t for t in found if t.left < -3 or t.right > width + 3]
        assert not outside, f"at {width} px"
        assert float(re.search(r'width="(\d+)"', svg)[1]) <= width + 1  # type: ignore[index]


def test_the_height_is_known_before_a_chart_is_drawn(kind: str) -> None:
    """Or the page would jump when the script lays a chart out for the screen."""
    spec = PACKAGED[kind][CHART_MIME]
    heights = [int(re.search(r' height="(\d+)"', drawn_at(spec, w))[1]) for w in (640, 480, 800, PHONE)]  # type: ignore[index]
    assert len(set(heights[:3])) == 1
    if kind == "small_multiples":
        return  # its panels stand in fewer columns on a phone
    wide, narrow = spec["usermeta"]["decisionbook"]["layout"]["height"]
    assert heights[3] == heights[0] + narrow - wide


def test_the_picture_names_only_the_packaged_font(kind: str) -> None:
    assert set(re.findall(r'font-family="([^"]*)"', PACKAGED[kind][SVG_MIME])) == {"Noto Sans SC"}


@pytest.mark.parametrize("width", [PHONE, 640])
@pytest.mark.parametrize("reference", [1.0, 3.0, 3.5, 3.6, 4.0, 4.2, 5.0, 8.0])
def test_no_value_label_crosses_the_reference_line(reference: float, width: int) -> None:
    frame = pd.DataFrame({"c": list("甲乙丙丁"), "v": [8.22, 3.45, 3.9, 0.2]})
    chart = charts.dot_plot(frame, category="c", value="v", title="比值", unit="%", digits=2, reference=(reference, "线"))
    svg = drawn_at(bundle(chart)[CHART_MIME], width)
    (line,) = vertical_rules(svg)
    labels = [t for t in texts(svg) if re.fullmatch(r"\d+\.\d\d%", t.words)]
    assert len(labels) == 4
    assert not [t for t in labels if t.left < line < t.right]


def test_labels_at_the_ends_of_lines_stand_apart() -> None:
    names = [name for name in "甲乙丙丁戊" for _ in range(2)]
    near = pd.DataFrame({"t": [1, 2] * 5, "v": [1, 5, 1, 5.01, 1, 5.02, 1, 5.03, 2, 9], "s": names})
    svg = bundle(charts.line_chart(near, x="t", y="v", series="s", title="值"))[SVG_MIME]
    ends = sorted(t.y for t in texts(svg) if re.match(r"[甲乙丙丁戊] ", t.words))
    assert len(ends) == 5
    assert min(b - a for a, b in pairwise(ends)) >= 15


def test_spread_keeps_order_and_moves_nothing_that_has_room() -> None:
    assert spread([10, 50, 90], [18] * 3, 0, 100) == [10, 50, 90]
    moved = spread([50, 50, 51], [18, 18, 36], 0, 100)
    assert moved == sorted(moved)
    assert moved[1] - moved[0] >= 17.9
    assert moved[2] - moved[1] >= 26.9


@pytest.mark.parametrize(
    ("text", "limit", "lines"),
    [
        ("广西", 7, ["广西"]),
        ("须覆盖的社区（情景）", 7, ["须覆盖的社区", "（情景）"]),
        ("官方全年（2021年）", 7, ["官方全年", "（2021年）"]),
        ("城镇居民住房公积金覆盖率 12.27%", 7, ["城镇居民住房", "公积金覆盖率", "12.27%"]),
        ("2022 年上半年末", 6, ["2022 年", "上半年末"]),
        ("北京", 1, ["北", "京"]),
        ("IDC/CDN", 2, ["IDC/CDN"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_evenly_and_never_inside_a_number(text: str, limit: float, lines: list[str]) -> None:
    assert wrap_text(text, limit) == lines


def test_no_line_starts_with_a_closing_mark_or_loses_a_character() -> None:
    text = "人工逐一核验健康码慢，入口拥挤；各地“防控措施”不一（2021—2023年）。"
    for limit in range(3, 20):
        lines = wrap_text(text, limit)
        assert "".join(lines) == text
        assert not [line for line in lines if line[0] in "，；”）。" or line[-1] in "“（"]


def test_point_labels_that_have_no_room_are_left_out() -> None:
    crowd = place_labels([100, 115, 130, 145], [50, 50, 50, 50], [40] * 4, 600, 100, [2])
    assert crowd[2] in ("above", "below")
    assert "" in place_labels([100, 115, 130, 145], [50] * 4, [200] * 4, 600, 60, [2])
    assert place_labels([100, 300], [50, 50], [40] * 2, 600, 100, []) == ["right", "right"]


def test_one_sided_bounds_are_open_and_drawn_as_arrows() -> None:
    spec = PACKAGED["interval_plot"][CHART_MIME]
    rows = {r["category"]: r for table in spec["datasets"].values() for r in table if "category" in r}
    assert rows["某某壮族自治区的县级市"]["open_low"]
    assert "<5%" in rows["某某壮族自治区的县级市"]["label"]
    assert rows["其他"]["open_high"]
    assert rows["其他"]["label"] == "≥2%"
    shapes = {layer["mark"].get("shape") for layer in spec["layer"]}
    assert {"triangle-left", "triangle-right"} <= shapes


@pytest.mark.parametrize(
    ("value", "low", "high", "digits", "label"),
    [
        (8.22, 8.215, 8.225, 2, "8.22%（8.215%—8.225%）"),
        (0.77, 0.729, 0.803, 2, "0.77%（0.73%—0.80%）"),
        (45.2250, 45.2139, 45.2363, 1, "45.23%（45.21%—45.24%）"),
        (45.2, 45.1864, 45.2363, 1, "45.2%（45.19%—45.24%）"),
        (50678, 50678, 50678, 0, "50,678%"),
        (math.nan, 200, math.nan, 0, "≥200%"),
        (math.nan, math.nan, math.nan, 0, "无界"),
    ],
)
def test_interval_labels_say_no_more_than_is_known(value: float, low: float, high: float, digits: int, label: str) -> None:
    assert interval_label(value, low, high, digits, "%") == label


@given(st.floats(0, 100), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2))
def test_the_middle_of_an_interval_label_never_stands_outside_its_bounds(
    low: float, width: float, part: float, digits: int
) -> None:
    numbers = [
        float(n) for n in re.findall(r"[\d.]+", interval_label(low + part * width, low, low + width, digits, "").replace(",", ""))
    ]
    if len(numbers) == 3:
        assert numbers[1] <= numbers[0] <= numbers[2]


@pytest.mark.parametrize("width", [PHONE, 640])
@pytest.mark.parametrize("names", [("本区", "全国"), ("按全国上半年占比折算的情景", "每万人三十五座的饱和水平")])
def test_the_room_beside_lines_is_that_of_their_names(names: tuple[str, str], width: int) -> None:
    frame = pd.DataFrame({"t": [1, 2] * 2, "v": [1, 2, 3, 4], "s": [name for name in names for _ in range(2)]})
    svg = drawn_at(bundle(charts.line_chart(frame, x="t", y="v", series="s", title="数值"))[CHART_MIME], width)
    ends = [t for t in texts(svg) if any(t.words[:2] in name for name in names) and t.left > width / 3]
    assert len(ends) >= 2
    # Neither cut off nor far from the edge: what the names leave belongs to the lines.
    assert width - 24 < max(t.right for t in ends) <= width
    assert min(t.left for t in ends) > width * (0.8 if len(names[0]) == 2 else 0.45)


@pytest.mark.parametrize("width", [PHONE, 640])
def test_a_long_label_of_a_short_bar_stays_inside_the_picture(width: int) -> None:
    frame = pd.DataFrame({"c": ["甲", "名称很长的一类地区和城市"], "v": [9.0, 3.0], "l": ["9", "3（所印的是下界，上界没有印）"]})
    svg = drawn_at(bundle(charts.dot_plot(frame, category="c", value="v", label="l", title="数值"))[CHART_MIME], width)
    assert max(t.right for t in texts(svg)) <= width + 1


@pytest.mark.parametrize("reference", [20.0, 30.0, 45.0, 55.0])
def test_a_label_over_a_bar_stands_beside_the_reference_line(reference: float) -> None:
    frame = pd.DataFrame({"c": ["甲", "乙"], "v": [32.0, 50.0], "a": [30.0, 48.0], "b": [35.0, 53.0]})
    chart = charts.interval_plot(
        frame, category="c", value="v", low="a", high="b", title="值", unit="%", digits=0, zero=True, reference=(reference, "线")
    )
    svg = drawn_at(bundle(chart)[CHART_MIME], 640)
    (line,) = vertical_rules(svg)
    labels = [t for t in texts(svg) if "（" in t.words and "%" in t.words]
    assert len(labels) >= 2
    assert not [t for t in labels if t.left < line < t.right]


def test_names_of_lines_that_a_slider_brings_together_stay_apart() -> None:
    chart = charts.what_if(
        sliders=[charts.Slider("a", "甲", 0, 10, 1, 5)], x=("t", 0, 1, 1), x_title="t", y_title="y",
        series={"甲线": "a", "乙线": "5", "丙线": "5.05"}, y_domain=(0, 10),
    )  # fmt: skip
    ends = sorted(t.y for t in texts(bundle(chart)[SVG_MIME]) if t.words.endswith("线"))
    assert len(ends) == 3
    assert min(b - a for a, b in pairwise(ends)) >= 12


def test_missing_values_are_null_and_shown_as_a_dash() -> None:
    meta = PACKAGED["dot_plot"][CHART_MIME]["usermeta"]["decisionbook"]
    assert meta["data"]["rows"][3] == ["其他", None]
    assert "NaN" not in json.dumps(PACKAGED["dot_plot"])
    assert "—" in [t.words for t in texts(PACKAGED["dot_plot"][SVG_MIME])]


def test_home_region_is_drawn_in_the_accent_colour_unless_told_otherwise() -> None:
    def colours(**options: object) -> dict[str, str]:
        chart = charts.dot_plot(RATIOS, category="地区", value="比值", title="比值", **options)  # type: ignore[arg-type]
        rows = next(v for v in bundle(chart)[CHART_MIME]["datasets"].values() if "category" in v[0])
        return {r["category"]: r["colour"] for r in rows}

    assert [n for n, c in colours().items() if c == charts.TOKENS["accent"]] == ["广西"]
    assert [n for n, c in colours(highlight="全国").items() if c == charts.TOKENS["accent"]] == ["全国"]
    assert charts.TOKENS["accent"] not in colours(highlight=()).values()


def test_waterfall_steps_start_where_the_last_one_ended() -> None:
    spec = PACKAGED["waterfall"][CHART_MIME]
    rows = next(iter(spec["datasets"].values()))
    assert [(r["start"], r["end"]) for r in rows] == [(0, 10), (10, 16.5), (16.5, 13.5), (0, 13.5)]


def test_states_carry_a_glyph_and_a_word_beside_their_colour() -> None:
    for scale in (charts.PRESENCE, charts.PROGRESS, charts.VERDICTS):
        assert len({s.glyph for s in scale}) == len(scale)
        assert len({s.label for s in scale}) == len(scale)
    words = " ".join(t.words for t in texts(PACKAGED["heatmap"][SVG_MIME]))
    assert "● 有" in words
    assert "？ 未载" in words


def test_an_unknown_state_is_refused_with_the_closest_one() -> None:
    frame = pd.DataFrame({"r": ["甲"], "c": ["乙"], "s": ["presnt"]})
    with pytest.raises(charts.ChartError, match="present"):
        charts.heatmap(frame, row="r", column="c", state="s")


def test_every_area_has_a_tile_of_its_own() -> None:
    for layout, size in (("provinces", 34), ("guangxi", 14)):
        places = charts.LAYOUTS[layout]
        assert len(places) == size
        assert len({(p[2], p[3]) for p in places.values()}) == size
        assert len({p[0] for p in places.values()}) == size
        assert all(re.fullmatch(r"\d{6}", code) for code in places)
    assert charts.place_code("广西壮族自治区", "provinces") == "450000"
    assert charts.place_code("南宁市", "guangxi") == "450100"
    assert charts.place_code("内蒙古自治区", "provinces") == "150000"
    with pytest.raises(charts.ChartError, match="防城港"):
        charts.place_code("防城", "guangxi")


def test_timeline_orders_by_date_whatever_its_precision_and_puts_half_years_in_words() -> None:
    words = [t.words for t in texts(PACKAGED["timeline"][SVG_MIME])]
    dates = [w for w in words if re.match(r"\d{4}", w)]
    assert dates == ["2019-03", "2021", "2021-07-16", "2022 上半年"]
    assert date_key("2022-S2") > date_key("2022-Q2") > date_key("2022-S1") > date_key("2022")
    with pytest.raises(charts.ChartError, match="去年"):
        date_key("去年")


def test_a_wrong_column_is_named_with_the_closest_one() -> None:
    with pytest.raises(charts.ChartError, match="比值"):
        charts.dot_plot(RATIOS, category="地区", value="比", title="x")


def test_a_category_may_stand_only_once() -> None:
    with pytest.raises(charts.ChartError, match="甲"):
        charts.dot_plot(pd.DataFrame({"c": ["甲", "甲"], "v": [1, 2]}), category="c", value="v", title="x")


def test_a_slope_joins_two_periods() -> None:
    frame = pd.DataFrame({"c": ["甲"] * 3, "p": ["1", "2", "3"], "v": [1, 2, 3]})
    with pytest.raises(charts.ChartError, match="two periods"):
        charts.slope_chart(frame, category="c", period="p", value="v", title="x")


@pytest.mark.parametrize(
    ("value", "digits", "unit", "shown"),
    [(2.345, 2, "", "2.35"), (1.005, 2, "%", "1.01%"), (-0.4, 0, "", "0"), (31000, None, "万元", "31,000"),
     (-3.25, 1, "倍", "−3.3倍"), (math.nan, 1, "%", "—"), (None, 1, "", "—"), (0.1 + 0.2, None, "", "0.3")],
)  # fmt: skip
def test_numbers_are_printed_as_on_paper(value: float | None, digits: int | None, unit: str, shown: str) -> None:
    assert charts.format_number(value, digits, unit) == shown


def test_axis_ends_are_plain_numbers_that_hold_the_data() -> None:
    for values in ([8.22, 3.45], [0.0042, 0.0011], [-3, 5], [123456, 99], [7]):
        low, high = nice_domain(values)
        assert low <= min([*values, 0])
        assert high >= max(values)
        assert len(f"{high:.12g}") <= 8


@pytest.mark.parametrize("shown", [["0.5", "1", "2"], ["2021", "2022", "2023"]], ids=["parts", "years"])
def test_ticks_say_where_they_stand(shown: list[str]) -> None:
    places = [float(text) for text in shown]
    chart = charts.line_chart(pd.DataFrame({"x": places, "y": [3.0, 5.0, 9.0]}), x="x", y="y", title="值")
    drawn = drawn_at(bundle(chart)[CHART_MIME], 640)
    assert [text for text in shown if f">{text}<" not in drawn] == []


def test_numpy_and_pandas_values_become_plain() -> None:
    given = {"a": np.float64(1.5), "b": np.int64(2), "c": pd.NA, "d": np.nan, "e": pd.Timestamp("2022-06-30")}
    given["f"] = np.bool_(True)
    assert plain(given) == {"a": 1.5, "b": 2, "c": None, "d": None, "e": "2022-06-30", "f": True}
    assert type(plain(np.float64(1.5))) is float


@pytest.mark.parametrize(
    ("change", "message"),
    [({"name": "Bad Name"}, "name"), ({"alt": " "}, "alt"), ({"caption": ""}, "caption"), ({"columns": {"无": "无"}}, "无")],
)
def test_an_incomplete_description_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(charts.ChartError, match=message):
        bundle(SAMPLES["dot_plot"], **{"name": "ok", **change})  # type: ignore[arg-type]


def test_readouts_are_what_python_computes() -> None:
    meta = PACKAGED["what_if"][CHART_MIME]["usermeta"]["decisionbook"]
    (readout,) = meta["readouts"]
    assert readout["value"] == pytest.approx(math.log(8.22 / 3.45) / math.log(1.15 / 1.08), rel=1e-12)
    assert meta["sliders"][0] == {
        "param": "growth", "label": "软件收入年增速", "min": 5, "max": 30, "step": 0.5, "base": 15, "unit": "%", "digits": 1
    }  # fmt: skip
    words = PACKAGED["what_if_dots"][CHART_MIME]["usermeta"]["decisionbook"]["readouts"]
    assert words[0]["value"] == "偏重"


def test_a_readout_without_a_value_is_missing_and_a_broken_one_is_refused() -> None:
    params = [{"name": "growth", "value": 8}, {"name": "years", "expr": "log(-1)"}]
    assert readout_values([YEARS], params) == {"years": None}
    with pytest.raises(charts.ChartError, match="expression"):
        readout_values([YEARS], [{"name": "years", "expr": "log("}])


def test_a_slider_outside_its_range_is_refused() -> None:
    with pytest.raises(charts.ChartError, match="growth"):
        charts.Slider("growth", "增速", 5, 30, 0.5, 50)
    with pytest.raises(charts.ChartError, match="step"):
        charts.Slider("growth", "增速", 5, 30, 0, 10)


def test_a_chart_of_ones_own_gets_the_parameters_it_lacks() -> None:
    own = alt.layer(alt.Chart(RATIOS).mark_point().encode(x="比值:Q", y="目标:Q"))
    spec = bundle(own, sliders=[GROWTH], readouts=[charts.Readout("double", "两倍", "growth * 2")])[CHART_MIME]
    assert {"growth", "double"} <= {p["name"] for p in spec["params"]}
    assert spec["usermeta"]["decisionbook"]["readouts"][0]["value"] == 30


def test_hostile_data_stays_text_in_the_picture() -> None:
    hostile = "<img src=x onerror=alert(1)></script>"
    frame = pd.DataFrame({"c": [hostile], "v": [1.0]})
    svg = bundle(charts.dot_plot(frame, category="c", value="v", title="x"))[SVG_MIME]
    assert "<img" not in svg
    assert "&lt;img" in svg


def test_ids_in_pictures_start_from_zero() -> None:
    svg = slim('<svg ><defs><clipPath id="clip41"/></defs><g clip-path="url(#clip41)"/></svg>')
    assert 'id="part0"' in svg
    assert "url(#part0)" in svg


def test_catch_up_is_itself_a_layered_chart() -> None:
    assert isinstance(catch_up(), alt.LayerChart)
