"""The lines under a chapter's title: 时效, how far its data reach, its sources, its verdicts."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from .book_data import VERDICT_GLYPHS, book_data, quote
from .directives import STATUS_WORDS
from .findings import verdict_mark
from .reader import page_files


def period_words(period: str) -> str:
    """Return an SDMX period in Chinese: 2022-S1 gives 2022 年上半年, 2022-10 gives 2022 年 10 月."""
    if match := re.fullmatch(r"(\d{4})-S([12])", period):
        return f"{match[1]} 年{'上半年' if match[2] == '1' else '下半年'}"
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", period):
        return f"{match[1]} 年第 {match[2]} 季度"
    if match := re.fullmatch(r"(\d{4})-(\d{2})", period):
        return f"{match[1]} 年 {int(match[2])} 月"
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", period):
        return f"{match[1]} 年 {int(match[2])} 月 {int(match[3])} 日"
    return f"{period} 年" if re.fullmatch(r"\d{4}", period) else period


def insert_chapter_head(app: Sphinx, document: nodes.document) -> None:
    """Put the head under the title of every page that is a chapter (at doctree-read)."""
    env = app.env
    declared: dict[str, Any] | None = book_data(app).chapters.get(env.docname)
    section = document.next_node(nodes.section)
    if declared is None or section is None:
        return
    quote(env, f"chapter:{env.docname}")
    rows = quote(env, f"reconciliation:{env.docname}")
    line = nodes.paragraph("")
    status = declared["status"]
    line += nodes.inline(STATUS_WORDS[status], STATUS_WORDS[status], classes=["status-pill", status])
    facts = [f"数据截至 {period_words(declared['data_until'])}", "来源 " + ("、".join(declared["sources"]) or "官方统计")]
    # No-break spaces before the point: on a phone it ends a line and never begins one.
    line += nodes.Text("　" + "\u00a0\u00a0·　".join(facts))
    counts = [(v, sum(r["verdict"] == v for r in rows)) for v in VERDICT_GLYPHS]
    if rows:
        line += nodes.Text(f"\u00a0\u00a0·　{len(rows)} 个数字复核：")
        for verdict, count in counts:
            if count:
                line += verdict_mark(verdict, [])
                line += nodes.Text(f" {count}　")
    files = addnodes.only("", page_files(chapter=env.docname), expr="html")
    head = [nodes.container("", line, files, classes=["chapter-meta"])]
    if declared["status_note"]:
        note = nodes.paragraph("", declared["status_note"])
        head.append(nodes.container("", note, classes=["timeliness", status]))
    section[1:1] = head
