"""The commands of atest's page that are no SQL: each becomes a look into the catalogue, or a SELECT of ours."""

from __future__ import annotations

from dataclasses import replace

from assay.adapters.stores import catalogue
from assay.ports.databases import Grid, Reader
from assay.ports.errors import Invalid

_DESCRIBE, _FIRST, _ALL = "@describeTable_", "@selectTableLImit100_", "@selectTable_"
"""The capital I is atest's own."""
_FEW = 100


def is_command(text: str) -> bool:
    """Whether a text is one; no SQL begins so."""
    return text.startswith("@")


def command(reader: Reader, text: str, current: str, *, offset: int, limit: int) -> tuple[Grid, str]:
    """Carry one out; return its rows and the SQL or, where there is none, the command.

    Raises Invalid for one that is not known, NotFound for a table that is not there.
    """
    if text == "@currentDB":
        return _page(catalogue.grid([{"name": current}], ["name"]), offset, limit), text
    if text == "@showDatabases":
        return _page(_names(catalogue.databases(reader, current)), offset, limit), text
    if text == "@showTables":
        return _page(_names([one.shown for one in catalogue.tables(reader)]), offset, limit), text
    if text.startswith(_DESCRIBE):
        table = catalogue.find(reader, text.removeprefix(_DESCRIBE))
        return _page(catalogue.columns(reader, table), offset, limit), text
    for prefix, most in ((_FIRST, _FEW), (_ALL, None)):
        if text.startswith(prefix):
            table = catalogue.find(reader, text.removeprefix(prefix))
            sql = f"SELECT * FROM {table.quoted}" + ("" if most is None else f" LIMIT {most}")  # noqa: S608 - quoted
            return reader.read(sql, limit, skip=offset), sql
    raise Invalid("sql: this command is not known.", field="sql", known=[
        "@showDatabases", "@showTables", "@currentDB", f"{_DESCRIBE}<table>", f"{_ALL}<table>", f"{_FIRST}<table>",
    ])  # fmt: skip


def _names(names: tuple[str, ...] | list[str]) -> Grid:
    return catalogue.grid([{"name": name} for name in names], ["name"])


def _page(grid: Grid, offset: int, limit: int) -> Grid:
    return replace(grid, rows=grid.rows[offset : offset + limit], more=len(grid.rows) > offset + limit)
