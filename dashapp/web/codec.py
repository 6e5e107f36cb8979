"""JSON of requests and answers, by orjson: NaN, infinity and bottomless nesting are refused."""

from __future__ import annotations

from typing import Any

import orjson
from flask.json.provider import JSONProvider


class Orjson(JSONProvider):
    """Flask's JSON by orjson."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """`obj` as JSON text; UUIDs and datetimes as text."""
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """The value of JSON text. ValueError for anything else."""
        return orjson.loads(s)
