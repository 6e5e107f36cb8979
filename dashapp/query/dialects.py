"""What differs between warehouses' SQL, as SQLAlchemy expressions."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.sql.visitors import InternalTraversal

from dashapp.errors import Invalid
from dashapp.query import grains
from dashapp.query.zones import FIRST_YEAR, LAST_YEAR, shifts
from dashapp.specs.query import Grain
from dashapp.warehouses import sketching

Element = ColumnElement[Any]


class Sql(FunctionElement[Any]):
    """A piece of our own SQL with {0}, {1} … for its arguments."""

    name = "sql"
    _traverse_internals = [
        *FunctionElement._traverse_internals,
        ("template", InternalTraversal.dp_string),
    ]

    def __init__(self, template: str, *arguments: Element, type_: Any = None) -> None:
        self.template = template
        super().__init__(*arguments)
        self.type = sa.types.to_instance(type_)


class Rows(sa.TableClause):
    """A checked query in the place of a table; its text is ours, never a person's."""

    _traverse_internals = [
        *sa.TableClause._traverse_internals,
        ("text", InternalTraversal.dp_string),
    ]

    def __init__(self, text: str, name: str) -> None:
        super().__init__(name)
        self.text = text


@compiles(Sql)
def _compile_sql(element: Sql, compiler: SQLCompiler, **options: Any) -> str:
    arguments = [compiler.process(a, **options) for a in element.clauses]
    template = _percents(element.template, compiler)
    return re.sub(r"\{(\d)\}", lambda found: arguments[int(found[1])], template)


@compiles(Rows)
def _compile_rows(element: Rows, compiler: SQLCompiler, asfrom: bool = False, **_: Any) -> str:
    if not asfrom:
        return element.name
    return f"({_percents(element.text, compiler)}) AS {element.name}"


def _percents(text: str, compiler: SQLCompiler) -> str:
    """Drivers that mark parameters with % want a plain one doubled."""
    return text.replace("%", "%%") if compiler.preparer._double_percents else text


