"""Which databases may be connected to: allow-listed URLs, checked files and checked hosts."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import URL

from dashapp.errors import Invalid
from dashapp.settings import settings

MAX_URL_CHARS = 2000
MAX_ADDRESSES = 4
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?|[0-9A-Fa-f:.]{2,45}")
CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
SERVICE_PORTS = {
    "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671,
    "postgresql": 5432, "mysql": 3306, "mariadb": 3306,
}  # fmt: skip
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Rule:
    """What URLs of one kind of warehouse may say.

    `drivers` are the allowed names before `://`, `driver` the one that comes out; `query` maps
    an allowed option to a pattern of its value; `port` is the default, None for files.
    `sees_whole_server` says that one account reads all databases of its server.
    """

    drivers: frozenset[str]
    driver: str
    port: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    sees_whole_server: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the database is a file on this machine."""
        return self.port is None


@dataclass(frozen=True)
class Address:
    """A checked URL: a `path` for files; for servers the pinned `addresses` of the host."""

    url: URL
    path: Path | None = None
    addresses: tuple[str, ...] = ()


def checked(rule: Rule, url: str) -> Address:
    """The URL in canonical form with what it leads to. Raises Invalid saying what is wrong."""
    parsed = _parsed(rule, url)
    if rule.is_file:
        path = _file(parsed)
        return Address(URL.create(rule.driver, database=str(path)), path=path)
    if not parsed.host or not HOST.fullmatch(parsed.host):
        raise _wrong("The URL needs a host name or address.")
    if not parsed.database:
        raise _wrong("The URL needs the name of a database after the host.")
    parsed = parsed.set(drivername=rule.driver, port=parsed.port or rule.port)
    addresses = resolved(parsed.host or "", parsed.port or 0)
    _refuse_private(parsed.host or "", addresses)
    _refuse_own(rule, parsed, addresses)
    return Address(parsed, addresses=tuple(str(a) for a in addresses))


def _wrong(message: str) -> Invalid:
    return Invalid(message, {"url": message})


def _parsed(rule: Rule, url: str) -> URL:
    if len(url) > MAX_URL_CHARS:
        raise _wrong(f"The URL is longer than {MAX_URL_CHARS} characters.")
    if CONTROL.search(url):
        raise _wrong(
            "The URL has spaces, line breaks or other characters that do not belong there."
        )
    authority = url.partition("://")[2].partition("/")[0]
    if authority.count("@") > 1 or "#" in url:
        raise _wrong("Write @ and # in a user name or password as %40 and %23.")
    try:
        parsed = sa.make_url(url)
        _ = parsed.port
    except (sa.exc.ArgumentError, ValueError):
        raise _wrong("This is not a database URL.") from None
    if parsed.drivername not in rule.drivers:
        allowed = ", ".join(sorted(rule.drivers))
        raise _wrong(f"The URL must start with one of: {allowed}.")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise _wrong("The port must be between 1 and 65535.")
    _refuse_odd(parsed)
    _refuse_options(rule, parsed)
    return parsed


def _refuse_odd(url: URL) -> None:
    """Refuse control characters that were written as %xx (also twice)."""
    parts = [url.username, url.password, url.host, url.database]
    for part in parts:
        text = unquote(str(part or ""))
        if re.search(r"[\x00-\x1f\x7f]", text) or re.search(r"[\x00-\x1f\x7f]", unquote(text)):
            raise _wrong("The URL has line breaks or other control characters in it.")


def _refuse_options(rule: Rule, url: URL) -> None:
    for name, value in url.query.items():
        if name not in rule.query:
            raise _wrong(f"The option {name[:50]!r} may not be set in the URL.")
        if not isinstance(value, str) or not re.fullmatch(rule.query[name], value):
            raise _wrong(f"The value of the option {name!r} is not allowed.")


# Files


def folders() -> list[Path]:
    """Folders whose files may be warehouses."""
    chosen = settings()
    return [chosen.data_dir / "warehouses", *chosen.sqlite_folders]


def _file(url: URL) -> Path:
    if url.host or url.username or url.password or url.port:
        raise _wrong("A file's URL has three slashes and then its path, e.g. sqlite:///sales.db.")
    name = url.database or ""
    if not name or name.startswith((":", "file:")) or "?" in name:
        raise _wrong("The URL needs the path of a file.")
    path = folders()[0] / name
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        real = None
    if real is None or not real.is_file() or not _is_allowed(real):
        raise _wrong(
            "There is no such file in the folders for warehouse files "
            "(data_dir/warehouses, DASHAPP_SQLITE_FOLDERS)."
        )
    _refuse_metadata_file(real)
    return real


def _is_allowed(path: Path) -> bool:
    """Whether a resolved path is inside an allowed folder, and none of the server's own files."""
    own = settings().data_dir.resolve()
    if path.is_relative_to(own) and not path.is_relative_to(own / "warehouses"):
        return False
    return any(path.is_relative_to(folder.resolve()) for folder in folders())


def _refuse_metadata_file(path: Path) -> None:
    metadata = sa.make_url(settings().metadata_url)
    if metadata.get_backend_name() != "sqlite" or not metadata.database:
        return
    own = Path(metadata.database)
    names = [own.with_name(own.name + end) for end in ("", "-wal", "-shm", "-journal")]
    if any(name.exists() and name.samefile(path) for name in names):
        raise _wrong("The server's own metadata database cannot be a warehouse.")


# Hosts


def resolved(host: str, port: int) -> list[IpAddress]:
    """The addresses of a host, as the system resolves it. Raises Invalid if there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _wrong(f"The host {host} has no address.") from None
    unique = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [_plain(ipaddress.ip_address(a)) for a in unique][:MAX_ADDRESSES]


def _plain(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _refuse_private(host: str, addresses: list[IpAddress]) -> None:
    allowed = settings().private_hosts
    if "*" in allowed or host.lower().rstrip(".") in {a.lower() for a in allowed}:
        return
    for address in addresses:
        is_public = address.is_global and not address.is_multicast
        if not is_public and not any(_covers(entry, address) for entry in allowed):
            raise _wrong(
                f"The host {host} is private; an administrator may list it in "
                "DASHAPP_PRIVATE_HOSTS."
            )


def _covers(entry: str, address: IpAddress) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _refuse_own(rule: Rule, url: URL, addresses: list[IpAddress]) -> None:
    """Refuse the metadata database, Redis and the broker, by where they really are."""
    here = {_place(a) for a in addresses}
    chosen = settings()
    for secret in (chosen.redis_url, chosen.broker_url):
        if secret and _meets(secret.get_secret_value(), here, url.port):
            raise _wrong("The server's own Redis or message queue cannot be a warehouse.")
    if not _meets(chosen.metadata_url, here, url.port):
        return
    own = sa.make_url(chosen.metadata_url)
    same_account = rule.sees_whole_server and own.username == url.username
    if (own.database or own.username) == url.database or same_account:
        raise _wrong("The server's own metadata database cannot be a warehouse.")


def _meets(service: str, places: set[str], port: int | None) -> bool:
    """Whether a service of ours listens at one of the places and that port."""
    try:
        own = sa.make_url(service)
    except (sa.exc.ArgumentError, ValueError):
        return False
    default = SERVICE_PORTS.get(own.get_backend_name())
    if default is None or (own.port or default) != port:
        return False
    try:
        found = resolved(own.host or "localhost", port)
    except Invalid:
        return False
    return not places.isdisjoint(_place(a) for a in found)


def _place(address: IpAddress) -> str:
    """The address, or "here" for all addresses of this machine."""
    if address.is_loopback or address.is_unspecified:
        return "here"
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return str(address)
        return "here"
