"""The entity-relationship diagram of the metadata database, drawn from the tables themselves.

`python -m models.erd` writes `docs/erd.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

import models

TARGET = Path("docs/erd.md")
INTRODUCTION = """# The metadata database

Made from `models/` by `python -m models.erd`; a test holds the two together. PK, FK and UK mark
primary, foreign and unique keys. `created_by_id` and `changed_by_id` refer to `users` too; their
lines are left out.
"""
AUDIT = ("created_by_id", "changed_by_id")


def document(metadata: sa.MetaData = models.Base.metadata) -> str:
    """The whole page: Markdown with the diagram in Mermaid."""
    return f"{INTRODUCTION}\n```mermaid\n{diagram(metadata)}\n```\n"


def diagram(metadata: sa.MetaData) -> str:
    """The diagram in Mermaid, tables and lines in alphabetical order."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    parts = [line for table in tables for line in _entity(table)]
    parts += [line for table in tables for line in _relations(table)]
    return "\n".join(["erDiagram", *(f"    {part}" for part in parts)])


def _entity(table: sa.Table) -> Iterator[str]:
    yield f"{table.name} {{"
    for column in table.columns:
        marks = ", ".join(_marks(table, column))
        yield f"    {_type(column)} {column.name} {marks}".rstrip()
    yield "}"


def _marks(table: sa.Table, column: sa.Column[object]) -> Iterator[str]:
    if column.primary_key:
        yield "PK"
    if column.foreign_keys:
        yield "FK"
    alone = [list(c.columns) for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    if [column] in alone:
        yield "UK"


def _type(column: sa.Column[object]) -> str:
    kind = column.type
    if isinstance(kind, models.UTCDateTime):
        return "instant"
    return type(kind).__name__.lower()


def _relations(table: sa.Table) -> Iterator[str]:
    for column in table.columns:
        for key in column.foreign_keys:
            if column.name not in AUDIT:
                parent = "|o" if column.nullable else "||"
                child = "o|" if column.unique else "o{"
                yield f"{key.column.table.name} {parent}--{child} {table.name} : {column.name}"


def main() -> None:
    """Write the page."""
    TARGET.write_text(document())


if __name__ == "__main__":
    main()
