"""Bodies of REST requests, in the shape they were declared."""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from dashapp.errors import Malformed

Body = TypeVar("Body", bound=BaseModel)


def body(shape: type[Body]) -> Body:
    """The request's JSON as `shape`. Malformed with a sentence per field for anything else."""
    try:
        return shape.model_validate(request.get_json())
    except ValidationError as error:
        fields = {".".join(map(str, e["loc"])) or "body": e["msg"] for e in error.errors()}
        raise Malformed("Some fields are wrong.", fields) from error
