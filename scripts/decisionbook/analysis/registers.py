"""Registers of policy documents and advice: merge reprints, group themes, and ask what falls with a figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..data.formulas import evaluate, parse, parse_inputs
from ..data.periods import first_day
from .intervals import Interval, formula_bounds

if TYPE_CHECKING:
    import pandas as pd

# First match counts, so the narrow groups stand before the wide ones.
THEME_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("安全与监管", (
        "安全", "信用", "监管", "疫苗",
    )),
    ("民生与服务", (
        "住房", "公积金", "公租房", "长租", "职住", "夹心", "托育", "游客", "客流",
        "预约", "旅游", "疫情", "应急", "分类管控", "信息服务", "宣传", "政务服务", "政策统一",
        "公共文化", "数据接口", "政务公开", "市场主体", "实体建设", "数字社会", "数字乡村", "数字政府", "自然资源",
        "社会氛围",
    )),
    ("碳市场", (
        "碳",
    )),
    ("资金人才与参与", (
        "资金", "人才", "参与", "素养", "政企", "国企", "建设运营", "学会", "科技奖励",
    )),
    ("数据共享与要素", (
        "数据共享", "数据流通", "数据要素", "数据治理", "数据开放",
    )),
    ("基础设施与云网", (
        "基础设施", "政务云", "云网", "政务外网", "上云", "边缘", "底座", "系统工作", "公共平台",
        "平台应用", "云计算监管", "5G", "信息通信", "互联网发展", "中国—东盟信息港",
    )),
    ("产业与企业", (
        "产业", "招商", "龙头", "营商", "数字经济", "人工智能", "大数据", "区块链", "云计算",
        "信创", "成果", "场景", "交易机制", "数字创新", "工业", "物联网", "企业",
    )),
    ("统筹与规划", (
        "顶层", "统筹", "体制", "组织", "考核", "立项", "导向", "项目", "因地",
        "同质", "方向", "特色", "规划", "标准", "转型", "改进", "智慧城市", "城镇化",
        "数字广西", "评估", "数字桂林",
    )),
)  # fmt: skip
OTHER = "其他"
#: The words of every page for what later sources show of a recommendation; keys of later_status, and `none`.
LATER_WORDS = {"done": "已见落实", "partly": "部分落实", "not_seen": "未见落实", "none": "尚无更晚材料涉及"}
_CLEAN = re.compile(r"[《》“”（）()〔〕\s]|^广西壮族自治区|^广西|^自治区|^国家")


def _text(cell: object) -> str:
    # An empty cell is None or NaN, according to where the frame comes from.
    return cell if isinstance(cell, str) else ""


def theme_group(theme: str | None) -> str:
    """Return the broad theme of THEME_GROUPS that the words of a theme fall under, 其他 when none does."""
    for group, words in THEME_GROUPS:
        if any(word in _text(theme) for word in words):
            return group
    return OTHER


def merge_documents(documents: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each document: reprinted titles merged, the most exact date and the fullest row kept.

    `documents` has the columns of policy_documents.csv, whose notes are joined; the result has in addition `sources`
    (ids joined by 、).
    """
    import pandas as pd

    frame = documents.assign(key=[_CLEAN.sub("", str(t)) for t in documents["title"]])
    rows = []
    for _, group in frame.groupby("key", sort=False):
        exact = sorted(group.to_dict("records"), key=lambda r: -len(_text(r["issued"])))
        row = dict(exact[0])
        for column in ("document_number", "issuer", "issued"):
            row[column] = next((r[column] for r in exact if _text(r[column])), None)
        if "note" in group:
            row["note"] = "；".join(dict.fromkeys(filter(None, map(_text, group["note"])))) or None
        row["sources"] = "、".join(sorted(set(group["source_id"])))
        rows.append(row)
    return pd.DataFrame(rows, columns=[*documents.columns, "sources"], dtype=object)


def known_later(advice: pd.DataFrame, sources: set[str]) -> pd.Series:
    """Return the later status of each recommendation as it could be known from `sources`.

    Keys of LATER_WORDS: `none` where no source out by then, later than the advice, touches its subject. A status
    drawn from a source that was not out yet is not known.
    """
    return advice["later_status"].where(advice["later_source"].isin(sources), "none")


def supports(advice: pd.DataFrame) -> dict[str, list[str]]:
    """Return for each recommendation the figures that it rests on, in printed order."""
    split = {r["recommendation_id"]: [f for f in _text(r["figures"]).split(";") if f] for r in advice.to_dict("records")}
    return {key: list(dict.fromkeys(found)) for key, found in split.items()}


