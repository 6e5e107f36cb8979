"""Big numbers: one value in large type, alone or compared with an earlier one."""

from __future__ import annotations

from typing import Any, Final, Literal

import pyarrow as pa
from pydantic import Field

from dashapp.charts import formats
from dashapp.charts.asks import ANALYSIS, DATA, LOOK, Asks, metric_format, metric_title
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Number, Tables
from dashapp.charts.formats import NumberFormat
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.tones import ToneRule, tone
from dashapp.charts.values import number
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, QuerySpec, metric_name
from dashapp.specs.post import Compare, PostStep
from dashapp.specs.query import Metric

Better = Literal["higher", "lower", "neither"]
Size = Literal["tiny", "small", "normal", "large", "huge"]
SIZES: Final[dict[Size, float]] = {
    "tiny": 0.6, "small": 0.8, "normal": 1.0, "large": 1.25, "huge": 1.5,
}  # fmt: skip
_CHANGE = "+,.1%"


class NumberOptions(Asks, ChartKind.Options):
    """What every big number lets one set."""

    metric: Metric | None = Field(
        None,
        title="Metric",
        description="The value shown.",
        json_schema_extra=DATA | {"widget": "metric"},
    )
    format: NumberFormat | None = Field(
        None,
        title="Number format",
        description='d3 format such as ",.1f", or "smart"; the metric\'s own by default.',
        json_schema_extra=LOOK | {"widget": "number_format"},
    )
    currency: str | None = Field(
        None,
        pattern=r"^[A-Z]{3}$",
        title="Currency",
        description="ISO code such as EUR; the metric's own by default.",
        json_schema_extra=LOOK | {"widget": "currency"},
    )
    prefix: str = Field(
        "", max_length=20, title="Before", description="Text before it.", json_schema_extra=LOOK
    )
    suffix: str = Field(
        "",
        max_length=20,
        title="After",
        description='Text after it, such as " min".',
        json_schema_extra=LOOK,
    )
    size: Size = Field(
        "normal", title="Size", description="How large the value is.", json_schema_extra=LOOK
    )
    rules: tuple[ToneRule, ...] = Field(
        (),
        max_length=10,
        title="Conditional colours",
        description="The first rule that the value meets colours it.",
        json_schema_extra=LOOK,
    )
    better: Better = Field(
        "higher",
        title="Better is",
        description="Whether a rise is drawn as good, as bad, or as neither.",
        json_schema_extra=ANALYSIS,
    )
    change_format: NumberFormat | None = Field(
        None,
        title="Format of the change",
        description='d3 format of a change in percent, such as "+.1%".',
        json_schema_extra=ANALYSIS | {"widget": "number_format"},
    )

    def chosen(self) -> Metric:
        """The metric; Invalid if none is chosen yet."""
        if self.metric is None:
            raise Invalid("Choose a metric.", {"metric": "Choose a metric."})
        return self.metric

    def written(self, value: float | None, dataset: DatasetSpec, look: Look) -> str:
        """A value as it is shown, with text before and after it."""
        if value is None:
            return "–"
        own, currency = metric_format(self.chosen(), dataset)
        fmt = self.format or own or "smart"
        text = formats.number(value, fmt, self.currency or currency, look.locale)
        return f"{self.prefix}{text}{self.suffix}"


class ComparedOptions(NumberOptions):
    """A big number that may be compared with an earlier period."""

    compare: str | None = Field(
        None,
        min_length=1,
        max_length=50,
        title="Compare with",
        description='An earlier period: "previous period", "1 year", "28 days".',
        json_schema_extra=ANALYSIS | {"widget": "offset"},
    )
    compare_show: Literal["change", "difference", "value"] = Field(
        "change",
        title="Show comparison as",
        description="Change in percent, difference, or the earlier value.",
        json_schema_extra=ANALYSIS,
    )

    def comparison(self) -> tuple[PostStep, ...]:
        """The step that brings the earlier value, if one is asked for."""
        return earlier(self.chosen(), self.compare)


class BigNumber(ChartKind):
    """One value, and how it changed."""

    slug, title, family, icon = "big_number", "Big number", "numbers", "123"
    description = "One value in large type, compared with an earlier period if asked."

    class Options(ComparedOptions):
        """One metric over all rows."""

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row, without any dimension."""
        metric = options.chosen()
        query = options.base_query(dataset, (), (metric,), limit=1, post=options.comparison())
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The value; empty where no row has one."""
        now, then = first_row(tables["main"], options.chosen(), options.compare)
        if now is None:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        change, against = compared(options, dataset, look, now, then)
        return shown(options, dataset, look, now=now, then=then, change=change, notes=(against,))


