"""Who may do what: the table of permissions, and the rules on single objects.

Every door asks here. A permission says what somebody may do at all; the object rules say to
which dashboards, charts and datasets. What one may not see does not exist for them (NotFound).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from dashapp.errors import AppError, Forbidden, Invalid, Misdefined, NotFound, QueryFailed
from dashapp.viewer import Role, Viewer
from models import (
    Chart,
    Dashboard,
    DashboardGrant,
    Dataset,
    dashboard_charts,
    dashboard_datasets,
)

T = TypeVar("T")

ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
ALL: frozenset[Role] = frozenset(ROLES)
EDITORS: frozenset[Role] = frozenset({"editor", "admin"})
ADMINS: frozenset[Role] = frozenset({"admin"})


@dataclass(frozen=True)
class Permission:
    """`description` completes "You may ..."; `roles` have it."""

    description: str
    roles: frozenset[Role]


PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {
        "dashboard.view": Permission("look at dashboards", ALL),
        "dashboard.edit": Permission("make and change dashboards", EDITORS),
        "chart.edit": Permission("make and change charts", EDITORS),
        "dataset.edit": Permission("make and change datasets", EDITORS),
        "database.edit": Permission("connect and change databases", ADMINS),
        "sql.view": Permission("see the SQL behind a tile", EDITORS),
        "rows.view": Permission("see the rows behind a number", ALL),
        "export.run": Permission("download data", ALL),
        "user.manage": Permission("manage people, groups and keys", ADMINS),
        "rule.manage": Permission("manage row-level rules", ADMINS),
        "embed.mint": Permission("make tokens for embedded dashboards", ADMINS),
        "bundle.import": Permission("import bundles", ADMINS),
        "bundle.export": Permission("export bundles", EDITORS),
        "admin.panel": Permission("see the administration pages", ADMINS),
    }
)
# What a guest of an embedded dashboard may do.
GUEST: frozenset[str] = frozenset({"dashboard.view"})
# The permission that changing an object of a kind takes.
CHANGES: Mapping[type, str] = MappingProxyType(
    {Dashboard: "dashboard.edit", Chart: "chart.edit", Dataset: "dataset.edit"}
)


def granted(role: Role) -> frozenset[str]:
    """The slugs of all permissions of a role."""
    return frozenset(slug for slug, row in PERMISSIONS.items() if role in row.roles)


def require(viewer: Viewer, slug: str) -> None:
    """Raise Forbidden unless the viewer has the permission. An unknown slug is a KeyError."""
    permission = PERMISSIONS[slug]
    if not viewer.may(slug):
        raise Forbidden(f"You may not {permission.description}.", permission=slug)


UNNAMED = "This cannot be read from the database. Who made the chart can see why."
UNCLEAR = "This is not set up right. Who made it can see why."


def discreet(viewer: Viewer, error: AppError) -> AppError:
    """The error as this viewer may read it.

    Without the right to see SQL: no SQL, and no names of tables, columns and databases that the
    viewer did not bring.
    """
    if viewer.may("sql.view"):
        return error
    if isinstance(error, Misdefined):
        return Invalid(UNCLEAR)
    if isinstance(error, QueryFailed):
        names = "name" in error.detail or error.detail.get("reason") == "syntax"
        return type(error)(UNNAMED if names else error.message)
    return error


def may_see(viewer: Viewer, dashboard: Dashboard) -> bool:
    """Whether the viewer may see the dashboard; the same rule as `visible_dashboards`."""
    if not viewer.may("dashboard.view"):
        return False
    if viewer.is_guest:
        return viewer.dashboard is not None and dashboard.uuid == viewer.dashboard
    if viewer.is_admin or _owns(viewer, dashboard):
        return True
    levels = {grant.level for grant in dashboard.grants if _is_for(grant, viewer)}
    if "edit" in levels:
        return True
    return dashboard.is_published and (bool(levels) or not dashboard.grants)


def may_edit(viewer: Viewer, row: Dashboard | Chart | Dataset) -> bool:
    """Whether the viewer may change it: admins all, owners theirs, grantees of level "edit"."""
    if viewer.is_guest or not viewer.may(CHANGES[type(row)]):
        return False
    if viewer.is_admin or _owns(viewer, row):
        return True
    return isinstance(row, Dashboard) and any(
        grant.level == "edit" and _is_for(grant, viewer) for grant in row.grants
    )


def require_edit(viewer: Viewer, row: Dashboard | Chart | Dataset) -> None:
    """Raise Forbidden unless the viewer may change the object (which they may see)."""
    if not may_edit(viewer, row):
        raise Forbidden("Only its owner, people it is shared with and admins may change this.")


def visible_dashboards(viewer: Viewer) -> sa.Select[Dashboard]:
    """The dashboards that the viewer may see, to be narrowed and ordered further."""
    return sa.select(Dashboard).where(_dashboard_rule(viewer))


def visible_charts(viewer: Viewer) -> sa.Select[Chart]:
    """The charts that the viewer may see: editors all, others those on visible dashboards."""
    rule = sa.true() if _sees_all(viewer, "chart.edit") else Chart.id.in_(_shown_charts(viewer))
    return sa.select(Chart).where(rule)


def visible_datasets(viewer: Viewer) -> sa.Select[Dataset]:
    """The datasets that the viewer may see: editors all, others those of visible dashboards."""
    if _sees_all(viewer, "dataset.edit"):
        return sa.select(Dataset)
    charted = sa.select(Chart.dataset_id).where(Chart.id.in_(_shown_charts(viewer)))
    filtered = sa.select(dashboard_datasets.c.dataset_id).where(
        dashboard_datasets.c.dashboard_id.in_(_dashboard_ids(viewer))
    )
    return sa.select(Dataset).where(sa.or_(Dataset.id.in_(charted), Dataset.id.in_(filtered)))


def found(row: T | None, what: str = "object") -> T:
    """The row, or NotFound with a sentence that does not tell hidden from missing."""
    if row is None:
        raise NotFound(f"There is no such {what}, or you may not see it.")
    return row


def _owns(viewer: Viewer, row: Dashboard | Chart | Dataset) -> bool:
    return viewer.user_id is not None and row.owner_id == viewer.user_id


def _is_for(grant: DashboardGrant, viewer: Viewer) -> bool:
    if grant.user_id is not None:
        return grant.user_id == viewer.user_id
    return grant.group_id in viewer.groups


def _sees_all(viewer: Viewer, slug: str) -> bool:
    return not viewer.is_guest and viewer.may(slug)


def _dashboard_rule(viewer: Viewer) -> sa.ColumnElement[bool]:
    if not viewer.may("dashboard.view"):
        return sa.false()
    if viewer.is_guest:
        return Dashboard.uuid == viewer.dashboard if viewer.dashboard else sa.false()
    if viewer.is_admin:
        return sa.true()
    grants = Dashboard.grants
    user_id = viewer.user_id or 0  # No user has the number 0.
    mine = sa.or_(
        DashboardGrant.user_id == user_id, DashboardGrant.group_id.in_(sorted(viewer.groups))
    )
    return sa.or_(
        Dashboard.owner_id == user_id,
        grants.any(sa.and_(mine, DashboardGrant.level == "edit")),
        sa.and_(Dashboard.is_published, sa.or_(grants.any(mine), ~grants.any())),
    )


def _dashboard_ids(viewer: Viewer) -> sa.Select[int]:
    return sa.select(Dashboard.id).where(_dashboard_rule(viewer))


def _shown_charts(viewer: Viewer) -> sa.Select[Any]:
    return sa.select(dashboard_charts.c.chart_id).where(
        dashboard_charts.c.dashboard_id.in_(_dashboard_ids(viewer))
    )
