"""Turns what PyMySQL and the server say into our errors, with a sentence and without a secret."""

from __future__ import annotations

from assay.adapters.databases.mysql.dsn import Target
from assay.ports.errors import AssayError, Refused, TimedOut, Unavailable

_AGAIN = "Check that the server runs, then try again."
_CURES = {
    1040: "Wait, or raise max_connections.",
    1044: "Grant the account SELECT on the database.",
    1045: "Check the account and its password.",
    1049: "Check the name of the database.",
    1129: "Run FLUSH HOSTS on the server.",
    1130: "Allow this host for the account.",
    1203: "Wait, or raise the account's MAX_USER_CONNECTIONS.",
    1226: "Wait, or raise the account's limits.",
    1698: "Give the account a password; this one signs in through a socket only.",
    2002: "Check that the server runs and where its socket is.",
    2003: "Check host, port and firewall, and that the server runs.",
    2026: "Check ssl-mode and ssl-ca in the DSN, and the server's certificate.",
}
_LATE = frozenset({1205, 1317, 1969, 3024})
"""Lock wait, interrupted, MariaDB's max_statement_time, MySQL's max_execution_time."""
_GONE = frozenset({0, 1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2027, 2055})


def number_of(failure: BaseException) -> int:
    """The error's number, 0 where it has none."""
    first = failure.args[0] if failure.args else 0
    return first if isinstance(first, int) else 0


def of_connecting(failure: BaseException, target: Target) -> Unavailable:
    """Say why a connection could not be made, and what to check."""
    number, place = number_of(failure), target.whereabouts
    reason = _reason(failure)
    if target.password.reveal() and target.password.reveal() in reason:
        reason = "the server gave a reason that cannot be shown"
    cure = _CURES.get(number, _AGAIN)
    return Unavailable(f"Cannot connect to {place.where} as {place.account}: {reason}. {cure}", cure=cure)


def of_statement(failure: BaseException, where: str) -> AssayError:
    """Translate an error that came while a statement ran."""
    if isinstance(failure, ValueError):  # before it was sent: half of a character, for one
        return Refused("The statement is no text that can be sent.")
    number, reason = number_of(failure), _reason(failure)
    if number in _LATE:
        return TimedOut(f"The statement was stopped by the server: {reason}.", errno=number)
    if number in _GONE or isinstance(failure, OSError):
        return lost(where, reason)
    return Refused(f"The server refused the statement: {reason} ({number}).", errno=number)


def lost(where: str, how: str = "the connection was lost") -> Unavailable:
    """Say that a session ended under us."""
    return Unavailable(f"{where} does not answer: {how}. {_AGAIN}", cure=_AGAIN)


def _reason(failure: BaseException) -> str:
    text = f"{failure.args[1]}" if len(failure.args) > 1 else f"{failure}"
    return " ".join(text.split()).rstrip(".") or "no reason"
