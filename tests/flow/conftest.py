"""What tests of the portal share; a module may put its own in the place of any."""

from pathlib import Path

import pytest
from tests.browser import browser, page, sample_node, served

__all__ = ["browser", "page", "sample_node", "served"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Try once more what fails here; the summary names it.

    A flow starts servers, workers and browsers on a machine that does other work too, so that a wait now
    and then is too short. What fails twice in a row is a fault.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=3))
