"""The codes: what a check may find, what an ingest may refuse, and what to do about it.

Codes are stable; a code is never renamed and never changes its meaning.
"""

from __future__ import annotations

from typing import NamedTuple

from craton.model.record import Finding, Severity


class FindingRule(NamedTuple):
    """How bad it is, what it means (`{count}` is filled in), and what to do."""

    severity: Severity
    meaning: str
    todo: str


FINDINGS: dict[str, FindingRule] = {
    # coordinates and reference systems
    "crs-missing": FindingRule("error", "no coordinate reference system is stated", "add again with --crs EPSG:…"),
    "crs-assumed-by-format": FindingRule("info", "the format itself fixes the reference system (RFC 7946 and the like)", "nothing, unless the file breaks its own standard"),
    "crs-assumed-national": FindingRule("doubt", "the format says national grid without naming it; that of its home country was taken", "add again with --crs if the data lies in another country"),
    "crs-from-names": FindingRule("doubt", "longitude and latitude columns were taken as WGS 84", "state the datum with --crs if it is another"),
    "crs-given": FindingRule("info", "the reference system was given by the person who added the data", "nothing"),
    "crs-overridden": FindingRule("doubt", "the reference system given differs from the one in the file", "check which one is right"),
    "crs-local": FindingRule("doubt", "the coordinates are local (no place on the Earth is stated)", "add again with --crs if a real system is known"),
    "crs-unknown": FindingRule("error", "the reference system named in the file is not known", "add again with --crs EPSG:…"),
    "crs-old-style": FindingRule("info", "the reference system is stated by a `crs` member (GeoJSON of 2008), which newer software may overlook", "nothing"),
    "longitude-wrapped": FindingRule("info", "{count} longitudes of 180–360° were brought to −180–180°", "nothing"),
    "longitude-duplicate-column": FindingRule("info", "−180° and 180° are both present in the grid", "nothing"),
    "coordinate-missing": FindingRule("doubt", "{count} rows have no coordinates and are kept without geometry", "complete the coordinates at the source"),
    "coordinate-out-of-range": FindingRule("error", "{count} coordinates lie outside the legal range; their geometry was set aside", "correct the coordinates at the source"),
    "coordinate-zero": FindingRule("doubt", "{count} points lie at 0°, 0°", "check whether zero means missing"),
    "coordinate-coarse": FindingRule("info", "{count} coordinates are rounded to whole degrees", "use them at small scale only"),
    "coordinates-swapped": FindingRule("error", "latitude and longitude look exchanged", "correct the column names at the source"),
    "coordinate-zones": FindingRule("error", "the coordinates lie in several zones of a projection and were left without geometry", "split the table by zone, or give longitudes and latitudes"),
    "extent-outside-crs": FindingRule("doubt", "the data lies outside the area where its reference system is valid", "check the reference system"),
    "antimeridian-crossed": FindingRule("info", "the data crosses the 180° meridian", "nothing"),
    # geometry
    "geometry-null": FindingRule("doubt", "{count} features have no geometry", "complete or remove them at the source"),
    "geometry-invalid": FindingRule("doubt", "{count} geometries are invalid (self-crossing rings and the like) and are kept as they came", "repair them at the source"),
    "geometry-repaired": FindingRule("info", "{count} invalid geometries were repaired", "check the repaired shapes"),
    "geometry-mixed": FindingRule("info", "the layer mixes geometry types", "nothing, or split the layer"),
    "geometry-measures": FindingRule("info", "{count} geometries carry measures (M), which the stored table leaves out", "take measures from the source file"),
    "geometry-unread": FindingRule("error", "{count} geometries could not be read and were left empty", "repair them at the source"),
    "geometry-winding": FindingRule("info", "{count} polygon rings were wound the other way", "nothing"),
    "structure-nonstandard": FindingRule("doubt", "the file departs from its own standard", "repair it at the source"),
    # values
    "unit-missing": FindingRule("doubt", "{count} numeric columns state no unit", "state the units, in the header or a data dictionary"),
    "unit-unknown": FindingRule("doubt", "{count} units are not understood and were kept as text", "use UCUM or SI spelling"),
    "unit-implausible": FindingRule("doubt", "{count} columns hold numbers that cannot be in the unit stated", "check the unit"),
    "unit-converted": FindingRule("info", "{count} columns were converted to the unit of their quantity; the original unit is kept", "nothing"),
    "nodata-missing": FindingRule("doubt", "no nodata value is declared", "declare it, so that layers can be merged"),
    "nodata-declared": FindingRule("info", "{count} cells or values marked by a nodata number were made explicit", "nothing"),
    "nodata-guessed": FindingRule("doubt", "{count} values look like an undeclared missing mark and were made empty; the original column is kept", "declare the missing mark"),
    "missing-mark": FindingRule("info", "{count} cells hold a usual mark of a missing value (NA, \\N, - and the like) and were made empty", "nothing"),
    "nodata-all": FindingRule("error", "no cell holds a value", "check the export that made the file"),
    "below-detection": FindingRule("info", "{count} values below the detection limit were marked and keep the limit", "nothing"),
    "negative-below-detection": FindingRule("doubt", "{count} negative concentrations were read as below detection", "confirm that a negative number means below detection"),
    "above-range": FindingRule("info", "{count} values above the upper limit of the method were marked and keep the limit", "nothing"),
    "number-text": FindingRule("doubt", "{count} values in number columns are text and were set aside", "correct them at the source"),
    "number-comma": FindingRule("info", "{count} numbers use a decimal comma", "nothing"),
    "number-grouped": FindingRule("doubt", "{count} numbers carry commas that were read as separators of thousands", "write numbers without separators"),
    "date-ambiguous": FindingRule("doubt", "{count} dates can be read day first or month first", "use ISO 8601 (2025-03-28)"),
    "date-unread": FindingRule("doubt", "{count} dates could not be read and were kept as text", "use ISO 8601 (2025-03-28)"),
    "date-century": FindingRule("doubt", "{count} dates state the year with two digits and were taken as 1970–2069", "write years with four digits"),
    "value-truncated": FindingRule("doubt", "{count} over-long texts were cut", "shorten them at the source"),
    "value-infinite": FindingRule("doubt", "{count} infinite values were made empty", "correct them at the source"),
    "value-complex": FindingRule("info", "complex numbers were kept as real and imaginary parts", "nothing"),
    # tables
    "header-missing": FindingRule("doubt", "the table has no header; columns were named by position", "add a header row"),
    "header-repaired": FindingRule("info", "{count} column names were blank, doubled or padded and were repaired", "correct them at the source"),
    "header-rows-skipped": FindingRule("info", "{count} lines before the header were set aside", "nothing"),
    "row-ragged": FindingRule("doubt", "{count} rows have too few or too many cells", "correct them at the source"),
    "row-duplicate": FindingRule("doubt", "{count} rows are exact copies of others", "remove the copies at the source"),
    "row-blank": FindingRule("info", "{count} blank rows were left out", "nothing"),
    "column-empty": FindingRule("info", "{count} columns hold no value", "nothing"),
    "encoding-guessed": FindingRule("doubt", "the text encoding is not stated and was found by looking", "save as UTF-8"),
    "encoding-repaired": FindingRule("doubt", "{count} characters could not be decoded and were replaced", "save as UTF-8"),
    "sheet-empty": FindingRule("info", "{count} sheets hold no table", "nothing"),
    "table-empty": FindingRule("doubt", "the table has a header but no rows", "check the export that made the file"),
    "units-by-row": FindingRule("info", "units differ from row to row and are kept in their own column", "nothing"),
    "label-legacy-font": FindingRule("doubt", "{count} labels hold no letter of their language's script, as if typed for a legacy font", "convert them to Unicode"),
    "formula-text": FindingRule("info", "{count} cells start like a spreadsheet formula and are kept as text", "take care when opening an export in a spreadsheet"),
    # drill holes and logs
    "hole-id-duplicate": FindingRule("error", "{count} hole identifiers are not unique and were told apart by a suffix", "make hole identifiers unique at the source"),
    "hole-without-collar": FindingRule("error", "{count} rows name a hole that has no collar", "complete the collar table"),
    "hole-without-location": FindingRule("doubt", "{count} holes have no coordinates", "complete the collar table"),
    "interval-reversed": FindingRule("error", "{count} intervals end above their start", "correct them at the source"),
    "interval-overlap": FindingRule("doubt", "{count} intervals overlap the next one in the same hole", "correct them at the source"),
    "interval-gap": FindingRule("info", "{count} gaps lie between intervals", "nothing, or log the gap"),
    "interval-below-end": FindingRule("doubt", "{count} intervals reach below the end of the hole", "check depths and total depths"),
    "survey-missing": FindingRule("info", "{count} holes have no down-hole survey and were taken as straight", "nothing, or add the survey"),
    "survey-out-of-range": FindingRule("error", "{count} survey stations have an impossible direction and were left out", "correct them at the source"),
    "location-outlier": FindingRule("doubt", "{count} holes lie far from all others of the set", "check their coordinates for slipped digits"),
    "hole-key-ambiguous": FindingRule("error", "{count} rows name their hole by a key that several holes share", "give every table the unique hole identifier"),
    "survey-duplicate": FindingRule("doubt", "{count} survey stations repeat the depth of another in the same hole", "keep one station a depth"),
    "azimuth-wrapped": FindingRule("info", "{count} azimuths were brought to 0–360°", "nothing"),
    "azimuth-out-of-range": FindingRule("doubt", "{count} azimuths or dip directions lie outside 0–360° and were kept as they came", "bring them to 0–360° at the source"),
    "dip-turned": FindingRule("info", "{count} dips were positive down and were turned to negative down", "nothing"),
    "dip-ambiguous": FindingRule("doubt", "the sign or the zero of the dips cannot be told from the data", "state whether dips are negative down and from horizontal"),
    "depth-disordered": FindingRule("doubt", "{count} depths go back up within the log", "sort the log, or split it by run"),
    "depth-negative": FindingRule("doubt", "{count} depths are negative", "measure depths along the hole from the collar"),
    "header-conflict": FindingRule("doubt", "{count} header entries contradict the data", "correct the header"),
    "depth-missing": FindingRule("doubt", "the log has no usable depth", "state the depth curve"),
    "depth-descending": FindingRule("info", "depths descend and were turned over", "nothing"),
    # files and formats
    "format-recovered": FindingRule("doubt", "the file breaks its format and was read as far as it goes", "export it again"),
    "truncated": FindingRule("error", "the file ends early; {count} records are missing", "copy or export it again"),
    "sidecar-missing": FindingRule("doubt", "a companion file of the format is missing", "add the companion file"),
    "sidecar-conflict": FindingRule("doubt", "two files of the set contradict each other", "keep the right one"),
    "compressed": FindingRule("info", "the file was compressed and was unpacked to read it", "nothing"),
    "archive-member-skipped": FindingRule("doubt", "{count} members of the archive were left out as unsafe", "unpack it by hand and look"),
    "licence-missing": FindingRule("doubt", "no licence is stated", "state the licence"),
    "licence-from-folder": FindingRule("info", "the licence was taken from the licence file beside the data", "nothing"),
    "licence-of-software": FindingRule("doubt", "the licence file beside the data holds a licence for software", "confirm that it is meant for the data, or state theirs"),
    "licence-ambiguous": FindingRule("doubt", "several licences lie beside the data", "state the one that is meant for it"),
    "no-reader": FindingRule("info", "no reader knows this format; the file is kept as a document", "install a reader, or export to an open format"),
    "no-coordinates": FindingRule("info", "the table has no coordinates", "nothing, or add coordinates"),
    "pack-fault": FindingRule("doubt", "the evaluation has {count} faults and cannot be run", "open it in the portal under Build an evaluation, or see craton pack check"),
    "text-missing": FindingRule("info", "no text could be taken from the document", "add a text version for search"),
    "metadata-invalid": FindingRule("doubt", "{count} metadata entries are malformed", "correct them at the source"),
    "time-assumed-utc": FindingRule("doubt", "times state no zone and were taken as UTC", "state the time zone"),
    "axis-irregular": FindingRule("doubt", "the grid axis is not regular", "nothing, or resample"),
    "statistics-sampled": FindingRule("info", "the grid is large; range and gaps come from a part of its cells", "nothing"),
    "raster-rotated": FindingRule("info", "the grid is rotated against its axes", "nothing"),
    "georeference-missing": FindingRule("doubt", "the image states no place on the Earth and is kept as a document", "georeference it, or add its world file"),
    "georeference-indirect": FindingRule("doubt", "the image is placed by control points or a sensor model, not by a grid", "rectify it to a grid and add that"),
    "grid-axes-missing": FindingRule("doubt", "no horizontal axes were found; the file is kept as a document", "name the axes as the CF conventions say"),
    "part-skipped": FindingRule("doubt", "{count} parts (images, variables, files of a set) could not be taken in and were left out", "export each as a file of its own"),
    "vertical-unit": FindingRule("info", "heights were converted to metres", "nothing"),
    "vertical-unit-assumed": FindingRule("doubt", "no unit of height is stated; the usual one was taken", "state a vertical reference system, or the unit in NAME.meta.toml beside the file"),
    "location-conflict": FindingRule("doubt", "{count} positions are stated twice and differ", "keep the right one at the source"),
    "member-unread": FindingRule("error", "{count} files of the set could not be read and were left out", "correct them and add the set again"),
}  # fmt: skip

