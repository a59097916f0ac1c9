"""The applications that there are: those in folders of ours and of plugins, read when they are asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from craton.model.errors import CratonError, InvalidError, NotFoundError
from craton.model.pack_text import FILES, joined
from craton.process.app import App, checked, decoded, takes_pack, with_pack

GROUP = "craton.apps"
OURS = "craton.apps"
FILE_NAME = "app.toml"


class _Written(NamedTuple):
    """An application as it is written, before it is checked; in which plugin, file and folder."""

    app: App
    point: EntryPoint
    where: str
    folder: Traversable


@cache
def _written() -> Mapping[str, _Written]:
    """All applications by identifier, ours first; a plugin's that cannot be read is a named warning."""
    found: dict[str, _Written] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.value != OURS):
        for folder in _found(point):
            path = folder.joinpath(FILE_NAME)
            where = f"{point.name}: {path}"
            try:
                app = decoded(path.read_text(encoding="utf-8"), where)
                if app.id in found:
                    raise InvalidError(f"two apps are called {app.id!r}")
            except (CratonError, OSError, UnicodeDecodeError) as error:
                _leave_out(point, error)
            else:
                found[app.id] = _Written(app, point, where, folder)
    return dict(sorted(found.items()))


def _leave_out(point: EntryPoint, error: Exception) -> None:
    """Warn of an app of a plugin; one of ours is an error."""
    if point.value == OURS:
        raise error
    warnings.warn(f"an app of plugin {point.name!r} is left out: {error}", stacklevel=3)


@cache
def _sound(id: str) -> App | None:
    """The application of that identifier; none where a plugin's does not fit its processes."""
    app, point, where, folder = _written()[id]
    try:
        return checked(with_pack(app, pack_text(folder) if takes_pack(app) else ""), where)
    except CratonError as error:
        _leave_out(point, error)
        return None


def has_app(id: str) -> bool:
    """Whether there is an application of that identifier."""
    return id in _written()


def apps() -> Mapping[str, App]:
    """All applications by identifier; a broken one of a plugin is a named warning.

    This imports the processes of all of them: ask `find_app` for one.
    """
    return {id: app for id in _written() if (app := _sound(id)) is not None}


def pack_text(folder: Traversable) -> str:
    """Text of the pack in a folder, empty where it has none."""
    tables = {name: folder.joinpath(name) for name in FILES}
    texts = {name: text_of(path) for name, path in tables.items() if path.is_file()}
    return joined(texts) if texts else ""


def text_of(file: Traversable) -> str:
    """Text of a file; `InvalidError` where it cannot be read, or is not in UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{file.name}: line {line} is not in UTF-8"
        raise InvalidError(message, hint="save the file again as text in UTF-8") from error
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror}") from error


def _found(point: EntryPoint) -> list[Traversable]:
    """Folders of a plugin's apps; one that cannot be imported is a named warning."""
    try:
        return list(_folders(point.value))
    except Exception as error:
        if point.value == OURS:
            raise
        warnings.warn(f"apps of plugin {point.name!r} are left out: {error}", stacklevel=3)
        return []


def _folders(package: str) -> Iterator[Traversable]:
    """The folders of `package` that hold an `app.toml`."""
    for folder in sorted(files(package).iterdir(), key=lambda one: one.name):
        if folder.is_dir() and folder.joinpath(FILE_NAME).is_file():
            yield folder


def packs() -> Mapping[str, str]:
    """Texts of the packs of all applications that have one, by the application; no process is imported.

    One of a plugin that cannot be read is a named warning.
    """
    found = {}
    for id, one in _written().items():
        try:
            if takes_pack(one.app) and (text := pack_text(one.folder)):
                found[id] = text
        except CratonError as error:
            _leave_out(one.point, error)
    return found


def find_app(id: str) -> App:
    """The application called `id`, or `NotFoundError`."""
    app = _sound(id) if has_app(id) else None
    if app is None:
        raise NotFoundError(f"there is no app {id!r}", hint=f"there are: {', '.join(_written()) or 'none'}")
    return app
