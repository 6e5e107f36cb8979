import pickle

import pytest

from dashapp.cache.seal import derived_key, head, seal, unseal

KEY = derived_key("s" * 32, "tests")
SEALED = seal(KEY, "name", b"payload")


def test_what_was_sealed_opens_under_its_name():
    assert bytes(unseal(KEY, "name", SEALED)) == b"payload"


@pytest.mark.parametrize(
    ("key", "name", "sealed"),
    [
        (KEY, "other name", SEALED),
        (derived_key("s" * 32, "other purpose"), "name", SEALED),
        (derived_key("t" * 32, "tests"), "name", SEALED),
        (KEY, "name", SEALED[:-1]),
        (KEY, "name", SEALED + b"x"),
        (KEY, "name", SEALED[:20]),
        (KEY, "name", b""),
        (KEY, "name", pickle.dumps({"a": 1})),
        (KEY, "namep", seal(KEY, "name", b"ayload")),
    ],
)
def test_anything_else_does_not_open(key, name, sealed):
    assert unseal(key, name, sealed) is None


def test_every_flipped_bit_is_noticed():
    for position in range(len(SEALED)):
        broken = bytearray(SEALED)
        broken[position] ^= 1
        assert unseal(KEY, "name", bytes(broken)) is None


def test_heads_differ_when_content_does():
    assert head(SEALED) != head(seal(KEY, "name", b"payloae"))
