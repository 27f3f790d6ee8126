"""Numbers in words, as they are written on vouchers: "Một triệu không trăm linh năm đồng chẵn."

The Vietnamese rules, northern usage as on forms of the Ministry of Finance:

- Groups of three digits are named nghìn, triệu, tỷ, and above a billion the number of tỷ is read in its own right
  (một nghìn tỷ, một triệu tỷ). A group of zeros is not read.
- A group that is not the first is read with its hundreds even when they are zero: không trăm.
- Tens: 0 before a unit is linh; 1 is mười; others are mươi.
- Units: 1 is mốt after mươi (hai mươi mốt, but mười một, linh một); 4 is tư after mươi (hai mươi tư, but mười bốn,
  linh bốn); 5 is lăm after mười and mươi (mười lăm, hai mươi lăm, but linh năm).
- Negative numbers begin with âm; zero is không.
- "chẵn" says that no smaller unit follows; zero does not take it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from socai.base.decimals import power_of_ten

DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
UNITS_AFTER_MUOI = {1: "một", 5: "lăm"}
UNITS_AFTER_MANY = {1: "mốt", 4: "tư", 5: "lăm"}
BILLION = 10**9

ENGLISH_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
ENGLISH_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ENGLISH_SCALES = ((10**18, "quintillion"), (10**15, "quadrillion"), (10**12, "trillion"), (BILLION, "billion"),
                  (10**6, "million"), (1_000, "thousand"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class CurrencyWords:
    """How a currency and its hundredth are read; an empty minor unit is read digit by digit after the point."""

    vi: str
    vi_minor: str
    en: str
    en_minor: str


CURRENCY_WORDS: Mapping[str, CurrencyWords] = {
    "VND": CurrencyWords("đồng", "", "dong", ""),
    "USD": CurrencyWords("đô la Mỹ", "xu", "US dollars", "cents"),
    "EUR": CurrencyWords("ơ-rô", "xu", "euros", "cents"),
    "GBP": CurrencyWords("bảng Anh", "xu", "pounds sterling", "pence"),
    "JPY": CurrencyWords("yên Nhật", "", "Japanese yen", ""),
    "CNY": CurrencyWords("nhân dân tệ", "phân", "Chinese yuan", "fen"),
    "KRW": CurrencyWords("uôn Hàn Quốc", "", "South Korean won", ""),
    "SGD": CurrencyWords("đô la Xinh-ga-po", "xu", "Singapore dollars", "cents"),
    "THB": CurrencyWords("bạt Thái Lan", "xa-tang", "Thai baht", "satang"),
    "AUD": CurrencyWords("đô la Úc", "xu", "Australian dollars", "cents"),
    "CAD": CurrencyWords("đô la Ca-na-đa", "xu", "Canadian dollars", "cents"),
    "HKD": CurrencyWords("đô la Hồng Kông", "xu", "Hong Kong dollars", "cents"),
    "TWD": CurrencyWords("đô la Đài Loan", "xu", "New Taiwan dollars", "cents"),
    "CHF": CurrencyWords("phrăng Thụy Sĩ", "xu", "Swiss francs", "centimes"),
    "LAK": CurrencyWords("kíp Lào", "", "Lao kip", ""),
    "KHR": CurrencyWords("riên Cam-pu-chia", "", "Cambodian riel", ""),
}


def spell(number: int) -> str:
    """The Vietnamese words of any integer, without a capital: 1005 is "một nghìn không trăm linh năm"."""
    if number < 0:
        return "âm " + spell(-number)
    return " ".join(_words(number, first=True)) if number else DIGITS[0]


def spell_amount(amount: int, currency: str = "VND", decimals: int = 0, exact_suffix: bool = True) -> str:
    """The sentence on a form for an amount in minor units: "Một triệu đồng chẵn.".

    `exact_suffix` adds "chẵn" where no minor unit follows. A currency without words is read by its code.
    """
    words = CURRENCY_WORDS.get(currency) or CurrencyWords(currency, "", currency, "")
    whole, minor = divmod(abs(amount), power_of_ten(decimals))
    spoken = ("âm " if amount < 0 else "") + spell(whole)
    if minor and words.vi_minor:
        sentence = f"{spoken} {words.vi} và {spell(minor)} {words.vi_minor}"
    elif minor:
        digits = str(minor).rjust(decimals, "0").rstrip("0")
        sentence = f"{spoken} phẩy {' '.join(DIGITS[int(digit)] for digit in digits)} {words.vi}"
    else:
        sentence = f"{spoken} {words.vi}" + (" chẵn" if exact_suffix and amount else "")
    return capitalised(sentence) + "."


def spell_english(number: int) -> str:
    """The English words of any integer: 1005 is "one thousand and five"."""
    if number < 0:
        return "minus " + spell_english(-number)
    if number < 1_000:
        return _english_hundreds(number)
    for scale, name in ENGLISH_SCALES:
        if number >= scale:
            rest = number % scale
            joint = " and " if 0 < rest < 100 else " "
            return f"{spell_english(number // scale)} {name}" + (joint + spell_english(rest) if rest else "")
    raise AssertionError("every number of four digits has a scale")


def spell_amount_english(amount: int, currency: str = "VND", decimals: int = 0, exact_suffix: bool = True) -> str:
    """The English sentence for an amount in minor units: "One million dong only."."""
    words = CURRENCY_WORDS.get(currency) or CurrencyWords(currency, "", currency, "")
    whole, minor = divmod(abs(amount), power_of_ten(decimals))
    spoken = ("minus " if amount < 0 else "") + spell_english(whole)
    if minor and words.en_minor:
        sentence = f"{spoken} {words.en} and {spell_english(minor)} {words.en_minor}"
    elif minor:
        digits = str(minor).rjust(decimals, "0").rstrip("0")
        sentence = f"{spoken} point {' '.join(ENGLISH_SMALL[int(digit)] for digit in digits)} {words.en}"
    else:
        sentence = f"{spoken} {words.en}" + (" only" if exact_suffix and amount else "")
    return capitalised(sentence) + "."


def capitalised(sentence: str) -> str:
    """The first letter made large, the rest as it is (currency names keep their capitals)."""
    return sentence[:1].upper() + sentence[1:]


def _words(number: int, *, first: bool) -> list[str]:
    """Words of a positive number; `first` is false where digits already stand before it."""
    if number >= BILLION:
        high, low = divmod(number, BILLION)
        return [*_words(high, first=first), "tỷ", *(_words(low, first=False) if low else [])]
    words: list[str] = []
    for size, name in ((10**6, ["triệu"]), (1_000, ["nghìn"]), (1, [])):
        group = number // size % 1_000
        if group:
            words += _group(group, padded=bool(words) or not first) + name
    return words


def _group(group: int, *, padded: bool) -> list[str]:
    """Words of one group of three digits (1 to 999); `padded` reads zero hundreds too."""
    hundreds, tens, units = group // 100, group // 10 % 10, group % 10
    words = [DIGITS[hundreds], "trăm"] if hundreds or padded else []
    if tens == 0:
        return words + ((["linh"] if words else []) + [DIGITS[units]] if units else [])
    special = UNITS_AFTER_MUOI if tens == 1 else UNITS_AFTER_MANY
    words += ["mười"] if tens == 1 else [DIGITS[tens], "mươi"]
    return words + ([special.get(units, DIGITS[units])] if units else [])


def _english_hundreds(number: int) -> str:
    if number < 20:
        return ENGLISH_SMALL[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return ENGLISH_TENS[tens] + (f"-{ENGLISH_SMALL[units]}" if units else "")
    hundreds, rest = divmod(number, 100)
    return f"{ENGLISH_SMALL[hundreds]} hundred" + (f" and {_english_hundreds(rest)}" if rest else "")
