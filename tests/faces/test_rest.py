"""What REST promises beyond carrying every operation."""

from __future__ import annotations

import base64
import hashlib
import json
from uuid import uuid4

import httpx
import pytest

from faces.living import Served


def make(http: httpx.Client, **more: object) -> dict:
    answer = http.post("/api/v1/toys", json={"name": f"toy {uuid4().hex}", **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_read_takes_typed_fields_from_the_query(http: httpx.Client) -> None:
    tag = uuid4().hex
    make(http, name=f"a {tag}", price=20)
    make(http, name=f"b {tag}", price=2)
    found = http.get("/api/v1/toys", params=[("tags", tag), ("tags", "a "), ("cheap", "false"), ("below", "30.5")])
    assert [toy["name"] for toy in found.json()["items"]] == [f"a {tag}"]


def test_an_unknown_query_field_is_named(http: httpx.Client) -> None:
    answer = http.get("/api/v1/toys", params={"color": "red"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "suggestions", "trace_id", "timestamp"}
    assert error["code"] == "INVALID" and error["details"]["field"] == "color" and len(error["trace_id"]) == 32


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
        ("colour=pink", "colour"),
        ("cheap=perhaps", "cheap"),
        ("tags=%ff", "query"),
    ],
)
def test_a_wrong_query_value_is_refused_with_its_field(http: httpx.Client, query: str, field: str) -> None:
    answer = http.get(f"/api/v1/toys?{query}")
    assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == field


def test_a_nested_page_is_followed_by_its_link(http: httpx.Client) -> None:
    tag = uuid4().hex
    names = [make(http, name=f"{tag} {n}")["name"] for n in range(5)]
    url, seen = f"/api/v1/toys?tags={tag}&limit=2", []
    while url:
        answer = http.get(url)
        seen += [toy["name"] for toy in answer.json()["items"]]
        assert answer.json()["items"][0]["parts"][0]["parts"][1]["parts"][0]["name"] == "bolt"
        url = answer.links.get("next", {}).get("url", "")
    assert seen == names


def test_paths_with_a_colon_stand_beside_paths_with_a_field(http: httpx.Client) -> None:
    toy = make(http)
    assert http.post(f"/api/v1/toys/{toy['id']}:price").json()["verdict"] == "assayed"
    assert http.get(f"/api/v1/toys/{toy['id']}").json()["id"] == toy["id"]
    assert http.get("/api/v1/toys/x%2Fy").json()["error"]["message"] == "There is no toy x/y."
    assert http.get("/api/v1/toys/a:price").status_code == 404


def test_a_change_names_the_version_it_changes(http: httpx.Client) -> None:
    made = http.post("/api/v1/toys", json={"name": uuid4().hex})
    assert made.headers["etag"] == '"1"'
    path = f"/api/v1/toys/{made.json()['id']}"
    missing = http.put(path, json={"colour": "blue"})
    assert missing.status_code == 428 and missing.json()["error"]["code"] == "VERSION_REQUIRED"
    assert http.delete(path).status_code == 428
    wrong = http.put(path, json={"colour": "blue"}, headers={"if-match": "*"})
    assert wrong.status_code == 422 and wrong.json()["error"]["details"]["field"] == "If-Match"
    painted = http.put(path, json={"colour": "blue"}, headers={"if-match": '"1"'})
    assert painted.json()["colour"] == "blue" and painted.headers["etag"] == '"2"'
    stale = http.put(path, json={"colour": "green", "version": 1})
    assert stale.status_code == 409 and stale.json()["error"]["details"]["version"] == 2
    assert http.delete(path, params={"version": 1}).status_code == 409
    assert http.delete(path, headers={"if-match": '"2"'}).json()["id"] == made.json()["id"]
    assert http.get(path).status_code == 404


def test_the_path_wins_over_the_body(http: httpx.Client) -> None:
    toy, other = make(http), make(http)
    body = json.dumps({"id": other["id"], "colour": "green", "version": 1})
    answer = http.put(f"/api/v1/toys/{toy['id']}", content=body, headers={"content-type": "application/json"})
    assert answer.json()["id"] == toy["id"]


def test_an_idempotency_key_answers_once(http: httpx.Client) -> None:
    key = {"idempotency-key": uuid4().hex}
    name = uuid4().hex
    first = http.post("/api/v1/toys", json={"name": name}, headers=key)
    assert http.post("/api/v1/toys", json={"name": name}, headers=key).json() == first.json()
    assert http.post("/api/v1/toys", json={"name": name + "x"}, headers=key).status_code == 409
    assert (
        http.post("/api/v1/toys", json={"name": name + "x"}, headers={"idempotency-key": "x" * 201}).status_code == 422
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"name": 1}',
        b'{"name": "a"} x',
        b"\xff",
        b"[" * 5000,
        b'{"name":' + b'{"a":' * 900,
    ],
)
def test_a_body_that_is_no_question_is_refused_in_the_one_shape(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/api/v1/toys", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "INVALID", answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"colour":"red"', b'{"colour":"', b"}", b'{"a":{"colour":"red"}'])
def test_a_broken_body_stays_broken_when_the_path_is_merged_into_it(http: httpx.Client, body: bytes) -> None:
    toy = make(http)
    headers = {"content-type": "application/json", "if-match": '"1"'}
    answer = http.put(f"/api/v1/toys/{toy['id']}", content=body, headers=headers)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
    ],
)
def test_a_body_of_another_type_is_refused(http: httpx.Client, kind: str) -> None:
    answer = http.post("/api/v1/toys", content=b'{"name": "x"}', headers={"content-type": kind})
    assert answer.status_code == 415 and answer.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


