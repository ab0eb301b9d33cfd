"""The plugin's page in a real browser, in a console that hands its questions on as atest's host does."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest

from faces.loader.running import Host
from journeys.browsing import WEB

HERE = Path(__file__).parent
CONSOLE = """<!doctype html><html lang="en"><title>Console</title><link rel="icon" href="data:,">
<style>%s</style><main><h1>AI Assistant</h1><div id="plugin-container"></div></main><script>%s</script>
<script>ATestPlugin.mount(document.getElementById("plugin-container"))</script></html>"""


class Console(ThreadingHTTPServer):
    """What of atest's host and console the page meets: the page, and `/api/v1/data/query`, which drops our fields."""

    def __init__(self, host: Host) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = host
        self.asked: list[tuple[dict[str, Any], str | None]] = []
        """Bodies of queries, and the store that each named."""


class _Handler(BaseHTTPRequestHandler):
    server: Console

    def do_GET(self) -> None:
        host = self.server.host
        css, js = (host.call(f"GetPageOf{kind}", name="ai-chat").message for kind in ("CSS", "JS"))
        self._reply(200, "text/html; charset=utf-8", (CONSOLE % (css, js)).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((body, self.headers["x-store-name"]))
        try:
            reply = self.server.host.call("Query", key=body["key"], sql=body["sql"])
        except grpc.RpcError as error:
            told: Any = error
            self._json(400, {"code": 3, "message": told.details(), "details": []})
            return
        self._json(200, {"data": [{"key": one.key, "value": one.value, "description": ""} for one in reply.data]})

    def _json(self, status: int, answer: Any) -> None:
        self._reply(status, "application/json", json.dumps(answer).encode())

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def console(host: Callable[..., Host], shop_file: Path) -> Iterator[Console]:
    with Console(host(name="my ai", pro__dsn=f"sqlite://{shop_file}")) as it:
        threading.Thread(target=it.serve_forever, daemon=True).start()
        yield it
        it.shutdown()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_asks_on_the_page_and_sees_how_far_the_answer_was_checked(
    console: Console, tmp_path: Path, scheme: str
) -> None:
    asked = {"url": f"http://127.0.0.1:{console.server_port}/", "scheme": scheme, "folder": str(tmp_path),
             "web": str(WEB)}  # fmt: skip
    ran = subprocess.run(
        ["node", str(HERE / "page.mjs"), json.dumps(asked)], capture_output=True, text=True, timeout=180
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["errors"] == [] and seen["stops"] == ["empty", "answer", "refused"]
    assert seen["violations"] == [] and seen["foreign"] == []
    assert "Berlin" in seen["sql"] and seen["copied"] == seen["sql"]
    assert seen["verdict"].startswith("checked · Confidence ") and "Berlin" in seen["explanation"]
    assert seen["marked"] == 0, "what a person typed became a part of the page"
    assert seen["kept"].startswith("{{{{") and seen["left"] == "" and seen["stored"] == 0
    first, last = console.asked[0], console.asked[-1]
    assert first[0]["type"] == "ai" and first[0]["key"] == "generate" and first[1] == "my ai"
    assert "{{" not in last[0]["sql"], "atest's host runs what stands between double braces"
    assert json.loads(last[0]["sql"])["prompt"].startswith("{{{{ readFile")
