"""The report of a proof: one HTML file in the look of the book, without script or request, and the same as JSON."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from ..project import Project
from .documents import Document
from .remarks import KINDS, Proof, Remark, by_kind
from .sections import Sections
from .tables import find_tables

_STYLE = """
body { margin: 0; background: var(--db-paper); color: var(--db-ink); font: 16px/1.75 var(--db-serif); }
main { max-width: 50em; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font: 700 1.7rem/1.35 var(--db-sans); margin: 0 0 .25rem; }
h2 { font: 700 1.15rem/1.4 var(--db-sans); margin: 2.5rem 0 .75rem;
  border-bottom: 1px solid var(--db-line); padding-bottom: .35rem; }
.lead { color: var(--db-soft); margin: 0 0 1.5rem; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5em, 1fr)); gap: .75rem; margin: 0; padding: 0; }
.facts div { background: var(--db-card); border: 1px solid var(--db-line); border-radius: 6px; padding: .7rem .9rem; }
.facts dt { font: .8rem/1.4 var(--db-sans); color: var(--db-soft); }
.facts dd { margin: 0; font: 700 1.5rem/1.3 var(--db-sans); font-variant-numeric: tabular-nums; }
.facts .found dd { color: var(--db-accent); }
article { background: var(--db-card); border: 1px solid var(--db-line); border-left: 4px solid var(--db-accent);
  border-radius: 6px;
  padding: .9rem 1.1rem; margin: 0 0 1rem; break-inside: avoid; }
article.less { border-left-color: var(--db-warn); }
article h3 { font: 700 1rem/1.5 var(--db-sans); margin: 0; }
article h3 span { font-weight: 400; color: var(--db-soft); font-size: .85rem; margin-left: .6em; white-space: nowrap; }
article p { margin: .3rem 0 0; overflow-wrap: anywhere; }
.excerpt { color: var(--db-soft); }
mark { background: var(--db-accent-wash); color: var(--db-accent); font-weight: 700; padding: 0 .15em; border-radius: 3px; }
table { border-collapse: collapse; width: 100%; font: .9rem/1.6 var(--db-sans); margin-top: .6rem;
  border-top: 1.5px solid var(--db-rule);
  border-bottom: 1.5px solid var(--db-rule); }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
th { font-weight: 400; color: var(--db-soft); width: 6.5em; white-space: nowrap; }
ul { padding-left: 1.2em; margin: .3rem 0; }
@media print { body { background: #fff; } main { padding: 0; max-width: none; } }
"""
_LIMITS = (
    "只核对有据可依的数：与同文其他数字、早前各期、官方数据有算术或重复关系的。",
    "一个数字若与别的数字都无关联，写错了看不出来。",
    "“其中”所列若不齐，分项之和小于合计不算错。",
    "把握只是机器的估计；口径不同也会显得不一致，由人判断。",
)


def as_json(document: Document, proof: Proof, remarks: Sequence[Remark]) -> str:
    """Return the report as JSON: the counts and every remark with its places in the text."""
    content = {
        "draft": document.path.name,
        "sha256": document.sha256,
        "numbers": proof.numbers,
        "compared": proof.compared,
        "held": proof.held,
        "notes": document.notes,
        "remarks": [asdict(r) | {"kind_zh": KINDS[r.kind]} for r in remarks],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def as_html(project: Project, document: Document, proof: Proof, remarks: Sequence[Remark]) -> str:
    """Return the report as one HTML page: its only style is named by hash in a policy that allows nothing else."""
    tokens = project.book / "_static" / "tokens.css"
    style = (tokens.read_text(encoding="utf-8") if tokens.is_file() else "") + _STYLE
    style = style.replace("</", "<\\/")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    sections = Sections(document.text, find_tables(document.text))
    name = escape(document.path.name)
    blocks = "\n".join(_article(r, sections.at(r.start)) for r in sorted(remarks, key=lambda r: (-r.sure, r.start)))
    kinds = "、".join(f"{KINDS[k]} {n} 处" for k, n in by_kind(remarks).items())
    notes = "".join(f"<li>{escape(in_chinese(n))}</li>" for n in document.notes)
    read = f"<h2>读到什么</h2>\n<ul>{notes}</ul>" if notes else ""
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>数字校对：{name}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>数字校对</h1>
<p class="lead">{name}</p>
<dl class="facts">
<div><dt>读到的数字</dt><dd>{proof.numbers}</dd></div>
<div><dt>核对的关系</dt><dd>{proof.compared}</dd></div>
<div><dt>相符</dt><dd>{proof.held}</dd></div>
<div class="found"><dt>请看一眼</dt><dd>{len(remarks)}</dd></div>
</dl>
<h2>{"请看一眼" if remarks else "没有发现不符"}</h2>
<p>{escape(kinds)}</p>
{blocks}
{read}
<h2>看不出来的</h2>
<ul>{"".join(f"<li>{escape(line)}</li>" for line in _LIMITS)}</ul>
</main>
</body>
</html>
"""


def _article(remark: Remark, section: str) -> str:
    excerpt = escape(remark.excerpt).replace("【", "<mark>", 1).replace("】", "</mark>", 1)
    other = "；".join(f"{_flat(text)}（第{start + 1}字）" for start, _, text in remark.others)
    rows = [("这里写", remark.printed), ("算得或对照", remark.expected), ("相差", remark.difference), ("比对的数", other),
            ("位置", f"{section}，第{remark.start + 1}字")]  # fmt: skip
    table = "".join(f'<tr><th scope="row">{k}</th><td>{escape(_flat(v))}</td></tr>' for k, v in rows if v)
    less = "" if remark.sure >= 0.7 else ' class="less"'
    return (
        f"<article{less}><h3>{escape(KINDS[remark.kind])}<span>把握 {remark.sure:.0%}</span></h3>\n"
        f'<p>{escape(_flat(remark.words))}</p>\n<p class="excerpt">{excerpt}</p>\n<table>{table}</table></article>'
    )


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


_NOTES = (
    (r"tracked changes: the final version is read \((\d+) insertions kept, (\d+) deletions dropped\)",
     r"有修订痕迹：按接受全部修订后的文字读（插入\1处保留，删除\2处不读）"),
    (r"(\d+) merged cells: .*", r"合并单元格\1个：内容只在首格出现一次"),
    (r"(\d+) pictures were not read: .*", r"图片\1张没有读：其中的表和图请人工核对"),
    (r"(\d+) charts were not read: .*", r"图表\1个没有读：数据在文档内嵌的工作簿里"),
    (r"(\d+) of (\d+) pages have no text layer and were not read: (.*)", r"\2页中有\1页没有文字层，没有读：第\3页"),
    (r"(\d+) of (\d+) pages are damaged and were not read: (.*)", r"\2页中有\1页损坏，没有读：第\3页"),
    (r"the document is damaged \(.*", "文件有损坏：损坏处前后能读的都读了"),
    (r"read as (.*); the registered text is UTF-8", r"按\1编码读入"),
    (r"(\d+) damaged characters .*", r"有\1个字损坏"),
    (r"(\d+) remarks stand in notes .*", r"\1处在脚注里，Word批注放不进去，只列在本报告"),
)  # fmt: skip


def in_chinese(note: str) -> str:
    """Return what was said of the reading in the language of the book."""
    for pattern, words in _NOTES:
        if match := re.fullmatch(pattern, note):
            return match.expand(words)
    return note