@dataclass(frozen=True)
class Flavour:
    """How one kind of warehouse writes what the others write differently."""

    name: str

    @classmethod
    def of(cls, dialect: Dialect) -> Flavour:
        """The flavour of an SQLAlchemy dialect; MariaDB is MySQL."""
        return cls("mysql" if dialect.name == "mariadb" else dialect.name)

    def truncate(self, time: Element, grain: Grain, week_start: grains.WeekStart) -> Element:
        """The start of the grain that a time falls in."""
        template = grains.template(self.name, grain, week_start)
        if template is None:
            raise Invalid(f"Time grains are not supported on {self.name}.")
        return Sql(template, time, type_=sa.DateTime())

    def as_date(self, time: Element) -> Element:
        """The day of a time, typed as a date."""
        if self.name == "sqlite":
            return Sql("strftime('%Y-%m-%d', {0})", time, type_=sa.Date())
        return Sql("CAST({0} AS DATE)", time, type_=sa.Date())

    def local(
        self, time: Element, data_zone: str, zone: str, bounds: tuple[datetime | None, ...] = ()
    ) -> Element:
        """What clocks in `zone` show, given what clocks in `data_zone` show (a naive time).

        Databases without zones get a CASE over the moments when the distance of the two
        zones changes, between `bounds` (naive, in `data_zone`) or else 1970 and 2037.
        """
        if self.name in ("postgresql", "duckdb"):
            return Sql(
                f"timezone({_quoted(zone)}, timezone({_quoted(data_zone)}, "
                "CAST({0} AS TIMESTAMP)))",
                time,
                type_=sa.DateTime(),
            )
        low, high = bounds if len(bounds) == 2 else (None, None)
        first, last = (low.year if low else FIRST_YEAR, high.year if high else LAST_YEAR)
        return Sql(_moved(self.name, data_zone, zone, first, last), time, type_=sa.DateTime())

    def zoned(self, time: Element, zone: str) -> Element:
        """What clocks in `zone` show at an exact moment (a time with an offset)."""
        if self.name in ("postgresql", "duckdb"):
            return Sql(f"timezone({_quoted(zone)}, {{0}})", time, type_=sa.DateTime())
        return self.local(time, "UTC", zone)

    def before(self, time: Element, bound: datetime | date) -> Element:
        """Whether a time is before a bound of its own kind (a date, naive, or with offset)."""
        return self._compared(time, bound, "<")

    def not_before(self, time: Element, bound: datetime | date) -> Element:
        """Whether a time is at or after a bound of its own kind."""
        return self._compared(time, bound, ">=")

    def one_of(self, listed: Element) -> Element:
        """Whether a value is in a list, empty values not.

        DuckDB tries a bare list on every value that it reads; wrapped, on every different one of
        a batch, which takes a third of the time.
        """
        if self.name != "duckdb":
            return listed
        return Sql("coalesce({0}, FALSE)", listed, type_=sa.Boolean())

    def _compared(self, time: Element, bound: datetime | date, sign: str) -> Element:
        if self.name != "sqlite":
            other = _bound(bound)
            return time < other if sign == "<" else time >= other
        text = _shortest(bound)
        if len(text) > 10:  # The data may have a T between day and time.
            time = Sql("replace({0}, 'T', ' ')", time)
        shortest = sa.literal(text, sa.String())
        return sa.type_coerce(time, sa.String()).op(sign, is_comparison=True)(shortest)

    def double(self, number: Element) -> Element:
        """A number as a double, on every driver."""
        if self.name == "mysql":
            return Sql("({0} + 0E0)", number, type_=sa.Float())
        kind = "REAL" if self.name == "sqlite" else "DOUBLE PRECISION"
        return Sql(f"CAST({{0}} AS {kind})", number, type_=sa.Float())

    def whole(self, number: Element) -> Element:
        """A whole number of 64 bits, on every driver."""
        kind = {"sqlite": "INTEGER", "mysql": "SIGNED"}.get(self.name, "BIGINT")
        return Sql(f"CAST({{0}} AS {kind})", number, type_=sa.BigInteger())

    def text(self, value: Element) -> Element:
        """Any value as text."""
        kind = {"mysql": "CHAR", "sqlite": "TEXT"}.get(self.name, "VARCHAR")
        return Sql(f"CAST({{0}} AS {kind})", value, type_=sa.String())

    def floor(self, number: Element) -> Element:
        """The largest whole number not above a number."""
        if self.name == "sqlite":  # floor() is not in every build.
            whole = "CAST({0} AS INTEGER)"
            return Sql(f"({whole} - ({{0}} < {whole}))", number, type_=sa.Float())
        return Sql("floor({0})", number, type_=sa.Float())

    def median(self, number: Element) -> Element:
        """The middle value of a group."""
        if self.name == "postgresql":
            template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})"
            return Sql(template, self.double(number), type_=sa.Float())
        if self.name in ("duckdb", "sqlite"):  # Ours on SQLite.
            return Sql("median({0})", self.double(number), type_=sa.Float())
        raise Invalid("The median is not available on this kind of database.")

    def stddev(self, number: Element) -> Element:
        """The sample standard deviation of a group."""
        return Sql("stddev_samp({0})", self.double(number), type_=sa.Float())

    def register(self, value: Element) -> Element:
        """The register of a value's hash (`dashapp.warehouses.sketching`), empty for empty ones."""
        if self.name == "sqlite":  # Ours there.
            return Sql("sketch_register({0})", value, type_=sa.BigInteger())
        return self._whole_of(f"({self._hash(value)} & {sketching.REGISTERS - 1})", value)

    def least_hash(self, value: Element) -> Element:
        """The part of a value's hash that is compared within its register."""
        if self.name == "sqlite":
            return Sql("sketch_hash({0})", value, type_=sa.BigInteger())
        moved = f"({self._hash(value)} >> {sketching.REGISTER_BITS})"
        return self._whole_of(f"({moved} & {sketching.HASHES - 1})", value)

    def log_bin(self, number: Element) -> Element:
        """The bin of a number, in bins whose edges grow by a factor."""
        if self.name == "sqlite":
            return Sql("sketch_bin({0})", number, type_=sa.BigInteger())
        place = f"({sketching.OFFSET} + ceil(ln(abs({{0}})) * {1 / math.log(sketching.GROWTH)!r}))"
        whens = f"WHEN abs({{0}}) < {sketching.ZERO!r} THEN 0 WHEN {{0}} < 0 THEN -{place}"
        text = f"CASE WHEN {{0}} IS NULL THEN NULL {whens} ELSE {place} END"
        return self.whole(Sql(text, self.double(number), type_=sa.Float()))

    def _whole_of(self, template: str, value: Element) -> Element:
        """A whole number by a template of ours, empty for empty values."""
        text = f"CASE WHEN {{0}} IS NULL THEN NULL ELSE {template} END"
        return self.whole(Sql(text, value, type_=sa.BigInteger()))

    def _hash(self, value: Element) -> str:
        """The template of a hash of 64 bits: equal for values that are equal to the database."""
        is_text = isinstance(value.type, sa.String)
        if self.name == "duckdb":
            return "hash({0})"
        if self.name == "postgresql":
            if isinstance(value.type, sa.BigInteger):
                return "hashint8extended(CAST({0} AS BIGINT), 0)"
            if isinstance(value.type, sa.Float):
                return "hashfloat8extended(CAST({0} AS DOUBLE PRECISION), 0)"
            return 'hashtextextended(CAST({0} AS TEXT) COLLATE "C", 0)'
        if self.name == "mysql":
            plain = "WEIGHT_STRING({0})" if is_text else "{0}"
            return f"CAST(CONV(LEFT(MD5({plain}), 16), 16, 10) AS UNSIGNED)"
        raise Invalid("Approximate counts are not available on this kind of database.")

    def like(self, text: Element, pattern: str) -> Element:
        """Whether a text fits a LIKE pattern by case; "/" takes the next character literally."""
        if self.name == "sqlite":  # LIKE ignores case there.
            return Sql("({0} GLOB {1})", text, sa.literal(_glob(pattern)), type_=sa.Boolean())
        return text.like(pattern, escape="/")

    def is_same(self, one: Element, other: Element) -> Element:
        """Equality where empty equals empty, written so that joins can hash it."""
        zero = _ZEROES.get(type(one.type))
        if self.name != "postgresql" or zero is None:
            return one.is_not_distinct_from(other)
        filler = sa.literal_column(zero, one.type)
        return sa.and_(
            sa.func.coalesce(one, filler) == sa.func.coalesce(other, filler),
            one.is_(None) == other.is_(None),
        )

    def order(self, element: Element, position: int, descending: bool) -> list[Element]:
        """ORDER BY a column of the answer (by its position, from 1), empty values last."""
        return self.order_by(element, sa.literal_column(str(position)), descending)

    def order_members(self, element: Element, position: int, descending: bool) -> list[Element]:
        """`order` of a grouping: texts by Unicode code point, whatever the database's language."""
        template = _BY_CODE_POINT.get(self.name)
        if template is None or not isinstance(element.type, sa.String):
            return self.order(element, position, descending)
        return self.order_by(element, Sql(template, element, type_=sa.String()), descending)

    def order_by(self, element: Element, key: Element, descending: bool) -> list[Element]:
        """ORDER BY `key`, by which `element` is sorted, empty values last."""
        directed: Element = sa.desc(key) if descending else sa.asc(key)
        if self.name == "mysql":
            return [element.is_(None), directed]
        return [directed.nulls_last()]


