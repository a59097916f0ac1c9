"""Harmonise: names become quantities, numbers come in the quantity's unit."""

from __future__ import annotations

from craton.model.data import Draft


def harmonise(draft: Draft) -> Draft:
    """`draft` with quantities and units noted for its columns, and values in the canonical units."""
    return draft