class BigNumberPeriod(ChartKind):
    """One value beside that of an earlier period: both, their difference, and the change."""

    slug, title, family = "big_number_period", "Big number and earlier period", "numbers"
    icon = "arrow-left-right"
    description = "One value with the earlier period's, the difference and the change in percent."

    class Options(NumberOptions):
        """One metric over two periods."""

        compare: str = Field(
            "previous period",
            min_length=1,
            max_length=50,
            title="Compare with",
            description='An earlier period: "previous period", "1 year", "28 days".',
            json_schema_extra=ANALYSIS | {"widget": "offset"},
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """One row with the value and the earlier one."""
        metric = options.chosen()
        post = earlier(metric, options.compare)
        return {"main": options.base_query(dataset, (), (metric,), limit=1, post=post)}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The value, its change, and under it the earlier value and the difference."""
        now, then = first_row(tables["main"], options.chosen(), options.compare)
        if now is None:
            return Empty("no_rows", NO_ROWS, NO_ROWS)
        change, notes = "", ["No earlier value"]
        if then is not None:
            sign = "+" if now > then else ""
            difference = f"{sign}{options.written(now - then, dataset, look)}"
            notes = [f"vs {options.written(then, dataset, look)}"]
            change = (
                change_text(options, look, now, then)
                if then
                else f"{arrow(now, then)} {difference}"
            )
            notes += [difference] if then else []
        return shown(options, dataset, look, now=now, then=then, change=change, notes=notes)


def earlier(metric: Metric, offset: str | None) -> tuple[PostStep, ...]:
    """The step that brings a metric's value of an earlier period; none without an offset."""
    return (Compare(metrics=(metric_name(metric),), offset=offset),) if offset else ()


def first_row(
    table: pa.Table, metric: Metric, offset: str | None
) -> tuple[float | None, float | None]:
    """The value of the only row, and the earlier one."""
    name = metric_name(metric)
    if not table.num_rows or name not in table.column_names:
        return None, None
    row = table.slice(0, 1).to_pylist()[0]
    return number(row[name]), number(row.get(f"{name} ({offset})"))


def compared(
    options: ComparedOptions, dataset: DatasetSpec, look: Look, now: float, then: float | None
) -> tuple[str, str]:
    """The change as asked for, and the earlier value in words; empty without an earlier one."""
    if then is None:
        return "", ""
    against = f"vs {options.written(then, dataset, look)}"
    if options.compare_show == "value":
        return against, ""
    if options.compare_show == "difference" or then == 0:
        sign = "+" if now > then else ""
        difference = options.written(now - then, dataset, look)
        return f"{arrow(now, then)} {sign}{difference}", against
    return change_text(options, look, now, then), against


def change_text(options: NumberOptions, look: Look, now: float, then: float) -> str:
    """A change in percent of the earlier value, which is not zero."""
    share = (now - then) / abs(then)
    told = formats.number(share, options.change_format or _CHANGE, None, look.locale)
    return f"{arrow(now, then)} {told}"


def arrow(now: float, then: float) -> str:
    """Which way it went."""
    return "▲" if now > then else "▼" if now < then else "="


def shown(
    options: NumberOptions,
    dataset: DatasetSpec,
    look: Look,
    *,
    now: float,
    then: float | None,
    change: str,
    notes: tuple[str, ...] | list[str] = (),
    trend: dict[str, Any] | None = None,
    verdict: Literal["good", "bad", "neutral"] | None = None,
) -> Number:
    """The drawing of a value with what is told about it."""
    label, value = metric_title(options.chosen(), dataset), options.written(now, dataset, look)
    told = [n for n in notes if n]
    spoken = f"{label}: {value}" + (f"; {change}" if change else "")
    return Number(
        value=value,
        label=label,
        change=change,
        change_is=verdict or judged(options.better, now, then),
        note=" · ".join(told),
        trend=trend,
        tone=tone(now, options.rules),
        size=SIZES[options.size],
        summary=spoken + (f" ({', '.join(told)})" if told else ""),
    )


def judged(better: Better, now: float, then: float | None) -> Literal["good", "bad", "neutral"]:
    """Whether the change is drawn as good or bad."""
    if then is None or now == then or better == "neither":
        return "neutral"
    return "good" if (now > then) == (better == "higher") else "bad"
