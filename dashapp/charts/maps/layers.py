"""Several layers of one dataset on one map."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from dashapp.charts.asks import DATA
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables
from dashapp.charts.maps.areas import MapGeojson, MapPolygons
from dashapp.charts.maps.cells import MapGrid, MapHexbin, MapScreenGrid
from dashapp.charts.maps.density import MapContour, MapHeat
from dashapp.charts.maps.layer import MapKind, MapOptions, compose
from dashapp.charts.maps.lines import MapArcs, MapPaths
from dashapp.charts.maps.points import MapPoints
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS
from dashapp.specs import DatasetSpec, QuerySpec
from dashapp.specs.base import Tagged


class PointsLayer(Tagged, MapPoints.Options):
    """A layer of points."""

    kind: Literal["map_points"] = "map_points"


class HexbinLayer(Tagged, MapHexbin.Options):
    """A layer of hexagons."""

    kind: Literal["map_hexbin"] = "map_hexbin"


class GridLayer(Tagged, MapGrid.Options):
    """A layer of squares on the ground."""

    kind: Literal["map_grid"] = "map_grid"


class ScreenGridLayer(Tagged, MapScreenGrid.Options):
    """A layer of squares on the screen."""

    kind: Literal["map_screen_grid"] = "map_screen_grid"


class HeatLayer(Tagged, MapHeat.Options):
    """A layer of heat."""

    kind: Literal["map_heat"] = "map_heat"


class ContourLayer(Tagged, MapContour.Options):
    """A layer of lines of equal values."""

    kind: Literal["map_contour"] = "map_contour"


class ArcsLayer(Tagged, MapArcs.Options):
    """A layer of arcs."""

    kind: Literal["map_arcs"] = "map_arcs"


class PathsLayer(Tagged, MapPaths.Options):
    """A layer of paths."""

    kind: Literal["map_paths"] = "map_paths"


class PolygonsLayer(Tagged, MapPolygons.Options):
    """A layer of areas."""

    kind: Literal["map_polygons"] = "map_polygons"


class GeojsonLayer(Tagged, MapGeojson.Options):
    """A layer of GeoJSON features."""

    kind: Literal["map_geojson"] = "map_geojson"


AnyLayer = Annotated[
    PointsLayer
    | HexbinLayer
    | GridLayer
    | ScreenGridLayer
    | HeatLayer
    | ContourLayer
    | ArcsLayer
    | PathsLayer
    | PolygonsLayer
    | GeojsonLayer,
    Field(discriminator="kind"),
]
LAYERS: Final[dict[str, type[MapKind]]] = {
    found.slug: found
    for found in (
        MapPoints, MapHexbin, MapGrid, MapScreenGrid, MapHeat, MapContour, MapArcs, MapPaths,
        MapPolygons, MapGeojson,
    )
}  # fmt: skip


class MapLayers(ChartKind):
    """Several layers on one map, the first one undermost."""

    slug, title, family, icon = "map_layers", "Map of layers", "maps", "layers"
    description = "Points, lines, areas and densities of one dataset together on one map."
    needs_full_plotly: ClassVar[bool] = True

    class Options(MapOptions):
        """The layers; conditions and time range of the chart hold for all of them."""

        layers: tuple[AnyLayer, ...] = Field(
            (), max_length=8, title="Layers",
            description="Options of other kinds of maps, each with its `kind`; the first is undermost.",
            json_schema_extra=DATA | {"widget": "layers"},
        )  # fmt: skip

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """A question per layer; the first is "main"."""
        needs(options.layers, "layers", "Choose at least one layer.")
        return {
            _name(place): LAYERS[one.kind].ask(_narrowed(one, options), dataset)
            for place, one in enumerate(options.layers)
        }

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """All layers that have rows."""
        if not options.layers:
            return Empty("not_configured", "Choose at least one layer.")
        answers = [(one, tables[_name(place)]) for place, one in enumerate(options.layers)]
        drawn = [
            LAYERS[one.kind].layer(one, table, dataset, look)
            for one, table in answers
            if table.num_rows
        ]
        return compose(options, drawn, look) if drawn else Empty("no_rows", NO_ROWS)


def _name(place: int) -> str:
    return f"layer {place + 1}" if place else "main"


def _narrowed(one: Any, options: MapLayers.Options) -> Any:
    """A layer's options with the conditions of the whole chart added to its own."""
    return one.model_copy(
        update={
            "filters": options.filters + one.filters,
            "where": options.where + one.where,
            "time_column": one.time_column or options.time_column,
            "time_range": one.time_range or options.time_range,
        }
    )
