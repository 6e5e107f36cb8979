"""Datasets of a bundle: their tables found, their columns, metrics and SQL in our words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dashapp.charts.formats import check_format
from dashapp.errors import Invalid
from dashapp.query.sqlguard import check_expression, check_query, check_relation
from dashapp.services.superset import kept_times, names
from dashapp.services.superset.connections import Tables, Target
from dashapp.services.superset.dialects import Translation, is_template, week_start
from dashapp.services.superset.documents import ColumnDocument, DatasetDocument, MetricDocument
from dashapp.specs import ColumnSpec, ColumnType, MetricSpec, SimpleMetric, SqlMetric
from dashapp.specs.bundle import BundleDataset
from dashapp.specs.query import AdhocMetric, Aggregate

# Names of types in the order in which they are looked for.
TYPES: Final[tuple[tuple[str, ColumnType], ...]] = (
    (r"BOOL|BIT$|BIT\(1\)", "boolean"),
    (r"INTERVAL|BLOB|BINARY|BYTEA|JSON|ARRAY|STRUCT|MAP|RECORD|ROW\(|GEO|POINT|POLYGON", "other"),
    (r"DATETIME|TIMESTAMP", "time"),
    (r"DATE", "date"),
    (r"U?(TINY|SMALL|MEDIUM|BIG|HUGE)?INT(EGER)?\d*\b|LONG(LONG)?$|SHORT$|SERIAL|YEAR$", "integer"),
    (r"NUM|DEC|REAL|FLOAT|DOUBLE|MONEY", "number"),
)
AGGREGATES: Final[dict[type[exp.Expr], Aggregate]] = {
    exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max", exp.Count: "count",
}  # fmt: skip


@dataclass
class Made:
    """A dataset as it would be kept here; without `spec` it cannot be, for `problem`."""

    document: DatasetDocument
    target: Target
    spec: BundleDataset | None = None
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    translation: Translation | None = None

    def note(self, sentence: str) -> None:
        """Tell people what was not carried over."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def dataset(document: DatasetDocument, target: Target, tables: Tables) -> Made:
    """A dataset of a bundle over the database it goes to."""
    made = Made(document, target)
    if target.uuid is None:
        made.problem = f"Its database {target.name} is missing."
        return made
    try:
        made.spec = _dataset(made, tables)
    except Invalid as error:
        made.problem = error.message
    return made


def _dataset(made: Made, tables: Tables) -> BundleDataset:
    document, target = made.document, made.target
    sql = (document.sql or "").strip().rstrip(";").strip() or None
    schema, table, real = None, None, None
    if sql is None:
        schema, table, real = _table(made, tables)
        check_relation(table, schema, target.dialect)
    else:
        sql = Translation(target.source_dialect, target.dialect).query(sql)
        check_query(sql, target.dialect)
    columns = _columns(made, real)
    made.translation = Translation(target.source_dialect, target.dialect, columns)
    columns += _calculated(made, {c.name for c in columns})
    made.translation = Translation(target.source_dialect, target.dialect, columns)
    _note_rest(made)
    time_column = document.main_dttm_col or None
    if time_column and time_column not in {c.name for c in columns}:
        made.note(f"Its time column {time_column[:100]} is not among its columns.")
        time_column = None
    ttl = document.cache_timeout
    return BundleDataset(
        uuid=document.uuid, name=document.table_name[:250], database=target.uuid or document.uuid,
        schema_name=schema, table=table, sql=sql, time_column=time_column,
        week_start=week_start(target.source or target.kind), columns=columns,
        metrics=_metrics(made, columns), description=document.description or None,
        ttl_s=max(ttl, 0) if ttl is not None else None,
    )  # fmt: skip


def _table(made: Made, tables: Tables) -> tuple[str | None, str, list[ColumnSpec] | None]:
    """Schema, name and real columns of the dataset's table."""
    document, target = made.document, made.target
    schema = document.schema_name or None
    found = tables.find(target, document.table_name, schema)
    if found is not None:
        return *found, tables.columns(target, found[1], found[0])
    problem = tables.problem(target)
    if problem:
        made.note(f"{target.name} could not be asked about its tables: {problem}")
    elif target.spec is not None:
        made.note(
            f"There is no table {document.table_name[:100]} in {target.mapped_to or target.name}."
        )
    if target.mapped_to or target.source in ("sqlite", "duckdb"):
        schema = None  # That of the other engine says nothing.
    return schema, document.table_name[:250], None


