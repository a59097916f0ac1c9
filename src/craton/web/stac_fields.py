"""The fields extension of STAC API: which parts of an item are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from craton.model.errors import InvalidError
from craton.web.replies import Json

DEFAULTS = (
    "type", "stac_version", "id", "geometry", "bbox", "links", "assets", "collection", "properties.datetime",
    "properties.start_datetime", "properties.end_datetime",
)  # fmt: skip
"""What an item has where fields are spoken of but none is named."""

ALWAYS = ("type", "stac_version", "id", "collection")
"""What every item keeps."""

MOST_FIELDS = 100

TOP = frozenset(
    "type stac_version stac_extensions id geometry bbox links assets collection properties".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Fields:
    """Parts of an item, with a dot before a part of a part.

    Parameters
    ----------
    included : tuple of str or None
        Only these; `None` for all.
    excluded : tuple of str
        Not these.
    """

    included: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()

    def of(self, item: Json) -> Json:
        """The parts of `item` that are wanted."""
        if self.included is None and not self.excluded:
            return item
        found = item
        if self.included is not None:
            found = {}
            for name in (*ALWAYS, *self.included):
                _copy(item, found, name.split("."))
        for name in self.excluded:
            if name not in ALWAYS:
                found = _without(found, name.split("."))
        return found


def fields_of(given: Any) -> Fields:
    """Fields as a text (`id,properties.datetime,-geometry`) or an object with `include` and `exclude`."""
    if given is None:
        return Fields()
    if isinstance(given, str):
        words = [word.strip() for word in given.split(",") if word.strip()]
        excluded = [word[1:] for word in words if word.startswith("-")]
        included = [word.removeprefix("+") for word in words if not word.startswith("-")]
        return _fields(included, excluded, is_bare=not words)
    if not isinstance(given, dict) or not given.keys() <= {"include", "exclude"}:
        raise InvalidError("fields must be an object with include and exclude")
    included, excluded = (_names(given.get(name)) for name in ("include", "exclude"))
    return _fields(included, excluded, is_bare=not included and ("include" in given or not excluded))


def _names(given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise InvalidError("include and exclude must be lists of texts")
    return given


def _fields(included: list[str], excluded: list[str], *, is_bare: bool) -> Fields:
    """A field that is wanted and not wanted is wanted."""
    if len(included) + len(excluded) > MOST_FIELDS:
        raise InvalidError(f"{MOST_FIELDS} fields can be named")
    wanted = tuple(map(_whole, included))
    unwanted = tuple(name for name in map(_whole, excluded) if name not in wanted)
    if is_bare:
        return Fields(DEFAULTS, unwanted)
    if wanted:
        # What is wanted within something unwanted stays: only what was named is there anyway.
        return Fields(wanted, tuple(one for one in unwanted if any(one.startswith(f"{w}.") for w in wanted)))
    return Fields(None, unwanted)


def _whole(name: str) -> str:
    """Name from the item down: that of a property may stand alone."""
    return name if name.split(".", maxsplit=1)[0] in TOP else f"properties.{name}"


def _copy(item: Json, found: Json, path: list[str]) -> None:
    """Put the part of `item` at `path` into `found`; the names of properties may have dots themselves."""
    first, *others = path
    if first not in item:
        return
    if not others or not isinstance(item[first], dict):
        found[first] = item[first]
        return
    inner = found.setdefault(first, {})
    if isinstance(inner, dict) and inner is not item[first]:
        rest = ".".join(others)
        _copy(item[first], inner, [rest] if rest in item[first] else others)


def _without(item: Json, path: list[str]) -> Json:
    first, *others = path
    if first not in item:
        return item
    if not others:
        return {name: said for name, said in item.items() if name != first}
    inner = item[first]
    if not isinstance(inner, dict):
        return item
    rest = ".".join(others)
    return {**item, first: _without(inner, [rest] if rest in inner else others)}
