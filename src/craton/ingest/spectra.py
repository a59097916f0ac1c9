"""Laboratory spectra: ECOSTRESS files, and the text form of the USGS spectral library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from craton.ingest.plain_text import read_text
from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

MISSING = -1.23e34
"""Mark of a deleted channel in the USGS library (Kokaly et al. 2017, USGS Data Series 1035)."""
MAX_SPECTRUM_BYTES = 16 << 20
SECOND_MEASURES = re.compile(r"_(?:AREF|RREF|RTGC|TRAN)\.txt$")
"""End of the names of spectra: absolute, relative, transformed reflectance, transmittance."""
NANOMETRES_PER_MICROMETRE = 1000.0

_ECOSTRESS = re.compile(rb"\AName:.*?^X Units:.*?^Y Units:", re.DOTALL | re.MULTILINE)
_USGS = re.compile(rb"\A[^\S\n]?\w+ Record=\d+: [^\n]+\n\s*[-+]?\d+\.\d+e[-+]\d+\s")
_WAVELENGTHS = re.compile(r"^(\w+?)_Wavelengths_([A-Za-z]+\d?)", re.IGNORECASE)
_PLACE = re.compile(r"^\s*(-?\d+\.\d+)\s*;\s*(-?\d+\.\d+)\s*;\s*WGS84")
_HEADER_LINE = re.compile(r"^([A-Z][\w .]*?):\s*(.*)$")


@reader(
    "spectrum-ecostress", order=25, suffixes=(".txt",), matches=lambda c: _ECOSTRESS.match(c.head) is not None
)
def read_ecostress(source: Source) -> Iterator[Draft]:
    """One table a file: wavelength in micrometres and the value measured there."""
    _check_size(source.path)
    text = read_text(source.path, source.scratch).text
    header, _, body = text.partition("\n\n")
    stated = {
        found[1]: found[2].strip() for line in header.splitlines() if (found := _HEADER_LINE.match(line))
    }
    rows, unread = _rows(body, columns=2)
    if not len(rows):
        raise RefusedError("no-data", "the spectrum has a header but no values")
    name = _second_name(stated.get("Y Units", ""))
    draft = Draft(data=pd.DataFrame(rows, columns=["wavelength", name]), kind="table", keywords=("spectrum",))
    percent = "percent" in stated.get("Y Units", "").lower()
    draft.notes = {
        "wavelength": ColumnNote(
            unit="um" if "micro" in stated.get("X Units", "").lower() else "", title=stated.get("X Units", "")
        ),
        name: ColumnNote(unit="%" if percent else "", title=stated.get("Y Units", "")),
    }
    draft.title, draft.description = stated.get("Name", ""), stated.get("Description", "")
    draft.properties = {
        key.lower().replace(" ", "_").rstrip("."): words for key, words in stated.items() if words
    }
    _note_counts(draft, stated.get("Number of X Values", ""), len(rows), unread)
    _note_origin(draft, stated.get("Origin", ""))
    yield draft


def _check_size(path: Path) -> None:
    if path.stat().st_size > MAX_SPECTRUM_BYTES:
        raise RefusedError("too-large", f"{path.name} is larger than any spectrum")


def _rows(text: str, columns: int) -> tuple[np.ndarray, int]:
    """Numbers (n, columns) of the lines of `text`, and how many lines hold something else."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    rows = [[_number(word) for word in words] for words in lines if len(words) == columns]
    sound = [row for row in rows if not np.isnan(row).any()]
    return np.array(sound, dtype=np.float64).reshape(-1, columns), len(lines) - len(sound)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _second_name(unit: str) -> str:
    """Column name of what is measured: the first word of its unit."""
    word = re.match(r"\s*([A-Za-z]+)", unit)
    return word[1].lower() if word else "value"


def _note_counts(draft: Draft, declared: str, rows: int, unread: int) -> None:
    if unread:
        draft.find("number-text", unread)
    if declared.isdigit() and int(declared) > rows:
        draft.find("truncated", int(declared) - rows, f"{declared} values are declared")
    draft.find("no-coordinates")


def _note_origin(draft: Draft, origin: str) -> None:
    """Take the place of the sample where the origin is latitude; longitude; datum."""
    found = _PLACE.match(origin)
    if found and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180:
        latitude, longitude = float(found[1]), float(found[2])
        draft.geographic_bounds = (longitude, latitude, longitude, latitude)


