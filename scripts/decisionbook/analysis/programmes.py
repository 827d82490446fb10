"""City programmes: who prints what, unit costs, parts against totals, growth of what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..data.figures import last_significant_unit
from ..data.formulas import evaluate, parse, parse_inputs
from .intervals import Interval, Quantity

if TYPE_CHECKING:
    import pandas as pd

# Which indicators answer which of the chapter's questions; an indicator that none names stands under the last.
METRIC_GROUPS: dict[str, tuple[str, ...]] = {
    "资金与项目": (
        "smart_city_fund", "smart_city_projects", "extranet_investment", "extranet_annual_saving", "innovation_centre",
        "project_size", "seal_cost", "registered_capital", "witnessed_projects",
    ),
    "云与数据中心": (
        "cloud", "data_centre", "shared_records", "sharing_",
        "departments_served", "blockchain", "smart_city_cent", "smart_city_platforms",
    ),
    "网络": ("extranet_", "base_station", "village_5g", "fibre", "gigabit", "natural_village", "administrative_levels_covered"),
    "应用与账户": (
        "app_", "platform_registered", "enterprise_policies", "health_code", "e_seal", "online_", "platform_services",
        "website", "imaging", "urban_management", "efficiency_gain",
    ),
    "审批与营商": (
        "startup", "approval", "acceptance", "joint_acceptance", "enterprise", "market_entities", "self_employed", "seals_",
        "new_enterprises", "identity", "premises", "matchmaking", "financing", "hotline", "agency", "district_matters",
        "simple_deregistration", "suspended", "witness", "experts_", "e_express", "coordination_levels", "reform_measures",
        "counties_served", "service_teams", "leaders_per_project", "transport_e_licences", "disclosure", "policy_documents",
        "standards_disclosed", "business_life",
    ),
    "试点与名次": (
        "pilot", "first_claim", "smart_cities_planned", "years_in_top_list", "years_commended", "_order", "smart_city_tier",
        "platform_docking",
    ),
    "机构与人员": (
        "_divisions", "_posts", "it_talent", "_working_bodies", "_roles", "survey_team", "platform_staff", "platform_teams",
    ),
    "其他": (),
}  # fmt: skip
# Metrics that more than one area prints, under the names an analyst chooses from.
SIDE_BY_SIDE: dict[str, str] = {
    "政务云应用系统数": "government_cloud_systems",
    "APP注册用户数": "app_registered_users",
    "城市APP服务事项数": "app_service_items",
    "政府网站名次": "website_rank",
    "政务系统上云率": "cloud_migration_rate",
    "覆盖的行政层级数": "administrative_levels_covered",
    "5G基站数": "base_stations_5g",
    "行政村5G覆盖率": "village_5g_coverage",
}
REPRINT = "同文重刊"
# Readings that only say that one number stands in two places; they test no arithmetic.
REPETITIONS = ("同文核对", "一量两处", "列举计数核对", "同文前后核对")


def metric_group(indicator: str) -> str:
    """Return the group of METRIC_GROUPS an indicator code belongs to: the longest key in it decides."""
    hits = [(len(key), group) for group, keys in METRIC_GROUPS.items() for key in keys if key in indicator]
    return max(hits, key=lambda h: h[0])[1] if hits else list(METRIC_GROUPS)[-1]


def home_prefecture(area: str, parents: Mapping[str, str | None], prefectures: Iterable[str]) -> str | None:
    """Return the prefecture an area belongs to, going up `parents` (code to code); None above prefectures."""
    wanted, code = set(prefectures), area
    seen: set[str] = set()
    while code and code not in seen:
        if code in wanted:
            return code
        seen.add(code)
        code = parents.get(code) or ""
    return None


def one_witness(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures without reprints: an article printed twice is one witness, not two."""
    reprint = figures["note"].fillna("").astype(str).str.startswith(REPRINT)
    return figures[~reprint].reset_index(drop=True)


