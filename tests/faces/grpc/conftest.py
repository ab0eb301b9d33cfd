"""Fixtures of the gRPC face: the program's own house at a port, with the shop and plugins, and callers of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from assay.kernel.house import House
from assay.main import open_house
from assay.ports.secret import Secret
from assay_lab.shop import Shop
from doubles.troubled import install
from faces.grpc.client import Client
from faces.living import Served
from faces.test_real import RealHome

STORES = """\
stores:
- name: shelf
  kind: {name: atest-store-well}
- name: helper
  kind: {name: atest-store-well, categories: [ai]}
  properties: {supported_databases: "postgresql,mysql"}
- name: lost
  kind: {name: atest-store-nowhere}
"""


class Serving(RealHome):
    """The program as a server has it: plugins are started and looked after."""

    @asynccontextmanager
    async def open(self, *, credential: Secret | None = None) -> AsyncGenerator[tuple[House, Secret]]:
        """Open it."""
        async with open_house(self.settings, background=True) as (house, token):
            yield house, credential or token


@pytest.fixture(scope="session")
def serving(shop: Shop) -> Iterator[Served]:
    """A server; the folder has a short name, since plugins listen in it."""
    with tempfile.TemporaryDirectory(prefix="grpc-") as name:
        folder = Path(name)
        (folder / "bin").mkdir(mode=0o755)
        install(folder / "bin", "atest-store-well")
        (folder / "stores.yaml").write_text(STORES)
        (folder / "stores.yaml").chmod(0o600)
        with Served(Serving(folder, plugins_bin=folder / "bin", plugins_verify_s=0.2)) as it:
            for source, powerful in (("shop", False), ("open", True)):
                asked = {"name": source, "dsn": shop.dsn, "allow_powerful_account": powerful}
                it.ask(it.house.call("sources.connect", asked, credential=it.home.admin))
            yield it


def issued(served: Served, *roles: str) -> str:
    """A token of a caller of its own, so that no test uses up the questions of another."""
    asked = {"name": uuid4().hex, "roles": roles or ["admin"], "scopes": ["*:*"]}
    return served.ask(served.house.call("accounts.issue", asked, credential=served.home.admin)).token


@pytest.fixture
def client(serving: Served) -> Iterator[Client]:
    """A client with such a token."""
    with Client(serving.grpc, issued(serving)) as it:
        yield it


def until(true: Callable[[], object], within_s: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
