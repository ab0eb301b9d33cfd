"""A small schema with what is hard: two roles of one table, a table that refers to itself, a bridge, names to quote."""

from __future__ import annotations

from dataclasses import replace

from assay.ask.graph import Column, Dialect, Edge, Graph, Kind, Table

PLACE, LINE, STAFF, ORDER, ITEM, ISLAND = range(6)
LINE_FROM, LINE_TO, MANAGER, ORDER_STAFF, ITEM_ORDER, ITEM_LINE, ORDER_PLACE = range(7)


def column(name: str, kind: Kind = "text", nullable: bool = True, unique: bool = False) -> Column:
    types = {"text": "text", "number": "integer", "time": "date", "boolean": "boolean"}
    return Column(name, types[kind], kind, nullable, unique)


def graph(dialect: Dialect = "sqlite") -> Graph:
    key = column("id", "number", nullable=False, unique=True)
    tables = (
        Table("place", (key, column("name"), column("Größe", "number"), column("open", "boolean")), primary_key=(0,)),
        Table("line", (key, column("from_id", "number", False), column("to_id", "number")), primary_key=(0,)),
        Table("Staff", (key, column("Full Name"), column("manager", "number"), column("hired", "time"),
                        column("pay", "number"), column("bonus", "number")), primary_key=(0,)),
        Table("order", (key, column("staff_id", "number"), column("place_id", "number"), column("group")),
              primary_key=(0,)),
        Table("item", (column("order_id", "number", False), column("line_id", "number", False),
                       column("count", "number")), primary_key=(0, 1)),
        Table("island", (key,), primary_key=(0,)),
    )  # fmt: skip
    edges = (
        Edge(LINE, (1,), PLACE, (0,)), Edge(LINE, (2,), PLACE, (0,)), Edge(STAFF, (2,), STAFF, (0,)),
        Edge(ORDER, (1,), STAFF, (0,)), Edge(ITEM, (0,), ORDER, (0,)), Edge(ITEM, (1,), LINE, (0,)),
        Edge(ORDER, (2,), PLACE, (0,)),
    )  # fmt: skip
    return Graph(dialect, tables, edges)


def renamed(dialect: Dialect, schema: str) -> Graph:
    """The same with every table in a schema."""
    plain = graph(dialect)
    return replace(plain, tables=tuple(replace(table, schema=schema) for table in plain.tables))


ROWS: dict[str, list[tuple[object, ...]]] = {
    "place": [(1, "Mill", 10, True), (2, "mill end", 20, False), (3, "Quay", None, None)],
    "line": [(1, 1, 2), (2, 2, 3), (3, 1, None)],
    "Staff": [(1, "Ann", None, "2019-03-01", 7, 2), (2, "Bo", 1, "2020-05-05", 5, None), (3, "Cy", 1, None, None, 4)],
    "order": [(1, 2, 1, "a"), (2, 2, 2, "b"), (3, 3, 1, "a")],
    "item": [(1, 1, 4), (1, 2, 1), (2, 1, 2)],
    "island": [(1,)],
}


def script(graph: Graph) -> list[str]:
    """CREATE and INSERT statements for SQLite and PostgreSQL."""
    made: list[str] = []
    for table in graph.tables:
        name = f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
        columns = ", ".join(f'"{one.name}" {one.type}' for one in table.columns)
        keys = ", ".join(f'"{table.columns[at].name}"' for at in table.primary_key)
        made.append(f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({keys}))")
        for row in ROWS[table.name]:
            values = ", ".join("NULL" if v is None else f"'{v}'" if isinstance(v, str) else str(v) for v in row)
            made.append(f"INSERT INTO {name} VALUES ({values})")
    return made