def cited(places: Iterable[str], known: Iterable[str], how: str = "") -> str:
    """Return what a caption names: the places whose source the edition knows, then how they were used.

    A place begins with its source: ["000 二", "003"] with 003 alone known and `how` 复算 gives "003；复算".
    """
    wanted = set(known)
    found = [place for place in places if place[:3] in wanted]
    sign = "、" if all(len(place) == 3 for place in found) else "；"
    return "；".join(part for part in (sign.join(found), how) if part)


def coarse(quantity: Quantity) -> Quantity:
    """Return a quantity whose trailing zeros are not significant: 31000 then stands for [30500, 31500).

    A quantity that is one number (a count, an analyst's value), and a print without such zeros, is returned as it is.
    """
    half = last_significant_unit(quantity.value) / 2
    if quantity.interval.is_point or half <= (quantity.high - quantity.low) / 2 * (1 + 1e-9):
        return quantity
    return replace(quantity, interval=Interval(quantity.value - half, quantity.value + half))


def narrow_more(quantity: Quantity) -> Quantity:
    """Return N多 with its next unit one digit finer: 1000多 as [1000, 1100) instead of [1000, 2000).

    Trailing zeros are ambiguous, so both readings of a vague print are computed.
    """
    return replace(quantity, interval=Interval(quantity.value, quantity.value + last_significant_unit(quantity.value) / 10))


def per_unit(total: float, count: float) -> float:
    """Return total / count, in the total's unit for one counted thing."""
    return total / count


def payback_years(investment: float, saving: float) -> float:
    """Return investment / yearly saving in years, both in one unit of money, undiscounted."""
    return investment / saving


def residual_growth(
    total: float, total_growth: float, first: float, first_growth: float, second: float, second_growth: float
) -> float:
    """Return the growth (ratio) of what is left of a total after two parts, from levels and growth rates (ratios).

    Each base is level / (1 + growth); the remainder's growth is (T - A - B) / (T0 - A0 - B0) - 1. Raises
    ZeroDivisionError when nothing was left in the base period.
    """
    now = total - first - second
    before = total / (1 + total_growth) - first / (1 + first_growth) - second / (1 + second_growth)
    return now / before - 1


def closures(figures: pd.DataFrame, formulas: pd.DataFrame, factors: Mapping[str, float]) -> pd.DataFrame:
    """Return for each figure with an arithmetic formula what the parts give against the print.

    `figures` and `formulas` are rows of figures.csv and formulas.csv; `factors` maps a unit to its base unit. Formulas with a
    missing input, and those that only repeat a number (REPETITIONS), are left out. Columns: figure_id, reading,
    inputs, printed and computed (both in the printed unit), difference (computed - printed), deviation (ratio to the print).
    """
    import pandas as pd

    known = {row["figure_id"]: row for row in figures.to_dict("records")}
    rows = []
    for formula in formulas.to_dict("records"):
        inputs = parse_inputs(formula["inputs"])
        if formula["figure_id"] not in known or formula["reading"] in REPETITIONS or any(i not in known for _, i in inputs):
            continue
        figure = known[formula["figure_id"]]
        values = {n: known[i]["obs_value"] * factors[known[i]["unit_measure"]] for n, i in inputs}
        tree = parse(formula["expression"], tuple(values))
        computed = evaluate(tree, values) / factors[figure["unit_measure"]]
        gap = computed - figure["obs_value"]
        head = (formula["figure_id"], formula["reading"], formula["inputs"])
        rows.append((*head, figure["obs_value"], computed, gap, gap / figure["obs_value"]))
    columns = ["figure_id", "reading", "inputs", "printed", "computed", "difference", "deviation"]
    return pd.DataFrame(rows, columns=columns)


def or_placeholder(frame: pd.DataFrame, **cells: object) -> pd.DataFrame:
    """Return the frame, or one row of `cells` (other columns missing) where it is empty, so that a chart still shows 缺."""
    import pandas as pd

    return frame if len(frame) else pd.DataFrame([{column: cells.get(column) for column in frame.columns}])


def nearest_reading(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each figure of `closures`: the reading that comes nearest to the print."""
    order = found.assign(size=found["difference"].abs()).sort_values(["figure_id", "size"], kind="stable")
    return order.drop_duplicates("figure_id").drop(columns="size").reset_index(drop=True)
