"""Cone penetration tests: the columns of GEF and BRO under one set of names.

The depth of a test is the one corrected for the rod's inclination where the
source gives it, because the hole is otherwise taken as vertical; the length
of rod pushed in stays beside it as `penetration_length`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from craton.model.data import ColumnNote
from craton.model.record import Finding


class Measured(NamedTuple):
    """A column of a test: name, unit, and its quantity number in GEF (0 if it has none)."""

    name: str
    unit: str
    gef: int


COLUMNS = (
    Measured("penetration_length", "m", 1),
    Measured("depth", "m", 11),
    Measured("elapsed_time", "s", 12),
    Measured("cone_resistance", "MPa", 2),
    Measured("corrected_cone_resistance", "MPa", 13),
    Measured("net_cone_resistance", "MPa", 14),
    Measured("magnetic_field_strength_x", "nT", 31),
    Measured("magnetic_field_strength_y", "nT", 32),
    Measured("magnetic_field_strength_z", "nT", 33),
    Measured("magnetic_field_strength_total", "nT", 34),
    Measured("electrical_conductivity", "S/m", 23),
    Measured("inclination_ew", "deg", 10),
    Measured("inclination_ns", "deg", 9),
    Measured("inclination_x", "deg", 21),
    Measured("inclination_y", "deg", 22),
    Measured("inclination_resultant", "deg", 8),
    Measured("magnetic_inclination", "deg", 35),
    Measured("magnetic_declination", "deg", 36),
    Measured("local_friction", "MPa", 3),
    Measured("pore_ratio", "1", 15),
    Measured("temperature", "degC", 0),
    Measured("pore_pressure_u1", "MPa", 5),
    Measured("pore_pressure_u2", "MPa", 6),
    Measured("pore_pressure_u3", "MPa", 7),
    Measured("friction_ratio", "%", 4),
)
"""Columns in the order of a BRO test record (catalogue CPT 1.1)."""

BY_GEF = {column.gef: column for column in COLUMNS if column.gef}
UNITS = {column.name: column.unit for column in COLUMNS}


def curve(hole_id: str, values: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Curve table of one test, without columns that hold no value.

    Parameters
    ----------
    hole_id : str
        Name of the test.
    values : DataFrame
        Columns named as in `COLUMNS`, NaN where not measured.
    """
    pushed = values.get("penetration_length", pd.Series(np.nan, index=values.index))
    depth = values.get("depth", pushed).fillna(pushed)
    findings = []
    if depth.median() < 0:
        findings.append(
            Finding(
                code="depth-negative",
                count=len(depth),
                message="depths were given as levels below zero; their sign was dropped",
            )
        )
        depth = -depth
    rest = [name for name in values if name != "depth" and values[name].notna().any()]
    table = pd.concat([depth.rename("depth"), values[rest]], axis=1)
    table.insert(0, "hole_id", pd.Series(hole_id, index=table.index, dtype="str"))
    return table, findings


def notes(table: str, values: pd.DataFrame) -> dict[str, ColumnNote]:
    """Units of the columns of `values` that have a fixed one."""
    return {f"{table}.{name}": ColumnNote(unit=UNITS[str(name)]) for name in values if name in UNITS}
