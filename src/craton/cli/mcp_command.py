"""The command that lets a language-model agent work with a node."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from craton import __version__
from craton.cli.commands import craton, node_argument, with_node
from craton.cli.node import Node
from craton.model.errors import SettingError
from craton.model.permission import Actor, Role

AGENT = "agent"
"""Name that jobs and provenance keep of whoever comes this way."""

PACKAGES = frozenset({"mcp", "mcp_types"})


@craton.command()
@node_argument
@click.option("--allow-run", is_flag=True, help="Let the agent run processes and stop its own jobs.")
@click.option(
    "--role", type=click.Choice(["public", "partner", "geologist"]), default="public", show_default=True,
    help="Which records the agent sees: public ones only; also those for partners; or all, private ones "
    "included. What it sees may go to whoever runs the model.",
)  # fmt: skip
@with_node
def mcp(node: Node, allow_run: bool, role: Role) -> None:
    """Serve NODE to a language-model agent, over MCP on standard input and output.

    An agent (any program that speaks the Model Context Protocol) starts this
    command itself; name it in the agent's settings. It can then search and
    describe datasets, look into them, and look up processes. It changes nothing
    unless --allow-run is given, and sees public records only unless --role
    widens that. Needs: pip install 'craton[mcp]'.
    """
    try:
        from craton.web.mcp import serve
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise SettingError(
            "the package mcp, version 2 or later, is not installed", hint="pip install 'craton[mcp]'"
        ) from error
    from craton.web.mcp_tool import Session

    if sys.stdin.isatty():
        click.echo("waiting for an agent on standard input; Ctrl-C ends", err=True)
    with ExitStack() as stack:
        session = Session(
            store=node.store, queue=lambda: node.queue, actor=Actor(AGENT, role),
            manager=stack.enter_context(node.manager()) if allow_run else None,
            title=node.settings.node.title, version=__version__, limits=node.settings.job_limits(),
            waiting=node.settings.web.queue,
        )  # fmt: skip
        serve(session)
