"""What values of filters are told about them."""

from __future__ import annotations

from typing import Any

import pytest

from dashapp.errors import Invalid
from dashapp.query.values import coerce
from dashapp.specs import ColumnSpec


@pytest.mark.parametrize("kind", ["text", "integer", "number", "boolean", "time", "date"])
@pytest.mark.parametrize("value", ["\ud800", "a\udfff", "\0\ud800"])
def test_a_refusal_can_be_sent_whatever_was_asked(kind: Any, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        coerce(ColumnSpec(name="c", type=kind), value)
    refused.value.message.encode()