# Columns


def _columns(made: Made, real: list[ColumnSpec] | None) -> tuple[ColumnSpec, ...]:
    """The physical columns, with the types that the database itself tells."""
    exact = {c.name: c for c in real or ()}
    lower = {c.name.lower(): c for c in real or ()}
    found, lost = list[ColumnSpec](), list[str]()
    for column in _unique(made, made.document.columns):
        if (column.expression or "").strip():
            continue
        name = column.column_name[:250]
        known = exact.get(name) or lower.get(name.lower())
        if real is not None and known is None:
            lost.append(name)
            continue
        found.append(_column(made, column, known))
    if lost:
        made.note(f"Its table has no such columns: {', '.join(lost[:20])}.")
    return tuple(found)


def _unique(made: Made, columns: Iterable[ColumnDocument]) -> list[ColumnDocument]:
    columns = list(columns)
    counts = Counter(c.column_name[:250] for c in columns)
    for name in [n for n, count in counts.items() if count > 1]:
        made.note(f"The column {name} is there twice; the first one is taken.")
    first: dict[str, ColumnDocument] = {}
    for column in columns:
        first.setdefault(column.column_name[:250], column)
    return list(first.values())


def _column(made: Made, column: ColumnDocument, known: ColumnSpec | None) -> ColumnSpec:
    declared = type_of(column.type, is_time=bool(column.is_dttm))
    kind = known.type if known else declared
    name, sql = known.name if known else column.column_name[:250], None
    if column.is_dttm and kind not in ("time", "date"):
        told = column.python_date_format or ("epoch_ms" if kind == "integer" else "")
        sql = kept_times.expression(made.target.kind, name, kind, told)
        if sql and not column.python_date_format:
            made.note(f"The numbers of {name[:100]} are read as milliseconds since 1970.")
        kind = "time" if sql else _told_time(made, column, kind)
    return ColumnSpec(
        name=name, type=kind, expression=sql,
        zoned=known.zoned if known else is_zoned(column.type), **_described(column),
    )  # fmt: skip


def _told_time(made: Made, column: ColumnDocument, kind: ColumnType) -> ColumnType:
    """The type of a column that Superset takes for a time though the database does not."""
    if kind == "text" and made.target.kind == "sqlite" and not column.python_date_format:
        return "time"  # SQLite keeps times as text.
    made.note(f"{column.column_name[:100]} is a time in Superset; here it stays {kind}.")
    return kind


def _described(column: ColumnDocument) -> dict[str, object]:
    return {
        "label": (column.verbose_name or "").strip()[:250] or None,
        "description": column.description or None,
        "groupable": column.groupby is not False,
        "filterable": column.filterable is not False,
    }


def _calculated(made: Made, physical: set[str]) -> tuple[ColumnSpec, ...]:
    """Columns with SQL of their own, said in the database's SQL."""
    found = []
    for column in _unique(made, made.document.columns):
        sql = (column.expression or "").strip()
        name = column.column_name[:250]
        if not sql or name in physical or made.translation is None:
            continue
        kind: ColumnType | None = type_of(column.type, is_time=bool(column.is_dttm))
        if column.type is None and not column.is_dttm:
            kind = made.translation.type_of(sql)
        written = _checked(made, f"column {name}", sql, allow_aggregates=False)
        if written is not None:
            found.append(
                ColumnSpec(name=name, type=kind or "text", expression=written, **_described(column))
            )
    return tuple(found)


def _checked(made: Made, what: str, sql: str, *, allow_aggregates: bool) -> str | None:
    """SQL as the database reads it; None, with a note, if it may not be asked."""
    if is_template(sql):
        made.note(f"The {what} is left out: its SQL is a Jinja template.")
        return None
    written = made.translation.expression(sql) if made.translation else sql
    try:
        check_expression(written, made.target.dialect, allow_aggregates=allow_aggregates)
    except Invalid as error:
        made.note(f"The {what} is left out. {error.message}")
        return None
    return written