REFUSALS: dict[str, str] = {
    "empty": "the file has no content",
    "unreadable": "the file could not be opened for reading",
    "corrupt": "the bytes break the format",
    "truncated": "the file ends before its own structure does",
    "invalid-json": "the text is not JSON",
    "invalid-structure": "the structure breaks the format's standard so that nothing can be read",
    "no-data": "the format is right but holds no data",
    "encrypted": "the file is locked by a password",
    "unsafe-archive": "the archive would write outside its folder or unpacks to an unreasonable size",
    "too-deep": "the nesting is deeper than any real data",
    "too-large": "reading took more memory than the limit",
    "too-slow": "reading took more time than the limit",
    "crashed": "the format's library crashed on it",
    "sidecar-missing": "a file without which the set cannot be read is missing",
    "unsupported": "the format is known, but this variety of it is not",
    "name-not-text": "the file or folder name is not UTF-8; rename it",
    "outside-folder": "the link leads out of the folder that was added",
    "crs-invalid": "the reference system given is not known",
}


def todo(finding: Finding) -> str:
    """What a person should do about `finding`."""
    return FINDINGS[finding.code].todo


def severity(finding: Finding) -> Severity:
    """How bad `finding` is."""
    return FINDINGS[finding.code].severity


def meaning(finding: Finding) -> str:
    """One sentence in words, with the count and what the reader said of it."""
    text = FINDINGS[finding.code].meaning.format(count=finding.count)
    return f"{text}: {finding.message}" if finding.message else text
