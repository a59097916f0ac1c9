/** How to use a dataset in other programs: addresses and lines that work against this node as they stand. */
import { at, path } from '../api/client';
import { columnsOf, downloadsOf, isNumber, NODE } from '../api/dataset';
import { kindOf } from '../api/records';
import type { Bbox, DatasetRecord } from '../api/types';

export interface Snippet {
  /** Name in the words of the page: `use.NAME`. */
  name: string;
  text: string;
}

/** Steps in a program: words of the page, `step.NAME`, and what to type there. */
export interface Recipe {
  name: string;
  steps: { name: string; text?: string }[];
}

const TILES = '/{z}/{y}/{x}';
const VECTOR = ['table', 'boreholes', 'series', 'mesh'];

function isVector(record: DatasetRecord): boolean {
  return VECTOR.includes(kindOf(record));
}

/** Address of the data in a format, if it is offered. */
function dataIn(record: DatasetRecord, ...formats: string[]): string {
  const offered = downloadsOf(record);
  const found = formats.find((format) => offered.some((one) => one.format === format)) ?? offered[0]?.format ?? '';
  return at(path('datasets', record.id, 'data'), { f: found });
}

export function qgis(record: DatasetRecord, title: string): Recipe[] {
  const kind = kindOf(record);
  if (kind === 'document') return [];
  const tiles = path('collections', record.id);
  if (isVector(record)) {
    const features = { name: 'qgis-features', steps: [{ name: 'qgis-wfs-new' }, { name: 'qgis-url', text: NODE }, { name: 'qgis-wfs-version' }, { name: 'qgis-choose', text: title }] };
    if (!record.bbox) return [features];
    return [
      features,
      { name: 'qgis-vector-tiles', steps: [{ name: 'qgis-tiles-new' }, { name: 'qgis-url', text: at(`${tiles}/tiles/WebMercatorQuad`) + `${TILES}?f=mvt` }, { name: 'qgis-zooms' }] },
    ];
  }
  const picture = at(`${tiles}/map/tiles/WebMercatorQuad`) + `${TILES}?f=png`;
  const values = { name: 'qgis-values', steps: [{ name: 'qgis-raster-new' }, { name: 'qgis-uri', text: dataIn(record, 'tif', 'nc') }] };
  if (kind !== 'grid') return [values];
  return [
    values,
    { name: 'qgis-xyz', steps: [{ name: 'qgis-xyz-new' }, { name: 'qgis-url', text: picture }] },
    { name: 'qgis-wmts', steps: [{ name: 'qgis-wmts-new' }, { name: 'qgis-url', text: at('/wmts', { service: 'WMTS', request: 'GetCapabilities' }) }, { name: 'qgis-choose', text: title }] },
  ];
}

export function python(record: DatasetRecord): Snippet[] {
  const kind = kindOf(record);
  const craton: Snippet = {
    name: 'craton',
    text: `import craton\n\nnode = craton.open("mynode")\ndataset = node["${record.id}"]\ndata = dataset.read()\nprint(dataset.record.name(), type(data).__name__)`,
  };
  if (kind === 'document') return [requests(record), craton];
  const stac: Snippet = {
    name: 'pystac',
    text: `from pystac_client import Client\n\ncatalogue = Client.open("${NODE}/stac")\nitem = next(catalogue.search(ids=["${record.id}"]).items())\nfor name, asset in item.assets.items():\n    print(name, asset.media_type, asset.href)`,
  };
  if (!isVector(record)) return [...gridPython(record), stac, craton];
  const first: Snippet = kind === 'table' ? geopandas(record) : geopandas(record, 'gpkg');
  const owslib: Snippet = {
    name: 'owslib',
    text: `from owslib.ogcapi.features import Features\n\nnode = Features("${NODE}/")\npage = node.collection_items("${record.id}", limit=100)\nprint(page["numberMatched"], "features")`,
  };
  return [first, owslib, stac, craton];
}

function geopandas(record: DatasetRecord, format = 'geojson'): Snippet {
  const address = dataIn(record, format, 'csv');
  const reads = /f=(geojson|gpkg)$/.test(address);
  if (!reads) return { name: 'pandas', text: `import pandas\n\ntable = pandas.read_csv("${address}")\nprint(table.head())` };
  return { name: 'geopandas', text: `import geopandas\n\ntable = geopandas.read_file("${address}")\nprint(table.head())` };
}

