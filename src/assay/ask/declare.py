"""Reads a schema that somebody wrote down, as CREATE TABLE texts or as JSON, for a database that is not connected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.expressions.core import Expr

from assay.ask.graph import Column, Dialect, Edge, Graph, Table
from assay.ask.infer import infer
from assay.ask.see import kind_of
from assay.ports.errors import Invalid

MOST_TABLES = 2_000
_EXAMPLE = '{"users": {"id": "integer", "email": "text"}}'


@dataclass(slots=True)
class _Declared:
    """A column as it was written down."""

    name: str
    type: str = "text"
    nullable: bool = True
    unique: bool = False
    comment: str = ""


@dataclass(slots=True)
class _Key:
    """A reference of a table to another, by names; no columns there means its primary key."""

    columns: list[str]
    to: str
    to_columns: list[str]


@dataclass(slots=True)
class _Draft:
    """A table as it was written down."""

    name: str
    schema: str = ""
    columns: list[_Declared] = field(default_factory=list[_Declared])
    primary: list[str] = field(default_factory=list[str])
    keys: list[_Key] = field(default_factory=list[_Key])
    comment: str = ""

    def column(self, name: str) -> _Declared | None:
        return next((one for one in self.columns if one.name == name), None)


def declared(text: str, dialect: Dialect) -> Graph:
    """Make the graph of a schema, with the keys that nobody declared.

    Args:
        text: DDL of the dialect (CREATE TABLE, ALTER TABLE … ADD CONSTRAINT, COMMENT ON; the rest is passed over), or
            JSON: `{"table": {"column": "type"}}`, or `{"tables": [{"name", "columns": [{"name", "type", …}]}]}`.

    Raises Invalid when no table can be read from it.
    """
    is_json = text.lstrip()[:1] in ("{", "[")
    try:
        found = _of_json(text) if is_json else _of_ddl(text, dialect)
    except RecursionError:
        raise _wrong("it is nested too deeply") from None
    tables = {one.name: one for one in found if one.columns}
    if not tables:
        raise _wrong(f"no table is declared in it; it is CREATE TABLE texts, or JSON as in {_EXAMPLE}")
    if len(tables) > MOST_TABLES:
        raise _wrong(f"it has {len(tables)} tables; at most {MOST_TABLES} are read")
    return infer(_graph(list(tables.values()), dialect))


def _wrong(why: str) -> Invalid:
    return Invalid(f"schema_text: {why}.", field="schema_text")


def _graph(drafts: list[_Draft], dialect: Dialect) -> Graph:
    places = {one.name: place for place, one in enumerate(drafts)}
    tables = tuple(_table(one) for one in drafts)
    edges: list[Edge] = []
    for place, draft in enumerate(drafts):
        for key in draft.keys:
            to = places.get(key.to)
            there = drafts[to] if to is not None else None
            names = (key.to_columns or there.primary) if there is not None else []
            if to is None or there is None or len(names) != len(key.columns):
                continue
            here, theirs = _places(draft, key.columns), _places(there, names)
            if here is not None and theirs is not None:
                edges.append(Edge(place, here, to, theirs))
    return Graph(dialect, tables, tuple(edges))


def _table(draft: _Draft) -> Table:
    primary = _places(draft, draft.primary) or ()
    columns = tuple(
        Column(one.name, one.type, kind_of(one.type), one.nullable, one.unique or draft.primary == [one.name],
               one.comment)
        for one in draft.columns
    )  # fmt: skip
    return Table(draft.name, columns, draft.schema, primary, comment=draft.comment)


def _places(draft: _Draft, names: list[str]) -> tuple[int, ...] | None:
    known = {one.name: place for place, one in enumerate(draft.columns)}
    return tuple(known[name] for name in names) if all(name in known for name in names) else None


# ------------------------------------------------------------------------------------------------------------- DDL


def _of_ddl(text: str, dialect: Dialect) -> list[_Draft]:
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except SqlglotError as error:
        line = error.errors[0].get("line") if isinstance(error, ParseError) and error.errors else None
        raise _wrong(f"it is not {dialect}" + (f", near line {line}" if line else "")) from None
    found: dict[str, _Draft] = {}
    for tree in trees:
        if isinstance(tree, exp.Create) and tree.kind == "TABLE" and isinstance(tree.this, exp.Schema):
            draft = _created(tree, tree.this, dialect)
            found[draft.name] = draft
        elif isinstance(tree, exp.Alter) and (draft := found.get(_name(tree.this, dialect))):
            _constrain(draft, tree.find_all(exp.PrimaryKey, exp.ForeignKey), dialect)
        elif isinstance(tree, exp.Comment):
            _comment(found, tree, dialect)
    return list(found.values())


def _created(tree: exp.Create, body: exp.Schema, dialect: Dialect) -> _Draft:
    named = cast("exp.Table", body.this)
    draft = _Draft(_name(named, dialect), _text(named.args.get("db"), dialect) if dialect == "postgres" else "")
    for one in body.expressions:
        if isinstance(one, exp.ColumnDef):
            draft.columns.append(_column(draft, one, dialect))
    _constrain(draft, (one for each in body.expressions if not isinstance(each, exp.ColumnDef)
                       for one in each.find_all(exp.PrimaryKey, exp.ForeignKey)), dialect)  # fmt: skip
    said = tree.find(exp.SchemaCommentProperty)
    draft.comment = said.this.name if said is not None else ""
    return draft


def _column(draft: _Draft, tree: exp.ColumnDef, dialect: Dialect) -> _Declared:
    name = _text(tree.this, dialect)
    made = _Declared(name, tree.kind.sql(dialect=dialect).lower() if tree.kind is not None else "text")
    for one in tree.constraints:
        what = one.kind
        if isinstance(what, exp.PrimaryKeyColumnConstraint):
            draft.primary.append(name)
            made.nullable = False
        elif isinstance(what, exp.NotNullColumnConstraint):
            made.nullable = bool(what.args.get("allow_null"))
        elif isinstance(what, exp.UniqueColumnConstraint):
            made.unique = True
        elif isinstance(what, exp.CommentColumnConstraint):
            made.comment = what.this.name
        elif isinstance(what, exp.Reference):
            draft.keys.append(_reference([name], what, dialect))
    return made


def _constrain(draft: _Draft, constraints: Iterable[Expr], dialect: Dialect) -> None:
    for one in constraints:
        if isinstance(one, exp.PrimaryKey):
            draft.primary = [_text(column, dialect) for column in one.expressions]
        elif isinstance(one, exp.ForeignKey) and isinstance(one.args.get("reference"), exp.Reference):
            columns = [_text(column, dialect) for column in one.expressions]
            draft.keys.append(_reference(columns, one.args["reference"], dialect))


def _reference(columns: list[str], tree: exp.Reference, dialect: Dialect) -> _Key:
    to = tree.this
    named = to.this if isinstance(to, exp.Schema) else to
    theirs = [_text(one, dialect) for one in to.expressions] if isinstance(to, exp.Schema) else []
    return _Key(columns, _name(named, dialect), theirs)


def _comment(found: dict[str, _Draft], tree: exp.Comment, dialect: Dialect) -> None:
    words = tree.expression.name
    if isinstance(tree.this, exp.Column):
        draft = found.get(_text(tree.this.args.get("table"), dialect))
        column = draft.column(_text(tree.this.this, dialect)) if draft is not None else None
        if column is not None:
            column.comment = words
    elif isinstance(tree.this, exp.Table) and (draft := found.get(_name(tree.this, dialect))):
        draft.comment = words


def _name(table: Expr, dialect: Dialect) -> str:
    return _text(table.this if isinstance(table, exp.Table) else table, dialect)


def _text(tree: Any, dialect: Dialect) -> str:
    """A name as the database keeps it: PostgreSQL makes what is not quoted lower case."""
    found = tree if isinstance(tree, exp.Identifier) else tree.find(exp.Identifier) if tree is not None else None
    if found is None:
        return ""
    return found.name.lower() if dialect == "postgres" and not found.args.get("quoted") else found.name


# ------------------------------------------------------------------------------------------------------------ JSON


def _of_json(text: str) -> list[_Draft]:
    try:
        said: object = json.loads(text)
    except ValueError:
        raise _wrong("it begins as JSON does, and is none") from None
    if isinstance(said, dict):
        whole = cast("dict[str, object]", said)
        said = whole["tables"] if isinstance(whole.get("tables"), list | dict) else whole
    if isinstance(said, dict):
        return [_json_table({"name": name, "columns": one}) for name, one in cast("dict[str, object]", said).items()]
    return [_json_table(one) for one in _listed(said, "tables")]


def _json_table(said: object) -> _Draft:
    table = _object(said, "a table")
    name, columns = table.get("name"), table.get("columns")
    if isinstance(columns, dict) and "columns" in columns:
        return _json_table({**cast("dict[str, object]", columns), "name": name})
    if isinstance(columns, dict):
        columns = [{"name": one, "type": type} for one, type in cast("dict[str, object]", columns).items()]
    draft = _Draft(_named(name, "a table"), comment=_words(table.get("comment")))
    for one in _listed(columns, f"the columns of {draft.name}"):
        column = {"name": one} if isinstance(one, str) else _object(one, f"a column of {draft.name}")
        _json_column(draft, column)
    primary = table.get("primary_key")
    if primary:
        draft.primary = [str(one) for one in _listed([primary] if isinstance(primary, str) else primary, "primary_key")]
    return draft


def _json_column(draft: _Draft, column: Mapping[str, object]) -> None:
    name = _named(column.get("name"), f"a column of {draft.name}")
    key = column.get("primary_key") is True
    draft.columns.append(_Declared(
        name, _words(column.get("type")) or "text", column.get("nullable", not key) is not False,
        column.get("unique") is True, _words(column.get("comment")),
    ))  # fmt: skip
    if key:
        draft.primary.append(name)
    if references := _words(column.get("references")):  # "users.id", or "users"
        table, _, to = references.partition(".")
        draft.keys.append(_Key([name], table, [to] if to else []))


def _object(said: object, what: str) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise _wrong(f"{what} is a JSON object, as in {_EXAMPLE}")
    return cast("dict[str, object]", said)


def _listed(said: object, what: str) -> list[object]:
    if not isinstance(said, list):
        raise _wrong(f"{what}: a list is expected, as in {_EXAMPLE}")
    return cast("list[object]", said)


def _named(said: object, what: str) -> str:
    if not isinstance(said, str) or not said.strip() or len(said) > 200:
        raise _wrong(f"{what} has no name")
    return said.strip()


def _words(said: object) -> str:
    return said if isinstance(said, str) else ""
