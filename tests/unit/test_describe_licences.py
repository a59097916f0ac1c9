"""Licences from names, sentences and full texts."""

from __future__ import annotations

import pytest
from tests.reading import DATA

from craton.model.licences import licence_from_text

MIT_GRANT = (
    "MIT License\n\nCopyright (c) 2024 A Survey\n\nPermission is hereby granted, free of charge, "
    'to any person obtaining a copy of this software and associated files (the "Software"), to deal...'
)
NOTICE = """# Data Licensing Notice

## Software Code
All source code is licensed under:
**GNU General Public License v3.0 (GPL-3.0)**

## Data
The CSV files are licensed under:
**Creative Commons Attribution 4.0 International (CC BY 4.0)**
"""


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("CC-BY-SA 4.0", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by/4.0/deed.en", "CC-BY-4.0"),
        ("CC0", "CC0-1.0"),
        ("Open Government Licence v3.0", "OGL-UK-3.0"),
        ("ODbL", "ODbL-1.0"),
        ("ODC-BY 1.0", "ODC-By-1.0"),
        ("MIT", "MIT"),
        ("GPLv3", "GPL-3.0-only"),
        ("LGPL-3.0", "LGPL-3.0-only"),
        ("EUPL-1.2", "EUPL-1.2"),
        ("Apache 2.0", "Apache-2.0"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("public domain", "CC-PDM-1.0"),
        ("Public Domain (US Government work)", "CC-PDM-1.0"),
        ("Licensed under CC BY 4.0.", "CC-BY-4.0"),
        ("© OpenStreetMap contributors, ODbL 1.0", "ODbL-1.0"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("SPDX-License-Identifier: MIT", "MIT"),
        (MIT_GRANT, "MIT"),
        (NOTICE, "CC-BY-4.0"),
    ],
)
def test_names_and_sentences(text, identifier):
    """Names, addresses, sentences and notices come to the SPDX identifier; of two, that of the data."""
    assert licence_from_text(text) == identifier


@pytest.mark.parametrize(
    "text", ["", "all rights reserved", "internal use only", "CC BY", "see LICENSE file", "MIT or GPLv3"]
)
def test_no_licence_is_made_up(text):
    """Nothing is read into text that names no licence, no version of it, or several."""
    assert licence_from_text(text) == ""


FULL_TEXTS = {
    "bad_input/lidar_bad/LICENSE__laspy_laspy.txt": "BSD-2-Clause",
    "bad_input/tiff_corrupt/LICENSE__rasterio_rasterio.txt": "BSD-3-Clause",
    "bad_input/geojson_bad/LICENSE__mapbox_geojsonhint.txt": "ISC",
    "bad_input/shapefile_bad/LICENSE__GeospatialPython_pyshp.txt": "MIT",
    "basemap/natural_earth/LICENSE__martynafford_natural-earth-geojson.txt": "CC0-1.0",
    "boreholes/bgs_ags4/LICENSE__BritishGeologicalSurvey_pyagsapi.txt": "LGPL-3.0-only",
    "boreholes/gswa_drillholes/DATA_LICENSE.md": "CC-BY-4.0",
    "boreholes/gswa_drillholes/LICENSE__darkmine-oss_baselode.txt": "GPL-3.0-only",
    "elevation/srtm_tile/LICENSE__tkrajina_srtm.py.txt": "Apache-2.0",
    "geology/cgi_vocabularies/LICENSE__CGI-IUGS_cgi-vocabs.txt": "CC-BY-4.0",
    "geology/gem_active_faults/LICENSE__GEMScienceTools_gem-global-active-faults.txt": "CC-BY-SA-4.0",
    "geology/himatibetmap/LICENSE__HimaTibetMap_HimaTibetMap.txt": "ODC-By-1.0",
    "geology/plate_boundaries_pb2002/LICENSE__fraxen_tectonicplates.md": "ODC-By-1.0",
    "geochemistry/pyrolite_reference/LICENSE__morganjwilliams_pyrolite.txt": "",
    "hydrology/lisflood_nam_ngum_laos/LICENSE__ec-jrc_lisflood-usecases.txt": "EUPL-1.2",
    "hydrology/modflow_freyberg/LICENSE__modflowpy_flopy.md": "CC0-1.0",
    "urban/airports/LICENSE": "ODbL-1.0",
    "urban/building_footprints_jakarta_osm/buildings.license": "ODbL-1.0",
    "urban/opendrive/LICENSE__esmini_esmini.txt": "MPL-2.0",
}


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
@pytest.mark.parametrize("path", FULL_TEXTS)
def test_full_texts(path):
    """The licence texts beside open survey data are recognised; a variation of one is not taken for it."""
    text = (DATA / path).read_text("utf-8", errors="replace")
    assert licence_from_text(text) == FULL_TEXTS[path]
