"""WFS."""

from __future__ import annotations

from craton.web.area import Area

AREA = Area("WFS", ())
