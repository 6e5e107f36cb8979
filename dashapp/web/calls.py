"""What the browser posts to run a callback, held against what was declared.

Dash takes the names, number and shape of inputs from the browser; here they must be those of the
callback, so that a forged call is a 400 and never reaches a body or a trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from dash._utils import stringify_id
from dash.dependencies import Output
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from dashapp.errors import Malformed, NotFound

Id = str | dict[str, Any]
CAP = 2000
STRANGE = "The page sent a call that it does not have. Reload it and try again."


class Prop(BaseModel):
    """One property of one component; its value is checked by the callback."""

    model_config = ConfigDict(extra="ignore")

    id: Id
    property: str = Field(max_length=100)


Wild = Annotated[list[Prop], Field(max_length=CAP)]


class Call(BaseModel):
    """The body of a call. Keys that Dash does not read are ignored."""

    model_config = ConfigDict(extra="ignore")

    output: str = Field(max_length=20_000)
    outputs: Prop | Annotated[list[Prop | Wild], Field(max_length=CAP)] | None = None
    inputs: Annotated[list[Prop | Wild], Field(max_length=CAP)] = Field(default_factory=list)
    state: Annotated[list[Prop | Wild], Field(max_length=CAP)] = Field(default_factory=list)
    changedPropIds: Annotated[list[str], Field(max_length=CAP)] = Field(default_factory=list)


CALL = TypeAdapter(Call)


def check(body: Any, declared: Mapping[str, Any]) -> None:
    """Malformed unless `body` is a call of a callback in `declared` (Dash's callback map)."""
    try:
        call = CALL.validate_python(body)
    except ValidationError as error:
        raise Malformed(STRANGE) from error
    entry = declared.get(call.output)
    if entry is None:
        raise NotFound("There is no such callback.")
    _match(call.inputs, entry["inputs"])
    _match(call.state, entry["state"])
    if not entry["no_output"]:
        _match_outputs(call.outputs, entry["output"])
    for changed in call.changedPropIds:
        _check_changed(changed)


def _match(sent: Sequence[Prop | list[Prop]], expected: Sequence[Mapping[str, Any]]) -> None:
    """The sent properties must be the declared ones, in order."""
    if len(sent) != len(expected):
        raise Malformed(STRANGE)
    for got, want in zip(sent, expected, strict=True):
        pattern = _pattern(want["id"])
        if _is_many(pattern) != isinstance(got, list):
            raise Malformed(STRANGE)
        for one in got if isinstance(got, list) else [got]:
            is_right = want.get("allow_optional") or _fits(one.id, pattern)
            if one.property != want["property"] or not is_right:
                raise Malformed(STRANGE)


def _match_outputs(sent: Prop | list[Prop | Wild] | None, expected: Any) -> None:
    """The same for outputs; one output alone comes without a list, or with one if it has ALL."""
    wanted: Sequence[Output]
    got: Sequence[Any]
    if isinstance(expected, Output):
        wanted, got = [expected], [sent]
    else:
        wanted, got = expected, sent if isinstance(sent, list) else [sent]
    if len(got) != len(wanted):
        raise Malformed(STRANGE)
    for one, want in zip(got, wanted, strict=True):
        pattern = _pattern(want.component_id_str())
        name = str(want.component_property)
        if _is_many(pattern) != isinstance(one, list):
            raise Malformed(STRANGE)
        for prop in one if isinstance(one, list) else [one]:
            if not isinstance(prop, Prop) or not _fits(prop.id, pattern):
                raise Malformed(STRANGE)
            if prop.property.split("@")[0] != name.split("@")[0]:
                raise Malformed(STRANGE)


def _pattern(text: str) -> Any:
    """A declared id: text, or a dict whose wildcards are one-element lists."""
    return orjson.loads(text) if text.startswith("{") else text


def _is_many(pattern: Any) -> bool:
    """Whether the id stands for any number of components."""
    return isinstance(pattern, dict) and any(
        value in (["ALL"], ["ALLSMALLER"]) for value in pattern.values()
    )


def _fits(sent: Id, pattern: Any) -> bool:
    if isinstance(pattern, str) or isinstance(sent, str):
        return bool(sent == pattern)
    return sent.keys() == pattern.keys() and all(
        isinstance(want, list) or (want == sent[key] and type(want) is type(sent[key]))
        for key, want in pattern.items()
    )


def _check_changed(text: str) -> None:
    """A changed property is "id.property"; Dash parses the id if it looks like JSON."""
    name, _, _ = text.rpartition(".")
    if not name:
        raise Malformed(STRANGE)
    if name.startswith("{"):
        try:
            known = orjson.loads(name)
        except ValueError:
            raise Malformed(STRANGE) from None
        if not isinstance(known, dict) or not isinstance(stringify_id(known), str):
            raise Malformed(STRANGE)
