"""Which numbers are no figures, by rule and with the reason: dates, ordinals, document numbers, names, phones, idioms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .grammar import IDIOMS, UNIT

_C = "[一二三四五六七八九十百零〇]"


@dataclass(frozen=True)
class Rule:
    """One rule of exclusion: what its pattern matches whole is no figure, for one of coverage.REASONS."""

    pattern: str
    reason: str
    note: str

    @property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.MULTILINE)


_DATE, _ORDINAL, _NUMBER, _NAME = "date", "ordinal", "document number", "name or label"
_YEAR = r"(?:19|20)\d\d"
# The order matters only for the reason that is given: the first rule that holds a token names it.
BUILT_IN: tuple[Rule, ...] = tuple(
    Rule(*rule)
    for rule in (
        (r"〔\s*\d{4}\s*〕\s*(?:第?\s*\d+\s*号?)?", _NUMBER, "文号"),
        (r"[\[(（]\s*(?:19|20)\d{2}\s*[\])）]\s*(?:第?\s*\d+\s*号)", _NUMBER, "文号"),
        (
            r"总?第\s*\d+\s*(?:期|号|卷)|\d+\s*号文|\bGB\s*/?\s*T?\s*[\d.]+(?:\s*[-—–]+\s*\d+)?|ISO\s*[\d:-]+",
            _NUMBER,
            "刊期、文号、标准号",
        ),
        (r"ISSN?\s*[\dX-]+|CN\s*\d\d-\d+|准印证[^\n]{0,12}?\d+|[（(]桂[)）]\s*\d+", _NUMBER, "刊号"),
        (r"《[^《》\n]{1,80}》", _NAME, "文件名与书名"),
        (
            r"(?<!\d)0\d{2,3}\s*[-—)）]\s*\d{7,8}|(?<!\d)1[3-9]\d{9}(?!\d)|[电传]\s*[话真][::：]?\s*[\d()（）\s-]{7,}",
            "page or phone number",
            "电话",
        ),
        (
            r"邮\s*(?:政编码|编)\s*[::：]?\s*\d{6}|\d+\s*号\s*(?:房|楼|院|大院)|(?:路|街|道|巷|村)\s*\d+\s*号(?:[之-]\d+)?|\d+\s*(?:号楼|单元|室)",
            "page or phone number",
            "地址与邮编",
        ),
        (r"\S*@\S+|(?:https?://|www\.)[\w./?=&%:#-]+", "page or phone number", "网址与邮箱"),
        (
            r"(?:\.{3,}|…{1,}|·{3,})\s*\d{1,3}\s*$"
            r"|^\s*(?:第[^\t\n]{1,4}[章节篇]|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[）)])[^\t\n]*\t\d{1,3}\s*$"
            r"|^\s*[-—–·]?\s*\d{1,3}\s*[-—–·]?\s*$|(?<=[\u4e00-\u9fff”》]) \d{1,3}\s*$",
            "contents list or running head",
            "页码",
        ),
        (r"\[\^?\[?\d{1,2}\]?\]|[①-⑳]|[¹²³⁰⁴-⁹]+|\^\[+\d+\]+", "footnote mark", "脚注"),
        (
            rf"{_YEAR}\s*年\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?(?:\s*[-—–~至到]+\s*(?:{_YEAR}\s*年)?\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?)?",
            _DATE,
            "年月日",
        ),
        (rf"{_YEAR}\s*年?\s*[-—–~至到]+\s*{_YEAR}\s*年?度?", _DATE, "起止年份"),
        (rf"(?<![\d.]){_YEAR}\s*[-/]\s*(?:1[0-2]|0?[1-9])(?:\s*[-/]\s*(?:3[01]|[12]\d|0?[1-9]))?(?![\d.%])", _DATE, "数字日期"),
        (rf"(?<![\d.\t]){_YEAR}\.(?:1[0-2]|0?[1-9])(?:\.(?:3[01]|[12]\d|0?[1-9]))?(?![\d.%])(?!\s*[万亿元%])", _DATE, "数字日期"),
        (r"(?<!\d)\d{1,2}\s*[·•]\s*\d{1,2}(?!\d)|双\s*1[12]", _DATE, "纪念日与活动日"),
        (
            rf"(?<![\d.]){_YEAR}\s*年(?:度|版|前|后|末|底|初)?(?:第?[一二三四1-4]季度|前[一二三四两]个?季度|[上下]半年)?",
            _DATE,
            "年份",
        ),
        (r"[一二][〇○零九][〇○零一二三四五六七八九]{2}\s*年", _DATE, "年份"),
        (
            r"(?<!\d)\d{1,2}\s*(?:[-—–~至到]\s*\d{1,2}\s*)?月(?:份|\s*\d{1,2}\s*(?:[-—–~至到]\s*\d{1,2}\s*)?日)?(?:[上中下]旬|末|底|初)?",
            _DATE,
            "月日",
        ),
        (r"(?<!\d)\d{1,2}\s*(?:[-—–~至到]\s*\d{1,2}\s*)?日(?!均|活|常)", _DATE, "日"),
        (rf"(?:{_C}月{_C}*日?)(?!度)", _DATE, "月日"),
        (r"[上下前后]半年|第?[一二三四]季度|前[一二三四两]个?季度|前\s*\d+\s*个月|一季度", _DATE, "季度、半年"),
        (
            rf"(?:最?近|过去|未来|今后|前|往后|此前)\s*(?:{_C}|两|几|\d)+\s*(?:多|余)?\s*(?:个?月|年|天|周|日)(?:内|来|间)?",
            _DATE,
            "时段",
        ),
        (
            rf"上世纪|{_C}*\d*\s*世纪\s*(?:\d+\s*年代)?|\d+\s*年代|前一[日天年]|当[日天年]|(?<![\d.:：])\d{{1,2}}\s*[:：]\s*\d\d(?![\d.:：])",
            _DATE,
            "年代、时刻",
        ),
        (
            rf"(?<![\d.,]){_YEAR}(?![\d.,%]|\s*(?:多|余|万|亿|个|家|人|户|项|件|条|元|吨|座|亩|名|台|套|辆|次|米|公里|平方|种|款|位))",
            _DATE,
            "单独的年份",
        ),
        (rf"^\s*[（(]?\s*{_C}+\s*[)）、.．,，](?!\d)", _ORDINAL, "章节序号"),
        (rf"[（(]\s*(?:{_C}+|\d{{1,2}})\s*[）)](?!\s*年)", _ORDINAL, "带括号的序号"),
        (
            r"^\s*[-•·]?\s*\d{1,2}(?:\.\d{1,2}){0,3}\s*(?:[、)）]|[.．](?!\d)|(?=\s+(?!UNIT)[\u4e00-\u9fff]{4,}[^。；，,]{0,40}$))".replace(
                "UNIT", UNIT
            ),
            _ORDINAL,
            "序号",
        ),
        (rf"{_C}+类?(?:是|要|则为|来(?=[，,]))(?!个)", _ORDINAL, "一是、二是"),
        (r"[图表]\s*表?\s*\d+(?:\s*[-—.．]\s*\d+)*|附[表图件]\s*\d*|专栏\s*\d+", _ORDINAL, "图表编号"),
        (
            rf"第\s*(?:{_C}+|\d+)\s*(?:章|节|条|款|届|批|卷|次|季|期|版|代|轮|步|阶段|部分|产业|篇|讲|集|线|书记|时间|平台|方|者|五年|个五年|医院|中学|小学|附属)",
            _ORDINAL,
            "第几",
        ),
        (
            r"[“\"‘]?十[二三四五六][五][”\"’]?|十[一二三四五]个五年|(?:党的)?(?:二十|二?十[一二三四五六七八九])大(?!类|项|部)|二?十[一二三四五六七八九]?届(?:[一二三四五六七]中全会)?",
            _NAME,
            "规划、会议",
        ),
        (
            r"(?<![\d.])[2-6]\s*G(?![BHbh])(?:-A)?|IPv\s*[46]|IPV[46]|\d+\s*[+x×＋]\s*(?:\d+|[A-Z])(?:\s*[+＋]\s*\d+)*\+?[>＞]?\d*|\d\s*[DdKk](?![A-Za-z])|[A-Z]2[A-Z]|O2O",
            _NAME,
            "技术与产品名",
        ),
        (r"[A-Za-z][A-Za-z]*[-·\s]?\d+(?:\.\d+)*[A-Za-z]*(?!\s*[%个家项亿万])|\d+[A-Z][a-z]+\b|V2X|C-V2X", _NAME, "型号与名称"),
        (
            r"[一二三四五]级(?:指标|目录|等保|监督|管理|市场|域名|医院|甲等|保护|响应)|[一二三特]等奖|[三二一]甲|[345]A级?(?![A-Za-z])",
            _NAME,
            "级别与奖项名",
        ),
        (
            r"每\s*[千万百]\s*人口?|每\s*[一二三四五六七八九十百千万]+\s*[人户平名]|\d+\s*岁(?:以[上下])?|单位\s*[::：]\s*[十百千万亿]*元?|[（(]\s*[十百千万亿]+[^\d）)]{0,4}[）)]",
            _NAME,
            "口径与单位",
        ),
        (r"[十百千]?万亿?(?=元[)）])|零[售距部件散星碎基]|从零|归零", _NAME, "口径与名称"),
        (
            r"“[一二三四五六七八九十百]+条”|[一二三四五六七八九十]年(?:行动|规划|计划|攻坚|滚动|提升)|[二三四五六七八九多]合一|[一二三四]期(?=建设|工程|项目)",
            _NAME,
            "简称与名称",
        ),
        (
            rf"{_C}+(?!{UNIT}|大)(?=[\u4e00-\u9fff]{{0,12}}(?:有限|股份|集团)[\u4e00-\u9fff]{{0,8}}公司)|1(?:10|19|20|22)(?=[^\d]{{0,6}}(?:热线|报警|急救|电话))|12\d{{3}}(?!\d)(?=[^，。\d]{{0,10}}(?:热线|平台|电话))",
            _NAME,
            "企业名与热线",
        ),
        (r"(?<=[%％])\d{1,2}(?=[。，；、])", "footnote mark", "脚注"),
        (r"千\s*[人城]\s*千\s*面|[两一]副重担|[一二三]级(?=\d)", _NAME, "用语与名称"),
        (
            r"最[先后前]一公里|一[^，。；\n]一[策品码案]|[一二三四五六七八九两]{1}[核区引带廊极翼轴圈]{1}[一二三四五六七八九两多]{1}[核区引带廊极翼轴圈底驱]{1}",
            _NAME,
            "口号",
        ),
        (r"“?[一二三四五六七八九十]个[一强夯好不统共提新更][^，。]{0,3}(?=[”\"])", _NAME, "口号"),
    )
)
_IDIOM = Rule("|".join(re.escape(w) for w in sorted(set(IDIOMS), key=lambda w: (-len(w), w))), "idiom", "惯用语与名称")


def built_in(text_names: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Return the rules of the reader; `text_names` are names (of areas) whose numerals count nothing."""
    numerals = re.compile(r"[零一二三四五六七八九十百千万亿两]")
    names = sorted({n for n in text_names if numerals.search(n)}, key=lambda n: (-len(n), n))
    named = (Rule("|".join(map(re.escape, names)), _NAME, "地名"),) if names else ()
    return (*BUILT_IN, *named, _IDIOM)
