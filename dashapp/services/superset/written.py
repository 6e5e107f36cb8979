"""Questions and options of ours in the words of Superset's chart parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from dashapp.charts.asks import Asks
from dashapp.services.superset import names
from dashapp.services.superset.conditions import EMPTY_TEXT, NULL, OPERATORS
from dashapp.services.superset.ranges import superset_text
from dashapp.services.superset.words import AGGREGATES
from dashapp.specs import DatasetSpec, Dimension, Filter, Grain, RatioMetric, SimpleMetric
from dashapp.specs.query import Metric, Scalar

GRAINS: Final[dict[Grain, str]] = {
    "second": "PT1S", "5 seconds": "PT5S", "30 seconds": "PT30S", "minute": "PT1M",
    "5 minutes": "PT5M", "10 minutes": "PT10M", "15 minutes": "PT15M", "30 minutes": "PT30M",
    "hour": "PT1H", "6 hours": "PT6H", "12 hours": "PT12H", "day": "P1D", "week": "P1W",
    "month": "P1M", "quarter": "P3M", "year": "P1Y",
}  # fmt: skip
_OPERATORS: Final = {ours: theirs for theirs, ours in reversed(OPERATORS.items())}
_AGGREGATES: Final[dict[str, str]] = {ours: theirs for theirs, ours in reversed(AGGREGATES.items())}


@dataclass
class Out:
    """Writes parts of one chart; remembers what Superset has no words for."""

    dataset: DatasetSpec
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Tell people what was not written."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def metric(self, metric: Metric | None) -> Any:
        """A saved metric's name, or an ad-hoc metric."""
        if metric is None or isinstance(metric, str):
            return metric
        label = {"label": metric.label, "hasCustomLabel": True}
        theirs = self.aggregate(metric)
        if isinstance(metric, SimpleMetric) and theirs is not None:
            return label | {
                "expressionType": "SIMPLE",
                "aggregate": theirs,
                "column": {"column_name": metric.column},
                "sqlExpression": None,
            }
        return label | {
            "expressionType": "SQL", "sqlExpression": self._sql(metric), "aggregate": None,
            "column": None,
        }  # fmt: skip

    def aggregate(self, metric: Metric) -> str | None:
        """Superset's name of what a column is summed up by; None where it has none."""
        if not isinstance(metric, SimpleMetric) or metric.column is None:
            return None
        if metric.approximate:
            self.note(f"{metric.label} is approximate here and exact in Superset.")
        if metric.aggregate not in _AGGREGATES:
            self.note(f"Superset has no {metric.aggregate}.")
        return _AGGREGATES.get(metric.aggregate)

    def _sql(self, metric: Metric) -> str:
        if isinstance(metric, SimpleMetric):
            return "COUNT(*)" if metric.column is None else "NULL"
        if isinstance(metric, RatioMetric):
            top, bottom = self._part(metric.numerator), self._part(metric.denominator)
            scale = f" * {metric.scale:g}" if metric.scale != 1 else ""
            return f"1.0 * ({top}) / NULLIF({bottom}, 0){scale}"
        return metric if isinstance(metric, str) else metric.expression

    def _part(self, name: str) -> str:
        """The SQL of a metric of the dataset."""
        saved = self.dataset.metric(name)
        if saved is None:
            self.note(f"The dataset has no metric {name}.")
            return "NULL"
        return expression(saved.definition, self)

    def metrics(self, metrics: tuple[Metric, ...]) -> list[Any]:
        """Several metrics."""
        return [self.metric(m) for m in metrics]

    def dimension(self, dimension: Dimension | None) -> Any:
        """A column's name; an ad-hoc column where its label is another."""
        if dimension is None:
            return None
        if dimension.bin is not None:
            self.note(f"{dimension.name} is cut into bins here; Superset has no bins.")
        if dimension.label and dimension.label != dimension.column:
            return {
                "expressionType": "SQL", "sqlExpression": dimension.column,
                "label": dimension.label,
            }  # fmt: skip
        return dimension.column

    def dimensions(self, dimensions: tuple[Dimension, ...]) -> list[Any]:
        """Several columns."""
        return [self.dimension(d) for d in dimensions]

    def grain(self, grain: Grain | None) -> str | None:
        """A grain as an ISO 8601 duration."""
        return GRAINS[grain] if grain else None

    def narrowing(self, options: Asks) -> dict[str, Any]:
        """Filters, time range and row limit of any kind that asks a dataset."""
        written = [self._filter(f) for f in options.filters]
        written += [
            {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": w.expression}
            for w in options.where
        ]
        for item in options.having:
            text = expression(item.metric, self)
            if (
                item.value == 1
                and text.startswith("CASE WHEN (")
                and text.endswith(" THEN 1 ELSE 0 END")
            ):
                text = text[len("CASE WHEN (") : -len(") THEN 1 ELSE 0 END")]
            elif isinstance(item.value, tuple):
                text = f"({text}) BETWEEN {item.value[0]!r} AND {item.value[1]!r}"
            elif item.value is None:
                text = f"({text}) {item.op.upper()}"
            else:
                text = f"({text}) {item.op} {item.value!r}"
            written.append({"expressionType": "SQL", "clause": "HAVING", "sqlExpression": text})
        timed = options.time_column or (self.dataset.time_column if options.time_range else None)
        if timed:
            written.append(self._simple(timed, "TEMPORAL_RANGE", superset_text(options.time_range)))
        return {"adhoc_filters": written, "row_limit": options.limit}

    def _filter(self, item: Filter) -> dict[str, Any]:
        if item.op == "time range":
            return self._simple(item.column, "TEMPORAL_RANGE", superset_text(str(item.value)))
        if item.grain or item.bin:
            self.note(f"The filter on {item.column} means a whole bucket; Superset has none.")
        if item.op in ("contains", "not contains", "starts with", "ends with"):
            low = "" if item.op == "starts with" else "%"
            high = "" if item.op == "ends with" else "%"
            operator = "NOT ILIKE" if item.op == "not contains" else "ILIKE"
            return self._simple(item.column, operator, f"{low}{item.value}{high}")
        if item.op == "between" and isinstance(item.value, tuple):
            low_value, high_value = item.value
            sql = " AND ".join(
                f"{item.column} {sign} {value!r}"
                for sign, value in ((">=", low_value), ("<=", high_value))
                if value is not None
            )
            return {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": sql or "1 = 1"}
        value = (
            [_spoken(v) for v in item.value]
            if isinstance(item.value, tuple)
            else _spoken(item.value)
            if item.value is not None
            else None
        )
        return self._simple(item.column, _OPERATORS[item.op], value)

    def _simple(self, column: str, operator: str, value: Any) -> dict[str, Any]:
        return {
            "expressionType": "SIMPLE", "clause": "WHERE", "subject": column,
            "operator": operator, "comparator": value,
        }  # fmt: skip

    def number_format(self, options: Any, key: str = "y_axis_format") -> dict[str, Any]:
        """`format` and `currency` of a kind's options under Superset's keys."""
        found: dict[str, Any] = {}
        if getattr(options, "format", None):
            found[key] = names.written_number(options.format)
        if getattr(options, "currency", None):
            found["currency_format"] = {"symbol": options.currency, "symbolPosition": "prefix"}
        return found

    def palette(self, options: Any) -> dict[str, str]:
        """The categorical colour scheme, if the chart names one that Superset has."""
        chosen = getattr(options, "palette", None)
        theirs = names.written_palette(chosen)
        return {"color_scheme": theirs} if theirs else {}


# From a kind's options to Superset's type and parameters.
Writer = Callable[[Any, Out], tuple[str, dict[str, Any]]]


def expression(metric: Metric, out: Out) -> str:
    """A metric as SQL for Superset's datasets."""
    if isinstance(metric, str):
        saved = out.dataset.metric(metric)
        return expression(saved.definition, out) if saved else metric
    theirs = out.aggregate(metric)
    if isinstance(metric, SimpleMetric) and metric.column is not None and theirs is not None:
        if theirs == "COUNT_DISTINCT":
            return f"COUNT(DISTINCT {quoted(metric.column)})"
        return f"{theirs}({quoted(metric.column)})"
    return out._sql(metric)


def quoted(name: str) -> str:
    """A column's name as an identifier, in quotes where it needs them."""
    return name if name.isidentifier() and name.isascii() else '"' + name.replace('"', '""') + '"'


def _spoken(value: Scalar) -> Scalar:
    if value is None:
        return NULL
    return EMPTY_TEXT if value == "" else value
