"""What a dashboard looks like: tabs of items on a 12-column grid, and its filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from dashapp.specs.base import Spec, Tagged
from dashapp.specs.filters import FilterValue, Key
from dashapp.specs.query import Filter, Label, SqlFilter

COLUMNS = 12
MOST_ITEMS = 1000  # On all tabs of a dashboard together.
UNIT_PX = 8  # Height of one row of the grid; `h` counts these.


class Item(Tagged):
    """A rectangle on the grid: `x` and `w` in twelfths, `y` and `h` in units of 8 px."""

    key: Key
    x: int = Field(0, ge=0, lt=COLUMNS)
    y: int = Field(0, ge=0, le=100_000)
    w: int = Field(COLUMNS, ge=1, le=COLUMNS)
    h: int = Field(40, ge=1, le=500)

    @model_validator(mode="after")
    def _inside(self) -> Item:
        if self.x + self.w > COLUMNS:
            raise ValueError(f"Item {self.key} reaches beyond the grid's {COLUMNS} columns.")
        return self


class Tile(Item):
    """A chart on the dashboard."""

    item: Literal["tile"] = "tile"
    chart: UUID
    title: str | None = Field(None, max_length=250, description="Instead of the chart's name.")


class MarkdownItem(Item):
    """Text; HTML in it is shown as text."""

    item: Literal["markdown"] = "markdown"
    text: str = Field(max_length=50_000)


class HeaderItem(Item):
    """A heading over what follows."""

    item: Literal["header"] = "header"
    text: str = Field(max_length=250)
    size: Literal["small", "medium", "large"] = "medium"


class DividerItem(Item):
    """A line."""

    item: Literal["divider"] = "divider"


class TabsItem(Item):
    """Tabs inside a tab."""

    item: Literal["tabs"] = "tabs"
    h: int = Field(40, ge=1, le=10_000)
    tabs: tuple[Tab, ...] = Field(min_length=1, max_length=50)


AnyItem = Annotated[
    Tile | MarkdownItem | HeaderItem | DividerItem | TabsItem, Field(discriminator="item")
]


class Tab(Spec):
    """One sheet of the dashboard. A dashboard with one tab shows no tab bar."""

    key: Key
    title: str = Field("", max_length=250)
    items: tuple[AnyItem, ...] = Field((), max_length=500)


class Scope(Spec):
    """Where a filter applies: everywhere but `excluded` tiles; only in `tabs` if any are named."""

    tabs: tuple[Key, ...] = ()
    excluded: tuple[Key, ...] = ()


class FilterSpec(Spec):
    """A filter of the bar.

    It narrows every tile in scope whose dataset is `dataset` or is named in `targets`
    (dataset → its column), or has a column of the same name and type.
    """

    key: Key
    title: str = Field(min_length=1, max_length=250)
    kind: Literal["select", "range", "time", "grain"]
    dataset: UUID | None = Field(None, description="Where options come from; not for grain.")
    column: Label | None = Field(
        None, description="For time: the dataset's time column by default."
    )
    targets: dict[UUID, Label] = Field(default_factory=dict, max_length=500)
    description: str | None = Field(None, max_length=2000)
    default: FilterValue = FilterValue()
    default_to_first: bool = False
    required: bool = False
    multiple: bool = True
    exclude: bool = Field(False, description="The chosen members are left out instead of kept.")
    parents: tuple[Key, ...] = Field((), description="Filters whose choice narrows the options.")
    sort_by: Label | None = Field(
        None, description="Metric that orders the options, largest first."
    )
    scope: Scope = Scope()
    filters: tuple[Filter, ...] = Field(
        (), max_length=100, description="Rows that its options and bounds come from."
    )
    where: tuple[SqlFilter, ...] = Field((), max_length=20)
    time_range: str | None = Field(
        None, max_length=200, description="Time of the rows that its options come from."
    )

    @model_validator(mode="after")
    def _complete(self) -> FilterSpec:
        if self.kind in ("select", "range") and not (self.dataset and self.column):
            raise ValueError(f"Filter {self.key} needs a dataset and a column.")
        return self


class Layout(Spec):
    """A dashboard's whole definition but its name and rights."""

    format: Literal[1] = 1
    tabs: tuple[Tab, ...] = Field(min_length=1, max_length=50)
    filters: tuple[FilterSpec, ...] = Field((), max_length=100)
    cross_filters: bool = True
    click_scopes: dict[Key, Scope] = Field(
        default_factory=dict,
        max_length=MOST_ITEMS,
        description="Tile → where clicks in it apply; those of other tiles apply everywhere.",
    )
    refresh_s: int | None = Field(None, ge=10, le=86_400, description="Auto-refresh interval.")
    colors: dict[str, str] = Field(
        default_factory=dict, max_length=10_000, description="Member → #rrggbb."
    )
    palette: str = Field("dashapp", max_length=50)

    @model_validator(mode="after")
    def _unique(self) -> Layout:
        items = [i.key for t in self.tabs for i in walk(t)]
        if len(items) > MOST_ITEMS:
            raise ValueError(f"A dashboard has at most {MOST_ITEMS:,} tiles and texts.")
        counts = Counter([*items, *(f.key for f in self.filters)])
        twice = {key for key, count in counts.items() if count > 1}
        if twice:
            raise ValueError(f"Keys must be unique: {', '.join(sorted(twice))}.")
        known = {f.key for f in self.filters}
        lost = {p for f in self.filters for p in f.parents} - known
        if lost:
            raise ValueError(f"Unknown parent filters: {', '.join(sorted(lost))}.")
        return self

    def tiles(self) -> Iterator[tuple[str, Tile]]:
        """Every tile with the key of its (top-level) tab, in reading order."""
        for tab in self.tabs:
            for item in walk(tab):
                if isinstance(item, Tile):
                    yield tab.key, item

    def tile(self, key: str) -> Tile | None:
        """The tile of that key, if there is one."""
        return next((t for _, t in self.tiles() if t.key == key), None)


def walk(tab: Tab) -> Iterator[AnyItem]:
    """Every item of a tab, nested tabs included, in reading order."""
    for item in sorted(tab.items, key=lambda i: (i.y, i.x)):
        yield item
        if isinstance(item, TabsItem):
            for inner in item.tabs:
                yield from walk(inner)
