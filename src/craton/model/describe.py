"""Describe: from a harmonised draft to the complete record, without assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pyarrow as pa
import xarray as xr

from craton.model import footprint
from craton.model import quantities as registry
from craton.model.data import Boreholes, Document, Draft, Mesh, RasterFile, Series, TableStream
from craton.model.describe_grid import describe_dataset
from craton.model.describe_other import describe_boreholes, describe_mesh, describe_series
from craton.model.describe_table import describe_arrow, describe_frame, describe_stream
from craton.model.description import COORDINATES, Description
from craton.model.errors import InvalidError
from craton.model.extent import outward, wrap_bbox
from craton.model.languages import guess_language
from craton.model.licences import licence_from_text
from craton.model.record import Finding, LanguageMap, Lineage, Quantity, Record

LICENCE_LENGTH = 200
"""Characters kept of a licence that is not recognised."""

SAME = {
    "coordinate-missing": ("geometry-null",),
    "coordinate-out-of-range": ("geometry-null", "hole-without-location"),
    "geometry-unread": ("geometry-null",),
}
"""Findings of a reader that say more exactly what the description finds."""


def describe(draft: Draft, *, id: str) -> Record:
    """Record of `draft`: extent, footprint, time, shape, columns, quantities and findings.

    What the reader states (time, vertical extent, notes, findings) wins over
    what is found in the data. Assets, content and dates are added by the store.

    Parameters
    ----------
    draft : Draft
        As `harmonise` gives it; its data is read once and not changed.
    id : str
        Identifier of the dataset.
    """
    description = _describe_data(draft)
    _use_stated_bounds(draft, description)
    licence = licence_from_text(draft.licence) or " ".join(draft.licence.split())[:LICENCE_LENGTH]
    if not licence and not any(finding.code == "licence-ambiguous" for finding in draft.findings):
        description.find("licence-missing")
    return Record(
        id=id,
        kind=draft.kind,
        title=_titles(draft, id),
        description=_words(draft),
        bbox=description.bbox,
        footprint=description.footprint,
        vertical=draft.vertical or description.vertical,
        time=draft.time or description.time,
        crs=description.crs,
        shape=description.shape,
        quantities=tuple(description.quantities),
        columns=tuple(description.columns),
        keywords=_keywords(draft.keywords, description.quantities),
        licence=licence,
        parties=draft.parties,
        lineage=Lineage(steps=(*draft.steps, *description.steps)),
        findings=_findings(draft.findings, description.findings),
        properties={**description.properties, **draft.properties},
    )


def _words(draft: Draft) -> LanguageMap:
    found = {guess_language(draft.description): draft.description} if draft.description else {}
    return {**found, **draft.descriptions}


def _describe_data(draft: Draft) -> Description:
    description = Description()
    for kind, describer in DESCRIBERS:
        if isinstance(draft.data, kind):
            describer(draft, draft.data, description)
            return description
    raise InvalidError(f"{type(draft.data).__name__} is no kind of data that can be described")


def _describe_raster(draft: Draft, raster: RasterFile, description: Description) -> None:
    from craton.model.describe_raster import describe_raster  # rasterio is slow to load

    describe_raster(draft, raster, description)


DESCRIBERS: tuple[tuple[type, Callable[[Draft, Any, Description], None]], ...] = (
    (pa.Table, describe_arrow),
    (TableStream, describe_stream),
    (pd.DataFrame, describe_frame),
    (xr.Dataset, describe_dataset),
    (RasterFile, _describe_raster),
    (Boreholes, describe_boreholes),
    (Series, describe_series),
    (Mesh, describe_mesh),
    (Document, lambda draft, document, description: None),
)
"""What describes each kind of data; the first that fits counts."""


def _use_stated_bounds(draft: Draft, description: Description) -> None:
    """Take the extent that the reader states where the data has none of its own."""
    if draft.geographic_bounds is None or description.bbox is not None:
        return
    description.bbox = outward(wrap_bbox(draft.geographic_bounds))
    description.footprint = footprint.of_bbox(description.bbox)
    description.findings = [one for one in description.findings if one.code != "no-coordinates"]


def _titles(draft: Draft, id: str) -> LanguageMap:
    if draft.titles:
        return dict(draft.titles)
    title = draft.title.strip() or draft.name.strip() or id
    return {guess_language(title): title}


def _keywords(stated: tuple[str, ...], quantities: Iterable[Quantity]) -> tuple[str, ...]:
    """Stated keywords and the topics of what was measured."""
    rules = (registry.rule(quantity.name) for quantity in quantities)
    topics = sorted({rule.topic.replace("_", " ") for rule in rules if rule and rule.topic != COORDINATES})
    return tuple(dict.fromkeys((*stated, *topics)))


def _findings(made: list[Finding], found: list[Finding]) -> tuple[Finding, ...]:
    """The reader's findings, and those of the description that it has not made: it looked closer."""
    codes = {finding.code for finding in made}
    codes |= {same for finding in made for same in SAME.get(finding.code, ())}
    return (*made, *(finding for finding in found if finding.code not in codes))
