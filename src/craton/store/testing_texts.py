"""Texts that a store is tested with: titles in the scripts of the region, and hostile ones."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "en": ("Bouguer gravity map of the Loei belt", ("gravity", "GRAV", "loei map", '"loei belt"'), "gravel"),
    "vi": ("Bản đồ địa chất đá vôi", ("địa chất", "dia chat", "ĐÁ VÔI", "voi"), "granit"),
    "zh": ("云南铜矿床与花岗岩分布图", ("铜矿", "矿床", "花岗岩", "铜", "图"), "金矿"),
    "th": ("แผนที่ธรณีวิทยาและแหล่งแร่ดีบุก", ("ธรณีวิทยา", "แร่", "ดีบุก"), "ทองคำ"),
    "lo": ("ແຜນທີ່ທໍລະນີສາດ ແລະ ບໍ່ແຮ່ຄຳ", ("ທໍລະນີສາດ", "ບໍ່ແຮ່", "ຄຳ"), "ທອງແດງ"),
    "km": ("ផែនទីភូគព្ភសាស្ត្រនិងរ៉ែមាស", ("ភូគព្ភសាស្ត្រ", "រ៉ែ", "មាស"), "ទង់ដែង"),
    "my": ("ဘူမိဗေဒမြေပုံနှင့်ကြေးနီသတ္တု", ("ဘူမိဗေဒ", "မြေပုံ", "ကြေးနီ"), "ရွှေ"),
    "ko": ("한반도 지질도와 화강암", ("지질도", "화강암", "지질"), "금광"),
    "ja": ("花崗岩とリニアメント", ("リニアメント", "ニア", "花崗"), "断層"),
}
"""By language: a title, words that find it, a word that does not."""

HOSTILE = (
    '"', "'", "'; DROP TABLE records; --", "*", "AND", "OR OR", "NEAR(", "gravity NOT map", "tokens:gravity",
    "^gravity", "(gravity", "a\0b", "{}", "\\", "%", "_", "?", "%s", "$1", "\ud800", "\u200b", "x" * 100_000,
    "铜" * 50_000, '"' * 1001, "- - -", "é" * 5000, "\u0316\u0300" * 5000, "&", "|",
    "!", "<->", ":*", "gravity:*",
)  # fmt: skip
"""Texts that a search must answer, with something or nothing, but never with an error."""
