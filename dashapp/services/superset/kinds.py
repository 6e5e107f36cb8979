"""Superset's chart types as kinds of ours, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset import (
    distribution,
    maps,
    maps_written,
    numbers,
    parts,
    periods,
    relations,
    tables,
    text,
    time,
    timetables,
)
from dashapp.services.superset.defaults import filled
from dashapp.services.superset.params import Params, Translated, Translator, refused
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import ColumnSpec, DatasetSpec

FAMILIES: Final = (
    numbers, time, periods, timetables, parts, distribution, relations, maps, tables,
    text,
)  # fmt: skip
TRANSLATORS: Final[dict[str, Translator]] = {
    theirs: read for family in FAMILIES for theirs, read in family.TRANSLATORS.items()
}
WRITERS: Final[dict[str, Writer]] = (
    numbers.WRITERS | time.WRITERS | periods.WRITERS | timetables.WRITERS | parts.WRITERS
    | distribution.WRITERS | relations.WRITERS | maps_written.WRITERS | tables.WRITERS
    | text.WRITERS
)  # fmt: skip
# Types that nothing here is like, with the reason.
UNLIKE: Final[dict[str, str]] = {
    "filter_box": "Filters stand in the bar of the dashboard here.",
    "dynamic_plugin": "It is drawn by a plug-in that only that Superset has.",
}


@dataclass(frozen=True)
class Outcome:
    """A chart as it is kept here, what was not carried over, and columns its dataset needs."""

    kind: str
    options: dict[str, Any]
    notes: tuple[str, ...] = ()
    added: Mapping[str, ColumnSpec] = field(default_factory=dict)


def chart(
    viz_type: str,
    name: str,
    params: Mapping[str, Any],
    dataset: DatasetSpec,
    siblings: Callable[[int], Params | None] | None = None,
    rewrite: Callable[[str], str] = str,
) -> Outcome:
    """A chart of Superset. Raises Invalid, with the reason, if it cannot be translated."""
    translator = TRANSLATORS.get(viz_type)
    if translator is None:
        reason = UNLIKE.get(viz_type, "There is no kind like it here.")
        raise Invalid(f"Charts of type {viz_type[:60]} cannot be translated. {reason}")
    read = Params(
        viz_type=viz_type, name=name, values=filled(viz_type, params), dataset=dataset,
        siblings=siblings, rewrite=rewrite,
    )  # fmt: skip
    try:
        found: Translated = translator(read)
        options = KINDS[found.kind].Options.model_validate(found.options)
    except ValidationError as error:
        raise refused(error) from error
    lost = [key for key in read.unread() if key in params]
    if lost:
        read.note(f"Not carried over: {', '.join(lost)}.")
    return Outcome(
        kind=found.kind,
        options=options.model_dump(mode="json", exclude_defaults=True),
        notes=tuple(read.notes),
        added=read.added,
    )


def written(
    kind: str, options: Mapping[str, Any], dataset: DatasetSpec
) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """Superset's type, parameters and notes for a chart. Raises Invalid if it has no like."""
    writer = WRITERS.get(kind)
    if writer is None:
        raise Invalid(f"Superset has no chart like “{KINDS[kind].title}”.")
    out = Out(dataset)
    viz_type, params = writer(KINDS[kind].Options.model_validate(options), out)
    kept = {k: v for k, v in params.items() if v is not None}
    return viz_type, kept | {"viz_type": viz_type}, tuple(out.notes)
