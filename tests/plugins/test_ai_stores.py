"""Questions to AI stores and to this program, over REST: both forms sent, every value of a store felt."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles.troubled import install
from faces.living import Served
from plugins.serving import make
from plugins.test_over_rest import caller, stores, wait

BASE = {"rate_limit.requests_per_minute": "10000", "rate_limit.burst_size": "1000"}
WORDS = "how many users are there? {{ env `HOME` }} ${HOME}"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder:
        home = make(Path(folder))
        install(home.bin, "atest-store-bot", "well", "--without", "GetAICapabilities")
        with Served(home) as it:
            yield it


@pytest.fixture(scope="module")
def api(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, city TEXT)")
        shop.executemany("INSERT INTO users (name, city) VALUES (?, ?)", [("Ada", "Berlin"), ("Bob", "Rome")])
    with caller(served, "admin") as client:
        dsn = f"sqlite:///{file}"
        assert client.post("/sources", json={"name": "shop", "dsn": dsn}).status_code == 200
        yield client


def bot(api: httpx.Client, **properties: str) -> None:
    """Let the store `bot` have these properties, and no others."""
    asked = {
        "name": "bot", "kind": {"name": "atest-store-bot", "categories": ["ai"]},
        "properties": [{"key": key, "value": value} for key, value in (BASE | properties).items()],
    }  # fmt: skip
    answer = api.put("/stores/bot", json=asked) if "bot" in stores(api) else api.post("/stores", json=asked)
    assert answer.status_code == 200, answer.text
    wait(lambda: stores(api)["bot"]["ready"])


def ask(api: httpx.Client, **asked: Any) -> httpx.Response:
    return api.post("/data/query", json={"type": "ai", "store": "bot", "natural_language": WORDS} | asked)


def told(answer: httpx.Response) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the plugin got: the typed fields, and the older form with its config read."""
    assert answer.status_code == 200, answer.text
    said = {one["key"]: one["value"] for one in answer.json()["data"]}
    meta = json.loads(said["meta"])
    return meta["typed"], meta["told"] | {"config": json.loads(meta["told"]["config"])}


def test_both_forms_are_sent_whichever_came_and_nothing_is_filled_in(api: httpx.Client) -> None:
    bot(api)
    typed, older = told(
        ask(api, type="Ai", database_type="pg", explain_query=True, ai_context={"schema": "s"}, limit=5)
    )
    assert typed["natural_language"] == older["prompt"] == WORDS
    assert (typed["type"], typed["key"], typed["limit"]) == ("ai", "generate", 5)
    assert typed["database_type"] == older["database_type"] == older["config"]["database_type"] == "pg"
    assert typed["explain_query"] is True and older["config"]["include_explanation"] is True
    assert typed["ai_context"] == {"schema": "s"}
    legacy = {"model": "m", "prompt": WORDS, "config": json.dumps({"dialect": "mysql", "include_explanation": True})}
    typed, older = told(ask(api, key="generate", sql=json.dumps(legacy), natural_language=""))
    assert typed["natural_language"] == older["prompt"] == WORDS and typed["database_type"] == "mysql"
    assert older["model"] == "m" and typed["explain_query"] is True
    typed, older = told(ask(api, key=WORDS, sql="SELECT 2", natural_language=""))
    assert typed["natural_language"] == older["prompt"] == WORDS and typed["ai_context"]["sql"] == "SELECT 2"


def test_a_caller_cannot_have_the_question_or_the_key_sent_elsewhere(api: httpx.Client) -> None:
    bot(api, endpoint="http://127.0.0.1:1", provider="custom", api_key="sk-store")
    config = {"endpoint": "http://evil.example", "provider": "openai", "api_key": "sk-mine", "base_url": "x"}
    answer = ask(api, key="generate", sql=json.dumps({"prompt": WORDS, "config": json.dumps(config)}))
    _, older = told(answer)
    assert older["config"]["endpoint"] == "http://127.0.0.1:1" and older["config"]["provider"] == "custom"
    assert "api_key" not in older["config"] and "base_url" not in older["config"] and "sk-" not in answer.text


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("max_tokens", "2048", 2048), ("temperature", "0.7", 0.7), ("timeout", "45s", "45s")],
)
def test_what_a_model_is_to_do_is_passed_on(api: httpx.Client, name: str, value: str, expected: object) -> None:
    bot(api)
    _, before = told(ask(api))
    bot(api, **{name: value})
    _, after = told(ask(api))
    assert after["config"][name] == expected != before["config"][name]
    more = {"max_tokens": 99_999, "timeout": "500s"}
    _, bounded = told(ask(api, key="generate", sql=json.dumps({"prompt": WORDS, "config": json.dumps(more)})))
    assert bounded["config"]["max_tokens"] == after["config"]["max_tokens"]
    assert bounded["config"]["timeout"] == after["config"]["timeout"]


