"""The frame of chart kinds: what may be set, what to ask, how to draw. No input, no output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from dashapp.charts.values import Plain
from dashapp.specs import DatasetSpec, Grain, QuerySpec, Spec

Family = Literal[
    "numbers", "time", "categories", "parts", "distribution", "relations",
    "schedule", "maps", "tables", "text",
]  # fmt: skip
Tables = Mapping[str, pa.Table]
Window = tuple[float, float]
"""From and to on an axis, in its own numbers: ms on the viewer's clock, values, or places."""
# What the small plotly.js draws; a third of the bytes of the whole.
CARTESIAN = frozenset(
    {"bar", "box", "contour", "heatmap", "histogram", "histogram2d", "histogram2dcontour", "image",
     "pie", "scatter", "scatterternary", "violin"}
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How things are drawn for one viewer: palette, fixed member colours, locale and zone.

    Light and dark are left to the page's style sheet: figures have transparent backgrounds and
    no colours of their own for text, axes and grid, so that they restyle without a round trip.

    `window` is the part of the horizontal axis that one looks at closely (see `Thinned`).
    """

    palette: tuple[str, ...]
    colors: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en"
    zone: str = "UTC"
    window: Window | None = None


@dataclass(frozen=True)
class ClickTarget:
    """What one entry of a mark's `customdata` (or one field of a grid row) stands for."""

    column: str
    grain: Grain | None = None
    bin: float | None = None


@dataclass(frozen=True)
class Brush:
    """Along which axis of a plot one may drag to choose a part of a column.

    `starts` are the places (rising, in the axis' own numbers: ms on the viewer's clock, values, or
    numbers of categories) at which the buckets of `grain` or `bin` begin, `end` is where the last
    one ends. With `members` (raw, one per start) the column has no order of its own: what is
    chosen is a list of them. `centred` says that a mark stands in the middle of where its bucket
    is drawn, not at its lower edge.
    """

    column: str
    starts: tuple[float, ...]
    end: float
    grain: Grain | None = None
    bin: float | None = None
    members: tuple[Plain, ...] | None = None
    axis: Literal["x", "y"] = "x"
    centred: bool = True


@dataclass(frozen=True)
class Thinned:
    """How many points of a plot's lines are drawn, `of` how many there are.

    With a `window` both count the points in that part of the axis only.
    """

    drawn: int
    of: int
    window: Window | None = None


@dataclass(frozen=True)
class Plot:
    """A Plotly figure as a plain dict (`{"data": [...], "layout": {...}}`), typed arrays inside.

    Each clickable mark's `customdata` is a list of raw values in the order of `clicks`
    (times as ISO strings), so that a click becomes a cross-filter. `brush` says along what one
    may drag, `thinned` that points were left out, which come when one looks closely.
    """

    figure: dict[str, Any]
    clicks: tuple[ClickTarget, ...] = ()
    summary: str = ""
    brush: Brush | None = None
    thinned: Thinned | None = None


@dataclass(frozen=True)
class Grid:
    """An AG Grid: column definitions from our own renderers only, rows as dicts.

    `clicks` maps a row's field to what it stands for. With `paged`, rows come from the server
    page by page (sort and column filters are done there) and `rows` is the first page.
    `row_rules` colour whole rows: each names a `field` beside the rule (`ToneRule.as_data`).
    With `search` there is a box that searches all columns, with `rows_per_page` pages to turn.
    """

    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    totals: list[dict[str, Any]] = field(default_factory=list)
    clicks: Mapping[str, ClickTarget] = field(default_factory=dict)
    paged: bool = False
    page_size: int = 100
    row_total: int | None = None
    summary: str = ""
    row_rules: list[dict[str, Any]] = field(default_factory=list)
    search: bool = False
    rows_per_page: int | None = None
    is_movable: bool = True


@dataclass(frozen=True)
class Number:
    """One value in large type, with an optional comparison line and a small trend figure."""

    value: str
    label: str = ""
    change: str = ""
    change_is: Literal["good", "bad", "neutral"] = "neutral"
    note: str = ""
    trend: dict[str, Any] | None = None
    tone: str | None = None  # "#rrggbb" from a conditional format
    size: float = 1.0  # of the type, in shares of the usual size
    summary: str = ""


@dataclass(frozen=True)
class Text:
    """Markdown; HTML in it is shown as text."""

    markdown: str
    summary: str = ""


@dataclass(frozen=True)
class Empty:
    """Nothing to draw, and why, as a sentence."""

    reason: Literal["no_rows", "not_configured"]
    message: str
    summary: str = ""


Drawing = Plot | Grid | Number | Text | Empty


class ChartKind(ABC):
    """A kind of chart; subclasses are listed in `dashapp.charts.KINDS`."""

    slug: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    icon: ClassVar[str]  # a Bootstrap icon name
    description: ClassVar[str]
    uses_dataset: ClassVar[bool] = True
    needs_full_plotly: ClassVar[bool] = False  # traces beyond `CARTESIAN`

    class Options(Spec):
        """What may be set; a form is drawn from it."""

        subtitle: str = Field("", max_length=500, description="Small text under the title.")

    @classmethod
    def beyond_cartesian(cls, options: Mapping[str, Any]) -> bool:
        """Whether a chart with these options has traces beyond `CARTESIAN`."""
        return cls.needs_full_plotly

    @classmethod
    @abstractmethod
    def queries(cls, options: Any, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """The questions by name; "main" is the one that tables, rows and exports show."""

    @classmethod
    @abstractmethod
    def figure(cls, options: Any, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """Draw answers (by the names of `queries`)."""
