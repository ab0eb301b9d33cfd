"""One store's plugin as seen from a thread: questions go to the event loop, answers come back or time runs out."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from assay.ports.databases import Limits
from assay.ports.deadline import Deadline
from assay.ports.errors import TimedOut, Unavailable
from assay.ports.loader import DataQuery, DataResult, Readiness, Store
from assay.ports.plugin_databases import Asked, PluginStores

GRACE_S = 2.0
"""What the way to the plugin may take beside the statement."""
_R = TypeVar("_R")


class Line:
    """Asks one store; to be used in a thread that is not the event loop's.

    Args:
        key: another database than the store's own, or empty.
    """

    def __init__(
        self, stores: PluginStores, loop: asyncio.AbstractEventLoop, name: str, key: str, limits: Limits
    ) -> None:
        self._loop, self._key, self._limits = loop, key, limits
        self.store: Store = stores.store(name)
        self._loader: Asked = self._wait(lambda until: stores.loader(name, until), limits.connect_s)

    @property
    def patience_s(self) -> float:
        """How long a statement may take."""
        return self._limits.statement_ms / 1_000

    def ask(self, sql: str, *, limit: int, offset: int = 0) -> DataResult:
        """Send one text; raises what `ports.loader.Loader.query` raises."""
        asked = DataQuery(key=self._key, sql=sql, limit=limit, offset=offset)
        return self._wait(lambda until: self._loader.query(asked, until), self.patience_s + GRACE_S)

    def verify(self) -> Readiness:
        """Ask whether the plugin can work for this store."""
        return self._wait(self._loader.verify, self._limits.connect_s)

    def _wait(self, ask: Callable[[Deadline], Coroutine[Any, Any, _R]], seconds: float) -> _R:
        coroutine = ask(Deadline.after(seconds))
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise Unavailable("Assay is stopping, so no plugin is asked any more.") from None
        try:
            return future.result(seconds + GRACE_S)
        except concurrent.futures.CancelledError:
            raise Unavailable("Assay is stopping, so no plugin is asked any more.") from None
        except TimeoutError:
            future.cancel()
            raise TimedOut(f"The store {self.store.name} did not answer in time.") from None