def _usgs_members(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Spectra and bandwidths that belong to a file of wavelengths.

    A spectrum names its spectrometer before its measure (`…_ASDFRa_AREF.txt`);
    in a library convolved to one sensor all spectra are on that sensor's bands.
    """
    found = _WAVELENGTHS.match(candidate.name)
    if found is None:
        return []
    library, sensor = found[1].lower() + "_", found[2].lower()
    own = [p for p in listing if p.name.lower().startswith(library) and p.name != candidate.name]
    if "specrespfunction" in candidate.name.lower():
        return [p for p in own if "_srf_" in p.name.lower()]
    spectra = [p for p in own if SECOND_MEASURES.search(p.name)]
    named = [p for p in spectra if p.stem.lower().split("_")[-2].startswith(sensor)]
    bandwidths = [p for p in own if "_bandpass_" in p.name.lower() and sensor in p.name.lower()]
    convolved = not named and not any(
        "_wavelengths_" in p.name.lower() and not _same_sensor(p, sensor) for p in own
    )
    return [*(spectra if convolved else named), *bandwidths]


def _same_sensor(path: Path, sensor: str) -> bool:
    found = _WAVELENGTHS.match(path.name)
    return found is not None and found[2].lower() == sensor


@reader(
    "spectra-usgs",
    order=25,
    suffixes=(".txt",),
    matches=lambda c: _USGS.match(c.head.replace(b"\r\n", b"\n")) is not None,
    gather=_usgs_members,
)
def read_usgs(source: Source) -> Iterator[Draft]:
    """One table a set of channels: a row for each spectrum and channel, deleted channels empty."""
    title, channels = _channels(source.path)
    draft = Draft(data=pd.DataFrame(), kind="table", title=title, keywords=("spectrum",))
    spectra = [p for p in source.files[1:] if "_bandpass_" not in p.name.lower()]
    bandwidths = [p for p in source.files[1:] if p not in spectra]
    if spectra:
        draft.data = _spectra_table(draft, channels, spectra, bandwidths)
        draft.notes["wavelength"] = ColumnNote(unit="um", title="wavelength of the channel")
        draft.notes["bandwidth"] = ColumnNote(unit="um", title="full width of the channel at half maximum")
    else:
        draft.data = _column(draft, title, channels)
    draft.find("no-coordinates")
    yield draft


def _channels(path: Path) -> tuple[str, np.ndarray]:
    """Title and values, one a channel, of a file of the library."""
    _check_size(path)
    lines = path.read_text("latin-1").splitlines()
    title = lines[0].partition(":")[2].strip()
    return " ".join(title.split()), np.array(
        [_number(line) for line in islice(lines, 1, None) if line.strip()]
    )


def _spectra_table(
    draft: Draft, channels: np.ndarray, spectra: list[Path], bandwidths: list[Path]
) -> pd.DataFrame:
    frames, other, deleted = [], 0, 0
    width = _bandwidth(channels, bandwidths)
    for path in spectra:
        title, values = _channels(path)
        if len(values) != len(channels):
            other += 1
            continue
        missing = np.isclose(values, MISSING, rtol=1e-3)
        deleted += int(missing.sum())
        columns = {"spectrum": title, "wavelength": channels, "value": np.where(missing, np.nan, values)}
        frames.append(pd.DataFrame(columns if width is None else columns | {"bandwidth": width}))
    if not frames:
        raise RefusedError(
            "invalid-structure", f"no spectrum has the {len(channels)} channels of the wavelengths"
        )
    if other:
        draft.find(
            "member-unread", other, f"they do not have the {len(channels)} channels of the wavelengths"
        )
    if deleted:
        draft.find("nodata-declared", deleted, f"channels marked {MISSING:g}")
    draft.properties = {"spectra": len(frames), "channels": len(channels)}
    return pd.concat(frames, ignore_index=True)


def _bandwidth(channels: np.ndarray, bandwidths: list[Path]) -> np.ndarray | None:
    """Width of each channel in micrometres, from the file in micrometres where there are two."""
    for path in sorted(bandwidths, key=lambda p: p.stem.lower().endswith("_nm")):
        _, values = _channels(path)
        if len(values) == len(channels):
            return values / (NANOMETRES_PER_MICROMETRE if path.stem.lower().endswith("_nm") else 1.0)
    return None


def _column(draft: Draft, title: str, values: np.ndarray) -> pd.DataFrame:
    """A spectrum, or a property of channels, whose wavelengths are not beside it."""
    missing = np.isclose(values, MISSING, rtol=1e-3)
    if missing.any():
        draft.find("nodata-declared", int(missing.sum()), f"channels marked {MISSING:g}")
    if "wavelengths" not in title.lower():
        draft.find("sidecar-missing", message="the file of wavelengths is not beside it")
    return pd.DataFrame(
        {"channel": np.arange(1, len(values) + 1), "value": np.where(missing, np.nan, values)}
    )
