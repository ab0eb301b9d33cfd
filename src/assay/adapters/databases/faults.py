"""Turns what psycopg and libpq say into our errors, with a sentence and without a secret."""

from __future__ import annotations

import re

import psycopg
from psycopg import pq

from assay.adapters.databases.dsn import Target
from assay.ports.errors import AssayError, Refused, TimedOut, Unavailable

_AGAIN = "Check that the server runs, then try again."
_CURES = (
    ("password authentication failed", "Check the account and its password."),
    ("no password supplied", "Give the account's password in the DSN."),
    ("no pg_hba.conf entry", "Allow this host and account in the server's pg_hba.conf."),
    ("does not exist", "Check the names of the database and the account."),
    ("could not translate host name", "Check the host name."),
    ("failed to resolve host", "Check the host name."),
    ("startup parameter", "This looks like a connection pooler; connect to PostgreSQL itself, not through a pooler."),
    ("too many", "Wait, or raise max_connections or the account's connection limit."),
    ("remaining connection slots", "Wait, or raise max_connections."),
    ("starting up", "Wait until the server has started."),
    ("shutting down", _AGAIN),
    ("SSL", "Check sslmode in the DSN and the server's certificate."),
    ("certificate", "Check sslmode and sslrootcert in the DSN."),
    ("permission denied", "Grant the account CONNECT on the database."),
    ("timeout", "Check host, port and firewall."),
    ("timed out", "Check host, port and firewall."),
    ("refused", "Check that the server runs and listens on that host and port."),
    ("No such file", "Check that the server runs and where its socket is."),
)


def of_connecting(failure: BaseException, target: Target) -> Unavailable:
    """Say why a connection could not be made, and what to check."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    reason = next((line for line in lines if "failed:" in line or "FATAL:" in line), lines[0] if lines else "no reason")
    reason = re.sub(r"^.*(?:failed: FATAL:|FATAL:|failed:)\s*", "", reason).rstrip(".")
    if target.password and target.password in reason:  # never seen, but it must not happen
        reason = "the server gave a reason that cannot be shown"
    cure = next((cure for sign, cure in _CURES if sign in str(failure)), _AGAIN)
    place = target.whereabouts
    return Unavailable(f"Cannot connect to {place.where} as {place.account}: {reason}. {cure}", cure=cure)


def of_statement(failure: psycopg.Error, where: str, *, gone: bool, before: int = 0) -> AssayError:
    """Translate an error that psycopg raised while a statement ran; `before` characters of ours stand before it."""
    diag = failure.diag
    text = diag.message_primary or (str(failure).splitlines() or ["no reason"])[0]
    return _judge(failure.sqlstate, text, diag.message_hint, diag.statement_position, where, gone=gone, before=before)


def of_result(result: pq.abc.PGresult, where: str, *, gone: bool, before: int | None = 0) -> AssayError:
    """Translate an error result of libpq; `before` None: the text is ours, so a position would mislead."""

    def field(which: pq.DiagnosticField) -> str | None:
        found = result.error_field(which)
        return found.decode("utf-8", "replace") if found else None

    field_of = pq.DiagnosticField
    text = field(field_of.MESSAGE_PRIMARY) or result.error_message.decode("utf-8", "replace").strip() or "no reason"
    position = field(field_of.STATEMENT_POSITION) if before is not None else None
    return _judge(
        field(field_of.SQLSTATE), text, field(field_of.MESSAGE_HINT), position, where, gone=gone, before=before or 0
    )


def lost(where: str, how: str = "the connection was lost") -> Unavailable:
    """Say that a session ended under us."""
    return Unavailable(f"{where} does not answer: {how}. {_AGAIN}", cure=_AGAIN)


def _judge(
    sqlstate: str | None, text: str, hint: str | None, position: str | None, where: str, *, gone: bool, before: int
) -> AssayError:
    details: dict[str, object] = {"sqlstate": sqlstate} if sqlstate else {}
    if gone or sqlstate is None or sqlstate.startswith(("53", "57P", "58")):
        how = text.rstrip(".").replace("\n", " ")
        return Unavailable(f"{where} does not answer: {how}. {_AGAIN}", cure=_AGAIN, **details)
    if sqlstate in ("57014", "55P03", "25P03", "25P04"):
        why = "waited too long for a lock" if sqlstate == "55P03" else "was cancelled by the server"
        return TimedOut(f"The statement {why}: {text.rstrip('.')}.", **details)
    if position and position.isdigit() and int(position) > before:
        details["position"] = int(position) - before
    if hint:
        details["hint"] = hint
    return Refused(f"PostgreSQL refused the statement: {text.rstrip('.')} ({sqlstate}).", **details)
