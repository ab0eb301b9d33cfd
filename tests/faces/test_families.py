"""The second addresses of ask, on a real server over a real database: each in the words of the clients it is for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from assay.faces.families import shapes
from assay.faces.openapi import document
from assay.kernel.catalogue import Catalogue
from assay.kernel.own import HOUSE, JOBS
from assay.main import ROOMS
from assay_lab.shop import Shop
from faces.living import Served
from faces.test_real import RealHome

SURE = "how many users are there?"
UNSURE = "which users live in Atlantis?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Served]:
    """A server that is connected to the shop."""
    with Served(RealHome(tmp_path_factory.mktemp("families"))) as it:
        connect = it.house.call("sources.connect", {"name": "shop", "dsn": shop.dsn}, credential=it.home.admin)
        asyncio.run_coroutine_threadsafe(connect, it.loop).result(60)
        yield it


@pytest.fixture
def api(served: Served) -> Iterator[httpx.Client]:
    """A client with a caller of its own, so that no test uses up the questions of another."""
    asked = {"name": uuid4().hex, "roles": ["admin"], "scopes": ["database:*"]}
    issue = served.house.call("accounts.issue", asked, credential=served.home.admin)
    token = asyncio.run_coroutine_threadsafe(issue, served.loop).result(60).token
    with httpx.Client(
        base_url=f"{served.url}/api/v1/ai", headers={"authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        yield client


def test_the_guide_asks_and_is_answered_in_its_own_words(api: httpx.Client, shop: Shop) -> None:
    asked = {"natural_language": SURE, "database_key": "shop", "database_type": "postgresql", "explain_query": True,
             "context": {"anything": "else"}}  # fmt: skip
    answer = api.post("/generate-sql", json=asked)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"success", "generatedSql", "explanation", "suggestions", "confidenceScore", "errorMessage",
                         "modelUsed"}  # fmt: skip
    assert body["success"] is True and body["modelUsed"] == "embedded" and body["confidenceScore"] > 0.7
    assert "users" in body["explanation"] and body["suggestions"] and body["errorMessage"] == ""
    with psycopg.connect(shop.dsn) as connection:
        rows = connection.execute(body["generatedSql"]).fetchall()
        assert rows == connection.execute("SELECT count(*) FROM users").fetchall()
    quiet = api.post("/generate-sql", json={"naturalLanguage": SURE, "databaseKey": "shop"}).json()
    assert quiet["explanation"] == "" and quiet["generatedSql"] == body["generatedSql"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"natural_language": UNSURE}, 422, "CONFIDENCE_TOO_LOW"),
        ({"natural_language": SURE, "database_key": "none"}, 404, "NOT_FOUND"),
        ({"natural_language": SURE, "database_type": "oracle"}, 422, "UNSUPPORTED_DATABASE"),
        ({"natural_language": ""}, 422, "INVALID"),
    ],
)
def test_the_guide_s_failures_have_their_status(
    api: httpx.Client, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = api.post("/generate-sql", json=asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    if code == "CONFIDENCE_TOO_LOW":
        assert error["details"]["sql"].startswith("SELECT") and "SELECT" not in error["message"]
        assert error["suggestions"] == [one["says"] for one in error["details"]["did_you_mean"]]


def test_the_host_calls_a_plugin_and_gets_content_and_meta(api: httpx.Client) -> None:
    config = json.dumps({"database_key": "shop", "database_type": "postgresql", "api_key": "sk-never", "provider": "x"})
    asked = {"plugin_name": "ai", "model": "", "prompt": SURE, "config": config}
    answer = api.post("/generate", json=asked)
    body = answer.json()
    assert answer.status_code == 200 and body["success"] is True and body["error"] == ""
    sql, explanation = body["content"].split("\n")
    assert sql.startswith("sql:SELECT") and explanation.startswith("explanation:") and "users" in explanation
    meta = json.loads(body["meta"])
    assert meta["model"] == "embedded" and meta["dialect"] == "postgresql" and meta["evidence"]
    assert "sk-never" not in json.dumps(httpx.get(
        str(api.base_url).replace("/ai/", "/audit"), headers=api.headers, timeout=60).json())  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ({"prompt": SURE}, "INVALID", "plugin_name is required"),
        ({"plugin_name": "other", "prompt": SURE}, "NOT_FOUND", "other"),
        ({"plugin_name": "ai", "prompt": ""}, "INVALID", "natural_language"),
        ({"plugin_name": "ai", "prompt": SURE, "config": "{"}, "INVALID", "config"),
        ({"plugin_name": "ai", "prompt": SURE, "config": '{"confidence_threshold": 2}'}, "INVALID", "config"),
        ({"plugin_name": "ai", "prompt": SURE, "model": "gpt-5"}, "NOT_FOUND", "gpt-5"),
        ({"plugin_name": "ai", "prompt": UNSURE}, "CONFIDENCE_TOO_LOW", "Atlantis"),
    ],
)
def test_the_host_s_failures_are_told_with_the_status_200(
    api: httpx.Client, asked: dict[str, Any], code: str, says: str
) -> None:
    answer = api.post("/generate", json=asked)
    body = answer.json()
    assert answer.status_code == 200 and body["success"] is False and body["content"] == ""
    assert says in body["error"] and json.loads(body["meta"])["error_code"] == code
    assert "SELECT" not in body["error"]


def test_who_is_not_signed_in_is_refused_there_too(api: httpx.Client) -> None:
    for path in ("generate", "generate-sql"):
        answer = httpx.post(f"{api.base_url}{path}", json={"plugin_name": "ai", "prompt": SURE}, timeout=60)
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "UNAUTHENTICATED"


def test_a_plugin_says_what_it_can_do_and_another_is_not_there(api: httpx.Client) -> None:
    body = api.get("/capabilities/ai").json()
    ours = api.get("/capabilities").json()
    assert (body["models"], body["features"], body["version"]) == (ours["models"], ours["features"], ours["version"])
    assert body["success"] is True and body["error"] == "" and body["description"]
    missing = api.get("/capabilities/other")
    assert missing.status_code == 404 and missing.json()["error"]["code"] == "NOT_FOUND"
    assert api.post("/capabilities/ai", json={}).status_code == 405


def test_status_and_validate_hold_what_the_guide_names(api: httpx.Client) -> None:
    status = api.get("/status").json()
    assert status["available"] is True and status["currentModel"] in status["supportedModels"]
    assert status["capabilities"]["sql_generation"] == "true" and status["version"]
    assert status["lastHealthCheck"] > 1_700_000_000
    asked = {"sql": "select count(*) from users", "database_key": "shop", "database_type": "postgresql"}
    good = api.post("/validate-sql", json=asked).json()
    assert good["isValid"] is True and good["errors"] == [] and good["optimizedSql"] == good["sql"] != asked["sql"]
    assert good["metadata"]["dialect"] == "postgresql" and float(good["metadata"]["cost"]) == good["cost"]
    bad = api.post("/validate-sql", json={**asked, "sql": "DELETE FROM users"}).json()
    assert bad["isValid"] is False and bad["errors"] and bad["optimizedSql"] is None
    other = api.post("/validate-sql", json={**asked, "databaseType": "mysql"} | {"database_type": None})
    assert other.status_code == 422


def test_over_the_limit_every_address_says_when_to_come_again(api: httpx.Client) -> None:
    asked = {"plugin_name": "ai", "prompt": SURE, "config": '{"database_type": "db2"}'}
    for _ in range(20):
        met = api.post("/generate", json=asked)
        if "retry-after" in met.headers:
            break
    assert met.status_code == 200 and json.loads(met.json()["meta"])["error_code"] == "RATE_LIMITED"
    answer = api.post("/sql:generate", json={"naturalLanguage": SURE, "databaseTarget": {"dialect": "db2"}})
    assert answer.status_code == 429 and answer.json()["error"]["code"] == "RATE_LIMITED"
    headers = answer.headers
    assert int(headers["retry-after"]) >= 1 and headers["x-ratelimit-limit"] == "60"
    assert headers["x-ratelimit-remaining"] == "0" and int(headers["x-ratelimit-reset"]) >= 1


def test_every_second_address_is_described_and_collides_with_none() -> None:
    catalogue = Catalogue([*ROOMS, JOBS, HOUSE])
    made = document(catalogue)
    own = {(one.http.method, one.http.path) for one in catalogue}
    for shape in shapes(catalogue):
        http = shape.record.http
        assert (http.method, http.path) not in own
        assert made["paths"][http.path][http.method.lower()]["operationId"] == shape.record.name
    assert shapes(Catalogue([JOBS, HOUSE])) == []
