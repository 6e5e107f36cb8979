"""Trees: nodes under their parents, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashapp.charts.plotting import Floats


@dataclass(frozen=True)
class Branches:
    """Nodes from the roots down, each after its parent (row numbers; -1 for none).

    `left_out` counts nodes that hang on none of the roots, or are too many.
    """

    nodes: list[int]
    parents: list[int]
    depths: list[int]
    left_out: int = 0

    @property
    def leaves(self) -> list[bool]:
        """Whether each node has no children here."""
        inner = set(self.parents)
        return [i not in inner for i in range(len(self.nodes))]


def grown(
    ids: Sequence[object], parents: Sequence[object], root: str | None, most: int
) -> Branches:
    """The tree of these rows, level by level, at most `most` nodes of it.

    Rows whose parent is empty, itself or not among the ids are roots; with `root`, only that
    node (by its id as text) is one. Of rows with the same id the first counts. In a tree,
    `parents` are numbers of nodes, not of rows.
    """
    place = dict[object, int]()
    for row, found in enumerate(ids):
        place.setdefault(found, row)
    children: dict[int, list[int]] = {}
    roots = list[int]()
    for found, row in place.items():
        above = place.get(parents[row]) if parents[row] is not None else None
        if root is not None and str(found) == root:
            roots.append(row)
        elif above is not None and above != row:
            children.setdefault(above, []).append(row)
        elif root is None:
            roots.append(row)
    nodes, over, depths = list(roots[:most]), [-1] * len(roots[:most]), [0] * len(roots[:most])
    at = 0
    while at < len(nodes):
        for child in children.get(nodes[at], []):
            if len(nodes) < most:
                nodes.append(child)
                over.append(at)
                depths.append(depths[at] + 1)
        at += 1
    return Branches(nodes, over, depths, len(place) - len(nodes))


def placed(tree: Branches) -> tuple[Floats, Floats]:
    """Place along the leaves (0 to 1) and depth (0 to 1) of each node.

    Leaves stand evenly in the order of their branches, parents over the middle of theirs.
    """
    count = len(tree.nodes)
    children: list[list[int]] = [[] for _ in range(count)]
    roots = list[int]()
    for i, above in enumerate(tree.parents):
        (roots if above < 0 else children[above]).append(i)
    along, following = np.zeros(count), 0
    waiting = [(i, False) for i in reversed(roots)]
    while waiting:
        at, is_done = waiting.pop()
        if not children[at]:
            along[at] = following
            following += 1
        elif is_done:
            along[at] = (along[children[at][0]] + along[children[at][-1]]) / 2
        else:
            waiting.append((at, True))
            waiting += [(child, False) for child in reversed(children[at])]
    depths = np.array(tree.depths, dtype=np.float64)
    top = max(1, following - 1)
    spread = along / top if following > 1 else np.full(count, 0.5)
    return spread, depths / max(1.0, depths.max(initial=1.0))
