"""server.DataServer and server.UIExtension, asked with our messages and with those of who knows nothing of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from grpc import StatusCode

from assay.wire import server_pb2 as wire
from faces.grpc.client import Client
from wire.written import old

SHELF, HELPER = ("x-store-name", "shelf"), ("x-store-name", "helper")
SURE = "how many users are there?"


def pairs(said: Any) -> dict[str, str]:
    return {one.key: one.value for one in said.data}


def test_a_statement_reaches_its_store_with_every_field(client: Client) -> None:
    asked = wire.DataQuery(type="sql", key="echo", sql="SELECT 'ä'", offset=3, limit=2**40, natural_language="x",
                           database_type="y", explain_query=True, ai_context={"a": "b"})  # fmt: skip
    said = pairs(client.ask("DataServer.Query", asked, SHELF))
    sent = {name.name: value if name.name != "ai_context" else dict(value) for name, value in asked.ListFields()}
    assert {name: json.loads(said[f"asked.{name}"]) for name in sent} == sent
    assert said["name"] == "shelf" and "authorization" not in said


def test_rows_come_back_as_the_plugin_sent_them(client: Client) -> None:
    said = client.ask("DataServer.Query", wire.DataQuery(key="rows"), SHELF)
    assert [pairs(row) for row in said.items] == [
        {"id": "1", "name": "Äda"},
        {"id": "2", "name": "Bob", "note": ""},
    ]
    assert said.meta.currentDatabase == "shop" and list(said.meta.tables) == ["staff"]
    assert not said.HasField("ai_info")


@pytest.mark.parametrize("type_", ["ai", "AI", " Ai"])
def test_a_question_in_words_is_answered_here_when_no_store_is_named(client: Client, type_: str) -> None:
    asked = wire.DataQuery(type=type_, natural_language=SURE, explain_query=True, ai_context={"database_key": "shop"})
    said = client.ask("DataServer.Query", asked)
    info = said.ai_info
    assert info.ai_processed and info.verdict == wire.VERDICT_ASSAYED and info.evidence and "users" in info.explanation
    assert info.generated_sql in pairs(said)["generated_sql"] and pairs(said)["success"] == "true"


def test_a_question_in_words_reaches_the_ai_plugin_that_is_named(client: Client) -> None:
    asked = wire.DataQuery(type="AI", natural_language="wie groß?", database_type="mysql", explain_query=True,
                           offset=1, limit=2, ai_context={"k": "v"})  # fmt: skip
    said = client.ask("DataServer.Query", asked, HELPER)
    sent = json.loads(pairs(said)["meta"])["typed"]
    assert sent["type"] == "ai" and sent["natural_language"] == "wie groß?" and sent["database_type"] == "mysql"
    assert (sent["offset"], sent["limit"], sent["explain_query"], sent["ai_context"]) == (1, 2, True, {"k": "v"})


def test_another_plugin_s_claim_is_never_called_assayed(client: Client) -> None:
    info = client.ask("DataServer.Query", wire.DataQuery(key="info"), SHELF).ai_info
    assert info.verdict == wire.VERDICT_ESTIMATE and info.missing and not info.evidence


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ("UNKNOWN", "UNKNOWN"), ("FAILED_PRECONDITION", "FAILED_PRECONDITION"),
        ("INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("NOT_FOUND", "NOT_FOUND"), ("ALREADY_EXISTS", "ALREADY_EXISTS"), ("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"),
        ("UNAUTHENTICATED", "PERMISSION_DENIED"), ("UNIMPLEMENTED", "UNAVAILABLE"),
    ],
)  # fmt: skip
def test_the_status_of_a_plugin_is_handed_on_where_it_is_the_caller_s_business(
    client: Client, status: str, seen: str
) -> None:
    asked = wire.DataQuery(key="fail", database_type=status, sql="so it is")
    refusal = client.refusal("DataServer.Query", asked, SHELF)
    assert refusal.code is StatusCode[seen]
    if status == "RESOURCE_EXHAUSTED":
        assert refusal.trailing["retry-after"] == "7.5"


@pytest.mark.parametrize(
    ("asked", "store", "code", "field"),
    [
        ({"sql": "SELECT 1"}, "", StatusCode.INVALID_ARGUMENT, "store"),
        ({"sql": "SELECT 1"}, "nobody", StatusCode.NOT_FOUND, "store"),
        ({"type": "ai", "natural_language": "x"}, "shelf", StatusCode.INVALID_ARGUMENT, "store"),
        ({"sql": "SELECT 1"}, "lost", StatusCode.UNAVAILABLE, None),
        ({"sql": "SELECT 1", "offset": -1}, "shelf", StatusCode.INVALID_ARGUMENT, "offset"),
        ({"type": "ai"}, "", StatusCode.INVALID_ARGUMENT, "natural_language"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_routed_is_refused_by_name(
    client: Client, asked: dict[str, Any], store: str, code: StatusCode, field: str | None
) -> None:
    refusal = client.refusal("DataServer.Query", wire.DataQuery(**asked), ("x-store-name", store))
    assert refusal.code is code and refusal.details.get("field") == field and refusal.message


def test_a_store_s_name_of_other_letters_goes_as_bytes(client: Client) -> None:
    refusal = client.refusal("DataServer.Query", wire.DataQuery(), ("x-store-name-bin", "Größe".encode()))
    assert refusal.code is StatusCode.NOT_FOUND and "Größe" in refusal.message


def test_the_pages_of_plugins_are_served(client: Client) -> None:
    menus = client.ask("UIExtension.GetMenus", wire.Empty())
    assert [(one.name, one.index, one.icon, one.version) for one in menus.data] == [("AI", "ai-chat", "Chat", 2)]
    for kind, code in (("JS", "let a"), ("CSS", "a {}")):
        page = client.ask(f"UIExtension.GetPageOf{kind}", wire.SimpleName(name="ai-chat"))
        assert (page.success, page.message) == (True, code)
        missing = client.ask(f"UIExtension.GetPageOf{kind}", wire.SimpleName(name="other"))
        assert not missing.success and "other" in missing.message


def test_who_knows_atest_s_messages_only_is_answered(client: Client) -> None:
    known: dict[str, Any] = old()

    def ask(method: str, request: str, reply: str, *said: tuple[str, str], **fields: Any) -> Any:
        return client.ask(method, known[request](**fields), *said, reply=known[reply])

    able = ask("Runner.GetAICapabilities", "server.AICapabilitiesRequest", "server.AICapabilitiesResponse")
    assert able.success and "embedded" in able.models and able.version
    config = json.dumps({"database_key": "shop"})
    said = ask("Runner.CallAI", "server.AIRequest", "server.AIResponse", plugin_name="ai", prompt=SURE, config=config)
    assert said.success and said.content.startswith("sql:SELECT")
    prompt = json.dumps({"prompt": SURE, "config": config})
    said = ask("DataServer.Query", "server.DataQuery", "server.DataQueryResult", type="ai", key="generate", sql=prompt)
    assert pairs(said)["content"].startswith("sql:SELECT") and not hasattr(said, "ai_info")
    rows = ask("DataServer.Query", "server.DataQuery", "server.DataQueryResult", SHELF, key="rows")
    assert len(rows.items) == 2
    assert ask("UIExtension.GetMenus", "server.Empty", "server.MenuList").data[0].index == "ai-chat"
