"""Where a model's server is, what opens it, and whether it may be spoken to at all."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from assay.ports.errors import Invalid, Unavailable
from assay.ports.secret import Secret

Key = Callable[[], Awaitable[Secret | None]]
"""Tells the key for a call that begins now: the next one may have another. None: none is shown."""
_PORTS = {"http": 80, "https": 443}


def always(key: Secret | None) -> Key:
    """A key that does not change."""

    async def same() -> Secret | None:
        return key

    return same


NO_KEY = always(None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server. Raises Invalid when it is made of a URL that may not be used.

    Args:
        setting: the name of the setting that the URL comes from, for errors.
        private: only an address of this machine is let through, here and again when its name is resolved.
    """

    url: str
    key: Key = NO_KEY
    key_header: str = "authorization"
    private: bool = False
    setting: str = "AI_ENDPOINT"

    def __post_init__(self) -> None:
        """Refuse what is no plain HTTP address, and in privacy mode what is not on this machine."""
        try:
            parts = urlsplit(self.url)
            wrong = parts.scheme not in _PORTS or not parts.hostname or parts.port == 0
        except ValueError:
            wrong, parts = True, urlsplit("")
        if wrong or parts.username or parts.password or parts.query or parts.fragment:
            raise Invalid(
                f"{self.setting}: an address like https://host:port/path, without credentials and query, is needed.",
                field=self.setting,
            )
        if self.private and not self.on_loopback:
            raise Invalid(
                f"{self.setting}: {parts.hostname} is not this machine, and privacy mode lets nothing leave it.",
                field=self.setting, cure="use an address on 127.0.0.1, or unset ASSAY_AI_PRIVATE",
            )  # fmt: skip

    @property
    def scheme(self) -> str:
        """http or https."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """The name or address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, said or implied."""
        return urlsplit(self.url).port or _PORTS[self.scheme]

    @property
    def path(self) -> str:
        """What every path begins with."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        return urlsplit(self.url).netloc

    @property
    def on_loopback(self) -> bool:
        """Whether the name says this machine: localhost, or an address of the loopback."""
        return self.host == "localhost" or _is_loopback(self.host)

    async def addresses(self) -> list[str]:
        """Resolve the host, once for each connection, so that what was checked is what is spoken to.

        Raises Unavailable when it has no address, or in privacy mode one that is not of this machine.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unavailable(f"{self.host} has no address.", cure=f"check {self.setting}") from None
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if self.private and not all(map(_is_loopback, addresses)):
            raise Unavailable(
                f"{self.host} leads off this machine, and privacy mode lets nothing leave it.",
                cure=f"set {self.setting} to an address on 127.0.0.1",
            )
        return addresses


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
