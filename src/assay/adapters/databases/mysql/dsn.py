"""Reads a DSN of MySQL or MariaDB without ever showing what is secret in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from assay.ports.databases import Whereabouts
from assay.ports.errors import Invalid
from assay.ports.secret import Secret

EXAMPLE = "mysql://account:password@host:3306/database"
SCHEMES = ("mysql", "mariadb")
_OPTIONS = {
    "ssl-mode": ("PREFERRED", "DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"),
    "ssl-ca": (),
    "socket": (),
}
_PERCENT = (
    "The DSN cannot be read. The characters @ / : ? % # inside an account, a password or a name are written "
    f"percent-encoded: @ is %40, / is %2F. It looks like {EXAMPLE}."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A DSN that could be read."""

    host: str
    port: int
    account: str
    password: Secret
    database: str
    options: dict[str, str]

    @property
    def whereabouts(self) -> Whereabouts:
        """What may be said of it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = self.options.get("socket") or f"{host}:{self.port}"
        return Whereabouts(where=f"{place}/{self.database}", account=self.account, engine="mysql")


def read(dsn: Secret) -> Target:
    """Read a DSN; raises Invalid, with a sentence in which no part of it appears."""
    text = dsn.reveal().strip()
    try:
        parts = urlsplit(text)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise Invalid(_PERCENT, field="dsn") from None
    if parts.scheme not in SCHEMES or "\0" in text or parts.netloc.count("@") > 1 or parts.fragment:
        raise Invalid(_PERCENT, field="dsn")
    database = unquote(parts.path.removeprefix("/"))
    if not parts.username or "@" in database or "/" in parts.path.removeprefix("/"):
        raise Invalid(_PERCENT, field="dsn")
    if not database:
        raise Invalid(f"The DSN names no database; it looks like {EXAMPLE}.", field="dsn")
    _check_options(options)
    return Target(
        host=unquote(parts.hostname or "localhost"),
        port=3306 if port is None else port,
        account=unquote(parts.username),
        password=Secret(unquote(parts.password or "")),
        database=database,
        options=options,
    )


def write(target: Target, account: str, password: Secret) -> Secret:
    """The DSN of the same database for another account."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    who = f"{quote(account, safe='')}:{quote(password.reveal(), safe='')}"
    more = "&".join(f"{name}={quote(value, safe='/')}" for name, value in target.options.items())
    place = f"{host}:{target.port}/{quote(target.database, safe='')}"
    return Secret(f"mysql://{who}@{place}{'?' if more else ''}{more}")


def _check_options(options: dict[str, str]) -> None:
    for name, value in options.items():
        if name not in _OPTIONS:
            raise Invalid(f"The DSN has an option that is not known; there are {', '.join(_OPTIONS)}.", field="dsn")
        known = _OPTIONS[name]
        if known and value not in known:
            raise Invalid(f"The DSN's {name} is not one of {', '.join(known)}.", field="dsn")
        if not known and not value.startswith("/"):
            raise Invalid(f"The DSN's {name} is not an absolute path.", field="dsn")
    if options.get("ssl-mode", "").startswith("VERIFY") and "ssl-ca" not in options:
        raise Invalid("The DSN's ssl-mode verifies a certificate, but there is no ssl-ca to do it with.", field="dsn")
