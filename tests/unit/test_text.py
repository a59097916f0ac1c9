"""Search tokens in the scripts of the region."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from craton.model.text import (
    MAX_PHRASE,
    MAX_PHRASES,
    MAX_TOKEN,
    MAX_TOKENS,
    Phrase,
    query_tokens,
    search_tokens,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ""),
        ("Loei Fold-Belt, 1:50,000 (EPSG:32647)", "loei fold belt 1 50 000 epsg 32647"),
        ("Đá vôi Đồng Văn", "da voi dong van"),
        ("Åland Straße İstanbul Łódź", "aland strasse istanbul lodz"),
        ("Fe₂O₃ ﬁne", "fe2o3 fine"),
        ("铜矿床", "铜矿 矿床 床"),
        ("铜", "铜"),
        ("铜矿 Au金", "铜矿 矿 au 金"),
        ("แร่", "แร ร่ ่"),
        ("ບໍ່ແຮ່", "ບໍ ໍ່ ່ແ ແຮ ຮ່ ່"),
        ("រ៉ែ", "រ៉ ៉ែ ែ"),
        ("ရွှေ", "ရွ ွှ ှေ ေ"),
        ("지질도", "지질 질도 도"),
        ("ﾃﾞｰﾀ", "デー ータ タ"),
        ("၁၉၆၀ ๒๕๖๐ ២០២០", "1960 2560 2020"),
        ("ភូ\u200bមិ", "ភូ ូម មិ ិ"),
        ("magnetic_anomaly\0x\ud800y", "magnetic anomaly x y"),
        ("Геология Κρήτη", "геология κρητη"),
    ],
)
def test_tokens(text, tokens):
    """Words are folded; runs without spaces become pairs and their last character."""
    assert search_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("granit", [(("granit",), True)]),
        ("Au", [(("au",), False)]),
        ("2019", [(("2019",), False)]),
        ("U-Pb", [(("u", "pb"), False)]),
        ("K-feldspar", [(("k", "feldspar"), True)]),
        ('"Loei fold" belt', [(("loei", "fold"), False), (("belt",), True)]),
        ("铜", [(("铜",), True)]),
        ("铜矿", [(("铜矿",), False)]),
        ("铜矿床", [(("铜矿", "矿床"), False)]),
        ("铜矿Au", [(("铜矿", "矿", "au"), False)]),
        ("gold gold", [(("gold",), True)]),
        ('"', []),
        ("?! *", []),
        ('""', []),
    ],
)
def test_query(text, phrases):
    """Words of three letters find longer ones too, numbers and symbols only themselves; quotes keep order."""
    assert query_tokens(text) == tuple(Phrase(*phrase) for phrase in phrases)


def finds(query, text):
    """Whether all phrases of a query stand in the tokens of a text."""
    tokens = f" {search_tokens(text)} "
    ends = {True: "", False: " "}
    return all(f" {' '.join(phrase.tokens)}{ends[phrase.prefix]}" in tokens for phrase in query_tokens(query))


chinese = st.text("铜矿床花岗岩地质图", min_size=1, max_size=8)
thai = st.text("แผนที่ธรณีวยา", min_size=1, max_size=8)
khmer = st.text("ភូមិសាស្ត្រ", min_size=1, max_size=8)


@given(chinese | thai | khmer, chinese | thai | khmer)
def test_unspaced_scripts_are_searched_by_substring(text, query):
    """In scripts without spaces a query is found exactly where it is a part of the text."""
    assert finds(query, text) == (query in text)


@given(st.text(max_size=40))
def test_every_text_finds_itself(text):
    """Each word of any text, in any script, finds the text."""
    for word in text.replace('"', " ").split():
        assert finds(word, text)


@given(st.text(max_size=80))
def test_tokens_stay_what_they_are(text):
    """Tokens hold letters, marks and digits only, so that no index parts them otherwise."""
    tokens = search_tokens(text)
    assert tokens == " ".join(tokens.split())
    assert not set(tokens) & set("\0\t\n\"'\\&|!():*<>-_")
    tokens.encode()


@pytest.mark.parametrize(
    "text",
    ["a" * 10**7, "word " * 10**6, "铜" * 10**6, "a" + "\u0316\u0300" * 10**6, "\ufdfa" * 10**6, " " * 10**7],
    ids=["letters", "words", "characters", "marks", "ligatures", "spaces"],
)
def test_huge_texts_end_soon(text):
    """Hostile lengths take bounded time and give bounded tokens."""
    started = time.process_time()
    tokens = search_tokens(text).split()
    phrases = query_tokens(text)
    assert time.process_time() - started < 5
    assert len(tokens) <= MAX_TOKENS
    assert all(len(token) <= MAX_TOKEN for token in tokens)
    assert len(phrases) <= MAX_PHRASES
    assert all(len(phrase.tokens) <= MAX_PHRASE for phrase in phrases)
