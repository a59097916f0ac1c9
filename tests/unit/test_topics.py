"""What a dataset is about, where no quantity says it."""

from __future__ import annotations

import pytest

from craton.model.topics import OTHER, topic_of_words


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Active faults of Myanmar", "geology"),
        ("Residual gravity field", "gravity"),
        ("Earthquakes and landslides by area", "hazards"),
        ("rivers · Rivers of the upper Mekong", "hydrology"),
        ("区域断裂分布图", "geology"),
        ("Seismicity of Yunnan", "hazards"),
        ("区域地震剖面", "seismic"),
        ("Default settings", OTHER),
        ("", OTHER),
    ],
)
def test_words_tell_the_topic(text, topic):
    """Beginnings of words count in Latin letters, so `Default` is no fault; elsewhere any place counts."""
    assert topic_of_words(text) == topic
