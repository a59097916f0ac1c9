"""The library of indicators: our themes, those of plugins, and what overlays tell anew; finding in it.

Ours are `tables/indicators/THEME.toml`. A plugin or a country names a package
under the entry points `craton.indicators`; of its TOML files, one with the key
`over` is an overlay of the theme it names, any other is a further theme, called
as the file.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from craton.model.errors import CratonError, InvalidError, NotFoundError
from craton.model.indicators import (
    Class,
    Criterion,
    Indicator,
    Theme,
    checked,
    made,
    read_theme,
    table,
)
from craton.model.languages import Words
from craton.model.record import LanguageMap

GROUP = "craton.indicators"
"""Entry points of packages that bring themes and overlays."""

FOLDER = "tables/indicators"

_IS_OVERLAY = re.compile(r"^\s*over\s*=", re.MULTILINE)


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an overlay tells anew of an indicator; words are added to those of other languages.

    A formula, unit, direction or way to aggregate is not changed: the same name would mean two things.
    """

    title: LanguageMap = {}
    definition: LanguageMap = {}
    inputs: dict[str, LanguageMap] = {}
    """Titles of inputs."""
    target: tuple[float, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    classes: tuple[Class, ...] = ()
    class_source: Words = ""


class Overlay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file laid over the theme `over`: words in another language, a country's classes."""

    over: str
    title: LanguageMap = {}
    description: LanguageMap = {}
    criteria: dict[str, LanguageMap] = {}
    indicators: dict[str, Change] = {}


def read_overlay(text: str, where: str) -> Overlay:
    """Overlay of the TOML `text`; whether it fits its theme is checked where it is laid over it."""
    return made(Overlay, table(text, where), where)


def laid_over(theme: Theme, overlay: Overlay, where: str) -> Theme:
    """`theme` with what `overlay` tells anew, checked as a whole."""
    for part, known in ((overlay.criteria, theme.criteria), (overlay.indicators, theme.indicators)):
        strange = sorted(set(part) - set(known))
        if strange:
            raise InvalidError(f"{where}: the theme {overlay.over} has no {strange[0]!r}")
    criteria = {
        id: Criterion(title={**one.title, **overlay.criteria.get(id, {})})
        for id, one in theme.criteria.items()
    }
    indicators = {
        id: _changed(one, overlay.indicators[id], f"{where}: indicator {id}")
        if id in overlay.indicators
        else one
        for id, one in theme.indicators.items()
    }
    title, description = theme.title | overlay.title, theme.description | overlay.description
    return checked(
        Theme(title=title, description=description, criteria=criteria, indicators=indicators), where
    )


def _changed(indicator: Indicator, change: Change, where: str) -> Indicator:
    if change.classes and not change.class_source:
        raise InvalidError(f"{where}: classes need `class_source`, where they come from")
    strange = sorted(set(change.inputs) - set(indicator.inputs))
    if strange:
        raise InvalidError(f"{where}: it has no input {strange[0]!r}")
    inputs = {
        name: msgspec.structs.replace(one, title={**one.title, **change.inputs.get(name, {})})
        for name, one in indicator.inputs.items()
    }
    told = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value not in ({}, (), "", None)
    }
    words = {
        "title": {**indicator.title, **change.title},
        "definition": {**indicator.definition, **change.definition},
        "inputs": inputs, "class_source": _class_source(indicator, change),
    }  # fmt: skip
    return msgspec.structs.replace(indicator, **{**told, **words})


def _class_source(indicator: Indicator, change: Change) -> Words:
    """Where the classes come from: words are added as long as the classes are the same."""
    before, after = indicator.class_source, change.class_source
    if change.classes or isinstance(before, str) or isinstance(after, str):
        return after or before
    return {**before, **after}


