"""A Superset chart's parameters, read into questions and options of ours.

How parameters become queries follows the `buildQuery` functions of Superset 6.1 and the steps of
its `QueryContextFactory`; both are told in short in `docs/superset.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from dashapp.errors import Invalid
from dashapp.services.superset import conditions, names
from dashapp.services.superset.ranges import range_text
from dashapp.services.superset.values import Values, number
from dashapp.services.superset.words import AGGREGATES, GRAINS, WEEKS
from dashapp.specs import (
    ColumnSpec,
    DatasetSpec,
    Dimension,
    Grain,
    Order,
    SimpleMetric,
    SqlMetric,
    metric_name,
)
from dashapp.specs.query import Metric


@dataclass(kw_only=True)
class Params(Values):
    """One chart's parameters; remembers which were read and what could not be carried over."""

    viz_type: str
    name: str
    dataset: DatasetSpec
    siblings: Callable[[int], Params | None] | None = None
    rewrite: Callable[[str], str] = str
    # Calculated columns that the chart needs and its dataset does not have yet, by name.
    added: dict[str, ColumnSpec] = field(default_factory=dict)

    def sibling(self, chart: Any) -> Params | None:
        """Another chart of the bundle by its number in Superset, over this chart's dataset."""
        place = number(chart)
        return self.siblings(int(place)) if self.siblings and place is not None else None

    def sql(self, text: str) -> str:
        """SQL of the bundle's database as the dataset's database reads it; no templates."""
        return self.rewrite(conditions.plain_sql(text))

    # Metrics

    def metric(self, key: str) -> Metric | None:
        """A saved or ad-hoc metric; the first one of a list."""
        found = self.metrics(key)
        return found[0] if found else None

    def metrics(self, *keys: str) -> tuple[Metric, ...]:
        """All metrics under these keys; those of one label only once."""
        found: dict[str, Metric] = {}
        for key in keys:
            value = self.get(key, ())
            for item in value if isinstance(value, list) else [value]:
                made = self.measure(item)
                if made is not None:
                    found.setdefault(metric_name(made), made)
        return tuple(found.values())

    def measure(self, item: Any) -> Metric | None:
        """A metric as Superset writes it: a saved one's name, or an ad-hoc one."""
        if isinstance(item, str) and item:
            if self.dataset.metric(item) is not None:
                return item
            if item == "count":
                return SimpleMetric(aggregate="count", label="count")
            raise Invalid(f"The dataset {self.dataset.name} has no metric “{item[:100]}”.")
        if not isinstance(item, Mapping):
            return None
        return self._adhoc(item)

    def _adhoc(self, item: Mapping[str, Any]) -> Metric | None:
        label = str(item.get("label") or "")
        if item.get("expressionType") == "SQL" or not item.get("aggregate"):
            text = item.get("sqlExpression")
            if not isinstance(text, str) or not text.strip():
                return None
            if "".join(text.split()).upper() == "COUNT(*)":
                return SimpleMetric(aggregate="count", label=(label or text)[:250])
            return SqlMetric(expression=self.sql(text), label=(label or text)[:250])
        column = item.get("column")
        name = column.get("column_name") if isinstance(column, Mapping) else column
        aggregate = AGGREGATES.get(str(item["aggregate"]).upper())
        if aggregate is None:
            raise Invalid(f"The aggregate {str(item['aggregate'])[:50]} is not known here.")
        if not isinstance(name, str) or not name:
            raise Invalid(f"The metric “{label[:100]}” names no column.")
        label = label or f"{str(item['aggregate']).upper()}({name})"
        return SimpleMetric(aggregate=aggregate, column=self.column_name(name), label=label[:250])

    # Columns

    def column_name(self, name: str) -> str:
        """The dataset's own spelling of a column; Invalid if it has none of that name."""
        if self.dataset.column(name) or name in self.added:
            return name
        same = [c.name for c in self.dataset.columns if c.name.lower() == name.lower()]
        if len(same) == 1:
            return same[0]
        raise Invalid(f"The dataset {self.dataset.name} has no column “{name[:100]}”.")

    def column(self, name: str) -> ColumnSpec | None:
        """The dataset's column of that name, or one that charts added."""
        return self.dataset.column(name) or self.added.get(name)

    def is_time(self, name: str) -> bool:
        """Whether a column holds times or days."""
        found = self.column(name)
        return found is not None and found.type in ("time", "date")

    def dimension(self, value: Any, grain: Grain | None = None) -> Dimension | None:
        """A column's name or an ad-hoc SQL column; `grain` counts for times only."""
        if isinstance(value, str) and value:
            name = self.column_name(value)
            return Dimension(column=name, grain=grain if self.is_time(name) else None)
        if not isinstance(value, Mapping):
            return None
        sql, label = str(value.get("sqlExpression") or "").strip(), str(value.get("label") or "")
        if not sql:
            return None
        own = sql.strip('"`[]')
        if self.column(own) is not None:
            shown = label[:250] if label and label != own else None
            return Dimension(column=own, grain=grain if self.is_time(own) else None, label=shown)
        return Dimension(column=self._calculated(label or sql, self.sql(sql)))

    def _calculated(self, label: str, sql: str) -> str:
        """The name of a calculated column with this SQL; added to the dataset if need be."""
        name = label[:250]
        known = self.column(name)
        if known is not None and known.expression != sql:
            name = f"{label[:120]} ({self.name[:100]})"
            known = self.column(name)
        if known is None or known.expression != sql:
            self.added[name] = ColumnSpec(name=name, type="text", expression=sql)
        return name

    def dimensions(self, *keys: str, grain: Grain | None = None) -> tuple[Dimension, ...]:
        """All columns under these keys, each once."""
        found: dict[str, Dimension] = {}
        for key in keys:
            value = self.get(key, ())
            for item in value if isinstance(value, list) else [value]:
                made = self.dimension(item, grain)
                if made is not None:
                    found.setdefault(made.name, made)
        return tuple(found.values())

    def grain(self, key: str = "time_grain_sqla") -> Grain | None:
        """The grain of time; none for one that is not known here."""
        text = self.text(key)
        if text is None or text in GRAINS:
            grain = GRAINS[text] if text else None
            if text in WEEKS and WEEKS[text] != self.dataset.week_start:
                self.note(
                    f"Its weeks start on {WEEKS[text].title()}; here those of a dataset all "
                    f"start on the same day ({self.dataset.week_start.title()})."
                )
            return grain
        self.note(f"There is no time grain {text[:50]} here; times are shown as they are.")
        return None

    def axis(self) -> Dimension | None:
        """What runs along the axis: `x_axis`, or else the time column, cut to the grain."""
        grain, timed = self.grain(), self._timed()
        axis = self.dimension(self.get("x_axis"), grain)
        if timed and (axis is None or self.is_time(axis.column)):
            return self.dimension(timed, grain)
        return axis

    def _timed(self) -> str | None:
        """The time column that old charts name apart from their axis."""
        name = self.text("granularity_sqla") or self.text("granularity")
        return self.column_name(name) if name and name != "all" else None

    # Rows

    def narrowing(self) -> dict[str, Any]:
        """Filters, time range and row limit, as options of every kind that asks a dataset."""
        rest = conditions.Conditions()
        for item in self._filters():
            conditions.add(self, rest, item)
        found: dict[str, Any] = {}
        ranges = self._ranges(rest.ranges)
        if ranges:
            found["time_column"], found["time_range"] = ranges[0]
        rest.filters += [conditions.within(c, text) for c, text in ranges[1:] if text]
        found |= {k: tuple(v) for k, v in rest.parts().items() if v}
        limit = self.whole("row_limit")
        if limit and limit > 0:
            found["limit"] = min(limit, 1_000_000)
        return {k: v for k, v in found.items() if v is not None}

    def _ranges(self, asked: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
        """Time columns and their ranges: the old parameters overrule those among the filters.

        As `QueryContextFactory._apply_granularity` and `_apply_filters` of Superset do it.
        """
        since, until = self.text("since"), self.text("until")
        apart = self.text("time_range")
        text = f"{since or ''} : {until or ''}" if since or until else apart
        found = list(asked)
        timed = self._timed()
        if timed:
            columns = [c for c, _ in found]
            axis = self.get("x_axis")
            gone = timed if timed in columns else next(iter(columns), None)
            if isinstance(axis, str) and self.is_time(axis):
                gone = axis
            found = [(timed, None), *((c, t) for c, t in found if c not in (gone, timed))]
        if text:
            ours = range_text(text)
            found = [(c, ours) for c, _ in found]
        return found

    def _filters(self) -> Iterable[Mapping[str, Any]]:
        """Every condition, old and new forms alike, in the form of ad-hoc filters."""
        for item in _mappings(self.get("adhoc_filters", [])):
            yield item
        for item in _mappings(self.get("filters", [])):
            yield {
                "expressionType": "SIMPLE", "clause": "WHERE", "subject": item.get("col"),
                "operator": item.get("op"), "comparator": item.get("val"),
            }  # fmt: skip
        for key, clause in (("where", "WHERE"), ("having", "HAVING")):
            text = self.text(key)
            if text:
                yield {"expressionType": "SQL", "clause": clause, "sqlExpression": text}

    # Series and order

    def series(self, key: str = "groupby") -> dict[str, Any]:
        """Options of kinds with series: which, how many, ranked by what, and what of the rest."""
        found: dict[str, Any] = {"series": self.dimensions(key)}
        limit = self.whole("series_limit") or self.whole("limit")
        ranked_by = self.metric("series_limit_metric") or self.metric("timeseries_limit_metric")
        found["series_limit"] = limit if limit and limit > 0 else None
        if ranked_by is not None:
            found["series_by"] = ranked_by
        found["other"] = self.flag("group_others_when_limit_reached")
        return found

    def ranked(self, *metrics: Metric) -> tuple[Order, ...]:
        """Superset's order where a chart names none: by the limit's metric, else the first one."""
        by = self.metric("series_limit_metric") or self.metric("timeseries_limit_metric")
        by = by or next(iter(metrics), None)
        if by is None:
            return ()
        return (self.order(by, descending=self.flag("order_desc", True)),)

    def order(self, metric: Metric, *, descending: bool = True) -> Order:
        """Sort by a metric, shown or not."""
        return Order(by=metric_name(metric), descending=descending, metric=metric)

    # Looks

    def number_format(self, *keys: str) -> dict[str, str]:
        """`format` and `currency` as kinds take them; nothing where Superset chooses itself."""
        found: dict[str, str] = {}
        for key in keys or ("y_axis_format", "number_format"):
            text = names.number(self.text(key))
            if text:
                found.setdefault("format", text)
        money = names.currency(self.get("currency_format"))
        if money and money[0]:
            found["currency"] = money[0]
        return found

    def time_format(self, *keys: str) -> str | None:
        """A d3 time format; None where Superset chooses itself."""
        return next((f for k in keys if (f := names.time(self.text(k)))), None)

    def palette(self, key: str = "color_scheme") -> str | None:
        """Our name of a categorical colour scheme."""
        return self._named(key, names.palette)

    def scale(self, key: str = "linear_color_scheme") -> str | None:
        """Our name of a sequential or diverging colour scheme."""
        return self._named(key, names.scale)

    def _named(self, key: str, find: Callable[[str], str | None]) -> str | None:
        text = self.text(key)
        found = find(text) if text else None
        if text and found is None:
            self.note(f"There is no colour scheme like {text[:60]} here.")
        return found


@dataclass
class Translated:
    """A kind of ours with its options, as shapes or as JSON."""

    kind: str
    options: dict[str, Any]


Translator = Callable[[Params], Translated]


def refused(error: ValidationError) -> Invalid:
    """Why pydantic found options wrong, as a sentence."""
    first = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
    return Invalid(f"Its options make no sense here: {first}.")


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
