"""What a query reads: the rows of a dataset and its columns as SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import quoted_name

from dashapp.errors import Misdefined
from dashapp.query import rules
from dashapp.query.dialects import Element, Flavour, Rows
from dashapp.query.sqlguard import Reference, check_expression
from dashapp.specs import ColumnSpec, ColumnType, Source

ALIAS = "source"  # Name of the rows inside every statement.
MAX_NESTING = 10
TYPES: dict[ColumnType, type[sa.types.TypeEngine[Any]]] = {
    "text": sa.String,
    "integer": sa.BigInteger,
    "number": sa.Float,
    "boolean": sa.Boolean,
    "time": sa.DateTime,
    "date": sa.Date,
    "other": sa.types.NullType,
}


@dataclass(frozen=True)
class Column:
    """A column of the dataset: what is said of it, and its SQL."""

    spec: ColumnSpec
    element: Element

    @property
    def type(self) -> ColumnType:
        """What kind of values it holds."""
        return self.spec.type


@dataclass(frozen=True)
class Reading:
    """The rows of one viewer's dataset, in the dialect and zone of one query.

    `bounds` is the range (naive, in the dataset's zone) that the query reads of its time
    column `timed`, if it has one.
    """

    source: Source
    dialect: sa.engine.Dialect
    sqlglot_dialect: str
    zone: str
    bounds: tuple[datetime | None, datetime | None] = (None, None)
    timed: str | None = None
    _elements: dict[str, Column] = field(default_factory=dict, compare=False)

    @cached_property
    def flavour(self) -> Flavour:
        """How this warehouse writes SQL."""
        return Flavour.of(self.dialect)

    @cached_property
    def rows(self) -> sa.FromClause:
        """The rows that the viewer may see, under the name "source"."""
        text = rules.rows_sql(self.source, self.sqlglot_dialect)
        if text is not None:
            return Rows(text, ALIAS)
        dataset = self.source.dataset
        schema = quoted_name(dataset.schema_name, True) if dataset.schema_name else None
        return sa.table(quoted_name(dataset.table or "", True), schema=schema).alias(ALIAS)

    @cached_property
    def specs(self) -> dict[str, ColumnSpec]:
        """The dataset's columns by name."""
        return {c.name: c for c in self.source.dataset.columns}

    def column(self, name: str) -> Column:
        """The column of that name; Invalid with a suggestion if there is none."""
        known = self._elements.get(name)
        if known is not None:
            return known
        spec = self.specs.get(name)
        if spec is None:
            raise unknown(name, self.specs, "column")
        made = Column(spec, self._element(spec))
        self._elements[name] = made
        return made

    def local(self, column: Column) -> Element:
        """A time as clocks in the viewer's zone show it; any other column as it is."""
        dataset = self.source.dataset
        if column.type != "time":
            return column.element
        if column.spec.zoned:
            return self.flavour.zoned(column.element, self.zone)
        if self.zone == dataset.zone:
            return column.element
        bounds = self.bounds if column.spec.name == self.timed else ()
        return self.flavour.local(column.element, dataset.zone, self.zone, bounds)

    def expression(
        self, text: str, *, allow_aggregates: bool = False, depth: int = 0, own: str | None = None
    ) -> str:
        """A person's expression, checked, with its columns bound to the rows.

        In the expression of a calculated column, its `own` name means the column of the rows.
        """
        if depth > MAX_NESTING:
            raise Misdefined("Calculated columns refer to each other in a circle.")
        checked = check_expression(text, self.sqlglot_dialect, allow_aggregates=allow_aggregates)

        def resolve(reference: Reference) -> str:
            spec = self.resolve(reference)
            if spec.expression and spec.name != own:
                return f"({self.expression(spec.expression, depth=depth + 1, own=spec.name)})"
            return self._own(spec)

        return checked.sql(resolve)

    def resolve(self, reference: Reference) -> ColumnSpec:
        """The column that an expression means: by exact name, else whatever its case."""
        dataset = self.source.dataset
        if reference.table and reference.table.lower() not in (
            (dataset.table or "").lower(),
            dataset.name.lower(),
        ):
            raise Misdefined(f"An expression may use columns of '{dataset.name}' only.")
        spec = self.specs.get(reference.name)
        if spec is not None:
            return spec
        alike = [s for n, s in self.specs.items() if n.lower() == reference.name.lower()]
        if len(alike) != 1:
            raise unknown(reference.name, self.specs, "column")
        return alike[0]

    def _element(self, spec: ColumnSpec) -> Element:
        text = self._calculated(spec.expression, spec.name) if spec.expression else self._own(spec)
        return sa.literal_column(text, TYPES[spec.type]())

    def _calculated(self, expression: str, name: str) -> str:
        """A calculated column: what people wrote, checked and bound to the rows."""
        return f"({self.expression(expression, own=name)})"

    def _own(self, spec: ColumnSpec) -> str:
        """A column of the rows, always quoted and qualified: a name that is gone is an error."""
        return f"{ALIAS}.{self.dialect.identifier_preparer.quote_identifier(spec.name)}"


def unknown(name: str, known: dict[str, Any], what: str) -> Misdefined:
    """The error for a name that the dataset does not have."""
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return Misdefined(f"The dataset has no {what} '{name}'.{hint}", {name: "unknown"})
