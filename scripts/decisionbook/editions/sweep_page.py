"""The comparison page of a sweep: each finding over the parameters as a small chart, and a ranking. One HTML file."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.declarations import Chapter
from ..data.scratch import replace_file
from ..project import Project
from ..runs.sweep import Record, Run
from ..runs.sweep_results import varied_names
from .chapter_source import MARK, plain_value
from .definition import Edition
from .snapshot import phrases

if TYPE_CHECKING:
    import pandas as pd

# Findings shown when nobody names any, points in one chart, rows in one ranking.
MOST_FINDINGS, MOST_POINTS, MOST_ROWS = 6, 24, 100
# Where a clause gives the finding's own number; the fewest characters that say what a number is, and the most of a head.
OWN, _FEWEST, _ROOM = "〔此值〕", 5, 60
_CHINESE = re.compile("[\u4e00-\u9fff]")
_SHEETS = ("tokens.css", "decisionbook.css", "components.css", "charts.css")
_OWN_SHEET = """
.sweep { max-width: 76rem; margin: 0 auto; padding: 16px 20px 48px; }
.sweep .db-rerun { padding: 10px 0; border-bottom: 2px solid var(--db-accent); }
.sweep .db-rerun strong { color: var(--db-accent); margin-right: .8em; }
.sweep h1 { margin-top: 24px; }
.sweep .multiples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 24px 32px; }
.sweep figure { margin: 0; min-width: 0; }
/* The book's charts keep their width and are drawn anew by a script; here they shrink, on a phone no further than can be read. */
.sweep figure .db-chart svg:not(.db-room) { max-width: max(100%, 30rem); }
.sweep figcaption p { margin: .3em 0 0; font-weight: normal; color: var(--db-soft); }
.sweep figcaption p { overflow-wrap: anywhere; }
.sweep td { min-width: 4.5em; }
.sweep td.right { min-width: 0; }
.sweep td.right, .sweep th.right { text-align: right; }
"""


def key_findings(project: Project, chapter: Chapter) -> list[str]:
    """Return the findings that the chapter quotes under 要点, in their order: what a sweep compares first."""
    text = project.notebook(chapter.name).read_text(encoding="utf-8")
    found: list[str] = []
    inside = False
    for cell in json.loads(text)["cells"]:
        for line in "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" else []:
            inside = line.startswith("## 要点") if line.startswith("## ") else inside
            found += re.findall(r"\{glue:text\}`([a-z]\w*)(?::[^`]*)?`", line) if inside else []
    return list(dict.fromkeys(found))


def compared(records: Sequence[Record], preferred: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Return the numeric findings that differ between the runs: the preferred ones first, at most MOST_FINDINGS.

    `names` are the parameters that vary: a finding of such a name only repeats one. Of findings that are equal in every
    run the first stands for all.
    """
    values: dict[str, dict[int, float]] = {}
    for number, record in enumerate(records):
        for name, finding in record["findings"].items():
            if isinstance(finding["value"], int | float):
                values.setdefault(name, {})[number] = finding["value"]
    varying = [name for name, given in values.items() if len(set(given.values())) > 1 and name not in names]
    first = [name for name in preferred if name in varying]
    chosen: dict[tuple[tuple[int, float], ...], str] = {}
    for name in [*first, *(name for name in varying if name not in first)]:
        chosen.setdefault(tuple(values[name].items()), name)
    return list(chosen.values())[:MOST_FINDINGS]


def meanings(project: Project, chapter: Chapter, records: Sequence[Record]) -> dict[str, str]:
    """Return for each finding how the chapter's text words it.

    Its own number is 〔此值〕 (OWN), and what differs between the runs is left open.
    """
    findings: dict[str, dict[str, Any]] = {}
    for record in records:
        for name, finding in record["findings"].items():
            known = findings.setdefault(name, dict(finding))
            if known["value"] != finding["value"]:
                known["value"] = "…"
    found = phrases(project.notebook(chapter.name), findings, own=OWN)
    # What only the English abstract quotes has no words here.
    return {name: phrase.words for name, phrase in found.items() if _CHINESE.search(phrase.words.replace(OWN, ""))}


