"""Tables of the metadata database. `db` is the Flask-SQLAlchemy object that owns the session."""

from models.accounts import ApiKey, Group, SignInLink, User, UserSession, group_members
from models.base import Audited, Base, Identified, Versioned, db
from models.content import (
    Chart,
    Dashboard,
    DashboardGrant,
    DashboardVersion,
    EmbedConfig,
    Favourite,
    SavedQuery,
    Tag,
    Visit,
    chart_tags,
    dashboard_charts,
    dashboard_datasets,
    dashboard_tags,
    dataset_tags,
)
from models.engine import make_engine
from models.links import named_in
from models.sources import (
    Database,
    Dataset,
    DatasetColumn,
    DatasetMetric,
    RowRule,
    rule_groups,
    rule_users,
)
from models.types import UTCDateTime, utcnow
from models.work import AuditEvent, Job, QueryLog, Revision, Schedule, ScheduleRun

__all__ = [
    "ApiKey",
    "AuditEvent",
    "Audited",
    "Base",
    "Chart",
    "Dashboard",
    "DashboardGrant",
    "DashboardVersion",
    "Database",
    "Dataset",
    "DatasetColumn",
    "DatasetMetric",
    "EmbedConfig",
    "Favourite",
    "Group",
    "Identified",
    "Job",
    "QueryLog",
    "Revision",
    "RowRule",
    "SavedQuery",
    "Schedule",
    "ScheduleRun",
    "SignInLink",
    "Tag",
    "UTCDateTime",
    "User",
    "UserSession",
    "Versioned",
    "Visit",
    "chart_tags",
    "dashboard_charts",
    "dashboard_datasets",
    "dashboard_tags",
    "dataset_tags",
    "db",
    "group_members",
    "make_engine",
    "named_in",
    "rule_groups",
    "rule_users",
    "utcnow",
]
