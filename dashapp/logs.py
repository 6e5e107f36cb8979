"""The log: one line per event on standard error, which no logged value can break or forge."""

from __future__ import annotations

import logging
import re
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Control characters, escape sequences and the line ends of Unicode.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """Escapes control characters in messages; lines of a traceback are marked by a bar."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line of an event, whatever is in its values."""
        return CONTROL.sub(lambda found: repr(found[0])[1:-1], super().formatMessage(record))

    def formatException(self, exc_info: object) -> str:
        """A traceback, no line of which looks like an event."""
        trace = super().formatException(exc_info)  # type: ignore[arg-type]
        return "\n".join(f"  | {line}" for line in re.split("[\r\n\x85\u2028\u2029]+", trace))


def configure(level: str) -> None:
    """Write what our own loggers say, from `level` on, to standard error. Once is enough."""
    ours = logging.getLogger("dashapp")
    ours.setLevel(level)
    if not any(isinstance(h.formatter, OneLine) for h in ours.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine(FORMAT))
        ours.addHandler(handler)
