"""What a plugin's gRPC status means to us."""

from __future__ import annotations

import re

from grpc import StatusCode
from grpc.aio import AioRpcError

from assay.ports.errors import (
    AssayError,
    Cancelled,
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Refused,
    TimedOut,
    TooLarge,
    Unavailable,
)

_MEANS: dict[StatusCode, type[AssayError]] = {
    StatusCode.INVALID_ARGUMENT: Invalid,
    StatusCode.OUT_OF_RANGE: Invalid,
    StatusCode.NOT_FOUND: NotFound,
    StatusCode.ALREADY_EXISTS: Conflict,
    StatusCode.ABORTED: Conflict,
    # The store's credentials are meant, not the caller's.
    StatusCode.UNAUTHENTICATED: Forbidden,
    StatusCode.PERMISSION_DENIED: Forbidden,
    StatusCode.CANCELLED: Cancelled,
    StatusCode.DEADLINE_EXCEEDED: TimedOut,
    # What a plugin in Go returns as a plain error, such as that of a database which refused a statement.
    StatusCode.UNKNOWN: Refused,
    # Something is not configured, or missing, in the plugin.
    StatusCode.FAILED_PRECONDITION: Unavailable,
}
"""Everything else is Unavailable."""
_CONNECTING = re.compile(r"failed to connect to all addresses; last error: \w+: \S+: (?:connect failed.*error: )?(.*)")
_BROKE = re.compile(r"Stream removed \((.*)\)")
_OVER = re.compile(r"CLIENT: Received message larger than max|Decompressed message larger than max")
"""How grpc says that an answer, as sent or decompressed, is over the limit of the channel."""
_LONGEST = 500


def meaning(error: AioRpcError, who: str, address: str, secrets: tuple[str, ...]) -> AssayError:
    """Return the error for a call that failed.

    Args:
        who: the store, in words.
        secrets: what must not be repeated, should the plugin have said it.
    """
    code = error.code()
    said = error.details() or ""
    for secret in secrets:
        said = said.replace(secret, "***")
    said = said[:_LONGEST]
    if code is StatusCode.UNAVAILABLE:
        return broken(who, address, said)
    if code is StatusCode.DEADLINE_EXCEEDED:
        return TimedOut(f"{who} did not answer in time.", grpc=code.name, says=said)
    if code is StatusCode.RESOURCE_EXHAUSTED:
        if _OVER.search(said):
            return TooLarge(f"{who} sent more than is read of one answer.", grpc=code.name, cure="ask for fewer rows")
        return Limited(f"{who} has had enough for now: {said}", retry_after=_wait(error), grpc=code.name)
    return _MEANS.get(code, Unavailable)(f"{who}: {said or code.name}", grpc=code.name)


def broken(who: str, address: str, said: str) -> Unavailable:
    """Return the error for a connection that was not made or broke, or for a plugin that itself lacks something."""
    if found := _CONNECTING.match(said):
        foreign = "HTTP/2" in said or "SETTINGS" in said
        at = f"what listens at {address} does not speak gRPC" if foreign else f"no connection to {address}"
        why = f"does not answer, {at}: {found[1]}"
    elif found := _BROKE.match(said):
        why = f"does not answer, the connection to {address} broke: {found[1]}"
    else:
        why = f"is not available: {said}"
    cure = "look at the plugin's log, or start it"
    return Unavailable(f"{who} {why}", grpc=StatusCode.UNAVAILABLE.name, cure=cure)


def _wait(error: AioRpcError) -> float:
    """Seconds that the plugin asks to wait; 1 when it does not say."""
    for key, value in error.trailing_metadata() or ():
        if key == "retry-after" and isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", value):
            return float(value)
    return 1.0
