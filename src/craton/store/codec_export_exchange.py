"""Formats in which programs of geological modelling exchange data: their writers by suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from craton.model.data import Boreholes, Mesh
from craton.store import codec_export_ags as ags
from craton.store import codec_export_dxf as dxf
from craton.store import codec_export_gocad as gocad
from craton.store import codec_export_holes as holes
from craton.store import codec_export_omf as omf
from craton.store import codec_export_tiles3d as tiles
from craton.store import codec_export_vtk as vtk
from craton.store.codec_export_lattice import write_voxels

VOLUME_WRITERS: Mapping[str, Callable[[xr.Dataset, Path], None]] = {
    ".vti": vtk.write_image,
    ".omf": omf.write_blocks,
    ".vo": gocad.write_voxet,
    ".vo.zip": gocad.zipped(gocad.write_voxet, ".vo"),
    ".sg": gocad.write_grid,
    ".sg.zip": gocad.zipped(gocad.write_grid, ".sg"),
    ".csv": write_voxels,
    ".3dtiles.zip": tiles.write_voxel_tiles,
}
MESH_WRITERS: Mapping[str, Callable[[Mesh, str, Path], None]] = {
    ".vtp": vtk.write_polygons,
    ".vtu": vtk.write_cells,
    ".omf": omf.write_surfaces,
    ".ts": gocad.write_surfaces,
    ".dxf": dxf.write_faces,
    ".3dtiles.zip": tiles.write_tiles,
}
SHAPE_WRITERS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {
    ".omf": omf.write_shapes,
    ".dxf": dxf.write_shapes,
    ".pl": gocad.write_lines,
    ".vs": gocad.write_points,
}
HOLE_WRITERS: Mapping[str, Callable[[Boreholes, Path], None]] = {
    ".las.zip": holes.write_logs,
    ".ags": ags.write_layers,
    ".omf": holes.write_traces,
}
