"""Reference system and cells of a grid's file, as the projection extension of STAC says them.

Clients that lay the files of many items beside each other, such as GDAL's STACIT, want them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from craton.model.errors import CratonError
from craton.model.exchange import PREFIX
from craton.model.record import Record
from craton.store.recent import Recent
from craton.web.replies import Json
from craton.web.site import Site

EXTENSION = "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
"""The version that older clients know too."""

GEOTIFF = "image/tiff"

MOST_KEPT = 20_000
"""Files whose cells are kept in mind."""

_KEPT = Recent[str, Json](MOST_KEPT)


def add_projection(site: Site, record: Record, item: Json) -> None:
    """Add to an item what is known of the cells of its GeoTIFFs on this node."""
    if record.kind != "grid":
        return
    for name, asset in record.assets.items():
        if asset.media_type.startswith(GEOTIFF) and len(asset.members) == 1 and asset.members[0].sha256:
            _add(item, name, _projection_of(site, asset.members[0].sha256))


def _add(item: Json, name: str, cells: Json) -> None:
    if not cells:
        return
    item["assets"][name] |= cells
    properties = item["properties"]
    properties["proj:epsg"] = cells.get("proj:epsg")
    # Whoever reads the item back into a record must not take this for a property of its own.
    properties.setdefault("craton:properties", {k: v for k, v in properties.items() if _is_own(k)})
    if EXTENSION not in item["stac_extensions"]:
        item["stac_extensions"] = [*item["stac_extensions"], EXTENSION]


def _is_own(name: str) -> bool:
    """Whether a property of an item is one of the record's properties."""
    return ":" in name and not name.startswith((PREFIX, "proj:epsg"))


def _projection_of(site: Site, sha256: str) -> Json:
    return _KEPT.get(sha256, partial(_found, site, sha256))


def _found(site: Site, sha256: str) -> Json:
    return _projection(_path(site, sha256))


def _path(site: Site, sha256: str) -> Path | None:
    """Local file of an object; what lies on other machines is not fetched for this."""
    try:
        return site.store.objects.path(sha256)
    except CratonError:
        return None


def _projection(path: Path | None) -> Json:
    if path is None or not path.exists():
        return {}
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path) as file:
            system, cells = file.crs, list(file.transform)[:6]
            shape = [file.height, file.width]
    except RasterioError:
        return {}
    code = system.to_epsg() if system else None
    known: Json = {"proj:epsg": code, "proj:shape": shape, "proj:transform": cells}
    return known if code or not system else {**known, "proj:wkt2": system.to_wkt(version="WKT2_2019")}
