"""What the way to plugins promises, with real plugins in processes of their own, and with what is no plugin at all."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import uvloop

from assay.adapters.loaders.loader import GrpcLoaders
from assay.ports.deadline import Deadline
from assay.ports.errors import (
    AssayError,
    Cancelled,
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Refused,
    TimedOut,
    TooLarge,
    Unavailable,
)
from assay.ports.loader import (
    DataMeta,
    DataQuery,
    DataResult,
    Finding,
    Loader,
    Menu,
    Pair,
    PluginVersion,
    Readiness,
    Store,
)
from assay.ports.secret import Secret
from doubles.model_server import Server
from trial.house import until

TESTS = Path(__file__).parents[1]
EVER = Deadline.after(None)
OLD = ("--without", "GetAICapabilities")
SHOP = Store(
    name="shop", kind="atest-store-orm", kind_url="unix:///x", owner="ada", description="plain", url="localhost:5432",
    username="ada", password=Secret("s3cret"), readonly=True,
    properties={"driver": "postgres", "API_Key": Secret("k3y")},
)  # fmt: skip


@contextmanager
def plugin(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "doubles.plugin", *arguments]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as it:
        try:
            assert it.stdout is not None and it.stdout.readline() == "listening\n"
            yield it
        finally:
            it.kill()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a plugin listens that has everything."""
    path = tmp_path_factory.mktemp("plugin") / "a b%41.sock"
    with plugin("--socket", str(path).replace("%", "%25")):
        assert path.is_socket()
        yield f"unix://{path}"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a plugin listens that has only what every plugin has."""
    path = tmp_path_factory.mktemp("old") / "old.sock"
    lacks = ("GetVersion", "GetMenus", "GetPageOfJS", "GetPageOfCSS")
    with plugin("--socket", str(path), *OLD, *(word for name in lacks for word in ("--without", name))):
        yield f"unix://{path}"


def on(address: str, scene: Callable[[Loader], Awaitable[None]], store: Store = SHOP) -> None:
    async def whole() -> None:
        loader = GrpcLoaders().open(address, store)
        try:
            await scene(loader)
        finally:
            await loader.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())


async def failure(awaited: Awaitable[object]) -> AssayError:
    with pytest.raises(AssayError) as caught:
        await awaited
    assert "s3cret" not in caught.value.message + repr(caught.value.details)
    assert "shop" in caught.value.message
    return caught.value


async def echoed(loader: Loader, **asked: Any) -> dict[str, str]:
    return (await loader.query(DataQuery(key="echo", **asked), EVER)).said


def test_a_plugin_says_whether_it_is_ready_and_what_it_is(address: str) -> None:
    async def scene(loader: Loader) -> None:
        assert await loader.verify(EVER) == Readiness(True, True, "v1.2", "fine")
        assert await loader.version(EVER) == PluginVersion("v1.2", "abc", "today")
        assert await loader.menus(EVER) == (Menu("AI", "ai-chat", "Chat", 2),)
        assert await loader.page_js("ai-chat", EVER) == "let a"
        assert await loader.page_css("ai-chat", EVER) == "a {}"
        assert await loader.page_js("other", EVER) is None

    on(address, scene)


def test_what_a_plugin_lacks_is_absent_and_no_error(old: str) -> None:
    async def scene(loader: Loader) -> None:
        assert await loader.version(EVER) is None and await loader.menus(EVER) == ()
        assert await loader.page_js("ai-chat", EVER) is None and await loader.page_css("ai-chat", EVER) is None

    on(old, scene)


def test_every_call_brings_the_store_under_the_names_that_plugins_know(address: str) -> None:
    async def scene(loader: Loader) -> None:
        said = await echoed(loader)
        expected = {
            "name": "shop", "owner": "ada", "kind": "atest-store-orm", "kind.url": "unix:///x", "description": "plain",
            "url": "localhost:5432", "username": "ada", "password": "s3cret", "readonly": "true", "disabled": "false",
            "pro.driver": "postgres", "pro.api_key": "k3y",
        }  # fmt: skip
        assert said.pop(":authority") == "localhost" and said.pop("user-agent") and said.pop("asked.key")
        assert said == expected

    on(address, scene)


def test_text_that_grpc_refuses_is_escaped_and_beside_that_sent_exactly(address: str) -> None:
    store = Store(
        name="läden", kind="k", description="订单 100%\nzwei", password=Secret("pä ss"), username=" ada ",
        properties={"API_Key": "low", "a b": "lost", "ключ": "lost", "raw-bin": "ü", "x%y": "lost", "Ok.-_9": "yes"},
    )  # fmt: skip

    async def scene(loader: Loader) -> None:
        said = await echoed(loader)
        assert said["name"] == "l%C3%A4den" and bytes.fromhex(said["name-bin"]).decode() == "läden"
        assert said["description"] == "%E8%AE%A2%E5%8D%95 100%%0Azwei"
        assert bytes.fromhex(said["description-bin"]).decode() == "订单 100%\nzwei"
        assert bytes.fromhex(said["password-bin"]).decode() == "pä ss"
        assert bytes.fromhex(said["username-bin"]).decode() == " ada "
        assert said["pro.api_key"] == "low" and said["pro.ok.-_9"] == "yes"
        assert bytes.fromhex(said["pro.raw-bin"]).decode() == "ü"
        assert "lost" not in said.values() and loader.unsent == ("a b", "ключ", "x%y")

    on(address, scene, store)


def test_two_stores_of_one_plugin_do_not_see_each_others_secrets(address: str) -> None:
    async def scene(loader: Loader) -> None:
        other = GrpcLoaders().open(address, Store("other", "k", password=Secret("0ther"), properties={"x": "1"}))
        both = await asyncio.gather(*(echoed(one) for one in (loader, other) * 10))
        await other.close()
        for said in both:
            mine, theirs = ("s3cret", "0ther") if said["name"] == "shop" else ("0ther", "s3cret")
            assert said["password"] == mine and theirs not in said.values()
            assert ("pro.api_key" in said) == (mine == "s3cret")

    on(address, scene)


def test_a_question_in_words_arrives_with_all_its_fields(address: str) -> None:
    async def scene(loader: Loader) -> None:
        said = await echoed(
            loader, type="ai", sql="{}", offset=5, limit=2**62, natural_language="späte Bestellungen",
            database_type="mysql", explain_query=True, ai_context={"schema": "orders"},
        )  # fmt: skip
        assert {key.removeprefix("asked."): value for key, value in said.items() if key.startswith("asked.")} == {
            "type": '"ai"', "key": '"echo"', "sql": '"{}"', "offset": "5", "limit": str(2**62),
            "natural_language": '"sp\\u00e4te Bestellungen"', "database_type": '"mysql"', "explain_query": "true",
            "ai_context": '{"schema": "orders"}',
        }  # fmt: skip

    on(address, scene)


@pytest.mark.parametrize("wrong", [{"limit": 2**63}, {"offset": -(2**63) - 1}, {"sql": "\ud800"}])
def test_what_no_message_can_hold_is_refused_before_it_is_sent(address: str, wrong: dict[str, Any]) -> None:
    async def scene(loader: Loader) -> None:
        with pytest.raises(Invalid) as caught:
            await loader.query(DataQuery(key="echo", **wrong), EVER)
        assert caught.value.details["field"] == "query"
        with pytest.raises(Invalid):
            await loader.page_js("\ud800", EVER)

    on(address, scene)


def test_rows_have_the_last_value_of_a_name_and_the_columns_order(address: str) -> None:
    async def scene(loader: Loader) -> None:
        answer = await loader.query(DataQuery(key="rows"), EVER)
        assert answer.columns == ("name", "id", "note")
        assert [[(one.key, one.value) for one in row] for row in answer.rows] == [
            [("name", "Äda"), ("id", "1")],
            [("name", "Bob"), ("id", "2"), ("note", "")],
        ]
        assert answer.items[0] == (Pair("id", "1"), Pair("name", "Äda")) and len(answer.items[1]) == 5
        assert (answer.meta.databases, answer.meta.tables) == (("shop",), ("staff",))
        assert (answer.meta.current_database, answer.meta.duration) == ("shop", "1.2ms")
        assert answer.ai_info is None

    on(address, scene)


@pytest.mark.parametrize("label", ["", "[", '{"a": 1}', "7", "[" * 100_000, '["b", 7]'])
def test_a_label_of_columns_that_is_none_is_passed_over(label: str) -> None:
    row = (Pair("a", "1"), Pair("b", "2"))
    answer = DataResult(items=(row,), meta=DataMeta(labels=(Pair("_columns", label),)))
    assert set(answer.columns) == {"a", "b"} and sorted(answer.rows[0]) == sorted(row)


def test_how_an_answer_came_about_is_read(address: str) -> None:
    async def scene(loader: Loader) -> None:
        info = (await loader.query(DataQuery(key="info"), EVER)).ai_info
        assert info is not None and info.ai_processed and info.generated_sql == "SELECT 1"
        assert (info.verdict, info.missing, info.tokens) == ("estimate", ("rows",), 0)
        assert info.findings == (Finding("error", "", "", 3, 0, ""),)

    on(address, scene)


def test_capabilities_are_asked_in_the_new_way_then_in_the_old(address: str, old: str) -> None:
    async def new(loader: Loader) -> None:
        said = await loader.ai_capabilities(EVER)
        assert said is not None and said.available and said.supported_models == ("m",)
        assert said.limits == {"max_rows": 9} and said.health == {"m": "ok"}

    async def older(loader: Loader) -> None:
        said = await loader.ai_capabilities(EVER)
        assert said is not None and said.available and said.plugin_version == "1.0.0"
        assert said.supported_models == ("a", "b") and said.features == ("chat",)
        assert said.supported_databases == ("mysql",)

    on(address, new)
    on(old, older)


def test_a_reply_of_20_mb_is_read_and_one_over_the_limit_is_not(address: str) -> None:
    async def scene(loader: Loader) -> None:
        answer = await loader.query(DataQuery(key="large", limit=20_000), EVER)
        assert len(answer.items) == 20_000 and answer.rows[-1] == (Pair("text", "x" * 1_024),)
        error = await failure(loader.query(DataQuery(key="large", limit=70_000), EVER))
        assert isinstance(error, TooLarge)
        assert await loader.verify(EVER)  # the connection is none the worse for it

    on(address, scene)


@pytest.mark.parametrize("rows", [1, 10_000])
def test_a_reply_is_the_same_whether_it_is_read_at_once_or_in_a_thread(address: str, rows: int) -> None:
    async def scene(loader: Loader) -> None:
        answer = await loader.query(DataQuery(key="many", limit=rows), EVER)
        row = tuple(Pair(f"column{n}", f"value {n}") for n in range(10))
        assert answer == DataResult(items=(row,) * rows)

    on(address, scene)


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_reply_that_is_no_message_is_an_error(address: str, size: int) -> None:
    async def scene(loader: Loader) -> None:
        error = await failure(loader.query(DataQuery(key="broken", limit=size), EVER))
        assert isinstance(error, Unavailable) and error.details["grpc"] == "INTERNAL"
        assert await loader.verify(EVER)

    on(address, scene)


async def left(loader: Loader) -> int:
    """How many have left the plugin while it hung."""
    return int((await loader.query(DataQuery(key="count_left"), EVER)).said["left"])


async def one_more_left(loader: Loader, before: int) -> None:
    async def true() -> bool:
        return await left(loader) == before + 1

    await until(true)


def test_a_plugin_that_hangs_is_left_at_the_deadline_and_hears_of_it(address: str) -> None:
    async def scene(loader: Loader) -> None:
        before = await left(loader)
        error = await failure(loader.query(DataQuery(key="hang"), Deadline.after(0.2)))
        assert isinstance(error, TimedOut) and error.details["grpc"] == "DEADLINE_EXCEEDED"
        await one_more_left(loader, before)
        assert isinstance(await failure(loader.verify(Deadline.after(0))), TimedOut)

    on(address, scene)


def test_a_question_that_is_cancelled_is_cancelled_in_the_plugin(address: str) -> None:
    async def scene(loader: Loader) -> None:
        before = await left(loader)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await loader.query(DataQuery(key="hang"), EVER)
        await one_more_left(loader, before)

    on(address, scene)


def test_closing_ends_what_is_under_way_and_what_comes_after_is_refused(address: str) -> None:
    async def scene(loader: Loader) -> None:
        hanging = asyncio.create_task(loader.query(DataQuery(key="hang"), EVER))
        await loader.verify(EVER)
        await loader.close()
        assert isinstance(await failure(hanging), Cancelled)
        error = await failure(loader.verify(EVER))
        assert isinstance(error, Unavailable) and "closed" in error.message

    on(address, scene)


STATUSES = {
    "INVALID_ARGUMENT": Invalid, "OUT_OF_RANGE": Invalid, "NOT_FOUND": NotFound, "ALREADY_EXISTS": Conflict,
    "ABORTED": Conflict, "UNAUTHENTICATED": Forbidden, "PERMISSION_DENIED": Forbidden, "CANCELLED": Cancelled,
    "DEADLINE_EXCEEDED": TimedOut, "UNKNOWN": Refused, "FAILED_PRECONDITION": Unavailable, "INTERNAL": Unavailable,
    "DATA_LOSS": Unavailable, "UNAVAILABLE": Unavailable, "RESOURCE_EXHAUSTED": Limited, "UNIMPLEMENTED": Unavailable,
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_becomes_our_error_without_the_stores_secrets(address: str, status: str) -> None:
    async def scene(loader: Loader) -> None:
        said = "no: dsn ada:s3cret@db?key=k3y é"
        error = await failure(loader.query(DataQuery(key="fail", database_type=status, sql=said), EVER))
        assert type(error) is STATUSES[status] and error.details["grpc"] == status
        assert "k3y" not in error.message
        if isinstance(error, Limited):
            assert error.retry_after == 7.5
        if status not in ("DEADLINE_EXCEEDED", "UNIMPLEMENTED"):
            assert error.message.endswith(": no: dsn ada:***@db?key=*** é")

    on(address, scene)


def test_a_plugin_killed_while_it_is_asked_is_an_error_and_found_again_once_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "p.sock"

    async def scene(loader: Loader) -> None:
        with plugin("--socket", str(path)) as it:
            hanging = asyncio.create_task(loader.query(DataQuery(key="hang"), EVER))
            await loader.verify(EVER)
            it.kill()
            error = await failure(hanging)
            assert isinstance(error, Unavailable) and "broke" in error.message and error.details["cure"]
            error = await failure(loader.verify(EVER))
            assert isinstance(error, Unavailable) and str(path) in error.message
        path.unlink()
        with plugin("--socket", str(path)):
            await until(lambda: ready(loader))

    on(f"unix://{path}", scene)


async def ready(loader: Loader) -> bool:
    try:
        return (await loader.verify(EVER)).ready
    except Unavailable:
        return False


@contextmanager
def listening(path: Path, say: bytes | None) -> Iterator[None]:
    """A socket on which whoever connects is told these bytes, and nothing more; None: not even that."""
    held = []
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(path))
        it.listen(8)

        def serve() -> None:
            try:
                while True:
                    held.append(it.accept()[0])
                    if say:
                        held[-1].sendall(say)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        it.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for one in held:
            one.close()


@pytest.mark.parametrize(
    "say",
    [b"220 mail ready\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", Random(7).randbytes(4_096), None],
    ids=["mail", "web", "garbage", "silence"],
)
def test_what_listens_and_is_no_plugin_is_an_error_that_names_the_socket(tmp_path: Path, say: bytes | None) -> None:
    path = tmp_path / "p.sock"

    async def scene(loader: Loader) -> None:
        error = await failure(loader.verify(EVER))
        assert isinstance(error, Unavailable)
        assert f"what listens at unix://{path} does not speak gRPC" in error.message

    with listening(path, say):
        on(f"unix://{path}", scene)


def test_a_web_server_is_no_plugin() -> None:
    async def scene(loader: Loader) -> None:
        error = await failure(loader.verify(EVER))
        assert isinstance(error, Unavailable) and "does not speak gRPC" in error.message

    with Server(lambda handler, body: handler.give("{}")) as server:
        on(server.url.removeprefix("http://"), scene)


def test_a_grpc_server_without_the_calls_that_every_plugin_has_is_no_plugin(tmp_path: Path) -> None:
    async def scene(loader: Loader) -> None:
        for asked in (loader.verify(EVER), loader.query(DataQuery(), EVER)):
            error = await failure(asked)
            assert isinstance(error, Unavailable) and "is no plugin" in error.message

    with plugin("--socket", str(tmp_path / "p.sock"), "--without", "Verify", "--without", "Query"):
        on(f"unix://{tmp_path / 'p.sock'}", scene)


@pytest.mark.parametrize("there", [False, True], ids=["nothing", "a file"])
def test_where_nothing_listens_the_error_says_so(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "p.sock"
    if there:
        path.touch()

    async def scene(loader: Loader) -> None:
        error = await failure(loader.verify(EVER))
        why = "Connection refused" if there else "No such file or directory"
        assert isinstance(error, Unavailable) and error.message.endswith(f"no connection to unix://{path}: {why}")

    on(f"unix://{path}", scene)


def test_a_plugin_may_listen_on_a_port_of_this_machine_and_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("http_proxy", "grpc_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def scene(loader: Loader) -> None:
        assert (await loader.verify(EVER)).ready

    with plugin("--port", str(port)):
        on(f"127.0.0.1:{port}", scene)


@pytest.mark.parametrize(
    "address",
    ["", "unix:", "unix://a.sock", "unix:///a\0b", f"unix:///{'x' * 107}", "/a.sock", "dns:a", "127.0.0.1",
     "127.0.0.1:0", "127.0.0.1:65536", "0.0.0.0:80", "example.com:80", "127.0.0.1:80/x", "[::1]:80", "127.0.0.1:80\n"],
)  # fmt: skip
def test_an_address_that_is_not_of_this_machine_is_refused(address: str) -> None:
    with pytest.raises(Invalid) as caught:
        GrpcLoaders().open(address, SHOP)
    assert caught.value.details["field"] == "address" and caught.value.details["cure"]
