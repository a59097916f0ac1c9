"""The command that writes the report of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from craton.cli.commands import craton, json_option, node_argument, print_json, with_node
from craton.cli.node import Node
from craton.model.errors import InvalidError

if TYPE_CHECKING:
    from craton.web.report_content import ReportContent

LANGUAGES = ("en", "zh")


@craton.command()
@node_argument
@click.argument("id")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="File to write: .pdf (PDF/A) or .html."
)
@click.option("--language", type=click.Choice(LANGUAGES), default=None, help="Else that of the node, or en.")
@click.option("--overwrite", is_flag=True, help="Replace the file when it exists.")
@json_option
@with_node
def report(node: Node, id: str, output: Path, language: str | None, overwrite: bool, as_json: bool) -> None:
    """Write the report of the evaluation that dataset ID of NODE is a result of.

    It tells the answer, why it is so, the data and their licences, and the exact
    run to repeat it. Numbers lead to the node where its settings state an address.
    """
    from craton.store.codec import write_whole
    from craton.web.report_build import report_content
    from craton.web.report_source import open_source

    spoken = node.settings.node.language
    language = language or (spoken if spoken in LANGUAGES else LANGUAGES[0])
    write = _writer(output)
    source = open_source(node.store, lambda name: node[name].record, node[id].record, wait=True)
    content = report_content(
        source, language, node=node.settings.node.title, base=node.settings.web.address.rstrip("/")
    )
    body = write(content)
    write_whole(output, lambda path: _put(path, body), overwrite=overwrite)
    if as_json:
        print_json({"id": id, "file": str(output), "language": language})
    else:
        click.echo(f"wrote {output}", err=True)


def _put(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def _writer(output: Path) -> Callable[[ReportContent], bytes]:
    """What writes a report in the format of a suffix."""
    suffix = output.suffix.lower()
    if suffix == ".pdf":
        from craton.web.report_pdf import pdf_report

        return pdf_report
    if suffix in {".html", ".htm"}:
        from craton.web.report_html import html_report

        return lambda content: html_report(content).encode()
    raise InvalidError(f"a report is a file with the suffix .pdf or .html, not {output.name!r}")
