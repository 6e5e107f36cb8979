"""An answer and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import pyarrow as pa

from dashapp.query.versions import UNKNOWN, DataVersion

Rung = Literal["memory", "redis", "disk", "derived", "rollup", "warehouse"]


@dataclass(frozen=True)
class Result:
    """One query's table with its provenance.

    `rung` says who answered this time; `seconds` is what the warehouse took when it was asked,
    `as_of` (UTC) when that was; `sql` the statement with its values; `truncated` whether more
    rows exist than the limit let through. `late` says why an answer past its age is shown: its
    database is "slow" or "down"; a newer one is being asked for. `version` is the data's. `errors` are
    the relative errors of approximate metrics, by name; of exact numbers there are none.
    """

    table: pa.Table
    key: str
    sql: str
    rung: Rung
    seconds: float
    as_of: datetime
    truncated: bool = False
    late: str = ""
    version: DataVersion = UNKNOWN
    errors: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows of `table`."""
        return int(self.table.num_rows)

    def answered_by(self, rung: Rung) -> Result:
        """The same answer, given by another rung."""
        return replace(self, rung=rung)
