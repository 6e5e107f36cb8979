"""Filters and click scopes of a dashboard as Superset's metadata have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from dashapp.charts.asks import Asks
from dashapp.errors import Invalid
from dashapp.services.superset.placing import Tree
from dashapp.services.superset.ranges import superset_text
from dashapp.services.superset.written import GRAINS, Out
from dashapp.specs import DatasetSpec, FilterSpec, Layout
from dashapp.specs.layout import Scope

PREFIX: Final = "NATIVE_FILTER-"
TYPES: Final = {
    "select": "filter_select", "range": "filter_range", "time": "filter_time",
    "grain": "filter_timegrain",
}  # fmt: skip


class Filters:
    """Writes what narrows a dashboard; its layout is written already."""

    def __init__(self, tree: Tree, specs: Mapping[UUID, DatasetSpec]) -> None:
        self.tree, self.specs = tree, specs
        self.notes: list[str] = []

    def configuration(self, layout: Layout) -> list[dict[str, Any]]:
        """`native_filter_configuration`."""
        return [self._filter(f, layout) for f in layout.filters]

    def clicks(self, layout: Layout) -> dict[str, Any]:
        """`chart_configuration`: where clicks in each chart apply."""
        found = {}
        for key, scope in layout.click_scopes.items():
            number = self.tree.numbers.get(key)
            if number is not None:
                raw = self._scope(scope, layout)
                raw["excluded"] = sorted({*raw["excluded"], number})
                inside = [n for n in self._inside(scope, layout) if n != number]
                crossing = {"scope": raw, "chartsInScope": inside}
                found[str(number)] = {"id": number, "crossFilters": crossing}
        return found

    def _filter(self, one: FilterSpec, layout: Layout) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": _id(one.key), "name": one.title, "filterType": TYPES[one.kind],
            "type": "NATIVE_FILTER", "targets": [self._target(one)],
            "controlValues": {"enableEmptyFilter": one.required},
            "defaultDataMask": self._mask(one), "description": one.description or "",
            "cascadeParentIds": [_id(parent) for parent in one.parents],
            "scope": self._scope(one.scope, layout),
            "chartsInScope": self._inside(one.scope, layout),
        }  # fmt: skip
        if one.kind == "select":
            entry["controlValues"] |= {
                "multiSelect": one.multiple, "defaultToFirstItem": one.default_to_first,
                "inverseSelection": one.exclude, "searchAllOptions": True,
            }  # fmt: skip
            if one.sort_by:
                entry["sortMetric"] = one.sort_by
        if one.targets:
            self.notes.append(f"The filter {one.title} names columns of several datasets here.")
        return entry | self._rows(one)

    def _target(self, one: FilterSpec) -> dict[str, Any]:
        if one.kind in ("time", "grain") or one.dataset is None:
            return {}
        return {"column": {"name": one.column}, "datasetUuid": str(one.dataset)}

    def _rows(self, one: FilterSpec) -> dict[str, Any]:
        """The rows that options come from."""
        dataset = self.specs.get(one.dataset) if one.dataset else None
        found: dict[str, Any] = {}
        if dataset is not None and (one.filters or one.where):
            out = Out(dataset)
            found["adhoc_filters"] = out.narrowing(Asks(filters=one.filters, where=one.where))[
                "adhoc_filters"
            ]
            self.notes += [f"The filter {one.title}: {note}" for note in out.notes]
        if dataset is not None and one.time_range:
            found["time_range"] = self._range(one.time_range, one.title)
            found["granularity_sqla"] = dataset.time_column
        return found

    def _range(self, text: str, title: str) -> str:
        try:
            return superset_text(text)
        except Invalid as error:
            self.notes.append(f"The filter {title}: {error.message}")
            return "No filter"

    def _mask(self, one: FilterSpec) -> dict[str, Any]:
        """What is chosen at first, as state of the filter and as part of queries."""
        value, form = one.default, dict[str, Any]()
        state: Any = None
        if value.values:
            state = list(value.values)
            operator = "NOT IN" if one.exclude else "IN"
            form["filters"] = [{"col": one.column, "op": operator, "val": state}]
        elif value.low is not None or value.high is not None:
            state = [value.low, value.high]
            ends = ((">=", value.low), ("<=", value.high))
            form["filters"] = [
                {"col": one.column, "op": op, "val": end} for op, end in ends if end is not None
            ]
        elif value.range:
            state = form["time_range"] = self._range(value.range, one.title)
        elif value.grain:
            state = [GRAINS[value.grain]]
            form["time_grain_sqla"] = state[0]
        filled = {"value": state} if state is not None else {}
        return {"extraFormData": form, "filterState": filled, "ownState": {}}

    def _scope(self, scope: Scope, layout: Layout) -> dict[str, Any]:
        path = [self.tree.tabs[key] for key in scope.tabs if key in self.tree.tabs]
        numbers = [self.tree.numbers[key] for key in scope.excluded if key in self.tree.numbers]
        return {"rootPath": path or ["ROOT_ID"], "excluded": numbers}

    def _inside(self, scope: Scope, layout: Layout) -> list[int]:
        """Numbers of the charts that a scope has."""
        found = {
            self.tree.numbers[tile.key]
            for tab, tile in layout.tiles()
            if tile.key in self.tree.numbers
            and tile.key not in scope.excluded
            and (not scope.tabs or tab in scope.tabs)
        }
        return sorted(found)


def _id(key: str) -> str:
    return key if key.startswith(PREFIX) else f"{PREFIX}{key}"
