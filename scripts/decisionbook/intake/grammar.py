"""The closed tables of the reader: units, words that qualify a number, and words that merely look like one."""

from __future__ import annotations

import re

# Longest first within the alternation; what stands here is a measure word, a unit, or a multiple of one.
_UNIT_WORDS = """
个百分点 百分点 元/平方米 元每平方米 元/吨 平方公里 平方千米 平方米 立方米 公里/小时 标准机架 人次 次 架次 公里 千米
公顷 公斤 千克 千瓦时 千瓦 兆瓦 吉瓦 美元 欧元 英镑 日元 港元 韩元 人民币 元 吨标准煤 吨 克 毫米 厘米 米 亩 机架
个工作日 工作日 个月 个小时 小时 分钟 秒 天 年 周 倍 人 名 位 家 户 个 件 项 条 款 种 类 级 场 期 批 套 座 栋 幢 间 所
支 只 张 份 封 册 本 部分 部 枚 台套 台 辆 艘 列 架 起 例 路 轮 处 站 方 分 点 届 度 岁 代 层 面 块 根 片 组 门 篇 节
课时 学时 梯队 馆 市 村 屯 对 艇 吉比特 Mbps Gbps Kbps TB GB MB PB EB kW MW GW kWh T M 伏 安 瓦
"""
_UNITS = _UNIT_WORDS.split()
SCALES = {
    "万亿": 10**12,
    "千亿": 10**11,
    "百亿": 10**10,
    "十亿": 10**9,
    "亿": 10**8,
    "千万": 10**7,
    "百万": 10**6,
    "十万": 10**5,
    "万": 10**4,
}
UNITS = tuple(sorted({*_UNITS, "%", "‰"}, key=lambda u: (-len(u), u)))
# A measure word that begins another word measures nothing: 12345市民, 10余场景, 八部委.
_BEGIN_WORDS = """
部委门署长 市民场政级区值 场景所馆地面合域外 家庭长园电居具属乡 条件例 项目 层级次面 点位击
分别布析之类成为公局行支校区级层解享散拣论配管 代表码办 级别联 类型别似 种植子 方面式案法向便位针 路网由径面口段线
站点位 片区 组织成建团 门户诊类 节点能约 对接口应于外比点 本地级市区县次土报文身 支持付撑部 所有在以属 名单牌优称录
位置居于列 处理置于罚 周年边期 人才工民口均社大力群脸员机物文体 户籍外型口 间隔 座谈位 起步来草点 例如 轮换值船驱
面向对临 根据本 列入为举 架构 台账 份额 元宇素器件 年轻均 天然津 度过量 册封 克服 米粉 块链 届时 期间望货刊 株洲 岁末
秒杀 村级镇民 馆藏 MB 安全排 瓦解 伏案 吨位
"""
_BEGINS = {word[0]: word[1:] for word in _BEGIN_WORDS.split()}


def _measure(unit: str) -> str:
    barred = _BEGINS.get(unit)
    latin = "(?![A-Za-z])" if unit[-1].isascii() and unit[-1].isalpha() else ""
    return re.escape(unit) + (f"(?![{barred}])" if barred else latin)


UNIT = "(?:" + "|".join(_measure(u) for u in UNITS) + ")"
SCALE = "(?:" + "|".join(SCALES) + ")"
MORE = rf"(?:余(?![额下热量款])|[多几来](?=\s*(?:{SCALE}|{UNIT})))"
DURATIONS = frozenset({"年", "个月", "天", "小时", "个小时", "分钟", "秒", "工作日", "个工作日", "周"})
# A unit in data/units.csv for one that is printed another way.
SAME_UNIT = {
    "百分点": "个百分点",
    "个工作日": "工作日",
    "个小时": "小时",
    "平方千米": "平方公里",
    "千米": "公里",
    "元每平方米": "元/平方米",
    "TB": "T",
}

