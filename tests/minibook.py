"""A book of four pages with all that a chapter may hold, built by Sphinx with the project's own layout and sheets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole, docutils_namespace, patch_docutils

from decisionbook.charts.bars import dot_plot
from decisionbook.charts.bundle import package
from decisionbook.render import html
from decisionbook.render import nodes as chart_nodes
from decisionbook.render.vega import BOOK_CHART_MIME, assemble_output, chart_figure, write_bundle

BOOK = Path(__file__).resolve().parents[1] / "book"
EDITION = {"id": "2000.01", "label": "回溯重建版", "as_of": "2000-01-31", "compiled": "2000-02-01"}

TOC = """\
format: jb-book
root: index
parts:
- caption: 甲部
  chapters:
  - file: chapters/first
  - file: chapters/second
- caption: 证据
  chapters:
  - file: table
"""

PAGES = {
    "index.md": """\
# 小书

:::{container} hero
封面上的一句话。

[先看要点](#findings) [总表](table.md)
:::

(findings)=
## 要点

:::{container} findings-grid
- **{finding}`1.5`%**{evidence}`reproduced`

  第一条。

  [第一章](chapters/first.md)
:::

## 各章

:::{container} chapter-grid
甲部

- [第一章](chapters/first.md)
  讲什么。
:::
""",
    "chapters/first.md": """\
---
kernelspec:
  name: python3
  display_name: Python 3
jupytext:
  text_representation:
    format_name: myst
---
# 第一章

:::{container} chapter-meta
现行　6 个数字复核：{evidence}`reproduced` 4　{evidence}`contradicted` 1
:::

## 要点

{finding}`1.5`{evidence}`reproduced`%
: 第一条要点。

  翻转点：再多一半。

## 正文

见{numref}`fig-dots`与{numref}`tab-wide`，公式 {eq}`eq-t`，行内 $q_N$，[外部链接](https://example.org/)。

```{code-cell} ipython3
:tags: [hide-input]
print("a long line " * 20)
```

$$t = \\frac{\\ln(q_N/q_R)}{1+g}$$ (eq-t)

```{dots} fig-dots
```

:::{table} 一张宽表
:name: tab-wide

| 编号 | 地区 | 时期 | 复算 | 区间 | 结论 | 说明 |
| --- | --- | --- | --- | --- | --- | --- |
| 000-0001 | 防城港市 | 2022 | 1.50 | 1.45–1.55 | {evidence}`within_rounding` 舍入内一致 | LONG |
| 000-0002 | 南宁市 | 2021 | 2.50 | 2.45–2.55 | {evidence}`contradicted` 不符 | 短 |
:::

:::{note}
一条说明[^a]。
:::

[^a]: 脚注。

```{raw} html
<p style="color: var(--db-accent)" id="styled">内联样式</p>
<style>#styled { font-weight: 700; }</style>
```

## English abstract

The reader's summary.
""".replace("LONG", "这一行的说明很长，在手机上要折成几行才放得下，但不能把别的列挤没。"),
    "chapters/second.md": "# 第二章\n\n## 甲\n\n文字。\n\n## 乙\n\n文字。\n",
    "table.md": "---\nlayout: wide\n---\n# 总表\n\n## 全部\n\n文字。\n",
}


class _Finding(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.inline(self.text, self.text, classes=["finding"])], []


class _Evidence(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [nodes.inline("●", "●", classes=["evidence", self.text])], []


class _Dots(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        frame = pd.DataFrame({"地区": ["甲", "乙"], "值": [1.0, 2.0]})
        chart = dot_plot(frame, category="地区", value="值", title="值", unit="%")
        bundle = package(
            chart, name=self.arguments[0], caption="两点", alt="乙是甲的两倍", unit="%", source="无", data=frame,
            columns={"地区": "地区", "值": ("值", "%")},
        )  # fmt: skip
        content = assemble_output({"data": bundle})["data"][BOOK_CHART_MIME]
        return [chart_figure(content, self.state.document, self.lineno)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the pages' few roles; called by Sphinx."""
    chart_nodes.setup(app)
    html.setup(app)
    app.add_role("finding", _Finding())
    app.add_role("evidence", _Evidence())
    app.add_directive("dots", _Dots)
    return {"parallel_read_safe": True}


def configuration(**changes: Any) -> dict[str, Any]:
    """Return the Sphinx configuration of the small book: what book/_config.yml sets for the look, and little else."""
    return {
        "extensions": ["myst_nb", "sphinx_external_toc", __name__],
        "external_toc_path": "_toc.yml",
        "external_toc_exclude_missing": True,
        "language": "zh_CN",
        "project": "小书",
        "numfig": True,
        "numfig_format": {"figure": "图 %s", "table": "表 %s"},
        "nb_execution_mode": "off",
        # A text notebook that was never run does not name its lexer.
        "suppress_warnings": ["myst-nb.lexer"],
        "nb_code_prompt_show": "显示代码",
        "nb_code_prompt_hide": "收起代码",
        "myst_enable_extensions": ["colon_fence", "deflist", "dollarmath"],
        "html_theme": "basic",
        "templates_path": ["_templates"],
        "html_static_path": ["_static"],
        "html_copy_source": False,
        "html_use_index": False,
        "html_permalinks_icon": "#",
        "html_math_renderer": "mathml",
        "html_context": {"book_title": "小书", "book_subtitle": "可复算版", "edition": EDITION, "pdf": "book.pdf"},
        **changes,
    }


def write_sources(folder: Path, **pages: str) -> None:
    """Write the pages, the layout, the sheets and the chart bundle; `pages` replaces pages by file name."""
    for name, text in {**PAGES, **pages, "_toc.yml": TOC}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    for name in ("_static", "_templates"):
        shutil.copytree(BOOK / name, folder / name, dirs_exist_ok=True)
    write_bundle(folder / "_static" / "vega-bundle.js")


def build(source: Path, target: Path, **changes: Any) -> Path:
    """Run Sphinx, warnings as errors, and return the folder of the pages, not yet finished."""
    confoverrides = configuration(**changes)
    # The same two guards as in sphinx-build: several applications live in one test process.
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            srcdir=str(source), confdir=None, outdir=str(target), doctreedir=str(target.parent / "doctrees"), buildername="html",
            confoverrides=confoverrides, status=None, warningiserror=True, freshenv=False,
        )  # fmt: skip
        app.build()
        assert app.statuscode == 0
    return target
