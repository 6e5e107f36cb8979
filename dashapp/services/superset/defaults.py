"""What Superset's controls fill in where a chart's parameters leave them out.

Its explorer and its dashboards do so before they ask, so charts that were saved by an older
Superset, or written by hand, have rows cut off that their parameters do not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MOST_ROWS: Final = 10_000
# Types with a control for rows of another default; None: without that control.
_ROWS: Final[dict[str, int | None]] = {
    "pie": 100, "word_cloud": 100, "funnel": 10, "gauge_chart": 10, "radar": 10,
    "big_number": None, "big_number_total": None, "bullet": None, "time_pivot": None,
    "cal_heatmap": None, "country_map": None, "deck_multi": None, "markup": None,
    "separator": None, "cartodiagram": None,
}  # fmt: skip
_RED: Final = {"r": 224, "g": 67, "b": 85, "a": 1}
_GREEN: Final = {"r": 90, "g": 193, "b": 137, "a": 1}
_GREY: Final = {"r": 102, "g": 102, "b": 102, "a": 1}
# Others that change what is asked or seen.
_REST: Final[dict[str, dict[str, Any]]] = {
    "area": {"opacity": 0.2},
    "echarts_area": {"opacity": 0.2},
    "bubble_v2": {"opacity": 0.6},
    "cal_heatmap": {"steps": 10},
    "deck_grid": {"grid_size": 20, "autozoom": True},
    "deck_hex": {"grid_size": 20, "autozoom": True},
    "deck_contour": {"autozoom": True},
    "deck_heatmap": {"autozoom": True},
    "deck_scatter": {"autozoom": True},
    "deck_screengrid": {"autozoom": True},
    "mapbox": {"clustering_radius": "60"},
    "pop_kpi": {"comparison_color_enabled": False},
    "waterfall": {
        "show_legend": False, "increase_color": _GREEN, "decrease_color": _RED,
        "total_color": _GREY,
    },
}  # fmt: skip


def filled(viz_type: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with those defaults that change what is asked or seen.

    A key that is there with null stays null, as it does in Superset.
    """
    rows = _ROWS.get(viz_type, MOST_ROWS)
    rest = _REST.get(viz_type, {}) | ({"row_limit": rows} if rows else {})
    return rest | dict(params)