function requests(record: DatasetRecord): Snippet {
  const format = downloadsOf(record)[0]?.format ?? 'bin';
  const text = `import requests\n\nreply = requests.get("${dataIn(record)}", timeout=60)\nreply.raise_for_status()\nwith open("${record.id}.${format}", "wb") as file:\n    file.write(reply.content)`;
  return { name: 'requests', text };
}

function gridPython(record: DatasetRecord): Snippet[] {
  const raster: Snippet = {
    name: 'rasterio',
    text: `import rasterio\n\nwith rasterio.open("${dataIn(record, 'tif')}") as grid:\n    values = grid.read(1, masked=True)\n    print(grid.crs, values.shape, values.min(), values.max())`,
  };
  const netcdf: Snippet = {
    name: 'xarray',
    text: `from urllib.request import urlretrieve\nimport xarray\n\nurlretrieve("${dataIn(record, 'nc')}", "${record.id}.nc")\ndata = xarray.open_dataset("${record.id}.nc")\nprint(data)`,
  };
  return kindOf(record) === 'grid' ? [raster, netcdf] : [netcdf];
}

export function curl(record: DatasetRecord): Snippet[] {
  const collection = path('collections', record.id);
  const format = downloadsOf(record)[0]?.format ?? 'bin';
  const whole = [
    { name: 'curl-record', text: `curl '${at(path('datasets', record.id), { f: 'json' })}'` },
    { name: 'curl-data', text: `curl -o '${record.id}.${format}' '${dataIn(record)}'` },
  ];
  if (kindOf(record) === 'document') return whole;
  const box = record.bbox;
  if (isVector(record)) {
    const items = at(`${collection}/items`);
    const near = box ? [{ name: 'curl-part', text: `curl '${items}?bbox=${middle(box).join(',')}&limit=100'` }] : [];
    const column = columnsOf(record).find((one) => isNumber(one) && /^[a-z_]\w*$/.test(one.name));
    const filter = column ? [{ name: 'curl-filter', text: `curl --get '${items}' --data-urlencode 'filter=${column.name} IS NOT NULL' --data 'limit=100'` }] : [];
    return [...whole, ...near, ...filter];
  }
  if (!box || kindOf(record) !== 'grid') return whole;
  const [west, south, east, north] = middle(box);
  const point = `POINT(${round((west + east) / 2)} ${round((south + north) / 2)})`;
  return [
    ...whole,
    { name: 'curl-value', text: `curl --get '${at(`${collection}/position`)}' --data-urlencode 'coords=${point}'` },
    { name: 'curl-picture', text: `curl -o map.png '${at(`${collection}/map`, { width: 800, f: 'png' })}'` },
  ];
}

export function r(record: DatasetRecord): Snippet[] {
  if (kindOf(record) === 'grid') return [{ name: 'terra', text: `library(terra)\n\ngrid <- rast("/vsicurl/${dataIn(record, 'tif')}")\nplot(grid)` }];
  if (!isVector(record)) return [{ name: 'r-download', text: `download.file("${dataIn(record)}", "${record.id}.${downloadsOf(record)[0]?.format ?? 'bin'}", mode = "wb")` }];
  const address = dataIn(record, 'geojson', 'gpkg');
  if (!address.endsWith('geojson')) {
    const file = `${record.id}.gpkg`;
    return [{ name: 'sf', text: `library(sf)\n\ndownload.file("${address}", "${file}", mode = "wb")\nst_layers("${file}")\ntable <- read_sf("${file}")` }];
  }
  return [{ name: 'sf', text: `library(sf)\n\ntable <- read_sf("${address}")\nplot(st_geometry(table))` }];
}

/** The middle quarter of a box. */
function middle([west, south, east, north]: Bbox): Bbox {
  const width = west > east ? east + 360 - west : east - west;
  const height = north - south;
  const left = west + width / 4;
  return [round(left), round(south + height / 4), round(Math.min(left + width / 2, 180)), round(north - height / 4)];
}

function round(degrees: number): number {
  return Math.round(degrees * 1e4) / 1e4;
}
