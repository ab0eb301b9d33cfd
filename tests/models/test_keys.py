"""Keys of providers: from the environment or the vault, changed under a running server, and never said by anybody."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from assay.kernel.caller import Caller
from assay.kernel.house import House
from assay.main import open_house
from assay.models._store import keys
from assay.models.breaker import FAILURES
from assay.models.keys import SETTINGS
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Forbidden, Invalid, NotFound
from assay.ports.language_model import Instruction, LanguageModels, Message, Prompt
from assay.runtime.settings import Settings
from doubles.model_server import Locked, Server

FIRST, SECOND = "first-key-of-nobody-31415926", "second-key-of-nobody-27182818"
ADMIN = Caller("user:ada", "ada", frozenset({"admin"}))
OPERATOR = Caller("user:bob", "bob", frozenset({"operator"}))
READY = '{"ready": true}'
"""What models.test wants to hear."""
KEEP = ("models", "keep-key", "openai", "--api-key", "-")
PROMPT = Prompt(Instruction("Answer."), (Message("user", "how many?"),), max_tokens=100)


@asynccontextmanager
async def living(folder: Path, server: Server, **more: Any) -> AsyncGenerator[House]:
    settings = Settings(home=folder, ai_provider="openai:x", openai_base_url=f"{server.url}/v1", **more)
    async with open_house(settings) as (house, _):
        yield house


async def ask(house: House) -> str:
    """What the model answers, or what went wrong with it."""
    models = house.desk.ports.get(LanguageModels)
    try:
        routed = await models.complete(PROMPT, Deadline.after(10), purpose="test.ask", caller="user:ada")
    except AssayError as error:
        return str(error.details["tried"])
    return routed.reply.text


async def keep(house: House, key: str, caller: Caller = ADMIN, **more: Any) -> Any:
    return await house.call("models.keep_key", {"provider": "openai", "api_key": key}, caller=caller, **more)


async def line(house: House) -> tuple[str, bool]:
    """Where the key comes from, and whether one is in the vault."""
    listed = await house.call("models.list", {}, caller=OPERATOR)
    assert [one.provider for one in listed.keys] == list(SETTINGS)
    (found,) = (one for one in listed.keys if one.provider == "openai")
    return found.source, found.kept_at is not None


def test_a_key_is_used_from_the_call_after_it_was_kept_to_the_call_before_it_was_forgotten(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(Locked(FIRST)) as server:
            async with living(tmp_path, server) as house:
                for _ in range(FAILURES + 1):
                    assert "OPENAI_API_KEY" in await ask(house)
                assert server.seen == [] and await line(house) == ("none", False)
                assert (await keep(house, f" {FIRST}\r\n")).source == "vault"
                assert await ask(house) == "six" and await line(house) == ("vault", True)
                server.act = Locked(SECOND)
                for _ in range(FAILURES):
                    assert "its key is missing or wrong" in await ask(house)
                assert "left alone" in await ask(house)
                await keep(house, SECOND)
                assert await ask(house) == "six", "what failed under the old key does not count for the new one"
                forgotten = await house.call("models.forget_key", {"provider": "openai"}, caller=ADMIN)
                assert (forgotten.source, forgotten.kept_at) == ("none", None)
                assert "OPENAI_API_KEY" in await ask(house) and await line(house) == ("none", False)
                with pytest.raises(NotFound):
                    await house.call("models.forget_key", {"provider": "openai"}, caller=ADMIN)

    asyncio.run(scene())


def test_a_key_in_the_environment_wins_over_the_vault(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(Locked(FIRST)) as server:
            async with living(tmp_path, server, openai_api_key=FIRST) as house:
                assert await line(house) == ("environment", False)
                assert (await keep(house, SECOND)).source == "environment"
                assert await ask(house) == "six" and await line(house) == ("environment", True)
            async with living(tmp_path, server, openai_api_key=" ") as house:
                assert await line(house) == ("vault", True) and "wrong" in await ask(house)

    asyncio.run(scene())


def test_only_an_administrator_changes_keys(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(Locked(FIRST)) as server:
            async with living(tmp_path, server) as house:
                for operation, asked in (("keep_key", {"api_key": FIRST}), ("forget_key", {})):
                    with pytest.raises(Forbidden, match=operation):
                        await house.call(f"models.{operation}", {"provider": "openai", **asked}, caller=OPERATOR)

    asyncio.run(scene())


@pytest.mark.parametrize("key", ["", "two words", "ümlaut-" + FIRST, f"{FIRST}\nx", "x" * 4_097])
def test_what_is_no_key_is_not_kept_and_not_said_again(tmp_path: Path, key: str) -> None:
    async def scene() -> None:
        with Server(Locked(FIRST)) as server:
            async with living(tmp_path, server) as house:
                with pytest.raises(Invalid, match="api_key") as caught:
                    await keep(house, key)
                assert FIRST not in f"{caught.value.message} {caught.value.details}"
                assert await line(house) == ("none", False)

    asyncio.run(scene())


def test_a_key_that_was_moved_to_another_provider_does_not_open(tmp_path: Path) -> None:
    async def scene() -> None:
        with Server(Locked(FIRST)) as server:
            async with living(tmp_path, server) as house:
                await house.call("models.keep_key", {"provider": "claude", "api_key": FIRST}, caller=ADMIN)
                await house.desk.ports.store.commit([lambda writer: writer.run(update(keys).values(provider="openai"))])
                assert "does not open" in await ask(house) and server.seen == []

    asyncio.run(scene())


@pytest.mark.parametrize("provider", ["openai", "azure", "claude", "deepseek"])
def test_a_server_starts_when_its_providers_have_keys_and_says_how_to_give_them(tmp_path: Path, provider: str) -> None:
    end = "https://127.0.0.1:9"
    settings = Settings(home=tmp_path, ai_provider=f"{provider}:x", azure_openai_endpoint=end)

    async def scene() -> None:
        with pytest.raises(Invalid, match=SETTINGS[provider]) as caught:
            async with open_house(settings, background=True):
                pass
        cure = str(caught.value.details["cure"])
        assert SETTINGS[provider] in cure and f"assay models keep-key {provider}" in cure
        async with open_house(settings) as (house, _):
            await house.call("models.keep_key", {"provider": provider, "api_key": FIRST}, caller=ADMIN)
        async with open_house(settings, background=True) as (house, _):
            assert house.is_open

    asyncio.run(scene())


class Program:
    """The program as people run it, in a folder of its own; what it says goes into files beside its database."""

    def __init__(self, home: Path, server: Server) -> None:
        self.home = home
        unset = {f"{before}{name}" for name in SETTINGS.values() for before in ("", "ASSAY_")}
        self._env = {name: value for name, value in os.environ.items() if name not in unset} | {
            "ASSAY_HOME": str(home), "ASSAY_LOG_LEVEL": "debug", "AI_PROVIDER": "openai:x",
            "OPENAI_BASE_URL": f"{server.url}/v1", "NO_COLOR": "1",
        }  # fmt: skip
        home.mkdir(mode=0o700)

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """One command, and what it is given on standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "assay.main", *words], env=self._env, input=given, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        with (self.home / "commands.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        """A server, and an administrator's way to it."""
        with (
            (self.home / "server.log").open("w") as log,
            subprocess.Popen(
                [sys.executable, "-m", "assay.main", "up", "--port", "0"], env=self._env, stdout=subprocess.PIPE,
                stderr=log, text=True,
            ) as up,
        ):  # fmt: skip
            try:
                assert up.stdout is not None
                url = next(found for said in up.stdout if (found := re.search(r"(http://\S+)/#token=", said)))[1]
                token = (self.home / "token").read_text().strip()
                with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as api:
                    yield api
            finally:
                up.terminate()

    def holds(self, text: str) -> list[str]:
        """The files of the folder that hold a text."""
        files = [file for file in self.home.rglob("*") if file.is_file()]
        assert {"assay.db", "assay.db-wal", "server.log", "commands.log"} <= {file.name for file in files}
        return [file.name for file in files if text.encode() in file.read_bytes()]


def test_another_process_changes_the_key_under_a_running_server_and_no_file_ever_holds_it(tmp_path: Path) -> None:
    with Server(Locked(FIRST, READY)) as server:
        program = Program(tmp_path / "home", server)
        refused = program.run("up", "--port", "0")
        assert refused.returncode == Invalid.exit_code
        assert "OPENAI_API_KEY" in refused.stderr and "assay models keep-key openai" in refused.stderr
        kept = program.run(*KEEP, given=f"{FIRST}\n")
        assert kept.returncode == 0 and "vault" in kept.stdout
        with program.serving() as api:

            def test() -> dict[str, Any]:
                return dict(api.post("/api/v1/models:test", json={"name": "openai:x"}).json())

            assert test()["answered"]
            server.act = Locked(SECOND, READY)
            assert "wrong" in test()["error"]
            assert program.run(*KEEP, given=SECOND).returncode == 0
            assert test()["answered"]
            assert api.delete("/api/v1/models/keys/openai").is_success
            assert "none in the environment or the vault" in test()["error"]
            once = {"Idempotency-Key": "k1"}
            for _ in range(2):
                answer = api.put("/api/v1/models/keys/openai", json={"api_key": SECOND}, headers=once)
                assert answer.is_success and SECOND not in answer.text
            assert api.put("/api/v1/models/keys/openai", json={"api_key": f"{SECOND} "}, headers=once).is_success
            assert api.put("/api/v1/models/keys/openai", json={"api_key": f"{SECOND} x"}).status_code == 422
            assert test()["answered"]
            assert program.holds("openai"), "the folder is not empty"
            assert [*program.holds(FIRST), *program.holds(SECOND), *program.holds(SECOND[:12])] == []
