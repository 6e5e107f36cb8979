"""Native filters as filters of ours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from dashapp.services.superset.filters import Filtered, Offered, filters
from dashapp.services.superset.keys import Keys
from dashapp.services.superset.layout import Charts, arrange
from dashapp.specs import ColumnSpec, DatasetSpec, FilterSpec, FilterValue, MetricSpec, SimpleMetric
from dashapp.specs.layout import Scope
from tests.services.superset.packs import grid, tile, uuid

ORDERS = DatasetSpec(
    uuid=UUID(uuid("orders")), name="orders", database=UUID(uuid("sales")), table="orders",
    time_column="day",
    columns=(
        ColumnSpec(name="day", type="time"), ColumnSpec(name="due", type="date"),
        ColumnSpec(name="region"), ColumnSpec(name="amount", type="integer"),
    ),
    metrics=(
        MetricSpec(
            name="revenue",
            definition=SimpleMetric(aggregate="sum", column="amount", label="revenue"),
        ),
    ),
)  # fmt: skip


def native(
    kind: str = "filter_select", column: str | None = "region", **more: Any
) -> dict[str, Any]:
    target = {"column": {"name": column}, "datasetUuid": uuid("orders")} if column else {}
    return {
        "id": "NATIVE_FILTER-1", "name": "Region", "filterType": kind, "type": "NATIVE_FILTER",
        "targets": [target], "controlValues": {}, "defaultDataMask": {"filterState": {}},
        "cascadeParentIds": [], "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "chartsInScope": [1], "tabsInScope": [],
    } | more  # fmt: skip


def made(*entries: Any) -> Filtered:
    charts = Charts(names={UUID(uuid("total")): "total"})
    keys = Keys()
    arranged = arrange(grid(tile(1, "total")), charts, keys)
    offered = Offered({ORDERS.uuid: ORDERS}, lambda _: str)
    return filters(list(entries), offered, arranged, keys)


def one(*entries: Any) -> FilterSpec:
    found = made(*entries)
    assert found.notes == []
    return found.filters[0]


def default(value: Any) -> dict[str, Any]:
    return {"defaultDataMask": {"filterState": {"value": value}, "extraFormData": {}}}


def test_a_select_filter_is_one_of_ours() -> None:
    controls = {
        "multiSelect": False, "enableEmptyFilter": True, "defaultToFirstItem": True,
        "inverseSelection": True, "searchAllOptions": True,
    }  # fmt: skip
    found = one(native(controlValues=controls, description="Where", sortMetric="revenue"))
    assert found == FilterSpec(
        key="NATIVE_FILTER-1", title="Region", kind="select", dataset=ORDERS.uuid, column="region",
        multiple=False, required=True, default_to_first=True, exclude=True, description="Where",
        sort_by="revenue",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (native(**default(["North", None])), FilterValue(values=("North", None))),
        (native(**default("North")), FilterValue(values=("North",))),
        (native(**default(None)), FilterValue()),
        (native(column="due", **default([1704067200000])), FilterValue(values=("2024-01-01",))),
        (native("filter_range", "amount", **default([3, None])), FilterValue(low=3)),
        (native("filter_range", "amount", **default(["1", "9"])), FilterValue(low=1, high=9)),
        (native("filter_range", "amount", **default([])), FilterValue()),
        (native("filter_time", None, **default("Last week")), FilterValue(range="last week")),
        (native("filter_time", None, **default("No filter")), FilterValue()),
        (native("filter_timegrain", None, **default(["P1M"])), FilterValue(grain="month")),
        (native("filter_timegrain", None, **default("P1D")), FilterValue(grain="day")),
    ],
)
def test_defaults_are_what_is_chosen_at_first(entry: dict[str, Any], wanted: FilterValue) -> None:
    assert one(entry).default == wanted


def test_cascades_lead_to_the_filters_they_name() -> None:
    child = native(id="NATIVE_FILTER-2", cascadeParentIds=["NATIVE_FILTER-1", "gone"])
    found = made(native(), child)
    assert [f.parents for f in found.filters] == [(), ("NATIVE_FILTER-1",)]


def test_scopes_leave_tiles_out() -> None:
    found = one(native(scope={"rootPath": ["ROOT_ID"], "excluded": [1]}))
    assert found.scope == Scope(excluded=("CHART-total",))


def test_conditions_of_its_own_narrow_the_options() -> None:
    simple = {
        "expressionType": "SIMPLE", "clause": "WHERE", "subject": "amount", "operator": ">",
        "comparator": 5,
    }  # fmt: skip
    written = {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "region <> 'x'"}
    found = one(
        native(adhoc_filters=[simple, written], time_range="Last month", granularity_sqla="day")
    )
    assert [(f.column, f.op, f.value) for f in found.filters] == [("amount", ">", 5)]
    assert [w.expression for w in found.where] == ["region <> 'x'"]
    assert found.time_range == "last month"


LOST: dict[str, dict[str, Any]] = {
    "a kind that is not here": native("filter_timecolumn"),
    "no dataset": native(column=None),
    "an unknown dataset": native(targets=[{"column": {"name": "x"}, "datasetUuid": uuid("no")}]),
    "an unknown column": native(column="shoe"),
    "a range that nobody knows": native("filter_time", None, **default("Last blue moon")),
    "targets of another type": native(targets="x"),
    "no column": native(targets=[{"datasetUuid": uuid("orders")}]),
}


@pytest.mark.parametrize("what", LOST)
def test_what_cannot_be_a_filter_is_told_of_and_leaves_the_others_alone(what: str) -> None:
    found = made(LOST[what] | {"id": "NATIVE_FILTER-0", "name": "Odd"}, native())
    assert [f.key for f in found.filters] == ["NATIVE_FILTER-1"]
    assert len(found.notes) == 1
    assert "“Odd” is left out" in found.notes[0]


def test_headings_between_filters_are_no_filters() -> None:
    found = made(native() | {"type": "DIVIDER"}, "nonsense", None)
    assert (found.filters, found.notes) == ((), [])
    assert (
        made().filters
        == filters("x", Offered({}, lambda _: str), arrange({}, Charts({}), Keys()), Keys()).filters
    )


def test_what_is_not_carried_over_is_told() -> None:
    found = made(
        native(controlValues={"enableSingleValue": 1}, colour="red", sortMetric="nothing"),
        native("filter_timegrain", None, **default(["P7Y"])) | {"id": "NATIVE_FILTER-3"},
    )
    assert len(found.filters) == 2
    assert sorted(n.split(":")[0] for n in found.notes) == [
        "Region", "The dataset orders has no metric “nothing” to sort options by.",
        "There is no time grain P7Y here; no default is chosen.",
    ]  # fmt: skip
