"""A house with the toy room on the real store, gate and ledger, served on a socket by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import uvloop
from sqlalchemy import create_engine, insert

from assay.accounts._store import tokens
from assay.accounts.capability import ACCOUNTS
from assay.accounts.gate import TokenGate
from assay.accounts.limits import Buckets
from assay.accounts.tokens import fresh
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.memory import MemoryVault
from assay.evidence.ledger import SealedLedger
from assay.faces.grpc.serve import listening
from assay.faces.rest.app import build
from assay.faces.rest.serve import serve
from assay.kernel.context import Ports
from assay.kernel.house import House
from assay.ports.secret import Secret
from assay.ports.store import Change
from assay.ports.tables import metadata
from assay.runtime.settings import Settings
from assay.runtime.telemetry import set_up_logs
from faces.toyroom import TOYS, own

Result = TypeVar("Result")
MASTER = bytes(range(32))


class NoWorkers:
    """Nothing in the toy room thinks for long."""

    async def close(self) -> None:
        """Nothing to stop."""


@dataclass
class Home:
    """One folder with one database, in which several houses may be open, as in life."""

    folder: Path
    settings: Settings
    admin: Secret = field(default_factory=lambda: Secret(""))
    viewer: Secret = field(default_factory=lambda: Secret(""))

    @asynccontextmanager
    async def open(self, *, credential: Secret | None = None, **more: Any) -> AsyncGenerator[tuple[House, Secret]]:
        """Open a house; what the command line and the server both do."""
        store = SqliteStore(self.settings.database, durable=False)
        vault = MemoryVault(MASTER)
        gate = TokenGate(store, timedelta(days=1))

        async def well() -> str | None:
            await store.rows(tokens.select().limit(1))
            return None

        more_ports: dict[type, object] = {TokenGate: gate}
        ports = Ports(store=store, ledger=SealedLedger(store, vault), vault=vault, workers=NoWorkers(), more=more_ports)
        house = House(
            [TOYS, ACCOUNTS], ports=ports, gate=gate, limiter=Buckets(store), settings=self.settings, version="1.2.3",
            probes={"store": well}, **more,
        )  # fmt: skip
        await house.open(background=False)
        try:
            yield house, credential or self.admin
        finally:
            await house.close()


def make_home(folder: Path, **settings: Any) -> Home:
    """Make the tables and two callers: an administrator and a viewer."""
    set_up_logs("warning", "json")
    chosen = Settings(home=folder, calls_per_minute=1e6, calls_burst=100_000, **settings)
    engine = create_engine(f"sqlite:///{chosen.database}")
    metadata.create_all(engine)
    own.create_all(engine)
    engine.dispose()
    home = Home(folder, chosen)

    async def callers() -> None:
        store = SqliteStore(chosen.database)
        for name, role in (("admin", "admin"), ("viewer", "viewer")):
            token, row = fresh(
                "token", caller_id=f"user:{name}", name=name, roles=(role,), scopes=("*:*",), lasts=timedelta(days=1)
            )
            await store.commit([Change(insert(tokens).values(**row))])
            setattr(home, name, Secret(token))
        await store.close()

    asyncio.run(callers())
    return home


class AnyHome(Protocol):
    """A folder with a database, and how to open a house on it."""

    settings: Settings
    admin: Secret

    def open(self, *, credential: Secret | None = None) -> AbstractAsyncContextManager[tuple[House, Secret]]:
        """Open a house; yield it with the credential to ask with."""
        ...


class Served:
    """A server in a thread with a loop of its own; `ask` runs a coroutine there."""

    def __init__(self, home: AnyHome, page: Path | None = None) -> None:
        self.home = home
        self.house: House
        self.app: Any
        self.grpc: str | None
        self._page = page
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(20)
        if self._failure is not None:
            raise self._failure
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except asyncio.CancelledError:
            pass
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with self.home.open() as (self.house, _), listening(self.house) as self.grpc:
            self.app = build(self.house, page=self._page)
            self._serving = asyncio.create_task(serve(self.app, "127.0.0.1", 0, on_ready=self._tell))
            await self._serving

    def _tell(self, port: int) -> None:
        self.port = port
        self._ready.set()

    def ask(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def client(self, credential: Secret | None = None, **more: Any) -> httpx.Client:
        """An HTTP client, signed in as the administrator unless told otherwise."""
        token = (credential or self.home.admin).reveal()
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {token}"}, timeout=30, **more)

    def anonymous(self, **more: Any) -> httpx.Client:
        """An HTTP client without a credential."""
        return httpx.Client(base_url=self.url, timeout=30, **more)
