"""The main pages look as they did: compared with pictures that `tools/renew_screens.py` keeps."""

from __future__ import annotations

import pytest
from PIL import Image
from tests.browser import NEEDED
from tests.screens import PAGES, SIZES, VERSION, difference, file_of, take, version_of

pytestmark = NEEDED

TOLERATED = 0.02
"""Share of pixels that may differ: letters and lines fall otherwise on machines with other fonts."""


@pytest.fixture(scope="module")
def same_browser(browser):
    """The browser, if it is the one that drew the pictures that are kept."""
    drawn = VERSION.read_text(encoding="utf-8").strip()
    if version_of(browser) != drawn:
        pytest.skip(
            f"the pictures are of Chromium {drawn}, this is {version_of(browser)}: tools/renew_screens.py"
        )
    return browser


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did(same_browser, served, name, size, tmp_path):
    """Few pixels differ; where more do, the new picture is left among the files of the test."""
    now = take(same_browser, served, name, size)
    now.save(tmp_path / f"{name}-{size}.png")
    with Image.open(file_of(name, size)) as kept:
        assert difference(now, kept.convert("RGB")) <= TOLERATED, tmp_path


def test_another_page_is_noticed():
    """Two pages differ by far more than is tolerated."""
    with Image.open(file_of("home", "desk")) as one, Image.open(file_of("record", "desk")) as other:
        assert difference(one.convert("RGB"), other.convert("RGB")) > 5 * TOLERATED
