"""Charts in a browser, from files, under the policy of the book: what the reader sees, moves and takes away."""

from __future__ import annotations

import html
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from docutils import frontend, utils

from decisionbook.charts import DARK_TOKENS, TOKENS, dot_plot
from decisionbook.render import nodes as chart_nodes
from decisionbook.render.vega import BOOK_CHART_MIME, assemble_output, chart_figure, write_bundle

from ..chart_samples import bundle, samples
from .conftest import Opened, OpenPage, sync_api

pytestmark = pytest.mark.browser
# Not wait_for_function: it polls by eval, which the policy of the page forbids.
expect = sync_api.expect
YEARS = 'strong[data-signal="years"]'

STATIC = Path(__file__).resolve().parents[2] / "book" / "_static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'none'"
)
PHONE, DESK = 360, 1280
HOSTILE = '</script><img src=x onerror="document.title=1">'
FORMULAS = pd.DataFrame({"名": ["=1+2", "+cmd", "@x", "-3", HOSTILE, '引"号,'], "值": [1.5, -2, 3, 4, 5, 6]})


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page with a chart of every kind, below a folder whose name has a space and Chinese in it."""
    folder = tmp_path_factory.mktemp("charts") / "图 表"
    shutil.copytree(STATIC, folder / "_static")
    write_bundle(folder / "_static" / "vega-bundle.js")
    document = utils.new_document("page", frontend.get_default_settings())
    packaged = [bundle(chart, name=name.replace("_", "-")) for name, chart in samples().items()]
    hostile = dot_plot(FORMULAS, category="名", value="值", title="值")
    packaged.append(bundle(hostile, name="hostile", alt=HOSTILE, data=FORMULAS, columns={"名": "名", "值": ("值", "亿元")}))
    figures = []
    for one in packaged:
        data = assemble_output({"output_type": "display_data", "data": one})["data"][BOOK_CHART_MIME]
        figure = chart_figure(data, document)
        node, caption = figure.children[0], html.escape(figure.children[1].astext())
        figures.append(
            f'<figure class="db-figure" id="{figure["ids"][0]}">{chart_nodes.chart_html(node)}'
            f"<figcaption>{caption}</figcaption>{chart_nodes.tools_html(node)}</figure>"
        )
    sheets = "".join(
        f'<link rel="stylesheet" href="_static/{s}">' for s in ("tokens.css", "decisionbook.css", "components.css", "charts.css")
    )
    path = folder / "page.html"
    path.write_text(
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>图</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{sheets}'
        f'<script src="_static/charts.js" defer></script><script src="_static/whatif.js" defer></script>'
        f'<script src="_static/chart-tools.js" defer></script></head>'
        f'<body><main class="db-main">{"".join(figures)}</main></body></html>',
        encoding="utf-8",
    )
    return path


def years_at(growth: float) -> str:
    """What the readout must say, computed here once more."""
    return f"{math.log(8.22 / 3.45) / math.log((1 + growth / 100) / 1.08):.1f} 年"


def wake(opened: Opened, *names: str) -> Any:
    """Scroll to the named charts (to all, without names) and wait until they are live."""
    page = opened.page
    chosen = names or tuple(page.eval_on_selector_all(".db-chart", "found => found.map(e => e.dataset.name)"))
    for name in chosen:
        page.locator(f"#chart-{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#chart-{name}.is-live", timeout=20000)
    return page


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")])
def test_every_chart_comes_alive_without_a_fault_or_a_jump(open_page: OpenPage, page_file: Path, width: int, scheme: str) -> None:
    opened = open_page(page_file, width=width, color_scheme=scheme)
    opened.page.evaluate(
        "() => { window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(e => {"
        " if (!e.hadRecentInput) window.moved += e.value; })).observe({type: 'layout-shift', buffered: true}); }"
    )
    page = wake(opened)
    assert opened.faults(page_file.parent) == []
    assert page.eval_on_selector_all("[data-error]", "found => found.length") == 0
    assert page.title() == "图"
    sizes = page.eval_on_selector_all(
        ".db-chart",
        """found => found.map(e => {
            const still = e.querySelector('.db-chart-static svg'), live = e.querySelector('.db-chart-live svg');
            const letters = [...live.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize));
            const layout = JSON.parse(e.querySelector('.db-spec').textContent).usermeta.decisionbook.layout;
            const [wide, narrow] = layout.height || [0, 0];
            return {name: e.dataset.name, room: e.clientWidth,
                still: +still.getAttribute('height') + (e.clientWidth < 480 ? narrow - wide : 0),
                live: +live.getAttribute('height'), width: +live.getAttribute('width'), least: Math.min(...letters)};
        })""",
    )
    assert len(sizes) == len(samples()) + 1
    for size in sizes:
        assert size["width"] <= size["room"] + 1, size
        assert size["least"] >= 11, size
        assert size["still"] == size["live"] or size["name"] == "small-multiples", size
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.moved") < 0.001


def test_without_script_every_chart_is_a_picture_with_its_data(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file, java_script_enabled=False)
    page = opened.page
    assert page.locator(".db-chart-static svg").count() == len(samples()) + 1
    assert page.locator("#chart-what-if .db-chart-static svg").is_visible()
    assert "基准 15.0%" in page.locator('.whatif[data-chart="what-if"]').inner_text()
    assert "13.8 年" in page.locator('.whatif[data-chart="what-if"]').inner_text()
    page.locator("#what-if summary").click()
    assert page.locator("#what-if table").is_visible()
    assert not page.locator("#what-if .chart-tools button").first.is_visible()


def test_the_bundle_is_loaded_only_when_a_chart_comes_near(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file, height=300)
    opened.page.wait_for_selector(".db-chart.is-live", timeout=20000)
    asked = [url for url in opened.requests if url.endswith("vega-bundle.js")]
    assert len(asked) == 1
    assert opened.page.locator(".db-chart.is-live").count() < len(samples())
    assert opened.page.evaluate("typeof window.vega") == "undefined"


def test_slider_moves_line_readout_and_address(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file)
    page = wake(opened, "what-if")
    lines = "#chart-what-if .db-chart-live .mark-line path"
    before = page.locator(lines).first.get_attribute("d")
    slider, box = page.locator("#what-if-growth"), page.locator('.whatif[data-chart="what-if"]')
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(lines).first).not_to_have_attribute("d", before)
    assert "15.5%" in box.locator(".whatif-value").inner_text()
    assert slider.get_attribute("aria-valuetext") == "15.5%"
    expect(page).to_have_url(re.compile(r"#s\.what-if\.growth=15\.5$"))
    expect(page.locator(YEARS)).to_have_text(years_at(15.5))
    box.locator(".whatif-reset").click()
    expect(page.locator(YEARS)).to_have_text(years_at(15))
    expect(page).to_have_url(re.compile(r"page\.html$"))
    assert box.locator(".whatif-reset").is_disabled()
    assert page.evaluate("document.activeElement.id") == "what-if-growth"
    assert page.evaluate("history.length") <= 2
    assert opened.faults(page_file.parent) == []


def test_a_slider_takes_the_focus_before_its_chart_is_drawn_and_keeps_it(open_page: OpenPage, page_file: Path) -> None:
    page = open_page(page_file, height=300).page
    assert page.locator("#chart-what-if.is-live").count() == 0
    page.evaluate("document.getElementById('what-if-growth').focus()")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#chart-what-if.is-live", timeout=20000)
    page.mouse.wheel(0, -4000)
    page.mouse.wheel(0, 4000)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "what-if-growth"
    expect(page.locator(YEARS)).to_have_text(years_at(16))


def test_the_base_value_is_said_and_marked_where_the_thumb_stands(open_page: OpenPage, page_file: Path) -> None:
    page = wake(open_page(page_file), "what-if")
    slider = page.locator("#what-if-growth")
    described = page.locator(f"#{slider.get_attribute('aria-describedby')}")
    assert described.inner_text() == "基准 15.0%"
    tick = page.locator('.whatif[data-chart="what-if"] .whatif-tick').bounding_box()
    box = slider.bounding_box()
    low, high, base = (float(slider.get_attribute(name)) for name in ("min", "max", "data-base"))
    thumb = box["x"] + 8 + (box["width"] - 16) * (base - low) / (high - low)
    assert abs(tick["x"] + tick["width"] / 2 - thumb) < 1


def test_what_changed_is_told_once_when_the_slider_rests(open_page: OpenPage, page_file: Path) -> None:
    page = wake(open_page(page_file), "what-if")
    page.evaluate(
        "() => { window.told = []; new MutationObserver(() => window.told.push("
        "document.querySelector('[data-chart=\"what-if\"] .whatif-said').textContent))"
        ".observe(document.querySelector('[data-chart=\"what-if\"] .whatif-said'), {childList: true}); }"
    )
    page.locator("#what-if-growth").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator('[data-chart="what-if"] .whatif-said')).to_contain_text(years_at(17.5))
    assert page.evaluate("window.told.length") == 1
    # Nothing else in the panel speaks by itself.
    assert page.locator(".whatif :is(output, [aria-live])").count() == 0


def test_a_shared_address_restores_the_sliders(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file.resolve().as_uri() + "#s.what-if.growth=20&s.what-if-dots.area=120")
    page = wake(opened, "what-if", "what-if-dots")
    expect(page.locator(YEARS)).to_have_text(years_at(20))
    assert page.locator("#what-if-growth").input_value() == "20"
    assert page.locator("#what-if-dots-area").input_value() == "120"
    # Moving one keeps the other.
    page.locator("#what-if-growth").fill("21")
    expect(page).to_have_url(re.compile(r"#s\.what-if\.growth=21&s\.what-if-dots\.area=120$"))


@pytest.mark.parametrize("value", ["9999", "-1", "1.2.3", "NaN", "1e9", ""])
def test_a_value_that_the_slider_cannot_have_is_passed_over(open_page: OpenPage, page_file: Path, value: str) -> None:
    page = wake(open_page(page_file.resolve().as_uri() + f"#s.what-if.growth={value}&s.what-if.other=1"), "what-if")
    assert page.locator("#what-if-growth").input_value() == "15"
    expect(page.locator(YEARS)).to_have_text(years_at(15))


def test_the_link_to_a_view_holds_this_chart_alone(open_page: OpenPage, page_file: Path) -> None:
    page = wake(open_page(page_file), "what-if", "what-if-dots")
    page.locator("#what-if-dots-area").fill("120")
    page.locator("#what-if-growth").fill("20")
    page.locator('.whatif[data-chart="what-if"] .whatif-copy').click()
    expect(page.locator('.whatif[data-chart="what-if"] .whatif-copy')).to_have_text("已复制链接")
    page.evaluate("() => document.body.prepend(Object.assign(document.createElement('input'), {id: 'paste'}))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+v")
    assert page.locator("#paste").input_value().endswith("page.html#s.what-if.growth=20")


def test_nothing_in_the_address_is_run(open_page: OpenPage, page_file: Path) -> None:
    bad = "#s.what-if.growth=1);alert(1&s.what-if.<img src=x>=3&s.nowhere.x=1&%E0%A4%A"
    opened = open_page(page_file.resolve().as_uri() + bad)
    page = wake(opened, "what-if")
    assert page.locator("#what-if-growth").input_value() == "15"
    assert opened.faults(page_file.parent) == []


def download(page: Any, name: str, action: str) -> Path:
    with page.expect_download() as waiting:
        page.locator(f'.chart-tools[data-chart="{name}"] button[data-action="{action}"]').click()
    assert waiting.value.suggested_filename == f"{name}.{action}"
    return Path(waiting.value.path())


def test_csv_opens_in_a_spreadsheet_without_running(open_page: OpenPage, page_file: Path) -> None:
    page = wake(open_page(page_file), "hostile")
    content = download(page, "hostile", "csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[:5] == ["名,值（亿元）", "'=1+2,1.5", "'+cmd,-2", "'@x,3", "-3,4"]
    assert lines[5:] == ['"' + HOSTILE.replace('"', '""') + '",5', '"引""号,",6', ""]


def test_pictures_for_slides_are_light_and_say_what_they_show(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file, color_scheme="dark", width=PHONE)
    page = wake(opened, "dot-plot")
    svg = download(page, "dot-plot", "svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert TOKENS["paper"] in svg
    assert TOKENS["accent"] in svg
    assert "var(" not in svg
    for said in ("全国的一半", page.locator("#dot-plot figcaption").inner_text(), "引自：图"):
        assert said in svg, said
    # As wide as a slide needs, on a phone too, and twice as sharp.
    width = int(re.search(r' width="(\d+)"', svg)[1])  # type: ignore[index]
    assert width > 700
    png = download(page, "dot-plot", "png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20], "big") == 2 * width
    assert opened.faults(page_file.parent) == []


def test_a_picture_of_a_moved_chart_says_what_was_moved(open_page: OpenPage, page_file: Path) -> None:
    page = wake(open_page(page_file), "what-if")
    assert "情景：" not in download(page, "what-if", "svg").read_text(encoding="utf-8")
    page.locator("#what-if-growth").fill("20")
    assert "20.0%（基准 15.0%）" in download(page, "what-if", "svg").read_text(encoding="utf-8")


def rgb(colour: str) -> str:
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"


def test_pictures_and_live_charts_follow_the_theme(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file, color_scheme="light")
    accent = f'svg [fill="{TOKENS["accent"]}"]'
    painted = "e => getComputedStyle(e).fill"
    page = opened.page
    static = page.locator(f"#chart-dot-plot .db-chart-static {accent}").first
    assert static.evaluate(painted) == rgb(TOKENS["accent"])
    wake(opened, "dot-plot")
    live = page.locator(f"#chart-dot-plot .db-chart-live {accent}").first
    assert live.evaluate(painted) == rgb(TOKENS["accent"])
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert live.evaluate(painted) == rgb(DARK_TOKENS["accent"])
    assert static.evaluate(painted) == rgb(DARK_TOKENS["accent"])


def test_a_chart_is_laid_out_again_when_the_page_narrows(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file)
    page = wake(opened, "what-if")
    page.locator("#what-if-growth").fill("20")
    page.set_viewport_size({"width": PHONE, "height": 800})
    expect(page.locator("#chart-what-if .db-chart-live svg")).to_have_attribute("width", re.compile(r"^3\d\d$"))
    expect(page.locator("#chart-what-if .db-chart-live")).to_have_count(1)
    assert page.locator("#what-if-growth").input_value() == "20"
    expect(page.locator(YEARS)).to_have_text(years_at(20))


def test_pointing_at_a_mark_tells_its_value(open_page: OpenPage, page_file: Path) -> None:
    opened = open_page(page_file)
    page = wake(opened, "dot-plot")
    page.locator("#chart-dot-plot .db-chart-live .mark-symbol path").nth(1).hover()
    tip = page.wait_for_selector("#db-chart-tooltip.visible")
    assert tip.inner_text() == "广西：3.45%"
    assert opened.faults(page_file.parent) == []


def test_a_missing_bundle_leaves_the_picture(open_page: OpenPage, page_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(page_file.parent, copy)
    (copy / "_static" / "vega-bundle.js").unlink()
    page = open_page(copy / "page.html").page
    page.wait_for_selector("[data-error]", state="attached")
    page.locator("#chart-what-if").scroll_into_view_if_needed()
    expect(page.locator("#what-if-growth")).to_be_disabled()
    assert page.locator("#chart-dot-plot .db-chart-static svg").is_visible()