def titles(findings: Sequence[str], meant: Mapping[str, str], units: Mapping[str, str]) -> dict[str, str]:
    """Return for each finding what a chart and a column are headed by: the part of its words that states it.

    It does not end with the finding's unit, which follows in brackets. One without words, or whose words are also
    another's, keeps its name.
    """
    found = {}
    for name in findings:
        found[name] = re.sub(rf"{OWN}\s*{re.escape(units.get(name, ''))}$", OWN, _title(meant.get(name, ""))) or name
    common = {title for title, count in Counter(found.values()).items() if count > 1}
    return {name: f"{title}（{name}）" if title in common and title != name else title for name, title in found.items()}


def _title(words: str) -> str:
    """Return the part of a clause, between its commas, that quotes the finding itself; of a key finding its definition."""
    number, dash, rest = words.partition(" — ")
    if dash and OWN in number:
        said = _fitting(re.sub(r"（[^（）]*）", "", rest))
        # Beside another number, as of a range, it is one of two.
        return f"{number} — {said}" if re.search(r"[\d…]", number.replace(OWN, "")) else said
    clause = rest if dash else words
    plain = re.sub(r"（[^（）]*）", "", clause)
    parts = (plain if OWN in plain else clause).split("，")
    at = start = next((n for n, part in enumerate(parts) if OWN in part), 0)
    # A number with a word or two says nothing: what stands before it does.
    while start and len(_CHINESE.findall("".join(parts[start : at + 1]).replace(OWN, ""))) < _FEWEST:
        start -= 1
    return "，".join(parts[start : at + 1]).strip()


def _fitting(definition: str) -> str:
    """Return as many parts of a definition as a head has room for, one at least."""
    parts = definition.rstrip("…，").split("，")
    room = next((n for n in range(len(parts), 1, -1) if len("，".join(parts[:n])) <= _ROOM), 1)
    return "，".join(parts[:room]).strip()


def write_sweep_page(
    project: Project, edition: Edition, chapter: Chapter, runs: Sequence[Run], records: Sequence[Record], folder: Path,
    findings: Sequence[str] = (),
) -> Path:  # fmt: skip
    """Write comparison.html into `folder` and return it; `findings` name what is compared in place of the 要点."""
    names = varied_names(runs)
    failed = [(run, record) for run, record in zip(runs, records, strict=True) if record["status"] != "ok"]
    meant = meanings(project, chapter, records)
    # What the chapter has words for comes before what only its code names.
    chosen = list(findings) or compared(records, [*key_findings(project, chapter), *meant], names)
    units = {name: f["unit"] for record in reversed(records) for name, f in record["findings"].items()}
    heads = titles(chosen, meant, units)
    parts = [
        _figure(chapter, runs, records, names, finding, heads[finding], units.get(finding, ""), index, meant.get(finding, ""))
        for index, finding in enumerate(chosen, start=1)
    ]
    parts = [part for part in parts if part]
    body = [
        f'<div class="db-rerun" role="note"><strong>{MARK}</strong>底本：《{_text(edition.title)}》{_text(edition.label)}，'
        f"数据截至{edition.as_of}。</div>",
        f"<h1>{_text(chapter.title)}：{len(runs)} 组参数比较</h1>",
        f"<p>{_described(chapter, names)}完成 {len(runs) - len(failed)} 组，失败 {len(failed)} 组。</p>",
        '<h2>各结果随参数的变化</h2><div class="multiples">' + "".join(parts) + "</div>"
        if parts
        else "<p>各组参数的数值结果都相同，或没有可比的数值。</p>",
    ]
    if chosen and parts:
        body.append(
            f"<h2>排名</h2><p>按第一项结果由大到小；全部结果见 results.csv。</p>{_ranking(runs, records, names, heads, units)}"
        )
    if failed:
        rows = [[run.number, *(run.values.get(n) for n in names), r.get("cell"), r["error"]] for run, r in failed[:MOST_ROWS]]
        more = f"以下为前 {MOST_ROWS} 组，全部" if len(failed) > MOST_ROWS else ""
        body.append(f"<h2>失败</h2><p>{more}见 failures.csv。</p>{_table(['组', *names, '单元', '原因'], rows)}")
    path = folder / "comparison.html"
    replace_file(path, _page(project, f"{chapter.title}：参数比较", "\n".join(body)).encode("utf-8"))
    return path


