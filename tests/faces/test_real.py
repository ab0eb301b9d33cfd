"""The catalogue that ships, on every face: the same errors, and after a walk through the demo the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assay.kernel.catalogue import Catalogue
from assay.kernel.house import House
from assay.kernel.operation import Operation
from assay.kernel.own import HOUSE, JOBS
from assay.main import ROOMS, open_house
from assay.ports.secret import Secret
from assay.runtime.settings import Settings
from assay_lab.shop import Shop
from faces.everywhere import Faces, assert_same_everywhere, masked
from faces.living import Served

CATALOGUE = Catalogue([*ROOMS, JOBS, HOUSE])
OPERATIONS = [operation for operation in CATALOGUE if operation.needs is not None]


class RealHome:
    """A folder in which the program that ships is at home."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(home=folder, calls_per_minute=1e6, calls_burst=100_000, grpc_port=0, **settings)
        self.admin = Secret("")
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        async with open_house(self.settings) as (_, token):
            self.admin = token

    @asynccontextmanager
    async def open(self, *, credential: Secret | None = None) -> AsyncGenerator[tuple[House, Secret]]:
        """Open it, as every command does."""
        async with open_house(self.settings) as (house, token):
            yield house, credential or token


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over the program's own house."""
    with Served(RealHome(tmp_path_factory.mktemp("real"))) as served:
        yield served


@pytest.fixture(scope="module")
def faces(real: Served) -> Faces:
    """Every face of it."""
    return Faces(real.url, lambda credential: real.home.open(credential=credential), real.grpc)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_unknown_field_is_refused_alike(faces: Faces, real: Served, operation: Operation) -> None:
    asked: dict[str, Any] = {**dict.fromkeys(operation.http.fields, "x"), "nonsense": 1}
    if "version" in operation.asks.model_fields:
        asked["version"] = 1
    kind, error = assert_same_everywhere(faces, operation, asked, real.home.admin)
    assert kind == "error" and error["code"] == "INVALID"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_unknown_credential_is_refused_alike(faces: Faces, operation: Operation) -> None:
    asked = dict.fromkeys((*operation.http.fields, *operation.redact), "x")  # a secret would be asked for at a prompt
    kind, error = assert_same_everywhere(faces, operation, asked, Secret("unknown"))
    assert kind == "error" and error["code"] == "UNAUTHENTICATED"


@pytest.fixture(scope="module")
def walked(real: Served, shop: Shop) -> dict[str, Any]:
    """A database connected, scanned and advised on; what its things are called."""

    async def walk() -> dict[str, Any]:
        token = real.home.admin

        async def ask(operation: str, **asked: Any) -> Any:
            answer = await real.house.call(operation, asked, credential=token)
            if CATALOGUE.find(operation).effect != "job":
                return answer
            async for state in real.house.follow(answer):
                answer = state
            return real.house.result(answer)

        source = await ask("sources.connect", name="shop", dsn=shop.dsn)
        await ask("workload.scan", source=source.id, top=5)
        advice = await ask("workload.advise", source=source.id, statements=20, seconds=5)
        worst = await ask("workload.bottlenecks", source=source.id, limit=1)
        fix = advice.recommendations[0]
        return {"source": source.id, "query": worst.items[0].query_id, "fix": fix.id, "evidence": fix.evidence[0]}

    return asyncio.run_coroutine_threadsafe(walk(), real.loop).result(110)


READS = {
    "sources.list": {}, "sources.get": {"id": "source"}, "sources.schema": {"id": "source", "table": "users"},
    "workload.bottlenecks": {"source": "source", "limit": 3}, "workload.query": {"id": "query"},
    "workload.recommendations": {"source": "source"}, "workload.recommendation": {"id": "fix"},
    "workload.runbook": {"id": "fix"}, "workload.scans": {"source": "source"}, "workload.simulations": {},
    "workload.activity": {"source": "source"}, "evidence.get": {"id": "evidence"}, "evidence.list": {"limit": 2},
    "evidence.verify": {}, "accounts.me": {}, "house.capabilities": {}, "ask.capabilities": {}, "ask.status": {},
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_what_a_walk_found_reads_alike(faces: Faces, real: Served, walked: dict[str, Any], name: str) -> None:
    asked = {field: walked.get(str(value), value) for field, value in READS[name].items()}
    kind, _ = assert_same_everywhere(faces, CATALOGUE.find(name), asked, real.home.admin, same=steady)
    assert kind == "answer"


GROWS = frozenset({"last_health_check", "checked", "checkpoints", "total", "scans", "seq_scans"})


def steady(value: Any) -> Any:
    """The ledger and the server's own counters grow while faces ask one after another."""
    value = masked(value)
    if isinstance(value, dict):
        return {name: "…" if name in GROWS else steady(inner) for name, inner in value.items()}
    return [steady(inner) for inner in value] if isinstance(value, list) else value
