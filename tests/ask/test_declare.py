"""Schemas that somebody wrote down: what is read from DDL and JSON, and what is no schema."""

from __future__ import annotations

import json

import pytest

from assay.ask.declare import declared
from assay.ask.graph import Dialect, Graph
from assay.ask.guard.check import guard
from assay.ports.errors import Invalid

DUMP = """
CREATE TABLE public.users (
    id integer NOT NULL,
    "Mail" character varying(80) NOT NULL UNIQUE,
    city text
);
CREATE TABLE public.orders (id bigint NOT NULL, user_id integer, total numeric(10,2), placed_on timestamptz);
COMMENT ON TABLE public.users IS 'people who buy';
COMMENT ON COLUMN public.users.city IS 'where they live';
CREATE INDEX orders_user ON public.orders USING btree (user_id);
ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_fk FOREIGN KEY (user_id) REFERENCES public.users(id);
"""
IN_MYSQL = """
CREATE TABLE `users` (
  `id` int(11) NOT NULL AUTO_INCREMENT, `Mail` varchar(80) NOT NULL COMMENT 'where to write', `paid` tinyint(1),
  PRIMARY KEY (`id`), UNIQUE KEY `mail` (`Mail`)
) ENGINE=InnoDB COMMENT='people who buy';
CREATE TABLE `orders` (
  `id` int(11) NOT NULL, `user_id` int(11),
  CONSTRAINT `fk` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
"""


def shape(graph: Graph) -> dict[str, list[str]]:
    return {table.name: [column.name for column in table.columns] for table in graph.tables}


def joins(graph: Graph) -> list[tuple[str, str, str, str, bool]]:
    return [
        (graph.tables[e.table].name, graph.column(e.table, e.columns[0]).name,
         graph.tables[e.to].name, graph.column(e.to, e.to_columns[0]).name, e.inferred)
        for e in graph.edges
    ]  # fmt: skip


def test_a_dump_of_postgresql_gives_tables_keys_and_comments() -> None:
    graph = declared(DUMP, "postgres")
    assert shape(graph) == {"users": ["id", "Mail", "city"], "orders": ["id", "user_id", "total", "placed_on"]}
    assert joins(graph) == [("orders", "user_id", "users", "id", False)]
    users = graph.tables[0]
    assert (users.schema, users.primary_key, users.comment) == ("public", (0,), "people who buy")
    assert [column.kind for column in graph.tables[1].columns] == ["number", "number", "number", "time"]
    assert (users.columns[1].unique, users.columns[1].nullable, users.columns[2].comment) == (
        True, False, "where they live",
    )  # fmt: skip


def test_a_dump_of_mysql_gives_the_same() -> None:
    graph = declared(IN_MYSQL, "mysql")
    assert shape(graph) == {"users": ["id", "Mail", "paid"], "orders": ["id", "user_id"]}
    assert joins(graph) == [("orders", "user_id", "users", "id", False)]
    users = graph.tables[0]
    assert (users.comment, users.columns[1].comment, users.columns[2].kind) == (
        "people who buy", "where to write", "boolean",
    )  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        {"users": {"id": "integer", "city": "text"}, "orders": {"id": "integer", "user_id": "integer"}},
        {"users": ["id", "city"], "orders": ["id", "user_id"]},
        {"tables": {"users": {"columns": ["id", "city"]}, "orders": {"columns": ["id", "user_id"]}}},
        {"tables": [{"name": "users", "columns": [{"name": "id", "primary_key": True}, {"name": "city"}]},
                    {"name": "orders", "columns": [{"name": "id"}, {"name": "user_id", "references": "users"}]}]},
        [{"name": "users", "columns": ["id", "city"], "primary_key": "id"},
         {"name": "orders", "columns": {"id": "integer", "user_id": "text"}}],
    ],
    ids=["types", "names", "nested", "objects", "list"],
)  # fmt: skip
def test_json_is_read_in_every_form_that_is_in_use(said: object) -> None:
    graph = declared(json.dumps(said), "sqlite")
    assert shape(graph) == {"users": ["id", "city"], "orders": ["id", "user_id"]}


def test_a_reference_in_json_is_a_key() -> None:
    said = {"tables": [
        {"name": "users", "columns": [{"name": "id", "type": "integer", "primary_key": True}]},
        {"name": "orders", "columns": [{"name": "buyer", "type": "integer", "references": "users.id"}]},
    ]}  # fmt: skip
    assert joins(declared(json.dumps(said), "sqlite")) == [("orders", "buyer", "users", "id", False)]


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_the_guard_binds_to_what_was_written_down(dialect: Dialect) -> None:
    graph = declared("CREATE TABLE users (id integer PRIMARY KEY, city varchar(80))", dialect)
    assert "users" in guard("SELECT city FROM users", graph).sql
    with pytest.raises(Invalid):
        guard("SELECT mail FROM users", graph)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("SELECT 1", "no table"), ("CREATE VIEW v AS SELECT 1", "no table"), ("{", "is none"), ("{}", "no table"),
        ('{"users": 1}', "a list"), ('{"tables": [1]}', "a JSON object"),
        ('{"tables": [{"columns": ["a"]}]}', "no name"),
        ("CREATE TABLE users (id integer", "is not sqlite"), ("[" * 100_000, "nested"), ("hello", "no table"),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_with_the_reason(said: str, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        declared(said, "sqlite")
    assert why in caught.value.message and caught.value.details["field"] == "schema_text"
