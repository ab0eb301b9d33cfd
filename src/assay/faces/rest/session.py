"""Who a request comes from: a bearer token, or the session cookie that signing in sets."""

from __future__ import annotations

import math
from collections.abc import Mapping

from assay.faces.rest.http import Header
from assay.kernel.secret import Secret

COOKIE = "assay_session"
SIGN_IN = "accounts.sign_in"
"""The operation whose answer's field `session` becomes the cookie, and leaves the body."""
SIGN_OUT = "accounts.sign_out"


def credential(headers: Mapping[str, str]) -> tuple[Secret | None, bool]:
    """Return what the request shows, and whether it is the cookie (which a browser sends by itself)."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return Secret(token.strip()), False
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and value:
            return Secret(value), True
    return None, False


def set_cookie(session: str, *, days: float, secure: bool) -> Header:
    """The header that keeps a session where no script can read it, and no other site can send it."""
    return _cookie(session, math.ceil(days * 86_400), secure)


def clear_cookie(*, secure: bool) -> Header:
    """The header that forgets the session."""
    return _cookie("", 0, secure)


def _cookie(value: str, age: int, secure: bool) -> Header:
    also = "; Secure" if secure else ""
    return b"set-cookie", f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{also}".encode()
