"""Packs as files: which are taken, as what, and what is refused."""

from __future__ import annotations

import json

import pytest
from tests.packs import small_pack
from tests.reading import read_source

from craton.model.errors import RefusedError
from craton.model.pack_text import MEDIA_TYPE, decoded


def test_one_file(tmp_path):
    """A sound pack in JSON has its title, its question and no finding; its content is a pack that decodes."""
    path = tmp_path / "gold.pack.json"
    path.write_text(json.dumps(small_pack()), encoding="utf-8")
    reader, (draft,) = read_source(path)
    assert (reader, draft.data.media_type, draft.findings) == ("pack", MEDIA_TYPE, [])
    assert draft.titles == small_pack()["title"]
    assert draft.properties == {"pack": {"id": "gold-sites", "version": "1"}}
    assert "金与深度。" in draft.data.text
    assert decoded(draft.data.content.decode()) == decoded(json.dumps(small_pack()))


def test_a_folder_of_tables_is_one_pack(tmp_path):
    """The tables beside a `pack.toml` belong to it; a pack that lacks some is kept, with what is wrong."""
    (tmp_path / "pack.toml").write_text('id = "a"\ngoal = "b"\n', encoding="utf-8")
    (tmp_path / "rules.toml").write_text("[rules]\n", encoding="utf-8")
    _reader, (draft,) = read_source(tmp_path / "pack.toml")
    assert json.loads(draft.data.content) == {"id": "a", "goal": "b", "rules": {}}
    assert [(one.code, one.count > 3) for one in draft.findings] == [("pack-fault", True)]


def test_a_pack_of_another_program_is_no_evaluation(tmp_path):
    """A `pack.toml` without a goal is an ordinary document."""
    path = tmp_path / "pack.toml"
    path.write_text('name = "a mod"\n', encoding="utf-8")
    reader, _drafts = read_source(path)
    assert reader == "document"


def test_broken_text_is_refused(tmp_path):
    """What is neither TOML nor JSON is refused, with the place."""
    path = tmp_path / "x.pack.toml"
    path.write_text("id = \n", encoding="utf-8")
    with pytest.raises(RefusedError, match="line 1"):
        read_source(path)
