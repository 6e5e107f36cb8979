"""The gallery: every chart kind over the example data, as a dashboard for administrators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from typing import Final, get_args

from dashapp import permissions
from dashapp.charts import KINDS
from dashapp.charts.base import ChartKind, Drawing, Family
from dashapp.charts.thumbnails import small
from dashapp.errors import AppError
from dashapp.services import bundles, charts, dashboards
from dashapp.services.asking import Want
from dashapp.services.dashboards import Opened
from dashapp.specs.bundle import Bundle, BundleChart, BundleDashboard, named
from dashapp.specs.layout import COLUMNS, Layout, Tab, Tile
from dashapp.viewer import Viewer

SLUG: Final = "gallery"
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)
# Width (of twelve columns) and height of the tiles of a family.
SIZES: Final[dict[Family, tuple[int, int]]] = {
    "numbers": (3, 24),
    "tables": (6, 46),
    "text": (6, 34),
}
SIZE: Final = (4, 40)


@dataclass(frozen=True)
class Entry:
    """A kind and the key of the tile that shows it."""

    kind: type[ChartKind]
    tile: str


def bundle() -> Bundle:
    """All charts of the gallery, the datasets they need, and the dashboard that shows them."""
    parts = [bundles.parse(text) for text in _texts()]
    made = tuple(chain.from_iterable(part.charts for part in parts))
    tabs = tuple(tab for tab in (_tab(family, made) for family in FAMILIES) if tab.items)
    dashboard = BundleDashboard(
        uuid=named(SLUG),
        slug=SLUG,
        title="Chart gallery",
        description="Every kind of chart, each on one small query over the example data.",
        is_published=False,
        layout=Layout(tabs=tabs or (Tab(key="empty"),)),
    )
    return Bundle(
        dashapp=1,
        databases=tuple(chain.from_iterable(part.databases for part in parts)),
        datasets=tuple(chain.from_iterable(part.datasets for part in parts)),
        charts=made,
        dashboards=(dashboard,),
    )


def open_gallery(viewer: Viewer) -> Opened:
    """The gallery's dashboard. Needs `admin.panel`; NotFound before the examples are loaded."""
    permissions.require(viewer, "admin.panel")
    return dashboards.open(viewer, SLUG)


def entries(opened: Opened) -> dict[str, list[Entry]]:
    """The kinds by family, each with the first tile that shows it."""
    first: dict[str, str] = {}
    for _, tile in opened.layout.tiles():
        chart = opened.charts.get(tile.chart)
        if chart is not None:
            first.setdefault(chart.kind, tile.key)
    found: dict[str, list[Entry]] = {}
    for kind in sorted(KINDS.values(), key=lambda k: FAMILIES.index(k.family)):
        if kind.slug in first:
            found.setdefault(kind.family, []).append(Entry(kind, first[kind.slug]))
    return found


def thumbnails(viewer: Viewer, family: str) -> list[tuple[Entry, Drawing | AppError]]:
    """The kinds of a family, drawn small, or why not."""
    opened = open_gallery(viewer)
    chosen = entries(opened).get(family, [])
    answers = charts.answers(viewer, opened, [e.tile for e in chosen], Want())
    found: list[tuple[Entry, Drawing | AppError]] = []
    for entry in chosen:
        answer = answers[entry.tile]
        missing = answer.error or AppError("There is no picture of this kind.")
        found.append((entry, missing if answer.drawing is None else small(answer.drawing)))
    return found


def _texts() -> Iterator[str]:
    folder = resources.files("dashapp") / "examples" / "gallery"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            yield file.read_text("utf-8")


def _tab(family: Family, made: Sequence[BundleChart]) -> Tab:
    """A sheet with the tiles of all kinds of a family, from left to right."""
    width, height = SIZES.get(family, SIZE)
    across = COLUMNS // width
    items: list[Tile] = []
    for kind in (k for k in KINDS.values() if k.family == family):
        for number, chart in enumerate(c for c in made if c.kind == kind.slug):
            row, column = divmod(len(items), across)
            items.append(
                Tile(
                    key=f"{kind.slug}-{number + 1}" if number else kind.slug,
                    chart=chart.uuid, x=column * width, y=row * height, w=width, h=height,
                )
            )  # fmt: skip
    return Tab(key=family, title=family.capitalize(), items=tuple(items))
