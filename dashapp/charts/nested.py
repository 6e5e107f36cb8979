"""Parts of parts: what treemaps, sunbursts and icicles ask, and how rows become nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.base import Look, Tables
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import Floats, encode, floats
from dashapp.charts.values import Plain
from dashapp.charts.wide import words
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

Ints = npt.NDArray[np.int64]
Labels = Literal["name", "name and value", "name and share", "value", "none"]

MOST: Final = 2_000  # Innermost parts that are drawn; sums hold all.


class NestedOptions(PlotOptions):
    """Levels, size and colour of nested parts."""

    levels: tuple[Dimension, ...] = Field(
        (),
        max_length=8,
        title="Levels",
        description="Dimensions from the outermost to the innermost.",
        json_schema_extra=DATA | {"widget": "dimensions"},
    )
    metric: Metric | None = Field(
        None,
        title="Size",
        description="Metric that sizes the parts.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    color: Metric | None = Field(
        None,
        title="Colour",
        description="Metric that colours the parts; the outermost member by default.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    color_as: Literal["mean", "ratio"] = Field(
        "mean",
        title="Colour of branches",
        description="The colour's mean, weighted by size; or its sum divided by the size's.",
        json_schema_extra=LOOK,
    )
    color_scale: str = Field(
        "blues",
        max_length=50,
        title="Colours",
        description="Scale of the colour metric.",
        json_schema_extra=LOOK | {"widget": "color_scale"},
    )
    limit: int | None = Field(
        200,
        ge=1,
        le=1_000_000,
        title="Most parts",
        description="Most innermost members to ask for; the largest are kept.",
        json_schema_extra=DATA,
    )
    labels: Labels = Field(
        "name and value", title="Labels", description="Text in the parts.", json_schema_extra=LOOK
    )
    label_threshold: float = Field(
        0,
        ge=0,
        le=100,
        title="Label from",
        description="Least share of the whole, in percent, that has a label.",
        json_schema_extra=LOOK,
    )

    def metrics(self) -> tuple[Metric, ...]:
        """What is asked for: size and, if it is another one, colour."""
        found = [self.metric, self.color]
        named = {metric_name(m): m for m in found if m is not None}
        return tuple(named.values())


def question(options: NestedOptions, dataset: DatasetSpec, **more: Any) -> QuerySpec:
    """One row per innermost member, largest first; Invalid while something is not chosen."""
    if options.metric is None or not options.levels:
        needs(options.levels, "levels", "Choose at least one level.")
        needs(options.metric, "metric", "Choose the metric that sizes the parts.")
        raise AssertionError
    largest = Order(by=metric_name(options.metric), descending=True)
    parts: dict[str, Any] = {
        "dimensions": options.levels,
        "metrics": options.metrics(),
        "order": options.order or (largest,),
    }
    return options.base_query(dataset, **parts | more)


@dataclass(frozen=True)
class Rows:
    """Rows before they are nested: codes and members of each level, sizes, and colour's parts.

    A part's colour is `over / under`, each summed over what it holds; `over` alone is it itself.
    """

    codes: list[Ints]
    members: list[list[Plain]]
    names: list[list[str]]
    sizes: Floats
    over: Floats | None = None
    under: Floats | None = None


def rows(options: NestedOptions, tables: Tables, dataset: DatasetSpec, look: Look) -> Rows:
    """The answer's rows by level."""
    assert options.metric is not None
    table = tables["main"]
    sizes = np.nan_to_num(floats(table, metric_name(options.metric)))
    over = under = None
    if options.color is not None:
        color = floats(table, metric_name(options.color))
        known = np.isfinite(color) & (sizes > 0)
        weight = sizes if options.color_as == "mean" else np.ones(len(sizes))
        over = np.where(known, np.nan_to_num(color) * weight, 0.0)
        under = np.where(known, sizes, 0.0)
    codes, members, spoken = [], [], []
    for level in options.levels:
        found = encode(table, level.name)
        codes.append(found.codes[: table.num_rows])
        members.append(found.members())
        spoken.append(words(members[-1], level, dataset, look))
    return Rows(codes, members, spoken, np.maximum(sizes, 0.0), over, under)


