"""Where filters and clicks apply: Superset's paths through the layout as tabs and tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dashapp.services.superset.layout import Arranged
from dashapp.services.superset.values import number
from dashapp.specs.layout import Scope

WHOLE: Final = frozenset({"ROOT_ID", "GRID_ID"})


def scope(raw: Any, arranged: Arranged) -> Scope:
    """A scope `{rootPath, excluded}` over a layout; everything where it says nothing."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("rootPath"), list):
        return Scope()
    path = {p for p in raw["rootPath"] if isinstance(p, str)}
    excluded = {int(n) for e in _items(raw.get("excluded")) if (n := number(e)) is not None}
    reached = {
        p.key
        for p in arranged.places
        if (path & WHOLE or path & p.around) and p.number not in excluded
    }
    if path & WHOLE:
        tabs: tuple[str, ...] = ()
    else:
        with_any = {p.tab for p in arranged.places if path & p.around}
        tabs = tuple(tab.key for tab in arranged.tabs if tab.key in with_any)
    left_out = (
        p.key for p in arranged.places if p.key not in reached and (not tabs or p.tab in tabs)
    )
    return Scope(tabs=tabs, excluded=tuple(left_out))


def click_scopes(metadata: Mapping[str, Any], arranged: Arranged) -> dict[str, Scope]:
    """Where clicks in each tile apply, for tiles whose clicks do not apply everywhere."""
    everywhere = scope(_inner(metadata.get("global_chart_configuration")), arranged)
    charts = metadata.get("chart_configuration")
    own = charts if isinstance(charts, Mapping) else {}
    found = {}
    for place in arranged.places:
        said = own.get(str(place.number))
        clicks = said.get("crossFilters") if isinstance(said, Mapping) else None
        raw = _inner(clicks)
        one = scope(raw, arranged) if isinstance(raw, Mapping) else everywhere
        # A tile never filters itself, said or not.
        one = one.model_copy(
            update={"excluded": tuple(key for key in one.excluded if key != place.key)}
        )
        if one != Scope():
            found[place.key] = one
    return found


def _inner(value: Any) -> Any:
    return value.get("scope") if isinstance(value, Mapping) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
