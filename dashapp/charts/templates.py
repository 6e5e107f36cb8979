"""Text made of an answer's rows by a template."""

from __future__ import annotations

import re
import string
from typing import Final

from pydantic import Field

from dashapp.charts import handlebars, markup
from dashapp.charts.asks import DATA, Asks
from dashapp.charts.base import ChartKind, Drawing, Empty, Look, Tables, Text
from dashapp.charts.handlebars_words import Telling
from dashapp.charts.plot_options import needs
from dashapp.charts.plotting import NO_ROWS
from dashapp.charts.text import told
from dashapp.charts.values import records
from dashapp.errors import Invalid
from dashapp.specs import DatasetSpec, Dimension, Order, QuerySpec, metric_name
from dashapp.specs.query import Metric

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_MARKS: Final = re.compile("[" + re.escape(string.punctuation) + "]")
_SPACE: Final = re.compile(r"\s+")


class Template(ChartKind):
    """Text with values in it, in the manner of Handlebars."""

    slug, title, family, icon = "template", "Templated text", "text", "braces"
    description = "Sentences, lists and tables made of the rows of an answer."

    class Options(Asks, ChartKind.Options):
        """Which rows, and the template."""

        template: str = Field(
            "",
            max_length=50_000,
            title="Template",
            description=(
                "Markdown or simple HTML with values: {{#each data}}- {{name}}: "
                "{{formatNumber sales ',.0f'}}{{/each}}."
            ),
            json_schema_extra=DATA | {"widget": "markdown"},
        )
        dimensions: tuple[Dimension, ...] = Field(
            (),
            max_length=20,
            title="Dimensions",
            description="One row per combination of their members.",
            json_schema_extra=DATA | {"widget": "dimensions"},
        )
        metrics: tuple[Metric, ...] = Field(
            (),
            max_length=50,
            title="Metrics",
            description="Values of each row.",
            json_schema_extra=DATA | {"widget": "metrics"},
        )
        columns: tuple[str, ...] = Field(
            (),
            max_length=100,
            title="Columns",
            description="Raw columns, instead of dimensions and metrics.",
            json_schema_extra=DATA | {"widget": "columns"},
        )
        limit: int | None = Field(
            100,
            ge=1,
            le=1_000_000,
            title="Row limit",
            description="Most rows to ask for.",
            json_schema_extra=DATA,
        )

    @classmethod
    def queries(cls, options: Options, dataset: DatasetSpec) -> dict[str, QuerySpec]:
        """Grouped rows, largest first; or raw ones."""
        chosen = (*options.dimensions, *options.metrics, *options.columns)
        needs(chosen, "dimensions", "Choose the columns or metrics that the template writes.")
        if options.columns:
            return {"main": options.base_query(dataset, columns=options.columns)}
        order = options.order
        if not order and options.metrics and options.dimensions:
            order = (Order(by=metric_name(options.metrics[0]), descending=True),)
        query = options.base_query(dataset, options.dimensions, options.metrics, order=order)
        return {"main": query}

    @classmethod
    def figure(cls, options: Options, tables: Tables, dataset: DatasetSpec, look: Look) -> Drawing:
        """The template with the rows' values, as Markdown in which data is only text."""
        if not options.template.strip():
            return Empty("not_configured", "There is no template yet.", "No text")
        try:
            tree = handlebars.parse(options.template)
            table = tables["main"]
            if not table.num_rows and not handlebars.has_else(tree):
                return Empty("no_rows", NO_ROWS)
            writing = handlebars.Writing(escaped, Telling(look.locale, look.zone))
            text = writing.text(tree, {"data": records(table, zone=look.zone)})
        except Invalid as error:
            return Empty("not_configured", error.message, "No text")
        found, _ = markup.markdown(text)
        return Text(found, told(found)) if found.strip() else Empty("no_rows", NO_ROWS)


def escaped(text: str) -> str:
    """Data that Markdown and HTML take for text, on one line."""
    line = _SPACE.sub(" ", text)
    return _MARKS.sub(lambda m: _ENTITIES.get(m[0], f"\\{m[0]}"), line)
