"""What SQLite and PostgreSQL say in different ways when records are filtered."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from craton.store.conditions import Condition


@dataclass(frozen=True)
class Dialect:
    """What databases say in different ways.

    Parameters
    ----------
    description : str
        Description of the row `r` of `records`.
    folded, unaccented : callable
        From SQL of a text to SQL of it in small letters, and without accents.
    like : callable
        From a pattern of CQL2 to an operator, and the value of its question mark.
    relate : callable
        From a relation and a geometry in WKB to whether the place of row `r` is in that relation to it.
    own : callable
        From the name of a property of others' making, and what it is compared with (`text`, `number`,
        `boolean`), to its value in row `r`; null where it is something else.
    decade : str
        First year of the decade of the moment `k.start`.
    """

    description: str
    folded: Callable[[str], str]
    unaccented: Callable[[str], str]
    like: Callable[[str], tuple[str, str]]
    relate: Callable[[str, bytes], Condition]
    own: Callable[[str, str], Condition]
    decade: str


def folded(text: str | None) -> str | None:
    """`text` in small letters."""
    return None if text is None else text.lower()


def unaccented(text: str | None) -> str | None:
    """`text` without accents."""
    if text is None:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", plain)


def _pieces(pattern: str) -> Iterator[tuple[str, bool]]:
    """Characters of a pattern of CQL2, and whether each is one that stands for others."""
    signs = iter(pattern)
    for sign in signs:
        yield (next(signs, "\\"), False) if sign == "\\" else (sign, sign in "%_")


def _glob(pattern: str) -> tuple[str, str]:
    """SQLite's GLOB, whose LIKE does not tell small letters from large ones."""
    wild = {"%": "*", "_": "?"}
    signs = (wild[c] if is_wild else f"[{c}]" if c in "*?[" else c for c, is_wild in _pieces(pattern))
    return "GLOB ?", "".join(signs)


def _like(pattern: str) -> tuple[str, str]:
    signs = (c if is_wild or c not in "%_\\" else f"\\{c}" for c, is_wild in _pieces(pattern))
    return "LIKE ?", "".join(signs)


def _sqlite_relate(relation: str, geometry: bytes) -> Condition:
    record = "(SELECT d.json FROM documents d WHERE d.sequence = r.sequence)"
    return Condition(f"craton_relates(?, {record}, ?)", (relation, geometry))


def _postgres_relate(relation: str, geometry: bytes) -> Condition:
    function = f"ST_{relation.capitalize()}"
    return Condition(f"{function}(p.shape, ST_GeomFromWKB(?))", (geometry,))


def _sqlite_own(name: str, type: str) -> Condition:
    words = {"text": "'text'", "number": "'integer', 'real'", "boolean": "'true', 'false'"}[type]
    document = "(SELECT CAST(d.json AS TEXT) FROM documents d WHERE d.sequence = r.sequence)"
    path = f'$.properties."{name}"'
    sql = f"(CASE WHEN json_type({document}, ?) IN ({words}) THEN json_extract({document}, ?) END)"
    return Condition(sql, (path, path))


def _postgres_own(name: str, type: str) -> Condition:
    word, cast = {
        "text": ("string", "text"),
        "number": ("number", "double precision"),
        "boolean": ("boolean",) * 2,
    }[type]
    document = (
        "(SELECT replace(convert_from(d.json, 'UTF8'), '\\u0000', '')::json -> 'properties'"
        " FROM documents d WHERE d.sequence = r.sequence)"
    )
    sql = f"(CASE WHEN json_typeof({document} -> ?) = '{word}' THEN CAST({document} ->> ? AS {cast}) END)"
    return Condition(sql, (name, name))


SQLITE = Dialect(
    description=(
        "(SELECT e.value FROM documents d, json_each(CAST(d.json AS TEXT), '$.description') e"
        " WHERE d.sequence = r.sequence ORDER BY e.key = 'en' DESC, e.key = 'und' DESC LIMIT 1)"
    ),
    folded=lambda sql: f"craton_folded({sql})",
    unaccented=lambda sql: f"craton_unaccented({sql})",
    like=_glob,
    relate=_sqlite_relate,
    own=_sqlite_own,
    decade="CAST(strftime('%Y', k.start, 'unixepoch') AS INTEGER) / 10 * 10",
)

POSTGRES = Dialect(
    # What PostgreSQL cannot keep in a text is left out before the document is read.
    description=(
        "(SELECT e.value FROM documents d,"
        " json_each_text(replace(convert_from(d.json, 'UTF8'), '\\u0000', '')::json -> 'description') e"
        " WHERE d.sequence = r.sequence ORDER BY e.key = 'en' DESC, e.key = 'und' DESC LIMIT 1)"
    ),
    folded=lambda sql: f'lower({sql} COLLATE "default")',
    unaccented=lambda sql: (
        f"normalize(regexp_replace(normalize({sql}, NFD), U&'[\\0300-\\036f]', '', 'g'), NFC)"
    ),
    like=_like,
    relate=_postgres_relate,
    own=_postgres_own,
    decade="(floor(extract(year FROM to_timestamp(k.start) AT TIME ZONE 'UTC') / 10) * 10)::integer",
)
