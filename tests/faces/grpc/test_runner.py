"""The AI methods of server.Runner on a real port, over a real database."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from grpc import StatusCode

from assay.wire import server_pb2 as wire
from assay_lab.shop import Shop
from faces.grpc.client import Client
from faces.living import Served

SURE = "how many users are there?"
UNSURE = "which users live in Atlantis?"


def asked(words: str = SURE, store: str = "shop", **options: Any) -> wire.GenerateSQLRequest:
    return wire.GenerateSQLRequest(
        natural_language=words, database_target=wire.DatabaseTarget(store=store),
        options=wire.GenerationOptions(**options),
    )  # fmt: skip


def test_a_question_becomes_sql_that_was_checked(client: Client, shop: Shop) -> None:
    answer = client.ask("Runner.GenerateSQL", asked())
    assert answer.success and answer.model_used == "embedded" and answer.error_message == ""
    with psycopg.connect(shop.dsn) as connection:
        rows = connection.execute(answer.generated_sql).fetchall()
        assert rows == connection.execute("SELECT count(*) FROM users").fetchall()
    info = answer.ai_info
    assert info.verdict == wire.VERDICT_ASSAYED and info.evidence[0].startswith("E-") and info.dialect == "postgresql"
    assert info.generated_sql == answer.generated_sql and info.request_id.startswith("a_")
    assert "users" in answer.explanation == info.explanation and list(answer.suggestions) == list(info.suggestions)
    assert {one.level for one in info.findings} == {wire.FINDING_LEVEL_INFO} and not info.missing
    assert answer.confidence_score > 0.7 and not answer.HasField("result")


def test_options_are_honoured(client: Client, shop: Shop) -> None:
    quiet = client.ask("Runner.GenerateSQL", asked(explain=False, alternatives=0, read_only=True, dry_run=True))
    assert quiet.explanation == quiet.ai_info.explanation == "" and not quiet.suggestions and quiet.generated_sql
    assert client.ask("Runner.GenerateSQL", asked(alternatives=2)).suggestions
    answer = client.ask(
        "Runner.GenerateSQL", asked("list all users", "open", execute=True, max_rows=3, confidence_threshold=0)
    )
    labels = {one.key: one.value for one in answer.result.meta.labels}
    columns = json.loads(labels["_columns"])
    assert (
        len(answer.result.items) == 3 and labels["_more"] == "true" and len(columns) == len(labels["_types"].split(","))
    )
    with psycopg.connect(shop.dsn) as connection:
        cursor = connection.execute(answer.generated_sql)
        for row, found in zip(answer.result.items, cursor, strict=False):
            known = [name for name, value in zip(columns, found, strict=True) if value is not None]
            assert [pair.key for pair in row.data] == known


def test_below_the_threshold_the_status_says_so_and_the_details_say_why(client: Client) -> None:
    refusal = client.refusal("Runner.GenerateSQL", asked(UNSURE, confidence_threshold=0.7))
    assert (refusal.code, refusal.reason) == (StatusCode.FAILED_PRECONDITION, "CONFIDENCE_TOO_LOW")
    assert refusal.details["threshold"] == "0.7" and refusal.details["sql"].startswith("SELECT")
    assert json.loads(refusal.details["suggestions"]) and "SELECT" not in refusal.message
    assert json.loads(refusal.details["not_understood"]) == ["Atlantis"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"provider": "openai"}, "provider"), ({"max_tokens": 0}, "max_tokens"), ({"temperature": 2.1}, "temperature"),
        ({"read_only": False}, "read_only"), ({"dry_run": True, "execute": True}, "execute"),
        ({"max_rows": -1}, "max_rows"),
        ({"confidence_threshold": 1.5}, "confidence_threshold"),
        ({"confidence_threshold": float("nan")}, "confidence_threshold"),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_that_cannot_be_honoured_is_refused_by_name(
    client: Client, options: dict[str, Any], field: str
) -> None:
    refusal = client.refusal("Runner.GenerateSQL", asked(**options))
    assert (refusal.code, refusal.reason) == (StatusCode.INVALID_ARGUMENT, "INVALID")
    assert refusal.details["field"] == f"options.{field}"


@pytest.mark.parametrize("field", ["database", "schema"])
def test_a_part_of_the_target_that_cannot_be_honoured_is_refused_by_name(client: Client, field: str) -> None:
    target = wire.DatabaseTarget(store="shop", **{field: "public"})
    refusal = client.refusal(
        "Runner.GenerateSQL", wire.GenerateSQLRequest(natural_language=SURE, database_target=target)
    )
    assert (refusal.reason, refusal.details["field"]) == ("INVALID", f"database_target.{field}")


@pytest.mark.parametrize(
    ("target", "code", "reason"),
    [
        ({"store": "none"}, StatusCode.NOT_FOUND, "NOT_FOUND"),
        ({"store": "shop", "dialect": "oracle"}, StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_DATABASE"),
    ],
)
def test_another_database_than_there_is_has_its_status(
    client: Client, target: dict[str, str], code: StatusCode, reason: str
) -> None:
    request = wire.GenerateSQLRequest(natural_language=SURE, database_target=wire.DatabaseTarget(**target))
    refusal = client.refusal("Runner.GenerateSQL", request)
    assert (refusal.code, refusal.reason) == (code, reason)


def test_the_context_names_the_database_and_what_is_not_read_of_it_is_told(client: Client) -> None:
    context = {"database_key": "shop", "database_type": "postgres", "mood": "hurried"}
    answer = client.ask("Runner.GenerateSQL", wire.GenerateSQLRequest(natural_language=SURE, context=context))
    assert "context.mood was not read" in answer.ai_info.warnings and "users" in answer.generated_sql
    assert not any("database" in warning for warning in answer.ai_info.warnings)


def test_sql_is_checked_before_it_runs(client: Client) -> None:
    good = client.ask(
        "Runner.ValidateSQL",
        wire.ValidateSQLRequest(sql="select count(*) from users", database_key="shop", database_type="postgresql"),
    )
    assert good.is_valid and good.verdict == wire.VERDICT_ASSAYED and good.evidence and good.metadata["cost"]
    assert good.optimized_sql.startswith("SELECT") and not good.errors
    bad = client.ask("Runner.ValidateSQL", wire.ValidateSQLRequest(sql="DELETE FROM users", database_key="shop"))
    assert not bad.is_valid and bad.verdict == wire.VERDICT_WITHHELD and not bad.optimized_sql
    wrong = [one for one in bad.findings if one.level == wire.FINDING_LEVEL_ERROR]
    assert [one.message for one in wrong] == list(bad.errors) and all(one.code for one in wrong)


def test_status_and_capabilities_are_those_of_the_other_faces(client: Client, serving: Served) -> None:
    with serving.client() as http:
        able, now = http.get("/api/v1/ai/capabilities").json(), http.get("/api/v1/ai/status").json()
    status = client.ask("Runner.GetAIStatus", wire.Empty())
    assert status.available is now["available"] is True and status.current_model == now["currentModel"]
    assert list(status.supported_databases) == now["supportedDatabases"] and status.last_health_check > 1_700_000_000
    said = client.ask("Runner.GetAICapabilities", wire.AICapabilitiesRequest())
    assert said.success and list(said.models) == able["models"] and list(said.features) == able["features"]
    more = said.capabilities
    assert more.available and more.limits["requests_per_minute"] == able["limits"]["requestsPerMinute"]
    assert more.default_model == now["currentModel"] and dict(more.health) == {"engine": "ok"}


def test_capabilities_of_a_plugin_are_the_plugin_s(client: Client) -> None:
    said = client.ask("Runner.GetAICapabilities", wire.AICapabilitiesRequest(plugin_name="helper"))
    assert said.success and list(said.models) == ["m"]
    refusal = client.refusal("Runner.GetAICapabilities", wire.AICapabilitiesRequest(plugin_name="nobody"))
    assert refusal.code is StatusCode.NOT_FOUND and refusal.details["field"] == "plugin_name"


def test_a_prompt_is_answered_as_atest_s_host_does(client: Client) -> None:
    config = json.dumps({"database_key": "shop", "database_type": "postgresql"})
    said = client.ask("Runner.CallAI", wire.AIRequest(plugin_name="ai", prompt=SURE, config=config))
    assert (
        said.success and said.error == "" and said.content.startswith("sql:SELECT") and "\nexplanation:" in said.content
    )
    assert json.loads(said.meta)["evidence"]
    told = client.ask("Runner.CallAI", wire.AIRequest(plugin_name="helper", prompt="Größe?"))
    assert told.success and json.loads(told.meta)["told"]["prompt"] == "Größe?"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"prompt": SURE}, "INVALID"),
        ({"plugin_name": "nobody", "prompt": SURE}, "NOT_FOUND"),
        ({"plugin_name": "lost", "prompt": SURE}, "NOT_FOUND"),
        ({"plugin_name": "ai", "prompt": UNSURE, "config": '{"database_key": "shop", "confidence_threshold": 0.9}'},
         "CONFIDENCE_TOO_LOW"),
    ],
    ids=str,
)  # fmt: skip
def test_a_prompt_that_fails_has_the_status_ok_and_says_why(
    client: Client, request_: dict[str, str], code: str
) -> None:
    said = client.ask("Runner.CallAI", wire.AIRequest(**request_))
    assert not said.success and said.error and said.content == "" and json.loads(said.meta)["error_code"] == code