def test_unknown_paths_and_methods_are_refused_in_the_one_shape(http: httpx.Client) -> None:
    missing = http.get("/api/v1/nothing")
    assert missing.status_code == 404 and missing.json()["error"]["code"] == "NOT_FOUND"
    wrong = http.patch("/api/v1/toys", json={})
    assert wrong.status_code == 405 and wrong.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert http.options("/api/v1/toys").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert http.post("/", json={}).status_code == 405


def test_head_says_what_get_would_without_saying_it(http: httpx.Client) -> None:
    toy = make(http)
    got, head = http.get(f"/api/v1/toys/{toy['id']}"), http.head(f"/api/v1/toys/{toy['id']}")
    assert (
        head.content == b""
        and head.headers["content-length"] == got.headers["content-length"]
        and head.headers["etag"] == '"1"'
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NOT_FOUND", 404),
        ("CONFLICT", 409),
        ("FORBIDDEN", 403),
        ("RATE_LIMITED", 429),
        ("REFUSED", 422),
        ("UNAVAILABLE", 503),
        ("DEADLINE_EXCEEDED", 504),
    ],
)
def test_an_error_keeps_its_code_status_and_cure(http: httpx.Client, code: str, status: int) -> None:
    answer = http.get("/api/v1/toys-fail", params={"error": code})
    assert answer.status_code == status and answer.json()["error"]["code"] == code
    if code == "RATE_LIMITED":
        assert answer.headers["retry-after"] == "3"
    else:
        assert answer.json()["error"]["details"] == {"field": "error", "cure": "Ask for another."}


def test_a_fault_of_ours_shows_a_trace_id_and_nothing_else(http: httpx.Client) -> None:
    answer = http.get("/api/v1/toys-fail", params={"error": "bug"})
    assert answer.status_code == 500 and answer.json()["error"]["code"] == "INTERNAL"
    assert "secret detail" not in answer.text and "Traceback" not in answer.text
    assert http.get("/api/v1/toys/x/boast").json()["error"]["code"] == "INTERNAL"


def test_a_trace_goes_on_where_the_caller_began_it(http: httpx.Client) -> None:
    trace = uuid4().hex
    answer = http.get("/api/v1/toys/x", headers={"traceparent": f"00-{trace}-{uuid4().hex[:16]}-01"})
    assert answer.json()["error"]["trace_id"] == trace


