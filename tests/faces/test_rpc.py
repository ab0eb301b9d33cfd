"""Services served from their descriptors: every shape of a call, errors in one shape, health, reflection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode, aio
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from assay.adapters.loaders.method import method
from assay.faces.rpc import Context, Services, make_server
from assay.kernel.errors import AssayError, Forbidden, Internal, Invalid, Limited, NotFound, TimedOut, Unavailable
from assay.wire import loader_pb2, server_pb2

LOADER = loader_pb2.DESCRIPTOR.services_by_name["Loader"]
RUNNER = server_pb2.DESCRIPTOR.services_by_name["Runner"]
MOCK = server_pb2.DESCRIPTOR.services_by_name["Mock"]


async def version(asked: Any, context: Context) -> server_pb2.Version:
    return server_pb2.Version(version="7")


async def echo_results(asked: AsyncIterator[Any], context: Context) -> AsyncIterator[server_pb2.TestResult]:
    async for one in asked:
        yield server_pb2.TestResult(message=one.name)


async def three(asked: Any, context: Context) -> AsyncIterator[server_pb2.CommonResult]:
    for number in range(3):
        yield server_pb2.CommonResult(message=str(number))
    raise NotFound("There is no fourth.")


def over(folder: Path, services: Services, scene: Callable[[aio.Channel], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        server = make_server(services, **more)
        server.add_insecure_port(f"unix://{folder}/s.sock")
        await server.start()
        try:
            async with aio.insecure_channel(f"unix://{folder}/s.sock") as channel:
                await scene(channel)
        finally:
            await server.stop(None)

    asyncio.run(whole())


async def refusal(awaited: Awaitable[object]) -> aio.AioRpcError:
    with pytest.raises(aio.AioRpcError) as caught:
        await awaited
    return caught.value


def test_a_method_answers_in_the_shape_that_its_descriptor_says(tmp_path: Path) -> None:
    async def scene(channel: aio.Channel) -> None:
        assert (await method(channel, LOADER, "GetVersion")(server_pb2.Empty())).version == "7"
        names = [server_pb2.TestSuiteIdentity(name=name) for name in ("a", "b")]
        assert [one.message async for one in method(channel, RUNNER, "RunTestSuite")(iter(names))] == ["a", "b"]
        seen: list[str] = []

        async def watch() -> None:
            async for one in method(channel, MOCK, "LogWatch")(server_pb2.Empty()):
                seen.append(one.message)

        error = await refusal(watch())
        assert seen == ["0", "1", "2"] and error.details() == "There is no fourth."

    services = {LOADER: {"GetVersion": version}, RUNNER: {"RunTestSuite": echo_results}, MOCK: {"LogWatch": three}}
    over(tmp_path, services, scene)


def test_what_has_no_handler_is_unimplemented(tmp_path: Path) -> None:
    async def scene(channel: aio.Channel) -> None:
        for service, name in ((LOADER, "PProf"), (RUNNER, "GetVersion")):
            kind = server_pb2.PProfRequest if name == "PProf" else server_pb2.Empty
            error = await refusal(method(channel, service, name)(kind()))
            assert error.code() is StatusCode.UNIMPLEMENTED

    over(tmp_path, {LOADER: {"GetVersion": version}}, scene)


def test_a_handler_for_a_method_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        over(tmp_path, {LOADER: {"GetVersions": version}}, lambda channel: asyncio.sleep(0))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("The name is empty.", field="name"), StatusCode.INVALID_ARGUMENT),
        (Forbidden("No."), StatusCode.PERMISSION_DENIED),
        (NotFound("None."), StatusCode.NOT_FOUND),
        (Limited("Later.", retry_after=2.5), StatusCode.RESOURCE_EXHAUSTED),
        (Unavailable("Gone."), StatusCode.UNAVAILABLE),
        (TimedOut("Slow."), StatusCode.DEADLINE_EXCEEDED),
        (Internal("Ours."), StatusCode.INTERNAL),
    ],
)
def test_an_error_of_ours_is_a_status_and_its_sentence(tmp_path: Path, error: AssayError, status: StatusCode) -> None:
    async def raises(asked: Any, context: Context) -> server_pb2.Version:
        raise error

    async def scene(channel: aio.Channel) -> None:
        got = await refusal(method(channel, LOADER, "GetVersion")(server_pb2.Empty()))
        assert got.code() is status and got.details() == error.message
        assert dict(got.trailing_metadata()).get("retry-after") == ("2.5" if isinstance(error, Limited) else None)

    over(tmp_path, {LOADER: {"GetVersion": raises}}, scene)


def test_details_that_are_too_long_for_a_header_are_left_out_and_named(tmp_path: Path) -> None:
    async def raises(asked: Any, context: Context) -> server_pb2.Version:
        raise Invalid(
            "数据" * 5_000, sql="x" * 50_000, words="🪀" * 1_000, field="name", known=["a", "ü"], odd="\ud800"
        )

    async def scene(channel: aio.Channel) -> None:
        got = await refusal(method(channel, LOADER, "GetVersion")(server_pb2.Empty()))
        assert got.code() is StatusCode.INVALID_ARGUMENT and (got.details() or "").startswith("数据")
        status = Status.FromString(dict(got.trailing_metadata())["grpc-status-details-bin"])
        info = ErrorInfo()
        assert status.message == got.details() and status.details[0].Unpack(info)
        said = dict(info.metadata)
        assert (info.reason, said.pop("left_out"), len(said.pop("trace_id"))) == ("INVALID", "sql,words", 32)
        assert said == {"field": "name", "known": '["a", "ü"]', "odd": "?"}

    over(tmp_path, {LOADER: {"GetVersion": raises}}, scene)


def test_a_fault_of_ours_says_nothing_of_itself(tmp_path: Path) -> None:
    async def breaks(asked: Any, context: Context) -> server_pb2.Version:
        raise RuntimeError("the password is hunter2")

    async def aborts(asked: Any, context: Context) -> server_pb2.ExtensionStatus:
        await context.abort(StatusCode.OUT_OF_RANGE, "as it said")

    async def scene(channel: aio.Channel) -> None:
        error = await refusal(method(channel, LOADER, "GetVersion")(server_pb2.Empty()))
        assert error.code() is StatusCode.INTERNAL and "hunter2" not in str(error)
        error = await refusal(method(channel, LOADER, "Verify")(server_pb2.Empty()))
        assert (error.code(), error.details()) == (StatusCode.OUT_OF_RANGE, "as it said")

    over(tmp_path, {LOADER: {"GetVersion": breaks, "Verify": aborts}}, scene)


def test_health_says_what_whoever_passed_it_says(tmp_path: Path) -> None:
    states: Any = health_pb2.HealthCheckResponse

    async def scene(channel: aio.Channel) -> None:
        check = method(channel, health_pb2.DESCRIPTOR.services_by_name["Health"], "Check")
        for state in (states.SERVING, states.NOT_SERVING):
            await servicer.set("remote.Loader", state)
            assert (await check(health_pb2.HealthCheckRequest(service="remote.Loader"))).status == state

    servicer = health.aio.HealthServicer()
    over(tmp_path, {LOADER: {"GetVersion": version}}, scene, health=servicer)


def test_reflection_lists_what_is_served_and_gives_its_descriptor(tmp_path: Path) -> None:
    service = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="remote.Loader"),
    ]

    async def scene(channel: aio.Channel) -> None:
        listed, file = [one async for one in method(channel, service, "ServerReflectionInfo")(iter(asked))]
        names = {one.name for one in listed.list_services_response.service}
        assert names == {"remote.Loader", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
        described = [FileDescriptorProto.FromString(one) for one in file.file_descriptor_response.file_descriptor_proto]
        assert "Loader" in {one.name for each in described for one in each.service}

    over(tmp_path, {LOADER: {"GetVersion": version}}, scene, reflect=True, health=health.aio.HealthServicer())
