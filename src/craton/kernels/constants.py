"""Constants of nature and factors of units that several kernels use."""

from __future__ import annotations

GRAVITATIONAL = 6.67430e-11
"""Newton's constant in m³/(kg s²), CODATA 2018."""

MGAL = 1e5
"""Milligal in one metre per second squared."""

NANOTESLA = 1e9
"""Nanotesla in one tesla."""

EOTVOS = 1e9
"""Eötvös in one per second squared."""

VACUUM = 1e-7
"""μ₀/4π in T m/A, to nine digits."""
