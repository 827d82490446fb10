"""Numbers as they are written: half and full width, Chinese numerals, and the two mixed."""

from __future__ import annotations

from decimal import Decimal

DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "双": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
TENS = {"十": 10, "百": 100, "千": 1000}
MYRIADS = {"万": 10**4, "亿": 10**8}
# Characters of one width for another, one for one: places in the text stay what they were.
_WIDE = {ord("０") + i: ord("0") + i for i in range(10)} | {
    ord(wide): narrow for wide, narrow in zip("．％＋－−／～\u3000\xa0", ".%+--/~  ", strict=True)
}
_WIDE |= {ord("Ａ") + i: ord("A") + i for i in range(26)} | {ord("ａ") + i: ord("a") + i for i in range(26)}


def narrow(text: str) -> str:
    """Return the text with full-width digits, letters and signs as half-width ones, character for character."""
    return text.translate(_WIDE)


def chinese_number(text: str) -> Decimal:
    """Return the value of a Chinese numeral: 十二 gives 12, 三百二十 gives 320, 一点五 gives 1.5, 两万三 gives 23000.

    Raises ValueError for text that is no numeral.
    """
    whole, point, rest = text.partition("点")
    if point:
        if not rest or any(c not in DIGITS for c in rest):
            raise ValueError(text)
        return chinese_number(whole) + Decimal("0." + "".join(str(DIGITS[c]) for c in rest))
    if whole and all(c in DIGITS for c in whole):
        return Decimal("".join(str(DIGITS[c]) for c in whole))
    total, part, digit, unit = 0, 0, 0, 1
    for character in whole:
        if character in DIGITS:
            digit = DIGITS[character]
            unit = 1 if character in "零〇" else unit // 10 if unit > 1 else 1
        elif character in TENS:
            unit = TENS[character]
            # 十 alone is ten; 百 alone stands for a hundred.
            part += (digit or 1) * unit
            digit = 0
        elif character in MYRIADS:
            unit = MYRIADS[character]
            group = part + digit
            # 万亿 is ten thousand hundred-millions: a unit stands alone only where nothing stands before it.
            total = (total + group or 1) * unit if unit > MYRIADS["万"] else total + (group or 1) * unit
            part, digit = 0, 0
        else:
            raise ValueError(text)
    if not whole:
        raise ValueError(text)
    # 两万三 says twenty-three thousand; 一百零三 and 十三 say what they say.
    last = digit * unit if unit >= 10 and digit and whole[-2:-1] in {*TENS, *MYRIADS} and whole[-2:-1] != "十" else digit
    return Decimal(total + part + last)


def arabic_number(text: str) -> tuple[Decimal, Decimal]:
    """Return value and precision of a number in digits: 1,234.50 gives 1234.50 and 0.01."""
    value = Decimal(text.replace(",", "").replace(" ", ""))
    exponent = int(value.as_tuple().exponent)
    return value, Decimal(1).scaleb(min(exponent, 0))
