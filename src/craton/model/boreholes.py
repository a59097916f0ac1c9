"""Drill holes: tables built alike by every reader, and what is checked in them.

Depths are metres along the hole from the collar, azimuths degrees clockwise
from grid north (0–360), inclinations degrees from horizontal, negative down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from craton.model.data import Boreholes
from craton.model.record import Finding

TOLERANCE = 0.001
"""Metres by which depths may differ and still be the same: a millimetre."""

SAME_PLACE = 50.0
"""Metres within which collars that share a name are taken as one hole reported twice."""

LIKELY_DOWN = 0.95
"""Share of dips of one sign from which that sign means down."""

STEEP = 45.0
"""Mean angle in degrees that tells inclinations from horizontal (larger) from those from vertical."""


FAR = 100.0
"""Times the median distance from the middle of a set from which a hole is out of place."""

FEW = 8
"""Holes below which a set has no middle to speak of."""


def make_collars(
    hole_id: ArrayLike,
    *,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    elevation: ArrayLike | None = None,
    total_depth: ArrayLike | None = None,
    extra: Mapping[str, ArrayLike] | None = None,
    crs: str = "",
) -> gpd.GeoDataFrame:
    """Collar table in the order all readers use; a hole without both coordinates has no geometry.

    Parameters
    ----------
    hole_id : array-like of str, shape (n,)
        Unique names.
    x, y : array-like, shape (n,)
        Easting and northing in metres, or longitude and latitude in degrees.
    elevation, total_depth : array-like, shape (n,)
        Metres; NaN where not stated.
    extra : mapping of str to array-like
        Further columns.
    crs : str
        Reference system of `x` and `y`, empty where not known.
    """
    names = pd.Series(np.asarray(hole_id, dtype=object), dtype="str")
    columns = {
        "hole_id": names,
        "elevation": _floats(elevation, len(names)),
        "total_depth": _floats(total_depth, len(names)),
        **{name: values for name, values in (extra or {}).items() if name not in RESERVED},
    }
    east, north = _floats(x, len(names)), _floats(y, len(names))
    points = gpd.points_from_xy(east, north)
    points[~(np.isfinite(east) & np.isfinite(north))] = None
    return gpd.GeoDataFrame(columns, geometry=points, crs=crs or None)


RESERVED = frozenset({"hole_id", "elevation", "total_depth", "geometry"})
"""Collar columns with a fixed meaning; a source's own column of that name is renamed before it comes here."""


def _floats(values: ArrayLike | None, count: int) -> np.ndarray:
    if values is None:
        return np.full(count, np.nan)
    return pd.to_numeric(pd.Series(np.asarray(values)), errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )


def distinct(names: pd.Series) -> tuple[pd.Series, int]:
    """Names made unique by a suffix (`BH1`, `BH1#2`), and how many were changed."""
    number = names.groupby(names, sort=False).cumcount()
    repeated = number > 0
    told = names.where(~repeated, names.astype(object) + "#" + (number + 1).astype(str))
    return told.astype("str"), int(repeated.sum())


class Dips(NamedTuple):
    """Inclinations in degrees from horizontal, negative down, and what was done to get them."""

    inclination: np.ndarray
    findings: list[Finding]


def dips_downward(dips: ArrayLike, *, from_vertical_possible: bool = False) -> Dips:
    """Angles of holes as inclinations, negative down, by the sign nearly all of them have.

    Holes go down, so the sign of nearly all angles is the sign of down.
    Angles of 0–90 called inclination may be counted from the vertical (0 is
    straight down) as well as from the horizontal; which, their mean decides,
    and that is told as a doubt.

    Parameters
    ----------
    dips : array-like, shape (n,)
        Angles in degrees; NaN is kept.
    from_vertical_possible : bool
        Whether the column's name leaves the zero open.
    """
    angle = np.asarray(dips, dtype=float)
    signed = angle[np.isfinite(angle) & (angle != 0)]
    down = float(np.mean(signed < 0)) if signed.size else 1.0
    if from_vertical_possible and down <= 1 - LIKELY_DOWN:
        upright = np.nanmean(angle) < STEEP
        words = "vertical (0 is straight down)" if upright else "horizontal (90 is straight down)"
        doubt = Finding(
            code="dip-ambiguous", count=signed.size, message=f"inclinations were taken as from {words}"
        )
        return Dips(angle - 90 if upright else -angle, [doubt])
    if down <= 1 - LIKELY_DOWN:
        return Dips(-angle, [Finding(code="dip-turned", count=signed.size)])
    if down < LIKELY_DOWN:
        words = f"{down:.0%} are negative; they were kept as negative down"
        return Dips(angle, [Finding(code="dip-ambiguous", count=signed.size, message=words)])
    return Dips(angle, [])


