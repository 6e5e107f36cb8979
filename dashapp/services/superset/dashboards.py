"""Dashboards of a bundle: layout, filters, colours and what is said about them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from dashapp.errors import Invalid
from dashapp.services.superset import names
from dashapp.services.superset.colors import hex_of
from dashapp.services.superset.documents import DashboardDocument, opened
from dashapp.services.superset.filters import Offered, filters
from dashapp.services.superset.keys import Keys
from dashapp.services.superset.layout import Charts, arrange
from dashapp.services.superset.scopes import click_scopes
from dashapp.services.superset.values import number
from dashapp.specs import Layout
from dashapp.specs.bundle import BundleDashboard

REFRESH_S: Final = (10, 86_400)
MOST_COLORS: Final = 10_000
MOST_SLUG: Final = 140
# What is read, or says only how the page of Superset looked or what it computed from the rest.
KNOWN: Final = frozenset({
    "native_filter_configuration", "chart_configuration", "global_chart_configuration",
    "cross_filters_enabled", "color_scheme", "color_scheme_domain", "color_namespace",
    "label_colors", "shared_label_colors", "map_label_colors", "refresh_frequency",
    "expanded_slices", "filter_bar_orientation", "show_chart_timestamps", "stagger_refresh",
    "stagger_time", "show_native_filters", "filter_sets_configuration", "remote_id", "positions",
    "import_time", "default_filters", "filter_scopes", "slices",
})  # fmt: skip


def dashboard(
    document: DashboardDocument, slug: str, charts: Charts, offered: Offered
) -> tuple[BundleDashboard, list[str]]:
    """A dashboard as it is kept here, and what was not carried over. Raises Invalid."""
    keys, metadata = Keys(), document.metadata
    arranged = arrange(document.position, charts, keys)
    raw = metadata.get("native_filter_configuration")
    filtered = filters(raw, offered, arranged, keys)
    notes = [*arranged.notes, *filtered.notes, *_unread(document)]
    colors = _colors(metadata)
    try:
        layout = Layout(
            tabs=arranged.tabs, filters=filtered.filters, colors=colors,
            cross_filters=metadata.get("cross_filters_enabled") is not False,
            click_scopes=click_scopes(metadata, arranged),
            refresh_s=_refresh(metadata, notes), palette=_palette(metadata, notes),
        )  # fmt: skip
        made = BundleDashboard(
            uuid=document.uuid, slug=slug, title=document.dashboard_title[:250],
            description=_description(document), is_published=document.published is not False,
            tags=tags_of(document.tags), layout=layout,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise Invalid(f"Its layout makes no sense here: {first}") from error
    return made, notes


def tags_of(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Names of tags as they are kept here."""
    return tuple(t.strip()[:100] for t in tags if t.strip())[:50]


def slug_of(text: str) -> str:
    """A slug made of a title or of Superset's slug."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MOST_SLUG].strip("-") or "dashboard"


def _description(document: DashboardDocument) -> str | None:
    """The description, and who certified the dashboard."""
    return described(document.description, document.certified_by, document.certification_details)


def described(text: str | None, certified_by: str | None, details: str | None) -> str | None:
    """A description with who certified the object."""
    parts = [text.strip() if text else ""]
    if certified_by and certified_by.strip():
        more = f" ({details.strip()})" if details and details.strip() else ""
        parts.append(f"Certified by {certified_by.strip()}{more}.")
    return "\n\n".join(p for p in parts if p) or None


def _colors(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Member → #rrggbb; colours that people chose win over those that were given out."""
    found: dict[str, str] = {}
    for key in ("shared_label_colors", "map_label_colors", "label_colors"):
        said = metadata.get(key)
        pairs = said.items() if isinstance(said, Mapping) else ()
        for member, color in pairs:
            made = hex_of(color)
            if made and len(found) < MOST_COLORS:
                found[str(member)[:1000]] = made
    return found


def _palette(metadata: Mapping[str, Any], notes: list[str]) -> str:
    scheme = metadata.get("color_scheme")
    if not isinstance(scheme, str) or not scheme:
        return "dashapp"
    found = names.palette(scheme)
    if found is None:
        notes.append(f"There is no colour scheme like {scheme[:60]} here.")
    return found or "dashapp"


def _refresh(metadata: Mapping[str, Any], notes: list[str]) -> int | None:
    seconds = number(metadata.get("refresh_frequency"))
    if not seconds or seconds <= 0:
        return None
    low, high = REFRESH_S
    if not low <= seconds <= high:
        notes.append(f"It is refreshed every {min(max(int(seconds), low), high)} s here.")
    return min(max(int(seconds), low), high)


def _unread(document: DashboardDocument) -> list[str]:
    """What a dashboard says that is not carried over."""
    metadata, notes = document.metadata, list[str]()
    if (document.css or "").strip():
        notes.append("Its CSS is not carried over.")
    if document.theme_uuid is not None:
        notes.append("Its theme is not carried over; dashboards look as the reader chose here.")
    try:
        if opened(metadata.get("default_filters") or "{}") or metadata.get("filter_scopes"):
            notes.append("Defaults and scopes of filter boxes (an old kind of chart) are left out.")
    except ValueError:
        notes.append("Defaults of filter boxes cannot be read.")
    empty: tuple[Any, ...] = (None, "", [], {}, False, 0)
    lost = sorted(k[:100] for k, v in metadata.items() if k not in KNOWN and v not in empty)
    lost += document.unknown()
    if lost:
        notes.append(f"Not carried over: {', '.join(lost)}.")
    return notes
