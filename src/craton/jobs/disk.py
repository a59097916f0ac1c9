"""Whether a failure is the disk's."""

from __future__ import annotations

import shutil

LEAST_FREE = 4 << 20
"""Bytes free below which a failure is the disk's, whatever a library calls it."""


def disk_is_full(folder: str) -> bool:
    """Whether so little space is left that writing fails."""
    return shutil.disk_usage(folder).free < LEAST_FREE