# SQLite and DuckDB sort texts so by themselves.
_BY_CODE_POINT = {
    "postgresql": 'CAST({0} AS VARCHAR) COLLATE "C"',
    "mysql": "CAST({0} AS BINARY)",
}
_ZEROES: dict[type[Any], str] = {
    sa.String: "''",
    sa.BigInteger: "0",
    sa.Float: "0",
    sa.Boolean: "false",
    sa.DateTime: "timestamp '1970-01-01'",
    sa.Date: "date '1970-01-01'",
}


def _bound(bound: datetime | date) -> Element:
    """A bound as a value: a day, a naive time, or a moment, whatever the session's zone."""
    if not isinstance(bound, datetime):
        return sa.literal(bound, sa.Date())
    if bound.tzinfo is None:
        return sa.literal(bound, sa.DateTime())
    naive = sa.literal(bound.astimezone(UTC).replace(tzinfo=None), sa.DateTime())
    return Sql("timezone('UTC', {0})", naive, type_=sa.DateTime(timezone=True))


def _quoted(text: str) -> str:
    """A zone's name as a literal; zones are known names without quotes."""
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=512)
def _moved(name: str, data_zone: str, zone: str, first_year: int, last_year: int) -> str:
    """The template that turns a naive time of `data_zone` into one of `zone`, by a CASE in text.

    The text holds our own constants only; as elements it would take a hundred times as long.
    """
    steps = [
        (at, int(by.total_seconds())) for at, by in shifts(data_zone, zone, first_year, last_year)
    ]
    found = [at for at, _ in steps[1:] if at]
    edges = [_shortest(at) if name == "sqlite" else at.isoformat(sep=" ") for at in found]
    if name == "sqlite":
        left = ["{0}" if len(edge) == 10 else "replace({0}, 'T', ' ')" for edge in edges]
        by = [f"'{seconds:+d} seconds'" for _, seconds in steps]
        frame = "strftime('%Y-%m-%d %H:%M:%f', {0}, @)"
    elif name == "mysql":
        left, by = ["{0}"] * len(edges), [str(seconds) for _, seconds in steps]
        frame = "({0} + INTERVAL @ SECOND)"
    else:
        raise Invalid(f"Time zones are not supported on {name}.")
    if not edges:
        return frame.replace("@", by[0])
    whens = zip(left, edges, by[:-1], strict=True)
    text = " ".join(f"WHEN {time} < '{edge}' THEN {shift}" for time, edge, shift in whens)
    return frame.replace("@", f"(CASE {text} ELSE {by[-1]} END)")


def _shortest(bound: datetime | date) -> str:
    """A time as the shortest ISO text, which sorts before every longer form of the same time."""
    if not isinstance(bound, datetime):
        return bound.isoformat()
    text = bound.isoformat(sep=" ")
    if bound.microsecond:
        return text.rstrip("0")
    return text.removesuffix(":00").removesuffix(" 00:00")


def _glob(pattern: str) -> str:
    """A LIKE pattern ("/" escapes) as SQLite's GLOB pattern."""
    parts, escaped = [], False
    for char in pattern:
        if escaped or char not in "/%_":
            parts.append(f"[{char}]" if char in "*?[" else char)
            escaped = False
        elif char == "/":
            escaped = True
        else:
            parts.append("*" if char == "%" else "?")
    return "".join(parts)
