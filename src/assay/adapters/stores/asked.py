"""What comes with a call: its store, from gRPC metadata, and its question."""

from __future__ import annotations

from collections.abc import Iterable

from assay.ports.errors import Invalid
from assay.ports.loader import DataQuery, Store
from assay.ports.secret import Secret
from assay.wire import server_pb2 as wire

MOST_ROWS = 1_000
"""Of one answer; as many as no limit asks for."""
FURTHEST = 1_000_000_000
"""Rows that may be passed over."""
_PROPERTY = "pro."


def store_of(metadata: Iterable[tuple[str, str | bytes]]) -> Store:
    """Return the store; an entry under `<key>-bin` is exact, and so comes before the one under `<key>`."""
    said: dict[str, str] = {}
    exact: dict[str, str] = {}
    for key, value in metadata:
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        if key.endswith("-bin"):
            exact[key.removesuffix("-bin")] = text
        else:
            said[key] = text
    said |= exact
    return Store(
        name=said.get("name", ""), kind=said.get("kind", ""), url=said.get("url", "").strip(),
        username=said.get("username", ""), password=Secret(said.get("password", "")),
        properties={key.removeprefix(_PROPERTY): said[key] for key in said if key.startswith(_PROPERTY)},
    )  # fmt: skip


def question_of(message: wire.DataQuery) -> DataQuery:
    """Return the question, its limit between 1 and MOST_ROWS; raises Invalid for one that is not for SQL."""
    if message.type.lower() == "ai":
        raise Invalid("This store answers SQL, no questions in words.", field="type", cure="ask atest-store-ai")
    if message.limit < 0 or not 0 <= message.offset <= FURTHEST:
        raise Invalid(f"limit and offset count from 0, and the offset to {FURTHEST:,}.", field="offset")
    limit = min(message.limit or MOST_ROWS, MOST_ROWS)
    return DataQuery(key=message.key, sql=message.sql, offset=message.offset, limit=limit)