def sound_surveys(surveys: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Surveys sorted, with azimuths in 0–360, without impossible directions or repeated depths."""
    azimuth, inclination, depth = (surveys[c].to_numpy(float) for c in ("azimuth", "inclination", "depth"))
    sound = np.isfinite(depth) & (depth >= 0) & (np.abs(inclination) <= 90) & (np.abs(azimuth) <= 360)
    wrapped = sound & ((azimuth < 0) | (azimuth == 360))
    kept = surveys.assign(azimuth=np.where(wrapped, azimuth % 360, azimuth))[sound]
    kept = kept.sort_values(["hole_id", "depth"], kind="stable")
    repeated = kept.duplicated(["hole_id", "depth"], keep="first")
    counts = {
        "survey-out-of-range": int((~sound).sum()),
        "azimuth-wrapped": int((azimuth[sound] < 0).sum()),
        "survey-duplicate": int(repeated.sum()),
    }
    found = [Finding(code=code, count=count) for code, count in counts.items() if count]
    return kept[~repeated].reset_index(drop=True), found


def same_place(collars: gpd.GeoDataFrame, *, geographic: bool) -> bool:
    """Whether all located `collars` lie within `SAME_PLACE` of the first."""
    located = collars.geometry[collars.geometry.notna()]
    if located.empty:
        return False
    scale = 111_195.0 if geographic else 1.0
    squeeze = np.cos(np.radians(located.y.iloc[0])) if geographic else 1.0
    away = np.hypot((located.x - located.x.iloc[0]) * squeeze, located.y - located.y.iloc[0]) * scale
    return bool((away <= SAME_PLACE).all())


def check(boreholes: Boreholes, *, layered: Collection[str] | None = None) -> list[Finding]:
    """What is wrong or doubtful in `boreholes`.

    Parameters
    ----------
    boreholes : Boreholes
        Tables with the columns their class promises.
    layered : collection of str
        Interval tables that should fill the hole without gap or overlap;
        `None` means all.

    Returns
    -------
    list of Finding
        One a code, with counts over all tables.
    """
    intervals = {name: table for name, table in boreholes.intervals.items() if len(table)}
    in_layers = {name: t for name, t in intervals.items() if layered is None or name in layered}
    checks = [
        _over(
            "hole-without-collar",
            _tables(boreholes),
            lambda t: ~t["hole_id"].isin(boreholes.collars["hole_id"]),
        ),
        _over("interval-reversed", intervals, lambda t: t["to_depth"] < t["from_depth"]),
        _over("interval-below-end", intervals, lambda t: _below_end(t, boreholes.collars)),
        _over("interval-overlap", in_layers, lambda t: _step_to_next(t) < -TOLERANCE),
        _over("interval-gap", in_layers, lambda t: _step_to_next(t) > TOLERANCE),
        _over("depth-negative", {**intervals, **boreholes.curves}, _negative),
        _over("hole-without-location", {"collars": boreholes.collars}, lambda t: t.geometry.isna()),
        _over("location-outlier", {"collars": boreholes.collars}, _outlying),
        _over(
            "survey-missing",
            {"collars": boreholes.collars},
            lambda t: ~t["hole_id"].isin(_surveyed(boreholes)) & (len(boreholes.surveys) > 0),
        ),
    ]
    return [finding for finding in checks if finding is not None]


def _tables(boreholes: Boreholes) -> dict[str, pd.DataFrame]:
    surveys = {"surveys": boreholes.surveys} if len(boreholes.surveys) else {}
    return {**surveys, **boreholes.intervals, **boreholes.curves}


def _surveyed(boreholes: Boreholes) -> list[str]:
    """Holes with a survey; where no hole of the set has one, as in soundings and logs, none is missed."""
    return boreholes.surveys["hole_id"].unique().tolist() if len(boreholes.surveys) else []


def _below_end(table: pd.DataFrame, collars: gpd.GeoDataFrame) -> pd.Series:
    end = table["hole_id"].map(collars.drop_duplicates("hole_id").set_index("hole_id")["total_depth"])
    return table[["from_depth", "to_depth"]].max(axis=1) > end.astype(float) + TOLERANCE


def _step_to_next(table: pd.DataFrame) -> pd.Series:
    """Metres from each interval's end to the next one's start in the same hole."""
    table = table.reset_index(drop=True)
    order = table.sort_values(["hole_id", "from_depth", "to_depth"], kind="stable")
    following = order["from_depth"].shift(-1)
    step = following - order[["from_depth", "to_depth"]].max(axis=1, skipna=False)
    return step.where(order["hole_id"] == order["hole_id"].shift(-1)).reindex(table.index)


def _outlying(collars: gpd.GeoDataFrame) -> pd.Series:
    """Holes more than `FAR` times as far from the middle of the set as half of the holes are."""
    x, y = collars.geometry.x, collars.geometry.y
    away: pd.Series = np.hypot(x - x.median(), y - y.median())
    usual = away.median()
    limit = FAR * usual if usual > 0 and away.notna().sum() >= FEW else np.inf
    return away > limit


def _negative(table: pd.DataFrame) -> pd.Series:
    return table["from_depth" if "from_depth" in table else "depth"] < -TOLERANCE


Test = Callable[[pd.DataFrame], pd.Series]


class _Hits(NamedTuple):
    table: str
    rows: int
    first: str


def _over(code: str, tables: Mapping[str, pd.DataFrame], test: Test) -> Finding | None:
    """One finding over all tables, saying how many in which and where the first is."""
    hits = list(_hits(tables, test))
    if not hits:
        return None
    by_table = ", ".join(f"{hit.table} {hit.rows}" for hit in hits) if len(tables) > 1 else ""
    return Finding(code=code, count=sum(h.rows for h in hits), message=by_table, where=hits[0].first)


def _hits(tables: Mapping[str, pd.DataFrame], test: Test) -> Iterator[_Hits]:
    for name, table in tables.items():
        mask = np.asarray(test(table).fillna(value=False), dtype=bool)
        if mask.any():
            row = table.iloc[int(np.argmax(mask))]
            depth = next((row[c] for c in ("from_depth", "depth") if c in table), None)
            place = f" at {depth:g} m" if depth is not None and pd.notna(depth) else ""
            yield _Hits(name, int(mask.sum()), f"hole {row['hole_id']}{place}")
