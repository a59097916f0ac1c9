"""Settings: file, environment, refusals."""

import pytest

from craton.cli.settings import TEMPLATE, described, read_settings
from craton.model.errors import NotFoundError, SettingError


def write(folder, text):
    (folder / "craton.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_template_is_legal_and_keeps_the_title(tmp_path):
    """What `craton init` writes is read back."""
    assert read_settings(write(tmp_path, TEMPLATE.format(title='"ໂຫນດ"')), {}).node.title == "ໂຫນດ"


def test_the_environment_wins_and_is_converted(tmp_path):
    """CRATON_SECTION_NAME overrides the file; text becomes the setting's type."""
    write(tmp_path, "[ingest]\nseconds = 3.0\n")
    settings = read_settings(
        tmp_path, {"CRATON_INGEST_SECONDS": "20", "CRATON_STORE_OBJECTS": "s3://b/p", "HOME": "x"}
    )
    assert settings.ingest.seconds == 20.0
    assert settings.store.objects == "s3://b/p"


@pytest.mark.parametrize(
    "text", ["[node]\ntitel = 'x'", "[nodes]\n", "[ingest]\nworkers = 'many'", "not toml"]
)
def test_unknown_names_and_wrong_types_are_errors(tmp_path, text):
    """A misspelt setting is not passed over in silence."""
    with pytest.raises(SettingError):
        read_settings(write(tmp_path, text), {})


def test_a_folder_without_settings_is_not_a_node(tmp_path):
    """The error says how to make a node."""
    with pytest.raises(NotFoundError, match="craton init"):
        read_settings(tmp_path, {})


def test_secrets_are_hidden(tmp_path):
    """`craton doctor` never prints a key or a database password."""
    write(tmp_path, "[store]\ns3_secret_access_key = 'abc'\ncatalogue = 'postgresql://u:p@h/d'\n")
    shown = described(read_settings(tmp_path, {}))
    assert "abc" not in str(shown)
    assert "u:p" not in str(shown)
