"""A plugin that does as it is told: `python -m doubles.plugin --socket PATH | --port N [--without METHOD]`.

It knows nothing of ours but the messages: paths of methods are written out, and the server is grpcio's own. What a
query does is its key: see `_Script`.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from assay.wire import server_pb2 as wire

ROWS = [("id", "1", ""), ("name", "Äda", ""), ("id", "2", ""), ("name", "Bob", ""), ("note", "", "NULL")]


class _Script:
    """What each query does, by the method that is named after its key."""

    def __init__(self) -> None:
        self.left = 0

    def echo(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """What came with the call, metadata and message."""
        said = [(key, value if isinstance(value, str) else value.hex()) for key, value in context.invocation_metadata()]
        said += [(":authority", context._rpc_event.call_details.host.decode())]
        for name, value in asked.ListFields():
            said.append((f"asked.{name.name}", json.dumps(value if not hasattr(value, "items") else dict(value))))
        return wire.DataQueryResult(data=[wire.Pair(key=key, value=value) for key, value in said])

    def rows(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """Each row repeats all pairs before it, as a store plugin that is in use does."""
        pairs = [wire.Pair(key=key, value=value, description=description) for key, value, description in ROWS]
        meta = wire.DataMeta(databases=["shop"], tables=["staff"], currentDatabase="shop", duration="1.2ms",
                             labels=[wire.Pair(key="_columns", value='["name", "id"]')])  # fmt: skip
        return wire.DataQueryResult(items=[wire.Pairs(data=pairs[:2]), wire.Pairs(data=pairs)], meta=meta)

    def large(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """`limit` rows of a kilobyte."""
        row = wire.Pairs(data=[wire.Pair(key="text", value="x" * 1_024)])
        return wire.DataQueryResult(items=[row] * asked.limit)

    def many(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """`limit` rows of ten short values."""
        row = wire.Pairs(data=[wire.Pair(key=f"column{n}", value=f"value {n}") for n in range(10)])
        return wire.DataQueryResult(items=[row] * asked.limit)

    def broken(self, asked: wire.DataQuery, context: Any) -> bytes:
        """`limit` bytes that are no message."""
        return b"\xff" * asked.limit

    def hang(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """Until whoever asked has left."""
        print("hangs", flush=True)
        left = threading.Event()
        context.add_callback(left.set)
        left.wait(60)
        self.left += 1
        return wire.DataQueryResult()

    def count_left(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """How many left while it hung."""
        return wire.DataQueryResult(data=[wire.Pair(key="left", value=str(self.left))])

    def fail(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """With the status that `database_type` names, saying `sql`."""
        context.set_trailing_metadata((("retry-after", "7.5"),))
        context.abort(grpc.StatusCode[asked.database_type], asked.sql)

    def info(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """How the answer came about."""
        return wire.DataQueryResult(
            ai_info=wire.AIProcessingInfo(
                ai_processed=True, generated_sql="SELECT 1", confidence_score=0.5, verdict="VERDICT_ESTIMATE",
                missing=["rows"], tokens=0, findings=[wire.SQLFinding(level="FINDING_LEVEL_ERROR", line=3)],
            )
        )  # fmt: skip

    def generate(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """As an AI plugin does, and says what it was told; as sure, and as slow, as the store's properties say."""
        told = dict(context.invocation_metadata())
        time.sleep(float(told.get("pro.takes_s", 0)))
        if "pro.fails" in told:
            return wire.DataQueryResult(
                data=[
                    wire.Pair(key="success", value="false"),
                    wire.Pair(key="error", value=told["pro.fails"]),
                    wire.Pair(key="error_code", value="GENERATION_FAILED"),
                ]
            )
        typed = {field.name: value for field, value in asked.ListFields() if field.name != "ai_context"}
        said = {
            "generated_sql": "SELECT\n1", "success": "true", "meta": json.dumps({
                "confidence": float(told.get("pro.sure", 0.9)), "model": "m", "told": json.loads(asked.sql),
                "typed": typed | {"ai_context": dict(asked.ai_context)},
            }),
        }  # fmt: skip
        result = wire.DataQueryResult(data=[wire.Pair(key=key, value=value) for key, value in said.items()])
        if "pro.verdict" in told:
            result.ai_info.MergeFrom(
                wire.AIProcessingInfo(
                    generated_sql="SELECT 1", confidence_score=0.9, verdict=told["pro.verdict"], evidence=["E-1"]
                )
            )
        return result

    def capabilities(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult:
        """As a plugin does that knows the query only."""
        whole = {"databases": [{"name": "mysql", "supported": True}, {"name": "oracle", "supported": False}]}
        said = {"capabilities": json.dumps(whole), "models": "a, b", "features": '["chat"]', "success": "true",
                "version": "1.0.0"}  # fmt: skip
        return wire.DataQueryResult(data=[wire.Pair(key=key, value=value) for key, value in said.items()])

    def query(self, asked: wire.DataQuery, context: Any) -> wire.DataQueryResult | bytes:
        act: Callable[..., wire.DataQueryResult | bytes] = getattr(self, asked.key)
        return act(asked, context)


def _page(code: str) -> Callable[[Any, Any], wire.CommonResult]:
    def page(asked: wire.SimpleName, context: Any) -> wire.CommonResult:
        known = asked.name == "ai-chat"
        return wire.CommonResult(success=known, message=code if known else "no such page")

    return page


def _methods(script: _Script) -> dict[str, tuple[Any, Callable[[Any, Any], Any]]]:
    ready = wire.ExtensionStatus(ready=True, readOnly=True, version="v1.2", message="fine")
    menu = wire.MenuList(data=[wire.Menu(name="AI", index="ai-chat", icon="Chat", version=2)])
    able = wire.AICapabilities(available=True, supported_models=["m"], limits={"max_rows": 9}, health={"m": "ok"})
    return {
        "Verify": (wire.Empty, lambda asked, context: ready),
        "GetVersion": (wire.Empty, lambda asked, context: wire.Version(version="v1.2", commit="abc", date="today")),
        "GetMenus": (wire.Empty, lambda asked, context: menu),
        "GetPageOfJS": (wire.SimpleName, _page("let a")),
        "GetPageOfCSS": (wire.SimpleName, _page("a {}")),
        "GetAICapabilities": (wire.Empty, lambda asked, context: able),
        "Query": (wire.DataQuery, script.query),
    }


def _bytes(said: Any) -> bytes:
    return said if isinstance(said, bytes) else said.SerializeToString()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket")
    parser.add_argument("--port")
    parser.add_argument("--without", action="append", default=[])
    given = parser.parse_args()
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(act, request_deserializer=kind.FromString, response_serializer=_bytes)
        for name, (kind, act) in _methods(_Script()).items()
        if name not in given.without
    }
    server = grpc.server(ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("remote.Loader", handlers),))
    server.add_insecure_port(f"unix://{given.socket}" if given.socket else f"127.0.0.1:{given.port}")
    server.start()
    print("listening", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
