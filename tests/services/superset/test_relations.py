"""Superset's charts of relations become ours, and go back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset.params import Params, refused
from dashapp.services.superset.relations import TRANSLATORS, WRITERS
from dashapp.services.superset.written import Out
from tests.services.superset.test_distribution import NASTY
from tests.services.superset.test_params import SALES, SUM

SANKEY = {
    "source": "country", "target": "is_new", "metric": SUM, "sort_by_metric": True,
    "row_limit": 500, "color_scheme": "supersetColors",
}  # fmt: skip
CHORD = {
    "groupby": "country", "columns": ["is_new"], "metric": "revenue", "row_limit": 1000,
    "y_axis_format": "SMART_NUMBER", "color_scheme": "supersetColors", "label_colors": {},
}  # fmt: skip
GRAPH = {
    "source": "country", "target": "is_new", "source_category": "paid", "target_category": None,
    "metric": "revenue", "layout": "circular", "edgeSymbol": "none,none", "roam": "move",
    "draggable": True, "selectedMode": "single", "showSymbolThreshold": "5", "baseNodeSize": "30",
    "baseEdgeWidth": 4, "edgeLength": 400, "gravity": 0.5, "repulsion": 2000, "friction": 0.2,
    "row_limit": 100, "show_legend": True, "legendOrientation": "top",
}  # fmt: skip
TREE = {
    "id": "pieces", "parent": "amount", "name": "country", "root_node_id": 7, "metric": "revenue",
    "layout": "radial", "orient": "TB", "symbol": "emptyCircle", "symbolSize": 11, "roam": True,
    "node_label_position": "top", "child_label_position": "right", "emphasis": "descendant",
    "row_limit": 1000,
}  # fmt: skip
WHOLE = {"sankey_v2": SANKEY, "chord": CHORD, "graph_chart": GRAPH, "tree_chart": TREE}


def read(viz_type: str, values: dict[str, Any]) -> tuple[str, Any, Params]:
    params = Params(viz_type=viz_type, name="chart", values=values, dataset=SALES)
    found = TRANSLATORS[viz_type](params)
    return found.kind, KINDS[found.kind].Options.model_validate(found.options), params


def asked(viz_type: str, **values: Any) -> Any:
    kind, options, _ = read(viz_type, values)
    return KINDS[kind].queries(options, SALES)["main"]


def ordered(spec: Any) -> list[tuple[str, bool]]:
    return [(o.by, o.descending) for o in spec.order]


def test_flows_are_ordered_by_the_metric_then_by_both_ends():
    spec = asked("sankey_v2", **SANKEY)
    assert [d.name for d in spec.dimensions] == ["country", "is_new"]
    assert ordered(spec) == [("SUM(amount)", True), ("country", False), ("is_new", False)]
    assert spec.limit == 500
    assert ordered(asked("sankey_v2", **SANKEY | {"row_limit": 0}))[0] == ("SUM(amount)", True)


@pytest.mark.parametrize(
    ("viz_type", "kind"),
    [("sankey", "sankey"), ("sankey_loop", "sankey"), ("directed_force", "network")],
)
def test_old_charts_take_both_ends_from_one_list(viz_type, kind):
    found, options, _ = read(viz_type, {"groupby": ["country", "is_new"], "metric": "revenue"})
    assert found == kind
    assert [d.name for d in options.ends] == ["country", "is_new"]
    assert getattr(options, "cycles", "split") == ("loop" if viz_type == "sankey_loop" else "split")


def test_chords_are_asked_by_both_columns():
    spec = asked("chord", **CHORD)
    assert [d.name for d in spec.dimensions] == ["country", "is_new"]
    assert spec.limit == 1000


def test_networks_keep_their_looks_and_ask_for_categories():
    kind, options, params = read("graph_chart", GRAPH)
    spec = KINDS[kind].queries(options, SALES)["main"]
    assert [d.name for d in spec.dimensions] == ["country", "is_new", "paid"]
    assert ordered(spec) == [("country", False), ("is_new", False), ("paid", False)]
    assert (options.place, options.arrows, options.repulsion) == ("circle", False, 2)
    assert (options.node_size, options.label_from) == (30, 5)
    assert params.unread() == []
    assert params.notes == []


def test_trees_may_do_without_a_metric():
    kind, options, _ = read("tree_chart", TREE)
    spec = KINDS[kind].queries(options, SALES)["main"]
    assert [d.name for d in spec.dimensions] == ["pieces", "amount", "country"]
    assert ordered(spec) == [("pieces", False), ("amount", False), ("country", False)]
    assert (options.root, options.radial, options.symbol) == ("7", True, "circle-open")
    assert asked("tree_chart", id="pieces", parent="amount").metrics == ()


@pytest.mark.parametrize("viz_type", WHOLE)
def test_what_is_written_reads_the_same(viz_type):
    kind, options, _ = read(viz_type, WHOLE[viz_type])
    theirs, values = WRITERS[kind](options, Out(SALES))
    assert theirs == viz_type
    again_kind, again, params = read(theirs, {k: v for k, v in values.items() if v is not None})
    assert (again_kind, again) == (kind, options)
    assert params.unread() == []


def told(viz_type: str, values: dict[str, Any]) -> str:
    """Why a chart is refused; a full stop if it is not."""
    try:
        read(viz_type, values)
    except (Invalid, ValidationError) as error:
        return error.message if isinstance(error, Invalid) else refused(error).message
    return "."


@pytest.mark.parametrize("viz_type", WHOLE)
@pytest.mark.parametrize("value", NASTY, ids=lambda v: repr(v)[:20])
def test_odd_values_are_taken_or_refused_with_a_sentence(viz_type, value):
    for key in WHOLE[viz_type]:
        assert told(viz_type, WHOLE[viz_type] | {key: value}).endswith(".")
