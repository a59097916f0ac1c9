"""The command that puts a node on the web."""

from __future__ import annotations

import click

from craton import __version__
from craton.cli.commands import craton, node_argument, with_node
from craton.cli.node import Node


@craton.command()
@node_argument
@click.option("--host", default="", help="Where to listen; 127.0.0.1 unless the settings say otherwise.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="Port; 8000 by default, 0 for a free one."
)
@with_node
def serve(node: Node, host: str, port: int | None) -> None:
    """Put NODE on the web, and run its jobs, until Ctrl-C.

    Prints the address once it answers. Visitors see public datasets and run
    processes on them (OGC API – Processes); people with a name see and do more
    (craton user). Jobs that run when it ends go back into the queue.
    """
    from craton.cli.identity_settings import gate_options
    from craton.cli.settings import upload_options
    from craton.web.server import serve as serve_site
    from craton.web.site import SiteOptions

    web = node.settings.web

    def ready(address: str) -> None:
        click.echo(address)
        click.echo(f"serving {node.folder}; Ctrl-C ends", err=True)

    options = SiteOptions(
        title=node.settings.node.title, version=__version__, address=web.address,
        callback_hosts=web.callback_hosts, waiting=web.queue, limits=node.settings.job_limits(),
        log=web.log, metrics=web.metrics, gate=gate_options(node.settings, node.folder),
        uploads=None if node.store.read_only else upload_options(node.folder, node.settings),
    )  # fmt: skip
    serve_site(
        node.store, node.queue, lambda hook: node.manager(on_change=hook), options,
        host or web.host, web.port if port is None else port, ready,
    )  # fmt: skip