def quantities(advice: pd.DataFrame) -> pd.DataFrame:
    """Return the recommendations with only those figures that are quantities: amounts, ratios, ranks, measured counts.

    Left out are the `enumerations` of each row: counts of the text's own list items, and vague words.
    """
    kept = []
    for basis, listed in zip(supports(advice).values(), advice["enumerations"], strict=True):
        left_out = _text(listed).split(";")
        kept.append(";".join(f for f in basis if f not in left_out))
    return advice.assign(figures=kept)


def dependents(formulas: pd.DataFrame, figure: str) -> set[str]:
    """Return `figure` and every figure that follows from it, through any number of formulas."""
    edges: dict[str, set[str]] = {}
    for row in formulas.to_dict("records"):
        for _, used in parse_inputs(row["inputs"]):
            edges.setdefault(used, set()).add(row["figure_id"])
    reached, waiting = {figure}, [figure]
    while waiting:
        for following in sorted(edges.get(waiting.pop(), set()) - reached):
            reached.add(following)
            waiting.append(following)
    return reached


def fallen(advice: pd.DataFrame, formulas: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return the recommendations that lose support when `figure` falls, and how much of it.

    Columns: recommendation_id, lost (figures it rests on that fall), rests_on (all of them), share (lost / all),
    outcome (`全部` or `部分`). Figures that follow from the fallen one fall with it.
    """
    import pandas as pd

    gone = dependents(formulas, figure)
    rows = []
    for key, basis in supports(advice).items():
        lost = [f for f in basis if f in gone]
        if lost:
            outcome = "全部" if len(lost) == len(basis) else "部分"
            rows.append((key, len(lost), len(basis), len(lost) / len(basis), outcome))
    return pd.DataFrame(rows, columns=["recommendation_id", "lost", "rests_on", "share", "outcome"])


def load_table(advice: pd.DataFrame, formulas: pd.DataFrame) -> pd.DataFrame:
    """Return for each figure that advice rests on how many recommendations lose all or part of their support with it.

    Columns: figure_id, whole, part, total; those that take all support from most advice first, then those that
    touch most, then by id.
    """
    import pandas as pd

    used = sorted({f for basis in supports(advice).values() for f in basis})
    rows = []
    for figure in used:
        hit = fallen(advice, formulas, figure)["outcome"]
        rows.append((figure, int((hit == "全部").sum()), int((hit == "部分").sum()), len(hit)))
    frame = pd.DataFrame(rows, columns=["figure_id", "whole", "part", "total"])
    order = frame.sort_values(["whole", "total", "figure_id"], ascending=[False, False, True], kind="stable")
    return order.reset_index(drop=True)


def conflicts(figures: pd.DataFrame, formulas: pd.DataFrame, factors: Mapping[str, float]) -> list[str]:
    """Return the figures that no reading of their formulas can give: the bounds of print and formula are apart.

    `figures` has the columns of figures.csv with `low` and `high` (printed unit). Only formulas count here, not
    the findings of other chapters. Sorted by id.
    """
    known = {r["figure_id"]: r for r in figures.to_dict("records")}
    met: dict[str, bool] = {}
    for formula in formulas.to_dict("records"):
        inputs = parse_inputs(formula["inputs"])
        if formula["figure_id"] not in known or any(i not in known for _, i in inputs):
            continue
        scale = {i: factors[known[i]["unit_measure"]] for _, i in inputs}
        values = {n: known[i]["obs_value"] * scale[i] for n, i in inputs}
        if any(v != v for v in values.values()):
            continue
        bounds = {n: Interval(known[i]["low"] * scale[i], known[i]["high"] * scale[i], True, True) for n, i in inputs}
        tree = parse(formula["expression"], tuple(values))
        figure = known[formula["figure_id"]]
        answer = formula_bounds(tree, bounds, evaluate(tree, values)).scaled(1 / factors[figure["unit_measure"]])
        printed = Interval(figure["low"], figure["high"], True, True)
        met[formula["figure_id"]] = met.get(formula["figure_id"], False) or printed.meets(answer)
    return sorted(f for f, ok in met.items() if not ok)


def before(period: str | None, until: str) -> bool:
    """Return whether an SDMX period begins on or before the ISO date `until`; False when no date is printed."""
    if not period:
        return False
    return first_day(period.partition("/")[0]).isoformat() <= until


def shortened(title: str, most: int = 34) -> str:
    """Return a title for a chart: without its last bracket beyond `most` characters, cut with an ellipsis beyond twice that.

    A chart breaks a title over two lines; only what does not fit there is lost.
    """
    short = title if len(title) <= most else re.sub(r"[（(][^（）()]*[）)]$", "", title)
    return short if len(short) <= 2 * most else short[: 2 * most - 1] + "…"


def distinct_labels(labels: Sequence[str], ids: Iterable[str]) -> list[str]:
    """Return the labels, each that stands twice followed by its id in brackets, so that a chart can tell them apart."""
    return [f"{text}（{key}）" if labels.count(text) > 1 else text for text, key in zip(labels, ids, strict=True)]
