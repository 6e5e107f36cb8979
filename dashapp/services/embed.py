"""Guests of embedded dashboards: minting their tokens, and admitting those who bring one.

A token lives for at most five minutes and names one dashboard, row-level rules and filters that the
guest cannot change. It is signed with a key of its own, so it is no session and no API key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from pydantic import Field, ValidationError, field_validator

from dashapp.errors import Forbidden, Invalid, SignInRequired
from dashapp.permissions import GUEST, found, require, require_edit, visible_dashboards
from dashapp.query.rules import check_rule
from dashapp.services import audit
from dashapp.services.narrowing import require_fitting
from dashapp.settings import settings
from dashapp.signing import sign, unsign
from dashapp.specs import FilterValue, Layout, Spec
from dashapp.specs.filters import Key
from dashapp.viewer import GuestRule, Viewer
from dashapp.warehouses import WAREHOUSES
from models import (
    Chart,
    Dashboard,
    Database,
    Dataset,
    EmbedConfig,
    dashboard_charts,
    dashboard_datasets,
    db,
)

MAX_TTL_S = 300
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
Theme = Literal["auto", "light", "dark"]


class RuleClaim(Spec):
    """A row-level predicate; without a dataset it holds for every dataset."""

    clause: str = Field(min_length=1, max_length=10_000)
    dataset: UUID | None = None


class GuestUser(Spec):
    """How the guest is called in logs and texts, and how they read numbers and times."""

    name: str = Field("Guest", min_length=1, max_length=250)
    zone: str | None = Field(None, max_length=64)
    locale: str | None = Field(None, max_length=20)
    theme: Theme = "auto"

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"There is no time zone '{zone}'.")
        return zone


class TokenRequest(Spec):
    """What a program asks for when it mints a token. `dashboard` is a UUID or a slug."""

    dashboard: str = Field(min_length=1, max_length=250)
    rules: tuple[RuleClaim, ...] = Field((), max_length=100)
    locked_filters: dict[Key, FilterValue] = Field(default_factory=dict, max_length=100)
    user: GuestUser = GuestUser()
    ttl_s: int = Field(MAX_TTL_S, ge=10, le=MAX_TTL_S)


class Claims(Spec):
    """What a token says."""

    aud: Literal["dashapp.embed"]
    exp: float
    dashboard: UUID
    rules: tuple[RuleClaim, ...]
    locked_filters: dict[Key, FilterValue]
    user: GuestUser


@dataclass(frozen=True)
class Minted:
    """A token and when it ends."""

    token: str
    expires_at: datetime
    ttl_s: int
    slug: str


@dataclass(frozen=True)
class Guest:
    """An admitted guest, who may frame the dashboard, and the seconds until the token ends."""

    viewer: Viewer
    origins: tuple[str, ...]
    left_s: float


class TokenExpired(SignInRequired):
    """A token of ours that is too old; `origins` may frame the page that says so."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        super().__init__("Access to this dashboard has ended. Please reload the page.")
        self.origins = origins


def allow(
    viewer: Viewer, dashboard: str, origins: Sequence[str], *, requires_rules: bool = False
) -> None:
    """Let pages of these origins, and no others, show a dashboard (slug or UUID) to guests.

    Without origins nobody may. With `requires_rules`, every token must carry row-level rules.
    Raises Invalid for what is no origin.
    """
    require(viewer, "embed.mint")
    wrong = [origin for origin in origins if not ORIGIN.fullmatch(origin)]
    if wrong:
        fault = f"“{wrong[0]}” is no origin; write it like https://portal.example.com."
        raise Invalid(fault, {"origins": fault})
    row = _dashboard(viewer, dashboard)
    require_edit(viewer, row)
    config = row.embed or EmbedConfig(dashboard_id=row.id)
    db.session.add(config)
    config.allowed_origins = list(dict.fromkeys(origins))
    config.is_enabled, config.requires_rules = bool(origins), requires_rules
    audit.record(viewer, "dashboard.embed", row, origins=config.allowed_origins)
    db.session.commit()


def mint(viewer: Viewer, request: TokenRequest) -> Minted:
    """A guest token. Forbidden without embed.mint; NotFound where there is no such dashboard.

    Forbidden too where it is not embedded, Invalid for rules or filters that make no sense, and
    for a token without rules where the dashboard requires them.
    """
    require(viewer, "embed.mint")
    dashboard = _dashboard(viewer, request.dashboard)
    config = _config(dashboard.uuid)
    if config is None or not config.is_enabled:
        raise Forbidden("This dashboard is not open to guests. Switch embedding on first.")
    if config.requires_rules and not request.rules:
        fault = "Guests of this dashboard need row-level rules."
        raise Invalid(fault, {"rules": "At least one is required."})
    _check_rules(request.rules, dashboard)
    _check_filters(request.locked_filters, Layout.model_validate(dashboard.layout))
    ends = datetime.now(UTC) + timedelta(seconds=request.ttl_s)
    claims = Claims(
        aud="dashapp.embed",
        exp=ends.timestamp(),
        dashboard=dashboard.uuid,
        rules=request.rules,
        locked_filters=request.locked_filters,
        user=request.user,
    )
    token = sign("guest", claims.model_dump(mode="json"))
    return Minted(token, ends, request.ttl_s, dashboard.slug)


