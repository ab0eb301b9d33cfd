"""Engines that were made ready lately: one a database, made again when its schema was read again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from assay.ask.calibrate import on_public_data
from assay.ask.declare import declared
from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import BadWeights, Model, load
from assay.ask.engine.values import ValueIndex
from assay.ask.graph import Dialect, Graph
from assay.ask.see import DIALECTS, comments_of, graph_of, values_of
from assay.kernel.context import Context
from assay.kernel.values import Instant, now
from assay.ports.databases import Reader
from assay.ports.errors import Unavailable
from assay.ports.store import Row
from assay.sources.cache import SchemaCache
from assay.sources.model import Schema
from assay.sources.visit import look

MOST = 16


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of one database."""

    graph: Graph
    engine: Engine
    read_at: Instant


class Engines:
    """At most MOST engines, the least lately used ones forgotten; the weights are loaded once."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._kept: OrderedDict[str, Known] = OrderedDict()

    def fault(self) -> str | None:
        """Why no question can be answered; None when the weights are those that were trained."""
        try:
            self._model = self._model or load()
            on_public_data()
        except BadWeights as error:
            return str(error)
        return None

    async def of(self, ctx: Context, source: Row) -> Known:
        """Return what is known of a source; raises Unavailable when it does not answer."""
        if fault := self.fault():
            raise Unavailable(f"No question can be answered: {fault}.", cure="install Assay again")
        schema = await ctx.port(SchemaCache).of(ctx, source)
        known = self._kept.pop(source["id"], None)
        if known is None or known.read_at != schema.read_at:
            known = await look(ctx, source, self._made, schema)
        return self._keep(source["id"], known)

    async def of_schema(self, ctx: Context, text: str | None, dialect: Dialect) -> Known:
        """Return what there is to know of a schema that somebody wrote down, or, where nobody did (None), of none.

        Raises Invalid for a text that is no schema.
        """
        if fault := self.fault():
            raise Unavailable(f"No question can be answered: {fault}.", cure="install Assay again")
        mark = f"{dialect}:{hashlib.sha256(text.encode()).hexdigest() if text is not None else ''}"
        return self._keep(mark, self._kept.pop(mark, None) or await ctx.workers.in_thread(self._written, text, dialect))

    def _keep(self, mark: str, known: Known) -> Known:
        self._kept[mark] = known
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return known

    def _written(self, text: str | None, dialect: Dialect) -> Known:
        assert self._model is not None, "fault() loads it"
        graph = Graph(dialect, (), known=False) if text is None else declared(text, dialect)
        return Known(graph, Engine(graph, ValueIndex.empty(), self._model), now())

    def _made(self, session: Reader, schema: Schema) -> Known:
        assert self._model is not None, "fault() loads it"
        graph = graph_of(schema, comments_of(session), DIALECTS[session.facts.engine])
        return Known(graph, Engine(graph, ValueIndex(values_of(schema, graph)), self._model), schema.read_at)