def _described(chapter: Chapter, names: Sequence[str]) -> str:
    listed = "；".join(f"{name}（{chapter.parameters[name].meaning}）" for name in names)
    return f"改动的参数：{_text(listed)}。" if names else ""


def _label(run: Run, names: Sequence[str]) -> str:
    return "、".join(str(plain_value(run.values[n])) for n in names if n in run.values) or "默认"


def _frame(runs: Sequence[Run], records: Sequence[Record], names: Sequence[str], finding: str) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for run, record in zip(runs, records, strict=True):
        found = record["findings"].get(finding)
        if found and isinstance(found["value"], int | float):
            values = {f"p_{name}": plain_value(run.values.get(name)) for name in names}
            rows.append({"组": _label(run, names), "值": float(found["value"]), **values})
    return pd.DataFrame(rows)


def _figure(
    chapter: Chapter, runs: Sequence[Run], records: Sequence[Record], names: Sequence[str], finding: str, head: str, unit: str,
    index: int, meant: str,
) -> str:  # fmt: skip
    """Return the chart of one finding: lines over a parameter that is a number, otherwise dots in their order.

    It is headed by `head`; `meant` says below it what the finding is, in words of the chapter.
    """
    from .. import charts
    from ..charts.bundle import SVG_MIME
    from ..render.chart_svg import inline_svg
    from ..render.nodes import data_table

    frame = _frame(runs, records, names, finding)
    if frame.empty:
        return ""
    numeric = [n for n in names if chapter.parameters[n].type in ("number", "integer") and frame[f"p_{n}"].nunique() > 1]
    others = [n for n in names if n not in numeric[:1]]
    columns: dict[str, str | tuple[str, str]] = {"组": "参数", "值": (head, unit)}
    shown = frame.sort_values("值", ascending=False, kind="stable")
    best, worst = shown.iloc[0], shown.iloc[-1]
    alt = f"{head}：最大 {best['值']:.6g}{unit}（{best['组']}），最小 {worst['值']:.6g}{unit}（{worst['组']}）"
    if numeric:
        axis = f"p_{numeric[0]}"
        shown = frame.assign(系列=[_series(chapter, row, others) for _, row in frame.iterrows()]).sort_values(axis, kind="stable")
        title = chapter.parameters[numeric[0]]
        several = shown["系列"].nunique() > 1
        if shown["系列"].nunique() > 4:
            chart: Any = charts.small_multiples(
                shown[shown["系列"].isin(list(dict.fromkeys(shown["系列"]))[:MOST_POINTS])], facet="系列", x=axis, y="值",
                title=head, x_title=f"{title.name}（{title.unit}）" if title.unit else title.name, unit=unit, zero=False,
            )  # fmt: skip
        else:
            chart = charts.line_chart(
                shown, x=axis, y="值", title=head, x_title=f"{title.name}（{title.unit}）" if title.unit else title.name,
                series="系列" if several else None, unit=unit, zero=False, height=220,
            )  # fmt: skip
    else:
        shown = shown.head(MOST_POINTS)
        chart = charts.dot_plot(shown, category="组", value="值", title=head, unit=unit, descending=True)
    name = f"sweep-{index}-{re.sub(r'[^a-z0-9]+', '-', finding.lower()).strip('-')}"
    bundle = charts.package(chart, name=name, caption=head, alt=alt, unit=unit, data=frame, columns=columns)
    data = next(v for k, v in bundle.items() if isinstance(v, Mapping))["usermeta"]["decisionbook"]["data"]
    # Where the words are the chapter's, the name is what leads to the number in results.csv.
    said = [meant] * (meant != head) + [f"results.csv 中的名称：{finding}"]
    explained = f"<p>{'<br>'.join(_text(line) for line in said)}</p>" if meant else ""
    return (
        f'<figure class="db-figure"><div class="chart db-chart"><div role="img" aria-label="{_text(alt)}">'
        f"{inline_svg(bundle[SVG_MIME], name)}</div></div><figcaption>{_text(_headed(head, unit))}{explained}</figcaption>"
        f'<details class="chart-table"><summary>表格视图</summary>{data_table(data, alt)}</details></figure>'
    )


