"""Secrets in the metadata database: encrypted fields, key rotation, masks for showing.

A sealed text is `v1:<key id>:<base64 of nonce and ciphertext>` (AES-256-GCM). The key is derived
from the secret key of the settings; the row's table, UUID and field are authenticated with it, so
that a ciphertext copied to another row does not open.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dashapp.errors import AppError, Invalid
from dashapp.settings import settings
from models import Base, Database, db

FORMAT = "v1"
NONCE_BYTES = 12
MASK = "***"
# Every encrypted field there is; rotation and the check at start go through them.
FIELDS: tuple[tuple[type[Database], str], ...] = ((Database, "url_encrypted"),)
SECRET_WORDS = ("password", "passwd", "pwd", "secret", "token", "key", "credential")


class SecretLost(AppError):
    """A secret cannot be opened: its key is not among the settings, or it was tampered with."""

    code: ClassVar[str] = "secret_lost"
    status: ClassVar[int] = 500


def seal(row: Base, field: str, text: str) -> str:
    """`text` encrypted for one field of one row (which has its UUID, stored or not)."""
    key_id, key = _derived(settings().key)
    nonce = os.urandom(NONCE_BYTES)
    body = AESGCM(key).encrypt(nonce, text.encode(), _place(row, field))
    return f"{FORMAT}:{key_id}:{urlsafe_b64encode(nonce + body).decode()}"


def reveal(row: Base, field: str) -> str:
    """The text sealed in one field of one row. Raises SecretLost."""
    sealed: str = getattr(row, field)
    try:
        form, key_id, body = sealed.split(":")
        raw = urlsafe_b64decode(body)
        if form != FORMAT:
            raise ValueError(form)
        opened = AESGCM(_keys()[key_id]).decrypt(
            raw[:NONCE_BYTES], raw[NONCE_BYTES:], _place(row, field)
        )
    except (ValueError, KeyError, InvalidTag) as error:
        raise SecretLost(
            f"The secret of {_title(row)} cannot be read: it was written with another "
            "DASHAPP_SECRET_KEY. Put that key into DASHAPP_OLD_SECRET_KEYS, or enter the secret "
            "again."
        ) from error
    return opened.decode()


def rotate() -> int:
    """Encrypt everything with the current key; answers how many secrets changed.

    Safe to run twice and while others save: a secret saved meanwhile is left alone.
    """
    current = f"{FORMAT}:{_derived(settings().key)[0]}:"
    count = 0
    for model, field, row in _rows():
        old = getattr(row, field)
        if not old.startswith(current):
            fresh = seal(row, field, reveal(row, field))
            # Not through the object: the secret is the same, so it is no new version.
            place = sa.and_(model.id == row.id, getattr(model, field) == old)
            values = {field: fresh, "changed_at": model.changed_at}
            result = db.session.execute(
                sa.update(model).where(place).values(values),
                execution_options={"synchronize_session": False},
            )
            count += result.rowcount  # type: ignore[attr-defined]
    db.session.commit()
    db.session.expire_all()
    return count


def check() -> None:
    """Raise SecretLost naming what cannot be read with the keys of the settings."""
    lost = []
    for _, field, row in _rows():
        try:
            reveal(row, field)
        except SecretLost:
            lost.append(_title(row))
    if lost:
        raise SecretLost(
            f"The secrets of {', '.join(lost)} cannot be read with DASHAPP_SECRET_KEY or "
            "DASHAPP_OLD_SECRET_KEYS. Set the key they were written with, or enter them again."
        )


def masked(url: str) -> str:
    """A connection URL fit to be shown: its password and secret options are `***`."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return MASK
    query = {
        name: MASK if any(word in name.lower() for word in SECRET_WORDS) else value
        for name, value in parsed.query.items()
    }
    return parsed.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", MASK)


def is_masked(url: str) -> bool:
    """Whether something in the URL is a mask, so that it is no use without the secret."""
    made = sa.make_url(url)
    return made.password == MASK or MASK in made.query.values()


def unmasked(url: str, earlier: str) -> str:
    """`url` with what is masked in it taken from `earlier`.

    Raises Invalid when the server changed too: a kept password must not go to another host.
    """
    new, old = sa.make_url(url), sa.make_url(earlier)
    hidden = [name for name, value in new.query.items() if value == MASK]
    if new.password != MASK and not hidden:
        return url
    if (new.host, new.port, new.username) != (old.host, old.port, old.username):
        raise Invalid(
            "The server or user changed, so enter the password again.",
            {"url": "Enter the password again."},
        )
    if new.password == MASK:
        new = new.set(password=old.password)
    kept = {name: old.query[name] for name in hidden if name in old.query}
    return new.set(query={**new.query, **kept}).render_as_string(hide_password=False)


def _rows() -> Iterator[tuple[type[Database], str, Any]]:
    for model, field in FIELDS:
        for row in db.session.scalars(sa.select(model).order_by(model.id)).all():
            yield model, field, row


def _place(row: Base, field: str) -> bytes:
    return f"{row.__tablename__}:{getattr(row, 'uuid')}:{field}".encode()  # noqa: B009


def _title(row: Base) -> str:
    return f"{type(row).__name__.lower()} “{getattr(row, 'name', '')}”"


def _keys() -> dict[str, bytes]:
    chosen = settings()
    secrets = [chosen.key, *(key.get_secret_value() for key in chosen.old_secret_keys)]
    return dict(map(_derived, secrets))


@lru_cache(maxsize=16)
def _derived(secret: str) -> tuple[str, bytes]:
    """The id and the key that follow from a secret key."""
    key_id = HKDF(hashes.SHA256(), 6, None, b"dashapp.secrets.id").derive(secret.encode())
    key = HKDF(hashes.SHA256(), 32, None, b"dashapp.secrets.v1").derive(secret.encode())
    return key_id.hex(), key
