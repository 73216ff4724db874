"""Which places touch, so that zones made of them can hang together."""

import numpy as np
import shapely

from planner.errors import QuestionError
from planner.network import Integers, Shapes


def touching_places(geometry: Shapes, *, gap_m: float = 0.0) -> Integers:
    """(k, 2) the pairs of polygons (n,) with a border in common, or no more than `gap_m` apart.

    Blocks are parted by streets: give the width of the widest that a zone may cross. Without a gap, a common corner
    alone is no common border.
    """
    if not 0 <= gap_m < np.inf:
        raise QuestionError(f"A gap of {gap_m:g} m parts nothing. Give 0 or more.")
    a, b = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=gap_m)
    a, b = a[a < b], b[a < b]
    if not gap_m:
        shared = shapely.intersection(geometry[a], geometry[b])
        border = (shapely.length(shared) > 0) | (shapely.area(shared) > 0)
        a, b = a[border], b[border]
    order = np.lexsort((b, a))
    return np.stack([a[order], b[order]], axis=1)
