"""A book of two chapters whose numbers have every kind of evidence, and whose data try to break out of the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import minibook

# What a hostile print would do if a page took its text for markup; a test page sets a trap that it would spring.
HOSTILE = '</script><svg/onload="window.trapped=1"><img src=x onerror="window.trapped=1">&amp;\u2028'


def row(figure_id: str, published: str, verdict: str, **changes: Any) -> dict[str, Any]:
    """Return a row of book.json's reconciliation."""
    point = {"low": None, "high": None, "low_closed": True, "high_closed": True}
    return {
        "figure_id": figure_id,
        "source_id": figure_id[:3],
        "published": published,
        "obs_value": "1",
        "finding": "",
        "finding_value": "",
        "verdict": verdict,
        "changes_conclusion": "",
        "cause": "",
        "note": "",
        "section": "二（二）",
        "unit": "%",
        "chapter": "first",
        "role": "result",
        "printed": point,
        **changes,
    }


def interval(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "low_closed": True, "high_closed": False}


def finding(value: Any, unit: str = "", **changes: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "low": None, "high": None, "answers": [], "parameters": {}, **changes}


ROWS = [
    row("000-0001", "425亿元", "input", unit="亿元", printed=interval(424.5, 425.5), note="从来源照引"),
    row("000-0002", "46266\n亿元", "input", unit="亿元"),
    row(
        "000-0003",
        "0.92%",
        "reproduced",
        finding="first.share",
        finding_value="0.918601132581",
        printed=interval(0.915, 0.925),
        bounds=interval(0.9175, 0.9197),
        expression="a/b",
        inputs={"a": "000-0001", "b": "000-0002"},
        reading="收入÷全国收入",
    ),
    row(
        "000-0004",
        "75家",
        "contradicted",
        unit="家",
        finding="a+b",
        finding_value="78",
        bounds=interval(78, 78),
        expression="a+b",
        inputs={"a": "000-0001", "b": "000-0002"},
        reading="分项求和",
        changes_conclusion="no",
        cause="一位数字有误",
        note="多出三家",
    ),
    row("001-0005", HOSTILE, "unverifiable", section=HOSTILE, note=HOSTILE, chapter="second"),
    row(
        "001-0006",
        "同文",
        "reproduced",
        finding="a",
        finding_value="425",
        expression="a",
        inputs={"a": "000-0001"},
        reading="同文核对",
        chapter="second",
    ),
]
FINDINGS = {
    "first.area": finding("广西"),
    "first.share": finding(0.918601132581, "%", answers=["000-0003"], figures=["000-0001", "000-0002"]),
    "first.firms": finding(78, "家", answers=["000-0004"]),
    "first.gap": finding(587.6, "亿元", low=585.1, high=590.2, figures=["000-0001"]),
    "first.free": finding(12.5, "1"),
    "second.hostile": finding(1, "%", answers=["001-0005"]),
}
CHAPTER = """\
# 第一章

## 要点

{glue:text}`share:.2f` %
: {glue:text}`area`的份额。还差 {glue:text}`gap:.1f` 亿元，
  共 {glue:text}`firms:.0f` 家，另有 {glue:text}`free:.1f`，别章 {glue:text}`second::hostile:.0f` %。

## 正文

FILL

再说一次：份额是 {glue:text}`share:.2f`%，还差 {glue:text}`gap:.1f` 亿元。

## 复核

```{reconciliation}
```

## 建议

```{recommendations}
```
""".replace("FILL", "\n\n".join("这一段只为让页面高过窗口。" * 9 for _ in range(9)))
PAGES = {
    "index.md": "# 小书\n\n份额 {glue:text}`first::share:.2f`%。\n",
    "first.md": CHAPTER,
    "second.md": "# 第二章\n\n数是 {glue:text}`hostile:.0f` %。\n\n```{reconciliation}\n```\n",
    "reconciliation.md": "# 复核总表\n\n文字。\n",
    "plain.md": "# 没有数字\n\n文字。\n",
}
TOC = "format: jb-book\nroot: index\nchapters:\n" + "".join(f"- file: {n[:-3]}\n" for n in PAGES if n != "index.md")


def content() -> dict[str, Any]:
    """Return the content of book.json."""
    chapter = {
        "title_en": "",
        "part": "甲部",
        "sources": ["000"],
        "data_until": "2022",
        "status": "current",
        "status_note": "",
        "parameters": [],
    }
    figures = [{key: ROWS[2][key] for key in ("figure_id", "published", "verdict")}]
    advice = {
        "recommendation_id": "R1",
        "chapter": "first",
        "recommendation": "一条建议",
        "addressee": None,
        "figures": figures,
        "later_status": None,
        "later_note": None,
    }
    return {
        "edition": minibook.EDITION,
        "chapters": {"first": {**chapter, "title": "第一章"}, "second": {**chapter, "title": "第二章<b>"}},
        "findings": FINDINGS,
        "reconciliation": ROWS,
        "recommendations": [advice],
        "sources": [{"source_id": "000", "title": "报告甲"}, {"source_id": "001", "title": HOSTILE}],
    }


def write_sources(folder: Path) -> dict[str, Any]:
    """Write the book and its data into `folder`; return the Sphinx settings that a build of it needs."""
    minibook.write_sources(folder)
    (folder / "chapters" / "first.md").unlink()
    (folder / "chapters" / "second.md").unlink()
    (folder / "table.md").unlink()
    for name, text in {**PAGES, "_toc.yml": TOC}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return {
        "extensions": ["myst_nb", "sphinx_external_toc", "decisionbook.render.extension"],
        "decisionbook_data": str(write_data(folder)),
    }


def write_data(folder: Path, **changes: Any) -> Path:
    """Write book.json beside the sources, with parts of it replaced by `changes`, and return its path."""
    path = folder.parent / "book.json"
    path.write_text(json.dumps({**content(), **changes}, ensure_ascii=False), encoding="utf-8")
    return path
