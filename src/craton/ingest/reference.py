"""Which reference system counts: the one the file states, or the one the person gave."""

from __future__ import annotations

import re

from craton.model.crs import is_geographic, is_placed, normalise
from craton.model.data import Draft
from craton.model.errors import InvalidError, RefusedError
from craton.process.readers import Options

CODE = re.compile(r"EPSG:\d{4,6}")


def grid_code(text: str) -> str:
    """The code `EPSG:n` of a system of eastings and northings in `text`; empty where it is no such."""
    code = text.strip().upper()
    if not CODE.fullmatch(code) or not is_placed(code) or is_geographic(code):
        return ""
    return code


def state_crs(draft: Draft, stated: str, options: Options) -> None:
    """Give `draft` the system of `options` where there is one, else the `stated` one, and say so.

    Parameters
    ----------
    stated : str
        Authority code or WKT from the file; empty where it states none.
    """
    if not options.crs:
        draft.crs = stated
        if not stated and all(finding.code != "crs-unknown" for finding in draft.findings):
            draft.find("crs-missing")
        return
    try:
        draft.crs = normalise(options.crs)
    except InvalidError as error:
        raise RefusedError("crs-invalid", error.message, hint=error.hint) from error
    if stated and draft.crs != stated:
        draft.find("crs-overridden", message=f"{draft.crs} instead of {stated[:80]}")
    elif not stated:
        draft.find("crs-given", message=draft.crs)
