"""The nouns of accounts: who one is, sign-ins, tokens."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.kernel.values import Instant, Paged, Value

Role = Literal["viewer", "operator", "admin"]
TokenKind = Literal["link", "session", "token"]


class Me(Value):
    """Who is calling."""

    id: str
    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]


class SignIn(Value):
    """The one-time token of a sign-in URL."""

    token: str = Field(min_length=1, max_length=200, repr=False, json_schema_extra={"writeOnly": True})


class SignedIn(Value):
    """A session; the REST face moves it into an HttpOnly cookie and out of the body."""

    session: str = Field(repr=False)
    me: Me
    expires_at: Instant


class SignedOut(Value):
    """How many sessions ended."""

    ended: int


class IssueToken(Value):
    """A token for a program."""

    name: str = Field(min_length=1, max_length=80)
    roles: tuple[Role, ...] = Field(default=("viewer",), min_length=1)
    scopes: tuple[str, ...] = Field(default=("database:*",), min_length=1, max_length=100)
    """"database:s_1f3a", "database:*", "*:*"."""
    days: float = Field(default=90, gt=0, le=3_650)


class IssueLink(Value):
    """A sign-in URL's one-time token."""

    minutes: float = Field(default=15, gt=0, le=1_440)


class Issued(Value):
    """A new token, shown this once."""

    id: str
    token: str = Field(repr=False)
    expires_at: Instant


class TokenLine(Value):
    """A token or session as it is listed: never the token itself."""

    id: str
    kind: TokenKind
    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    created_at: Instant
    used_at: Instant | None
    expires_at: Instant
    version: int


class ListTokens(Paged):
    """Tokens and sessions that still work, newest first."""

    kind: TokenKind | None = None


class RevokeToken(Value):
    """Which token or session to end."""

    id: str
    version: int
