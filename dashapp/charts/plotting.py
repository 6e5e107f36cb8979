"""What every figure is made of: safe text, typed arrays, hover formats, layout."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashapp.charts.colors import EMPTY, OTHER
from dashapp.charts.values import Plain, plain
from dashapp.errors import Invalid

Floats = npt.NDArray[np.float64]

NO_ROWS: Final = "There are no rows for these filters."
LONGEST: Final = 28  # Characters of a label along an axis; hover and legend show more.

_ZERO_WIDTH = "\u200b"


def safe(text: object) -> str:
    """Text that Plotly draws as it is.

    It would take `<b>` or `<a href>` for markup, and `%{x}` in a template for a variable.
    """
    plain_text = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain_text.replace("%{", f"%{_ZERO_WIDTH}{{")


def shorten(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning and an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def member_text(value: Plain) -> str:
    """A member of a dimension in words; nothing is "(empty)", blank text "(blank)"."""
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, str):
        return value if value.strip() else "(blank)"
    return str(value)


def unique(texts: Iterable[str]) -> list[str]:
    """The texts, made different by invisible characters where two are equal.

    Plotly takes equal categories for one, although two members may share a shortened label.
    """
    seen: set[str] = set()
    found = []
    for text in texts:
        while text in seen:
            text += _ZERO_WIDTH
        seen.add(text)
        found.append(text)
    return found


def labels(members: Sequence[Plain], most: int = LONGEST) -> list[str]:
    """Category labels of members: in words, shortened, different from each other, safe."""
    return [safe(t) for t in unique(shorten(member_text(m), most) for m in members)]


def typed(values: npt.ArrayLike) -> dict[str, Any]:
    """Numbers as Plotly's base64 typed array (f8, not-a-number where there is none).

    A matrix keeps its shape.
    """
    array = np.ascontiguousarray(values, dtype="<f8")
    found = {"dtype": "f8", "bdata": base64.b64encode(array.tobytes()).decode()}
    if array.ndim > 1:
        found["shape"] = ", ".join(map(str, array.shape))
    return found


def floats(table: pa.Table, name: str) -> Floats:
    """A column as floats; not-a-number where it is empty or infinite, or the table lacks it."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    column = table.column(name).combine_chunks()
    try:
        cast = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Invalid(f"“{name}” has values that are no numbers.") from error
    found = np.array(cast.to_numpy(zero_copy_only=False), dtype=np.float64)
    found[~np.isfinite(found)] = np.nan
    return found


@dataclass(frozen=True)
class Encoded:
    """A column as codes into its distinct values, in the order of their first appearance."""

    codes: npt.NDArray[np.int64]
    values: pa.Array[Any]

    def __len__(self) -> int:
        return len(self.values)

    def members(self) -> list[Plain]:
        """The distinct values as JSON; times as ISO text, whole days without a time."""
        if pa.types.is_timestamp(self.values.type):
            return iso(self.values)
        values = self.values.to_pylist()
        return values if pa.types.is_string(self.values.type) else [plain(v) for v in values]


def encode(table: pa.Table, name: str) -> Encoded:
    """A column's codes and distinct values; an empty cell is a value of its own."""
    if name not in table.column_names:
        return Encoded(np.zeros(table.num_rows, dtype=np.int64), pa.nulls(1))
    column = table.column(name).combine_chunks()
    if pa.types.is_null(column.type):
        return Encoded(np.zeros(table.num_rows, dtype=np.int64), pa.nulls(1))
    found: Any = pc.dictionary_encode(column, null_encoding="encode")
    return Encoded(found.indices.to_numpy(zero_copy_only=False).astype(np.int64), found.dictionary)


def is_time(values: pa.Array[Any]) -> bool:
    """Whether these are points in time or days."""
    return bool(pa.types.is_timestamp(values.type) or pa.types.is_date(values.type))


def iso(times: pa.Array[Any]) -> list[Plain]:
    """Times as ISO text, in UTC where they have a zone; only the day where all are midnight."""
    zoned = pa.types.is_timestamp(times.type) and times.type.tz is not None
    stamps = np.asarray(pc.cast(times, pa.timestamp("us")).to_numpy(zero_copy_only=False))
    known = stamps[~np.isnat(stamps)]
    days = not zoned and bool((known == known.astype("datetime64[D]")).all())
    if days:
        return list(pc.cast(pa.array(stamps.astype("datetime64[D]")), pa.string()).to_pylist())
    unit = "us" if (known != known.astype("datetime64[s]")).any() else "s"
    written: Any = pc.cast(pa.array(stamps.astype(f"datetime64[{unit}]")), pa.string())
    texts = pc.replace_substring(written, " ", "T").to_pylist()
    return [None if t is None else f"{t}+00:00" for t in texts] if zoned else texts


def milliseconds(times: pa.Array[Any], zone: str) -> Floats:
    """Times as Plotly's axis wants them: ms since 1970 on the clock of `zone`.

    Times without a zone and days are taken as they are; not-a-number where there is none.
    """
    if pa.types.is_timestamp(times.type) and times.type.tz is not None:
        zoned: Any = pc.cast(times, pa.timestamp("us", tz=zone))
        times = pc.local_timestamp(zoned)
    stamps = np.asarray(pc.cast(times, pa.timestamp("us")).to_numpy(zero_copy_only=False))
    stamps = stamps.astype("datetime64[us]")
    found = stamps.astype(np.int64) / 1000.0
    found[np.isnat(stamps)] = np.nan
    return found


def clicks_of(*members: Iterable[Plain], has_other: bool = False) -> list[list[Plain] | None]:
    """Customdata of marks: a row of raw values each, one per dimension.

    With `has_other`, the member "Other" stands for many members and is not clickable (None).
    """
    columns = [list(column) for column in members]
    found: list[list[Plain] | None] = [*map(list, zip(*columns, strict=True))]
    if has_other and any(OTHER in column for column in columns):
        return [None if row is None or OTHER in row else row for row in found]
    return found
