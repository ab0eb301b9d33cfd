"""The program's own house, opened for one operation at a time, for tests that ask it questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assay.kernel.house import House
from assay.main import open_house
from assay.ports.errors import AssayError
from assay.ports.secret import Secret
from assay.runtime.settings import Settings


class Home:
    """The house that ships, on a folder of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(home=folder, **settings)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[tuple[House, Secret]]:
        async with open_house(self.settings) as (house, token):
            yield house, token

    def ask(self, operation: str, /, **asked: Any) -> Any:
        """Ask one operation of a house that is opened for it."""

        async def one() -> Any:
            async with self.open() as (house, token):
                return await house.call(operation, asked, credential=token)

        return asyncio.run(one())

    def job(self, operation: str, /, **asked: Any) -> Any:
        """Ask one operation that answers later, and wait for its answer."""

        async def one() -> Any:
            async with self.open() as (house, token):
                last = await house.call(operation, asked, credential=token)
                async for job in house.follow(last):
                    last = job
                return house.result(last)

        return asyncio.run(one())

    def question(self, words: str, store: str = "reader", dialect: str | None = None, **options: Any) -> Any:
        return self.ask(
            "ask.generate", natural_language=words, database_target={"store": store, "dialect": dialect},
            options={"confidence_threshold": 0.0, **options},
        )  # fmt: skip


def refused(run: Any) -> AssayError:
    with pytest.raises(AssayError) as caught:
        run()
    return caught.value
