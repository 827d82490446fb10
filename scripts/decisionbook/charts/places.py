"""Tile layouts: every area an equal square, placed about where it lies; no boundaries are drawn.

Codes are those of GB/T 2260; a place is ``code: (short name, one-character name, column, row)``.
"""

from __future__ import annotations

from decisionbook.errors import did_you_mean

from .theme import ChartError

Place = tuple[str, str, int, int]

PROVINCES: dict[str, Place] = {
    "110000": ("北京", "京", 7, 2),
    "120000": ("天津", "津", 8, 2),
    "130000": ("河北", "冀", 7, 3),
    "140000": ("山西", "晋", 6, 3),
    "150000": ("内蒙古", "蒙", 6, 1),
    "210000": ("辽宁", "辽", 9, 2),
    "220000": ("吉林", "吉", 9, 1),
    "230000": ("黑龙江", "黑", 9, 0),
    "310000": ("上海", "沪", 9, 5),
    "320000": ("江苏", "苏", 8, 4),
    "330000": ("浙江", "浙", 8, 5),
    "340000": ("安徽", "皖", 7, 4),
    "350000": ("福建", "闽", 8, 6),
    "360000": ("江西", "赣", 7, 6),
    "370000": ("山东", "鲁", 8, 3),
    "410000": ("河南", "豫", 6, 4),
    "420000": ("湖北", "鄂", 6, 5),
    "430000": ("湖南", "湘", 6, 6),
    "440000": ("广东", "粤", 7, 7),
    "450000": ("广西", "桂", 6, 7),
    "460000": ("海南", "琼", 6, 8),
    "500000": ("重庆", "渝", 5, 5),
    "510000": ("四川", "川", 4, 5),
    "520000": ("贵州", "黔", 5, 6),
    "530000": ("云南", "滇", 4, 6),
    "540000": ("西藏", "藏", 2, 5),
    "610000": ("陕西", "陕", 5, 4),
    "620000": ("甘肃", "甘", 4, 3),
    "630000": ("青海", "青", 3, 4),
    "640000": ("宁夏", "宁", 5, 3),
    "650000": ("新疆", "新", 2, 3),
    "710000": ("台湾", "台", 9, 6),
    "810000": ("香港", "港", 8, 8),
    "820000": ("澳门", "澳", 7, 8),
}

PREFECTURES: dict[str, Place] = {
    "450100": ("南宁", "南宁", 1, 1),
    "450200": ("柳州", "柳州", 2, 0),
    "450300": ("桂林", "桂林", 3, 0),
    "450400": ("梧州", "梧州", 4, 1),
    "450500": ("北海", "北海", 2, 3),
    "450600": ("防城港", "防城港", 1, 2),
    "450700": ("钦州", "钦州", 2, 2),
    "450800": ("贵港", "贵港", 3, 1),
    "450900": ("玉林", "玉林", 3, 2),
    "451000": ("百色", "百色", 0, 1),
    "451100": ("贺州", "贺州", 4, 0),
    "451200": ("河池", "河池", 1, 0),
    "451300": ("来宾", "来宾", 2, 1),
    "451400": ("崇左", "崇左", 0, 2),
}

LAYOUTS: dict[str, dict[str, Place]] = {"provinces": PROVINCES, "guangxi": PREFECTURES}

_ENDINGS = ("壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区", "自治区", "省", "市")


def place_code(area: object, layout: str) -> str:
    """Return the code of an area given as code, short or full name; raises ChartError when it is unknown."""
    if layout not in LAYOUTS:
        raise ChartError(f"unknown tile layout {layout!r}; expected provinces or guangxi")
    table = LAYOUTS[layout]
    text = str(area).strip()
    if text in table:
        return text
    by_name = {place[0]: code for code, place in table.items()}
    short = text
    for ending in _ENDINGS:
        if text.endswith(ending) and text.removesuffix(ending) in by_name:
            short = text.removesuffix(ending)
    if short in by_name:
        return by_name[short]
    raise ChartError(f"no tile for area {text!r} in layout {layout!r}. {did_you_mean(text, by_name)}".strip())
