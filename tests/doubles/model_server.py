"""A model's server that does as it is told to, on a real socket: it hangs, trickles, lies, redirects, wants a key."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Act = Callable[["Handler", dict[str, Any]], None]


@dataclass
class Seen:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        self.close_connection = True
        self.server.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        with contextlib.suppress(OSError):  # whoever asked has left
            self.server.act(self, body)

    def give(self, body: bytes | str, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """A whole response; an underscore in a header's name is a dash."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        named = {"content-length": str(len(data)), "content-type": kind,
                 **{name.replace("_", "-"): value for name, value in headers.items()}}  # fmt: skip
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self, kind: str = "application/json") -> None:
        """The head of a response that ends when the connection does."""
        self.send_response(200)
        self.send_header("content-type", kind)
        self.end_headers()

    def wait(self) -> None:
        """Hang until the server is stopped."""
        self.server.stopped.wait(60)

    def trickle(self, piece: bytes) -> None:
        """Send the piece again and again, until whoever asked leaves."""
        while not self.server.stopped.wait(0.05):
            self.wfile.write(piece)
            self.wfile.flush()


class Server(ThreadingHTTPServer):
    """`act` says what it does with each request; `seen` is what came."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, act: Act) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.act = act
        self.seen: list[Seen] = []
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stopped.set()
        self.shutdown()
        self.server_close()
        self._thread.join(5)


def said(text: str, **more: Any) -> str:
    """A chat completion whose content is the text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return json.dumps({"id": "c", "model": "double", "choices": [choice], "usage": usage, **more})


@dataclass
class Script:
    """Answers in turn, as OpenAI does; the last one again and again."""

    answers: list[str]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, handler: Handler, body: dict[str, Any]) -> None:
        if not body:
            handler.give(json.dumps({"data": [{"id": "double"}]}))
            return
        self.asked.append(body)
        handler.give(said(self.answers[min(len(self.asked), len(self.answers)) - 1]))


@dataclass
class Locked:
    """Answers who shows the key as OpenAI does; anybody else is told what was shown, as some servers do."""

    key: str
    answer: str = "six"

    def __call__(self, handler: Handler, body: dict[str, Any]) -> None:
        shown = handler.headers.get("authorization", "nothing")
        if shown == f"Bearer {self.key}":
            handler.give(said(self.answer) if body else json.dumps({"data": [{"id": "double"}]}))
        else:
            handler.give(json.dumps({"error": {"message": f"Incorrect API key provided: {shown}"}}), 401)