def test_a_large_answer_is_compressed(http: httpx.Client) -> None:
    tag = uuid4().hex
    for n in range(20):
        make(http, name=f"{tag} {n}")
    answer = http.get("/api/v1/toys", params={"tags": tag}, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and len(answer.json()["items"]) == 20
    plain = http.get("/api/v1/toys", params={"tags": tag}, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.json() == answer.json()


# jobs ----------------------------------------------------------------------------------------------------------

DRAWING = bytes(range(256)) * 40


def test_a_job_is_accepted_and_followed_at_its_location(http: httpx.Client) -> None:
    body = {"name": "car", "drawing": base64.b64encode(DRAWING).decode()}
    accepted = http.post("/api/v1/toys:build", json=body)
    assert accepted.status_code == 202 and accepted.headers["location"] == f"/api/v1/jobs/{accepted.json()['id']}"
    with http.stream("GET", accepted.headers["location"] + "/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        seen = [(line[7:], None) for line in events.iter_lines() if line.startswith("event: ")]
    assert seen[-1][0] == "end" and all(name == "progress" for name, _ in seen[:-1])
    ended = http.get(accepted.headers["location"]).json()
    assert ended["state"] == "done" and ended["result"]["sha256"] == hashlib.sha256(DRAWING).hexdigest()


def test_prefer_waits_for_the_result(http: httpx.Client) -> None:
    body = {"name": "car", "drawing": base64.b64encode(DRAWING).decode()}
    answer = http.post("/api/v1/toys:build", json=body, headers={"prefer": "respond-async, wait=20"})
    assert answer.status_code == 200 and answer.headers["preference-applied"] == "wait=20"
    assert answer.json()["bytes"] == len(DRAWING)
    failed = http.post("/api/v1/toys:build", json={**body, "fail": True}, headers={"prefer": "wait=20"})
    assert failed.status_code == 422 and failed.json()["error"]["code"] == "REFUSED"
    slow = http.post("/api/v1/toys:build", json={**body, "steps": 500, "step_ms": 100}, headers={"prefer": "wait=0"})
    assert slow.status_code == 202
    cancelled = http.post(f"{slow.headers['location']}/cancel")
    assert cancelled.json()["state"] == "cancelled"


def test_an_upload_comes_as_a_form_too(http: httpx.Client) -> None:
    files = {"drawing": ("car.bin", DRAWING)}
    answer = http.post(
        "/api/v1/toys:build", data={"name": "car", "steps": "1"}, files=files, headers={"prefer": "wait=20"}
    )
    assert answer.json() == {"name": "car", "bytes": len(DRAWING), "sha256": hashlib.sha256(DRAWING).hexdigest()}
    wrong = http.post("/api/v1/toys:build", data={"drawing": "x"}, files={"name": ("n", b"x")})
    assert wrong.json()["error"]["details"]["field"] == "name"
    broken = http.post(
        "/api/v1/toys:build", content=b"--x\r\nbad", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 422
    large = http.post("/api/v1/toys:build", data={"name": "car"}, files={"drawing": ("car.bin", b"x" * 250_000)})
    assert large.status_code == 422 and large.json()["error"]["details"]["field"] == "drawing"


def test_base64_that_is_none_is_refused(http: httpx.Client) -> None:
    answer = http.post("/api/v1/toys:build", json={"name": "car", "drawing": "%%%"})
    assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "drawing"


# health, documents, pages --------------------------------------------------------------------------------------


def test_health_answers_anybody_a_word_and_a_caller_the_parts(served: Served, http: httpx.Client) -> None:
    with served.anonymous() as anybody:
        assert anybody.get("/healthz").text == "ok"
        assert anybody.get("/health").json() == {"status": "ok"}
        assert anybody.get("/ready").text == "ready"
        assert anybody.get("/health?verbose").status_code == 401
        assert "assay_calls_total" in anybody.get("/metrics").text
        assert anybody.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 401
    verbose = http.get("/health?verbose").json()
    assert verbose["status"] == "ok" and verbose["version"] == "1.2.3" and verbose["parts"][0]["name"] == "store"
    assert http.get("/metrics", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 200


def test_the_page_is_served_with_its_files_and_for_every_path_of_its_own(http: httpx.Client) -> None:
    assert "<div id=root>" in http.get("/").text and "<div id=root>" in http.get("/workload/q_1?x=1").text
    hashed = http.get("/assets/index-B4gLKn0_.js", headers={"accept-encoding": "gzip"})
    assert (
        hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
        and hashed.headers["content-encoding"] == "gzip"
    )
    assert hashed.headers["content-type"] == "text/javascript; charset=utf-8" and hashed.text.startswith("console.log")
    with httpx.stream("GET", str(hashed.url), headers={"accept-encoding": "br"}) as packed:
        assert packed.headers["content-encoding"] == "br" and b"".join(packed.iter_raw()) == b"pretend brotli"
    assert http.get("/assets/mark.svg").headers["cache-control"] == "no-cache"
    again = http.get("/assets/mark.svg", headers={"if-none-match": http.get("/assets/mark.svg").headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert http.get("/assets/gone-12345678.js").status_code == 404
    for path in ("/..%2f..%2fetc/passwd", "/assets/..%2f..%2fconftest.py", "/%00", "/../living.py"):
        assert http.get(path).status_code in (200, 404) and "passwd" not in http.get(path).text.replace(path, "")


def test_the_documentation_needs_nothing_but_itself(served: Served) -> None:
    with served.anonymous() as anybody:
        docs = anybody.get("/docs").text
        assert (
            "toys.build" in docs
            and "<script>" not in docs
            and "style=" not in docs
            and "http://" not in docs
            and "https://" not in docs
        )
        assert anybody.get("/docs/docs.js").headers["content-type"].startswith("text/javascript")
        assert anybody.get("/docs/docs.css").headers["content-type"].startswith("text/css")
        assert anybody.get("/openapi.json").json()["openapi"] == "3.1.0"
        assert anybody.get("/docs/other").status_code == 404


def test_a_camel_noun_is_written_in_camel_case_and_read_in_both_spellings(http: httpx.Client) -> None:
    spellings = ({"toyName": "red_car", "fontSize": 7}, {"toy_name": "red_car", "font_size": 7})
    answers = [http.post("/api/v1/toys:label", json=asked).json() for asked in spellings]
    line = {"lineText": "red_car", "letterCount": 7}
    assert answers == [{"labelLines": [line], "byWord": {"red_car": 7}}] * 2
    wrong = http.post("/api/v1/toys:label", json={"toyName": "x", "fontSize": "big"}).json()["error"]
    assert wrong["code"] == "INVALID" and wrong["details"]["field"] == "font_size"


def test_an_error_says_what_may_help(http: httpx.Client) -> None:
    error = http.get("/api/v1/nothing").json()["error"]
    assert error["suggestions"] == [error["details"]["cure"]]
    assert http.get("/api/v1/toys", params={"limit": "many"}).json()["error"]["suggestions"] == []