def test_what_a_caller_says_about_the_model_goes_into_the_typed_form_too(api: httpx.Client) -> None:
    bot(api, max_tokens="2048")
    config = {"max_tokens": 99_999, "temperature": 0.3}
    typed, _ = told(ask(api, key="generate", sql=json.dumps({"prompt": WORDS, "config": json.dumps(config)})))
    assert typed["ai_context"] == {"max_tokens": "2048", "temperature": "0.3"}
    config = {"max_tokens": "512", "temperature": "0.5", "execute": "no"}
    typed, _ = told(ask(api, key="generate", sql=json.dumps({"prompt": WORDS, "config": json.dumps(config)})))
    assert typed["ai_context"] == {"max_tokens": "512", "temperature": "0.5", "execute": "no"}
    typed, _ = told(ask(api))
    assert typed["ai_context"] == {}


@pytest.mark.parametrize("yes", [True, "true", " YES ", "on", 1, "1", "y", "please"])
def test_whatever_may_be_read_as_a_wish_to_run_sql_is_refused_where_none_may(api: httpx.Client, yes: object) -> None:
    bot(api)
    config = {"prompt": WORDS, "config": json.dumps({"execute": yes})}
    refused = [ask(api, key="generate", sql=json.dumps(config)), ask(api, ai_context={"execute": str(yes)})]
    assert {one.json()["error"]["code"] for one in refused} == {"SQL_EXECUTION_DISABLED"}


def test_the_threshold_of_confidence_decides(api: httpx.Client) -> None:
    bot(api, sure="0.6", confidence_threshold="0.5")
    assert ask(api).status_code == 200
    bot(api, sure="0.6", confidence_threshold="0.65")
    error = ask(api).json()["error"]
    assert error["code"] == "CONFIDENCE_TOO_LOW" and error["details"]["sql"] == "SELECT\n1"
    assert (error["details"]["confidence"], error["details"]["threshold"]) == (0.6, 0.65)
    bot(api, sure="0.6", confidence_threshold="0.5")
    stricter = {"prompt": WORDS, "config": json.dumps({"confidence_threshold": 0.8})}
    assert ask(api, key="generate", sql=json.dumps(stricter)).json()["error"]["details"]["threshold"] == 0.8


def test_only_databases_that_the_store_is_for_are_asked_about(api: httpx.Client) -> None:
    bot(api, supported_databases="mysql,sqlite")
    assert ask(api, database_type="mariadb").status_code == 200
    refused = ask(api, database_type="postgresql").json()["error"]
    assert refused["code"] == "UNSUPPORTED_DATABASE" and "mysql, sqlite" in refused["details"]["cure"]
    bot(api, supported_databases="postgresql")
    assert ask(api, database_type="postgresql").status_code == 200
    assert ask(api, database_type="oracle").json()["error"]["code"] == "UNSUPPORTED_DATABASE"


def test_sql_is_run_only_where_the_store_allows_it(api: httpx.Client) -> None:
    bot(api)
    refused = ask(api, ai_context={"execute": "true"})
    assert refused.status_code == 403 and refused.json()["error"]["code"] == "SQL_EXECUTION_DISABLED"
    bot(api, enable_sql_execution="true")
    typed, older = told(ask(api, ai_context={"execute": "true"}))
    assert typed["ai_context"] == {"execute": "true"} and older["config"]["enable_sql_execution"] is True


def test_the_time_that_a_store_gives_is_all_that_is_waited(api: httpx.Client) -> None:
    bot(api, takes_s="0.8", timeout="30s")
    assert ask(api).status_code == 200
    bot(api, takes_s="0.8", timeout="200ms")
    late = ask(api)
    assert late.status_code == 504 and late.json()["error"]["details"]["plugin"] == "atest-store-bot"


