"""What tests of the portal share; a module may put its own in the place of any."""

from tests.browser import browser, page, sample_node, served

__all__ = ["browser", "page", "sample_node", "served"]
