"""Schemas that were read lately; read again when they are old, or when the database says that it changed."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence

from assay.kernel.context import Context
from assay.ports.databases import Engine, Reader
from assay.ports.store import Row
from assay.sources.model import Schema
from assay.sources.schemas import read_any
from assay.sources.visit import look

MOST = 64
GLANCE_S = 5.0

_POSTGRES = """
SELECT md5(string_agg(concat_ws(':', c.oid, c.xmin, i.xmin), ',' ORDER BY c.oid)) AS mark
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp%%'
"""
_MYSQL = """
SELECT md5(concat_ws(':',
         (SELECT sum(crc32(concat_ws(':', table_name, ordinal_position, column_name, column_type)))
            FROM information_schema.columns WHERE table_schema = DATABASE()),
         (SELECT sum(crc32(concat_ws(':', table_name, index_name, seq_in_index, column_name)))
            FROM information_schema.statistics WHERE table_schema = DATABASE()))) AS mark
"""
_MARKS: dict[Engine, str] = {
    "postgresql": _POSTGRES,
    "mysql": _MYSQL,
    "sqlite": "SELECT schema_version AS mark FROM pragma_schema_version",
}


def mark(session: Reader) -> str:
    """A digest that changes with every table or index that is made, altered or dropped."""
    return str(session.rows(_MARKS[session.facts.engine])[0]["mark"])


class _Kept:
    def __init__(self, schema: Schema, mark: str) -> None:
        self.schema = schema
        self.mark = mark
        self.read = self.glanced = time.monotonic()


class SchemaCache:
    """One schema a source, for `lasts_s` seconds, and no longer than the database's own mark stays the same."""

    def __init__(self, lasts_s: float) -> None:
        self._lasts_s = lasts_s
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._reading: dict[str, asyncio.Lock] = {}

    def forget(self, source: str) -> None:
        """Read this source again next time."""
        self._kept.pop(source, None)

    async def of(self, ctx: Context, row: Row, *, fresh: bool = False) -> Schema:
        """Return a source's schema; one reader at a time, the others take what it read."""
        async with self._reading.setdefault(row["id"], asyncio.Lock()):
            kept = self._kept.get(row["id"])
            if kept is not None and not fresh and await self._holds(ctx, row, kept):
                return kept.schema
            schema, seen = await look(ctx, row, _read, row["id"], row["private_columns"])
            self._kept[row["id"]] = _Kept(schema, seen)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return schema

    async def _holds(self, ctx: Context, row: Row, kept: _Kept) -> bool:
        at = time.monotonic()
        if at - kept.read > self._lasts_s:
            return False
        if at - kept.glanced < GLANCE_S:
            return True
        kept.glanced = at
        return await look(ctx, row, mark) == kept.mark


def _read(session: Reader, source: str, private: Sequence[str]) -> tuple[Schema, str]:
    seen = mark(session)
    return read_any(session, source, private), seen
