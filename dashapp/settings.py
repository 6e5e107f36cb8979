"""Settings from the environment, prefix DASHAPP_. Frozen; read with `settings()`."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PUBLISHED_KEYS = frozenset(
    {"changeme", "secret", "secret_key", "dev", "development", "test", "password"}
)
MIN_KEY_CHARS = 32
MIN_KEY_DISTINCT = 10


class Settings(BaseSettings):
    """What is fixed for the life of a process. What admins change at run time is metadata."""

    model_config = SettingsConfigDict(env_prefix="DASHAPP_", frozen=True, extra="ignore")

    mode: Literal["embedded", "cluster"] = Field(
        "embedded",
        description="embedded: one machine, nothing but Python. cluster: URLs below are required.",
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8050, ge=0, le=65535, description="Port the web server listens on.")
    base_url: str | None = Field(
        None,
        description="URL people use, e.g. https://bi.example.com; for links and origin checks.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Host names that requests may carry (JSON list); empty: base_url's, or loopback.",
    )
    data_dir: Path = Field(
        Path("instance"), description="Folder for embedded data: metadata, cache, queue, exports."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs sessions and encrypts secrets; at least 32 characters. Embedded mode on "
        "loopback makes and keeps its own in data_dir.",
    )
    old_secret_keys: tuple[SecretStr, ...] = Field(
        (), description="Earlier keys, still able to decrypt (JSON list); run `dashapp rotate-key`."
    )
    database_url: SecretStr | None = Field(
        None, description="Metadata database; default SQLite in data_dir."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis for results, locks and job results; default: disk in data_dir."
    )
    broker_url: SecretStr | None = Field(
        None,
        description="Celery broker (Redis, RabbitMQ, SQS); default redis_url, or files in data_dir.",
    )
    web_workers: int = Field(1, ge=1, le=64, description="Web server processes.")
    web_threads: int = Field(16, ge=1, le=256, description="Threads per web server process.")
    worker_processes: int = Field(2, ge=1, le=64, description="Celery worker processes.")
    query_threads: int = Field(
        8, ge=1, le=64, description="Queries at once per web process and database."
    )
    row_limit: int = Field(50_000, ge=1, description="Most rows a chart may ask for.")
    export_row_limit: int = Field(1_000_000, ge=1, description="Most rows of an export.")
    result_mb: int = Field(256, ge=1, description="Most megabytes of one result.")
    cache_ttl_s: int = Field(
        3600,
        ge=0,
        description="Default age at which a result is asked again, seconds; 0: never kept.",
    )
    cache_stale_s: int = Field(
        86_400,
        ge=0,
        description="How much longer a result is kept, to be shown with its age while its database "
        "cannot be asked, seconds.",
    )
    cache_memory_mb: int = Field(128, ge=0, description="Result cache per process, megabytes.")
    cache_disk_mb: int = Field(
        1024, ge=0, description="Result cache on disk (without Redis), megabytes."
    )
    rollup_cells: int = Field(
        2_000_000,
        ge=0,
        description="Most cells of a rollup that dashboards are answered from; 0: none are made.",
    )
    export_ttl_s: int = Field(
        3600, ge=60, description="How long an exported file is kept, seconds."
    )
    export_concurrency: int = Field(3, ge=1, description="Exports one person may run at once.")
    session_hours: int = Field(24 * 14, ge=1, description="A session ends after this, hours.")
    session_idle_hours: int = Field(
        24 * 3, ge=1, description="A session ends unused after this, hours."
    )
    sign_in_tries: int = Field(
        8, ge=1, description="Wrong passwords per minute, account and address."
    )
    proxies: int = Field(
        0, ge=0, le=5, description="Reverse proxies in front whose headers are trusted."
    )
    cookie_secure: bool = Field(
        False, description="Send cookies over https only; on when base_url is https."
    )
    default_zone: str = Field("UTC", description="IANA time zone of people who chose none.")
    default_locale: str = Field("en", description="Language of people who chose none.")
    sqlite_folders: tuple[Path, ...] = Field(
        (),
        description="Folders (JSON list) whose files may be opened as SQLite or DuckDB; data_dir's "
        "warehouses folder always may.",
    )
    private_hosts: tuple[str, ...] = Field(
        (),
        description="Loopback and private hosts (JSON list) that warehouses may live on; '*' for all.",
    )
    map_tiles_url: str | None = Field(
        None,
        max_length=500,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[^\s\"'<>;,]*$",
        description="Pictures under maps, e.g. https://tiles.example.com/{z}/{x}/{y}.png; browsers "
        "fetch them from there. None: maps have outlines of their own and fetch nothing.",
    )
    map_tiles_attribution: str = Field(
        "", max_length=200, description="Who made the pictures under maps, shown on each."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level logged."
    )

    @field_validator("map_tiles_url")
    @classmethod
    def _tiles(cls, url: str | None) -> str | None:
        if url and not all(part in url for part in ("{z}", "{x}", "{y}")):
            raise ValueError("DASHAPP_MAP_TILES_URL needs {z}, {x} and {y}.")
        return url

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.mode == "cluster":
            names = ("secret_key", "database_url", "redis_url")
            missing = [f"DASHAPP_{n.upper()}" for n in names if getattr(self, n) is None]
            if missing:
                raise ValueError(f"Cluster mode needs {', '.join(missing)}.")
        if self.secret_key is None:
            if self.mode != "embedded" or self.host not in LOOPBACK:
                raise ValueError(
                    "DASHAPP_SECRET_KEY is missing; only embedded mode on 127.0.0.1 makes its own."
                )
        else:
            check_key(self.secret_key.get_secret_value())
        return self

    @cached_property
    def key(self) -> str:
        """The secret key, made and kept in `data_dir/secret_key` in embedded mode."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        return kept_key(self.data_dir)

    @property
    def metadata_url(self) -> str:
        """SQLAlchemy URL of the metadata database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'metadata.db').absolute()}"

    @property
    def is_https(self) -> bool:
        """Whether people reach the server by https."""
        return self.cookie_secure or (self.base_url or "").startswith("https://")


def check_key(key: str) -> None:
    """Refuse a secret key that is short, published or guessable. Raises ValueError."""
    if (
        len(key) < MIN_KEY_CHARS
        or len(set(key)) < MIN_KEY_DISTINCT
        or key.lower() in PUBLISHED_KEYS
    ):
        raise ValueError(
            "DASHAPP_SECRET_KEY is weak; use at least 32 random characters, "
            "e.g. from: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )


def kept_key(folder: Path) -> str:
    """The key in `folder/secret_key`, made on first use; safe when two processes start at once."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secret_key"
    if not path.exists():
        fresh = folder / f".secret_key.{secrets.token_hex(8)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


_current: Settings | None = None


def settings() -> Settings:
    """The settings of this process, read from the environment on first use."""
    global _current
    if _current is None:
        _current = Settings()
    return _current


@contextmanager
def using(chosen: Settings) -> Iterator[Settings]:
    """Use `chosen` inside the block (tests, tools)."""
    global _current
    before, _current = _current, chosen
    try:
        yield chosen
    finally:
        _current = before