@cache
def themes() -> Mapping[str, Theme]:
    """All themes by name, ours first; what a plugin tells wrong is a named warning."""
    found = {
        _name_of(path): read_theme(path.read_text("utf-8"), _name_of(path))
        for path in _tables(files(__package__).joinpath(FOLDER))
    }
    points = sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value))
    brought = [(point, name, text) for point in points for name, text in _plugin_texts(point)]
    # Themes first, so that an overlay may be of another plugin's theme.
    for point, name, text in sorted(brought, key=lambda one: _IS_OVERLAY.search(one[2]) is not None):
        try:
            _add(found, f"{point.name}/{name}", name, text)
        except CratonError as error:
            _warn(point, error)
    return found


def _add(found: dict[str, Theme], where: str, name: str, text: str) -> None:
    """Put a theme to those `found`, or lay an overlay over one of them."""
    if "over" in table(text, where):
        overlay = read_overlay(text, where)
        found[overlay.over] = _laid_over_one(found, overlay, where)
    else:
        found[name] = _further(found, read_theme(text, name))


def _further(found: Mapping[str, Theme], theme: Theme) -> Theme:
    """A plugin's `theme`, refused where it or an indicator of it is called as one that is there."""
    name = next(iter(theme.indicators.values())).theme
    if name in found:
        raise InvalidError(f"two themes are called {name!r}")
    taken = sorted({id for one in found.values() for id in one.indicators} & set(theme.indicators))
    if taken:
        raise InvalidError(f"indicators {name}: two indicators are called {taken[0]!r}")
    return theme


def _laid_over_one(found: Mapping[str, Theme], overlay: Overlay, where: str) -> Theme:
    if overlay.over not in found:
        raise InvalidError(f"{where}: there is no theme {overlay.over!r} to lay it over")
    return laid_over(found[overlay.over], overlay, where)


def _plugin_texts(point: EntryPoint) -> list[tuple[str, str]]:
    """Names and texts of a plugin's files; one that cannot be imported or read is a named warning."""
    try:
        tables = list(_tables(files(point.value)))
        return [(_name_of(path), path.read_text("utf-8")) for path in tables]
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way when it is imported
        _warn(point, error)
        return []


def _warn(point: EntryPoint, error: Exception) -> None:
    warnings.warn(f"indicators of plugin {point.name!r} are left out: {error}", stacklevel=4)


def _tables(folder: Traversable) -> Iterator[Traversable]:
    """TOML files of a folder by name."""
    yield from (
        path for path in sorted(folder.iterdir(), key=lambda one: one.name) if path.name.endswith(".toml")
    )


def _name_of(path: Traversable) -> str:
    return path.name.removesuffix(".toml")


@cache
def library() -> Mapping[str, Indicator]:
    """All indicators by identifier; two of one name are an error."""
    found: dict[str, Indicator] = {}
    for name, theme in themes().items():
        for id, indicator in theme.indicators.items():
            if id in found:
                raise InvalidError(f"indicators {name}: {id} is in {found[id].theme} already")
            found[id] = indicator
    return found


def find_indicator(id: str) -> Indicator:
    """The indicator called `id`, or `NotFoundError`."""
    if id not in library():
        raise NotFoundError(f"there is no indicator {id[:80]!r}", hint="see craton indicators")
    return library()[id]


def matching(
    words: str = "", *, theme: str = "", support: str = "", direction: str = ""
) -> Mapping[str, Indicator]:
    """Indicators by identifier that have all `words` somewhere, in any case, and are of what is told."""
    sought = words.casefold().split()
    return {
        id: one
        for id, one in library().items()
        if theme in {"", one.theme}
        and direction in {"", one.direction}
        and (not support or support in one.supports)
        and all(word in _text_of(id) for word in sought)
    }


@cache
def _text_of(id: str) -> str:
    """All that is said of an indicator, to be searched."""
    one = library()[id]
    theme = themes()[one.theme]
    titles = (one.title, theme.title, theme.criteria[one.criterion].title)
    said = [text for part in (*titles, *(i.title for i in one.inputs.values())) for text in part.values()]
    return "\n".join([id, id.replace("_", " "), *said, *one.definition.values(), one.reference]).casefold()
