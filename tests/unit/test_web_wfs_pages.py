"""Pages of the Web Feature Service that end at a limit of bytes."""

import geopandas as gpd
import pytest
from lxml import etree
from tests.featured import stored

from craton.store import feature_index
from craton.store.feature_index import open_features
from craton.web import wfs_features
from craton.web.wfs_features import give_features
from craton.web.wfs_request import of_address
from craton.web.wfs_types import FeatureType


@pytest.mark.parametrize("more", [{}, {"sortby": "text"}])
def test_a_page_ends_at_a_limit_of_bytes_and_the_next_one_goes_on(tmp_path, monkeypatch, more):
    """Fewer features are returned than match, and the links lead to all of them."""
    texts = [f"{n:02d}" + "x" * 300 for n in range(20)]
    data = gpd.GeoDataFrame(
        {"text": texts}, geometry=gpd.points_from_xy([1.0] * 20, [1.0] * 20), crs="EPSG:4326"
    )
    store, record = stored(data, "table", tmp_path / "node", crs="EPSG:4326")
    kind = FeatureType(record, open_features(store, record))
    monkeypatch.setattr(wfs_features, "feature_type", lambda _site, _name: kind)
    monkeypatch.setattr(feature_index, "MOST_BYTES", 3000)
    seen, start = [], "0"
    while start is not None:
        given = {"typenames": "dataset", "startindex": start, **more}
        root = etree.fromstring(give_features(None, "http://node/wfs", of_address(given)).body)
        assert root.get("numberMatched") == "20"
        assert 0 < int(root.get("numberReturned")) < 10
        seen += [one.text for one in root.iterfind(".//{*}text")]
        following = root.get("next")
        start = following and following.partition("startindex=")[2].partition("&")[0]
    assert seen == texts
