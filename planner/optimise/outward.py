"""In which order a walk over shared sites meets rows."""

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import breadth_first_order

from planner.network import Integers


def outward(near: csr_array, start: int = 0, turns: int = 2) -> Integers:
    """The rows of a matrix (n, sites) as a walk meets them, from the last one met before; those never met come last.

    The first walk begins at a row; after two the beginning is at an end.
    """
    n = near.shape[0]
    near = near[:, np.unique(near.indices)]
    joined = block_array([[None, near], [near.T, None]]).tocsr()
    for _ in range(turns):
        steps = breadth_first_order(joined, start, directed=False, return_predecessors=False)
        start = int(steps[-1])
    met = steps[steps < n]
    return np.concatenate([met, np.setdiff1d(np.arange(n), met)])
