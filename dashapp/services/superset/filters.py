"""Native filters of a Superset dashboard as filters of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import ValidationError

from dashapp.errors import Invalid
from dashapp.services.superset.keys import Keys
from dashapp.services.superset.layout import Arranged
from dashapp.services.superset.params import Params
from dashapp.services.superset.ranges import range_text
from dashapp.services.superset.scopes import scope
from dashapp.services.superset.values import number
from dashapp.services.superset.words import GRAINS
from dashapp.specs import ColumnSpec, DatasetSpec, Filter, FilterSpec, FilterValue
from dashapp.specs.query import Scalar

MOST: Final = 100
Kind = Literal["select", "range", "time", "grain"]
KINDS: Final[dict[str, Kind]] = {
    "filter_select": "select", "filter_range": "range", "filter_time": "time",
    "filter_timegrain": "grain",
}  # fmt: skip
KNOWN: Final = frozenset({
    "id", "name", "filterType", "type", "targets", "controlValues", "defaultDataMask",
    "cascadeParentIds", "scope", "chartsInScope", "tabsInScope", "description", "adhoc_filters",
    "time_range", "granularity_sqla", "sortMetric", "requiredFirst", "isInstant", "removed",
})  # fmt: skip
CONTROLS: Final = frozenset({
    "enableEmptyFilter", "multiSelect", "defaultToFirstItem", "inverseSelection", "sortAscending",
    "searchAllOptions", "creatable", "sortMetric",
})  # fmt: skip


@dataclass
class Filtered:
    """The filters of a dashboard, and what was not carried over."""

    filters: tuple[FilterSpec, ...] = ()
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Tell people what was not carried over."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class Offered:
    """What filters may be about: datasets by UUID, and their SQL in the words of their database."""

    datasets: Mapping[UUID, DatasetSpec]
    rewrite: Callable[[UUID], Callable[[str], str]]


def filters(raw: Any, offered: Offered, arranged: Arranged, keys: Keys) -> Filtered:
    """The filters of `native_filter_configuration`; those that cannot be are told of."""
    found = Filtered()
    entries = [e for e in raw if isinstance(e, Mapping)] if isinstance(raw, list) else []
    made: dict[str, FilterSpec] = {}
    for entry in entries:
        name = _text(entry.get("name")) or "A filter"
        try:
            one = _filter(entry, offered, arranged, keys, found)
        except Invalid as error:
            found.note(f"The filter “{name[:100]}” is left out. {error.message}")
        except ValidationError as error:
            text = error.errors()[0]["msg"].removeprefix("Value error, ")
            found.note(f"The filter “{name[:100]}” is left out: {text}")
        else:
            if one is not None:
                made[_text(entry.get("id")) or one.key] = one
    if len(made) > MOST:
        found.note(f"Only the first {MOST} filters are carried over.")
    kept = dict(list(made.items())[:MOST])
    found.filters = tuple(
        _with_parents(one, entry, kept)
        for entry in entries
        if (one := kept.get(_text(entry.get("id")))) is not None
    )
    return found


def _with_parents(
    one: FilterSpec, entry: Mapping[str, Any], made: Mapping[str, FilterSpec]
) -> FilterSpec:
    ids = entry.get("cascadeParentIds")
    parents = (
        [made[i].key for i in ids if isinstance(i, str) and i in made]
        if isinstance(ids, list)
        else []
    )
    own = tuple(dict.fromkeys(p for p in parents if p != one.key))
    return one.model_copy(update={"parents": own}) if own else one


def _filter(
    entry: Mapping[str, Any], offered: Offered, arranged: Arranged, keys: Keys, found: Filtered
) -> FilterSpec | None:
    if entry.get("type") == "DIVIDER" or entry.get("removed"):
        return None  # A heading between filters.
    kind = KINDS.get(_text(entry.get("filterType")))
    if kind is None:
        raise Invalid(f"There is no filter like {_text(entry.get('filterType'))[:50]} here.")
    name = _text(entry.get("name")).strip()
    controls = entry.get("controlValues")
    controls = controls if isinstance(controls, Mapping) else {}
    _note_unread(entry, controls, name, found)
    dataset, column = _target(entry, kind, offered)
    values: dict[str, Any] = {
        "title": (name or (column.title if column else "Filter"))[:250],
        "kind": kind,
        "dataset": dataset.uuid if dataset else None,
        "column": column.name if column else None,
        "description": _text(entry.get("description"))[:2000] or None,
        "default": _default(entry, kind, column, found),
        "default_to_first": kind == "select" and bool(controls.get("defaultToFirstItem")),
        "required": bool(controls.get("enableEmptyFilter")),
        "multiple": controls.get("multiSelect") is not False,
        "exclude": kind == "select" and bool(controls.get("inverseSelection")),
        "scope": scope(entry.get("scope"), arranged),
    }
    if dataset is not None and kind in ("select", "range"):
        values |= _rows(entry, name, dataset, offered, found)
        values["sort_by"] = _order(entry, controls, dataset, found) if kind == "select" else None
    return FilterSpec(key=keys.give(_text(entry.get("id")) or "filter"), **values)


def _target(
    entry: Mapping[str, Any], kind: Kind, offered: Offered
) -> tuple[DatasetSpec | None, ColumnSpec | None]:
    """The dataset and column that a filter is about; none for times and grains."""
    targets = entry.get("targets")
    listed = targets if isinstance(targets, list) else []
    first = next((t for t in listed if isinstance(t, Mapping)), {})
    if kind in ("time", "grain"):
        return None, None
    try:
        uuid = UUID(_text(first.get("datasetUuid")))
    except ValueError:
        raise Invalid("It names no dataset.") from None
    dataset = offered.datasets.get(uuid)
    if dataset is None:
        raise Invalid("Its dataset is missing.")
    column = first.get("column")
    name = _text(column.get("name")) if isinstance(column, Mapping) else _text(column)
    known = dataset.column(name) or next(
        (c for c in dataset.columns if c.name.lower() == name.lower()), None
    )
    if known is None:
        raise Invalid(f"The dataset {dataset.name} has no column “{name[:100]}”.")
    return dataset, known


def _default(
    entry: Mapping[str, Any], kind: Kind, column: ColumnSpec | None, found: Filtered
) -> FilterValue:
    """What is chosen when the dashboard opens."""
    mask = entry.get("defaultDataMask")
    state = mask.get("filterState") if isinstance(mask, Mapping) else None
    value = state.get("value") if isinstance(state, Mapping) else None
    items = value if isinstance(value, list) else [] if value is None else [value]
    if kind == "select":
        return FilterValue(values=tuple(_member(v, column) for v in items if _is_plain(v)))
    if kind == "range":
        low, high = (*(number(v) for v in items[:2]), None, None)[:2]
        return FilterValue(low=low, high=high)
    text = _text(items[0]) if items else ""
    if kind == "time":
        return FilterValue(range=range_text(text) if text else None)
    if text and text not in GRAINS:
        found.note(f"There is no time grain {text[:50]} here; no default is chosen.")
    return FilterValue(grain=GRAINS.get(text))


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _member(value: Any, column: ColumnSpec | None) -> Scalar:
    """A member as our queries name it: times, which Superset counts in milliseconds, as text."""
    is_time = column is not None and column.type in ("time", "date")
    if is_time and isinstance(value, int | float) and abs(value) < 1e14:
        moment = datetime.fromtimestamp(value / 1000, UTC).replace(tzinfo=None)
        is_day = column is not None and column.type == "date"
        return moment.date().isoformat() if is_day else moment.isoformat()
    made: Scalar = value
    return made


def _rows(
    entry: Mapping[str, Any], name: str, dataset: DatasetSpec, offered: Offered, found: Filtered
) -> dict[str, Any]:
    """The filter's own conditions: which rows its options come from."""
    keys = ("adhoc_filters", "time_range", "granularity_sqla")
    params = Params(
        viz_type="filter", name=name, dataset=dataset, rewrite=offered.rewrite(dataset.uuid),
        values={key: entry[key] for key in keys if entry.get(key)},
    )  # fmt: skip
    narrowed = params.narrowing()
    for note in params.notes:
        found.note(f"{name}: {note}")
    if params.added or narrowed.get("having"):
        found.note(f"{name}: some of its conditions are not carried over.")
        return {}
    made = {k: narrowed[k] for k in ("filters", "where", "time_range") if narrowed.get(k)}
    column = narrowed.get("time_column")
    if column and "time_range" in made and column != dataset.time_column:
        one = Filter(column=column, op="time range", value=made.pop("time_range"))
        made["filters"] = (*made.get("filters", ()), one)
    return made


def _order(
    entry: Mapping[str, Any], controls: Mapping[str, Any], dataset: DatasetSpec, found: Filtered
) -> str | None:
    """The metric that orders the options."""
    metric = _text(entry.get("sortMetric") or controls.get("sortMetric"))
    if not metric:
        return None
    if dataset.metric(metric) is None:
        found.note(f"The dataset {dataset.name} has no metric “{metric[:100]}” to sort options by.")
        return None
    if controls.get("sortAscending") is True:
        found.note("Options sorted by a metric begin with the largest here.")
    return metric


def _note_unread(
    entry: Mapping[str, Any], controls: Mapping[str, Any], name: str, found: Filtered
) -> None:
    empty: tuple[Any, ...] = (None, "", [], {}, False)
    lost = [k for k, v in entry.items() if k not in KNOWN and v not in empty]
    lost += [k for k, v in controls.items() if k not in CONTROLS and v not in empty]
    if lost:
        found.note(f"{name}: not carried over: {', '.join(sorted(lost))[:500]}.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
