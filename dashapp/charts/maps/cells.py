"""Rows gathered in cells of a map: hexagons, squares on the ground, squares on the screen."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK, metric_title
from dashapp.charts.axes import Style, style
from dashapp.charts.base import Look
from dashapp.charts.maps import marks
from dashapp.charts.maps.asking import placed
from dashapp.charts.maps.layer import Layer, MapKind, ScaleOptions
from dashapp.charts.maps.places import Position
from dashapp.charts.maps.view import View, latitude, mercator
from dashapp.charts.plotting import Floats, floats, safe
from dashapp.specs import DatasetSpec, Order, QuerySpec, SimpleMetric, metric_name
from dashapp.specs.query import Metric

Ints = npt.NDArray[np.int64]
Gather = Literal["sum", "mean", "min", "max", "median", "count", "stddev"]
MOST_CELLS: Final = 6_000
ROWS: Final = SimpleMetric(aggregate="count", label="rows")
_FINEST_PX: Final = 1.5  # Smaller cells cannot be seen.
_COARSEST: Final = 12  # A side is doubled at most so often until the cells can be drawn.


class WeightOptions(ScaleOptions):
    """Where rows lie, and how much each counts."""

    position: Position = Field(
        default_factory=Position, title="Place", description="Columns that say where a row lies.",
        json_schema_extra=DATA | {"widget": "position"},
    )  # fmt: skip
    weight: Metric | None = Field(
        None, title="Weight", description="Metric of a place; the number of rows by default.",
        json_schema_extra=DATA | {"widget": "metric"},
    )  # fmt: skip
    color_scale: str = Field(
        "heat", max_length=50, title="Colours", description="Scale from low to high.",
        json_schema_extra=LOOK | {"widget": "color_scale"},
    )  # fmt: skip

    @property
    def measured(self) -> Metric:
        """The metric of a place."""
        return ROWS if self.weight is None else self.weight

    def ask(self, dataset: DatasetSpec) -> QuerySpec:
        """One row per place, the heaviest first: a limit leaves out the lightest ones."""
        heaviest = Order(by=metric_name(self.measured), descending=True)
        order = self.order or (heaviest,)
        return placed(self, dataset, self.position.required(), (), (self.measured,), order=order)

    def read(self, table: pa.Table) -> tuple[Floats, Floats, Floats]:
        """Longitude, latitude and weight of the places that have all three."""
        lon, lat = self.position.read(table)
        weight = floats(table, metric_name(self.measured))
        known = np.isfinite(lon) & np.isfinite(weight)
        return lon[known], lat[known], weight[known]

    def named(self, dataset: DatasetSpec) -> str:
        """What a weight is."""
        return "Rows" if self.weight is None else metric_title(self.weight, dataset)


class CellOptions(WeightOptions):
    """How the weights of a cell become its value."""

    gather: Gather = Field(
        "sum", title="A cell shows", description="What is made of the weights in a cell.",
        json_schema_extra=DATA,
    )  # fmt: skip


class GroundOptions(CellOptions):
    """Cells of a size on the ground."""

    cell_m: float | None = Field(
        None, gt=0, le=5e6, title="Size of a cell",
        description="In metres; by the view if empty. Doubled until the cells can be drawn.",
        json_schema_extra=DATA,
    )  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """Values of cells, with their corners in degrees (cell, corner, longitude and latitude).

    `growth` is by how much they are larger than was chosen, so that they can be seen and drawn.
    """

    corners: npt.NDArray[np.float64]
    values: Floats
    counts: Ints
    growth: float = 1.0


def gathered(owner: Ints, count: int, weights: Floats, how: Gather) -> Floats:
    """The value of each of `count` cells, to which `owner` says the weights belong."""
    number = np.bincount(owner, minlength=count)
    if how == "count":
        return number.astype(np.float64)
    total = np.asarray(np.bincount(owner, weights=weights, minlength=count), dtype=np.float64)
    if how == "sum":
        return total
    mean: Floats = total / np.maximum(number, 1)
    if how == "mean":
        return mean
    if how == "stddev":
        square = np.bincount(owner, weights=(weights - mean[owner]) ** 2, minlength=count)
        return np.asarray(np.sqrt(square / np.maximum(number - 1, 1)))
    order = np.lexsort((weights, owner))
    first = np.concatenate([[0], np.cumsum(number)[:-1]])
    ranked: Floats = weights[order]
    if how == "min":
        return np.asarray(ranked[first])
    if how == "max":
        return np.asarray(ranked[first + number - 1])
    low, high = first + (number - 1) // 2, first + number // 2
    return np.asarray((ranked[low] + ranked[high]) / 2)


def squares(x: Floats, y: Floats, side: float) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Each point's cell in a grid of squares, and the middles of the cells that have points."""
    at = np.stack([np.floor(x / side), np.floor(y / side)], axis=1).astype(np.int64)
    cells, owner = np.unique(at, axis=0, return_inverse=True)
    return owner.reshape(-1).astype(np.int64), np.asarray((cells + 0.5) * side)


