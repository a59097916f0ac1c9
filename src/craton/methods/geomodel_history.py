"""Versions of a geological model side by side along time."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import numpy as np
import xarray as xr

from craton.methods.geomodel_ask_model import Model
from craton.methods.geomodel_members import codes_by_class, ensemble_of
from craton.methods.geomodel_volume import AXES, UNIT, flags, volume_of
from craton.model.errors import ContractError
from craton.process.marks import Volume
from craton.process.processes import process

HISTORY = "geomodel.history"
TIME = "time"


@process(HISTORY, version="2", keywords=("4D", "time", "version", "monitoring", "四维", "历史"))
def history(
    models: tuple[Model, ...], *, times: tuple[str, ...] = (), variable: str = ""
) -> Annotated[xr.Dataset, Volume()]:
    """Versions of a geological model in one volume with a time axis.

    Use it to see a model change with the data, in the time slider of the scene, after `geomodel.update`;
    `geomodel.compare` tells what changed between two of them.

    Parameters
    ----------
    models : tuple of Dataset
        Versions on the same cells. Units are matched by name.
    times : tuple of str
        Date of each model, as 2024-05-17; left out, the attribute `time` that `geomodel.update` gives.
    variable : str
        Variable of the models with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    Dataset
        `unit` on time, upward, northing, easting, in the order of time, and `last_changed`: number of the
        version, from 1, in which the unit of a cell changed last, 0 where it never did.

    Notes
    -----
    Two versions of one date are refused: a date says which version holds.

    References
    ----------
    Wellmann, J. F. and Caumon, G. (2018), 3-D structural geological models: concepts, methods, and
    uncertainties, Advances in Geophysics 59, 1-121, doi:10.1016/bs.agph.2018.09.001.
    """
    dates = _dates(models, times)
    ensemble = ensemble_of(HISTORY, models, variable=variable)
    if len(ensemble.classes) != len(dates):
        raise ContractError(HISTORY, "models", "models without realizations", "some with")
    stamps = np.array(dates, dtype="datetime64[ns]")
    order = np.argsort(stamps)
    codes = codes_by_class(ensemble.units)[ensemble.classes[order]][:, ::-1, ::-1]
    moved = (np.diff(codes, axis=0) != 0) * np.arange(2, len(codes) + 1, dtype=np.int16)[:, None, None, None]
    last: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "last_changed": (
            moved.max(axis=0), {"long_name": "Version in which the unit last changed"}
        )
    }  # fmt: skip
    volume = volume_of(ensemble.lattice, codes[-1], ensemble.units, fields=last, title="Versions of a model")
    every = xr.DataArray(codes.astype(volume[UNIT].dtype), dims=(TIME, *AXES), attrs=flags(ensemble.units))
    return volume.drop_vars(UNIT).assign({UNIT: every}).assign_coords({TIME: stamps[order]})


def _dates(models: tuple[xr.Dataset, ...], times: tuple[str, ...]) -> list[dt.date]:
    """Date of each model, all of them different."""
    if times and len(times) != len(models):
        raise ContractError(HISTORY, "times", f"{len(models)} dates, one for each model", f"{len(times)}")
    told = times or tuple(str(model.attrs.get("time", "")) for model in models)
    try:
        dates = [dt.date.fromisoformat(text.strip()) for text in told]
    except ValueError as error:
        raise ContractError(
            HISTORY, "times", "dates such as 2024-05-17", ", ".join(told) or "none",
            hint="models that were not updated have no date of their own",
        )  from error  # fmt: skip
    if len(set(dates)) < len(dates):
        raise ContractError(HISTORY, "times", "different dates", ", ".join(told))
    return dates
