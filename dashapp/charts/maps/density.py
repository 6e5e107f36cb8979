"""How dense rows lie on a map: heat, and lines of equal values."""

from __future__ import annotations

from typing import Any, Final

import contourpy
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, LOOK
from dashapp.charts.axes import Style, style
from dashapp.charts.base import Look
from dashapp.charts.colors import faded, shade
from dashapp.charts.maps import marks, shapes
from dashapp.charts.maps.cells import WeightOptions
from dashapp.charts.maps.layer import Layer, MapKind
from dashapp.charts.maps.view import HIGH, WIDE, View, latitude, mercator
from dashapp.charts.plotting import Floats, safe
from dashapp.specs import DatasetSpec, QuerySpec, Spec

Matrix = npt.NDArray[np.float64]
BANDS: Final = 8
_FINER: Final = 3  # Parts of a cell's side between which smooth lines may run.
_MOST_SIDE: Final = 160  # Cells along a side of the grid on which densities are reckoned.


class Level(Spec):
    """A line where the value is `low`, or a band from `low` to `high`."""

    low: float
    high: float | None = None
    color: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")
    width: float = Field(1.5, ge=0.5, le=20)


class _Grid:
    """Sums of weights in squares of a grid over the data, in the plane of the map."""

    def __init__(self, lon: Floats, lat: Floats, weight: Floats, side: float, air: int) -> None:
        x, y = lon, mercator(lat)
        side = max(side, np.ptp(x) / _MOST_SIDE, np.ptp(y) / _MOST_SIDE, 1e-9)
        self.side = side
        self.west = (np.floor(x.min() / side) - air) * side
        self.south = (np.floor(y.min() / side) - air) * side
        columns = int((x.max() - self.west) / side) + 1 + air
        rows = int((y.max() - self.south) / side) + 1 + air
        across = ((x - self.west) / side).astype(np.int64)
        up = ((y - self.south) / side).astype(np.int64)
        sums = np.bincount(up * columns + across, weights=weight, minlength=rows * columns)
        self.values: Matrix = np.asarray(sums, dtype=np.float64).reshape(rows, columns)

    def blurred(self, cells: float) -> Matrix:
        """The sums, each spread as a bell of that standard deviation, in cells."""
        reach = max(1, int(np.ceil(3 * cells)))
        bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / cells) ** 2)
        bell /= bell.sum()
        found = self.values
        for axis in (0, 1):
            found = np.apply_along_axis(lambda line: _spread(line, bell), axis, found)
        return found

    def axes(self) -> tuple[Floats, Floats]:
        """Middles of the cells: degrees of longitude, and of latitude in the map's plane."""
        rows, columns = self.values.shape
        half = self.side / 2
        return (
            self.west + half + np.arange(columns) * self.side,
            self.south + half + np.arange(rows) * self.side,
        )


def _spread(line: Floats, bell: Floats) -> Floats:
    full = np.convolve(line, bell, mode="full")
    start = len(bell) // 2
    return np.asarray(full[start : start + len(line)])


