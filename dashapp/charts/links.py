"""Links between members: who is connected with whom, and how much flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import Field

from dashapp.charts.asks import DATA, click_target, dimension_title, metric_title
from dashapp.charts.axes import CLEAR, Style
from dashapp.charts.base import ClickTarget, Look
from dashapp.charts.plot_options import PlotOptions, needs
from dashapp.charts.plotting import Floats, encode, floats
from dashapp.charts.values import Plain
from dashapp.charts.wide import Ints, words
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

MOST_LINKS: Final = 2_500  # More lines cannot be told apart.
_LARGEST: Final = 1e300  # What flows in all at most: sums of more are infinite.
# A mark of no size that can still be hovered and clicked; picked ones show.
GHOST: Final[dict[str, Any]] = {
    "marker": {"size": 12, "color": "#8a8f98", "opacity": 0},
    "selected": {"marker": {"opacity": 0.9}},
    "unselected": {"marker": {"opacity": 0}},
}


class LinkOptions(PlotOptions):
    """From where, to where, how much."""

    source: Dimension | None = Field(
        None,
        title="From",
        description="Dimension whose members links start at.",
        json_schema_extra=DATA | {"widget": "dimension"},
    )
    target: Dimension | None = Field(
        None,
        title="To",
        description="Dimension whose members links end at.",
        json_schema_extra=DATA | {"widget": "dimension"},
    )
    metric: Metric | None = Field(
        None,
        title="Metric",
        description="How much flows along a link.",
        json_schema_extra=DATA | {"widget": "metric"},
    )

    @property
    def ends(self) -> tuple[Dimension, Dimension]:
        """Both ends; Invalid where one is not chosen yet, or both are one column's."""
        if self.source is None or self.target is None:
            needs(self.source, "source", "Choose where links start.")
            needs(self.target, "target", "Choose where links end.")
            raise AssertionError
        if self.source.name == self.target.name:
            raise Invalid("Links need two different dimensions.", {"target": "The same as From."})
        return self.source, self.target

    def links_query(self, dataset: DatasetSpec, extra: Sequence[Dimension] = ()) -> QuerySpec:
        """One row per link, the largest first."""
        ends = self.ends
        if self.metric is None:
            needs(self.metric, "metric", "Choose how much flows along a link.")
            raise AssertionError
        order = self.order or (Order(by=metric_name(self.metric), descending=True),)
        taken = {d.name for d in ends}
        rest = [d for d in extra if d.name not in taken]
        return self.base_query(dataset, (*ends, *rest), (self.metric,), order=order)

    def clicks(self) -> tuple[ClickTarget, ...]:
        """What a clicked link stands for: where it starts and where it ends."""
        return tuple(click_target(d) for d in self.ends)

    def told(self, dataset: DatasetSpec) -> str:
        """The chart in words: what flows from what to what."""
        source, target = (dimension_title(d, dataset) for d in self.ends)
        return f"{metric_title(self.metric or '', dataset)} from {source} to {target}"


def many(count: int, what: str) -> str:
    """A count with its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Links:
    """Links of an answer with a value above zero; nodes are members of either end.

    `left_out` counts nodes, `hidden` links that were too many.
    """

    members: list[Plain]
    names: list[str]
    source: Ints
    target: Ints
    values: Floats
    left_out: int = 0
    hidden: int = 0

    @property
    def weights(self) -> Floats:
        """What flows in and out of each node; what flows from a node to itself once."""
        found = np.zeros(len(self.members))
        np.add.at(found, self.source, self.values)
        apart = self.source != self.target
        np.add.at(found, self.target[apart], self.values[apart])
        return found

    def among(self, kept: Sequence[int]) -> Links:
        """Only links among these nodes, which are numbered anew in this order."""
        moved = np.full(len(self.members), -1, dtype=np.int64)
        moved[list(kept)] = np.arange(len(kept))
        source, target = moved[self.source], moved[self.target]
        both = (source >= 0) & (target >= 0)
        return Links(
            [self.members[i] for i in kept],
            [self.names[i] for i in kept],
            source[both],
            target[both],
            self.values[both],
            self.left_out + len(self.members) - len(kept),
            self.hidden,
        )

    def largest(self, nodes: int, links: int = MOST_LINKS) -> Links:
        """Only the nodes that most flows through, and the largest links among them."""
        found = self
        if len(self.members) > nodes:
            order = np.argsort(-self.weights, kind="stable")[:nodes]
            found = self.among(sorted(order.tolist()))
        kept = np.sort(np.argsort(-found.values, kind="stable")[:links])
        if len(kept) == len(found.values):
            return found
        return replace(
            found,
            source=found.source[kept],
            target=found.target[kept],
            values=found.values[kept],
            hidden=len(found.values) - len(kept),
        )

    def clicks(self) -> list[list[Plain]]:
        """Raw values of each link: where it starts and where it ends."""
        pairs = zip(self.source.tolist(), self.target.tolist(), strict=True)
        return [[self.members[s], self.members[t]] for s, t in pairs]

    def summary(self, told: str, written: Style) -> str:
        """How many nodes and links, which link is the largest, and what was left out."""
        top = int(np.argmax(self.values))
        most = f"{self.names[self.source[top]]} to {self.names[self.target[top]]}"
        parts = ((self.left_out, "node"), (self.hidden, "link"))
        rest = "".join(f" The smallest {many(n, what)} left out." for n, what in parts if n)
        return (
            f"{told}: {many(len(self.values), 'link')} among "
            f"{many(len(self.members), 'node')}, largest "
            f"{most} ({written.text(float(self.values[top]))}).{rest}"
        )


def links_of(
    table: pa.Table,
    ends: tuple[Dimension, Dimension],
    metric: str,
    dataset: DatasetSpec,
    look: Look,
) -> Links:
    """The links of an answer; rows of equal ends are added up."""
    values = np.nan_to_num(floats(table, metric))
    values = np.minimum(values, _LARGEST / max(1, len(values)))
    table, values = table.filter(pa.array(values > 0)), values[values > 0]
    codes, members, names = list[list[int]](), list[Plain](), list[str]()
    places: dict[tuple[type, Plain], int] = {}
    for end in ends:
        column = encode(table, end.name)
        raw = column.members() if table.num_rows else []
        own = []
        for member, word in zip(raw, words(raw, end, dataset, look), strict=True):
            at = places.setdefault((type(member), member), len(places))
            if at == len(members):
                members.append(member)
                names.append(word)
            own.append(at)
        codes.append([own[i] for i in column.codes.tolist()] if table.num_rows else [])
    pairs = np.array(codes[0], dtype=np.int64) * max(1, len(members)) + np.array(
        codes[1], dtype=np.int64
    )
    found, inverse = np.unique(pairs, return_inverse=True)
    summed = np.zeros(len(found))
    np.add.at(summed, inverse, values)
    source, target = np.divmod(found, max(1, len(members)))
    return Links(members, names, source, target, summed)


def bare_axes(roam: bool = False, square: bool = True) -> dict[str, Any]:
    """Axes that are not seen: a plane for what has no axes, as wide as high if `square`."""
    plain = {"visible": False, "fixedrange": not roam, "showgrid": False, "zeroline": False}
    across = plain | ({"scaleanchor": "y", "scaleratio": 1} if square else {})
    return {"xaxis": across, "yaxis": dict(plain), "plot_bgcolor": CLEAR}
