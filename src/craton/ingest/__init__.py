"""Readers: one module a format, registered with `@reader`; harmonised by tables, not by if-chains.

May import `kernels`, `model` and `process`. Never: the store, jobs or the network.
"""

from craton.ingest import ags as ags
from craton.ingest import aseg_gdf2 as aseg_gdf2
from craton.ingest import boreholes as boreholes
from craton.ingest import bro as bro
from craton.ingest import cityjson as cityjson
from craton.ingest import document as document
from craton.ingest import dxf_faces as dxf_faces
from craton.ingest import edi as edi
from craton.ingest import evaluation_pack as evaluation_pack
from craton.ingest import gef as gef
from craton.ingest import geosoft as geosoft
from craton.ingest import gltf as gltf
from craton.ingest import gocad as gocad
from craton.ingest import gpr as gpr
from craton.ingest import grid_text as grid_text
from craton.ingest import icgem as icgem
from craton.ingest import modflow as modflow
from craton.ingest import netcdf as netcdf
from craton.ingest import omf as omf
from craton.ingest import opendrive as opendrive
from craton.ingest import point_cloud as point_cloud
from craton.ingest import raster as raster
from craton.ingest import rinex as rinex
from craton.ingest import segy as segy
from craton.ingest import spectra as spectra
from craton.ingest import spreadsheet as spreadsheet
from craton.ingest import table as table
from craton.ingest import table_parquet as table_parquet
from craton.ingest import vector_json as vector_json
from craton.ingest import vector_ogr as vector_ogr
from craton.ingest import vector_shapefile as vector_shapefile
from craton.ingest import vocabulary as vocabulary
from craton.ingest import voxel_table as voxel_table
from craton.ingest import vtk_xml as vtk_xml
from craton.ingest import well_log as well_log
from craton.ingest import zarr_folder as zarr_folder
