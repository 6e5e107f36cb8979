"""The log stays one line per event."""

import logging

import pytest

from dashapp.logs import FORMAT, OneLine


def line(message: str, *values: object, exc_info: object = None) -> str:
    record = logging.LogRecord("dashapp.x", logging.INFO, "f", 1, message, values, exc_info)
    return OneLine(FORMAT).format(record)


@pytest.mark.parametrize(
    "hostile", ["a\nroot: all well", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\x85b"]
)
def test_a_logged_value_cannot_make_another_line(hostile: str) -> None:
    text = line("Signed in: %s", hostile)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


def test_lines_of_a_traceback_are_marked() -> None:
    try:
        raise ValueError("x\n2026-01-01 INFO dashapp: all well")
    except ValueError as error:
        text = line("Failed", exc_info=(ValueError, error, error.__traceback__))
    first, *rest = text.splitlines()
    assert first.endswith("Failed")
    assert all(each.startswith("  | ") for each in rest)
