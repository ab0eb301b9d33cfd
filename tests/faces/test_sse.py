"""Streams over server-sent events: their shape, their ends, their errors."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from faces.living import Served, make_home


def events(answer: httpx.Response) -> list[dict[str, str]]:
    """Parse a whole stream into its events."""
    blocks = [block for block in answer.read().decode().split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


def test_items_are_numbered_and_the_end_is_said(http: httpx.Client) -> None:
    with http.stream("GET", "/api/v1/toys:count", params={"to": 3}) as answer:
        assert (
            answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            and answer.headers["cache-control"] == "no-store"
        )
        seen = events(answer)
    assert [one["event"] for one in seen] == ["item", "item", "item", "end"] and [one["id"] for one in seen] == [
        "1",
        "2",
        "3",
        "4",
    ]
    assert seen[2]["data"] == '{"number":3}'


def test_an_error_at_once_has_its_status_and_a_later_one_is_an_event(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http.get("/api/v1/toys:count", params={"to": "x"}).status_code == 422
    assert http.get("/api/v1/jobs/none/events").status_code == 404
    assert http.get("/api/v1/toys:count", params={"fail_at": 1}).json()["error"]["code"] == "UNAVAILABLE"
    with http.stream("GET", "/api/v1/toys:count", params={"fail_at": 2}) as answer:
        seen = events(answer)
    assert answer.status_code == 200 and [one["event"] for one in seen] == ["item", "error"]
    assert '"cure": "Buy one."' in seen[1]["data"]
    monkeypatch.setattr("assay.faces.rest.sse.FIRST_S", 0.01)
    with http.stream("GET", "/api/v1/toys:count", params={"fail_at": 1, "every_ms": 200}) as answer:
        assert [one["event"] for one in events(answer)] == ["error"]


def test_a_quiet_stream_is_kept_alive(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.faces.rest.sse.KEEP_ALIVE_S", 0.05)
    monkeypatch.setattr("assay.faces.rest.sse.FIRST_S", 0.01)
    with http.stream("GET", "/api/v1/toys:count", params={"to": 1, "every_ms": 500}) as answer:
        text = answer.read().decode()
    assert text.startswith(": open\n\n") and ": still here\n\n" in text and text.endswith("event: end\ndata: {}\n\n")


def test_a_stream_is_stopped_when_its_listener_goes(served: Served, http: httpx.Client) -> None:
    with http.stream("GET", "/api/v1/toys:count", params={"to": 10_000, "every_ms": 20}) as answer:
        assert next(answer.iter_lines()) is not None
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        audit = http.get("/api/v1/audit", params={"operation": "toys.count", "outcome": "CANCELLED"}).json()
        if any('"to": 10000' in entry["asked"] for entry in audit["items"]):
            return
    pytest.fail("the stream went on")


def test_facts_are_heard_from_the_moment_of_listening(served: Served, http: httpx.Client) -> None:
    with http.stream("GET", "/api/v1/events", headers={"last-event-id": "17"}) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")


def test_the_server_stops_although_somebody_listens(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ended: list[float] = []
    with Served(home) as served:
        client = served.client()
        listening = threading.Event()

        def listen() -> None:
            with client.stream("GET", "/api/v1/toys:count", params={"to": 10_000, "every_ms": 50}) as answer:
                for line in answer.iter_lines():
                    listening.set() if line.startswith("data") else None
            ended.append(time.monotonic())

        thread = threading.Thread(target=listen)
        thread.start()
        assert listening.wait(20)
        began = time.monotonic()
    thread.join(10)
    assert ended and time.monotonic() - began < 7
