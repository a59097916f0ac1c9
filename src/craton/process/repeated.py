"""Words said once: "As for `gravity.disturbance`." in a docstring stands for the words of that process.

They are put in when a process is asked for, so that every face (form, page, command, agent) tells them in
full, and the source says them in one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from craton.process.spec import Param, Spec

Find = Callable[[str], Spec | None]
"""Gives the process of an identifier as its function says it."""

_AS_FOR = re.compile(r"As for `([a-z0-9_]+(?:\.[a-z0-9_]+)+)`\.")


def spelled_out(spec: Spec, find: Find) -> Spec:
    """`spec` whose parameters, outputs and references say in full what others say, which `find` gives.

    A reference to a process that is not there, or has no such parameter, stays as it is written.
    """
    return replace(
        spec,
        params=tuple(replace(one, doc=_words(one, find, {spec.id})) for one in spec.params),
        outputs=tuple(replace(one, doc=_words(one, find, {spec.id})) for one in spec.outputs),
        references=_references(spec, find, set()),
    )


def _words(param: Param, find: Find, seen: set[str]) -> str:
    """Words of `param`; `seen` are the processes that were asked already."""
    found = _AS_FOR.match(param.doc)
    other = find(found[1]) if found else None
    if found is None or other is None or other.id in seen:
        return param.doc
    like = next((one for one in (*other.params, *other.outputs) if one.name == param.name), None)
    if like is None:
        return param.doc
    return _words(like, find, seen | {other.id}) + param.doc[found.end() :]


def _references(spec: Spec, find: Find, seen: set[str]) -> tuple[str, ...]:
    found = []
    for one in spec.references:
        named = _AS_FOR.fullmatch(one)
        other = find(named[1]) if named else None
        if other is None or other.id in seen:
            found.append(one)
        else:
            found += _references(other, find, seen | {spec.id})
    return tuple(dict.fromkeys(found))
