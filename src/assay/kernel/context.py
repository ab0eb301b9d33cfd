"""What an operation is given besides its question: the caller, the ports, its unit of work, the way to other rooms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from assay.kernel.caller import Caller
from assay.ports.deadline import Deadline
from assay.ports.errors import Internal
from assay.ports.events import Envelope
from assay.ports.ledger import Ledger, Proof
from assay.ports.store import Change, Late, Store
from assay.ports.vault import Vault
from assay.ports.workers import Progress, Workers
from assay.runtime.settings import Settings

Port = TypeVar("Port")


class Announcement(Protocol):
    """A fact as a room announces it: a frozen model whose class is registered as an event."""

    event: str
    aggregate: str


@dataclass(frozen=True)
class Ports:
    """What `main` chose for the house, by type."""

    store: Store
    ledger: Ledger
    vault: Vault
    workers: Workers
    more: Mapping[type, object] = field(default_factory=dict[type, object])

    def get(self, kind: type[Port]) -> Port:
        """Return the adapter bound to a port."""
        if kind not in self.more:
            raise Internal(f"No adapter is bound to {kind.__name__}.")
        return cast(Port, self.more[kind])


class Context:
    """One call's surroundings; made by `call`, never kept."""

    def __init__(
        self,
        *,
        caller: Caller,
        ports: Ports,
        deadline: Deadline,
        trace_id: str,
        call: Callable[[str, BaseModel | Mapping[str, Any]], Awaitable[Any]],
        report: Callable[[Progress], None] | None = None,
        job: str | None = None,
        settings: Settings,
        noted: dict[str, object] | None = None,
    ) -> None:
        self.caller = caller
        self.ports = ports
        self.deadline = deadline
        self.trace_id = trace_id
        self.job = job
        """Id of the job that runs this, if one does."""
        self.settings = settings
        self._call = call
        self._report = report
        self._noted: dict[str, object] = {} if noted is None else noted
        self.unit: list[Change | Late] = []
        self.announced: list[tuple[str, str, Mapping[str, object]]] = []

    @property
    def store(self) -> Store:
        """Our own database, as committed."""
        return self.ports.store

    @property
    def ledger(self) -> Ledger:
        """Where checks are written down."""
        return self.ports.ledger

    @property
    def vault(self) -> Vault:
        """Where secrets are sealed."""
        return self.ports.vault

    @property
    def workers(self) -> Workers:
        """Where thinking that takes long runs."""
        return self.ports.workers

    def port(self, kind: type[Port]) -> Port:
        """Return the adapter bound to any other port."""
        return self.ports.get(kind)

    def change(self, *changes: Change | Late) -> None:
        """Add to the unit of work that is committed, all or nothing, when the operation returns."""
        self.unit.extend(changes)

    def announce(self, event: str, aggregate: str, body: Mapping[str, object]) -> None:
        """Tell other rooms a fact, with the same commit as the changes."""
        self.announced.append((event, aggregate, body))

    def note(self, **facts: str | float | bool | None) -> None:
        """Have the audit say what was decided: it does whether the operation answers or raises. A later word wins."""
        self._noted.update(facts)

    async def prove(self, proofs: Sequence[Proof]) -> tuple[str, ...]:
        """Write checks that ran into the ledger, durably, and return their ids in order."""
        return await self.ledger.record(proofs) if proofs else ()

    async def call(self, name: str, asked: BaseModel | Mapping[str, Any]) -> Any:
        """Ask another operation by name: authorised, limited, audited and committed as its own call."""
        return await self._call(name, asked)

    def report(self, progress: Progress) -> None:
        """Say how far a job is; nothing happens outside of one."""
        if self._report is not None:
            self._report(progress)


Reaction = Callable[[Envelope, Context], Awaitable[None]]
"""What a room does when a fact is announced; it changes state only by calling operations."""
