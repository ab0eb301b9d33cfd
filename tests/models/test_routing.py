"""Which model is asked: order, fallback, rest after failures, budget; and that no key is ever said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernel.caller import Caller
from assay.kernel.house import House
from assay.main import open_house
from assay.models.breaker import FAILURES, FIRST_REST_S, LONGEST_REST_S, Breaker
from assay.models.routing import Routing
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, Limited, NotFound, TimedOut, Unavailable
from assay.ports.language_model import Instruction, LanguageModels, Message, Prompt
from assay.runtime.settings import Settings
from doubles.model_server import Handler, Script, Server, said
from trial.house import until

KEY = "sk-the-key-of-nobody-987654"
PROMPT = Prompt(Instruction("Answer."), (Message("user", "how many?"),), max_tokens=100)
ADMIN = Caller("user:ada", "ada", frozenset({"admin"}))


def broken(handler: Handler, body: dict[str, Any]) -> None:
    handler.give("{}", 501)


def hang(handler: Handler, body: dict[str, Any]) -> None:
    handler.wait()


@asynccontextmanager
async def living(folder: Path, **settings: Any) -> AsyncGenerator[tuple[House, LanguageModels]]:
    async with open_house(Settings(home=folder, **settings)) as (house, _):
        yield house, house.desk.ports.get(LanguageModels)


def two(first: Server, second: Server) -> dict[str, Any]:
    """Settings for two models, over both protocols."""
    return {
        "ai_provider": "custom:first,claude:second", "ai_endpoint": f"{first.url}/v1", "ai_api_key": KEY,
        "anthropic_base_url": second.url, "anthropic_api_key": KEY,
    }  # fmt: skip


def messages(handler: Handler, body: dict[str, Any]) -> None:
    usage = {"input_tokens": 20, "output_tokens": 5}
    handler.give(
        json.dumps({"content": [{"type": "text", "text": "seven"}], "stop_reason": "end_turn", "usage": usage})
    )


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scene())


async def ask(models: LanguageModels, within: float = 10, only: str | None = None) -> Any:
    return await models.complete(PROMPT, Deadline.after(within), purpose="test.ask", caller="user:ada", only=only)


async def refused(models: LanguageModels, **more: Any) -> AssayError:
    with pytest.raises(AssayError) as caught:
        await ask(models, **more)
    assert KEY not in f"{caught.value.message} {caught.value.details}"
    return caught.value


def test_the_first_model_answers_and_the_next_one_when_it_cannot(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(Script([said("six")])) as first, Server(messages) as second:
            first.act = lambda handler, _: handler.give(said("six"))
            async with living(tmp_path, **two(first, second)) as (_, models):
                assert list(models.names) == ["custom:first", "claude:second"] and models.on_loopback
                assert (await ask(models)).name == "custom:first"
                first.act = broken
                found = await ask(models)
                assert (found.name, found.reply.text) == ("claude:second", "seven")
                assert (await ask(models, only="claude:second")).name == "claude:second"
                assert isinstance(await refused(models, only="openai:none"), NotFound)

    run(scene)


def test_a_model_that_hangs_leaves_time_for_the_one_behind_it(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(hang) as first, Server(messages) as second:
            async with living(tmp_path, **two(first, second)) as (_, models):
                assert (await ask(models, within=2)).name == "claude:second"
                second.act = hang
                error = await refused(models, within=0.5)
                assert isinstance(error, TimedOut) and set(error.details["tried"]) == {"custom:first", "claude:second"}  # type: ignore[call-overload]

    run(scene)


def test_a_model_that_keeps_failing_is_left_alone_and_said_so(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(broken) as first, Server(broken) as second:
            async with living(tmp_path, **two(first, second)) as (house, models):
                for _ in range(FAILURES + 2):
                    assert isinstance(await refused(models), Unavailable)
                assert len(first.seen) == len(second.seen) == FAILURES
                listed = await house.call("models.list", {}, caller=ADMIN)
                assert [one.breaker for one in listed.models] == ["open", "open"]
                assert all(0 < one.rests_s <= FIRST_REST_S and one.last_error for one in listed.models)
                first.act = lambda handler, body: handler.give(
                    said('{"ready": true}') if body else json.dumps({"data": [{"id": "first"}]})
                )
                probe = await house.call("models.test", {"name": "custom:first"}, caller=ADMIN)
                assert probe.answered and probe.models == ("first",) and probe.tokens == 18
                assert (await ask(models)).name == "custom:first"

    run(scene)


@given(st.lists(st.sampled_from(["fail", "answer", "leave", "wait"]), max_size=60))
def test_a_breaker_lets_one_try_after_a_rest_and_never_rests_longer_than_its_limit(acts: list[str]) -> None:
    breaker, at = Breaker(), 0.0
    for act in acts:
        if act == "wait":
            at += FIRST_REST_S
            continue
        before, taken = breaker.state(at), breaker.take(at)
        assert taken is (before != "open")
        if not taken:
            continue
        if before == "half_open":
            assert not breaker.take(at), "one tries it for all"
        if act == "fail":
            breaker.failed(at)
            assert before == "closed" or breaker.state(at) == "open"
        elif act == "answer":
            breaker.succeeded()
            assert breaker.state(at) == "closed"
        else:
            breaker.let_go()
            assert breaker.state(at) == before
        assert breaker.until - at <= LONGEST_REST_S
    assert breaker.take(at + LONGEST_REST_S)


def test_what_was_used_is_written_down_and_a_budget_ends_the_day(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(lambda handler, _: handler.give(said("six"))) as first, Server(messages) as second:
            async with living(tmp_path, **two(first, second), ai_budget_tokens=400) as (house, models):
                for _ in range(2):
                    await ask(models)
                await ask(models, only="claude:second")

                async def written() -> bool:
                    return (await house.call("models.list", {}, caller=ADMIN)).today.tokens == 2 * 18 + 25

                assert await until(written)
                page = await house.call("models.usage", {}, caller=ADMIN)
                assert {(one.name, one.calls, one.prompt_tokens) for one in page.items} == {
                    ("custom:first", 2, 22), ("claude:second", 1, 20)
                }  # fmt: skip
                assert all(one.purpose == "test.ask" and one.cost_usd == 0 for one in page.items)
                outcomes = await asyncio.gather(*(ask(models) for _ in range(20)), return_exceptions=True)
                limited = [one for one in outcomes if isinstance(one, Limited)]
                assert limited and all(0 < one.retry_after <= 86_400 for one in limited)

                async def settled() -> bool:
                    return not house.desk.ports.get(Routing)._reserved.tokens

                await until(settled)
                assert (await house.call("models.list", {}, caller=ADMIN)).today.tokens <= 400

    run(scene)


def test_money_is_counted_by_the_prices_that_were_given(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(lambda handler, _: handler.give(said("six"))) as first, Server(messages) as second:
            prices = {"custom:first": (1_000.0, 10_000.0)}
            async with living(tmp_path, **two(first, second), ai_prices=prices, ai_budget_usd=5) as (house, models):
                await ask(models)

                async def written() -> float:
                    return float((await house.call("models.list", {}, caller=ADMIN)).today.cost_usd)

                assert await until(written) == pytest.approx(11 * 0.001 + 7 * 0.01)

    run(scene)


def test_when_the_money_is_used_up_a_model_that_costs_nothing_goes_on(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(lambda handler, _: handler.give(said("six"))) as first, Server(messages) as second:
            prices = {"custom:first": (1_000.0, 10_000.0)}
            async with living(tmp_path, **two(first, second), ai_prices=prices, ai_budget_usd=0.5) as (_, models):
                assert (await ask(models)).name == "claude:second", "a hundred tokens may cost a dollar"
                assert first.seen == []
                error = await refused(models, only="custom:first")
                assert isinstance(error, Limited) and "0.5 dollars" in error.message

    run(scene)


def test_an_answer_that_is_not_what_was_asked_for_is_booked_and_not_asked_of_the_next_one(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(lambda handler, _: handler.give(said("prose"))) as first, Server(messages) as second:
            async with living(tmp_path, **two(first, second)) as (house, models):
                shaped = Prompt(PROMPT.instruction, PROMPT.messages, schema={"type": "object"})
                with pytest.raises(Invalid, match="not JSON"):
                    await models.complete(shaped, Deadline.after(5), purpose="test.ask", caller="user:ada")
                assert second.seen == []

                async def booked() -> int:
                    return int((await house.call("models.list", {}, caller=ADMIN)).today.tokens)

                assert await until(booked) == 18

    run(scene)


def test_a_budget_in_money_needs_prices(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="AI_PRICES"):
        run(lambda: opened(tmp_path, ai_provider="openai:x", openai_api_key=KEY, ai_budget_usd=1))


async def opened(folder: Path, **settings: Any) -> None:
    async with living(folder, **settings):
        pass


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"ai_provider": "azure:x", "azure_openai_api_key": KEY}, "AZURE_OPENAI_ENDPOINT"),
        ({"ai_provider": "openai", "openai_api_key": KEY}, "AI_MODEL"),
        ({"ai_provider": "local:/nowhere/x.gguf"}, "AI_MODEL"),
        ({"ai_provider": "custom"}, "AI_ENDPOINT"),
        ({"ai_provider": "gpt"}, "AI_PROVIDER"),
        ({"ai_provider": "claude:x", "anthropic_api_key": f"{KEY}ü"}, "ANTHROPIC_API_KEY"),
        ({"ai_provider": "claude:x", "anthropic_api_key": f"{KEY}\nx"}, "ANTHROPIC_API_KEY"),
        ({"ai_provider": "ollama:a,local:a,ollama:a"}, "AI_PROVIDER"),
        ({"ai_provider": "openai:x", "openai_api_key": KEY, "ai_private": True}, "OPENAI_BASE_URL"),
        ({"ai_provider": "custom", "ai_endpoint": "http://10.1.2.3:8000/v1", "ai_private": True}, "AI_ENDPOINT"),
    ],
)
def test_what_a_provider_lacks_stops_the_start_with_the_name_of_the_setting(
    tmp_path: Path, settings: dict[str, Any], names: str
) -> None:
    with pytest.raises(Invalid, match=names) as caught:
        run(lambda: opened(tmp_path / "home", **settings))
    assert KEY not in f"{caught.value.message} {caught.value.details}"
    assert not (tmp_path / "home").exists()


def test_without_a_provider_nothing_is_asked_of_anybody(tmp_path: Path) -> None:
    async def scene() -> None:
        async with living(tmp_path, openai_api_key=KEY) as (house, models):
            assert not models.names
            assert isinstance(await refused(models), Unavailable)
            assert (await house.call("models.list", {}, caller=ADMIN)).models == ()

    run(scene)


def test_the_usual_names_are_read_and_ours_win(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "AI_PROVIDER": "claude", "CLAUDE_API_KEY": KEY, "AI_TIMEOUT": "1500ms", "AI_MODEL": "theirs",
        "ASSAY_AI_MODEL": "ours", "AI_MAX_TOKENS": "",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = Settings()
    assert (found.ai_provider, found.ai_model, found.ai_timeout, found.ai_max_tokens) == ("claude", "ours", 1.5, 4_096)
    assert found.anthropic_api_key is not None and found.anthropic_api_key.get_secret_value() == KEY
    assert KEY not in repr(found) and KEY not in str(found.model_dump())


def test_a_key_is_in_no_answer_no_log_and_no_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scene() -> None:
        def echo(handler: Handler, body: dict[str, Any]) -> None:
            handler.give(json.dumps({"error": {"message": f"wrong key {KEY}"}}), 401)

        with Server(echo) as first, Server(echo) as second:
            async with living(tmp_path, **two(first, second)) as (house, models):
                await refused(models)
                for operation, asked in (("models.list", {}), ("models.test", {"name": "custom:first"}),
                                         ("models.usage", {})):  # fmt: skip
                    assert KEY not in (await house.call(operation, asked, caller=ADMIN)).model_dump_json()
            assert first.seen[0].headers["authorization"] == f"Bearer {KEY}"
            assert second.seen[0].headers["x-api-key"] == KEY

    run(scene)
    assert KEY not in "".join(capfd.readouterr())
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
