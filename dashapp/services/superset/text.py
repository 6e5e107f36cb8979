"""Superset's word clouds, templated texts and Markdown in ours, and back."""

from __future__ import annotations

import json
from typing import Any, Final

from dashapp.charts.templates import Template
from dashapp.charts.text import Markdown
from dashapp.charts.wordcloud import WordCloud
from dashapp.services.superset.markup import to_markdown
from dashapp.services.superset.params import Params, Translated, Translator
from dashapp.services.superset.parts import by_members
from dashapp.services.superset.parts_written import Written, is_by_metric
from dashapp.services.superset.written import Out, Writer
from dashapp.specs import Order

_ROTATIONS: Final = {"flat": "flat", "square": "square", "random": "random"}
# Read without a word: what they change nobody would miss here, or nothing in Superset either.
_QUIET: Final = (
    "limit", "groupby", "series_limit", "order_desc", "time_grain_sqla", "series_limit_metric",
    "timeseries_limit_metric", "date_format",
)  # fmt: skip
_WORDS: Final = 300


def word_cloud(p: Params) -> Translated:
    """Words of any size between the least and the greatest; half of them upright, as there."""
    found = p.dimensions("series")
    metric = p.metric("metric")
    for key in _QUIET:
        p.get(key)
    options: dict[str, Any] = {
        "limit": None,
        **p.number_format("number_format"),
        **p.narrowing(),
        "dimension": next(iter(found), None),
        "metric": metric,
        "words": _WORDS,
        "order": by_members(p, found[:1], metric),
        "size_from": _size(p, "size_from", 10),
        "size_to": _size(p, "size_to", 70),
        "rotation": p.choice("rotation", _ROTATIONS, "square"),
        "palette": p.palette(),
    }
    return Translated(
        "word_cloud", {k: v for k, v in options.items() if v is not None or k == "limit"}
    )


def _size(p: Params, key: str, default: int) -> int:
    found = p.whole(key)
    return min(max(default if found is None else found, 1), 500)


def handlebars(p: Params) -> Translated:
    """A template over rows, raw or grouped."""
    for key in ("server_page_length", "show_totals", "include_time", "align_pn", "percent_metrics",
                *_QUIET):  # fmt: skip
        p.get(key)
    code = p.text("handlebarsTemplate") or p.text("handlebars_template") or ""
    if p.text("styleTemplate"):
        p.note("Styles of its template were left out.")
    options: dict[str, Any] = {"limit": None, **p.narrowing(), "template": code[:50_000]}
    raw = p.text("query_mode") == "raw"
    if raw:
        options["columns"] = tuple(d.column for d in p.dimensions("all_columns"))
        options["order"] = _sorts(p, options["columns"])
        p.metrics("metrics")
    else:
        p.get("all_columns")
        p.get("order_by_cols")
        options["dimensions"] = p.dimensions("groupby", grain=p.grain())
        options["metrics"] = p.metrics("metrics", "metric")
        options["order"] = p.ranked(*options["metrics"])
    if p.metrics("percent_metrics"):
        p.note("Its percentage metrics are not in the rows that the template gets.")
    return Translated("template", options)


def _sorts(p: Params, columns: tuple[str, ...]) -> tuple[Order, ...]:
    """The order of raw rows: pairs of a shown column and whether it rises, often as JSON text."""
    found = []
    value = p.get("order_by_cols", [])
    for item in value if isinstance(value, list) else [value]:
        try:
            pair = json.loads(item) if isinstance(item, str) else item
        except (ValueError, RecursionError):
            pair = None
        if isinstance(pair, list) and len(pair) == 2 and pair[0] in columns:
            found.append(Order(by=pair[0], descending=not pair[1]))
        else:
            p.note(f"The order {str(item)[:60]} is not kept: its rows do not have it.")
    return tuple(found)


def markdown(p: Params) -> Translated:
    """Text without a question; HTML in it becomes Markdown."""
    for key in p.values:
        p.get(key)
    text, notes = to_markdown(p.get("code") or p.get("markdown") or "")
    for note in notes:
        p.note(note)
    return Translated("markdown", {"text": text[:50_000]})


TRANSLATORS: Final[dict[str, Translator]] = {
    "word_cloud": word_cloud,
    "handlebars": handlebars,
    "separator": markdown,
    "markup": markdown,
    "markdown": markdown,
}


def write_word_cloud(options: WordCloud.Options, out: Out) -> Written:
    """A word cloud, each word in a colour of its own."""
    if options.color_scale is not None:
        out.note("Superset's word clouds have no scale of colours.")
    return "word_cloud", {
        **out.narrowing(options),
        **out.palette(options),
        "series": out.dimension(options.dimension),
        "metric": out.metric(options.metric),
        "sort_by_metric": is_by_metric(options.order, options.metric),
        "size_from": options.size_from,
        "size_to": options.size_to,
        "rotation": options.rotation,
    }


def write_template(options: Template.Options, out: Out) -> Written:
    """A template; Superset reads the same notation."""
    found = out.narrowing(options) | {"handlebarsTemplate": options.template}
    if options.columns:
        return "handlebars", found | {
            "query_mode": "raw",
            "all_columns": list(options.columns),
            "order_by_cols": [[o.by, not o.descending] for o in options.order],
        }
    by = options.order[0] if options.order else None
    return "handlebars", found | {
        "query_mode": "aggregate",
        "groupby": out.dimensions(options.dimensions),
        "metrics": out.metrics(options.metrics),
        "timeseries_limit_metric": out.metric(by.metric) if by is not None else None,
        "order_desc": by is None or by.descending,
    }


def write_markdown(options: Markdown.Options, out: Out) -> Written:
    """Text of a chart of its own; dashboards of Superset have Markdown of theirs."""
    return "handlebars", {"query_mode": "raw", "handlebarsTemplate": options.text}


WRITERS: Final[dict[str, Writer]] = {
    "word_cloud": write_word_cloud,
    "template": write_template,
    "markdown": write_markdown,
}
