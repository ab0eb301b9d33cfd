"""Fixtures of the gRPC face: the program's own house at a port, connected to the shop, and callers of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from assay_lab.shop import Shop
from faces.grpc.client import Client
from faces.living import Served
from faces.test_real import RealHome


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Served]:
    """A server over the program's own house."""
    with Served(RealHome(tmp_path_factory.mktemp("grpc"))) as it:
        it.ask(it.house.call("sources.connect", {"name": "shop", "dsn": shop.dsn}, credential=it.home.admin))
        yield it


def issued(served: Served, **more: Any) -> str:
    """A token of a caller of its own, so that no test uses up the questions of another."""
    asked = {"name": uuid4().hex, "roles": ["admin"], **more}
    return served.ask(served.house.call("accounts.issue", asked, credential=served.home.admin)).token


@pytest.fixture
def token(answering: Served) -> str:
    """A caller's."""
    return issued(answering)


@pytest.fixture
def client(answering: Served, token: str) -> Iterator[Client]:
    """A client that shows the token."""
    with Client(answering.grpc, token) as it:
        yield it
