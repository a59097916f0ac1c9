"""Where the fonts of reports lie: built into the package from the portal's packages."""

from __future__ import annotations

from pathlib import Path

FONTS = Path(__file__).with_name("report_fonts")
"""What `make portal` and the building of the wheel write."""
