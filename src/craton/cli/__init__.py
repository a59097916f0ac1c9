"""The roof: settings, wiring, and the `craton` command.

May import every room. Never: science, formats, or anything another room could need.
"""

from __future__ import annotations


def main() -> None:
    """Run the `craton` command."""
    from craton.cli.commands import run

    run()