def admit(token: str) -> Guest:
    """The guest who brings `token`. SignInRequired for a token that is not valid (any more)."""
    claims = _claims(unsign("guest", token, age_s=MAX_TTL_S + 24 * 3600))
    config = _config(claims.dashboard)
    if config is None or not config.is_enabled:
        raise SignInRequired("This dashboard is not open to guests.")
    # Nothing but an origin may reach the header that says who may frame the page.
    origins = tuple(o for o in config.allowed_origins if ORIGIN.fullmatch(o))
    left_s = claims.exp - datetime.now(UTC).timestamp()
    if left_s <= 0:
        raise TokenExpired(origins)
    if config.requires_rules and not claims.rules:
        raise SignInRequired("This dashboard needs a token with row-level rules.")
    return Guest(_viewer(claims), origins, left_s)


def claims_of(viewer: Viewer) -> dict[str, Any]:
    """What a background job needs to know to work for this guest (JSON types)."""
    if viewer.dashboard is None:
        raise ValueError("Only guests have claims.")
    claims = Claims(
        aud="dashapp.embed",
        exp=0,
        dashboard=viewer.dashboard,
        rules=tuple(RuleClaim(clause=r.clause, dataset=r.dataset) for r in viewer.rules),
        locked_filters=viewer.locked_filters,
        user=GuestUser(
            name=viewer.name, zone=viewer.zone, locale=viewer.locale, theme=viewer.theme
        ),
    )
    return claims.model_dump(mode="json")


def readmit(claims: Any) -> Viewer:
    """The guest of `claims_of`, as long as the dashboard is open to guests."""
    known = _claims(claims)
    config = _config(known.dashboard)
    if config is None or not config.is_enabled or (config.requires_rules and not known.rules):
        raise SignInRequired("This dashboard is not open to guests.")
    return _viewer(known)


def fingerprint(viewer: Viewer) -> str:
    """A short text that is equal for equal guests, whatever token they bring."""
    text = Claims.model_validate(claims_of(viewer)).model_dump_json()
    return sha256(text.encode()).hexdigest()


def _claims(value: Any) -> Claims:
    try:
        return Claims.model_validate(value)
    except ValidationError:
        raise SignInRequired("This guest token is not valid.") from None


def _viewer(claims: Claims) -> Viewer:
    return Viewer(
        kind="guest",
        name=claims.user.name,
        permissions=GUEST,
        zone=claims.user.zone or settings().default_zone,
        locale=claims.user.locale or settings().default_locale,
        theme=claims.user.theme,
        dashboard=claims.dashboard,
        rules=tuple(GuestRule(rule.clause, rule.dataset) for rule in claims.rules),
        locked_filters=dict(claims.locked_filters),
    )


def _dashboard(viewer: Viewer, name: str) -> Dashboard:
    """The dashboard of this UUID or slug, if whoever mints may see it."""
    seeing = replace(viewer, permissions=viewer.permissions | {"dashboard.view"})
    try:
        is_named = Dashboard.uuid == UUID(name)
    except ValueError:
        is_named = Dashboard.slug == name
    row = db.session.scalar(visible_dashboards(seeing).where(is_named))
    return found(row, "dashboard")


def _config(dashboard: UUID) -> EmbedConfig | None:
    return db.session.scalar(
        sa.select(EmbedConfig)
        .join(Dashboard, EmbedConfig.dashboard_id == Dashboard.id)
        .where(Dashboard.uuid == dashboard)
    )


def _check_rules(rules: tuple[RuleClaim, ...], dashboard: Dashboard) -> None:
    """Every rule must be a condition in the SQL of every database that it will be used on."""
    kinds = _kinds(dashboard, {rule.dataset for rule in rules if rule.dataset is not None})
    for at, rule in enumerate(rules):
        if rule.dataset is not None and rule.dataset not in kinds:
            fault = f"There is no dataset {rule.dataset}."
            raise Invalid(fault, {f"rules.{at}.dataset": fault})
        used = [kinds[rule.dataset]] if rule.dataset else sorted(set(kinds.values()))
        for kind in used:
            try:
                check_rule(rule.clause, WAREHOUSES[kind].sqlglot_dialect)
            except Invalid as error:
                raise Invalid(error.message, {f"rules.{at}.clause": error.message}) from error


def _kinds(dashboard: Dashboard, named: set[UUID]) -> dict[UUID, str]:
    """The kind of database of each dataset that the dashboard uses or that is named."""
    charted = (
        sa.select(Chart.dataset_id)
        .join(dashboard_charts, dashboard_charts.c.chart_id == Chart.id)
        .where(dashboard_charts.c.dashboard_id == dashboard.id)
    )
    filtered = sa.select(dashboard_datasets.c.dataset_id).where(
        dashboard_datasets.c.dashboard_id == dashboard.id
    )
    rows = db.session.execute(
        sa.select(Dataset.uuid, Database.kind)
        .join(Database, Dataset.database_id == Database.id)
        .where(sa.or_(Dataset.uuid.in_(named), Dataset.id.in_(charted), Dataset.id.in_(filtered)))
    )
    return {row.uuid: row.kind for row in rows}


def _check_filters(locked: dict[str, FilterValue], layout: Layout) -> None:
    if lost := set(locked) - {declared.key for declared in layout.filters}:
        names = ", ".join(sorted(lost))
        raise Invalid(
            f"The dashboard has no filter {names}.", {"locked_filters": f"Unknown filter {names}."}
        )
    try:
        require_fitting(layout, locked)
    except Invalid as error:
        raise Invalid(error.message, {"locked_filters": error.message}) from error
