"""What every gRPC call has: a caller, a deadline, limits, a trace, a status with details; and what is not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from assay.faces.grpc.serve import ANSWERS, listening
from assay.ports.errors import Unavailable
from assay.wire import server_pb2 as wire
from faces.grpc.client import Client
from faces.grpc.conftest import issued, until
from faces.living import Served, make_home

METHODS = {
    f"{service.name}.{method.name}": method
    for service in wire.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
SHELF = ("x-store-name", "shelf")


def empty(name: str) -> Any:
    return GetMessageClass(METHODS[name].input_type)()


@pytest.mark.parametrize("name", ANSWERS)
def test_without_a_token_nothing_is_answered(serving: Served, name: str) -> None:
    for token in (None, "assay_token_unknown"):
        with Client(serving.grpc, token) as client:
            refusal = client.refusal(name, empty(name))
            assert (refusal.code, refusal.reason) == (StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


@pytest.mark.parametrize("said", ["authorization: bearer {}", "auth: {}", "auth: Bearer {}"])
def test_a_token_may_stand_where_atest_puts_it(serving: Served, said: str) -> None:
    key, _, value = said.format(issued(serving)).partition(": ")
    with Client(serving.grpc) as client:
        assert client.ask("Runner.GetAIStatus", wire.Empty(), (key, value)).available


def test_what_a_caller_may_not_is_refused_before_the_question_is_read(serving: Served) -> None:
    with Client(serving.grpc, issued(serving, "viewer")) as client:
        assert client.ask("Runner.GetAIStatus", wire.Empty()).available
        wrong = wire.GenerateSQLRequest(options=wire.GenerationOptions(read_only=False))
        refusal = client.refusal("Runner.GenerateSQL", wrong)
        assert refusal.code is StatusCode.PERMISSION_DENIED and refusal.details["needs"] == "ask:generate"


def test_over_the_limit_the_status_says_when_to_come_again(client: Client) -> None:
    target = wire.DatabaseTarget(dialect="db2", store="shop")
    asked = wire.GenerateSQLRequest(natural_language="how many?", database_target=target)
    for _ in range(20):
        refusal = client.refusal("Runner.GenerateSQL", asked)
        if refusal.code is StatusCode.RESOURCE_EXHAUSTED:
            break
    assert (refusal.code, refusal.reason) == (StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert refusal.details["per_minute"] == "60" and float(refusal.trailing["retry-after"]) > 0
    assert refusal.retry.retry_delay.ToMilliseconds() == pytest.approx(float(refusal.trailing["retry-after"]) * 1e3, 1)


def left(client: Client) -> int:
    return int(client.ask("DataServer.Query", wire.DataQuery(key="count_left"), SHELF).data[0].value)


def test_the_deadline_of_a_call_is_that_of_what_it_asks(client: Client) -> None:
    before = left(client)
    refusal = client.refusal("DataServer.Query", wire.DataQuery(key="hang"), SHELF, within_s=1)
    assert refusal.code is StatusCode.DEADLINE_EXCEEDED
    until(lambda: left(client) > before)


def test_who_leaves_stops_what_was_asked(client: Client) -> None:
    before = left(client)

    def leave() -> bool:
        call = client.begin("DataServer.Query", wire.DataQuery(key="hang"), SHELF)
        with pytest.raises(grpc.FutureTimeoutError):
            call.result(timeout=0.2)
        call.cancel()
        return left(client) > before

    until(leave)


def test_the_trace_of_the_caller_is_continued(client: Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    refusal = client.refusal(
        "Runner.GenerateSQL", empty("Runner.GenerateSQL"), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01")
    )
    assert refusal.details["trace_id"] == trace


def test_a_message_over_the_limit_is_refused_and_the_server_lives(client: Client, serving: Served) -> None:
    large = wire.ValidateSQLRequest(sql="x" * (serving.home.settings.grpc_message_bytes + 1), database_key="shop")
    assert client.refusal("Runner.ValidateSQL", large).code is StatusCode.RESOURCE_EXHAUSTED
    long = wire.ValidateSQLRequest(sql="x" * 1_000_000, database_key="shop")
    assert client.refusal("Runner.ValidateSQL", long).details["field"] == "sql"
    assert client.ask("Runner.GetAIStatus", wire.Empty()).available


def test_other_letters_reach_us_and_come_back(client: Client) -> None:
    store = "Größe 数据 🪀"
    asked = wire.GenerateSQLRequest(natural_language="x", database_target=wire.DatabaseTarget(store=store))
    refusal = client.refusal("Runner.GenerateSQL", asked)
    assert refusal.code is StatusCode.NOT_FOUND and store in refusal.message


def test_a_field_that_we_do_not_know_is_passed_over(client: Client) -> None:
    known = wire.ValidateSQLRequest(sql="SELECT 1", database_key="shop").SerializeToString()
    assert client.ask("Runner.ValidateSQL", known + b"\x9a\x06\x05later").is_valid


def test_what_is_not_ours_is_unimplemented(client: Client) -> None:
    for name, method in METHODS.items():
        if name not in ANSWERS and not method.client_streaming and not method.server_streaming:
            assert client.refusal(name, empty(name)).code is StatusCode.UNIMPLEMENTED, name


def check(address: str | None, service: str) -> int:
    assert address is not None
    with grpc.insecure_channel(address) as channel:
        ask = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        return ask(health_pb2.HealthCheckRequest(service=service), timeout=20).status


def reflected(address: str | None) -> set[str]:
    assert address is not None
    with grpc.insecure_channel(address) as channel:
        ask = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        answer = next(ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=20))
        return {one.name for one in answer.list_services_response.service}


def test_anybody_may_ask_for_health_and_nobody_for_descriptors_unless_a_setting_says_so(
    serving: Served, tmp_path: Path
) -> None:
    for service in ("", "server.Runner", "server.DataServer", "server.UIExtension"):
        assert check(serving.grpc, service) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        reflected(serving.grpc)
    assert caught.value.code() is StatusCode.UNIMPLEMENTED
    with Served(make_home(tmp_path, grpc_port=0, grpc_reflection=True)) as telling:
        assert "grpc.health.v1.Health" in reflected(telling.grpc)


def test_a_port_that_is_taken_is_an_error_that_names_it(serving: Served) -> None:
    async def again() -> None:
        async with listening(serving.house, serving.grpc):
            pass

    with pytest.raises(Unavailable, match=str(serving.grpc)):
        serving.ask(again())


def test_a_socket_of_a_file_is_a_place_to_listen_at_too(serving: Served, tmp_path: Path) -> None:
    there = listening(serving.house, f"unix:{tmp_path}/a.sock")
    address = serving.ask(there.__aenter__())
    try:
        with Client(address, issued(serving)) as client:
            assert client.ask("Runner.GetAIStatus", wire.Empty()).available
    finally:
        serving.ask(there.__aexit__(None, None, None))


def test_no_port_is_open_unless_a_setting_says_so(tmp_path: Path) -> None:
    with Served(make_home(tmp_path)) as it:
        assert it.grpc is None