def hexagons(x: Floats, y: Floats, radius: float) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Each point's cell in a net of hexagons that stand on a corner, and the cells' middles.

    A point belongs to the nearest middle of two grids that are shifted by half a cell, as d3-hexbin
    does it.
    """
    wide, high = radius * np.sqrt(3.0), radius * 1.5
    row = np.round(y / high)
    column = np.round(x / wide - (row % 2) / 2) + (row % 2) / 2
    other = row + np.where(y / high < row, -1, 1)
    beside = np.round(x / wide - (other % 2) / 2) + (other % 2) / 2
    near = (x - column * wide) ** 2 + (y - row * high) ** 2
    far = (x - beside * wide) ** 2 + (y - other * high) ** 2
    is_other = far < near
    at = np.stack([np.where(is_other, beside, column) * 2, np.where(is_other, other, row)], axis=1)
    cells, owner = np.unique(at.astype(np.int64), axis=0, return_inverse=True)
    middles = np.stack([cells[:, 0] * wide / 2, cells[:, 1] * high], axis=1)
    return owner.reshape(-1).astype(np.int64), middles


class MapCells(MapKind):
    """Rows gathered in cells; a colour per cell."""

    @classmethod
    def ask(cls, options: Any, dataset: DatasetSpec) -> QuerySpec:
        """One row per place with its weight."""
        query: QuerySpec = options.ask(dataset)
        return query

    @classmethod
    @abstractmethod
    def cells(cls, options: Any, view: View, lon: Floats, lat: Floats, weight: Floats) -> Cells:
        """The cells of the view."""

    @classmethod
    def layer(cls, options: Any, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """An area per cell that has rows."""
        lon, lat, weight = options.read(table)
        title = options.named(dataset)
        told: dict[str, str] = {"": f"{len(lon):,} places."}

        def draw(view: View) -> list[dict[str, Any]]:
            found = cls.cells(options, view, view.wrapped(lon), lat, weight)
            written = style(options.measured, dataset, look, found.values, options.format)
            told[""] = _told(found, title, options.gather, len(lon), written)
            return [_area(options, found, title, written)]

        return Layer(lon, lat, draw, lambda: told[""], heading=title)


class MapHexbin(MapCells):
    """Rows gathered in hexagons."""

    slug, title, icon = "map_hexbin", "Map of hexagons", "hexagon"
    description = "How much lies where, gathered in hexagons of one size."

    class Options(GroundOptions):
        """Hexagons with a radius of `cell_m`."""

    @classmethod
    def cells(cls, options: Options, view: View, lon: Floats, lat: Floats, weight: Floats) -> Cells:
        """Hexagons in the plane of the map."""
        radius = view.degrees(options.cell_m) if options.cell_m else view.degrees_per_px * 9
        chosen, radius = radius, max(radius, view.degrees_per_px * _FINEST_PX)
        for _ in range(_COARSEST):
            owner, middles = hexagons(lon, mercator(lat), radius)
            if len(middles) <= MOST_CELLS:
                break
            radius *= 2
        angles = np.radians(np.arange(6) * -60 + 90)
        shape = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius
        return _cells(options, owner, middles, shape, weight, radius / chosen)


class MapGrid(MapCells):
    """Rows gathered in squares on the ground."""

    slug, title, icon = "map_grid", "Map of squares", "grid-3x3-gap"
    description = "How much lies where, gathered in squares of one size on the ground."

    class Options(GroundOptions):
        """Squares with a side of `cell_m`."""

    @classmethod
    def cells(cls, options: Options, view: View, lon: Floats, lat: Floats, weight: Floats) -> Cells:
        """Squares in the plane of the map."""
        side = view.degrees(options.cell_m) if options.cell_m else view.degrees_per_px * 14
        return _squares(options, view, lon, lat, weight, side)


class MapScreenGrid(MapCells):
    """Rows gathered in squares on the screen."""

    slug, title, icon = "map_screen_grid", "Map of screen squares", "grid"
    description = "How much lies where, gathered in squares of some px as the map first stands."

    class Options(CellOptions):
        """Squares with a side in px."""

        cell_px: float = Field(
            16, ge=3, le=200, title="Size of a cell", description="In px.", json_schema_extra=DATA
        )

    @classmethod
    def cells(cls, options: Options, view: View, lon: Floats, lat: Floats, weight: Floats) -> Cells:
        """Squares of the first view."""
        return _squares(options, view, lon, lat, weight, view.degrees_per_px * options.cell_px)


def _squares(
    options: Any, view: View, lon: Floats, lat: Floats, weight: Floats, side: float
) -> Cells:
    chosen, side = side, max(side, view.degrees_per_px * _FINEST_PX)
    for _ in range(_COARSEST):
        owner, middles = squares(lon, mercator(lat), side)
        if len(middles) <= MOST_CELLS:
            break
        side *= 2
    shape = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * side / 2
    return _cells(options, owner, middles, shape, weight, side / chosen)


def _cells(
    options: Any,
    owner: Ints,
    middles: npt.NDArray[np.float64],
    shape: npt.NDArray[np.float64],
    weight: Floats,
    growth: float,
) -> Cells:
    corners = middles[:, None, :] + shape[None, :, :]
    corners[:, :, 1] = latitude(corners[:, :, 1])
    values = gathered(owner, len(middles), weight, options.gather)
    return Cells(corners, values, np.bincount(owner, minlength=len(middles)), growth)


def _area(options: Any, found: Cells, title: str, written: Style) -> dict[str, Any]:
    closed = np.concatenate([found.corners, found.corners[:, :1]], axis=1).round(5).tolist()
    features = [
        {
            "type": "Feature", "id": str(i), "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for i, ring in enumerate(closed)
    ]  # fmt: skip
    low, high = options.ends(found.values)
    hover = [
        f"{safe(title)}: <b>{safe(written.text(value))}</b><br>{count:,} places"
        for value, count in zip(found.values.tolist(), found.counts.tolist(), strict=True)
    ]
    return marks.areas(
        features, found.values, options.colors(), low, high,
        bar=marks.color_bar(written), opacity=options.opacity, hover=hover,
    )  # fmt: skip


def _told(found: Cells, title: str, how: str, places: int, written: Style) -> str:
    top = int(np.argmax(found.values))
    x, y = found.corners[top].mean(axis=0).tolist()
    named = title if how == "sum" else f"{how.capitalize()} of {title}"
    grown = (
        f" Cells are {found.growth:,.3g} times as wide as chosen." if found.growth > 1.001 else ""
    )
    return (
        f"{named} of {places:,} places in {len(found.values):,} cells: highest "
        f"{written.text(float(found.values[top]))} at {y:.2f}°, {x:.2f}°.{grown}"
    )
