"""A store plugin with the ways of atest-store-orm: `python -m doubles.orm --socket PATH`, for PostgreSQL and SQLite.

It cuts a text at every semicolon and runs every piece, writes too; each row repeats all pairs before it; NULL is the
text null and a float has six decimals; offset and limit mean nothing to it. It says no types.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import psycopg

from assay.wire import server_pb2 as wire


def _connect(store: dict[str, Any]) -> Any:
    if store["pro.driver"] == "sqlite":
        return sqlite3.connect(store["pro.database"], isolation_level=None)
    host, _, port = store["url"].partition(":")
    return psycopg.connect(host=host, port=port, user=store["username"], password=store["password"],
                           dbname=store["pro.database"], autocommit=True)  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | dict):
        return json.dumps(value)
    return f"{value:f}" if isinstance(value, float) else str(value)


def query(asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
    store = dict(context.invocation_metadata())
    result = wire.DataQueryResult()
    link = _connect(store)
    try:
        for piece in asked.sql.split(";"):
            if not piece.strip():
                continue
            cursor = link.execute(piece)
            names = [one[0] for one in cursor.description or ()]
            pairs: list[wire.Pair] = []
            del result.items[:]
            for row in cursor.fetchall() if names else ():
                pairs += [wire.Pair(key=name, value=_text(value)) for name, value in zip(names, row, strict=True)]
                result.items.append(wire.Pairs(data=pairs))
            result.meta.labels.append(wire.Pair(key="_columns", value=json.dumps(names)))
    except (psycopg.Error, sqlite3.Error) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    finally:
        link.close()
    return result


def verify(asked: wire.Empty, context: Any) -> wire.ExtensionStatus:
    return wire.ExtensionStatus(ready=True, readOnly=False, version="v0.0.1")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    socket = parser.parse_args().socket
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            act, request_deserializer=kind.FromString, response_serializer=lambda said: said.SerializeToString()
        )
        for name, kind, act in (("Query", wire.DataQuery, query), ("Verify", wire.Empty, verify))
    }
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("remote.Loader", handlers),))
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
