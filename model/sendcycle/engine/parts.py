"""Authorities in parts of about equal work, one for each thread."""

import numpy as np
from numpy.typing import NDArray

ROWS_PER_PART = 10_000  # children; with fewer a thread costs more than it saves (an assumption, from timing small runs)


def split_authorities(n_children: NDArray[np.int64], threads: int) -> list[NDArray[np.int64]]:
    """Return the rows of authorities in at most `threads` parts with about equal numbers of children."""
    n_parts = min(threads, max(1, int(n_children.sum() // ROWS_PER_PART)), len(n_children))
    if n_parts < 2:
        return [np.arange(len(n_children))]
    parts: list[list[int]] = [[] for _ in range(n_parts)]
    loads = [0] * n_parts
    for a in np.argsort(-n_children):
        lightest = int(np.argmin(loads))
        parts[lightest].append(int(a))
        loads[lightest] += int(n_children[a])
    return [np.asarray(sorted(part), dtype=np.int64) for part in parts]