def test_the_rate_of_a_store_is_enforced_for_each_caller(api: httpx.Client, served: Served) -> None:
    bot(api, **{"rate_limit.requests_per_minute": "6", "rate_limit.burst_size": "2"})
    with caller(served, "admin") as one, caller(served, "admin") as other:
        assert [ask(one).status_code for _ in range(3)] == [200, 200, 429]
        limited = ask(one)
        assert int(limited.headers["retry-after"]) >= 1 and limited.headers["x-ratelimit-limit"] == "6"
        assert ask(other).status_code == 200
    bot(api)
    with caller(served, "admin") as third:
        assert {ask(third).status_code for _ in range(5)} == {200}


def test_what_another_program_calls_checked_is_an_estimate_here(api: httpx.Client) -> None:
    for said, expected in (("VERDICT_ASSAYED", "estimate"), ("VERDICT_WITHHELD", "withheld"), ("", None)):
        bot(api, **({"verdict": said} if said else {}))
        info = ask(api).json()["aiInfo"]
        assert (info and info["verdict"]) == expected
        assert info is None or (info["evidence"] == [] and "nothing was checked here" in info["missing"][-1])
    made = api.post("/ai/plugins/bot/generate", json={"prompt": WORDS})
    assert made.status_code == 200 and made.json()["verdict"] == "estimate" and made.json()["missing"]


def test_the_host_s_call_goes_to_the_store_of_that_name_and_fails_with_200(api: httpx.Client) -> None:
    bot(api)
    body = api.post("/ai/generate", json={"plugin_name": "bot", "prompt": WORDS, "model": "m", "extra": 1}).json()
    assert body["success"] is True and body["content"] == "SELECT\n1" and json.loads(body["meta"])["model"] == "m"
    bot(api, fails="the model said nothing")
    answer = api.post("/ai/generate", json={"plugin_name": "bot", "prompt": WORDS})
    assert answer.status_code == 200 and answer.json()["success"] is False
    assert "the model said nothing" in answer.json()["error"]
    assert json.loads(answer.json()["meta"])["details"]["error_code"] == "GENERATION_FAILED"


def test_what_a_plugin_can_do_is_read_in_the_older_way_too(api: httpx.Client) -> None:
    bot(api)
    able = api.get("/ai/capabilities/bot").json()
    assert able["models"] == ["a", "b"] and able["features"] == ["chat"] and able["version"] == "1.0.0"
    assert able["success"] is True
    assert api.get("/ai/capabilities/other").status_code == 404


@pytest.mark.parametrize("store", ["", "ai", "assay", "atest-store-ai"])
def test_without_a_store_this_program_answers_with_evidence(api: httpx.Client, store: str) -> None:
    words = "how many users are there?"
    answer = api.post("/data/query", json={"type": "AI", "natural_language": words, "explain_query": True},
                      headers={"X-Store-Name": store})  # fmt: skip
    assert answer.status_code == 200, answer.text
    info = answer.json()["aiInfo"]
    assert info["verdict"] == "assayed" and info["evidence"] and "users" in info["generatedSql"]
    assert info["explanation"] and info["confidenceScore"] > 0.7 and info["modelUsed"] == "embedded"
    said = {one["key"]: one["value"] for one in answer.json()["data"]}
    assert said["success"] == "true" and said["generated_sql"].startswith("sql:SELECT") and said["api_version"] == "v1"
    older = {"type": "ai", "key": "generate", "sql": json.dumps({"prompt": words, "config": '{"dialect": "sqlite"}'})}
    assert api.post("/data/query", json=older).json()["aiInfo"]["generatedSql"] == info["generatedSql"]
    able = api.post("/data/query", json={"type": "ai", "key": "capabilities"}).json()["data"]
    assert "embedded" in next(one["value"] for one in able if one["key"] == "models")


def test_broken_questions_name_the_field(api: httpx.Client) -> None:
    bot(api)
    for asked, field in (
        ({"natural_language": " "}, "natural_language"),
        ({"natural_language": "", "key": "generate", "sql": "{"}, "sql"),
        ({"natural_language": "", "key": "generate", "sql": '{"prompt": "x", "config": "["}'}, "config"),
        (
            {"natural_language": "", "key": "generate", "sql": '{"prompt": "x", "config": {"max_tokens": "many"}}'},
            "config",
        ),
    ):
        answer = ask(api, **asked)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == field, answer.text