@dataclass
class Nodes:
    """Parts level by level, the largest of a level first; ids are numbers, never data."""

    names: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)  # Places of the parts that hold them, or -1.
    depths: list[int] = field(default_factory=list)  # The outermost level's is 1.
    sizes: list[float] = field(default_factory=list)
    shades: list[float] = field(default_factory=list)
    clicks: list[list[Plain] | None] = field(default_factory=list)
    tops: list[Plain] = field(default_factory=list)  # The outermost member that each is in.
    deepest: int = 0

    def add(
        self,
        name: str,
        path: str,
        parent: int,
        depth: int,
        size: float,
        shade: float,
        click: list[Plain] | None,
        top: Plain,
    ) -> int:
        """Add a part; its place."""
        self.names.append(name)
        self.paths.append(path)
        self.parents.append(parent)
        self.depths.append(depth)
        self.sizes.append(size)
        self.shades.append(shade)
        self.clicks.append(click)
        self.tops.append(top)
        return len(self.names) - 1

    @property
    def ids(self) -> list[str]:
        """Names for Plotly."""
        return [str(i) for i in range(len(self.names))]

    @property
    def leaves(self) -> int:
        """How many innermost parts there are."""
        return sum(d == self.deepest for d in self.depths)

    @property
    def whole(self) -> float:
        """The size of all parts together."""
        return sum(s for s, p in zip(self.sizes, self.parents, strict=True) if p < 0)


def nest(
    found: Rows, most_inside: int | None = None, least: float = 0.0, root: str | None = None
) -> Nodes:
    """Parts as large as all that they hold, in a part named `root` if it is given.

    Of each part at most `most_inside` parts are kept, and those of at least `least` of it.
    """
    nodes = Nodes(deepest=len(found.codes))
    groups: Ints = np.zeros(len(found.sizes), dtype=np.int64)
    place = {0: -1}  # Group of the level above → its place among the nodes.
    if root is not None and found.sizes.sum() > 0:
        shade_of = float(_shares(found, groups, 1)[0])
        nodes.add(root, root, -1, 0, float(found.sizes.sum()), shade_of, None, None)
        place = {0: 0}
    for depth, codes in enumerate(found.codes):
        width = len(found.members[depth]) or 1
        _, first, inverse = np.unique(
            groups * width + codes, return_index=True, return_inverse=True
        )
        sizes = np.bincount(inverse, weights=found.sizes, minlength=len(first))
        shades = _shares(found, inverse, len(first))
        order = np.argsort(-sizes, kind="stable")
        inside: dict[int, int] = {}
        kept: dict[int, int] = {}
        for group in order[:MOST].tolist():
            row = int(first[group])
            above = place.get(int(groups[row]))
            if above is None or sizes[group] <= 0:
                continue
            holder = nodes.sizes[above] if above >= 0 else float(sizes.sum())
            inside[above] = inside.get(above, 0) + 1
            if most_inside is not None and inside[above] > most_inside:
                continue
            if sizes[group] < least * holder:
                continue
            kept[group] = _add(
                nodes, found, depth, row, above, float(sizes[group]), float(shades[group])
            )
        groups, place = inverse.astype(np.int64), kept
    return nodes


def _shares(found: Rows, inverse: Ints, count: int) -> Floats:
    """Each group's colour."""
    shades: Floats = np.full(count, np.nan)
    if found.over is None:
        return shades
    over = np.bincount(inverse, weights=found.over, minlength=count).astype(np.float64)
    if found.under is None:
        return over
    under = np.bincount(inverse, weights=found.under, minlength=count)
    np.divide(over, under, out=shades, where=under != 0)
    return shades


def _add(
    nodes: Nodes, found: Rows, depth: int, row: int, above: int, size: float, shade: float
) -> int:
    """Add the part that this row is in at this level; its place."""
    members = [found.members[d][int(found.codes[d][row])] for d in range(depth + 1)]
    name = found.names[depth][int(found.codes[depth][row])]
    path = f"{nodes.paths[above]} › {name}" if depth else name
    click = members if depth + 1 == nodes.deepest else None
    return nodes.add(name, path, above, depth + 1, size, shade, click, members[0])
