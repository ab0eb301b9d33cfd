"""The three dialects as the guard reads and writes them: a function keeps its name, so what is checked is what runs."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Sqlglot
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.expressions.core import Expr
from sqlglot.generator import Generator
from sqlglot.tokenizer_core import Token

from assay.ask.graph import Dialect

# sqlglot reads some 660 function names into typed nodes, which may be written back under another name or with fewer
# arguments. These stay typed since they mean the same everywhere; all others stay Anonymous, under their own name.
_TYPED = {"COUNT", "SUM", "AVG", "MIN", "MAX", "COALESCE"}
# Functions whose arguments have a grammar of their own.
_OWN_GRAMMAR = {
    "CAST", "CHAR", "CONVERT", "EXTRACT", "GROUP_CONCAT", "JSON_TABLE", "MATCH", "OVERLAY", "POSITION", "STRING_AGG",
    "SUBSTR", "SUBSTRING", "TRIM",
}  # fmt: skip
_POSTGRES_ONLY_PLAIN = {"CHAR", "CONVERT", "MATCH", "JSON_TABLE"}


def _narrow(parser: type[Any], own: set[str]) -> type[Any]:
    return type(
        "Parser",
        (parser,),
        {
            "FUNCTIONS": {name: made for name, made in parser.FUNCTIONS.items() if name in _TYPED},
            "FUNCTION_PARSERS": {name: made for name, made in parser.FUNCTION_PARSERS.items() if name in own},
        },
    )


def _power(writer: Generator, node: exp.Pow) -> str:
    return writer.binary(node, "^")


def _regexp(writer: Generator, node: exp.RegexpLike) -> str:
    return writer.binary(node, "REGEXP")


class GuardedPostgres(Postgres):
    """PostgreSQL, functions by their own names."""

    Parser = _narrow(Postgres.parser_class, _OWN_GRAMMAR - _POSTGRES_ONLY_PLAIN)

    class Generator(Postgres.generator_class):
        """The operator ^ stays one, so that its column keeps its name."""

        TRANSFORMS = Postgres.generator_class.TRANSFORMS | {exp.Pow: _power}


class GuardedMySQL(MySQL):
    """MySQL and MariaDB, functions by their own names."""

    Parser = _narrow(MySQL.parser_class, _OWN_GRAMMAR)

    class Generator(MySQL.generator_class):
        """REGEXP is the operator that both have; MariaDB knows no REGEXP_LIKE()."""

        TRANSFORMS = MySQL.generator_class.TRANSFORMS | {
            exp.RegexpLike: _regexp,
        }


class GuardedSQLite(SQLite):
    """SQLite, functions by their own names."""

    Parser = _narrow(SQLite.parser_class, _OWN_GRAMMAR - _POSTGRES_ONLY_PLAIN)


_DIALECTS: dict[Dialect, Sqlglot] = {
    "postgres": GuardedPostgres(),
    "mysql": GuardedMySQL(),
    "sqlite": GuardedSQLite(),
}


def parse(line: list[Token], text: str, dialect: Dialect) -> list[Expr | None]:
    """The trees of the statements that the tokens of a text make; an empty one between semicolons is None.

    Raises:
        SqlglotError: the text is not of the dialect, as far as sqlglot knows it.
        RecursionError: it is nested too deeply.
    """
    return list(_DIALECTS[dialect].parser().parse(line, text))


def tokens(text: str, dialect: Dialect) -> list[Token]:
    """The tokens of a text, comments left out; raises SqlglotError."""
    return list(_DIALECTS[dialect].tokenize(text))


def render(tree: Expr, dialect: Dialect) -> str:
    """Write a tree, which is used up, as one line without comments.

    Raises SqlglotError for what the dialect does not have.
    """
    return tree.sql(
        dialect=_DIALECTS[dialect], copy=False, comments=False, normalize_functions=False,
        unsupported_level=ErrorLevel.RAISE,
    )  # fmt: skip


@cache
def keywords(dialect: Dialect) -> frozenset[str]:
    """The words, in capitals, that mean something to the dialect."""
    return frozenset(word for word in _DIALECTS[dialect].tokenizer_class.KEYWORDS if word.isidentifier())


__all__ = ["SqlglotError", "Token", "keywords", "parse", "render", "tokens"]
