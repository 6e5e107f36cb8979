"""Tiles as the text that the browser gets, kept by the names of their pictures.

Who may see a tile, and under which rules, was decided before its picture has a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

import orjson
from dash.development.base_component import Component
from plotly.io.json import to_json_plotly

from dashapp.cache.memory import Memory
from dashapp.charts.base import Drawing
from dashapp.errors import AppError
from dashapp.query.result import Result
from dashapp.ui import cards, texts


class Answer(Protocol):
    """What a tile shows, how it came about, and what is known of its picture."""

    @property
    def key(self) -> str: ...
    @property
    def drawing(self) -> Drawing | None: ...
    @property
    def error(self) -> AppError | None: ...
    @property
    def results(self) -> Mapping[str, Result]: ...
    @property
    def picture(self) -> str: ...
    @property
    def painted(self) -> object | None: ...


BYTES: Final = 64 * 1024 * 1024
Painted = tuple[orjson.Fragment, orjson.Fragment]
_kept: Memory[Painted] = Memory(BYTES)


def found(picture: str) -> Painted | None:
    """Body and foot of a tile whose picture has that name, in the language of the request."""
    return _kept.get(f"{texts.locale()}:{picture}")


def tile(answer: Answer, dataset: str, zone: str) -> tuple[Any, Any]:
    """Body and foot of a tile; what was drawn is kept for who sees the same picture next.

    `dataset` is the uuid that its clicks refer to.
    """
    if answer.painted is not None:
        return cast(Painted, answer.painted)
    made = cards.tile(answer.key, dataset, answer.drawing, answer.error, answer.results, zone)
    if answer.drawing is None or answer.error is not None:
        return made
    return keep(answer.picture, *made)


def keep(picture: str, body: Component, foot: Component | str) -> Painted:
    """Body and foot as text, for who sees the same picture next."""
    parts = tuple(str(to_json_plotly(part)).encode() for part in (body, foot))
    painted = cast(Painted, tuple(orjson.Fragment(part) for part in parts))
    _kept.put(f"{texts.locale()}:{picture}", painted, sum(map(len, parts)) + 400)
    return painted


def size_bytes() -> int:
    """Bytes of all tiles that are kept."""
    return _kept.size_bytes