# Words that stand before a number and touch it, by qualifier of data/qualifiers.csv; the longer words first.
BEFORE = {
    "at_least": "不少于 不低于 至少",
    "at_most": "不超过 不高于 不多于 至多 最多",
    "under": "不足 不到 不及 未达到 低于 小于 少于",
    "over": "超过了 超过 超出 超 突破了 突破 逾 高于 大于 多于",
    "about": "大约有 大约为 大约 约有 约为 约达 约占 约",
    "near": "将近 接近 近",
}
AFTER = {"over": "以上", "under": "以下", "about": "左右 上下", "at_most": "以内 之内 内"}
_NOT_BEFORE = {"约": "节预合契制签公条特履大", "近": "附最相临靠远邻逼亲拉", "超": "高反赶远"}


def _word(word: str) -> str:
    barred = _NOT_BEFORE.get(word[0])
    return f"(?<![{barred}]){word}" if barred and len(word) <= 2 else word


QUALIFIER_OF = {word: name for table in (BEFORE, AFTER) for name, words in table.items() for word in words.split()}
_before = sorted((w for words in BEFORE.values() for w in words.split()), key=lambda w: (-len(w), w))
BEFORE_WORD = "(?:" + "|".join(_word(w) for w in _before) + ")"
AFTER_WORD = "(?:以上|以下|左右|上下|以内|之内|内|\\+)"

CHINESE = "[零〇一二三四五六七八九十百千两]"
ARABIC = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
# What is counted by a bare Chinese numeral without a measure word: 八部委, 两平台.
_NOUNS_WORDS = """
平台 中心 部委 部门 城区 县区 新区 领域 区域 方面 环节 阶段 运营商 主体 体系 县 区 码 云 池 改 转 网 库 端 省 州 国 校
院 高耗能行业
"""
NOUNS = _NOUNS_WORDS.split()

# Words with a numeral in them that count nothing. Whole words, so that 三方 (three parties) is not lost with 第三方.
_IDIOMS_WORDS = """
进一步 统一 一定 一些 一批 一种 一系列 唯一 单一 不一 一旦 一方面 另一 一致 新一代 新一轮 一直 一切 一起 之一 下一步
一样 这一 那一 同一 万一 一流 一律 一般 一句 一轮 一条龙 一站式 一盘棋 一度 一整套 一次 一片 一大 一环 任一 某一 每一
一到 一体 一举 一脉 一带 一贯 一心 一时 一并 一再 一味 一向 一如 一经 一同 一道 一手 一线 一级 一把手 一揽子 一部分
一朝一夕 一方 一来 一点 一步 统筹一 初一 一幅 一行 一场 一边 一则 一代 一路 一员 一席 一端 一流 第一时间 第一书记
第一线 第一责任人 十分 十足 千家万户 千方百计 化整为零 零售 零距离 零部件 零基础 零散 零星 零件 零碎 零头 从零 归零
千万家 成千上万 万千 万万 百业 百花 千差万别 日新月异 半导体 四面八方 五湖四海 三番五次 独一无二 数一数二 二者 两者
两两 两岸 两会 两地 三者 百分 百姓 万物 万象 千里 千年 百年 两难 两极 两翼 两端 两侧 两旁 两手 千城一面 千人千面
千篇一律 五花八门 七上八下 三农 第三方 双一流 三甲 一卡通 一码通 一键 一部手机 一网 一站 一张网 一张图 一池 一事 二维
三维 二手 二次 三次产业 三产 三峡 三亚 三农 三包 三防 三孩 二孩 三胞胎 长三角 珠三角 大湾区 四季 四川 四海 五官 五金
五菱 六盘水 六安 七夕 八一 八达 九江 九寨 十堰 十佳 百度 百科 百货 百色 千兆 千岛 万兆 万科 万达 万国 万向 亿联 三星
三一 三江 三明 三门 三沙 三维码 二维码 二十四节气 一汽 一号 零壹 七台河 双十一 二恶英 二氧化碳 半成品 半自动 半径 半岛
半壁 半数以 八戒 五四 五一 七一 加倍 成倍 倍受 倍加 事半功倍 一无 不一样 上一年 上一
"""
IDIOMS = _IDIOMS_WORDS.split()
