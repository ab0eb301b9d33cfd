"""Questions in words, asked over the socket of the plugin: of a database, of a schema, of nothing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest

from assay.adapters.loaders.loader import GrpcLoaders
from assay.ports.deadline import Deadline
from assay.ports.errors import Limited
from assay.ports.loader import DataQuery, Store
from assay.ports.secret import Secret
from assay.wire import server_pb2
from faces.loader.conftest import SHOP
from faces.loader.running import Host, Plugin, refusal

BERLIN = "List the emails of users in Berlin"
Hosts = Callable[..., Host]


def meta(said: dict[str, str]) -> dict[str, Any]:
    return json.loads(said["meta"])


def test_a_question_to_a_store_with_a_database_is_answered_with_checked_sql(shop: Host, shop_file: Path) -> None:
    said = shop.query("generate", {"prompt": BERLIN})
    assert said["success"] == "true" and "error" not in said and said["api_version"] == "v1"
    assert said["generated_sql"] == f"sql:{said['content']}\nexplanation:{said['explanation']}"
    assert "Berlin" in said["explanation"]
    told = meta(said)
    assert told["verdict"] == "assayed" and told["evidence"] and told["dialect"] == "sqlite" and not told["missing"]
    assert 0.7 <= told["confidence"] <= 1 and told["model"] == "embedded"
    with sqlite3.connect(shop_file) as connection:
        assert connection.execute(said["content"]).fetchall() == [("ada@example.org",)]


def test_our_own_fields_get_plain_sql_and_how_it_came_about(shop: Host) -> None:
    reply = shop.ours(type="AI", natural_language=BERLIN, database_type="sqlite3", explain_query=True)
    said = {pair.key: pair.value for pair in reply.data}
    info = reply.ai_info
    assert said["generated_sql"] == said["content"] == info.generated_sql and "\n" not in said["generated_sql"]
    assert info.verdict == server_pb2.VERDICT_ASSAYED and info.evidence and info.ai_processed
    assert info.confidence_score > 0.7 and info.model_used == info.provider == "embedded" and info.request_id
    assert "Berlin" in info.explanation and info.dialect == "sqlite" and info.processing_time_ms >= 0
    assert shop.ours(natural_language=BERLIN).ai_info.explanation == "", "nobody asked for an explanation"


def test_a_key_that_is_no_key_is_itself_the_question(shop: Host) -> None:
    said = shop.query(BERLIN, "SELECT 1")
    assert said["success"] == "true" and "Berlin" in said["content"]
    assert meta(said)["warnings"][-1] == "sql changes nothing here."


def test_the_older_protocols_options_take_effect_or_are_named(shop: Host) -> None:
    config = json.dumps({"include_explanation": False, "top_p": 0.9, "database_type": "sqlite", "timeout": 60})
    said = shop.query("generate", {"prompt": BERLIN, "config": config})
    assert said["explanation"] == "" and said["generated_sql"].endswith("\nexplanation:")
    assert "config.top_p changes nothing here." in meta(said)["warnings"]
    plain = shop.query("generate", {"prompt": BERLIN, "include_explanation": False, "stream": True})
    assert plain["explanation"] == "" and "stream changes nothing here." in meta(plain)["warnings"]
    assert meta(shop.query("generate", {"prompt": BERLIN, "config": {"confidence_threshold": 1.0}}))["error_code"] == (
        "CONFIDENCE_TOO_LOW"
    )


def test_a_question_whose_answer_is_not_sure_enough_shows_none(host: Hosts, shop_file: Path) -> None:
    unsure = host(pro__database_url=f"sqlite://{shop_file}", pro__confidence_threshold="0.999")
    said = unsure.query("generate", {"prompt": BERLIN})
    assert said["success"] == "false" and said["error_code"] == "CONFIDENCE_TOO_LOW" and "chance" in said["error"]
    assert "content" not in said and "generated_sql" not in said
    info = unsure.ours(natural_language=BERLIN).ai_info
    assert info.verdict == server_pb2.VERDICT_WITHHELD and not info.generated_sql and info.suggestions


def test_a_store_may_say_where_its_database_is_in_atests_own_words(host: Hosts, shop_file: Path) -> None:
    said = host(pro__driver="sqlite", pro__database=str(shop_file)).query("generate", {"prompt": BERLIN})
    assert meta(said)["verdict"] == "assayed"


def test_a_postgresql_is_asked_with_the_stores_account_and_nothing_else(host: Hosts, database: str) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SHOP)
        connection.execute("CREATE ROLE plugin_asks LOGIN PASSWORD 'p@ss/wörd'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plugin_asks")
        connection.execute("ANALYZE")
    place = {"url": f"{parts['host']}:{parts['port']}", "pro__driver": "postgres", "pro__database": parts["dbname"]}
    # What gRPC cannot carry as text, a host of ours sends as bytes.
    store = host(username="plugin_asks", **place)
    store.metadata.append(("password-bin", "p@ss/wörd".encode()))
    said = store.query("generate", {"prompt": BERLIN})
    assert meta(said)["verdict"] == "assayed" and meta(said)["dialect"] == "postgresql"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP OWNED BY plugin_asks; DROP ROLE plugin_asks")


TABLES = "CREATE TABLE users (id integer PRIMARY KEY, email text, city text)"


def test_without_a_database_a_schema_that_is_sent_along_gives_an_estimate(host: Hosts) -> None:
    context = {"schema": TABLES, "confidence_threshold": "0", "mood": "fine"}
    info = host().ours(natural_language="How many users are there?", database_type="mysql", ai_context=context).ai_info
    assert info.verdict == server_pb2.VERDICT_ESTIMATE and "users" in info.generated_sql
    assert info.missing[0].startswith("a plan:") and info.confidence_score <= 0.7 and info.dialect == "mysql"
    assert "ai_context.mood changes nothing here." in info.warnings


def test_a_schema_goes_through_the_older_protocol_too(host: Hosts) -> None:
    asked = {"prompt": "How many users are there?", "schema": {"users": ["id", "email"]}, "dialect": "sqlite"}
    said = host(pro__confidence_threshold="0").query("generate", asked)
    assert meta(said)["verdict"] == "estimate" and "users" in said["content"]


def test_without_a_database_and_without_a_schema_nothing_is_made_up(host: Hosts) -> None:
    said = host().query("generate", {"prompt": BERLIN})
    assert said["success"] == "false" and said["error"].startswith("no schema") and "content" not in said
    assert said["error_code"] == "GENERATION_FAILED" and "database_url" in meta(said)["suggestions"][0]


def test_two_stores_do_not_see_each_others_data(host: Hosts, shop_file: Path, library_file: Path) -> None:
    first, second = host(pro__dsn=f"sqlite://{shop_file}"), host(pro__dsn=f"sqlite://{library_file}")
    for _ in range(2):  # the second time from what is kept
        assert "users" in first.query("generate", {"prompt": "How many users are there?"})["content"]
        books = second.query("generate", {"prompt": "How many books are there?", "config": {"confidence_threshold": 0}})
        assert "books" in books["content"]
    strange = second.query("generate", {"prompt": BERLIN, "config": {"confidence_threshold": 0.0001}})
    assert "users" not in json.dumps(strange)
    nothing = host(name="another").query("generate", {"prompt": BERLIN})
    assert nothing["error"].startswith("no schema"), "a store without a database was given another's"


def test_a_store_whose_database_is_not_there_is_told_so_without_its_secrets(host: Hosts, tmp_path: Path) -> None:
    lost = host(pro__dsn=f"sqlite://{tmp_path}/lost.db")
    code, words, ours = refusal(lambda: lost.query("generate", {"prompt": BERLIN}))
    assert code is grpc.StatusCode.UNAVAILABLE and "lost.db does not exist" in words and ours == "UNAVAILABLE"
    spilt = host(pro__dsn="postgresql://asks:hunter2@127.0.0.1:1/shop")
    code, words, _ = refusal(lambda: spilt.query("generate", {"prompt": BERLIN}))
    assert code is grpc.StatusCode.UNAVAILABLE and "hunter2" not in words


@pytest.mark.parametrize(
    ("store", "key", "body", "status", "code"),
    [
        ({}, "generate", {"prompt": " "}, "INVALID_ARGUMENT", "INVALID"),
        ({}, "generate", "no json", "INVALID_ARGUMENT", "INVALID"),
        ({}, "generate", {"prompt": "x", "config": "[1]"}, "INVALID_ARGUMENT", "INVALID"),
        ({}, "generate", {"prompt": "x", "config": {"timeout": "soon"}}, "INVALID_ARGUMENT", "INVALID"),
        ({}, "generate", {"prompt": "x", "config": {"max_tokens": 3}}, "INVALID_ARGUMENT", "INVALID"),
        ({"pro__temperature": "hot"}, "generate", {"prompt": "x"}, "INVALID_ARGUMENT", "INVALID"),
        ({"pro__rate_limit": "6"}, "generate", {"prompt": "x"}, "INVALID_ARGUMENT", "INVALID"),
        ({}, "generate", {"prompt": "x", "config": {"execute": True}}, "PERMISSION_DENIED", "SQL_EXECUTION_DISABLED"),
        (
            {"pro__enable_sql_execution": "true"},
            "generate",
            {"prompt": "x", "execute": "true"},
            "INVALID_ARGUMENT",
            "INVALID",
        ),
        ({}, "generate", {"prompt": "x", "model": "gpt-9"}, "NOT_FOUND", "MODEL_NOT_AVAILABLE"),
        ({}, "generate", {"prompt": "x", "schema": "CREATE TABLE a (b int)"}, "INVALID_ARGUMENT", "INVALID"),
        ({"pro__driver": "oracle"}, "generate", {"prompt": "x"}, "INVALID_ARGUMENT", "UNSUPPORTED_DATABASE"),
        ({"pro__driver": "mysql"}, "generate", {"prompt": "x"}, "INVALID_ARGUMENT", "INVALID"),
        ({"pro__dsn": "mssql://x"}, "generate", {"prompt": "x"}, "INVALID_ARGUMENT", "INVALID"),
        ({}, "update_config", {"provider": "openai"}, "FAILED_PRECONDITION", "INVALID_CONFIGURATION"),
        ({}, "test_connection", {"api_key": "sk-x"}, "FAILED_PRECONDITION", "INVALID_CONFIGURATION"),
        ({}, "test_connection", {"provider": "openai"}, "NOT_FOUND", "MODEL_NOT_AVAILABLE"),
        ({}, "health_check", {"provider": "openai"}, "NOT_FOUND", "MODEL_NOT_AVAILABLE"),
    ],
)
def test_what_is_no_answer_is_a_status_with_our_code(
    host: Hosts, store: dict[str, str], key: str, body: Any, status: str, code: str
) -> None:
    got, words, ours = refusal(lambda: host(**store).query(key, body))
    assert (got.name, ours) == (status, code) and words and "sk-x" not in words


def test_another_type_and_a_dialect_that_the_store_does_not_speak_are_refused(shop: Host) -> None:
    assert refusal(lambda: shop.call("Query", type="sql", key="generate"))[0].name == "INVALID_ARGUMENT"
    for dialect in ("oracle", "postgresql"):
        asked = {"prompt": BERLIN, "database_type": dialect}
        code, words, ours = refusal(lambda asked=asked: shop.query("generate", asked))
        assert (code.name, ours) == ("INVALID_ARGUMENT", "UNSUPPORTED_DATABASE") and dialect in words


def test_a_model_that_the_store_names_and_nobody_set_up_is_a_wish(host: Hosts, shop_file: Path) -> None:
    wishes = host(pro__dsn=f"sqlite://{shop_file}", pro__provider="openai", pro__model="gpt-9")
    said = wishes.query("generate", {"prompt": BERLIN})
    assert said["success"] == "true" and "openai:gpt-9 is not set up" in meta(said)["warnings"][-1]


def test_the_way_of_our_own_host_is_understood_with_every_letter(plugin: Plugin, tmp_path: Path) -> None:
    file = tmp_path / "käse.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(SHOP)
    properties = {"DSN": Secret(f"sqlite://{file}"), "a b": "x"}
    store = Store("käse", "atest-store-ai", description="中文", properties=properties)

    async def scene() -> None:
        loader = GrpcLoaders().open(f"unix://{plugin.socket}", store)
        try:
            assert (await loader.verify(Deadline.after(5))).ready
            asked = DataQuery("ai", natural_language=BERLIN, explain_query=True)
            while True:
                try:
                    told = await loader.query(asked, Deadline.after(60))
                    break
                except Limited as limit:  # the tests before have asked so much
                    await asyncio.sleep(limit.retry_after)
            assert told.ai_info is not None and told.ai_info.verdict == "assayed"
            able = await loader.ai_capabilities(Deadline.after(5))
            assert able is not None and able.available and able.default_model == "embedded" and able.health
        finally:
            await loader.close()

    asyncio.run(scene())
