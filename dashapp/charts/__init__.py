"""Chart kinds: every class that can be drawn, by its slug."""

from __future__ import annotations

from dashapp.charts.base import ChartKind
from dashapp.charts.numbers import BigNumber, BigNumberTrend
from dashapp.charts.pivot import PivotTable
from dashapp.charts.tables import Table
from dashapp.charts.text import Markdown
from dashapp.errors import Invalid

KINDS: dict[str, type[ChartKind]] = {
    found.slug: found
    for found in (
        BigNumber,
        BigNumberTrend,
        Table,
        PivotTable,
        Markdown,
    )
}


def kind(slug: str) -> type[ChartKind]:
    """The kind of that slug; Invalid, with those that there are, if there is none."""
    try:
        return KINDS[slug]
    except KeyError:
        known = ", ".join(sorted(KINDS))
        raise Invalid(
            f"There is no chart kind “{slug}”; there are: {known}.", {"kind": "Unknown."}
        ) from None
