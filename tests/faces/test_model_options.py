"""What a question says about its language model reaches the model from every face, and is refused alike."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from assay.ports.secret import Secret
from assay.wire import server_pb2 as wire
from doubles.model_server import Script, Server
from faces.grpc.client import Client
from faces.grpc.conftest import issued
from faces.living import Served
from faces.test_real import RealHome

WORDS = "How many users are there?"


@pytest.fixture(scope="module")
def model() -> Iterator[Server]:
    with Server(Script([json.dumps({"sql": "SELECT COUNT(*) FROM users"})])) as server:
        yield server


@pytest.fixture(scope="module")
def served(model: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("options")
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
        shop.execute("INSERT INTO users VALUES (1, 'Ada')")
    shop.close()
    home = RealHome(folder / "home", ai_provider="custom:double,deepseek:double", ai_endpoint=f"{model.url}/v1",
                    deepseek_base_url=f"{model.url}/v1", deepseek_api_key="sk-test", ai_samples=1)  # fmt: skip
    with Served(home) as it:
        asked = {"name": "shop", "dsn": f"sqlite://{folder}/shop.db"}
        it.ask(it.house.call("sources.connect", asked, credential=it.home.admin))
        yield it


def heard(model: Server) -> list[tuple[Any, Any]]:
    """max_tokens and temperature of what the model was asked since the last time."""
    found = [(one.body["max_tokens"], one.body["temperature"]) for one in model.seen if one.body]
    model.seen.clear()
    return found


def over_rest(served: Served, **options: Any) -> tuple[str, Any]:
    """Ask over HTTP; the model that answered, or the code and the field of the error."""
    with served.client(Secret(issued(served))) as client:
        answer = client.post("/api/v1/ai/sql:generate", json={"natural_language": WORDS, "options": options}).json()
    error = answer.get("error")
    return (error["code"], error["details"]["field"]) if error else (answer["model"], answer["proposedBy"])


def over_grpc(served: Served, **options: Any) -> Any:
    with Client(served.grpc, issued(served)) as client:
        request = wire.GenerateSQLRequest(natural_language=WORDS, options=wire.GenerationOptions(**options))
        return client.ask("Runner.GenerateSQL", request)


def test_over_http_they_are_heard_in_either_spelling(served: Served, model: Server) -> None:
    model.seen.clear()
    over_rest(served)
    assert heard(model) == [(4_096, 0.1)]
    over_rest(served, maxTokens=512, temperature=1.25)
    assert heard(model) == [(512, 1.25)]
    over_rest(served, max_tokens=100_000)
    assert heard(model) == [(4_096, 0.1)], "never more than the settings"


def test_over_grpc_they_are_heard_in_its_own_fields(served: Served, model: Server) -> None:
    model.seen.clear()
    assert over_grpc(served, max_tokens=512, temperature=0.3).success
    assert heard(model) == [(512, 0.3)]
    answer = over_grpc(served, provider="deepseek", temperature=0)
    assert answer.model_used == "deepseek:double" and answer.ai_info.provider == "deepseek"
    assert heard(model) == [(4_096, 0.0)]


def test_the_host_s_config_is_heard_where_this_program_answers_itself(served: Served, model: Server) -> None:
    model.seen.clear()
    with served.client() as client:
        config = json.dumps({"max_tokens": 512, "temperature": 0.3})
        asked = {"plugin_name": "ai", "prompt": WORDS, "config": config}
        assert client.post("/api/v1/ai/generate", json=asked).json()["success"] is True
        assert heard(model) == [(512, 0.3)]
        draft = {"natural_language": WORDS, "schema_text": "CREATE TABLE users (id integer)", "dialect": "sqlite",
                 "options": {"max_tokens": 64, "temperature": 2, "confidence_threshold": 0}}  # fmt: skip
        assert client.post("/api/v1/ai/sql:draft", json=draft).json()["verdict"] == "estimate"
        assert heard(model) == [(64, 2)]


@pytest.mark.parametrize(
    ("options", "model_of_answer"),
    [({"provider": "deepseek"}, "deepseek:double"), ({"provider": "custom", "model": "double"}, "custom:double"),
     ({"model": "deepseek:double", "provider": "deepseek"}, "deepseek:double"),
     ({"provider": "embedded"}, "embedded"), ({"model": "embedded"}, "embedded")],
)  # fmt: skip
def test_a_provider_says_whose_model_may_propose(served: Served, options: Any, model_of_answer: str) -> None:
    assert over_rest(served, **options)[0] == model_of_answer


@pytest.mark.parametrize(
    ("options", "field"),
    [({"provider": "openai"}, "provider"), ({"provider": "custom", "model": "deepseek:double"}, "model"),
     ({"model": "double"}, "model"), ({"max_tokens": 15}, "max_tokens"), ({"temperature": 2.1}, "temperature"),
     ({"temperature": -0.1}, "temperature")],
)  # fmt: skip
def test_what_no_model_can_do_is_refused_by_name(served: Served, model: Server, options: Any, field: str) -> None:
    model.seen.clear()
    assert over_rest(served, **options) == ("INVALID", f"options.{field}") and heard(model) == []
