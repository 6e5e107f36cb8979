"""Chart kinds: every class that can be drawn, by its slug."""

from __future__ import annotations

from dashapp.charts.area import Area
from dashapp.charts.base import ChartKind
from dashapp.charts.boxes import BoxPlot
from dashapp.charts.bullet import Bullet
from dashapp.charts.calendar import CalendarHeatmap
from dashapp.charts.categories import Bar
from dashapp.charts.chord import Chord
from dashapp.charts.distribution import Histogram
from dashapp.charts.funnel import Funnel
from dashapp.charts.gantt import Gantt
from dashapp.charts.gauge import Gauge
from dashapp.charts.horizon import Horizon
from dashapp.charts.icicle import Icicle
from dashapp.charts.maps.areas import MapGeojson, MapPolygons
from dashapp.charts.maps.cells import MapGrid, MapHexbin, MapScreenGrid
from dashapp.charts.maps.country import CountryMap
from dashapp.charts.maps.density import MapContour, MapHeat
from dashapp.charts.maps.layers import MapLayers
from dashapp.charts.maps.lines import MapArcs, MapPaths
from dashapp.charts.maps.points import MapPoints
from dashapp.charts.maps.world import WorldMap
from dashapp.charts.matrix import Heatmap
from dashapp.charts.mixed import Mixed
from dashapp.charts.network import Network
from dashapp.charts.numbers import BigNumber, BigNumberPeriod
from dashapp.charts.parallel import Parallel
from dashapp.charts.parts import Pie
from dashapp.charts.periods import TimePivot
from dashapp.charts.pivot import PivotTable
from dashapp.charts.radar import Radar
from dashapp.charts.rose import Rose
from dashapp.charts.sankey import Sankey
from dashapp.charts.scatter import Scatter
from dashapp.charts.sunburst import Sunburst
from dashapp.charts.tables import Table
from dashapp.charts.templates import Template
from dashapp.charts.text import Markdown
from dashapp.charts.time import Line
from dashapp.charts.timetable import TimeTable
from dashapp.charts.tree import Tree
from dashapp.charts.trees import Treemap
from dashapp.charts.trends import BigNumberTrend
from dashapp.charts.ttest import PairedTest
from dashapp.charts.violin import Violin
from dashapp.charts.waterfall import Waterfall
from dashapp.charts.wordcloud import WordCloud
from dashapp.errors import Misdefined

KINDS: dict[str, type[ChartKind]] = {
    found.slug: found
    for found in (
        BigNumber,
        BigNumberTrend,
        BigNumberPeriod,
        Bullet,
        Gauge,
        Table,
        PivotTable,
        TimeTable,
        Line,
        Area,
        Bar,
        Mixed,
        Waterfall,
        TimePivot,
        Horizon,
        CalendarHeatmap,
        Rose,
        Scatter,
        Pie,
        Treemap,
        Sunburst,
        Icicle,
        Funnel,
        Radar,
        Histogram,
        BoxPlot,
        Violin,
        Heatmap,
        Parallel,
        PairedTest,
        Sankey,
        Chord,
        Network,
        Tree,
        Gantt,
        WorldMap,
        CountryMap,
        MapPoints,
        MapHexbin,
        MapGrid,
        MapScreenGrid,
        MapHeat,
        MapContour,
        MapArcs,
        MapPaths,
        MapPolygons,
        MapGeojson,
        MapLayers,
        Markdown,
        WordCloud,
        Template,
    )
}


def kind(slug: str) -> type[ChartKind]:
    """The kind of that slug; Invalid, with those that there are, if there is none."""
    try:
        return KINDS[slug]
    except KeyError:
        known = ", ".join(sorted(KINDS))
        raise Misdefined(
            f"There is no chart kind “{slug}”; there are: {known}.", {"kind": "Unknown."}
        ) from None
