"""Texts of packs: TOML or JSON, tables of a folder put together, an overlay laid over them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from craton.model.errors import InvalidError
from craton.model.pack import Pack

FILES = (
    "pack.toml", "indicators.toml", "rules.toml", "workflow.toml", "problems.toml", "oracles.toml",
    "synthetic.toml", "report.toml",
)  # fmt: skip
"""Tables of a pack folder in the order in which they are put together; only the first must be there."""

MEDIA_TYPE = "application/vnd.craton.pack+json"
"""Of a pack that is kept as a dataset."""

MOST_LEVELS = 64
"""Of tables in tables; a pack has a tenth."""

DEEP = "it is nested too deeply"


def joined(texts: Mapping[str, str]) -> str:
    """JSON text of the tables of a pack folder, by file name; keys that two of them tell are refused."""
    if FILES[0] not in texts:
        raise InvalidError(f"a pack folder has a file {FILES[0]}")
    whole: dict[str, Any] = {}
    for name in (name for name in FILES if name in texts):
        found = read_table(texts[name], name)
        twice = sorted(set(found) & set(whole))
        if twice:
            raise InvalidError(f"{name}: {twice[0]!r} is told by another file of the pack too")
        whole |= found
    return msgspec.json.encode(whole).decode()


def decoded(text: str, overlay: str = "") -> Pack:
    """The pack of a text with an overlay laid over it; only its form is checked (see `pack_check`).

    Raises
    ------
    InvalidError
        Where it is neither TOML nor JSON, a key is not known or missing, or a value is of the wrong type:
        with its place.
    """
    whole = laid_over(read_table(text, "pack"), read_table(overlay, "overlay"))
    try:
        return msgspec.convert(whole, type=Pack)
    except msgspec.ValidationError as error:
        raise InvalidError(f"pack: {error}", hint="see docs/do/build-a-pack.md") from error


def read_table(text: str, where: str) -> dict[str, Any]:
    """The TOML or JSON of a pack or an overlay as it is written.

    Raises
    ------
    InvalidError
        Where it is neither, tells a key twice, or has more levels than any pack.
    """
    text = text.removeprefix("\ufeff")
    try:
        is_json = text.lstrip().startswith("{")
        found = _json(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        raise InvalidError(f"{where}: {error}", hint="correct that place") from error
    except RecursionError as error:
        raise InvalidError(f"{where}: {DEEP}") from error
    if _is_deep(found):
        raise InvalidError(f"{where}: {DEEP}")
    return found


def _json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, which may tell each key once."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is told twice")
        found[key] = value
    return found


def _is_deep(one: object) -> bool:
    """Whether a table has more than so many levels."""
    level = [one]
    for _ in range(MOST_LEVELS):
        level = [part for whole in level for part in _parts(whole)]
    return bool(level)


def _parts(one: object) -> Iterable[object]:
    return one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def laid_over(below: Any, above: Any) -> Any:
    """`above` over `below`: tables key by key, anything else replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: laid_over(below.get(key), value) for key, value in above.items()}
