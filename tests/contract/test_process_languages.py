"""Processes in other languages: each file says all that there is to say, and nothing that nobody asks for."""

import json
import re

import pytest

from craton.process import spoken as words
from craton.process.processes import find_process, processes
from craton.process.spoken import FILES, languages, said_of, spoken, words_of

QUOTED = re.compile(r"`[^`]+`")
COMPLETE = ("zh",)


@pytest.fixture(scope="module")
def said():
    return {words: spec.id for spec in processes() for words in said_of(spec)}


@pytest.mark.parametrize("language", COMPLETE)
def test_every_word_is_translated(said, language):
    """Titles, descriptions, notes, names and texts of parameters and results of every process."""
    missing = {words: where for words, where in said.items() if words not in words_of(language)}
    assert missing == {}, f"add them to {FILES.name}/{language}.json"


@pytest.mark.parametrize("language", languages())
def test_no_word_is_left_over(said, language):
    """Words that no process says any more are taken out of the file."""
    assert sorted(set(words_of(language)) - set(said)) == []


@pytest.mark.parametrize("language", languages())
def test_what_is_quoted_is_told_as_it_is(language):
    """Names of parameters and processes stay as they are written in code."""
    lost = {
        english: missing
        for english, told in words_of(language).items()
        if (missing := set(QUOTED.findall(english)) - set(QUOTED.findall(told)))
    }
    assert lost == {}


@pytest.mark.parametrize("language", languages())
def test_files_are_sorted(language):
    """So that two who add words meet in few lines."""
    text = (FILES / f"{language}.json").read_text(encoding="utf-8")
    assert text == json.dumps(dict(sorted(words_of(language).items())), ensure_ascii=False, indent=0) + "\n"


def test_the_dearest_language_that_there_is():
    """Languages are tried in the visitor's order; English before another, and nothing known, are English."""
    spec = find_process("terrain.hillshade")
    assert spoken(spec, ("xx", "zh-cn", "zh", "en")).title == words_of("zh")[spec.title]
    assert spoken(spec, ("en", "zh")) == spoken(spec, ()) == spoken(spec, ("../zh",)) == spec
    told = spoken(spec, ("zh",))
    assert [param.name for param in told.params] == [param.name for param in spec.params]
    assert told.params[0].words == words_of("zh")[spec.params[0].words]


def test_languages_that_there_are_not_take_no_memory():
    """A visitor may name as many as a header holds; nothing is kept of them."""
    held = [one for one in vars(words).values() if hasattr(one, "cache_info")]
    before = [one.cache_info().currsize for one in held]
    for number in range(100):
        assert words_of(f"x{number}") == {}
    assert [one.cache_info().currsize for one in held] == before
