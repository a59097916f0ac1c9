"""The form of packs: every key that is missing, not known or of the wrong type, each with its place.

`pack.decoded` stops at the first of them; a page that edits a pack shows them all.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

from craton.model.pack import Pack
from craton.model.pack_findings import PackFinding

INNER = " - at `"
"""Stands in the messages of the decoder between what is wrong and where."""


def form_faults(whole: Mapping[str, Any]) -> list[PackFinding]:
    """What is wrong in the form of a pack that is read as it is written; none where it can be decoded."""
    return list(_faults(whole, Pack, ""))


def _faults(value: object, kind: Any, place: str) -> Iterator[PackFinding]:
    try:
        msgspec.convert(value, type=kind)
    except (msgspec.ValidationError, RecursionError) as error:
        deeper = [fault for part in _parts(value, kind, place) for fault in part]
        yield from deeper or [_fault(str(error), place)]


def _parts(value: object, kind: Any, place: str) -> Iterator[Iterator[PackFinding]]:
    """Faults of the parts of `value`, part by part."""
    start = f"{place}." if place else ""
    inner = _struct_of(kind)
    if inner is not None and isinstance(value, Mapping):
        fields = {field.encode_name: field for field in msgspec.structs.fields(inner)}
        for name in (name for name, field in fields.items() if field.required and name not in value):
            yield iter([PackFinding(place=start + name, reason="it is missing")])
        for name, one in value.items():
            if name in fields:
                yield _faults(one, fields[name].type, start + name)
            else:
                words = f"there is no key {str(name)[:60]!r}"
                yield iter([PackFinding(place=start + str(name), reason=words, hint="take it away")])
    elif get_origin(kind) is dict and isinstance(value, Mapping):
        for name, one in value.items():
            yield _faults(one, get_args(kind)[1], start + str(name))
    elif get_origin(kind) is tuple and get_args(kind)[-1] is ... and isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield _faults(one, get_args(kind)[0], f"{start}{number}")


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that `kind` is, or that it is where there is any."""
    choices = get_args(kind) if get_origin(kind) in {Union, types.UnionType} else (kind,)
    found = (one for one in choices if isinstance(one, type) and issubclass(one, msgspec.Struct))
    return next(found, None)


def _fault(message: str, place: str) -> PackFinding:
    words = message.partition(INNER)[0]
    return PackFinding(place=place or "pack", reason=words[:1].lower() + words[1:])
