"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from models import types
from models.base import TABLE_ARGS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# In the order in which they are made: a table comes after those it refers to.
TABLES = (
    "users",
    "groups",
    "group_members",
    "sign_in_links",
    "user_sessions",
    "api_keys",
    "databases",
    "datasets",
    "dataset_columns",
    "dataset_metrics",
    "row_rules",
    "rule_groups",
    "rule_users",
    "charts",
    "saved_queries",
    "dashboards",
    "dashboard_charts",
    "dashboard_datasets",
    "dashboard_versions",
    "dashboard_grants",
    "favourites",
    "visits",
    "embed_configs",
    "tags",
    "dashboard_tags",
    "chart_tags",
    "dataset_tags",
    "jobs",
    "schedules",
    "schedule_runs",
    "query_log",
    "audit_events",
)


def upgrade() -> None:
    """Make all tables."""
    _accounts()
    _sources()
    _content()
    _dashboards()
    _tags()
    _work()


def downgrade() -> None:
    """Drop all tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _identified() -> tuple[SchemaItem, ...]:
    uuid = sa.Column("uuid", types.Uuid, nullable=False)
    return _id(), uuid, sa.UniqueConstraint("uuid")


def _audited() -> tuple[SchemaItem, ...]:
    return (
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        sa.Column("changed_at", types.UTCDateTime, nullable=False),
        _ref("created_by_id", "users.id", "SET NULL"),
        _ref("changed_by_id", "users.id", "SET NULL"),
    )


def _ref(
    name: str, target: str, ondelete: str, *, nullable: bool = True, primary_key: bool = False
) -> sa.Column[int]:
    key = sa.ForeignKey(target, ondelete=ondelete)
    if primary_key:
        return sa.Column(name, sa.Integer, key, primary_key=True)
    return sa.Column(name, sa.Integer, key, nullable=nullable)


def _accounts() -> None:
    """People, groups, sessions and keys."""
    op.create_table(
        "users",
        *_identified(),
        sa.Column("username", sa.String(150), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("is_service", sa.Boolean, nullable=False),
        sa.Column("session_version", sa.Integer, nullable=False),
        sa.Column("zone", sa.String(64)),
        sa.Column("locale", sa.String(20)),
        sa.Column("theme", sa.String(10), nullable=False),
        sa.Column("last_sign_in_at", types.UTCDateTime),
        *_audited(),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
        sa.UniqueConstraint("username"),
        **TABLE_ARGS,
    )
    op.create_index("ix_users_email", "users", ["email"])
    op.create_table(
        "groups",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("description", sa.Text),
        *_audited(),
        sa.UniqueConstraint("name"),
        **TABLE_ARGS,
    )
    op.create_table(
        "group_members",
        _ref("group_id", "groups.id", "CASCADE", primary_key=True),
        _ref("user_id", "users.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"])
    op.create_table(
        "sign_in_links",
        _id(),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        _ref("user_id", "users.id", "CASCADE"),
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        sa.Column("expires_at", types.UTCDateTime, nullable=False),
        sa.Column("used_at", types.UTCDateTime),
        sa.UniqueConstraint("token_hash"),
        **TABLE_ARGS,
    )
    op.create_index("ix_sign_in_links_expires_at", "sign_in_links", ["expires_at"])
    op.create_index("ix_sign_in_links_user_id", "sign_in_links", ["user_id"])
    op.create_table(
        "user_sessions",
        sa.Column("id", types.Uuid, primary_key=True),
        _ref("user_id", "users.id", "CASCADE", nullable=False),
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        sa.Column("seen_at", types.UTCDateTime, nullable=False),
        sa.Column("ends_at", types.UTCDateTime, nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("agent", sa.String(250)),
        sa.Column("session_version", sa.Integer, nullable=False),
        **TABLE_ARGS,
    )
    op.create_index("ix_user_sessions_ends_at", "user_sessions", ["ends_at"])
    op.create_index("ix_user_sessions_user_id", "user_sessions", ["user_id"])
    op.create_table(
        "api_keys",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        _ref("user_id", "users.id", "CASCADE", nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("scopes", types.JSON, nullable=False),
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        sa.Column("expires_at", types.UTCDateTime),
        sa.Column("last_used_at", types.UTCDateTime),
        sa.Column("revoked_at", types.UTCDateTime),
        sa.UniqueConstraint("prefix"),
        **TABLE_ARGS,
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])


def _sources() -> None:
    """Databases, datasets and rules."""
    op.create_table(
        "databases",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("url_encrypted", types.LongText, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("options", types.JSON, nullable=False),
        sa.Column("timeout_s", sa.Integer, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("ttl_s", sa.Integer),
        sa.Column("is_uploadable", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        sa.UniqueConstraint("name"),
        **TABLE_ARGS,
    )
    op.create_table(
        "datasets",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        _ref("database_id", "databases.id", "RESTRICT", nullable=False),
        sa.Column("schema_name", sa.String(250)),
        sa.Column("table", sa.String(250)),
        sa.Column("sql", types.LongText),
        sa.Column("time_column", sa.String(250)),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("week_start", sa.String(10), nullable=False),
        sa.Column("ttl_s", sa.Integer),
        sa.Column("description", sa.Text),
        _ref("owner_id", "users.id", "SET NULL"),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        sa.CheckConstraint(
            sa.column("table").is_(None) != sa.column("sql").is_(None), name="one_source"
        ),
        **TABLE_ARGS,
    )
    op.create_index("ix_datasets_name", "datasets", ["name"])
    op.create_index("ix_datasets_owner_id", "datasets", ["owner_id"])
    op.create_index("ix_datasets_table", "datasets", ["database_id", "table"])
    op.create_table(
        "dataset_columns",
        _id(),
        _ref("dataset_id", "datasets.id", "CASCADE", nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("label", sa.String(250)),
        sa.Column("description", sa.Text),
        sa.Column("expression", types.LongText),
        sa.Column("zoned", sa.Boolean, nullable=False),
        sa.Column("groupable", sa.Boolean, nullable=False),
        sa.Column("filterable", sa.Boolean, nullable=False),
        sa.Column("format", sa.String(100)),
        sa.UniqueConstraint("dataset_id", "name"),
        **TABLE_ARGS,
    )
    op.create_table(
        "dataset_metrics",
        _id(),
        _ref("dataset_id", "datasets.id", "CASCADE", nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("definition", types.JSON, nullable=False),
        sa.Column("label", sa.String(250)),
        sa.Column("description", sa.Text),
        sa.Column("format", sa.String(100)),
        sa.Column("currency", sa.String(10)),
        sa.UniqueConstraint("dataset_id", "name"),
        **TABLE_ARGS,
    )
    op.create_table(
        "row_rules",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("description", sa.Text),
        _ref("dataset_id", "datasets.id", "CASCADE", nullable=False),
        sa.Column("clause", types.LongText, nullable=False),
        sa.Column("group_key", sa.String(100), nullable=False),
        sa.Column("applies_to_all", sa.Boolean, nullable=False),
        sa.Column("roles", types.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        **TABLE_ARGS,
    )
    op.create_index("ix_row_rules_dataset_id", "row_rules", ["dataset_id"])
    op.create_table(
        "rule_groups",
        _ref("rule_id", "row_rules.id", "CASCADE", primary_key=True),
        _ref("group_id", "groups.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_rule_groups_group_id", "rule_groups", ["group_id"])
    op.create_table(
        "rule_users",
        _ref("rule_id", "row_rules.id", "CASCADE", primary_key=True),
        _ref("user_id", "users.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_rule_users_user_id", "rule_users", ["user_id"])


def _content() -> None:
    """Charts and saved queries."""
    op.create_table(
        "charts",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        _ref("dataset_id", "datasets.id", "RESTRICT"),
        sa.Column("options", types.JSON, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("ttl_s", sa.Integer),
        _ref("owner_id", "users.id", "SET NULL"),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        **TABLE_ARGS,
    )
    op.create_index("ix_charts_dataset_id", "charts", ["dataset_id"])
    op.create_index("ix_charts_name", "charts", ["name"])
    op.create_index("ix_charts_owner_id", "charts", ["owner_id"])
    op.create_table(
        "saved_queries",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        _ref("database_id", "databases.id", "CASCADE", nullable=False),
        sa.Column("schema_name", sa.String(250)),
        sa.Column("sql", types.LongText, nullable=False),
        sa.Column("description", sa.Text),
        _ref("owner_id", "users.id", "SET NULL"),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        **TABLE_ARGS,
    )
    op.create_index("ix_saved_queries_database_id", "saved_queries", ["database_id"])
    op.create_index("ix_saved_queries_owner_id", "saved_queries", ["owner_id"])


def _dashboards() -> None:
    """Dashboards and what belongs to them."""
    op.create_table(
        "dashboards",
        *_identified(),
        sa.Column("slug", sa.String(150), nullable=False),
        sa.Column("title", sa.String(250), nullable=False),
        sa.Column("description", sa.Text),
        _ref("owner_id", "users.id", "SET NULL"),
        sa.Column("is_published", sa.Boolean, nullable=False),
        sa.Column("layout", types.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        sa.UniqueConstraint("slug"),
        **TABLE_ARGS,
    )
    op.create_index("ix_dashboards_owner_id", "dashboards", ["owner_id"])
    op.create_index("ix_dashboards_title", "dashboards", ["title"])
    op.create_table(
        "dashboard_charts",
        _ref("dashboard_id", "dashboards.id", "CASCADE", primary_key=True),
        _ref("chart_id", "charts.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_dashboard_charts_chart_id", "dashboard_charts", ["chart_id"])
    op.create_table(
        "dashboard_datasets",
        _ref("dashboard_id", "dashboards.id", "CASCADE", primary_key=True),
        _ref("dataset_id", "datasets.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_dashboard_datasets_dataset_id", "dashboard_datasets", ["dataset_id"])
    op.create_table(
        "dashboard_versions",
        _id(),
        _ref("dashboard_id", "dashboards.id", "CASCADE", nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.String(250), nullable=False),
        sa.Column("layout", types.JSON, nullable=False),
        sa.Column("message", sa.String(500)),
        _ref("saved_by_id", "users.id", "SET NULL"),
        sa.Column("saved_at", types.UTCDateTime, nullable=False),
        sa.UniqueConstraint("dashboard_id", "number"),
        **TABLE_ARGS,
    )
    op.create_table(
        "dashboard_grants",
        _id(),
        _ref("dashboard_id", "dashboards.id", "CASCADE", nullable=False),
        _ref("user_id", "users.id", "CASCADE"),
        _ref("group_id", "groups.id", "CASCADE"),
        sa.Column("level", sa.String(10), nullable=False),
        sa.CheckConstraint("level IN ('view', 'edit')", name="level"),
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_grantee"),
        sa.UniqueConstraint("dashboard_id", "group_id"),
        sa.UniqueConstraint("dashboard_id", "user_id"),
        **TABLE_ARGS,
    )
    op.create_index("ix_dashboard_grants_group_id", "dashboard_grants", ["group_id"])
    op.create_index("ix_dashboard_grants_user_id", "dashboard_grants", ["user_id"])
    op.create_table(
        "favourites",
        _ref("user_id", "users.id", "CASCADE", primary_key=True),
        _ref("dashboard_id", "dashboards.id", "CASCADE", primary_key=True),
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        **TABLE_ARGS,
    )
    op.create_index("ix_favourites_dashboard_id", "favourites", ["dashboard_id"])
    op.create_table(
        "visits",
        _ref("user_id", "users.id", "CASCADE", primary_key=True),
        _ref("dashboard_id", "dashboards.id", "CASCADE", primary_key=True),
        sa.Column("at", types.UTCDateTime, nullable=False),
        **TABLE_ARGS,
    )
    op.create_index("ix_visits_dashboard_id", "visits", ["dashboard_id"])
    op.create_index("ix_visits_recent", "visits", ["user_id", "at"])
    op.create_table(
        "embed_configs",
        *_identified(),
        _ref("dashboard_id", "dashboards.id", "CASCADE", nullable=False),
        sa.Column("allowed_origins", types.JSON, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("requires_rules", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        sa.UniqueConstraint("dashboard_id"),
        **TABLE_ARGS,
    )


def _tags() -> None:
    """Tags and what carries them."""
    op.create_table(
        "tags",
        *_identified(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.UniqueConstraint("name"),
        **TABLE_ARGS,
    )
    op.create_table(
        "dashboard_tags",
        _ref("dashboard_id", "dashboards.id", "CASCADE", primary_key=True),
        _ref("tag_id", "tags.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_dashboard_tags_tag_id", "dashboard_tags", ["tag_id"])
    op.create_table(
        "chart_tags",
        _ref("chart_id", "charts.id", "CASCADE", primary_key=True),
        _ref("tag_id", "tags.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_chart_tags_tag_id", "chart_tags", ["tag_id"])
    op.create_table(
        "dataset_tags",
        _ref("dataset_id", "datasets.id", "CASCADE", primary_key=True),
        _ref("tag_id", "tags.id", "CASCADE", primary_key=True),
        **TABLE_ARGS,
    )
    op.create_index("ix_dataset_tags_tag_id", "dataset_tags", ["tag_id"])


def _work() -> None:
    """Jobs, schedules and logs."""
    op.create_table(
        "jobs",
        *_identified(),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("key", sa.String(128)),
        sa.Column("state", sa.String(20), nullable=False),
        _ref("user_id", "users.id", "CASCADE"),
        sa.Column("viewer", types.JSON, nullable=False),
        sa.Column("request", types.JSON, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("result", types.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", types.UTCDateTime),
        sa.Column("heartbeat_at", types.UTCDateTime),
        sa.Column("created_at", types.UTCDateTime, nullable=False),
        sa.Column("started_at", types.UTCDateTime),
        sa.Column("ended_at", types.UTCDateTime),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        sa.UniqueConstraint("key"),
        **TABLE_ARGS,
    )
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"])
    op.create_index("ix_jobs_state", "jobs", ["state", "lease_until"])
    op.create_index("ix_jobs_user", "jobs", ["user_id", "created_at"])
    op.create_table(
        "schedules",
        *_identified(),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("spec", types.JSON, nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        _ref("owner_id", "users.id", "SET NULL"),
        sa.Column("version", sa.Integer, nullable=False),
        *_audited(),
        sa.CheckConstraint("kind IN ('alert', 'report')", name="kind"),
        **TABLE_ARGS,
    )
    op.create_index("ix_schedules_is_active", "schedules", ["is_active"])
    op.create_index("ix_schedules_owner_id", "schedules", ["owner_id"])
    op.create_table(
        "schedule_runs",
        *_identified(),
        _ref("schedule_id", "schedules.id", "CASCADE", nullable=False),
        sa.Column("tick", types.UTCDateTime, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("result", types.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", types.UTCDateTime),
        sa.Column("started_at", types.UTCDateTime),
        sa.Column("ended_at", types.UTCDateTime),
        sa.UniqueConstraint("schedule_id", "tick"),
        **TABLE_ARGS,
    )
    op.create_index("ix_schedule_runs_state", "schedule_runs", ["state", "lease_until"])
    op.create_table(
        "query_log",
        _id(),
        sa.Column("at", types.UTCDateTime, nullable=False),
        _ref("user_id", "users.id", "SET NULL"),
        sa.Column("viewer_name", sa.String(250), nullable=False),
        sa.Column("dataset_uuid", types.Uuid),
        sa.Column("chart_uuid", types.Uuid),
        sa.Column("dashboard_uuid", types.Uuid),
        sa.Column("key", sa.String(128)),
        sa.Column("rung", sa.String(30)),
        sa.Column("rows", sa.BigInteger),
        sa.Column("seconds", sa.Double),
        sa.Column("sql", types.LongText),
        sa.Column("error", sa.Text),
        **TABLE_ARGS,
    )
    op.create_index("ix_query_log_at", "query_log", ["at"])
    op.create_index("ix_query_log_dataset_uuid", "query_log", ["dataset_uuid"])
    op.create_index("ix_query_log_user", "query_log", ["user_id", "at"])
    op.create_table(
        "audit_events",
        _id(),
        sa.Column("at", types.UTCDateTime, nullable=False),
        _ref("user_id", "users.id", "SET NULL"),
        sa.Column("actor", sa.String(250), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("object_type", sa.String(50)),
        sa.Column("object_uuid", types.Uuid),
        sa.Column("detail", types.JSON, nullable=False),
        sa.Column("address", sa.String(64)),
        **TABLE_ARGS,
    )
    op.create_index("ix_audit_events_action", "audit_events", ["action"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_object", "audit_events", ["object_type", "object_uuid"])
    op.create_index("ix_audit_events_user_id", "audit_events", ["user_id"])
