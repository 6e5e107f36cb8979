"""Names of finished pictures: what is drawn twice from the same looks the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields

import orjson

from dashapp.charts.base import Look
from dashapp.query.result import Result
from dashapp.services.asking import Asked

Pictures = Callable[[str], object | None]
"""What is known under a picture's name; None where nobody drew it yet."""
_TOLD = tuple(field.name for field in fields(Result) if field.name != "table")


def picture_of(a: Asked, results: Mapping[str, Result], look: Look) -> str:
    """The name of a tile's picture: of the tile, all that its chart says, each answer, and the look.

    `shown` of what is asked covers chart, options, dataset and questions; an answer is known by
    its key and when it was read, and its foot tells the rest.
    """
    told = [[name, *(getattr(r, field) for field in _TOLD)] for name, r in results.items()]
    text = orjson.dumps(
        [
            a.key, a.shown, a.chart.dataset, a.title, told,
            look.palette, [*look.colors.items()], look.locale, look.zone,
        ],
        default=repr,
    )  # fmt: skip
    return hashlib.blake2b(text, digest_size=16).hexdigest()
