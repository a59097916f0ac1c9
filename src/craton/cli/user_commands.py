"""Commands about people: who may sign in, and as what; the tokens of their programs; the audit log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, get_args

import click
import msgspec

from craton.cli import present
from craton.cli.commands import craton, json_option, node_argument, print_json, with_node
from craton.cli.node import Node
from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.model.permission import Role
from craton.web.audit_log import FOLDER, Line, lines
from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import MOST_DAYS, People, Token, User

ROLES = click.Choice(get_args(Role))
role_option = click.option("--role", type=ROLES, default=None, help="What they may do.")


@contextmanager
def _people(node: Node) -> Iterator[People]:
    people = People(node.folder / FILE_NAME)
    try:
        yield people
    finally:
        people.close()


def _password() -> str:
    """A password that is typed twice unseen, or the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


@craton.group()
def user() -> None:
    """People who may sign in at a node."""


@user.command("add")
@node_argument
@click.argument("name")
@click.option("--role", type=ROLES, default="public", show_default=True, help="What they may do.")
@click.option("--title", default="", help="Full name, as people read it.")
@click.option("--no-password", is_flag=True, help="Ask for none: they have tokens only.")
@json_option
@with_node
def add_user(node: Node, name: str, role: Role, title: str, no_password: bool, as_json: bool) -> None:
    """Let NAME sign in at NODE; the password is asked for, or read from standard input."""
    with _people(node) as people:
        password = "" if no_password else _password()
        if not no_password and not password:
            raise InvalidError("no password was given", hint="--no-password, for someone with tokens only")
        made = people.add(name, role=role, title=title, password=password)
    node.note("user added", user=name, user_role=role)
    _tell_user(made, as_json)


@user.command("ls")
@node_argument
@json_option
@with_node
def list_users(node: Node, as_json: bool) -> None:
    """List the people of NODE."""
    with _people(node) as people:
        for one in people.users():
            _tell_user(one, as_json)


@user.command("set")
@node_argument
@click.argument("name")
@role_option
@click.option("--title", default=None, help="Full name, as people read it.")
@click.option("--disable/--enable", "disabled", default=None, help="Keep them out, or let them in again.")
@click.option("--password", "new_password", is_flag=True, help="Ask for a new password.")
@json_option
@with_node
def set_user(
    node: Node,
    name: str,
    role: Role | None,
    title: str | None,
    disabled: bool | None,
    new_password: bool,
    as_json: bool,
) -> None:
    """Change what is said of NAME; a new password or --disable ends their sessions."""
    password = _password() if new_password else None
    with _people(node) as people:
        made = people.change(name, role=role, title=title, password=password, disabled=disabled)
    said = {"user_role": role, "disabled": disabled, "password": new_password or None}
    node.note("user changed", user=name, **{k: v for k, v in said.items() if v is not None})
    _tell_user(made, as_json)


@user.command("rm")
@node_argument
@click.argument("name")
@json_option
@with_node
def remove_user(node: Node, name: str, as_json: bool) -> None:
    """Forget NAME with their tokens; to keep the name from others, use: craton user set --disable."""
    with _people(node) as people:
        people.remove(name)
    node.note("user removed", user=name)
    if as_json:
        print_json({"name": name, "outcome": "removed"})
    else:
        click.echo(f"removed {name}", err=True)


@craton.group()
def token() -> None:
    """Tokens, which programs show in the place of a person."""


@token.command("new")
@node_argument
@click.argument("user")
@click.option("--name", default="", help="What it is for.")
@role_option
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=365, show_default=True, help="Days it lasts."
)
@json_option
@with_node
def new_token(node: Node, user: str, name: str, role: Role | None, days: int, as_json: bool) -> None:
    """Make a token of USER and print it; it cannot be shown again."""
    with _people(node) as people:
        made, secret = people.new_token(user, name=name, role=role, days=days)
    node.note("token made", user=user, token=made.id, token_role=made.role)
    if as_json:
        print_json({**msgspec.to_builtins(made), "token": secret})
    else:
        click.echo(f"token {made.id} of {user}, {made.role}, until {made.expires}", err=True)
        click.echo(secret)


@token.command("ls")
@node_argument
@click.argument("user", default="")
@json_option
@with_node
def list_tokens(node: Node, user: str, as_json: bool) -> None:
    """List the tokens of USER, or of all."""
    with _people(node) as people:
        for one in people.tokens(user):
            _tell_token(one, as_json)


@token.command("rm")
@node_argument
@click.argument("id")
@json_option
@with_node
def remove_token(node: Node, id: str, as_json: bool) -> None:
    """Take back token ID."""
    with _people(node) as people:
        gone = people.revoke(id)
    node.note("token revoked", user=gone.user, token=id)
    if as_json:
        print_json({"id": id, "outcome": "revoked"})
    else:
        click.echo(f"revoked {id} of {gone.user}", err=True)


@craton.command()
@node_argument
@click.option("--since", default="", help="First moment or day, such as 2026-01-31.")
@click.option("--until", default="", help="Last moment or day.")
@click.option("--actor", default="", help="Who.")
@click.option("--dataset", default="", help="About which dataset.")
@click.option("--event", default="", help="What: read, job, login, …")
@json_option
@with_node
def audit(node: Node, since: str, until: str, actor: str, dataset: str, event: str, as_json: bool) -> None:
    """Tell who read, changed, ran or tried what on NODE, oldest first."""
    found = lines(
        node.folder / FOLDER, since=_side(since), until=_side(until, last=True), actor=actor, dataset=dataset,
        event=event,
    )  # fmt: skip
    for line in found:
        if as_json:
            print_json(line)
        else:
            click.echo(_told(line))


def _side(text: str, *, last: bool = False) -> str:
    if not text:
        return ""
    time: datetime = moment(text, last=last).astimezone(UTC)
    if last and not time.microsecond:
        time = time.replace(microsecond=999_000)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(line: Line) -> str:
    first = ("time", "event", "actor")
    more: dict[str, Any] = {k: v for k, v in line.items() if k not in {*first, "role", "request"}}
    rest = " ".join(f"{key}={value}" for key, value in more.items())
    return present.text(
        f"{line.get('time', '')}  {line.get('event', ''):14s} {line.get('actor', ''):16s} {rest}"
    )


def _tell_user(user: User, as_json: bool) -> None:
    if as_json:
        print_json(user)
        return
    more = " ".join(word for word in ("disabled" if user.disabled else "", user.issuer) if word)
    click.echo(present.text(f"{user.name:20s} {user.role:10s} {user.title}  {more}").rstrip())


def _tell_token(one: Token, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    used = f"used {one.used}" if one.used else "never used"
    click.echo(
        present.text(f"{one.id}  {one.user:20s} {one.role:10s} until {one.expires}  {used}  {one.name}")
    )
