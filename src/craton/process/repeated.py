"""Words said once: "As for `gravity.disturbance`." in a docstring stands for the words of that process.

They are put in when all processes are registered, so that every face (form, page, command, agent) tells
them in full, and the source says them in one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from craton.process.spec import Param, Spec

_AS_FOR = re.compile(r"As for `([a-z0-9_]+(?:\.[a-z0-9_]+)+)`\.")


def spelled_out(spec: Spec, specs: Mapping[str, Spec]) -> Spec:
    """`spec` whose parameters, outputs and references say in full what another of `specs` says.

    A reference to a process that is not there, or has no such parameter, stays as it is written.
    """
    return replace(
        spec,
        params=tuple(replace(one, doc=_words(one, specs, {spec.id})) for one in spec.params),
        outputs=tuple(replace(one, doc=_words(one, specs, {spec.id})) for one in spec.outputs),
        references=_references(spec, specs, set()),
    )


def _words(param: Param, specs: Mapping[str, Spec], seen: set[str]) -> str:
    """Words of `param`; `seen` are the processes that were asked already."""
    found = _AS_FOR.match(param.doc)
    other = specs.get(found[1]) if found else None
    if found is None or other is None or other.id in seen:
        return param.doc
    like = next((one for one in (*other.params, *other.outputs) if one.name == param.name), None)
    if like is None:
        return param.doc
    return _words(like, specs, seen | {other.id}) + param.doc[found.end() :]


def _references(spec: Spec, specs: Mapping[str, Spec], seen: set[str]) -> tuple[str, ...]:
    found = []
    for one in spec.references:
        named = _AS_FOR.fullmatch(one)
        other = specs.get(named[1]) if named else None
        if other is None or other.id in seen:
            found.append(one)
        else:
            found += _references(other, specs, seen | {spec.id})
    return tuple(dict.fromkeys(found))