def _series(chapter: Chapter, row: Any, others: Sequence[str]) -> str:
    """Return the name of a line: the other parameters, those that are numbers with name and unit."""
    parts = []
    for name in others:
        value, parameter = row[f"p_{name}"], chapter.parameters[name]
        if value is not None and value == value:
            number = parameter.type in ("number", "integer")
            parts.append(f"{name} {plain_value(value)}{parameter.unit}" if number else str(value))
    return "、".join(parts) or "默认"


def _headed(head: str, unit: str) -> str:
    """Return a title with its unit, unless its number stands in it with that unit."""
    return f"{head}（{unit}）" if unit and not re.search(rf"{OWN}\s*{re.escape(unit)}", head) else head


def _ranking(
    runs: Sequence[Run], records: Sequence[Record], names: Sequence[str], titled: Mapping[str, str], units: Mapping[str, str]
) -> str:
    findings = list(titled)
    done = [(run, r["findings"]) for run, r in zip(runs, records, strict=True) if r["status"] == "ok"]

    def rank(item: tuple[Run, Mapping[str, Any]]) -> tuple[bool, float]:
        value = item[1].get(findings[0], {}).get("value")
        known = isinstance(value, int | float)
        return not known, -float(value) if known else 0.0  # type: ignore[arg-type]

    heads = ["名次", "组", *names, *(_headed(head, units.get(f, "")) for f, head in titled.items())]
    rows = [
        [place, run.number, *(run.values.get(n) for n in names), *(found[f]["value"] if f in found else None for f in findings)]
        for place, (run, found) in enumerate(sorted(done, key=rank)[:MOST_ROWS], start=1)
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    from ..render.cells import are_periods

    # A finding that is missing in some runs is still a column of numbers.
    columns = [[row[i] for row in rows if row[i] not in (None, "缺")] for i in range(len(heads))]
    numeric = [bool(column) and all(isinstance(value, int | float) for value in column) for column in columns]

    periods = [are_periods(column) for column in columns]

    def cell(text: str, tag: str, right: bool) -> str:
        return f"<{tag}{' class=right' if right else ''}>{_text(text)}</{tag}>"

    def printed(value: Any, period: bool) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "—" if value is None else str(value)
        # Six significant digits, and never an exponent.
        text = f"{Decimal(f'{value:.6g}' if isinstance(value, float) else value):,f}"
        return text.replace(",", "") if period else text

    head = "".join(cell(h, "th", numeric[i]) for i, h in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(cell(printed(v, periods[i]), "td", numeric[i]) for i, v in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<div class="db-scroll"><table class="table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _page(project: Project, title: str, body: str) -> str:
    sheets = "".join(
        f"<style>\n{(project.book / '_static' / name).read_text(encoding='utf-8')}</style>\n"
        for name in _SHEETS
        if (project.book / "_static" / name).is_file()
    )
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        'base-uri \'none\'; form-action \'none\'">\n<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(title)}（{MARK}）</title>\n{sheets}<style>{_OWN_SHEET}</style>\n</head>\n"
        f'<body class="db-chapter"><main class="sweep"><article class="db-article">\n{body}\n</article></main></body>\n</html>\n'
    )


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