def type_of(declared: str | None, *, is_time: bool = False) -> ColumnType:
    """What Superset's name of a type means; times are told by a flag of their own."""
    text = (declared or "").upper().strip()
    found: ColumnType = "text"
    found = next((kind for pattern, kind in TYPES if re.search(pattern, text)), found)
    if is_time and found not in ("time", "date"):
        return "time" if not text else found
    return found


def is_zoned(declared: str | None) -> bool:
    """Whether times of this type carry an offset."""
    text = (declared or "").upper()
    return "WITH TIME ZONE" in text or "TIMESTAMPTZ" in text


# Metrics


def _metrics(made: Made, columns: tuple[ColumnSpec, ...]) -> tuple[MetricSpec, ...]:
    found: dict[str, MetricSpec] = {}
    known = {c.name.lower(): c.name for c in columns}
    for metric in made.document.metrics:
        name = metric.metric_name[:250]
        if name in found:
            made.note(f"The metric {name} is there twice; the first one is taken.")
            continue
        definition = _definition(made, metric, name, known)
        if definition is not None:
            found[name] = _metric(made, metric, name, definition)
    return tuple(found.values())


def _definition(
    made: Made, metric: MetricDocument, name: str, columns: dict[str, str]
) -> AdhocMetric | None:
    sql = metric.expression.strip()
    if not sql:
        made.note(f"The metric {name} is left out: it says nothing.")
        return None
    simple = plain_aggregate(sql, made.target.source_dialect or made.target.dialect, columns)
    if simple is not None:
        aggregate, column = simple
        return SimpleMetric(aggregate=aggregate, column=column, label=name)
    written = _checked(made, f"metric {name}", sql, allow_aggregates=True)
    return SqlMetric(expression=written, label=name) if written else None


def plain_aggregate(
    sql: str, dialect: str, columns: dict[str, str]
) -> tuple[Aggregate, str | None] | None:
    """(aggregate, column) of SQL that is one aggregate of one column (names in lower case → name).

    The column is None for COUNT(*). None for all other SQL.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return None
    aggregate = AGGREGATES.get(type(tree))
    if aggregate is None or {k for k, v in tree.args.items() if v} - {"this", "big_int"}:
        return None
    inner = tree.this
    if aggregate == "count" and isinstance(inner, exp.Star):
        return "count", None
    if aggregate == "count" and isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
        aggregate, inner = "count_distinct", inner.expressions[0]
    if not isinstance(inner, exp.Column) or inner.table or inner.name.lower() not in columns:
        return None
    return aggregate, columns[inner.name.lower()]


def _metric(made: Made, metric: MetricDocument, name: str, definition: AdhocMetric) -> MetricSpec:
    money = names.currency(metric.currency)
    texts = [metric.description or "", metric.warning_text or ""]
    return MetricSpec(
        name=name, definition=definition, label=(metric.verbose_name or "").strip()[:250] or None,
        description="\n\n".join(t for t in texts if t) or None,
        format=_format(made, name, metric.d3format), currency=money[0] if money else None,
    )  # fmt: skip


def _format(made: Made, name: str, text: str | None) -> str | None:
    found = names.number(text) if text else None
    try:
        check_format(found, "number")
    except Invalid:
        made.note(f"The format {str(text)[:50]} of {name} is not known here.")
        return None
    return found


def _note_rest(made: Made) -> None:
    """What a dataset says that is not carried over."""
    document = made.document
    if document.offset:
        made.note(f"Its times are moved by {document.offset} hours in Superset; here they are not.")
    if document.fetch_values_predicate:
        made.note("The condition on the values that its filters offer is not carried over.")
    if document.always_filter_main_dttm:
        made.note("Its main time column is always filtered in Superset; here only where asked.")
    if document.template_params not in (None, "", "{}", {}):
        made.note("Its template parameters are not carried over.")
    if document.currency_code_column:
        made.note("Currencies by row are not carried over.")
    if document.catalog:
        made.note(f"Its catalog {document.catalog[:100]} is not carried over.")
    if document.filter_select_enabled is False:
        made.note("Its filters offer no values in Superset; here they do.")
    lost = document.unknown()
    if lost:
        made.note(f"Not carried over: {', '.join(lost)}.")
