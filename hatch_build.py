"""Hook of the building of the wheel, and of an editable installation: the portal's pages are built first.

Node is asked for only where the pages do not fit their sources, so that a source archive, which holds the
pages, installs without it. `CRATON_PORTAL=skip` leaves the pages as they are.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "tools"))

from build_fonts import FONTTOOLS, Fonts
from build_portal import NODE, Portal, build_fonts


class PortalHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """Builds the portal's pages and the fonts of reports where they are stale."""

    @property
    def _portal(self) -> Portal:
        return Portal(Path(self.root))

    def _wanted(self) -> bool:
        return os.environ.get("CRATON_PORTAL") != "skip" and self._portal.stale()

    def _fonts_wanted(self) -> bool:
        return os.environ.get("CRATON_PORTAL") != "skip" and Fonts(Path(self.root)).stale()

    def dependencies(self) -> list[str]:
        """What must be there for building, besides what every building needs."""
        if self._fonts_wanted():
            return [NODE, FONTTOOLS]
        return [NODE] if self._wanted() else []

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Build pages and fonts, before the files of the wheel are collected."""
        del version, build_data
        if self._wanted():
            self._portal.build()
        if self._fonts_wanted():
            build_fonts(self._portal)
