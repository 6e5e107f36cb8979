"""What may be connected to, and what never."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from dashapp.errors import Invalid
from dashapp.settings import Settings, using
from dashapp.warehouses import parse_url

PG = "postgresql://u:p@127.0.0.1/db"


def refused(kind: str, url: str) -> str:
    with pytest.raises(Invalid) as caught:
        parse_url(kind, url)
    assert "url" in caught.value.fields
    return caught.value.message


@pytest.fixture
def strict(tmp_path: Path) -> Settings:
    """Settings as they come: nothing private is allowed."""
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr("sqlite:////none.db"))


def test_good_urls_come_out_canonical() -> None:
    found = parse_url("postgresql", "postgresql://u:p%40w@127.0.0.1/db?sslmode=require")
    assert found.render_as_string(hide_password=False) == (
        "postgresql+psycopg://u:p%40w@127.0.0.1:5432/db?sslmode=require"
    )
    assert parse_url("mysql", "mariadb://u@127.0.0.1/db").drivername == "mysql+pymysql"


@pytest.mark.parametrize(
    "url",
    [
        f"{PG}?creator=os.system", f"{PG}?poolclass=x", f"{PG}?module=x", f"{PG}?execution_options=x",
        f"{PG}?connect_args=x", f"{PG}?host=/tmp", f"{PG}?hostaddr=10.0.0.1", f"{PG}?service=x",
        f"{PG}?passfile=/etc/passwd", f"{PG}?sslkey=/etc/x", f"{PG}?options=-c%20x%3Dy",
        f"{PG}?sslmode=require&sslmode=disable", f"{PG}?sslmode=evil", f"{PG}?application_name=a%0ab",
        "postgresql+asyncpg://u@127.0.0.1/db", "mysql://u@127.0.0.1/db", "sqlite:///x", "http://127.0.0.1/db",
        "os.system://x", "", "x", "postgresql://", "postgresql:///db", "postgresql://u@/db",
        "postgresql://u@127.0.0.1", "postgresql://u@127.0.0.1/",
        "postgresql://a@b@127.0.0.1/db", "postgresql://u:p@evil@127.0.0.1/db", "postgresql://u:p#@127.0.0.1/db",
        "postgresql://u@127.0.0.1/db\nx", "postgresql://u@127.0.0.1/db%0d%0ax", "postgresql://u%00@127.0.0.1/db",
        "postgresql://u:%0a@127.0.0.1/db", "postgresql://u@127.0.0.1/db%250ax", "postgresql://u@127.0.0.1 /db",
        "postgresql://u@127.0.0.1\\@evil/db", "postgresql://u@127.0.0.1,10.0.0.1/db",
        "postgresql://u@[fe80::1%25eth0]/db", "postgresql://u@%2ftmp/db", "postgresql://u@exämple/db",
        "postgresql://u@127.0.0.1:99999/db", "postgresql://u@127.0.0.1:0/db", "postgresql://u@127.0.0.1:x/db",
        f"postgresql://u:{'p' * 65_536}@127.0.0.1/db", "postgresql://u@-oProxy/db",
    ],
)  # fmt: skip
def test_odd_urls_and_unknown_options_are_refused(url: str) -> None:
    refused("postgresql", url)


@pytest.mark.parametrize("option", ["local_infile=1", "read_default_file=/etc/my.cnf", "unix_socket=/x",
                                    "init_command=x", "ssl_ca=/etc/x", "charset=latin1"])  # fmt: skip
def test_options_of_mysql_are_refused(option: str) -> None:
    refused("mysql", f"mysql://u@127.0.0.1/db?{option}")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "localhost.", "0.0.0.0", "127.1", "2130706433", "0x7f.1", "0177.0.0.1",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "169.254.169.254", "10.1.2.3",
        "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "224.0.0.1", "[2002:7f00:1::]", "[64:ff9b::7f00:1]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_private_hosts_are_refused(kind: str, host: str, strict: Settings) -> None:
    with using(strict):
        message = refused(kind, f"{kind}://u:hidden-word@{host}/db")
    assert "hidden-word" not in message


def test_listed_private_hosts_are_allowed(strict: Settings) -> None:
    with using(strict.model_copy(update={"private_hosts": ("10.0.0.0/8", "localhost")})):
        parse_url("postgresql", "postgresql://u@10.1.2.3/db")
        parse_url("postgresql", "postgresql://u@localhost/db")
        refused("postgresql", "postgresql://u@192.168.1.1/db")


def test_open_and_closed_ports_read_the_same(strict: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, using(strict):
        port = server.getsockname()[1]
        opened = refused("postgresql", f"postgresql://u@127.0.0.1:{port}/db")
        closed = refused("postgresql", "postgresql://u@127.0.0.1:1/db")
    assert opened == closed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "2130706433"])
def test_the_metadata_database_is_refused(chosen: Settings, host: str) -> None:
    own = chosen.model_copy(
        update={"database_url": SecretStr("postgresql+psycopg://m@localhost/meta")}
    )
    with using(own):
        assert "metadata" in refused("postgresql", f"postgresql://u@{host}:5432/meta")
        parse_url("postgresql", f"postgresql://u@{host}/other")
        parse_url("postgresql", f"postgresql://u@{host}:5433/meta")


def test_the_metadata_account_of_mysql_is_refused(chosen: Settings) -> None:
    url = SecretStr("mysql+pymysql://m:x@127.0.0.1:3307/meta")
    with using(chosen.model_copy(update={"database_url": url})):
        assert "metadata" in refused("mysql", "mysql://m@127.0.0.1:3307/other")
        parse_url("mysql", "mysql://reader@127.0.0.1:3307/other")


def test_redis_and_the_broker_are_refused(chosen: Settings) -> None:
    services = {
        "redis_url": SecretStr("redis://127.0.0.1/0"),
        "broker_url": SecretStr("amqp://localhost:5673//"),
    }
    with using(chosen.model_copy(update=services)):
        refused("postgresql", "postgresql://u@localhost:6379/db")
        refused("mysql", "mysql://u@127.0.0.1:5673/db")


# Files


@pytest.fixture
def folder(chosen: Settings) -> Path:
    """The folder of warehouse files, with a file `sales.db`, beside a metadata database."""
    found = chosen.data_dir / "warehouses"
    for path in (
        found / "sales.db",
        chosen.data_dir / "metadata.db",
        chosen.data_dir / "secret_key",
    ):
        path.write_bytes(b"x")
    return found


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_files_in_the_folder_are_found(kind: str, folder: Path) -> None:
    for name in ("sales.db", f"{folder}/sales.db", f"{folder}/../warehouses/sales.db"):
        assert parse_url(kind, f"{kind}:///{name}").database == str((folder / "sales.db").resolve())


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_files_elsewhere_are_refused(kind: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"x")
    (folder / "link.db").symlink_to(tmp_path / "other.db")
    names = ["missing.db", "../metadata.db", "../secret_key", "link.db", "/etc/passwd", ":memory:", "",
             "file:sales.db", "%2e%2e/metadata.db", str(tmp_path / "other.db"), ".", "/", "sales.db?mode=rw",
             "/proc/self/environ", "sales.db%00", "x" * 300]  # fmt: skip
    for name in names:
        refused(kind, f"{kind}:///{name}")
    refused(kind, f"{kind}://host/sales.db")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_metadata_file_is_refused_under_any_name(
    kind: str, folder: Path, chosen: Settings
) -> None:
    metadata = chosen.data_dir / "metadata.db"
    (folder / "hard.db").hardlink_to(metadata)
    (folder / "soft.db").symlink_to(metadata)
    everything = chosen.model_copy(update={"sqlite_folders": (Path("/"),)})
    with using(everything):
        refused(kind, f"{kind}:///hard.db")
        refused(kind, f"{kind}:///soft.db")
        refused(kind, f"{kind}:///{metadata}")
        refused(kind, f"{kind}:///{chosen.data_dir}/secret_key")


def test_other_folders_may_be_listed(tmp_path: Path, chosen: Settings) -> None:
    other = tmp_path / "other"
    other.mkdir()
    sqlite3.connect(other / "a b.db").close()
    refused("sqlite", f"sqlite:///{other}/a%20b.db")
    (other / "a.db").write_bytes(b"")
    with using(chosen.model_copy(update={"sqlite_folders": (other,)})):
        assert parse_url("sqlite", f"sqlite:///{other}/a.db").database == str(
            other.resolve() / "a.db"
        )
