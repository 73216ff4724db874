"""What homes are called: by their own name, their address, or the named residential land that they stand on."""

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.network import Floats
from planner.sources.osm import Extract
from planner.sources.tags import layer, tag_table


def home_names(extract: Extract, ids: NDArray[np.str_], xy: Floats, crs: CRS) -> NDArray[np.str_]:
    """(n,) the name of each home, by its id of OpenStreetMap and where it stands, in metres; "" where nobody says one.

    Homes that are no buildings of the extract have the name of the land alone.
    """
    features = zip(extract.features["osm_id"], extract.features["tags"], strict=True)
    own = {str(id_): _own_name(tags) for id_, tags in features if "building" in tags or "landuse" in tags}
    names = [own.get(id_, "") or own.get(id_.rpartition("/")[0], "") for id_ in ids.tolist()]
    land = layer(extract, tag_table()["residential_land"], crs).polygons
    land = land.kept(land.names != "")
    home, on = shapely.STRtree(land.geometry).query(shapely.points(xy), predicate="intersects")
    for i, area in zip(home[::-1].tolist(), on[::-1].tolist(), strict=True):  # of several the first
        names[i] = names[i] or str(land.names[area])
    return np.array(names, np.str_)


def _own_name(tags: Mapping[str, str]) -> str:
    street, number = tags.get("addr:street", ""), tags.get("addr:housenumber", "")
    return tags.get("name", "") or (f"{street} {number}".rstrip() if street else "")
