"""Every reader keeps the contract: described, named once, deterministic in what it claims."""

import functools
import re

import pytest

from craton.model.findings import FINDINGS, REFUSALS
from craton.process.readers import Candidate, readers

READERS = readers()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.id)
def test_a_reader_says_what_it_reads(reader):
    """Id in words with hyphens, version from 1, lower-case suffixes, a docstring that ends in a period."""
    read = reader.read.func if isinstance(reader.read, functools.partial) else reader.read
    assert re.fullmatch(r"[a-z][a-z0-9-]*", reader.id)
    assert reader.version >= 1
    assert all(s == "*" or (s.startswith(".") and s == s.lower()) for s in reader.suffixes)
    assert (read.__doc__ or "").strip().partition("\n")[0].endswith((".", ":"))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.id)
@pytest.mark.parametrize(
    "head", [b"", b"\x00" * 4096, b"\xff\xfe" * 50, b"{" * 5000, b"<" * 3000, b"A,B\n" * 900]
)
def test_matches_never_fails_and_opens_nothing_that_is_not_there(reader, head, tmp_path):
    """Whatever the first bytes are, a reader answers yes or no, also for a file that has just gone."""
    for suffix in (*reader.suffixes, ".tif", ".csv", ".json"):
        name = f"gone{suffix if suffix != '*' else ''}"
        candidate = Candidate(path=tmp_path / name, name=name, head=head)
        assert reader.claims(candidate) in {True, False}


def test_the_document_reader_comes_last_and_takes_anything():
    """No file is left without a reader."""
    assert READERS[-1].id == "document"
    assert READERS[-1].suffixes == ("*",)


def test_codes_are_words_and_their_sentences_say_what_to_do():
    """Every finding has a meaning and advice; every refusal a meaning; no code is both."""
    assert not FINDINGS.keys() & (REFUSALS.keys() - {"truncated", "sidecar-missing"})
    for code in (*FINDINGS, *REFUSALS):
        assert re.fullmatch(r"[a-z][a-z0-9-]*", code)
    for rule in FINDINGS.values():
        assert rule.meaning
        assert rule.todo
        assert rule.severity in {"info", "doubt", "error"}
        assert rule.meaning.format(count=3)
