"""What tests of plotted kinds share: drawing, decoding, and labels that mean harm."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from dashapp.charts import kind
from dashapp.charts.base import Look, Plot
from dashapp.specs import QuerySpec
from tests.charts.flying import FLIGHTS, LOOK, drawn

HOSTILE = (
    '<a href="javascript:alert(1)">click</a>',
    "<b>bold</b> & <script>alert(1)</script>",
    "%{customdata[0]} &lt;img src=x onerror=alert(1)&gt;",
    "</extra><br>" + "long " * 80,
)


def plot(
    slug: str, table: pa.Table | dict[str, pa.Table], look: Look = LOOK, **options: object
) -> Plot:
    """A chart of this table, which Plotly itself finds valid."""
    tables = table if isinstance(table, dict) else {"main": table}
    found = drawn(slug, tables, look, **options)
    assert isinstance(found, Plot), found
    # Dash reads the mode of what has marks but no points; Plotly knows none there.
    traces = [{k: v for k, v in t.items() if (k, v) != ("mode", "")} for t in found.figure["data"]]
    go.Figure(found.figure | {"data": traces})
    aligned(found)
    return found


def query(slug: str, **options: object) -> QuerySpec:
    """The chart's main question."""
    return queries(slug, **options)["main"]


def queries(slug: str, **options: object) -> dict[str, QuerySpec]:
    """The chart's questions."""
    found = kind(slug)
    return found.queries(found.Options.model_validate(options), FLIGHTS)


def numbers(array: Any) -> list[Any]:
    """A typed array's numbers, not-a-number as None; lists as they are."""
    if not isinstance(array, dict):
        return list(array)
    values = np.frombuffer(base64.b64decode(array["bdata"]), dtype=f"<{array['dtype']}")
    return [None if np.isnan(v) else float(v) for v in values.tolist()]


def aligned(found: Plot) -> None:
    """Every mark's customdata has as many rows as marks, each at most as long as `clicks`."""
    for trace in found.figure["data"]:
        rows = trace.get("customdata")
        if not rows or trace["type"] in ("heatmap", "treemap", "sunburst", "icicle"):
            continue
        marks = trace.get("values") or trace.get("r") or trace.get("y") or trace.get("x")
        marks = marks or trace.get("locations") or trace.get("lat")
        if trace["type"] == "box":
            marks = trace["median"]
        assert len(rows) == len(numbers(marks))
        assert all(r is None or len(r) <= len(found.clicks) for r in rows)


def harmless(found: Plot) -> None:
    """No label of the data is markup or template anywhere but in customdata."""
    figure = json.loads(json.dumps(found.figure))
    for trace in figure["data"]:
        trace.pop("customdata", None)
        trace.pop("meta", None)
    text = json.dumps(figure)
    assert "<a" not in text
    assert "<script" not in text
    assert "<b>bold" not in text
    assert "%{customdata[" not in text
    assert "</extra><br>l" not in text
    assert "lt;a href" in text
