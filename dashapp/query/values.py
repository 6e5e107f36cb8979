"""Values of filters, made into what their column holds."""

from __future__ import annotations

from datetime import datetime

from dashapp.errors import Invalid
from dashapp.specs import ColumnSpec
from dashapp.specs.query import Scalar

Value = str | int | float | bool | datetime
LARGEST = 2**63 - 1
MOST = 1.7e308


def coerce(column: ColumnSpec, value: Scalar) -> Value | None:
    """The value as the column's type ("5" for an integer column is 5); None stays None.

    Times come back naive (as a viewer's clock shows them) or aware, as they were written.
    Raises Invalid, naming the column, for what the column cannot hold.
    """
    if value is None:
        return None
    if column.type == "text":
        return _text(column, value)
    if column.type in ("integer", "number"):
        return _number(column, value)
    if column.type == "boolean":
        return _boolean(column, value)
    if column.type in ("time", "date"):
        return _time(column, value)
    return _text(column, value) if isinstance(value, str) else value


def _wrong(column: ColumnSpec, value: Scalar, wanted: str) -> Invalid:
    shown = str(value)[:50].encode("utf-8", "replace").decode()  # Half a character is none.
    return Invalid(
        f"'{column.title}' needs {wanted}, and '{shown}' is not.",
        {column.name: f"needs {wanted}"},
    )


def _text(column: ColumnSpec, value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise _wrong(column, ascii(value), "a text without control characters")
    return text


def _number(column: ColumnSpec, value: Scalar) -> int | float:
    if isinstance(value, bool) or value is None:
        raise _wrong(column, value, "a number")
    try:
        number: int | float = int(value)
        if isinstance(value, float) and number != value:
            number = value
    except (ValueError, OverflowError):
        try:
            number = float(value)
        except (ValueError, OverflowError) as error:
            raise _wrong(column, value, "a number") from error
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    # Whole numbers may be too large for a float, so they are compared before anything else.
    if not -MOST <= number <= MOST:
        raise _wrong(column, value, "a finite number")
    return float(number) if column.type == "number" or abs(number) > LARGEST else number


def _boolean(column: ColumnSpec, value: Scalar) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    found = known.get(text.lower())
    if found is None:
        raise _wrong(column, value, "true or false")
    return found


def _time(column: ColumnSpec, value: Scalar) -> datetime:
    if not isinstance(value, str):
        raise _wrong(column, value, "a time such as 2013-05-01 or 2013-05-01T12:00")
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise _wrong(column, value, "a time such as 2013-05-01 or 2013-05-01T12:00") from error
    return time
