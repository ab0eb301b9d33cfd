"""The plugin with a language model beside its engine: what it is asked, what becomes of it, what a store may change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from assay.wire import server_pb2
from doubles.model_server import Handler, Script, Server
from faces.loader.running import Host, Plugin, refusal

WORDS = "How many shops are in each city?"
GUESSED = "SELECT city, COUNT(*) AS shops FROM shops GROUP BY city"


def proposing(*texts: str) -> Script:
    return Script([json.dumps({"sql": text}) for text in texts])


@pytest.fixture(scope="module")
def model() -> Iterator[Server]:
    """A model's server; a test says what it answers, and reads what it was asked."""
    with Server(proposing(GUESSED)) as server:
        yield server


@pytest.fixture(scope="module")
def modelled(model: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The plugin, where that model is set up."""
    folder = tmp_path_factory.mktemp("modelled")
    flags = ("--socket", str(folder / "s.sock"), "--no-also-default-socket")
    with Plugin(folder, *flags, AI_PROVIDER="custom:double", AI_ENDPOINT=f"{model.url}/v1",
                ASSAY_CALLS_PER_MINUTE="100000") as it:  # fmt: skip
        yield it


@pytest.fixture
def host(modelled: Plugin, model: Server) -> Callable[..., Host]:
    """A host of that plugin, for a store; the model proposes GUESSED, and has been asked nothing."""
    model.act = proposing(GUESSED)
    model.seen.clear()
    return lambda **store: Host(modelled.channel(), **store)


def test_without_a_database_and_a_schema_the_model_s_guess_is_an_estimate(host: Callable[..., Host]) -> None:
    info = host().ours(natural_language=WORDS, database_type="mysql", explain_query=True).ai_info
    assert info.verdict == server_pb2.VERDICT_ESTIMATE and info.generated_sql == f"{GUESSED} LIMIT 1000"
    assert info.confidence_score == 0.5 and info.warnings[0].startswith("no schema") and info.dialect == "mysql"
    assert info.missing[0].startswith("a schema:") and info.model_used == "custom:double" and info.evidence


def test_the_older_protocol_gets_the_same_estimate(host: Callable[..., Host]) -> None:
    said = host(pro__supported_databases="sqlite, mysql").query("generate", {"prompt": WORDS})
    told: Any = json.loads(said["meta"])
    assert said["success"] == "true" and said["content"].startswith(GUESSED) and "error" not in said
    assert (told["verdict"], told["confidence"], told["dialect"]) == ("estimate", 0.5, "sqlite")
    assert told["warnings"][0].startswith("no schema") and told["missing"]
    unsaid = json.loads(host().query(WORDS)["meta"])
    assert unsaid["dialect"] == "postgresql" and "for postgresql" in unsaid["warnings"][1]


def test_a_store_for_databases_that_nobody_speaks_here_gets_no_guess(host: Callable[..., Host]) -> None:
    asked = host(pro__supported_databases="oracle")
    assert refusal(lambda: asked.query("generate", {"prompt": WORDS}))[2] == "UNSUPPORTED_DATABASE"


def test_a_threshold_of_the_store_refuses_a_guess(host: Callable[..., Host]) -> None:
    said = host(pro__confidence_threshold="0.7").query("generate", {"prompt": WORDS})
    assert said["error_code"] == "CONFIDENCE_TOO_LOW" and "content" not in said


def test_a_model_that_knows_nothing_leaves_no_answer(host: Callable[..., Host], model: Server) -> None:
    model.act = proposing("")
    said = host().query("generate", {"prompt": WORDS})
    assert said["error"].startswith("no schema") and "proposed no statement" in said["error"]
    assert said["error_code"] == "GENERATION_FAILED" and "database_url" in json.loads(said["meta"])["suggestions"][0]


def test_a_store_is_for_its_databases_with_or_without_one(host: Callable[..., Host], shop_file: Path) -> None:
    for store in ({}, {"pro__dsn": f"sqlite://{shop_file}"}):
        only = host(pro__supported_databases="mysql,sqlite", **store)
        said = only.query("generate", {"prompt": "How many users are there?", "database_type": "sqlite"})
        assert said["success"] == "true"
        with pytest.raises(Exception, match="postgresql is not answered for this store"):
            only.query("generate", {"prompt": WORDS, "database_type": "postgresql"})


# What a store may say: each value is changed, and makes a difference.


COUNT = "How many users are there?"


@pytest.fixture
def at_shop(host: Callable[..., Host], model: Server, shop_file: Path) -> Callable[..., Host]:
    """A host for a store that names the shop; the model answers COUNT."""
    model.act = proposing("SELECT COUNT(*) FROM users")
    return lambda **store: host(pro__dsn=f"sqlite://{shop_file}", **store)


def asked_of(model: Server, name: str) -> list[Any]:
    """What the model was asked since the last time, in order of size."""
    found = sorted(one.body[name] for one in model.seen if one.body)
    model.seen.clear()
    return found


def test_max_tokens_of_the_store_and_of_the_question_bound_an_answer(
    at_shop: Callable[..., Host], model: Server
) -> None:
    at_shop().query("generate", {"prompt": COUNT})
    assert set(asked_of(model, "max_tokens")) == {4_096}
    at_shop(pro__max_tokens="2048").query("generate", {"prompt": COUNT})
    assert set(asked_of(model, "max_tokens")) == {2_048}
    at_shop(pro__max_tokens="2048").query("generate", {"prompt": COUNT, "config": '{"max_tokens": 512}'})
    assert set(asked_of(model, "max_tokens")) == {512}
    at_shop(pro__max_tokens="2048").ours(natural_language=COUNT, ai_context={"max_tokens": "3000"})
    assert set(asked_of(model, "max_tokens")) == {2_048}, "a question may ask for less only"
    at_shop(pro__max_tokens="999999").query("generate", {"prompt": COUNT})
    assert set(asked_of(model, "max_tokens")) == {4_096}, "never more than the model is set to"


def test_the_temperature_of_the_question_wins_over_the_store_s(at_shop: Callable[..., Host], model: Server) -> None:
    at_shop().query("generate", {"prompt": COUNT})
    assert asked_of(model, "temperature") == [0.1, 0.7, 0.7]
    at_shop(pro__temperature="0.9").query("generate", {"prompt": COUNT})
    assert asked_of(model, "temperature") == [0.9, 0.9, 0.9]
    at_shop(pro__temperature="0.9").query("generate", {"prompt": COUNT, "config": {"temperature": 0}})
    assert asked_of(model, "temperature") == [0, 0.7, 0.7]
    at_shop().ours(natural_language=COUNT, ai_context={"temperature": "1.5"})
    assert asked_of(model, "temperature") == [1.5, 1.5, 1.5]


def test_a_guess_without_a_schema_is_asked_for_in_the_same_way(host: Callable[..., Host], model: Server) -> None:
    host(pro__max_tokens="100", pro__temperature="2").query("generate", {"prompt": WORDS})
    assert {(one.body["max_tokens"], one.body["temperature"]) for one in model.seen} == {(100, 2)}


def test_the_timeout_of_the_store_is_how_long_a_model_is_waited_for(
    at_shop: Callable[..., Host], model: Server
) -> None:
    answers = proposing("SELECT COUNT(*) FROM users")

    def slowly(handler: Handler, body: dict[str, Any]) -> None:
        handler.server.stopped.wait(0.5)
        answers(handler, body)

    model.act = slowly
    patient = json.loads(at_shop(pro__timeout="60s").query("generate", {"prompt": COUNT})["meta"])
    assert patient["model"] == "custom:double"
    hurried = json.loads(at_shop(pro__timeout="5s").query("generate", {"prompt": COUNT})["meta"])
    assert hurried["model"] == "embedded" and any("No language model took part" in one for one in hurried["warnings"])


def test_rows_are_sent_where_the_store_enables_sql_execution(at_shop: Callable[..., Host], model: Server) -> None:
    model.act = proposing("SELECT email FROM users ORDER BY id")
    emails = "List the emails of users"
    code, words, ours = refusal(lambda: at_shop().ours(natural_language=emails, ai_context={"execute": "true"}))
    assert (code.name, ours) == ("PERMISSION_DENIED", "SQL_EXECUTION_DISABLED") and "execute" in words
    enabled = at_shop(pro__enable_sql_execution="true")
    assert not enabled.ours(natural_language=emails).items, "nobody asked for rows"
    reply = enabled.ours(natural_language=emails, ai_context={"execute": "true"}, limit=1)
    assert [[pair.value for pair in row.data] for row in reply.items] == [["ada@example.org"]]
    labels = {one.key: one.value for one in reply.meta.labels}
    assert labels["_columns"] == '["email"]' and labels["_more"] == "true"
    assert labels["_native_sql"] == reply.ai_info.generated_sql
    older = enabled.call("Query", key="generate", sql=json.dumps({"prompt": emails, "config": {"execute": True}}))
    assert len(older.items) == 2, "atest reads rows in its own fields"
    refused = at_shop(pro__enable_sql_execution="off")
    assert (
        refusal(lambda: refused.query("generate", {"prompt": emails, "execute": True}))[2] == "SQL_EXECUTION_DISABLED"
    )


def test_the_rate_limit_of_a_store_is_its_own(at_shop: Callable[..., Host]) -> None:
    def asked(store: Host) -> str:
        """What keeps a question from being asked, in words; the plugin's own limit comes after the store's."""
        try:
            store.once("Query", key=COUNT)
        except grpc.RpcError as error:
            told: Any = error
            assert told.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and dict(told.trailing_metadata())["retry-after"]
            return told.details()
        return ""

    for name, limit in (
        ("dotted", {"pro__rate_limit.requests_per_minute": "1", "pro__rate_limit.burst_size": "2"}),
        ("json", {"pro__rate_limit": '{"requests_per_minute": 1, "burst_size": 2}'}),
    ):
        store = at_shop(name=name, **limit)
        first, second, third = (asked(store) for _ in range(3))
        assert "store" not in first + second and "The store takes 1 questions a minute, 2 at once" in third
        assert store.query("models")["success"] == "true", "only questions count"
    assert at_shop(name="another").query("generate", {"prompt": COUNT})["success"] == "true"
