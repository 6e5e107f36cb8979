"""The one function that makes keys, of everything that is derived from data."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from dashapp.cache import derived_key
from dashapp.settings import settings
from dashapp.specs import DatabaseSpec, RowRule, Source

FORMAT = 1  # Counts changes of what is kept under a key; older answers are then never found.


def key(
    kind: str,
    content: Any,
    *,
    source: Source | None,
    version: str,
    fingerprint: str,
    zone: str,
    locale: str,
) -> str:
    """The key of one derived thing: `kind`, a colon and 64 hexadecimal digits.

    `content` says what is asked, in JSON's types, times, UUIDs and decimals; 1, "1", 1.0 and
    true differ, the order of a mapping does not matter. Equal keys mean: may be shown instead of
    each other, so `fingerprint` (of the viewer's rows) is part of it, and what `source` was when
    it was asked, with the `version` of its data (a token of `versions.version_of`).
    """
    whole = {
        "format": FORMAT,
        "kind": kind,
        "content": content,
        "source": _identity(source, version) if source is not None else None,
        "fingerprint": fingerprint,
        "zone": zone,
        "locale": locale,
    }
    text = json.dumps(_tagged(whole), ensure_ascii=False, separators=(",", ":"))
    return f"{kind}:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def fingerprint(rules: Iterable[RowRule]) -> str:
    """What a viewer may see, as a text: equal for people under equal rules, whoever they are."""
    effective = sorted({json.dumps(rule.model_dump(mode="json"), sort_keys=True) for rule in rules})
    secret = derived_key(settings().key, "fingerprint")
    return hmac.digest(secret, "\n".join(effective).encode(), "sha256").hex()


def _identity(source: Source, version: str) -> dict[str, Any]:
    """The source's versions, and where its rows are.

    Versions alone do not tell: an unsaved draft has its parent's, and what was deleted and
    imported again counts from one again.
    """
    dataset, database = source.dataset, source.database
    return {
        "dataset": [dataset.uuid, dataset.version],
        "data": version,
        "database": [database.uuid, database.version, _place(database)],
        "relation": [dataset.schema_name, dataset.table, dataset.sql],
        "calendar": [dataset.zone, dataset.week_start, dataset.time_column],
    }


def _place(database: DatabaseSpec) -> str:
    """What a database's answers depend on, as a text that does not give its URL away."""
    secret = derived_key(settings().key, "place")
    where = json.dumps([database.kind, database.url.get_secret_value(), database.options])
    return hmac.digest(secret, where.encode("utf-8", "surrogatepass"), "sha256").hex()


def _tagged(value: Any) -> Any:
    """The value in JSON, such that different ones stay different: everything not plain is tagged."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return ["float", repr(value)]
        case Mapping():
            if not all(isinstance(name, str) for name in value):
                raise TypeError("Names in a key's content must be texts.")
            return ["map", [[name, _tagged(value[name])] for name in sorted(value)]]
        case list() | tuple():
            return ["list", [_tagged(item) for item in value]]
        case datetime() | date() | time():
            return [type(value).__name__, value.isoformat()]
        case UUID() | Decimal():
            return [type(value).__name__, str(value)]
    raise TypeError(f"A key cannot hold a {type(value).__name__}.")
