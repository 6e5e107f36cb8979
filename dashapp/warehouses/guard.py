"""A last look at a statement's words before a driver gets it.

It does not replace the parser's check of what people write (that is the query engine's); it
knows nothing of it either, so that one mistake cannot open both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashapp.warehouses.sentences import not_a_query

STARTS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
_POSTGRESQL = re.compile(
    r"""(?P<skip>--[^\n]*|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"
    |(?<![\w$])\$(?P<tag>[A-Za-z_]\w*)?\$.*?(?(tag)\$(?P=tag)\$|\$\$)|\$\d+)
    |(?P<open>/\*)|(?P<word>[A-Za-z_][\w$]*)|(?P<other>\S)""",
    re.S | re.X,
)
_MYSQL = re.compile(
    r"""(?P<skip>--\s[^\n]*|\#[^\n]*|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`
    |/\*(?![!M]).*?\*/)
    |(?P<open>/\*)|(?P<word>[A-Za-z_][\w$]*)|(?P<other>:=|\S)""",
    re.S | re.X,
)
_COMMENT = re.compile(r"/\*|\*/")


def postgresql(sql: str) -> None:
    """Refuse what is not one query in PostgreSQL's words. Raises QueryFailed."""
    _only_query(list(_words(_POSTGRESQL, sql)))


def mysql(sql: str) -> None:
    """Refuse what is not one query, writes a file, reads one, or outlives the query."""
    words = list(_words(_MYSQL, sql))
    _only_query(words)
    bad = {"INTO", "OUTFILE", "DUMPFILE", "LOAD_FILE", "GET_LOCK", "RELEASE_LOCK", ":=", "/*"}
    found = bad.intersection(words)
    if found:
        raise not_a_query()


def _words(pattern: re.Pattern[str], sql: str) -> Iterator[str]:
    at = 0
    while match := pattern.search(sql, at):
        at = match.end()
        if match["open"] and pattern is _POSTGRESQL:
            at = _after_comment(sql, at)
        elif not match["skip"]:
            yield match[0].upper()


def _after_comment(sql: str, at: int) -> int:
    """Where a nested comment ends whose opening ends at `at`."""
    depth = 1
    while depth:
        match = _COMMENT.search(sql, at)
        if match is None:
            return len(sql)
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
    return at


def _only_query(words: list[str]) -> None:
    while words and words[-1] == ";":
        words.pop()
    first = next((w for w in words if w != "("), "")
    if first not in STARTS or ";" in words:
        raise not_a_query()
