"""Reads a DSN of PostgreSQL, URL or key=value, without ever showing what is secret in it."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from assay.ports.databases import Whereabouts
from assay.ports.errors import Invalid
from assay.ports.secret import Secret

EXAMPLE = "postgresql://account:password@host:5432/database"
_PERCENT = (
    "The DSN cannot be read. In a URL the characters @ / : ? % = inside an account, a password or a value are "
    "written percent-encoded: @ is %40, / is %2F, = is %3D."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A DSN that could be read: its libpq options, and what may be said of it."""

    options: dict[str, str]
    whereabouts: Whereabouts
    password: str | None

    def __repr__(self) -> str:
        return f"Target({self.whereabouts})"


def read(dsn: Secret) -> Target:
    """Read a DSN; raises Invalid, with a sentence in which no part of it appears."""
    text = dsn.reveal().strip()
    if not text or "\0" in text:
        raise Invalid(f"The DSN is empty; it looks like {EXAMPLE}.", field="dsn")
    scheme = text.partition("://")[0]
    if "://" in text and scheme.isalnum() and scheme not in ("postgresql", "postgres"):
        raise Invalid(
            f"{scheme} is not an engine that can be connected; a DSN begins with postgresql://, mysql://, mariadb://, "
            f"sqlite:/// or plugin://, as in {EXAMPLE}.",
            field="dsn",
        )
    try:
        options = {key: str(value) for key, value in conninfo_to_dict(text).items() if value not in (None, "")}
    except (ProgrammingError, UnicodeError):
        # libpq's own message quotes the piece that it stumbled over, and that piece may be the password.
        sentence = _PERCENT if "://" in text else f"The DSN cannot be read; it looks like {EXAMPLE}."
        raise Invalid(sentence, field="dsn") from None
    is_url = text.startswith(("postgresql://", "postgres://"))
    _refuse_spilt_password(options, is_url)
    if "replication" in options:
        raise Invalid("The DSN asks for a replication connection; leave 'replication' out.", field="dsn")
    if "password" not in options and "@" in options.get("user", ""):
        raise Invalid(_PERCENT, field="dsn")
    return Target(options, _whereabouts(options), options.get("password"))


def _refuse_spilt_password(options: dict[str, str], is_url: bool) -> None:
    """An unescaped '@' or '/' in a URL's password spills the rest of it into the host, the port or the database."""
    ports = options.get("port", "").split(",")
    if any(port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536) for port in ports):
        raise Invalid(_PERCENT if is_url else "The DSN's port is not a number from 1 to 65535.", field="dsn")
    hosts = options.get("host", "").split(",")
    spilt = any("@" in host[1:] or (host.startswith("@") and is_url) for host in hosts)
    if is_url and (spilt or "@" in options.get("dbname", "")):
        raise Invalid(_PERCENT, field="dsn")


def _whereabouts(options: dict[str, str]) -> Whereabouts:
    defaults = {
        entry.keyword.decode(): entry.val.decode() for entry in pq.Conninfo.get_defaults() if entry.val is not None
    }
    account = options.get("user") or defaults.get("user", "")
    hosts = (options.get("host") or options.get("hostaddr") or defaults.get("host") or "localhost").split(",")
    usual = defaults.get("port", "5432")
    ports = [port or usual for port in options.get("port", usual).split(",")]
    if len(ports) < len(hosts):
        ports = ports * len(hosts)
    places = ",".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in zip(hosts, ports, strict=False)
    )
    database = options.get("dbname") or defaults.get("dbname") or account
    return Whereabouts(where=f"{places}/{database}", account=account)
