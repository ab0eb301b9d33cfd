"""What a host of atest asks a plugin besides questions, with the messages that atest has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from assay.wire import server_pb2
from faces.loader.running import ATEST, OURS, SERVICE, Host, Plugin, refusal

Hosts = Callable[..., Host]
KEYS = ("generate", "capabilities", "providers", "models", "models_catalog", "test_connection", "health_check")
EMPTY = ("ListTestSuite", "GetThemes", "GetBindings")
SERVED = {"Verify", "GetVersion", "Query", "GetAICapabilities", "GetMenus", "GetPageOfJS", "GetPageOfCSS", *EMPTY}


def test_it_is_ready_and_says_what_it_is(host: Hosts) -> None:
    status = host().call("Verify")
    assert (status.ready, status.readOnly, status.version) == (True, True, version("assay"))
    assert host().call("GetVersion").version == version("assay")


@pytest.mark.parametrize("method", EMPTY)
def test_what_it_has_none_of_is_an_empty_list(host: Hosts, method: str) -> None:
    assert not host().call(method).data


@pytest.mark.parametrize("method", sorted({one.name for one in SERVICE.methods} - SERVED))
def test_what_is_not_its_own_is_unimplemented(host: Hosts, method: str) -> None:
    assert refusal(lambda: host().call(method))[0] is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("key", KEYS)
def test_a_reply_is_understood_by_a_host_that_does_not_know_our_fields(shop: Host, key: str) -> None:
    reply = shop.call("Query", type="ai", key=key, sql='{"prompt": "List the emails of users in Berlin"}')
    said = {pair.key: pair.value for pair in reply.data}
    assert said["success"] == "true" and said["api_version"] == "v1" and "error" not in said
    assert not any("\0" in value for value in said.values())
    ours = server_pb2.DataQueryResult.FromString(reply.SerializeToString())
    assert ours.HasField("ai_info") is (key == "generate"), "what it does not know it hands on"
    assert type(reply) is ATEST["server.DataQueryResult"]


def test_its_capabilities_are_names_between_commas_and_json(host: Hosts) -> None:
    said = host().query("capabilities", {"check_health": True})
    whole = json.loads(said["capabilities"])
    assert said["models"].split(",") == whole["models"] == ["embedded"]
    assert said["features"].split(",") == whole["features"]
    assert [one["name"] for one in whole["databases"]] == ["postgresql", "mysql", "sqlite"]
    assert whole["health"] == {"embedded": "ok"} and whole["limits"]["requestsPerMinute"] == 60
    bare = host().query("capabilities", {"include_models": False, "include_features": False})
    assert "models" not in bare and "features" not in bare


def test_its_models_are_told_by_provider(host: Hosts) -> None:
    assert json.loads(host().query("providers")["providers"])[0]["name"] == "embedded"
    assert host().query("models")["count"] == "1"
    assert host().query("models", {"provider": "openai"})["count"] == "0"
    assert json.loads(host().query("models_catalog")["catalog"]) == {"embedded": ["embedded"]}
    assert json.loads(host().query("test_connection")["result"])["success"] is True
    assert host().query("health_check")["healthy"] == "true"


def test_the_new_call_says_the_same_in_one_message(host: Hosts) -> None:
    able = host().call("GetAICapabilities", messages=OURS)
    assert able.available and list(able.supported_models) == ["embedded"] and able.plugin_version == version("assay")
    assert able.limits["requests_per_minute"] == 60 and able.health["embedded"] == "ok"


def test_more_questions_than_the_limit_are_told_when_to_come_back(plugin: Plugin, host: Hosts) -> None:
    host().call("Verify")
    ask = plugin.channel().unary_unary(
        "/remote.Loader/Query", request_serializer=server_pb2.DataQuery.SerializeToString,
        response_deserializer=server_pb2.DataQueryResult.FromString,
    )  # fmt: skip
    context = {"schema": '{"users": ["id"]}'}
    asked = server_pb2.DataQuery(natural_language="How many users?", database_type="sqlite", ai_context=context)
    calls = [ask.future(asked, timeout=60) for _ in range(20)]
    ended: list[Any] = [call.exception() for call in calls]
    limited = [one for one in ended if one is not None]
    assert 0 < len(limited) < 20 and {one.code() for one in limited} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert all(float(dict(one.trailing_metadata())["retry-after"]) > 0 for one in limited)
    time.sleep(max(float(dict(one.trailing_metadata())["retry-after"]) for one in limited))


def test_reflection_and_health_are_there(plugin: Plugin, host: Hosts) -> None:
    host().call("Verify")
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="remote.Loader"),
    ]
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(plugin.channel())
    listed, file = list(stub.ServerReflectionInfo(iter(asked)))
    names = {one.name for one in listed.list_services_response.service}
    assert {"remote.Loader", "grpc.health.v1.Health"} <= names
    files = [FileDescriptorProto.FromString(one) for one in file.file_descriptor_response.file_descriptor_proto]
    assert "Loader" in {one.name for each in files for one in each.service}
    health: Any = health_pb2_grpc.HealthStub(plugin.channel())
    for service in ("", "remote.Loader"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == 1


def test_it_brings_one_page_that_knows_its_store(host: Hosts) -> None:
    menu = host().call("GetMenus").data[0]
    assert (menu.name, menu.index, menu.version) == ("AI Assistant", "ai-chat", 1) and menu.icon
    script = host(name='a "store"').call("GetPageOfJS", name="ai-chat")
    assert script.success and 'const STORE = "a \\"store\\"";' in script.message
    assert ".assay-ai" in host().call("GetPageOfCSS", name="ai-chat").message
    for method in ("GetPageOfJS", "GetPageOfCSS"):
        assert not host().call(method, name="other").success


def test_metadata_that_no_store_should_have_harms_nothing(plugin: Plugin, host: Hosts) -> None:
    odd = host(description="%E4%B8%AD", pro__dsn="", pro__confidence_threshold="")
    odd.metadata += [("description-bin", "中文".encode()), ("name-bin", b"\xff\xfe"), ("pro.timeout", "")]
    assert odd.call("Verify").ready
    assert odd.query("generate", {"prompt": "How many users?"})["error"].startswith("no schema")