def bands(
    grid: tuple[Floats, Floats], values: Matrix, low: float, high: float
) -> list[shapes.Polygon]:
    """Areas where the value is from `low` to `high`."""
    made = contourpy.contour_generator(
        grid[0], grid[1], values, fill_type=contourpy.FillType.OuterOffset
    )
    filled: Any = made.filled(low, high)
    found = []
    for corner, cuts in zip(*filled, strict=True):
        if corner is None or cuts is None:
            continue
        rings = [_ground(corner[a:b]) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
        found.append([r for r in rings if len(r) >= 4])
    return [p for p in found if p]


def isolines(
    grid: tuple[Floats, Floats], values: Matrix, level: float
) -> list[tuple[Floats, Floats]]:
    """Lines along which the value is `level`, in degrees."""
    made = contourpy.contour_generator(
        grid[0], grid[1], values, line_type=contourpy.LineType.Separate
    )
    lines: Any = made.lines(level)
    return [(line[:, 0], latitude(line[:, 1])) for line in lines]


def _ground(corner: Matrix) -> shapes.Ring:
    north = latitude(corner[:, 1]).tolist()
    return list(zip(corner[:, 0].tolist(), north, strict=True))


class MapHeat(MapKind):
    """How dense rows lie, as glowing areas."""

    slug, title, icon = "map_heat", "Heat map on a map", "fire"
    description = "Where rows lie dense, as colours that glow over the map."

    class Options(WeightOptions):
        """How far a row's weight spreads."""

        radius_px: float = Field(
            24, ge=4, le=200, title="Reach",
            description="Px around a place in which its weight is felt, as the map first stands.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        intensity: float = Field(
            1.0, gt=0, le=50, title="Intensity",
            description="Above 1 weaker places glow brighter.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        threshold: float = Field(
            0.04, ge=0.001, le=0.9, title="Faintest",
            description="Share of the densest place under which nothing is drawn.",
            json_schema_extra=LOOK,
        )  # fmt: skip

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per place with its weight."""
        return options.ask(dataset)

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """Bands of density, each over the one before."""
        lon, lat, weight = options.read(table)
        title = options.named(dataset)

        def draw(view: View) -> list[dict[str, Any]]:
            return _glow(options, view, view.wrapped(lon), lat, weight)

        def told() -> str:
            top = int(np.argmax(weight))
            return (
                f"Density of {title} at {len(lon):,} places; the largest single one lies at "
                f"{lat[top]:.2f}°, {lon[top]:.2f}°."
            )

        return Layer(lon, lat, draw, told, heading=title)


def _glow(
    options: MapHeat.Options, view: View, lon: Floats, lat: Floats, weight: Floats
) -> list[dict[str, Any]]:
    near = (np.abs(lon - view.lon) < view.degrees_per_px * WIDE * 2) & (
        np.abs(mercator(lat) - mercator(np.array([view.lat]))[0]) < view.degrees_per_px * HIGH * 2
    )
    if not near.any():
        return []
    spread = options.radius_px / 2
    grid = _Grid(
        lon[near], lat[near], weight[near], view.degrees_per_px * spread / 2.5,
        air=int(np.ceil(7.5)),
    )  # fmt: skip
    cells = max(0.8, view.degrees_per_px * spread / grid.side)
    found = grid.blurred(cells)
    top = float(found.max()) / options.intensity
    if top <= 0:
        return []
    levels = options.threshold + (1 - options.threshold) * (np.arange(BANDS + 1) / BANDS) ** 1.35
    features, values = [], []
    for step in range(BANDS):
        high = float(found.max()) * 2 if step == BANDS - 1 else levels[step + 1] * top
        pieces = bands(grid.axes(), found, levels[step] * top, high)
        if pieces:
            features.append(shapes.feature(str(step), pieces))
            values.append(float(step))
    name, reverse = options.color_scale, options.reverse_colors
    colors: list[list[float | str]] = []
    for step in range(BANDS):
        share = (step + 0.5) / BANDS
        color = faded(shade(share, name, reverse), min(1.0, options.opacity * (0.35 + 0.8 * share)))
        colors += [[step / BANDS, color], [(step + 1) / BANDS, color]]
    return [
        marks.areas(
            features, np.array(values) + 0.5, colors, 0, BANDS, opacity=1, edge_width=0,
            edge="rgba(0,0,0,0)",
        )
    ]  # fmt: skip


class MapContour(MapKind):
    """Lines and bands of equal values."""

    slug, title, icon = "map_contour", "Contour map", "bullseye"
    description = "Lines around places where much lies, like heights on a hiking map."

    class Options(WeightOptions):
        """Size of the cells in which weights are summed up, and the levels that are drawn."""

        cell_m: float | None = Field(
            None, gt=0, le=5e6, title="Size of a cell",
            description="In metres; by the view if empty.", json_schema_extra=DATA,
        )  # fmt: skip
        smooth: bool = Field(
            True, title="Smooth", description="Spread each cell a little, so that lines run round.",
            json_schema_extra=LOOK,
        )  # fmt: skip
        levels: tuple[Level, ...] = Field(
            (), max_length=20, title="Levels",
            description="Values at which lines run; five even ones by default.",
            json_schema_extra=LOOK,
        )  # fmt: skip

    @classmethod
    def ask(cls, options: Options, dataset: DatasetSpec) -> QuerySpec:
        """One row per place with its weight."""
        return options.ask(dataset)

    @classmethod
    def layer(cls, options: Options, table: pa.Table, dataset: DatasetSpec, look: Look) -> Layer:
        """Bands, then lines."""
        lon, lat, weight = options.read(table)
        title = options.named(dataset)
        drawn: list[Level] = []
        growth = 1.0

        def written() -> Style:
            lows = np.array([level.low for level in drawn])
            return style(options.measured, dataset, look, lows, options.format)

        def draw(view: View) -> list[dict[str, Any]]:
            nonlocal growth
            side = view.degrees(options.cell_m) if options.cell_m else view.degrees_per_px * 10
            finer = _FINER if options.smooth else 1
            grid = _Grid(view.wrapped(lon), lat, weight, side / finer, air=3 * finer)
            values, growth = grid.values, grid.side / side
            if options.smooth:  # As much as in a cell of the chosen size.
                values = grid.blurred(side / grid.side) * (side / grid.side) ** 2
            drawn[:] = options.levels or _even(float(values.max()))
            return _contours(options, drawn, grid.axes(), values, title, written())

        def told() -> str:
            levels = ", ".join(written().text(level.low) for level in drawn)
            rest = f" Cells are {growth:,.3g} times as wide as chosen." if growth > 1.001 else ""
            return f"{title} of {len(lon):,} places, with lines at {levels} per cell.{rest}"

        return Layer(lon, lat, draw, told, heading=title)


def _even(top: float) -> list[Level]:
    """Five levels of two digits up to the highest value."""
    found = dict.fromkeys(float(f"{top * share:.2g}") for share in (0.06, 0.15, 0.3, 0.5, 0.75))
    return [Level(low=level) for level in found if level > 0]


def _contours(
    options: MapContour.Options,
    levels: list[Level],
    grid: tuple[Floats, Floats],
    values: Matrix,
    title: str,
    written: Style,
) -> list[dict[str, Any]]:
    traces = []
    for place, level in enumerate(sorted(levels, key=lambda one: one.high is None)):
        share = 0.35 + 0.65 * (place + 1) / len(levels)
        color = level.color or shade(share, options.color_scale, options.reverse_colors)
        name = f"{safe(title)}: {safe(written.text(level.low))}"
        if level.high is not None:
            pieces = bands(grid, values, level.low, level.high) if level.high > level.low else []
            features = [shapes.feature("0", pieces)] if pieces else []
            text = f"{name} – {safe(written.text(level.high))}"
            traces.append(
                marks.areas(
                    features, np.zeros(len(features)), marks.plain_scale(color), 0, 1,
                    opacity=options.opacity, edge_width=0, hover=[text] * len(features),
                )
            )  # fmt: skip
            continue
        paths = isolines(grid, values, level.low)
        if paths:
            traces.append(marks.lines(paths, color, level.width, hover=[name] * len(paths)))
    return traces
