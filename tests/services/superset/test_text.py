"""Superset's word clouds, templates and Markdown become ours and go back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dashapp.charts import KINDS
from dashapp.errors import Invalid
from dashapp.services.superset.params import Params, refused
from dashapp.services.superset.text import TRANSLATORS, WRITERS
from dashapp.services.superset.written import Out
from tests.services.superset.test_distribution import NASTY
from tests.services.superset.test_params import SALES, SUM, where

CLOUD = {
    "adhoc_filters": [where("country", "==", "boy")], "compare_lag": "10", "groupby": [],
    "granularity_sqla": "day", "limit": "100", "metric": "revenue", "rotation": "square",
    "row_limit": 50000, "series": "country", "size_from": "10", "size_to": "70",
    "time_range": "100 years ago : now", "annotation_layers": [],
}  # fmt: skip
TEMPLATE = {
    "query_mode": "aggregate", "groupby": ["country"], "metrics": ["revenue", SUM],
    "all_columns": [], "order_by_cols": [], "order_desc": True, "row_limit": 20,
    "timeseries_limit_metric": SUM, "include_time": False, "server_page_length": 10,
    "handlebarsTemplate": "<ul>{{#each data}}<li>{{stringify this}}</li>{{/each}}</ul>",
}  # fmt: skip
RAW = {
    "query_mode": "raw", "all_columns": ["country", "amount"], "metrics": ["revenue"],
    "order_by_cols": ['["amount", false]', '["gone", true]'], "row_limit": 20,
    "handlebarsTemplate": "{{data.length}}", "styleTemplate": "b {color: red}",
}  # fmt: skip
WHOLE = {"word_cloud": CLOUD, "handlebars": TEMPLATE}


def read(viz_type: str, values: dict[str, Any]) -> tuple[str, Any, Params]:
    params = Params(viz_type=viz_type, name="chart", values=values, dataset=SALES)
    found = TRANSLATORS[viz_type](params)
    return found.kind, KINDS[found.kind].Options.model_validate(found.options), params


def asked(viz_type: str, **values: Any) -> Any:
    kind, options, _ = read(viz_type, values)
    return KINDS[kind].queries(options, SALES)["main"]


def ordered(spec: Any) -> list[tuple[str, bool]]:
    return [(o.by, o.descending) for o in spec.order]


def test_a_word_cloud_is_ordered_by_its_words_where_rows_are_limited():
    spec = asked("word_cloud", **CLOUD)
    assert [d.name for d in spec.dimensions] == ["country"]
    assert (spec.limit, ordered(spec)) == (50000, [("country", False)])
    both = asked("word_cloud", **CLOUD | {"sort_by_metric": True})
    assert ordered(both) == [("revenue", True), ("country", False)]
    assert asked("word_cloud", **CLOUD | {"row_limit": None}).limit is None


def test_a_word_cloud_looks_as_it_did():
    kind, options, params = read("word_cloud", CLOUD)
    assert kind == "word_cloud"
    assert (options.size_from, options.size_to, options.rotation) == (10, 70, "square")
    assert params.unread() == []
    assert params.notes == []
    bare = read("word_cloud", {"series": ["country"], "metric": "revenue", "rotation": "odd"})
    assert (bare[1].rotation, bare[1].limit) == ("square", None)
    assert bare[2].notes == ["“rotation: odd” is not known here."]


def test_a_template_gets_grouped_rows_in_superset_s_order():
    kind, options, params = read("handlebars", TEMPLATE)
    assert (kind, options.template) == ("template", TEMPLATE["handlebarsTemplate"])
    spec = asked("handlebars", **TEMPLATE)
    assert (ordered(spec), spec.limit) == ([("SUM(amount)", True)], 20)
    assert params.unread() == []


def test_a_template_may_get_raw_rows():
    _, options, params = read("handlebars", RAW)
    assert (options.columns, options.metrics) == (("country", "amount"), ())
    assert [(o.by, o.descending) for o in options.order] == [("amount", True)]
    assert params.notes == [
        "Styles of its template were left out.",
        "The order [\"gone\", true] is not kept: its rows do not have it.",
    ]  # fmt: skip
    assert asked("handlebars", **RAW).columns == ("country", "amount")


@pytest.mark.parametrize("viz_type", ["separator", "markup", "markdown"])
def test_text_of_old_charts_is_markdown(viz_type):
    values = {"code": "<h1>Title</h1><script>x</script>", "markup_type": "html", "odd": 1}
    kind, options, params = read(viz_type, values)
    assert (kind, options.text) == ("markdown", "# Title")
    assert params.notes == ["Scripts, forms and embedded pages in its text were left out."]
    assert params.unread() == []


@pytest.mark.parametrize("viz_type", WHOLE)
def test_there_and_back_is_the_same(viz_type):
    kind, options, _ = read(viz_type, WHOLE[viz_type])
    out = Out(SALES)
    back, params = WRITERS[kind](options, out)
    assert (back, out.notes) == (viz_type, [])
    again = read(back, {k: v for k, v in params.items() if v is not None})
    assert again[1] == options
    assert again[2].unread() == []


def test_raw_templates_and_texts_are_written_too():
    _, options, _ = read("handlebars", RAW)
    back, params = WRITERS["template"](options, Out(SALES))
    assert read(back, params)[1] == options
    out = Out(SALES)
    text = KINDS["markdown"].Options.model_validate({"text": "# Title"})
    assert WRITERS["markdown"](text, out)[1]["handlebarsTemplate"] == "# Title"
    colored = KINDS["word_cloud"].Options.model_validate({"color_scale": "viridis"})
    WRITERS["word_cloud"](colored, out)
    assert out.notes == ["Superset's word clouds have no scale of colours."]


@pytest.mark.parametrize("viz_type", TRANSLATORS)
@pytest.mark.parametrize("value", NASTY)
def test_wrong_types_are_refused_in_a_sentence_or_left_out(viz_type, value):
    for key in WHOLE.get(viz_type, RAW):
        try:
            read(viz_type, WHOLE.get(viz_type, RAW) | {key: value, "code": value})
        except Invalid:
            continue
        except ValidationError as error:
            if not refused(error).message:
                raise
