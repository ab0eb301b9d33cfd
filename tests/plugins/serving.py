"""A server of the program that ships, with a folder of plugins and a file of stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from assay.kernel.house import House
from assay.main import open_house
from assay.ports.secret import Secret
from assay.runtime.settings import Settings


class PluginHome:
    """A folder in which the program is at home and serves: plugins are started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.file = folder, folder / "bin", folder / "stores.yaml"
        self.bin.mkdir(mode=0o755)
        self.settings = Settings(
            home=folder, plugins_bin=self.bin, plugins_verify_s=0.3, calls_per_minute=1e6, calls_burst=100_000
        )
        self.admin = Secret("")

    async def settle(self) -> None:
        """Make the database, and learn the administrator's token."""
        async with open_house(self.settings) as (_, token):
            self.admin = token

    @asynccontextmanager
    async def open(self, *, credential: Secret | None = None) -> AsyncGenerator[tuple[House, Secret]]:
        """Open it, as the server does."""
        async with open_house(self.settings, background=True) as (house, token):
            yield house, credential or token


def make(folder: Path) -> PluginHome:
    """Make a home."""
    home = PluginHome(folder)
    asyncio.run(home.settle())
    return home
