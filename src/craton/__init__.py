"""Craton: a geological survey's national node in a box.

`craton.open(folder)` opens a node, `craton.create(folder)` makes one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craton.cli.node import Node

__version__ = "0.1.0"
__all__ = ["__version__", "create", "open"]


def open(folder: str | Path) -> Node:
    """Open the node in `folder`."""
    from craton.cli.node import Node

    return Node(folder)


def create(folder: str | Path, *, title: str = "") -> Node:
    """Make an empty node in `folder` and open it."""
    from craton.cli.node import create_node

    return create_node(folder, title=title)
