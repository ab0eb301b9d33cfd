"""What a web page on another site, a rebound name and a rude client may not do."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from assay.faces.rest.guard import hosts_of
from faces.living import Home, Served, make_home


@pytest.fixture
def cookie(served: Served) -> dict[str, str]:
    """The cookie of a browser that has signed in."""
    link = served.ask(served.house.call("accounts.link", {}, credential=served.home.admin))
    with served.anonymous() as browser:
        answer = browser.post(
            "/api/v1/sign-in", json={"token": link.token}, headers={"cookie": "assay_session=old", "origin": served.url}
        )
    assert answer.status_code == 200
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    return {name: value}


def test_signing_in_moves_the_session_into_a_strict_cookie(served: Served) -> None:
    link = served.ask(served.house.call("accounts.link", {}, credential=served.home.admin))
    with served.anonymous() as browser:
        answer = browser.post("/api/v1/sign-in", json={"token": link.token})
        assert "session" not in answer.json() and answer.json()["me"]["name"] == "admin"
        flags = answer.headers["set-cookie"].split("; ")
        assert flags[0].startswith("assay_session=assay_session_") and {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(
            flags
        )
        assert browser.get("/api/v1/me").json()["name"] == "admin"
        again = browser.post("/api/v1/sign-in", json={"token": link.token}, headers={"origin": served.url})
        assert again.status_code == 401
        out = browser.post("/api/v1/sign-out", json={}, headers={"sec-fetch-site": "same-origin"})
        assert out.status_code == 200 and "Max-Age=0" in out.headers["set-cookie"]
        assert browser.get("/api/v1/me").status_code == 401


def test_a_cookie_behind_an_https_url_is_secure(tmp_path: Path) -> None:
    home = make_home(tmp_path, public_url="https://assay.example")
    with Served(home) as served, served.anonymous() as browser:
        link = served.ask(served.house.call("accounts.link", {}, credential=home.admin))
        headers = {"host": "assay.example", "origin": "https://assay.example"}
        answer = browser.post("/api/v1/sign-in", json={"token": link.token}, headers=headers)
        assert answer.status_code == 200 and answer.headers["set-cookie"].endswith("; Secure")


def test_an_unknown_cookie_is_forgotten(served: Served) -> None:
    with served.anonymous(cookies={"assay_session": "stale"}) as browser:
        answer = browser.get("/api/v1/me")
    assert answer.status_code == 401 and "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8080", "[::2]", "x@127.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/health", "/mcp", "/docs", "/metrics"])
def test_another_host_is_misdirected(http: httpx.Client, path: str, host: str) -> None:
    answer = http.get(path, headers={"host": host})
    assert answer.status_code == 421 and answer.json()["error"]["code"] == "MISDIRECTED"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "LOCALHOST", "[::1]:8080", "localhost."])
def test_our_own_hosts_are_served_on_any_port(http: httpx.Client, host: str) -> None:
    assert http.get("/api/v1/me", headers={"host": host}).status_code == 200


def test_two_host_headers_are_refused(served: Served) -> None:
    answer = raw(
        served, b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert b" 421 " in answer or b" 400 " in answer


def test_a_public_url_and_an_address_are_names_of_ours() -> None:
    assert {"assay.example", "10.0.0.7", "localhost"} <= hosts_of("10.0.0.7", "https://Assay.example:8443/x")
    assert "[fe80::1]" in hosts_of("fe80::1", None)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://"]
)
def test_a_change_from_another_origin_is_refused(http: httpx.Client, origin: str) -> None:
    answer = http.post("/api/v1/toys", json={"name": uuid4().hex}, headers={"origin": origin})
    assert answer.status_code == 403 and answer.json()["error"]["details"]["field"] == "Origin"


def test_nothing_is_allowed_across_origins(http: httpx.Client) -> None:
    answer = http.get("/api/v1/me", headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = http.options("/api/v1/toys", headers=headers)
    assert not [name for name in preflight.headers if name.startswith("access-control")]


def test_a_cookie_changes_nothing_without_saying_where_it_comes_from(served: Served, cookie: dict[str, str]) -> None:
    body = {"name": uuid4().hex}
    with served.anonymous(cookies=cookie) as browser:
        for headers in (
            {},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "http://localhost:1"},
        ):
            assert browser.post("/api/v1/toys", json=body, headers=headers).status_code == 403
        assert browser.get("/api/v1/toys").status_code == 200
        assert browser.post("/api/v1/toys", json=body, headers={"origin": served.url}).status_code == 200
        own = {"sec-fetch-site": "same-origin"}
        assert browser.post("/api/v1/toys", json={"name": uuid4().hex}, headers=own).status_code == 200
        assert browser.post("/mcp", json={}, headers={"origin": served.url}).status_code == 401


def test_every_answer_carries_the_security_headers(http: httpx.Client) -> None:
    for path in ("/", "/api/v1/me", "/api/v1/nothing", "/docs", "/healthz", "/assets/mark.svg", "/api/v1/toys:count"):
        headers = http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers
    assert http.get("/api/v1/me").headers["cache-control"] == "no-store"


def test_a_body_over_the_limit_is_refused_by_its_length_before_it_is_read(served: Served) -> None:
    token = served.home.admin.reveal().encode()
    head = b"POST /api/v1/toys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token
    answer = raw(served, head + b"\r\nContent-Type: application/json\r\nContent-Length: 300001\r\n\r\n")
    assert b" 413 " in answer and b"TOO_LARGE" in answer and b"connection: close" in answer.lower()


def test_a_body_over_the_limit_is_refused_while_it_streams(http: httpx.Client) -> None:
    def parts() -> object:
        for _ in range(40):
            yield b" " * 10_000

    answer = http.post("/api/v1/toys", content=parts(), headers={"content-type": "application/json"})  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 413 and answer.json()["error"]["details"]["limit_bytes"] == 300_000


def test_a_body_that_does_not_come_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.faces.rest.question.BODY_S", 0.3)
    token = served.home.admin.reveal().encode()
    head = b"POST /api/v1/toys HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token
    began = time.monotonic()
    answer = raw(served, head + b'\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"na')
    assert b" 408 " in answer and b"BODY_TIMEOUT" in answer and time.monotonic() - began < 10


def test_a_caller_who_may_not_is_told_before_the_body_is_read(served: Served) -> None:
    answer = raw(served, b"POST /api/v1/toys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n")
    assert b" 401 " in answer


def test_limits_are_told_with_when_to_come_back(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    tight = Home(
        home.folder,
        home.settings.model_copy(update={"calls_per_minute": 6.0, "calls_burst": 2}),
        home.admin,
        home.viewer,
    )
    with Served(tight) as served, served.client() as http:
        answers = [http.get("/api/v1/me") for _ in range(4)]
    assert answers[0].status_code == 200 and answers[-1].status_code == 429
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED" and 1 <= int(answers[-1].headers["retry-after"]) <= 10


def test_a_secret_in_a_question_is_in_no_answer_and_no_audit(served: Served, http: httpx.Client) -> None:
    secret = uuid4().hex
    http.post("/api/v1/toys", json={"name": uuid4().hex, "secret": secret, "nonsense": 1})
    made = http.post("/api/v1/toys", json={"name": uuid4().hex, "secret": secret})
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        audit = http.get("/api/v1/audit", params={"operation": "toys.make", "limit": 5}).json()
        if made.json()["name"] in json.dumps(audit):
            break
    assert made.json()["name"] in json.dumps(audit) and secret not in json.dumps(audit) + made.text


def raw(served: Served, data: bytes) -> bytes:
    """Send bytes and read until the server closes, or has been quiet after an answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(data)
        connection.settimeout(5)
        got = b""
        while True:
            try:
                part = connection.recv(65_536)
            except TimeoutError:
                return got
            if not part:
                return got
            got += part
            if b"\r\n\r\n" in got and got.rstrip().endswith(b"}"):
                return got
