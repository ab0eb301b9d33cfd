"""Pages of rows: a stable order, a total, and a cursor that counts what was already seen."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, select

from assay.kernel.values import Paged
from assay.ports.errors import Invalid
from assay.ports.store import Row, Store


def offset_of(cursor: str | None) -> int:
    """How many items were already seen; Invalid when the cursor is none of ours."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise Invalid("cursor: take `next_cursor` of the page before.", field="cursor")
    return int(cursor)


def cursor_after(offset: int, shown: int, total: int) -> str | None:
    """The cursor of the next page, None after the last."""
    return str(offset + shown) if shown and offset + shown < total else None


async def page_of_rows(
    store: Store, query: Select[tuple[object, ...]], asked: Paged
) -> tuple[Sequence[Row], int, str | None]:
    """Return one page of an ordered query: its rows, how many there are in all, the next cursor."""
    offset = offset_of(asked.cursor)
    counted = select(func.count().label("n")).select_from(query.order_by(None).subquery())
    total = int((await store.rows(counted))[0]["n"])
    rows = await store.rows(query.limit(asked.limit).offset(offset))
    return rows, total, cursor_after(offset, len(rows), total)
