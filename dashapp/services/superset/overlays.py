"""Superset's annotation layers as ours, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from dashapp.charts.annotations import FormulaLayer, Layers
from dashapp.charts.formula import parse
from dashapp.errors import AppError
from dashapp.services.superset.params import Params
from dashapp.services.superset.values import number
from dashapp.services.superset.written import Out

_DASHES: Final[dict[str, str]] = {
    "solid": "solid", "dashed": "dash", "dotted": "dot", "longDashed": "dash",
}  # fmt: skip
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def layers(p: Params) -> dict[str, Any]:
    """The layers that can be drawn here; a note for each that cannot."""
    found = []
    for item in _items(p.get("annotation_layers", [])):
        try:
            found += _layer(p, item)
        except AppError as error:
            p.note(f"The annotation “{_name(item)}” is left out: {error.message}")
    return {"annotations": tuple(found[:20])} if found else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or "")[:100]


def _layer(p: Params, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind = str(item.get("annotationType") or "").upper()
    common = _common(item)
    stroke = {"dash": _DASHES.get(str(item.get("style")), "solid"), "width": _width(item)}
    if kind == "FORMULA":
        formula = str(item.get("value") or "")
        parse(formula)
        return [common | stroke | {"layer": "formula", "formula": formula}]
    other = p.sibling(item.get("value")) if item.get("sourceType") in ("line", "table") else None
    if other is None or kind not in ("EVENT", "INTERVAL", "TIME_SERIES"):
        p.note(
            f"The annotation “{common['name']}” reads other data than this chart; "
            "here annotations read the chart's own dataset."
        )
        return []
    filters = other.narrowing().get("filters", ())
    if kind == "TIME_SERIES":
        return [
            common | stroke | {"layer": "series", "metric": metric, "filters": filters}
            for metric in other.metrics("metrics", "metric")
        ]
    told = _column(p, item, "titleColumn") or next(iter(_described(p, item)), None)
    rest = common | {"title": told, "filters": filters}
    time = p.column_name(str(item.get("timeColumn") or p.dataset.time_column or ""))
    if kind == "EVENT":
        return [rest | stroke | {"layer": "event", "time": time}]
    end = p.column_name(str(item.get("intervalEndColumn") or ""))
    return [rest | {"layer": "interval", "start": time, "end": end}]


def _common(item: Mapping[str, Any]) -> dict[str, Any]:
    color = item.get("color")
    is_color = isinstance(color, str) and _COLOR.fullmatch(color)
    return {
        "name": _name(item),
        "color": str(color).lower() if is_color else None,
        "shown": item.get("show", True) is not False,
    }


def _width(item: Mapping[str, Any]) -> float:
    width = number(item.get("width"))
    return min(max(width, 0.5), 20.0) if width else 1.0


def _column(p: Params, item: Mapping[str, Any], key: str) -> str | None:
    name = item.get(key)
    return p.column_name(name) if isinstance(name, str) and name else None


def _described(p: Params, item: Mapping[str, Any]) -> list[str]:
    names = item.get("descriptionColumns")
    return (
        [p.column_name(n) for n in names if isinstance(n, str)] if isinstance(names, list) else []
    )


def written(found: Layers, out: Out) -> dict[str, Any]:
    """Layers in Superset's parameters; only formulas stand on their own there."""
    styles = {ours: theirs for theirs, ours in reversed(_DASHES.items())}
    rest = [layer for layer in found if not isinstance(layer, FormulaLayer)]
    if rest:
        out.note("Superset's annotations of events, intervals and series need charts of their own.")
    items: list[dict[str, Any]] = [
        {
            "name": layer.name, "annotationType": "FORMULA", "sourceType": "",
            "value": layer.formula, "show": layer.shown, "color": layer.color,
            "style": styles[layer.dash], "width": layer.width, "opacity": "", "overrides": {},
        }
        for layer in found
        if isinstance(layer, FormulaLayer)
    ]  # fmt: skip
    return {"annotation_layers": items} if items else {}
